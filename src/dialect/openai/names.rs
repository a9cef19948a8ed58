//! How a client knows its tools, where that is not how the upstream knows them.
//!
//! The upstream has functions with one flat name each. Clients also have tools that stand in a namespace, and custom
//! tools, which take free text: those are passed on as functions and told apart again when they are called.

/// A tool that the upstream knows otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    /// The upstream's name for it, unique within the request.
    upstream: String,
    /// The namespace that it stands in.
    pub(crate) namespace: Option<String>,
    /// Its name within the namespace.
    pub(crate) name: String,
    /// True when it takes free text.
    pub(crate) is_custom: bool,
}

/// All such tools of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names(Vec<Alias>);

impl Names {
    /// The client's view of the tool that the upstream calls `name`; `None` when it is the same.
    pub(crate) fn of(&self, name: &str) -> Option<&Alias> {
        self.0.iter().find(|alias| alias.upstream == name)
    }

    /// The upstream's name of the tool `name` in `namespace`, whether the request still offers it or not.
    pub(crate) fn upstream(&self, namespace: Option<&str>, name: &str) -> String {
        match self.find(namespace, name) {
            Some(alias) => alias.upstream.clone(),
            None => flat(namespace, name),
        }
    }

    /// Takes in a tool that `is_taken` says nothing else is called like. Returns the upstream's name for it; `None`
    /// when the client has offered this very tool before.
    pub(crate) fn add(
        &mut self,
        namespace: Option<&str>,
        name: &str,
        is_custom: bool,
        is_taken: impl Fn(&str) -> bool,
    ) -> Option<String> {
        if self.find(namespace, name).is_some() {
            return None;
        }
        let stem = flat(namespace, name);
        let mut upstream = stem.clone();
        let mut number = 2_usize;
        while is_taken(&upstream) {
            upstream = format!("{stem}_{number}");
            number += 1;
        }
        let namespace = namespace.map(str::to_owned);
        self.0.push(Alias { upstream: upstream.clone(), namespace, name: name.to_owned(), is_custom });
        Some(upstream)
    }

    fn find(&self, namespace: Option<&str>, name: &str) -> Option<&Alias> {
        self.0.iter().find(|alias| alias.namespace.as_deref() == namespace && alias.name == name)
    }
}

/// Namespace and name as one name. Agents end the namespaces that they make of servers with the separator.
fn flat(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        None => name.to_owned(),
        Some(namespace) if namespace.ends_with("__") => format!("{namespace}{name}"),
        Some(namespace) => format!("{namespace}__{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_are_flat_unique_and_found_again() {
        let mut names = Names::default();
        let mut taken = vec!["a__x".to_owned()];
        let mut add = |names: &mut Names, namespace, name| {
            let added = names.add(namespace, name, false, |name| taken.iter().any(|known| known == name))?;
            taken.push(added.clone());
            Some(added)
        };
        assert_eq!(add(&mut names, Some("a"), "x").as_deref(), Some("a__x_2"));
        assert_eq!(add(&mut names, Some("mcp__server__"), "x").as_deref(), Some("mcp__server__x"));
        assert_eq!(add(&mut names, Some("a"), "x"), None);
        assert_eq!(names.upstream(Some("a"), "x"), "a__x_2");
        assert_eq!(names.upstream(Some("gone"), "x"), "gone__x");
        assert_eq!(names.upstream(None, "plain"), "plain");
        let alias = names.of("a__x_2").unwrap();
        assert_eq!((alias.namespace.as_deref(), alias.name.as_str()), (Some("a"), "x"));
        assert_eq!(names.of("plain"), None);
    }
}

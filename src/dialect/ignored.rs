//! The names of request fields that were read over, each once and in bounds: a client's own field names are among them.

/// No more names than this are kept, and of each no more than this many bytes.
const MOST: usize = 64;

/// A list of names.
#[derive(Debug, Default)]
pub(crate) struct Ignored(Vec<String>);

impl Ignored {
    /// Adds `name` unless it is there.
    pub(crate) fn note(&mut self, name: &str) {
        let mut end = name.len().min(MOST);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let name = &name[..end];
        if self.0.len() < MOST && !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// The names, in the order they were noted.
    pub(crate) fn into_names(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Ignored, MOST};

    #[test]
    fn names_are_kept_once_and_in_bounds() {
        let mut ignored = Ignored::default();
        ignored.note("seed");
        ignored.note("seed");
        ignored.note(&"é".repeat(100));
        assert_eq!(ignored.0, ["seed".to_owned(), "é".repeat(32)]);
        for number in 0..1_000 {
            ignored.note(&number.to_string());
        }
        assert_eq!(ignored.into_names().len(), MOST);
    }
}

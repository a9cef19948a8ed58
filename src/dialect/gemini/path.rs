//! Reads a path: which model, and what of it. Clients write the version, the model's collection and its slashes in many
//! ways, and those that were made for Google's cloud put a project before them.

use percent_encoding::percent_decode_str;

/// What a path asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The model's name, without its collection.
    pub(crate) model: String,
    /// What is asked of it.
    pub(crate) method: Method,
}

/// What can be asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// `generateContent`
    Generate,
    /// `streamGenerateContent`
    Stream,
    /// `countTokens`
    Count,
}

impl Path {
    /// What the path of `segments` asks; `None` when it is none of this API.
    pub(crate) fn of(segments: &[&str]) -> Option<Self> {
        let versions = segments.iter().take_while(|segment| is_version(segment)).count();
        let named = match &segments[versions..] {
            ["projects", _, "locations", _, "publishers", _, "models", named @ ..]
            | ["publishers", _, "models", named @ ..]
            | ["models", named @ ..] => named.join("/"),
            _ => return None,
        };
        let named = percent_decode_str(&named).decode_utf8_lossy();
        let (mut model, method) = named.rsplit_once(':')?;
        let method = match method {
            "generateContent" => Method::Generate,
            "streamGenerateContent" => Method::Stream,
            "countTokens" => Method::Count,
            _ => return None,
        };
        // Some clients name the collection once more.
        for collection in ["publishers/google/", "models/"] {
            model = model.strip_prefix(collection).unwrap_or(model);
        }
        (!model.trim().is_empty()).then(|| Self { model: model.to_owned(), method })
    }
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "v1" | "v1beta" | "v1alpha" | "v1beta1")
}

#[cfg(test)]
mod tests {
    use super::{Method, Path};

    fn read(path: &str) -> Option<(String, Method)> {
        let segments: Vec<&str> = path.split('/').collect();
        Path::of(&segments).map(|path| (path.model, path.method))
    }

    #[test]
    fn every_way_to_name_a_model_names_it() {
        for (path, model) in [
            ("v1beta/models/auto:generateContent", "auto"),
            ("v1alpha/models/auto:generateContent", "auto"),
            ("models/auto:generateContent", "auto"),
            ("v1beta/v1beta/models/auto:generateContent", "auto"),
            ("v1beta/models/models/auto:generateContent", "auto"),
            ("v1beta/models/models%2Fauto%3AgenerateContent", "auto"),
            ("v1beta/models/vendor/name:generateContent", "vendor/name"),
            ("v1beta/models/gpt-5%20(high%20reasoning):generateContent", "gpt-5 (high reasoning)"),
            ("v1beta/models/a:b:generateContent", "a:b"),
            ("v1beta1/projects/p/locations/global/publishers/google/models/auto:generateContent", "auto"),
            ("v1beta1/publishers/google/models/auto:generateContent", "auto"),
        ] {
            assert_eq!(read(path), Some((model.to_owned(), Method::Generate)), "{path}");
        }
        assert_eq!(read("v1beta/models/x:streamGenerateContent"), Some(("x".to_owned(), Method::Stream)));
        assert_eq!(read("v1beta/models/x:countTokens"), Some(("x".to_owned(), Method::Count)));
    }

    #[test]
    fn anything_else_is_not_of_this_api() {
        for path in [
            "",
            "v1beta",
            "v1beta/models",
            "v1beta/models/auto",
            "v1beta/models/:generateContent",
            "v1beta/models/auto:embedContent",
            "v1beta/files/auto:generateContent",
            "chat/completions",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}

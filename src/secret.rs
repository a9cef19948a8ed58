//! The only carrier of token text.
//!
//! A [`Secret`] cannot be printed, serialised or compared by accident: it has no `Display` and no `Serialize`, and its
//! `Debug` is a placeholder. It must not know where its text comes from or goes to.

use std::fmt;

/// Text that must never reach a log, an error or an answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`, without the white space around it that copying and pasting leaves.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text itself. Call this only where it goes on the wire or to the user who asked for it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new(" wk-1.abcdef \n");
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        assert_eq!(secret.expose(), "wk-1.abcdef");
    }
}

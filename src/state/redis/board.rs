//! Notes that every replica can read, each of which comes down by itself when nobody puts it up again.
//!
//! They are sealed. It must not know what they say.

use std::time::Duration;

use crate::state::{
    StateError,
    redis::{
        Shared, read,
        scripts::{Call, NOTE_DROP, NOTE_LIST, NOTE_PUT},
    },
};

/// The notes of one kind.
#[derive(Clone)]
pub(crate) struct Board {
    shared: Shared,
    name: &'static str,
}

impl Shared {
    /// The notes that are called `name`.
    pub(crate) fn board(&self, name: &'static str) -> Board {
        Board { shared: self.clone(), name }
    }
}

impl Board {
    /// Puts up `text` under `note` for as long as `lifetime`. Nobody waits for it.
    pub(crate) fn put(&self, note: &str, text: Vec<u8>, lifetime: Duration) {
        let (board, note) = (self.clone(), note.to_owned());
        self.shared.core.link.post(move || {
            let sealed = board.shared.core.vault.seal(&board.place(&note), &text).ok()?;
            Some(board.call(&NOTE_PUT).arg(&note).arg(sealed).number(lifetime.as_millis() as u64))
        });
    }

    /// Takes down what is up under `note`. Nobody waits for it.
    pub(crate) fn take_down(&self, note: &str) {
        let call = self.call(&NOTE_DROP).arg(note);
        self.shared.core.link.post(move || Some(call));
    }

    /// Takes everything down.
    pub(crate) fn clear(&self) -> Result<(), StateError> {
        self.shared.core.link.ask_blocking(self.call(&NOTE_DROP)).map(drop)
    }

    /// All that is up, with its name; what was put up last first, where all live equally long.
    pub(crate) fn all(&self) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let found = self.shared.core.link.ask_blocking(self.call(&NOTE_LIST))?;
        let open = |(name, sealed): (Vec<u8>, Vec<u8>)| {
            let name = String::from_utf8(name).ok()?;
            // What another hand has put there says nothing.
            let text = self.shared.core.vault.open_sealed(&self.place(&name), &sealed).ok()?;
            Some((name, text))
        };
        Ok(read::pairs(found).into_iter().filter_map(open).collect())
    }

    fn call(&self, script: &'static std::sync::LazyLock<redis::Script>) -> Call {
        let key = self.shared.key(&["board", self.name]);
        let ends = self.shared.key(&["board", self.name, "ends"]);
        Call::new(script, &[&key, &ends])
    }

    fn place(&self, note: &str) -> String {
        format!("board/{}/{note}", self.name)
    }
}

//! The last conversation of `chat`, so that `--continue` can go on with it.
//!
//! It holds what was said, in a file of its own that only its owner can read. It must not know how a turn is run.

use std::{fs, io, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    cli::{exit::Failure, private},
    turn::{Content, Image, Message, Output},
};

/// Its name in the state directory.
const FILE: &str = "conversation.json";

/// Everything said so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The model that was asked last, where the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// System text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<String>,
    messages: Vec<Said>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Said {
    User { content: Vec<Piece> },
    Assistant { text: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece {
    Text { text: String },
    Image { mime_type: String, base64: String },
}

impl Conversation {
    /// Adds what the user says.
    pub(crate) fn ask(&mut self, content: &[Content]) {
        let piece = |content: &Content| match content {
            Content::Text(text) => Piece::Text { text: text.clone() },
            Content::File(file) => Piece::Text { text: format!("{}:\n{}", file.name, file.text) },
            Content::Image(image) => {
                Piece::Image { mime_type: image.mime_type.clone(), base64: BASE64_STANDARD.encode(&image.data) }
            }
        };
        self.messages.push(Said::User { content: content.iter().map(piece).collect() });
    }

    /// Adds the model's answer.
    pub(crate) fn answer(&mut self, text: String) {
        self.messages.push(Said::Assistant { text });
    }

    /// Takes back the last question, which got no answer.
    pub(crate) fn forget_last(&mut self) {
        self.messages.pop();
    }

    /// Everything said, as a turn carries it.
    ///
    /// # Errors
    /// When a stored picture is not base64.
    pub(crate) fn messages(&self) -> Result<Vec<Message>, Failure> {
        self.messages.iter().map(message).collect()
    }

    /// Reads the conversation kept in `directory`.
    ///
    /// # Errors
    /// When there is none, or its file cannot be read or understood.
    pub(crate) fn load(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::usage("there is no conversation to go on with").hint("leave --continue out to begin one")
            }
            _ => Failure::input(format!("cannot read {}: {error}", path.display())),
        })?;
        serde_json::from_str(&text).map_err(|error| {
            Failure::input(format!("{} does not hold a conversation: {error}", path.display()))
                .hint("leave --continue out to begin a new one")
        })
    }

    /// Keeps the conversation in `directory` in place of the one before; only the owner can read the file.
    ///
    /// # Errors
    /// When the directory or the file cannot be written. The old file is then still whole.
    pub(crate) fn save(&self, directory: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        private::replace(directory, FILE, &bytes)
    }
}

fn message(said: &Said) -> Result<Message, Failure> {
    Ok(match said {
        Said::User { content } => Message::User(content.iter().map(content_of).collect::<Result<_, _>>()?),
        Said::Assistant { text } => Message::Assistant(vec![Output::Text(text.clone())]),
    })
}

fn content_of(piece: &Piece) -> Result<Content, Failure> {
    Ok(match piece {
        Piece::Text { text } => Content::Text(text.clone()),
        Piece::Image { mime_type, base64 } => {
            let data = BASE64_STANDARD
                .decode(base64)
                .map_err(|error| Failure::input(format!("a picture of the kept conversation is damaged: {error}")))?;
            Content::Image(Image { mime_type: mime_type.clone(), data: Bytes::from(data) })
        }
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Conversation;
    use crate::{
        cli::exit::Exit,
        turn::{Content, Image, Message, Output},
    };

    fn sample() -> Conversation {
        let mut conversation = Conversation { model: Some("auto".to_owned()), ..Conversation::default() };
        let image = Image { mime_type: "image/png".to_owned(), data: Bytes::from_static(b"\x89PNG") };
        conversation.ask(&[Content::Text("what is this?".to_owned()), Content::Image(image)]);
        conversation.answer("a picture".to_owned());
        conversation
    }

    #[test]
    fn what_is_kept_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("a/b");
        sample().save(&state).unwrap();
        let loaded = Conversation::load(&state).unwrap();
        assert_eq!(loaded, sample());
        let messages = loaded.messages().unwrap();
        assert!(matches!(&messages[0], Message::User(content) if content.len() == 2));
        assert_eq!(messages[1], Message::Assistant(vec![Output::Text("a picture".to_owned())]));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        sample().save(&state).unwrap();
        sample().save(&state).unwrap();
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state.join("conversation.json")), 0o600);
        assert_eq!(mode(&state), 0o700);
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn what_is_missing_or_damaged_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let load = || Conversation::load(directory.path()).unwrap_err().exit();
        assert_eq!(load(), Exit::Usage);
        std::fs::write(directory.path().join("conversation.json"), "{\"messages\": 3}").unwrap();
        assert_eq!(load(), Exit::Input);
    }

    #[test]
    fn a_question_without_an_answer_is_taken_back() {
        let mut conversation = sample();
        conversation.ask(&[Content::Text("and this?".to_owned())]);
        conversation.forget_last();
        assert_eq!(conversation, sample());
    }
}

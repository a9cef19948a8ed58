<<<<<<< HEAD
//! OpenAI Chat Completions: the dialect that most clients speak (`CLIENTS.md` §3.1).

mod content;
mod encode;
mod error;
mod ignored;
mod messages;
mod read;
mod tools;

=======
//! OpenAI Chat Completions. STUB
>>>>>>> bf51401
use crate::{
    dialect::{Dialect, ErrorReply, Request, Stamp},
    models::Catalogue,
    turn::TurnError,
};
<<<<<<< HEAD

=======
>>>>>>> bf51401
/// The dialect.
pub struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }
<<<<<<< HEAD

    fn routes(&self) -> &'static [&'static str] {
        &["/v1/chat/completions"]
    }

    fn read(&self, body: &[u8], stamp: Stamp, catalogue: &Catalogue) -> Result<Request, TurnError> {
        read::request(body, &stamp, catalogue)
    }

    fn error(&self, error: &TurnError, _request_id: &str) -> ErrorReply {
        error::reply(error)
=======
    fn routes(&self) -> &'static [&'static str] {
        &["/v1/chat/completions"]
    }
    fn read(&self, _body: &[u8], _stamp: Stamp, _catalogue: &Catalogue) -> Result<Request, TurnError> {
        unimplemented!()
    }
    fn error(&self, _error: &TurnError, _request_id: &str) -> ErrorReply {
        unimplemented!()
>>>>>>> bf51401
    }
}

//! OpenAI Chat Completions. STUB
use crate::{
    dialect::{Dialect, ErrorReply, Request, Stamp},
    models::Catalogue,
    turn::TurnError,
};
/// The dialect.
pub struct OpenAiChat;
impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }
    fn routes(&self) -> &'static [&'static str] {
        &["/v1/chat/completions"]
    }
    fn read(&self, _body: &[u8], _stamp: Stamp, _catalogue: &Catalogue) -> Result<Request, TurnError> {
        unimplemented!()
    }
    fn error(&self, _error: &TurnError, _request_id: &str) -> ErrorReply {
        unimplemented!()
    }
}

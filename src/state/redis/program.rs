//! Scripts of those who keep something of their own kind in shared state: each run is one atomic step.

use std::sync::LazyLock;

use crate::state::{
    StateError,
    redis::{Shared, read, scripts::Call},
};

/// A script, which is made when it is first run.
pub(crate) type Program = LazyLock<redis::Script>;

/// The script that `code` says.
pub(crate) fn program(code: &str) -> redis::Script {
    redis::Script::new(code)
}

impl Shared {
    /// Runs `program` on the keys that are called `names`, with `arguments`. It gives texts.
    ///
    /// # Errors
    /// When the server is away.
    pub(crate) async fn run(
        &self,
        program: &'static Program,
        names: &[&[&str]],
        arguments: &[String],
    ) -> Result<Vec<String>, StateError> {
        let found = self.core.link.ask(self.running(program, names, arguments)).await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(read::list(found).into_iter().map(text).collect())
    }

    /// The same when that can be done; nobody waits for it.
    pub(crate) fn run_later(&self, program: &'static Program, names: &[&[&str]], arguments: &[String]) {
        let call = self.running(program, names, arguments);
        self.core.link.post(move || Some(call));
    }

    fn running(&self, program: &'static Program, names: &[&[&str]], arguments: &[String]) -> Call {
        let keys: Vec<Vec<u8>> = names.iter().map(|names| self.key(names)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        arguments.iter().fold(Call::new(program, &keys), |call, argument| call.arg(argument))
    }
}

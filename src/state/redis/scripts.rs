//! The scripts that the server runs: each is one atomic step. It loads them again when it has forgotten them.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file, ".lua"))));)*

        /// All of them.
        const ALL: &[&LazyLock<Script>] = &[$(&$name),*];
    };
}

scripts! {
    COUNT_ADD = "count_add";
    COUNT_READ = "count_read";
    LEASE_DROP = "lease_drop";
    LEASE_KEEP = "lease_keep";
    LEASE_TAKE = "lease_take";
    NOTE_DROP = "note_drop";
    NOTE_LIST = "note_list";
    NOTE_PUT = "note_put";
    PROOF = "proof";
    SHELF_GET = "shelf_get";
    SHELF_PUT = "shelf_put";
    SHELF_REMOVE = "shelf_remove";
    TABLE_COMMIT = "table_commit";
    TABLE_READ = "table_read";
    TABLE_SWAP = "table_swap";
}

/// Has the server load them all, so that what is asked of it is done in the order in which it is asked.
pub(super) async fn load(connection: &mut redis::aio::MultiplexedConnection) -> redis::RedisResult<()> {
    for script in ALL {
        script.load_async(connection).await?;
    }
    Ok(())
}

/// One script with what it is run on.
pub(crate) struct Call {
    script: &'static LazyLock<Script>,
    keys: Vec<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
}

impl Call {
    /// A run of `script` on `keys`.
    pub(super) fn new(script: &'static LazyLock<Script>, keys: &[&[u8]]) -> Self {
        Self { script, keys: keys.iter().map(|key| key.to_vec()).collect(), arguments: Vec::new() }
    }

    /// With a further argument.
    pub(super) fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.arguments.push(argument.as_ref().to_vec());
        self
    }

    /// With a number as a further argument.
    pub(super) fn number(self, number: u64) -> Self {
        self.arg(number.to_string())
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.keys.iter().chain(&self.arguments).map(Vec::len).sum()
    }

    /// Runs it.
    pub(super) async fn run(
        &self,
        connection: &mut redis::aio::MultiplexedConnection,
    ) -> redis::RedisResult<redis::Value> {
        let mut invocation = self.script.prepare_invoke();
        for key in &self.keys {
            invocation.key(key.as_slice());
        }
        for argument in &self.arguments {
            invocation.arg(argument.as_slice());
        }
        invocation.invoke_async(connection).await
    }
}

//! Things that may be forgotten, as replicas share them: sealed, each for its own time.
//!
//! How many there are in all is the server's affair: it has a limit of its own, and throws out what will end soonest.

use crate::state::{
    Limits, StateError, Vault,
    redis::{
        Shared, read,
        scripts::{Call, SHELF_GET, SHELF_PUT, SHELF_REMOVE},
    },
    shelf::Row,
};

/// The largest value that is shared, in bytes. What is larger would keep everything else waiting.
const LARGEST: usize = 8 * 1024 * 1024;

/// One shelf.
#[derive(Clone)]
pub(in crate::state) struct SharedShelf {
    pub(in crate::state) shared: Shared,
    pub(in crate::state) name: &'static str,
    pub(in crate::state) limits: Limits,
}

impl SharedShelf {
    /// What is under `key`, the latest last.
    pub(in crate::state) async fn get(&self, key: &[u8; 32]) -> Result<Vec<Vec<u8>>, StateError> {
        let found = self.shared.core.link.ask(self.call(&SHELF_GET, key)).await?;
        let open = |(part, sealed): (Vec<u8>, Vec<u8>)| {
            let row = Row { shelf: self.name, key: *key, part: part.try_into().ok()? };
            self.vault().open_sealed(&row.place(), &sealed).ok()
        };
        Ok(read::pairs(found).into_iter().filter_map(open).collect())
    }

    /// Puts what `value` yields in the place of `row`. Nobody waits for it.
    pub(in crate::state) fn put(&self, row: Row, value: impl FnOnce() -> Vec<u8> + Send + 'static) {
        let shelf = self.clone();
        self.shared.core.link.post(move || {
            let value = value();
            if value.len() > LARGEST {
                tracing::debug!(shelf = shelf.name, bytes = value.len(), "a value is too large to be shared");
                return None;
            }
            shelf.putting(row, &value, false)
        });
    }

    /// Puts `value` in the place of `row` unless there is something. Returns whether there was nothing.
    pub(in crate::state) async fn claim(&self, row: Row, value: &[u8]) -> Result<bool, StateError> {
        let Some(call) = self.putting(row, value, true) else { return Ok(true) };
        Ok(read::is_yes(&self.shared.core.link.ask(call).await?))
    }

    /// Takes a part away. Nobody waits for it.
    pub(in crate::state) fn remove(&self, row: Row) {
        let call = self.call(&SHELF_REMOVE, &row.key).arg(row.part);
        self.shared.core.link.post(move || Some(call));
    }

    fn putting(&self, row: Row, value: &[u8], only_new: bool) -> Option<Call> {
        let sealed = self.vault().seal(&row.place(), value).ok()?;
        let lifetime = self.limits.lifetime.as_millis() as u64;
        let call = self.call(&SHELF_PUT, &row.key).arg(row.part).arg(sealed).number(lifetime);
        Some(call.number(self.limits.parts.into()).number(only_new.into()))
    }

    fn call(&self, script: &'static std::sync::LazyLock<redis::Script>, key: &[u8; 32]) -> Call {
        let name = self.vault().digest(key).map(|byte| format!("{byte:02x}")).concat();
        let (parts, order) =
            (self.shared.key(&["shelf", self.name, &name]), self.shared.key(&["order", self.name, &name]));
        Call::new(script, &[&parts, &order])
    }

    fn vault(&self) -> &Vault {
        &self.shared.core.vault
    }
}

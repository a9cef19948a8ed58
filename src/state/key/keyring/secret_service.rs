//! Linux: the Secret Service, over D-Bus.

use std::collections::HashMap;

use secret_service::{EncryptionType, Error, SecretService};

/// The attributes that our entry is found by.
fn attributes<'a>(service: &'a str, store: &'a str) -> HashMap<&'a str, &'a str> {
    HashMap::from([("service", service), ("store", store)])
}

pub(super) fn read(service: &str, store: &str) -> Result<Option<Vec<u8>>, String> {
    run(async {
        let keyring = SecretService::connect(EncryptionType::Dh).await?;
        let found = keyring.search_items(attributes(service, store)).await?;
        if let Some(item) = found.unlocked.first() {
            return item.get_secret().await.map(Some);
        }
        let Some(item) = found.locked.first() else { return Ok(None) };
        item.unlock().await?;
        item.get_secret().await.map(Some)
    })
}

pub(super) fn write(service: &str, store: &str, key: &[u8]) -> Result<(), String> {
    run(async {
        let keyring = SecretService::connect(EncryptionType::Dh).await?;
        let collection = keyring.get_default_collection().await?;
        if collection.is_locked().await? {
            collection.unlock().await?;
        }
        let label = "Key of warp2api's state";
        let replace = true;
        collection.create_item(label, attributes(service, store), key, replace, "application/octet-stream").await?;
        Ok(())
    })
}

fn run<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work).map_err(|error| error.to_string())
}

//! Holds `descriptors/` against `proto/`: the checked-in descriptor set is what the sources compile to.

use std::path::Path;

use warp2api::schema::{self, Schema};

use crate::common::{blessing, root};

/// Compares `fresh` with the file, or rewrites the file when `WARP2API_BLESS=1`.
fn bless_or_compare(file: &Path, fresh: &[u8]) {
    if blessing() {
        std::fs::write(file, fresh).unwrap();
        return;
    }
    let checked_in = std::fs::read(file).unwrap();
    assert!(
        checked_in == fresh,
        "{} is stale: run `WARP2API_BLESS=1 cargo test --test it descriptors` and commit the file",
        file.display()
    );
}

#[test]
fn the_embedded_descriptors_are_what_proto_compiles_to() {
    let fresh = schema::compile(&root().join("proto"), false).unwrap();
    bless_or_compare(&root().join("descriptors/warp_multi_agent_v1.binpb"), &fresh);
}

#[test]
fn a_descriptor_set_is_self_contained() {
    let bytes = std::fs::read(root().join("descriptors/warp_multi_agent_v1.binpb")).unwrap();
    let schema = Schema::from_descriptor_set(&bytes).unwrap();
    let in_package = schema.messages().filter(|message| message.package_name() == schema::PACKAGE).count();
    assert_eq!(in_package, 412);
    let fields: usize = schema
        .messages()
        .filter(|message| message.package_name() == schema::PACKAGE)
        .map(|message| message.fields().len())
        .sum();
    assert_eq!(fields, 1158);
    let enums = schema.pool().all_enums().filter(|found| found.package_name() == schema::PACKAGE).count();
    assert_eq!(enums, 16);
}

#[test]
fn marks_of_the_fields_are_kept() {
    let schema = Schema::embedded();
    let sensitive = schema
        .messages()
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| schema.is_sensitive(field))
        .count();
    assert_eq!(sensitive, 172);
    let query = schema.message("Request.Input.UserQuery").unwrap().get_field_by_name("query").unwrap();
    assert!(schema.is_sensitive(&query));
    let id = schema.message("Task").unwrap().get_field_by_name("id").unwrap();
    assert!(!schema.is_sensitive(&id));
}

#[test]
fn every_singular_scalar_has_presence() {
    for message in Schema::embedded().messages().filter(|message| message.package_name() == schema::PACKAGE) {
        for field in message.fields().filter(|field| !field.is_list() && !field.is_map()) {
            assert!(field.supports_presence(), "{}", field.full_name());
        }
    }
}

#[test]
fn a_broken_proto_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.proto"), "syntax = \"proto3\";\nmessage A { Missing m = 1; }\n").unwrap();
    let error = schema::compile(folder.path(), false).unwrap_err().to_string();
    assert!(error.contains("broken.proto"), "{error}");
    assert!(error.contains("Missing"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    assert!(schema::compile(empty.path(), false).unwrap_err().to_string().contains("no .proto file"));
}

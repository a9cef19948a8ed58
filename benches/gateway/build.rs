//! Compiles the project's proto files to typed messages with canonical JSON, for the program that the toolkit's verbs are
//! measured against.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use prost::Message as _;
use prost_build::Config;
use prost_types::DescriptorProto;

const ROOT: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}");
    let mut files = Vec::new();
    find(Path::new(ROOT), &mut files)?;
    files.sort();
    let mut set = protox::Compiler::new([ROOT])?.include_imports(true).open_files(&files)?.file_descriptor_set();
    set.file.iter_mut().flat_map(|file| &mut file.message_type).for_each(keep_apart);
    let descriptors = set.encode_to_vec();
    Config::new().compile_well_known_types().extern_path(".google.protobuf", "::pbjson_types").compile_fds(set)?;
    pbjson_build::Builder::new().register_descriptors(&descriptors)?.preserve_proto_field_names().build(&[".warp"])?;
    Ok(())
}

/// Renames choices that would get the name of a message beside them, about which the two generators do not agree. The name
/// of a choice stands neither on the wire nor in JSON.
fn keep_apart(message: &mut DescriptorProto) {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let inner: Vec<String> = message.nested_type.iter().map(|inner| plain(inner.name())).collect();
    for choice in message.oneof_decl.iter_mut().filter(|choice| inner.contains(&plain(choice.name()))) {
        choice.name = Some(format!("{}_choice", choice.name()));
    }
    message.nested_type.iter_mut().for_each(keep_apart);
}

/// Appends the proto files below `directory`.
fn find(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

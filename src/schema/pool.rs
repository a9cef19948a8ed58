//! The descriptor pool: the embedded Warp schema or one read from a file, and how messages are named in it. It must not
//! know what any message is for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor};

use crate::schema::error::{PoolError, SchemaError};
use crate::schema::suggest;
use crate::schema::transcode::{Plans, Transcoder};

/// The package within which short names are looked up.
pub const PACKAGE: &str = "warp.multi_agent.v1";

/// Compiled from `proto/` by [`compile`]; a test holds the two together.
static EMBEDDED: &[u8] = include_bytes!("../../descriptors/warp_multi_agent_v1.binpb");

/// The number of the field option that marks a field as sensitive.
const SENSITIVE: u32 = 50_000;

/// The number of the field option that marks a field as the service's own.
const INTERNAL: u32 = 50_001;

/// A set of message descriptors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The descriptor set.
    set: Cow<'static, [u8]>,
    /// Its descriptors. To build them takes longer than most commands have to do, so they are built on first use.
    pool: OnceLock<DescriptorPool>,
    /// Its types, as a [`Transcoder`] needs them.
    plans: OnceLock<Arc<Plans>>,
    /// Full names of the fields marked sensitive, found on first use.
    sensitive: OnceLock<HashSet<String>>,
}

impl Schema {
    /// The embedded Warp schema. Built once, on first use.
    pub fn embedded() -> Self {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::new(Cow::Borrowed(EMBEDDED), OnceLock::new()));
        SCHEMA.clone()
    }

    /// A schema from the bytes of a self-contained FileDescriptorSet.
    ///
    /// # Errors
    /// When the bytes are no descriptor set, or one with parts missing.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, SchemaError> {
        let pool =
            DescriptorPool::decode(bytes).map_err(|error| PoolError::BadDescriptorSet { reason: error.to_string() })?;
        Ok(Self::new(Cow::Owned(bytes.to_vec()), OnceLock::from(pool)))
    }

    fn new(set: Cow<'static, [u8]>, pool: OnceLock<DescriptorPool>) -> Self {
        Self { inner: Arc::new(Inner { set, pool, plans: OnceLock::new(), sensitive: OnceLock::new() }) }
    }

    /// What writes messages of the type `name` as JSON without a message in between; none when the name is neither full
    /// nor short, or the type is not one of the usual kind. Where there is one, [`Schema::message`] has the type, too.
    #[must_use]
    pub fn transcoder(&self, name: &str) -> Option<Transcoder> {
        let wanted = name.trim().trim_start_matches('.');
        let plans = self.inner.plans.get_or_init(|| Arc::new(Plans::of(self.inner.set.clone())));
        let of = |name: &str| Transcoder::new(Arc::clone(plans), name);
        of(wanted).or_else(|| of(&format!("{PACKAGE}.{wanted}")))
    }

    /// The descriptor of `name`: full (`warp.multi_agent.v1.Request`), short within the Warp package (`Request`,
    /// `Message.ToolCall`), or the end of one full name only.
    ///
    /// # Errors
    /// When no message has the name (the error lists near ones) or several end in it.
    pub fn message(&self, name: &str) -> Result<MessageDescriptor, SchemaError> {
        let wanted = name.trim().trim_start_matches('.');
        let pool = self.pool();
        let exact = pool
            .get_message_by_name(wanted)
            .or_else(|| pool.get_message_by_name(&format!("{PACKAGE}.{wanted}")))
            .filter(|message| !message.is_map_entry());
        if let Some(message) = exact {
            return Ok(message);
        }
        let suffix = format!(".{wanted}");
        let mut fitting: Vec<MessageDescriptor> =
            self.messages().filter(|message| message.full_name().ends_with(&suffix)).collect();
        match fitting.len() {
            0 => Err(self.unknown_message(name).into()),
            1 => Ok(fitting.remove(0)),
            _ => {
                let candidates = fitting.iter().map(|message| message.full_name().to_owned()).collect();
                Err(PoolError::AmbiguousMessage { name: name.to_owned(), candidates }.into())
            }
        }
    }

    /// The message or enum of `name`; names are given as for [`Schema::message`], and messages come first.
    ///
    /// # Errors
    /// As for [`Schema::message`].
    pub fn definition(&self, name: &str) -> Result<Definition, SchemaError> {
        match self.message(name) {
            Ok(message) => Ok(Definition::Message(message)),
            Err(SchemaError::Pool(PoolError::UnknownMessage { .. })) => self.enumeration(name).map(Definition::Enum),
            Err(error) => Err(error),
        }
    }

    fn enumeration(&self, name: &str) -> Result<EnumDescriptor, SchemaError> {
        let wanted = name.trim().trim_start_matches('.');
        let pool = self.pool();
        let exact = pool.get_enum_by_name(wanted).or_else(|| pool.get_enum_by_name(&format!("{PACKAGE}.{wanted}")));
        if let Some(found) = exact {
            return Ok(found);
        }
        let suffix = format!(".{wanted}");
        let mut fitting: Vec<EnumDescriptor> =
            pool.all_enums().filter(|found| found.full_name().ends_with(&suffix)).collect();
        match fitting.len() {
            0 => Err(self.unknown_message(name).into()),
            1 => Ok(fitting.remove(0)),
            _ => {
                let candidates = fitting.iter().map(|found| found.full_name().to_owned()).collect();
                Err(PoolError::AmbiguousMessage { name: name.to_owned(), candidates }.into())
            }
        }
    }

    fn unknown_message(&self, name: &str) -> PoolError {
        let messages = self.messages().map(|message| short_name(&message).to_owned());
        let enums = self.pool().all_enums().map(|found| within_package(found.full_name()).to_owned());
        let names: Vec<String> = messages.chain(enums).collect();
        let nearest = suggest::nearest(name, names.iter().map(String::as_str));
        PoolError::UnknownMessage { name: name.to_owned(), nearest }
    }

    /// Every message, nested ones included, map entries left out, in the order of the files.
    pub fn messages(&self) -> impl Iterator<Item = MessageDescriptor> + '_ {
        self.pool().all_messages().filter(|message| !message.is_map_entry())
    }

    /// The pool itself, for listings that need files, enums or options.
    pub fn pool(&self) -> &DescriptorPool {
        // A set that came from elsewhere has been decoded, and a test decodes the embedded one, so the empty pool that
        // stands in for a failure is never seen.
        self.inner.pool.get_or_init(|| DescriptorPool::decode(self.inner.set.as_ref()).unwrap_or_default())
    }

    /// Whether the schema marks `field` as one that may hold what a user wrote or keeps secret.
    pub fn is_sensitive(&self, field: &FieldDescriptor) -> bool {
        self.inner.sensitive.get_or_init(|| self.find_sensitive()).contains(field.full_name())
    }

    /// Whether the schema marks `field` as one that the service fills for its own use.
    pub fn is_internal(&self, field: &FieldDescriptor) -> bool {
        is_marked(field, INTERNAL)
    }

    fn find_sensitive(&self) -> HashSet<String> {
        self.messages()
            .flat_map(|message| message.fields().collect::<Vec<_>>())
            .filter(|field| is_marked(field, SENSITIVE))
            .map(|field| field.full_name().to_owned())
            .collect()
    }
}

/// Something that the schema defines.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// A message type.
    Message(MessageDescriptor),
    /// An enum.
    Enum(EnumDescriptor),
}

/// Whether the option numbered `mark` is set on `field`, whatever the schema calls the option.
fn is_marked(field: &FieldDescriptor, mark: u32) -> bool {
    let options = field.options();
    let declared = options.extensions().any(|(option, value)| option.number() == mark && value.as_bool() == Some(true));
    // A descriptor set that does not declare the option still carries it, as an unknown field.
    declared || options.unknown_fields().any(|option| option.number() == mark && option.encoded_len() > 0)
}

/// Whether `field` should no longer be used.
pub(crate) fn is_deprecated(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().options.as_ref().is_some_and(|options| options.deprecated())
}

/// A message's name as [`Schema::message`] takes it: without the Warp package.
pub fn short_name(message: &MessageDescriptor) -> &str {
    within_package(message.full_name())
}

/// A full name without the Warp package.
pub fn within_package(full: &str) -> &str {
    full.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(full)
}

/// Compiles every `.proto` file below `root` into the bytes of a self-contained FileDescriptorSet, with comments if so
/// wished. Imports are looked up
/// from `root`; `google/protobuf/*.proto` need not be there.
///
/// # Errors
/// When a folder cannot be read, holds no `.proto` file, or a file does not compile; the error names the file.
pub fn compile(root: &Path, comments: bool) -> Result<Vec<u8>, SchemaError> {
    let failed = |reason: String| PoolError::Compile { place: root.display().to_string(), reason };
    let files = proto_files(root).map_err(|error| failed(error.to_string()))?;
    if files.is_empty() {
        return Err(failed("there is no .proto file in it".to_owned()).into());
    }
    let mut compiler = protox::Compiler::new([root]).map_err(|error| failed(describe(&error)))?;
    compiler.include_imports(true).include_source_info(comments);
    compiler.open_files(files).map_err(|error| failed(describe(&error)))?;
    Ok(compiler.encode_file_descriptor_set())
}

fn describe(error: &protox::Error) -> String {
    match error.file() {
        Some(file) => format!("{file}: {error}"),
        None => error.to_string(),
    }
}

/// Every `.proto` file below `root`, sorted, so that the outcome does not depend on the file system's order.
fn proto_files(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            // Symbolic links are not followed into folders: they could lead round in a circle.
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "proto") {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

//! What can go wrong between bytes, messages and JSON: each error says what, where, and what to do about it. It must
//! not know who asks: exit codes and HTTP statuses are chosen by the callers.

use std::fmt;

/// Any failure of the schema module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A descriptor set or a message name is not usable.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// Wire bytes are not the message they are read as.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// JSON is not the message it is read as.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field mask cannot be applied.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// Text is neither hex nor base64.
    #[error(transparent)]
    Spelling(#[from] SpellingError),
}

/// Why there is no descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No message has this name; `nearest` lists names that are close, best first.
    #[error("no message named `{name}` in the schema{}", did_you_mean(.nearest))]
    UnknownMessage {
        /// The name as it was asked for.
        name: String,
        /// Existing names that are close, best first; may be empty.
        nearest: Vec<String>,
    },
    /// The name fits several messages.
    #[error("`{name}` could be any of {}; give the full name", .candidates.join(", "))]
    AmbiguousMessage {
        /// The name as it was asked for.
        name: String,
        /// The full names that it fits.
        candidates: Vec<String>,
    },
    /// The bytes are not a usable FileDescriptorSet.
    #[error("not a usable descriptor set: {reason}")]
    BadDescriptorSet {
        /// What the descriptor reader said.
        reason: String,
    },
    /// A `.proto` file or folder cannot be compiled.
    #[error("cannot compile the schema in {place}: {reason}")]
    Compile {
        /// The folder that was to be compiled.
        place: String,
        /// What the compiler said, with the file's name.
        reason: String,
    },
}

/// Wire bytes that are not the message they are read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Where in the input, in bytes from its start.
    pub offset: usize,
    /// The fields from the outermost message inwards, as `task.messages[2].id`; empty at the top or without a schema.
    pub path: String,
    /// What is wrong there.
    pub problem: DecodeProblem,
}

/// What can be wrong with wire bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeProblem {
    /// A tag, number or length ends in the middle.
    #[error("the input ends in the middle of a value")]
    Truncated,
    /// A length prefix promises more bytes than there are.
    #[error("a value of {wanted} bytes is announced, but only {left} are left")]
    LengthOverrun {
        /// The announced length in bytes.
        wanted: u64,
        /// The bytes that are left.
        left: usize,
    },
    /// A varint runs on beyond 64 bits.
    #[error("a varint is longer than 64 bits")]
    VarintOverflow,
    /// A tag whose field number is 0 or above 2^29 - 1.
    #[error("{0} is not a field number")]
    BadFieldNumber(u64),
    /// A tag of wire type 6 or 7.
    #[error("wire type {0} does not exist")]
    BadWireType(u8),
    /// A group ends that was not opened, or another one than the one open.
    #[error("group {0} ends where it is not open")]
    UnexpectedEndGroup(u32),
    /// The input ends inside a group.
    #[error("group {0} is not closed")]
    UnclosedGroup(u32),
    /// A string field whose bytes are not UTF-8.
    #[error("a string field holds bytes that are not UTF-8")]
    InvalidUtf8,
    /// A packed list that does not end between two values.
    #[error("a packed list ends in the middle of a value")]
    RaggedPackedList,
    /// Deeper than the limit.
    #[error("messages are nested deeper than {0} levels")]
    TooDeep(usize),
    /// Longer than the limit.
    #[error("the message is larger than {0} bytes")]
    TooLarge(usize),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid message: {} (at byte {}", self.problem, self.offset)?;
        if !self.path.is_empty() {
            write!(f, ", in field `{}`", self.path)?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for DecodeError {}

impl DecodeError {
    /// A problem at `offset` of the bytes being read, before any path is known.
    pub(crate) fn new(offset: usize, problem: DecodeProblem) -> Self {
        Self { offset, path: String::new(), problem }
    }

    /// The same error seen from `base` bytes further out.
    pub(crate) fn shifted(mut self, base: usize) -> Self {
        self.offset = self.offset.saturating_add(base);
        self
    }

    /// The same error seen from the message that holds the field `segment`.
    pub(crate) fn inside(mut self, segment: &str) -> Self {
        self.path = join_path(segment, &self.path);
        self
    }
}

/// JSON that is not the message it is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// From the root inwards, as `task_context.tasks[0].id`; empty for the root itself.
    pub path: String,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What can be wrong with JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// A value of another JSON type than the field needs.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the field takes.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The message has no such field.
    #[error("`{message}` has no field `{name}`{}", did_you_mean(.nearest))]
    UnknownField {
        /// The message type's full name.
        message: String,
        /// The key as given.
        name: String,
        /// Existing names that are close, best first; may be empty.
        nearest: Vec<String>,
    },
    /// The enum has no such value.
    #[error("`{enumeration}` has no value `{name}`{}", did_you_mean(.nearest))]
    UnknownEnumValue {
        /// The enum's full name.
        enumeration: String,
        /// The value as given.
        name: String,
        /// Existing names that are close, best first; may be empty.
        nearest: Vec<String>,
    },
    /// One field under two spellings of its name.
    #[error("the field `{0}` is given twice")]
    DuplicateField(String),
    /// Two variants of one oneof.
    #[error("`{first}` and `{second}` exclude each other (both belong to the oneof `{oneof}`): give one of them")]
    OneofConflict {
        /// The oneof's name.
        oneof: String,
        /// The variant found first.
        first: String,
        /// The variant found second.
        second: String,
    },
    /// A number outside the field's range, or not whole where it must be.
    #[error("{value} does not fit into {kind}")]
    OutOfRange {
        /// The number as given.
        value: String,
        /// The protobuf type.
        kind: &'static str,
    },
    /// A whole number that a Struct, which holds doubles, would round.
    #[error("the whole number {0} cannot be kept exactly in a Struct: encode it as a string")]
    InexactStructNumber(String),
    /// Text that its field's format does not allow.
    #[error("`{value}` is not {expected}")]
    BadText {
        /// The text, cut to a sensible length.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An entry of `@unknown` that is not `{number, wire, value}`.
    #[error("not an entry of `@unknown`: {0}")]
    BadUnknownField(String),
    /// An entry of `@unknown` does not fit into its message.
    #[error("the bytes given under `@unknown` do not fit: {0}")]
    UnfitUnknownField(DecodeProblem),
    /// Deeper than the limit.
    #[error("messages are nested deeper than {0} levels")]
    TooDeep(usize),
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "at the top of the JSON: {}", self.problem),
            path => write!(f, "at `{path}`: {}", self.problem),
        }
    }
}

impl std::error::Error for JsonError {}

impl JsonError {
    /// A problem at the value being read, before any path is known.
    pub(crate) fn new(problem: JsonProblem) -> Self {
        Self { path: String::new(), problem }
    }

    /// The same error seen from the object or list that holds `segment`.
    pub(crate) fn inside(mut self, segment: &str) -> Self {
        self.path = join_path(segment, &self.path);
        self
    }
}

/// A field mask that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// A path that goes on behind a map.
    #[error("the mask path `{path}` goes through the map `{field}`")]
    ThroughMap {
        /// The whole path.
        path: String,
        /// The map's name.
        field: String,
    },
    /// A path through a repeated message whose two lists differ in length.
    #[error("the mask path `{path}` needs lists of equal length in `{field}`: {target} in the target, {patch} given")]
    LengthMismatch {
        /// The whole path.
        path: String,
        /// The list's name.
        field: String,
        /// The target's length.
        target: usize,
        /// The patch's length.
        patch: usize,
    },
    /// Append to something that is not a string.
    #[error("the mask path `{path}` names a {kind}: only strings can be appended to")]
    UnsupportedAppend {
        /// The whole path.
        path: String,
        /// What the path names.
        kind: String,
    },
    /// Target and patch are not of one type.
    #[error("a `{patch}` cannot be laid over a `{target}`")]
    TypeMismatch {
        /// The target's message type.
        target: String,
        /// The patch's message type.
        patch: String,
    },
}

/// Text that is no spelling of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpellingError {
    /// A character of neither alphabet.
    #[error("{character:?} at byte {offset} belongs neither to hex nor to base64")]
    BadCharacter {
        /// The character.
        character: char,
        /// Its place in the text.
        offset: usize,
    },
    /// A length that no base64 text has.
    #[error("{0} base64 characters do not make whole bytes: the text is cut off")]
    BadLength(usize),
    /// Hex digits that do not pair up.
    #[error("{0} hex digits do not make whole bytes: the text is cut off")]
    OddHex(usize),
    /// Padding in the middle.
    #[error("padding (`=`) stands before the end, at byte {0}")]
    MisplacedPadding(usize),
}

/// `segment` followed by `rest`: a dot between names, nothing before a bracket.
fn join_path(segment: &str, rest: &str) -> String {
    match rest.chars().next() {
        None => segment.to_owned(),
        Some('[') => format!("{segment}{rest}"),
        Some(_) => format!("{segment}.{rest}"),
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        several => format!("; did you mean one of `{}`?", several.join("`, `")),
    }
}

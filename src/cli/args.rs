//! The command line as it is typed. What it means is decided in `settings` and in each verb; nothing below `cli` sees it.
//!
//! Values that a variable or the configuration file can also give stay text here, so that all wrong ones can be reported
//! together, whichever place they come from.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::{
    cli::values::{self, Bound, Expiry},
    credential::broker::DEFAULT_NAME,
    dialect,
};

/// Use your own Warp AI access from any OpenAI, Anthropic or Gemini client, and debug Warp's protocol.
#[derive(Debug, Parser)]
#[command(name = "warp2api", version, max_term_width = 110, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArguments {
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]
    #[arg(long, global = true, value_name = "URL|simulator", value_hint = ValueHint::Url)]
    pub(crate) upstream: Option<String>,
    /// Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share
    #[arg(long, global = true, value_name = "URL|sqlite", value_hint = ValueHint::Url)]
    pub(crate) state: Option<String>,
    /// Use this protobuf descriptor set instead of the built-in schema
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) descriptors: Option<PathBuf>,
    /// How log lines look: text or json
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// Say more; given twice, say everything but secrets
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the OpenAI, Anthropic and Gemini APIs on this machine
    Serve(ServeArguments),
    /// Ask something from the command line
    Chat(ChatArguments),
    /// Turn JSON or YAML into protobuf messages
    Encode(EncodeArguments),
    /// Turn protobuf messages into JSON
    Decode(DecodeArguments),
    /// Read recorded answers of the upstream
    ParseResponse(ParseResponseArguments),
    /// Check that clients of every dialect would be content with recorded answers
    Verify(VerifyArguments),
    /// Manage your Warp credentials
    Token(TokenArguments),
    /// Manage the keys of this gateway's own clients, and what each may use
    Key(KeyArguments),
    /// List the models that your account may use
    Models(ModelsArguments),
    /// Look up, fill in, compile and compare message types
    Schema(SchemaArguments),
    /// See, check and describe the settings
    Config(ConfigArguments),
    /// Ask a running server whether it is well
    Healthcheck(HealthcheckArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}

/// Flags of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    pub(crate) bridge_listen: Option<String>,
    /// Serve /metrics here instead, and nothing else, without a key; or off
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    pub(crate) metrics_listen: Option<String>,
    /// Show on the bridge's page what people wrote, too
    #[arg(long)]
    pub(crate) monitor_sensitive: bool,
    /// Refuse requests with options that neither the upstream nor the gateway can honour
    #[arg(long)]
    pub(crate) strict: bool,
    /// Serve an address that others can reach although there is no client key
    #[arg(long)]
    pub(crate) allow_anonymous: bool,
    /// How many accounts to keep ready, where there are that many [default: 3]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) pool_size: Option<String>,
    /// Record every exchange with the upstream into a file of its own in this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) record: Option<PathBuf>,
    /// Record what people wrote, too
    #[arg(long)]
    pub(crate) record_sensitive: bool,
}

/// Flags of `chat`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ChatArguments {
    /// What to ask; `-` reads it from standard input. Without it on a terminal: a conversation
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Option<String>,
    /// Model to ask
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// System text that stands before the conversation
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Attach a text file or an image; may be repeated
    #[arg(short, long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Go on with the last conversation
    #[arg(long = "continue")]
    pub(crate) resume: bool,
    /// Print the answer as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `encode`.
#[derive(Debug, Clone, Args)]
pub(crate) struct EncodeArguments {
    /// JSON or YAML to read; `-` or nothing is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Message type, full or short
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "Request")]
    pub(crate) message_type: String,
    /// What the input is
    #[arg(short, long, value_name = "FORM", default_value = "auto")]
    pub(crate) input: DocumentForm,
    /// How to write the bytes [default: base64 on a terminal, raw elsewhere]
    #[arg(short, long, value_name = "FORM")]
    pub(crate) output: Option<EncodedForm>,
    /// Mend the JSON Schemas of the tools in a request, as older gateways did
    #[arg(long)]
    pub(crate) sanitize_tools: bool,
}

/// What `encode` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentForm {
    /// YAML if the file is called so or does not begin as JSON does
    Auto,
    /// JSON documents, one after the other
    Json,
    /// YAML documents
    Yaml,
}

/// How `encode` writes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncodedForm {
    /// The bytes themselves
    Raw,
    /// Two digits a byte
    Hex,
    /// Base64
    Base64,
    /// Base64 with - and _
    Base64url,
    /// The bytes of each message behind their length
    Delimited,
}

/// Flags of `decode`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DecodeArguments {
    /// Message or stream to read; `-` or nothing is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Message type, full or short
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "ResponseEvent")]
    pub(crate) message_type: String,
    /// What the input is
    #[arg(short, long, value_name = "FORM", default_value = "auto")]
    pub(crate) input: DecodedForm,
    /// Show fields by number, without the schema
    #[arg(long)]
    pub(crate) raw_fields: bool,
    /// Try every message type and say which fit best
    #[arg(long, conflicts_with = "raw_fields")]
    pub(crate) guess: bool,
    /// Also open the payloads that the schema leaves opaque
    #[arg(long, alias = "open", conflicts_with = "raw_fields")]
    pub(crate) opaque: bool,
    /// How to call fields
    #[arg(long, value_name = "STYLE", default_value = "snake", conflicts_with = "raw_fields")]
    pub(crate) names: FieldNames,
    /// Also show fields that are not set
    #[arg(long, conflicts_with = "raw_fields")]
    pub(crate) emit_defaults: bool,
    /// Replace what people wrote, ran or keep; the type must be right for that
    #[arg(long, conflicts_with_all = ["raw_fields", "guess"])]
    pub(crate) redact: bool,
    /// Stop at the first message that cannot be read
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How `decode` calls fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FieldNames {
    /// As the schema has them: conversation_id
    Snake,
    /// As other runtimes write them: conversationId
    Camel,
}

/// What `decode` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodedForm {
    /// Whatever it looks like
    Auto,
    /// The bytes themselves
    Raw,
    /// Two digits a byte
    Hex,
    /// Base64 of either alphabet
    Base64,
    /// Base64 with - and _
    Base64url,
    /// Server-sent events whose data is base64
    Sse,
    /// The bytes of each message behind their length
    Delimited,
}

/// Flags of `parse-response`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ParseResponseArguments {
    /// Captures, or directories of them: response streams, HAR files, warp2api's own; `-` or nothing is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// What to make of them
    #[arg(long = "as", value_name = "FORM", default_value = "summary")]
    pub(crate) form: ResponseForm,
    /// Stop at the first event that cannot be read
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What `parse-response` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResponseForm {
    /// What happened, for a person
    Summary,
    /// The answer's text alone
    Text,
    /// One line an event
    Events,
    /// What happened, as one JSON object an exchange
    Json,
    /// What a client of OpenAI's chat completions would have received
    Openai,
    /// What a client of OpenAI's responses would have received
    Responses,
    /// What a client of Anthropic's messages would have received
    Anthropic,
    /// What a client of Gemini would have received
    Gemini,
}

/// Flags of `models`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelsArguments {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask Warp even if it was asked within the hour
    #[arg(long)]
    pub(crate) refresh: bool,
}

/// Flags of `verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    /// Captures, or directories of them; `-` or nothing is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object an exchange
    #[arg(long)]
    pub(crate) json: bool,
}

/// What follows `token`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// What to do with credentials.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TokenCommand {
    /// Sign in to Warp in a browser, and keep the session
    Login(LoginArguments),
    /// Keep an API key or the refresh token of a session, read from standard input or typed unseen
    Add(AddArguments),
    /// List the accounts there are
    #[command(after_help = "Exit code: 1 if an account cannot be used any more.")]
    List(TokenListArguments),
    /// Forget an account
    Remove {
        /// Its name
        name: String,
    },
    /// Give an account another name
    Rename {
        /// The name it has
        old: String,
        /// The name it gets
        new: String,
    },
    /// Print one fresh token and nothing else
    Acquire(AcquireArguments),
    /// Say what a token is and how long it lives, without showing it
    Inspect(InspectArguments),
    /// See which account serves when, and why
    Pool(PoolArguments),
    /// Run a broker at Cloudflare that hands out short-lived tokens of your own sessions
    Worker(WorkerArguments),
}

/// Flags of `token login`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoginArguments {
    /// What to call the account [default: the first part of its e-mail address]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Do not open a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// Flags of `token add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AddArguments {
    /// What to call the account [default: the first part of its e-mail address]
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What is given [default: a key if it begins with wk-, else a refresh token]
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<AddedKind>,
    /// Nothing: a secret here is refused
    // It is taken so that it can be refused without being shown, which an unexpected argument would be.
    #[arg(hide = true)]
    pub(crate) more: Vec<String>,
}

/// What `token add` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AddedKind {
    /// A Warp API key
    Key,
    /// The refresh token of a session
    Refresh,
}

/// Flags of `token list`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenListArguments {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `token acquire`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AcquireArguments {
    /// How to print it
    #[arg(long, value_name = "FORM", default_value = "token")]
    pub(crate) format: AcquiredForm,
    /// Refuse a token that ends sooner [default: 5m where that can be had]
    #[arg(long, value_name = "TIME")]
    pub(crate) min_ttl: Option<String>,
    /// Take the token of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

/// How `token acquire` prints a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AcquiredForm {
    /// The token alone
    Token,
    /// An Authorization header
    Header,
    /// The variable that warp2api reads it from
    Env,
    /// A JSON object with its account and its end
    Json,
}

/// Flags of `token inspect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InspectArguments {
    /// Token to read; `-` or nothing is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What follows `token pool`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PoolArguments {
    #[command(subcommand)]
    pub(crate) command: PoolCommand,
}

/// What to do with the pool.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum PoolCommand {
    /// Tell how every account stands, in running servers or else as one would begin
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Tell it again every two seconds; with --json one object a line
        #[arg(long)]
        watch: bool,
        /// Do not ask Warp what the accounts may still spend
        #[arg(long)]
        no_quota: bool,
    },
    /// Say why the last requests went to the accounts that they went to
    Why {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Forget what stands against accounts, and try each of them once
    #[command(after_help = "Exit code: 3 if none of them can serve.")]
    Refill {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// What follows `token worker`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkerArguments {
    #[command(subcommand)]
    pub(crate) command: WorkerCommand,
}

/// What to do with the broker.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Put it up, or replace it, with your sessions; prints its address and its key
    Deploy(WorkerDeployArguments),
    /// Tell where it is and which sessions it has
    Status(BrokerArguments),
    /// Take it down, with its secrets
    Remove(BrokerArguments),
}

/// Flags of everything about a broker.
#[derive(Debug, Clone, Args)]
pub(crate) struct BrokerArguments {
    /// The Worker's name in your Cloudflare account
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub(crate) name: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `token worker deploy`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkerDeployArguments {
    #[command(flatten)]
    pub(crate) broker: BrokerArguments,
    /// Hand out tokens of these sessions only; may be repeated [default: all]
    #[arg(long = "account", value_name = "NAME", num_args = 1..)]
    pub(crate) accounts: Vec<String>,
    /// Replace the broker's key, so that those who have the old one are shut out
    #[arg(long)]
    pub(crate) rotate_key: bool,
}

/// What follows `key`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

/// What to do with client keys.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it, once; what is not named is not limited
    Create(KeyCreateArguments),
    /// List the keys: what each may do, has used today, and whether it is in force
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Change what a key may do; what is not named stays as it is
    Update(KeyUpdateArguments),
    /// Give a key another secret, print it once, and refuse the one before
    Rotate {
        /// Its name
        name: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key from now on
    Revoke {
        /// Its name
        name: String,
    },
}

/// Flags of `key create`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyCreateArguments {
    /// What to call it, such as who or what it is for
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) terms: TermsArguments,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `key update`.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyUpdateArguments {
    /// Its name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) terms: TermsArguments,
}

/// What a key may do.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TermsArguments {
    /// Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    pub(crate) models: Option<Vec<String>>,
    /// APIs that it may speak, comma-separated, or all
    #[arg(long, value_name = "DIALECTS", value_delimiter = ',', value_parser = dialects())]
    pub(crate) dialects: Option<Vec<String>>,
    /// Requests in any minute, or none for no limit
    #[arg(long, value_name = "NUMBER", value_parser = values::bound)]
    pub(crate) requests_per_minute: Option<Bound<u32>>,
    /// Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit
    #[arg(long, value_name = "NUMBER", value_parser = values::tokens)]
    pub(crate) tokens_per_day: Option<Bound<u64>>,
    /// Warp's credits in a day of UTC, such as 2.5, or none for no limit
    #[arg(long, value_name = "NUMBER", value_parser = values::credits)]
    pub(crate) credits_per_day: Option<Bound<f64>>,
    /// Answers under way at once, or none for no limit
    #[arg(long, value_name = "NUMBER", value_parser = values::bound)]
    pub(crate) streams: Option<Bound<u32>>,
    /// When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    pub(crate) expires: Option<Expiry>,
}

fn dialects() -> clap::builder::PossibleValuesParser {
    dialect::ALL.iter().map(|dialect| dialect.name()).chain(["all"]).collect::<Vec<_>>().into()
}

/// Flags of `schema`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SchemaArguments {
    #[command(subcommand)]
    pub(crate) what: SchemaCommand,
}

/// What to do with the schema.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SchemaCommand {
    /// List message types, enums and, when searching, fields and values
    List {
        /// Show only what has this in its name
        #[arg(value_name = "SEARCH")]
        search: Option<String>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show a message type or an enum as .proto text
    Show {
        /// Its name, full or short
        #[arg(value_name = "TYPE")]
        name: String,
    },
    /// Print a message to fill in, as JSON that encodes
    Template {
        /// Message type, full or short
        #[arg(value_name = "TYPE")]
        name: String,
        /// How many messages to show inside each other
        #[arg(long, value_name = "LEVELS", default_value_t = 3)]
        depth: u8,
        /// Show this variant of a oneof, as `input.user_inputs`; may be repeated
        #[arg(long = "choose", value_name = "PATH")]
        choices: Vec<String>,
    },
    /// Compile .proto files into a descriptor set for --descriptors
    Compile {
        /// Directory that imports are looked up from; every .proto file below it is compiled
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// File to write; `-` is standard output
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
        /// Keep comments, for `schema show`
        #[arg(long)]
        comments: bool,
    },
    /// Say what changed between this schema and another
    #[command(after_help = "Exit code: 0 if bytes of either schema still read in the other, 1 if not.")]
    Diff {
        /// The other descriptor set, or a directory of .proto files
        #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// What follows `config`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// What to do with the settings.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting as `serve` with the same flags would have it, and where its value comes from
    #[command(after_help = "Exit code: 2 if one of them is wrong.")]
    Show {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        serve: Box<ServeArguments>,
    },
    /// Tell everything that is wrong with the settings, as `serve` with the same flags would find them
    #[command(after_help = "Exit code: 2 if one of them is wrong.")]
    Check {
        /// Configuration file to check [default: the one that would be used]
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        serve: Box<ServeArguments>,
    },
    /// Print a JSON Schema of the configuration file, for editors
    Schema,
    /// Print a configuration file with every setting in it, explained and commented out
    Example,
}

impl ConfigArguments {
    /// The flags of the `serve` that is asked about.
    pub(crate) fn as_serve(&self) -> Option<&ServeArguments> {
        match &self.command {
            ConfigCommand::Show { serve, .. } | ConfigCommand::Check { serve, .. } => Some(serve),
            ConfigCommand::Schema | ConfigCommand::Example => None,
        }
    }

    /// The configuration file that is asked about, where one is named.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.command {
            ConfigCommand::Check { file, .. } => file.as_deref(),
            ConfigCommand::Show { .. } | ConfigCommand::Schema | ConfigCommand::Example => None,
        }
    }
}

/// Flags of `healthcheck`.
#[derive(Debug, Clone, Args)]
pub(crate) struct HealthcheckArguments {
    /// Root of the server [default: where `serve` with these settings listens]
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    /// Ask whether it can answer clients (/readyz), not only whether it is alive (/healthz)
    #[arg(long)]
    pub(crate) ready: bool,
    /// How long to wait for its answer
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub(crate) timeout: String,
}

/// Flags of `completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArguments {
    /// Shell to complete for
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, Command};

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_says_what_it_does() {
        let command = Arguments::command();
        let verbs = command.get_subcommands();
        for verb in verbs.flat_map(|verb| std::iter::once(verb).chain(verb.get_subcommands())) {
            for argument in verb.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", verb.get_name(), argument.get_id());
            }
        }
    }

    #[test]
    fn global_flags_stand_on_either_side_of_the_verb() {
        for line in ["warp2api --upstream simulator serve", "warp2api serve --upstream simulator"] {
            let parsed = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(parsed.global.upstream.as_deref(), Some("simulator"));
            assert!(matches!(parsed.command, Command::Serve(_)));
        }
    }
}

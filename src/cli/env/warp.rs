//! The settings of the upstream, of the accounts that pay there, and of the state that outlives the process.

use crate::cli::env::{Setting, open, secret};

/// Where turns go.
pub const UPSTREAM: Setting = open(
    "--upstream",
    "WARP2API_UPSTREAM",
    "upstream",
    "`https://app.warp.dev`",
    "`https://…`, `http://…`, `h2c://…` (plain HTTP/2), `simulator[:SCENARIO]` or `replay:PATH`",
);
/// An API key of the account.
pub const WARP_API_KEY: Setting =
    secret("WARP_API_KEY", "api_key", "Warp API key (`wk-…`). Preferred over the two below");
/// A session's refresh token.
pub const WARP_REFRESH_TOKEN: Setting =
    secret("WARP_REFRESH_TOKEN", "refresh_token", "A session's refresh token; id tokens are made from it and renewed");
/// An id token.
pub const WARP_JWT: Setting = secret("WARP_JWT", "jwt", "An id token, used until it expires");
/// A team's pool service.
pub const POOL_SERVICE_BASE_URL: Setting = open(
    "",
    "POOL_SERVICE_BASE_URL",
    "pool_service",
    "none",
    "Root of a pool service that lends accounts: `https://…`, or `http://…` in your own network",
);
/// What the pool service knows us by.
pub const POOL_SERVICE_API_KEY: Setting =
    secret("POOL_SERVICE_API_KEY", "pool_service_key", "Key that the pool service asks for, if it does");
/// How long a lent account must last.
pub const POOL_MIN_TTL_SECONDS: Setting = open(
    "",
    "POOL_MIN_TTL_SECONDS",
    "pool_min_ttl",
    "`900`",
    "No account is taken that the pool service lends for less time",
);
/// A broker of the user's own.
pub const BROKER_URL: Setting =
    open("", "WARP2API_BROKER_URL", "broker", "none", "Address of a broker, as `token worker deploy` prints it");
/// The broker's key.
pub const BROKER_KEY: Setting =
    secret("WARP2API_BROKER_KEY", "broker_key", "The broker's key, printed beside its address");
/// How many accounts are kept ready.
pub const POOL_SIZE: Setting = open(
    "--pool-size",
    "WARP2API_POOL_SIZE",
    "pool_size",
    "`3`",
    "How many accounts are kept ready, where there are that many (1 to 64)",
);
/// How long an account may be left alone.
pub const LONGEST_REST: Setting = open(
    "",
    "WARP2API_LONGEST_REST",
    "longest_rest",
    "`1h`",
    "How long an account that was refused is left alone at most; `1ms`: every request asks Warp anew",
);
/// Whether an anonymous account may be asked for.
pub const ANONYMOUS: Setting = open(
    "",
    "WARP2API_ANONYMOUS",
    "anonymous",
    "`true`",
    "Ask Warp for one anonymous account when there is no other: at most once, and never in place of one that is spent",
);
/// A token for Cloudflare's API.
pub const CLOUDFLARE_API_TOKEN: Setting = secret(
    "CLOUDFLARE_API_TOKEN",
    "cloudflare_api_token",
    "Cloudflare API token that may edit Workers, for `token worker`",
);
/// The Cloudflare account.
pub const CLOUDFLARE_ACCOUNT_ID: Setting = open(
    "",
    "CLOUDFLARE_ACCOUNT_ID",
    "cloudflare_account_id",
    "none",
    "Id of the Cloudflare account that `token worker` deploys to",
);
/// The root of Cloudflare's API.
pub const CLOUDFLARE_API: Setting = open(
    "",
    "WARP2API_CLOUDFLARE_API",
    "cloudflare_api",
    "`https://api.cloudflare.com/client/v4`",
    "Root of Cloudflare's API, for tests: `https://…`, or `http://…` on this machine",
);
/// The model that `chat` asks.
pub const MODEL: Setting =
    open("--model", "WARP2API_MODEL", "model", "the account's default", "Model that `chat` asks");
/// How a conversation's history travels.
pub const HISTORY_CARRIER: Setting = open(
    "",
    "WARP2API_HISTORY_CARRIER",
    "history_carrier",
    "`tasks`",
    "How earlier messages travel: `tasks` or `flatten`",
);
/// How system text travels.
pub const SYSTEM_PROMPT_CARRIER: Setting = open(
    "",
    "WARP2API_SYSTEM_PROMPT_CARRIER",
    "system_prompt_carrier",
    "`project-rules`",
    "How system text travels: `project-rules`, `attachment` or `query`",
);
/// How the client's tools are announced.
pub const MCP_FORM: Setting =
    open("", "WARP2API_MCP_FORM", "mcp_form", "`servers`", "How the client's tools are announced: `servers` or `flat`");
/// How long the upstream may be silent.
pub const IDLE_TIMEOUT: Setting = open(
    "",
    "WARP2API_IDLE_TIMEOUT",
    "idle_timeout",
    "`300s`",
    "How long the upstream may be silent before a turn fails",
);
/// How long connecting may take.
pub const CONNECT_TIMEOUT: Setting =
    open("", "WARP2API_CONNECT_TIMEOUT", "connect_timeout", "`10s`", "How long connecting to the upstream may take");
/// A further certificate authority.
pub const CA_FILE: Setting =
    open("", "WARP2API_CA_FILE", "ca_file", "none", "PEM file of a further certificate authority to trust upstream");
/// The version to state upstream.
pub const CLIENT_VERSION: Setting =
    open("", "WARP2API_CLIENT_VERSION", "client_version", "not sent", "Value of the `X-Warp-Client-Version` header");
/// The schema to use.
pub const DESCRIPTORS: Setting = open(
    "--descriptors",
    "WARP2API_DESCRIPTORS",
    "descriptors",
    "built in",
    "Protobuf descriptor set to use instead of the built-in schema",
);
/// Where state lives.
pub const HOME: Setting = open(
    "",
    "WARP2API_HOME",
    "",
    "the platform's state directory",
    "Directory for state, and for `config.toml` when `--config` names none",
);
/// Where the key rests that seals state.
pub const STATE_KEY: Setting = open(
    "",
    "WARP2API_STATE_KEY",
    "state_key",
    "`auto`",
    "Where the key that seals state is made: `keyring`, `file`, or `auto`, which is the keyring where there is one",
);
/// Where state is shared.
pub const STATE: Setting = open(
    "--state",
    "WARP2API_STATE",
    "state",
    "`sqlite`",
    "Where state is: `sqlite`, a file of this machine, or `redis://[USER@]HOST[:PORT][/DATABASE]` (`rediss://` for TLS), \
     which several replicas share",
);
/// What the server of the shared state lets us in with.
pub const STATE_PASSWORD: Setting =
    secret("WARP2API_STATE_PASSWORD", "state_password", "The password of the Redis server, if it asks for one");
/// What the key is made of that seals shared state.
pub const STATE_SECRET: Setting = secret(
    "WARP2API_STATE_SECRET",
    "state_secret",
    "What shared state is sealed with: a long random text, the same for all replicas",
);
/// How the names of all keys of the shared state begin.
pub const STATE_PREFIX: Setting = open(
    "",
    "WARP2API_STATE_PREFIX",
    "state_prefix",
    "`warp2api`",
    "How the names of all keys in Redis begin, so that others can use the same server",
);

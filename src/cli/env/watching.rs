//! The settings of looking on: the bridge, recordings, logs, metrics, traces.

use crate::cli::env::{Setting, open, secret};

/// The address of the bridge.
pub const BRIDGE_LISTEN: Setting = open(
    "--bridge-listen",
    "WARP2API_BRIDGE_LISTEN",
    "bridge_listen",
    "`127.0.0.1:8000`",
    "Address and port of the bridge and its page, on loopback only, or `off`",
);
/// Whether the monitor shows what people wrote.
pub const MONITOR_SENSITIVE: Setting = open(
    "--monitor-sensitive",
    "WARP2API_MONITOR_SENSITIVE",
    "monitor_sensitive",
    "`false`",
    "Show prompts, answers and tool data on the bridge's page; without, they are redacted",
);
/// Where exchanges are recorded.
pub const RECORD: Setting = open(
    "--record",
    "WARP2API_RECORD",
    "record",
    "not recorded",
    "Directory into which every exchange with the upstream is recorded, one file each",
);
/// Whether recordings hold what people wrote.
pub const RECORD_SENSITIVE: Setting = open(
    "--record-sensitive",
    "WARP2API_RECORD_SENSITIVE",
    "record_sensitive",
    "`false`",
    "Record what people wrote, too; without it such texts become `[redacted]`",
);
/// How many recordings are kept.
pub const RECORD_FILES: Setting =
    open("", "WARP2API_RECORD_FILES", "record_files", "`200`", "How many recordings are kept; the oldest go first");
/// How large all recordings together may be.
pub const RECORD_BYTES: Setting = open(
    "",
    "WARP2API_RECORD_BYTES",
    "record_bytes",
    "`256MiB`",
    "How large all recordings together may be; the oldest go first",
);
/// How log lines look.
pub const LOG_FORMAT: Setting = open("--log-format", "WARP2API_LOG_FORMAT", "log_format", "`text`", "`text` or `json`");
/// Where metrics are served.
pub const METRICS_LISTEN: Setting = open(
    "--metrics-listen",
    "WARP2API_METRICS_LISTEN",
    "metrics_listen",
    "with the rest",
    "Address and port that serves `/metrics`, and nothing else, without a key; or `off`",
);
/// The collector of everything OpenTelemetry.
pub const OTEL_ENDPOINT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "otlp_endpoint",
    "no traces",
    "Root of the OpenTelemetry collector that `serve` hands traces to, such as `http://127.0.0.1:4318`",
);
/// The collector of traces.
pub const OTEL_TRACES_ENDPOINT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "otlp_traces_endpoint",
    "the root and `/v1/traces`",
    "The whole URL for traces, where it is another",
);
/// What the collector knows us by.
pub const OTEL_HEADERS: Setting = secret(
    "OTEL_EXPORTER_OTLP_HEADERS",
    "otlp_headers",
    "Headers for the collector, `name=value,…` with values as in URLs",
);
/// What the collector of traces knows us by.
pub const OTEL_TRACES_HEADERS: Setting =
    secret("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "otlp_traces_headers", "The same for traces, where they are others");
/// The form of what goes to the collector.
pub const OTEL_PROTOCOL: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "otlp_protocol",
    "`http/protobuf`",
    "How it travels; there is no other way than this one",
);
/// The form of traces.
pub const OTEL_TRACES_PROTOCOL: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "otlp_traces_protocol",
    "`http/protobuf`",
    "The same for traces, where other programs need the one above for theirs",
);
/// How long the collector may take.
pub const OTEL_TIMEOUT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "otlp_timeout",
    "`10000`",
    "How long handing over a batch may take; a bare number is of milliseconds",
);
/// A further certificate authority for the collector.
pub const OTEL_CERTIFICATE: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "otlp_certificate",
    "none",
    "PEM file of a further certificate authority to trust for the collector",
);
/// What we are called in traces.
pub const OTEL_SERVICE_NAME: Setting =
    open("", "OTEL_SERVICE_NAME", "otel_service_name", "`warp2api`", "What the service is called in traces");
/// What else is said of us in traces.
pub const OTEL_RESOURCE_ATTRIBUTES: Setting = open(
    "",
    "OTEL_RESOURCE_ATTRIBUTES",
    "otel_resource_attributes",
    "none",
    "What else is said of the service in traces, `name=value,…`",
);
/// Which turns are traced.
pub const OTEL_SAMPLER: Setting = open(
    "",
    "OTEL_TRACES_SAMPLER",
    "otel_traces_sampler",
    "`parentbased_always_on`",
    "Which turns are traced: `always_on`, `always_off`, `traceidratio`, each also with `parentbased_` before it",
);
/// How many of them.
pub const OTEL_SAMPLER_ARG: Setting =
    open("", "OTEL_TRACES_SAMPLER_ARG", "otel_traces_sampler_arg", "`1`", "Which part of them, for `…traceidratio`");
/// Whether traces go to a collector at all.
pub const OTEL_TRACES_EXPORTER: Setting = open(
    "",
    "OTEL_TRACES_EXPORTER",
    "otel_traces_exporter",
    "`otlp`",
    "`none`: nothing is traced, whatever the rest says",
);
/// Whether OpenTelemetry is on.
pub const OTEL_SDK_DISABLED: Setting =
    open("", "OTEL_SDK_DISABLED", "otel_sdk_disabled", "`false`", "`true`: the same");
/// What is logged.
pub const LOG: Setting =
    open("", "WARP2API_LOG", "log", "by `-v`/`-q`", "Log filter, such as `warp2api=debug,hyper=info`");

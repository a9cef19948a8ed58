//! The settings of traces, under the names that OpenTelemetry gave them, and what is started from them.
//!
//! Anyone may have such variables set for other programs. So they mean something to `serve` alone, and a value that is wrong
//! keeps no other verb from its work.

use std::{path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;

use crate::{
    cli::{env, exit::Failure, layers::Layers, values},
    metrics::Metrics,
    otlp::{self, Otlp, OtlpError, Sampling},
    secret::Secret,
};

/// The one form in which traces travel.
const PROTOCOL: &str = "http/protobuf";
/// How long handing over a batch may take unless the user says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// All but the certificates.
    pub config: otlp::Config,
    /// PEM file of a further certificate authority.
    pub certificate: Option<PathBuf>,
}

impl Traces {
    /// Reads the settings; `None` when nothing is to be traced.
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Option<Self> {
        let url = url(layers)?;
        let is_disabled = layers.parsed(None, &env::OTEL_SDK_DISABLED, values::switch).unwrap_or(false);
        let exporters = layers.parsed(None, &env::OTEL_TRACES_EXPORTER, |text| Ok(values::list(text)));
        if is_disabled || exporters.is_some_and(|all| !all.iter().any(|one| one == "otlp")) {
            return None;
        }
        check_protocol(layers);
        let mut attributes = layers.parsed(None, &env::OTEL_RESOURCE_ATTRIBUTES, pairs).unwrap_or_default();
        let service = layers.parsed(None, &env::OTEL_SERVICE_NAME, |text| Ok(text.to_owned()));
        let named = attributes.iter().position(|(name, _)| name == "service.name").map(|at| attributes.remove(at).1);
        let path = |text: &str| Ok(PathBuf::from(text));
        let config = otlp::Config {
            url,
            headers: headers(layers),
            timeout: layers.parsed(None, &env::OTEL_TIMEOUT, milliseconds).unwrap_or(TIMEOUT),
            extra_ca_pem: None,
            service: service.or(named).unwrap_or_else(|| otlp::SERVICE.to_owned()),
            attributes,
            sampling: sampling(layers),
        };
        Some(Self { config, certificate: layers.parsed(None, &env::OTEL_CERTIFICATE, path) })
    }

    /// Begins to hand traces over.
    ///
    /// # Errors
    /// When the certificates or a header cannot be used.
    pub(crate) fn start(&self, metrics: Metrics) -> Result<Otlp, Failure> {
        let read = |path: &PathBuf| {
            let unreadable = |error| Failure::usage(format!("cannot read the CA file {}: {error}", path.display()));
            std::fs::read(path).map_err(unreadable)
        };
        let extra_ca_pem = self.certificate.as_ref().map(read).transpose()?;
        Ok(Otlp::start(&otlp::Config { extra_ca_pem, ..self.config.clone() }, metrics)?)
    }
}

/// The URL that spans are posted to: one for traces as it is, else the one for all with their path.
fn url(layers: &mut Layers<'_>) -> Option<String> {
    let own = layers.parsed(None, &env::OTEL_TRACES_ENDPOINT, endpoint);
    let all = layers.parsed(None, &env::OTEL_ENDPOINT, endpoint);
    own.or_else(|| all.map(|root| format!("{}/v1/traces", root.trim_end_matches('/'))))
}

fn endpoint(text: &str) -> Result<String, String> {
    let expected = || "expected the collector's URL, such as http://127.0.0.1:4318".to_owned();
    let url = reqwest::Url::parse(text).map_err(|_| expected())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password; OTEL_EXPORTER_OTLP_HEADERS says who asks".to_owned());
    }
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_usable { Ok(text.to_owned()) } else { Err(expected()) }
}

fn check_protocol(layers: &mut Layers<'_>) {
    let read = |text: &str| match text == PROTOCOL {
        true => Ok(()),
        false => Err(format!(
            "traces go by {PROTOCOL} alone; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL={PROTOCOL} and name the collector's port \
             for HTTP (usually 4318), or OTEL_TRACES_EXPORTER=none"
        )),
    };
    // The one for traces beats the one for all.
    if layers.find(None, &env::OTEL_TRACES_PROTOCOL).is_some() {
        layers.parsed(None, &env::OTEL_TRACES_PROTOCOL, read);
    } else {
        layers.parsed(None, &env::OTEL_PROTOCOL, read);
    }
}

fn headers(layers: &mut Layers<'_>) -> Vec<(String, Secret)> {
    let own = layers.parsed(None, &env::OTEL_TRACES_HEADERS, pairs);
    let pairs = own.or_else(|| layers.parsed(None, &env::OTEL_HEADERS, pairs)).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name, Secret::new(&value))).collect()
}

/// Reads `name=value,name=value` with values as in URLs.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |item: &String| {
        let (name, value) = item.split_once('=').ok_or_else(|| "expected name=value,name=value".to_owned())?;
        let value = percent_decode_str(value.trim()).decode_utf8();
        let value = value.map_err(|_| "a value is not UTF-8 behind its % signs".to_owned())?;
        match name.trim() {
            "" => Err("a value has no name".to_owned()),
            name => Ok((name.to_owned(), value.into_owned())),
        }
    };
    values::list(text).iter().map(pair).collect()
}

/// Reads a time; a bare number is of milliseconds here, as OpenTelemetry has it.
fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) => values::duration(text),
    }
}

fn sampling(layers: &mut Layers<'_>) -> Sampling {
    let part = layers.parsed(None, &env::OTEL_SAMPLER_ARG, part).unwrap_or(Sampling::ALL);
    let of = |follows_parent, per_million| Sampling { follows_parent, per_million };
    let samplers = [
        ("always_on", of(false, Sampling::ALL)),
        ("always_off", of(false, 0)),
        ("traceidratio", of(false, part)),
        ("parentbased_always_on", of(true, Sampling::ALL)),
        ("parentbased_always_off", of(true, 0)),
        ("parentbased_traceidratio", of(true, part)),
    ];
    layers.parsed(None, &env::OTEL_SAMPLER, |text| values::word(text, &samplers)).unwrap_or(Sampling::USUAL)
}

/// Reads a part of one, in millionths.
fn part(text: &str) -> Result<u32, String> {
    let part: Option<f64> = text.parse().ok().filter(|part| (0.0..=1.0).contains(part));
    let part = part.ok_or_else(|| "expected a number from 0 to 1".to_owned())?;
    Ok((part * f64::from(Sampling::ALL)).round() as u32)
}

impl From<OtlpError> for Failure {
    fn from(error: OtlpError) -> Self {
        Self::usage(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::{endpoint, milliseconds, pairs, part};

    #[test]
    fn values_are_read_as_open_telemetry_writes_them() {
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![of("authorization", "Basic a="), of("x", "")];
        assert_eq!(pairs("authorization=Basic%20a=, x="), Ok(expected));
        assert!(pairs("nothing").is_err() && pairs("=x").is_err() && pairs("x=%ff").is_err());
        assert_eq!(milliseconds("1500").unwrap().as_millis(), 1500);
        assert_eq!(milliseconds("2s").unwrap().as_millis(), 2000);
        assert_eq!((part("0.25"), part("1")), (Ok(250_000), Ok(1_000_000)));
        assert!(part("1.5").is_err() && part("-1").is_err() && part("NaN").is_err());
        assert!(endpoint("http://127.0.0.1:4318").is_ok() && endpoint("https://user@host").is_err());
        assert!(endpoint("127.0.0.1:4317").is_err() && endpoint("grpc://host").is_err());
    }
}

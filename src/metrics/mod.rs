//! What is counted and timed, and the text in which a Prometheus server reads it.
//!
//! Instruments are reached by methods that say what happened. Whoever counts on a busy path looks up once a turn what it
//! counts with ([`Turn`]); from then on an event is some atomic additions: no lock, no label.
//! Labels take few values. A word from outside is a label only when whoever hands it in has found it in a list of its own,
//! and what is past [`MOST_MODELS`] counts as `other` all the same.
//! It must not know HTTP, nor what a turn, a dialect or an account is: it takes names and numbers.
//!
//! In reading order: `instruments` is the list of all that is counted while it happens (a new instrument is a field and a
//! line there), `turn` counts one turn, `accounts` and `process` are read when somebody looks, `histogram` is the clockwork.

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use prometheus_client::{
    encoding::{prometheus_text, text},
    registry::Registry,
};

mod accounts;
mod histogram;
mod instruments;
#[cfg(target_os = "linux")]
mod linux;
mod process;
mod turn;

pub use accounts::{Accounts, Credits, Done};
use instruments::Instruments;
pub use instruments::MOST_MODELS;
pub use turn::{Outcome, Spent, Turn};

/// Names and values that tell the series of one metric apart.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// A form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Prometheus's own, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Form {
    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Everything that is counted. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    instruments: Arc<Instruments>,
    began: SystemTime,
}

impl Metrics {
    /// Instruments that have counted nothing yet, of a program of this version.
    #[must_use]
    pub fn new(version: &'static str) -> Self {
        Self { instruments: Arc::new(Instruments::new(version)), began: SystemTime::now() }
    }

    /// A turn begins, asked for in this dialect.
    #[must_use]
    pub fn turn(&self, dialect: &'static str) -> Turn {
        Turn::new(Arc::clone(&self.instruments), dialect)
    }

    /// A request was answered with `status`. `target` is the kind of thing that it asked for.
    pub fn answered(&self, target: &'static str, status: u16) {
        let labels = [("target", target.into()), ("status", status.to_string().into())];
        self.instruments.answers.get_or_create(&labels).inc();
    }

    /// The upstream answered with `status`, this long after it was asked.
    pub fn upstream_answered(&self, status: u16, after: Duration) {
        self.instruments.upstream_answers.get_or_create(&[("status", status.to_string().into())]).inc();
        self.instruments.upstream_latency.observe(after);
    }

    /// The upstream did not answer at all.
    pub fn upstream_silent(&self) {
        self.instruments.upstream_answers.get_or_create(&[("status", "none".into())]).inc();
    }

    /// The upstream was, or is to be, asked another time for the same turn.
    pub fn again(&self, reason: &'static str) {
        self.instruments.again.get_or_create(&[("reason", reason.into())]).inc();
    }

    /// Makes a series of the counter of [`Metrics::again`] for each reason there is, so that each can be seen at nought.
    pub fn reasons_to_ask_again(&self, reasons: &[&'static str]) {
        for reason in reasons {
            drop(self.instruments.again.get_or_create(&[("reason", (*reason).into())]));
        }
    }

    /// Spans were handed to a collector, or could not be.
    pub fn spans(&self, number: usize, were_taken: bool) {
        let spans = if were_taken { &self.instruments.spans_sent } else { &self.instruments.spans_lost };
        spans.inc_by(number as u64);
    }

    /// All of it as text, with how `accounts` stand now.
    #[must_use]
    pub fn render(&self, form: Form, accounts: &Accounts) -> String {
        let mut now = Registry::default();
        accounts.register(&mut now);
        process::register(&mut now, self.began);
        let (counted, mut text) = (&self.instruments.registry, String::with_capacity(16 * 1024));
        let written = match form {
            Form::Prometheus => {
                prometheus_text::encode(&mut text, counted).and_then(|()| prometheus_text::encode(&mut text, &now))
            }
            Form::OpenMetrics => text::encode_registry(&mut text, counted)
                .and_then(|()| text::encode_registry(&mut text, &now))
                .and_then(|()| text::encode_eof(&mut text)),
        };
        // Nothing can keep text from being appended to text.
        written.map(|()| text).unwrap_or_default()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("began", &self.began).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        time::{Duration, Instant},
    };

    use super::{Accounts, Form, MOST_MODELS, Metrics, Outcome, Spent};

    fn spent() -> Spent {
        Spent {
            input: 70,
            cache_read: 30,
            output: 9,
            reasoning: 1,
            credits: Some(1.5),
            source: "charges",
            ..Spent::default()
        }
    }

    /// One turn of everything.
    fn busy() -> Metrics {
        let metrics = Metrics::new("1.2.3");
        let mut turn = metrics.turn("openai_chat");
        turn.model("auto");
        turn.streams();
        turn.heartbeat();
        turn.heard(2, true, Instant::now());
        turn.heard(1, false, Instant::now());
        turn.spent(&spent());
        turn.end(Outcome::Completed, "end_turn");
        metrics.answered("openai_chat", 200);
        metrics.upstream_answered(200, Duration::from_millis(30));
        metrics.upstream_silent();
        metrics.again("transient");
        metrics
    }

    fn lines(metrics: &Metrics, form: Form) -> Vec<String> {
        metrics.render(form, &Accounts::default()).lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_happened_is_counted_under_its_labels() {
        let lines = lines(&busy(), Form::Prometheus);
        for expected in [
            r#"warp2api_turns_total{dialect="openai_chat",model="auto",outcome="completed",reason="end_turn"} 1"#,
            r#"warp2api_turns_in_flight{dialect="openai_chat"} 0"#,
            r#"warp2api_streams_in_flight{dialect="openai_chat"} 0"#,
            r#"warp2api_heartbeats_total{dialect="openai_chat"} 1"#,
            r#"warp2api_events_total{dialect="openai_chat",model="auto"} 3"#,
            r#"warp2api_event_gap_seconds_count{model="auto"} 1"#,
            r#"warp2api_first_event_seconds_count{dialect="openai_chat",model="auto"} 1"#,
            r#"warp2api_turn_duration_seconds_bucket{dialect="openai_chat",model="auto",le="+Inf"} 1"#,
            r#"warp2api_tokens_total{model="auto",kind="input",source="charges"} 70"#,
            r#"warp2api_tokens_total{model="auto",kind="cache_read",source="charges"} 30"#,
            r#"warp2api_tokens_total{model="auto",kind="reasoning",source="charges"} 1"#,
            r#"warp2api_credits_total{model="auto",source="charges"} 1.5"#,
            r#"warp2api_upstream_answers_total{status="none"} 1"#,
            r#"warp2api_upstream_answer_seconds_bucket{le="0.05"} 1"#,
            r#"warp2api_retries_total{reason="transient"} 1"#,
            r#"warp2api_http_requests_total{target="openai_chat",status="200"} 1"#,
            r#"warp2api_build_info{version="1.2.3"} 1"#,
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected} is not in\n{}", lines.join("\n"));
        }
    }

    #[test]
    fn a_turn_that_is_dropped_is_no_longer_in_flight() {
        let metrics = Metrics::new("1");
        let in_flight = |metrics: &Metrics| {
            let text = lines(metrics, Form::Prometheus).join("\n");
            let of = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().ends_with(" 1");
            (of("warp2api_turns_in_flight{"), of("warp2api_streams_in_flight{"))
        };
        let mut turn = metrics.turn("gemini");
        turn.streams();
        assert_eq!(in_flight(&metrics), (true, true));
        drop(turn);
        assert_eq!(in_flight(&metrics), (false, false));
    }

    #[test]
    fn there_are_only_so_many_models() {
        let metrics = Metrics::new("1");
        for number in 0..MOST_MODELS + 50 {
            let mut turn = metrics.turn("gemini");
            turn.model(&format!("model-{number}"));
            turn.end(Outcome::Failed, "upstream");
        }
        let lines = lines(&metrics, Form::Prometheus);
        let turns: Vec<&String> = lines.iter().filter(|line| line.starts_with("warp2api_turns_total{")).collect();
        assert_eq!(turns.len(), MOST_MODELS + 1);
        assert!(turns.iter().any(|line| line.contains("model=\"other\"") && line.ends_with(" 50")), "{turns:#?}");
    }

    #[test]
    fn every_metric_is_described_in_either_form() {
        for form in [Form::Prometheus, Form::OpenMetrics] {
            let lines = lines(&busy(), form);
            let named = |keyword: &str| -> BTreeSet<String> {
                let words = lines.iter().filter_map(|line| line.strip_prefix(keyword)?.split(' ').next());
                words.map(str::to_owned).collect()
            };
            let (help, kinds) = (named("# HELP "), named("# TYPE "));
            assert_eq!(help, kinds);
            for line in lines.iter().filter(|line| !line.starts_with('#')) {
                let name = line.split(['{', ' ']).next().unwrap();
                let described = ["", "_bucket", "_sum", "_count", "_total", "_info"]
                    .iter()
                    .any(|end| name.strip_suffix(end).is_some_and(|stem| help.contains(stem)));
                assert!(described, "{name} is not described");
            }
        }
        assert_eq!(lines(&busy(), Form::OpenMetrics).last().unwrap(), "# EOF");
    }
}

//! `verify`: runs captures through every dialect's encoder, and holds what clients would receive, streamed and as one
//! body, against the rules of the official ones.

use serde_json::{Map, Value, json};

use crate::{
    cli::{
        args::VerifyArguments,
        exchanges::{self, Exchange, Seen, View},
        exit::{Exit, Failure},
        output::Output,
    },
    dialect::{
        self, Dialect, Listener,
        check::{self, Broken, End, Heard, Report},
    },
    schema::Schema,
    turn::TurnEvent,
};

/// Runs the verb.
pub(crate) fn run(arguments: &VerifyArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let mut view = Verifier { json: arguments.json, events: Vec::new(), exchanges: 0, broken: 0 };
    let walked = exchanges::walk(&arguments.files, false, schema, &mut view, output);
    match view.broken {
        0 => walked,
        1 => Err(Failure::new(Exit::Failed, "one rule is broken")),
        many => Err(Failure::new(Exit::Failed, format!("{many} rules are broken"))),
    }
}

struct Verifier {
    json: bool,
    /// What a user hears of the exchange that is being read.
    events: Vec<TurnEvent>,
    exchanges: usize,
    broken: usize,
}

impl View for Verifier {
    fn event(&mut self, _: &mut Output, _: &Seen<'_>, heard: &[TurnEvent]) -> Result<(), Failure> {
        self.events.extend_from_slice(heard);
        Ok(())
    }

    fn finished(&mut self, output: &mut Output, exchange: Exchange, heard: &[TurnEvent]) -> Result<(), Failure> {
        let mut events = std::mem::take(&mut self.events);
        events.extend_from_slice(heard);
        if exchange.status.is_some_and(|status| status != 200) {
            output.note(&format!("{}, exchange {}: refused, no answer to verify", exchange.source, exchange.number));
            return Ok(());
        }
        self.exchanges += 1;
        let reports = self.reports(&events)?;
        self.broken += reports.iter().map(|(_, report)| report.broken.len()).sum::<usize>();
        match self.json {
            true => output.json(&as_json(&exchange, &reports))?,
            false => output.text(&table(&exchange, &reports))?,
        }
        Ok(())
    }
}

impl Verifier {
    /// What a client of each dialect makes of the answer.
    fn reports(&self, events: &[TurnEvent]) -> Result<Vec<(&'static str, Report)>, Failure> {
        let mut reports: Vec<(&'static str, Report)> = Vec::new();
        for dialect in dialect::ALL {
            let stream = self.stream(*dialect, events)?;
            let Some(mut report) = check::stream(dialect.name(), &stream) else { continue };
            if let Some(body) = self.body(*dialect, events, &report.heard)? {
                report.broken.extend(body.broken);
                report.broken.extend(disagreement(BODY, "the stream", &report.heard, &body.heard));
            }
            report.broken.extend(self.refusal(*dialect, events));
            if let Some((first, known)) = reports.first() {
                report.broken.extend(disagreement(DIALECTS, first, &known.heard, &report.heard));
            }
            reports.push((dialect.name(), report));
        }
        Ok(reports)
    }

    fn stream(&self, dialect: &dyn Dialect, events: &[TurnEvent]) -> Result<String, Failure> {
        let Some(first) = events.first() else { return Ok(String::new()) };
        let mut listener = Listener::new(dialect, &Listener::id_of(first, self.exchanges))?;
        events.iter().for_each(|event| listener.hear(event));
        Ok(listener.take())
    }

    /// What a client makes of the answer as one body; nothing of one that failed, for then it is sent an error.
    fn body(&self, dialect: &dyn Dialect, events: &[TurnEvent], streamed: &Heard) -> Result<Option<Report>, Failure> {
        let (Some(first), End::Complete(_)) = (events.first(), &streamed.end) else { return Ok(None) };
        let mut listener = Listener::waiting(dialect, &Listener::id_of(first, self.exchanges))?;
        events.iter().for_each(|event| listener.hear(event));
        Ok(check::body(dialect.name(), &listener.body()))
    }
}

impl Verifier {
    /// What is wrong with the error that a client is sent in the place of an answer that failed, if it has heard nothing.
    fn refusal(&self, dialect: &dyn Dialect, events: &[TurnEvent]) -> Vec<Broken> {
        let failed = events.iter().find_map(|event| match event {
            TurnEvent::Failed(error) => Some(error),
            _ => None,
        });
        let Some(error) = failed else { return Vec::new() };
        let reply = dialect.error(error, &self.exchanges.to_string());
        check::refusal(dialect.name(), reply.status, &reply.body).unwrap_or_default()
    }
}

const BODY: &str = "one body says what the stream says";
const DIALECTS: &str = "clients of all dialects hear the same";

/// That a client heard something else than another, of `whom`, which breaks `rule`.
fn disagreement(rule: &'static str, whom: &str, known: &Heard, heard: &Heard) -> Option<Broken> {
    let counts = |heard: &Heard| heard.usage.map(|usage| (usage.input, usage.output));
    let found = match () {
        () if known.text != heard.text => format!("the text is not that of {whom}: {:?}", heard.text),
        () if known.calls != heard.calls => format!("the calls are not those of {whom}: {:?}", heard.calls),
        // Who breaks off may have no place for a usage.
        () if counts(known) != counts(heard) && counts(known).is_some() && counts(heard).is_some() => {
            format!("the usage is not that of {whom}: {:?}", counts(heard))
        }
        () if rule == BODY && known.end != heard.end => format!("the end is not that of {whom}: {:?}", heard.end),
        () => return None,
    };
    Some(Broken { event: 0, rule, found })
}

/// One line a dialect, and one for each broken rule.
fn table(exchange: &Exchange, reports: &[(&'static str, Report)]) -> String {
    let name = match exchange.number {
        1 => exchange.source.clone(),
        number => format!("{}, exchange {number}", exchange.source),
    };
    let mut lines = String::new();
    for (dialect, report) in reports {
        let result = match report.broken.len() {
            0 => "ok".to_owned(),
            1 => "1 rule broken".to_owned(),
            many => format!("{many} rules broken"),
        };
        lines += &format!("{name}  {dialect:<16}  {result}\n");
        for Broken { event, rule, found } in &report.broken {
            let place = if *event == 0 { String::new() } else { format!("event {event}: ") };
            lines += &format!("    {place}{rule}; but {found}\n");
        }
    }
    lines
}

fn as_json(exchange: &Exchange, reports: &[(&'static str, Report)]) -> Value {
    let dialects: Map<String, Value> = reports
        .iter()
        .map(|(dialect, report)| {
            let broken = report.broken.iter();
            let broken = broken.map(|one| json!({"event": one.event, "rule": one.rule, "found": one.found}));
            let broken: Vec<Value> = broken.collect();
            ((*dialect).to_owned(), json!({"ok": broken.is_empty(), "broken": broken}))
        })
        .collect();
    json!({"source": exchange.source, "exchange": exchange.number, "dialects": dialects})
}

#[cfg(test)]
mod tests {
    use super::{BODY, DIALECTS, Verifier, disagreement};
    use crate::{
        cli::output::{Manner, testing::output},
        dialect::check::{Broken, Counts, End, Heard, Report},
        turn::{ErrorKind, StopReason, TurnError, TurnEvent},
    };

    fn verifier() -> Verifier {
        Verifier { json: false, events: Vec::new(), exchanges: 0, broken: 0 }
    }

    #[test]
    fn what_the_encoders_write_is_what_clients_want() {
        let events = [TurnEvent::Text("a".to_owned()), TurnEvent::Finished(StopReason::EndTurn)];
        let reports = verifier().reports(&events).ok().unwrap();
        assert_eq!(reports.len(), 4);
        assert!(reports.iter().all(|(_, report)| report.broken.is_empty() && report.heard.text == "a"), "{reports:?}");
    }

    #[test]
    fn an_answer_without_an_end_breaks_a_rule_in_every_dialect() {
        let events = [TurnEvent::Text("a".to_owned())];
        let reports = verifier().reports(&events).ok().unwrap();
        assert!(reports.iter().all(|(_, report)| !report.broken.is_empty()), "{reports:?}");
    }

    #[test]
    fn every_error_is_one_that_clients_understand() {
        use ErrorKind::{
            BodyTooLarge, ClientKey, ContextLengthExceeded, Forbidden, Internal, InvalidRequest, MethodNotAllowed,
            ModelNotAllowed, ModelNotFound, ModelUnavailable, NoCredential, NotFound, QuotaExhausted, RateLimited,
            Truncated, UnsupportedEncoding, Upstream, UpstreamTimeout, UpstreamUnavailable, VendorKey,
        };
        let kinds = [
            BodyTooLarge,
            ClientKey,
            ContextLengthExceeded,
            Forbidden,
            Internal,
            InvalidRequest,
            MethodNotAllowed,
            ModelNotAllowed,
            ModelNotFound,
            ModelUnavailable,
            NoCredential,
            NotFound,
            QuotaExhausted,
            RateLimited,
            Truncated,
            UnsupportedEncoding,
            Upstream,
            UpstreamTimeout,
            UpstreamUnavailable,
            VendorKey,
        ];
        for kind in kinds {
            for said in [&[][..], &[TurnEvent::Text("a".to_owned())]] {
                let events = [said, &[TurnEvent::Failed(TurnError::new(kind, "x"))]].concat();
                let reports = verifier().reports(&events).ok().unwrap();
                assert!(reports.iter().all(|(_, report)| report.broken.is_empty()), "{kind:?}: {reports:#?}");
            }
        }
    }

    #[test]
    fn broken_rules_are_listed_below_their_dialect() {
        let known = Heard { text: "a".to_owned(), ..Heard::default() };
        let other = disagreement(DIALECTS, "x", &known, &Heard::default()).unwrap();
        assert!(other.found.contains("the text is not that of x"));
        assert_eq!(disagreement(DIALECTS, "x", &known, &known), None);
        let ended = Heard { end: End::Complete("stop".to_owned()), ..known.clone() };
        assert_eq!(disagreement(DIALECTS, "x", &known, &ended), None);
        assert!(disagreement(BODY, "x", &known, &ended).unwrap().found.contains("the end is not that of x"));
        let counted = |output| Heard { usage: Some(Counts { output, ..Counts::default() }), ..known.clone() };
        let other = disagreement(DIALECTS, "x", &counted(1), &counted(2)).unwrap();
        assert!(other.found.contains("the usage is not that of x: Some((0, 2))"));
        let broken = Broken { event: 3, rule: "a rule", found: "something".to_owned() };
        let report = Report { heard: known, broken: vec![broken] };
        let exchange = crate::cli::exchanges::Exchange {
            source: "f".to_owned(),
            number: 2,
            opening: crate::capture::Opening::default(),
            status: None,
            refusal: String::new(),
            timing: crate::cli::exchanges::Timing::default(),
            transcript: crate::upstream::transcript::Transcript::default(),
        };
        let (mut out, read) = output(Manner::default());
        out.text(&super::table(&exchange, &[("gemini", report)])).unwrap();
        assert_eq!(read().0, "f, exchange 2  gemini            1 rule broken\n    event 3: a rule; but something\n");
    }
}

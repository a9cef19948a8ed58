//! One turn as it runs: attempts until the upstream acts, then its events until the end.
//!
//! It must not know who listens. All of it lives in one future, so that dropping that future ends the upstream call,
//! between attempts too.

use std::sync::Arc;

use bytes::Bytes;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{info, warn};

use crate::{
    credential::{Lease, Outcome},
    gateway::{Core, cut::Cut, no_credential, tokens},
    turn::{ErrorKind, StopReason, Turn, TurnError, TurnEvent, Usage, UsageSource},
    upstream::{
        assemble::Assembler,
        client::{self, Events},
        entry::Call,
        failure::{Class, Failure},
        request::{Built, Continued, Given, Past},
    },
};

/// A running turn.
pub(super) struct Job {
    core: Arc<Core>,
    turn: Arc<Turn>,
    built: Built,
    stage: Stage,
    cut: Cut,
    /// Attempts made with the current request.
    attempts: u32,
    /// True once a credential has been renewed for this turn.
    renewed: bool,
    refusals_left: u32,
    /// What rounds whose calls were refused have cost.
    earlier: Usage,
    has_started: bool,
    has_called: bool,
    /// What the model has said, for estimates.
    output: String,
    reasoning: String,
}

enum Stage {
    /// The request is to be sent, with this credential or a new one.
    Asking(Option<Lease>),
    Reading(Box<Reading>),
    Over,
}

struct Reading {
    events: Events,
    assembler: Assembler,
    lease: Lease,
    payloads: Vec<Bytes>,
}

/// How a reading went on.
enum Step {
    /// Events for the client, and the answer goes on.
    More,
    /// The answer is over.
    Over,
    /// The upstream called tools that nobody offered; this answers it.
    Refuse(Built),
}

impl Job {
    pub(super) fn new(core: Arc<Core>, turn: Turn) -> Result<Self, TurnError> {
        let given = Given { now: &now(), new_id: &mut || uuid::Uuid::new_v4().to_string() };
        let built = core.upstream.build(&turn, &Past::Replayed, given)?;
        Ok(Self {
            built,
            stage: Stage::Asking(None),
            cut: Cut::new(turn.limits.clone()),
            attempts: 0,
            renewed: false,
            refusals_left: core.patience.refusals,
            earlier: Usage { source: UsageSource::Charges, ..Usage::default() },
            has_started: false,
            has_called: false,
            output: String::new(),
            reasoning: String::new(),
            turn: Arc::new(turn),
            core,
        })
    }

    /// The next batch of events, none of them twice; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<TurnEvent>> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Asking(lease) => match self.ask(lease).await {
                    Ok(reading) => self.stage = Stage::Reading(Box::new(reading)),
                    Err((failure, lease)) => self.recover(failure, lease, &mut batch).await,
                },
                Stage::Reading(mut reading) => match self.read(&mut reading, &mut batch).await {
                    Ok(Step::More) => self.stage = Stage::Reading(reading),
                    Ok(Step::Over) => reading.lease.settle(outcome(&batch)),
                    Ok(Step::Refuse(built)) => {
                        self.built = built;
                        self.attempts = 0;
                        self.stage = Stage::Asking(Some(reading.lease));
                    }
                    Err(failure) if !reading.assembler.has_acted() => {
                        self.recover(failure, Some(reading.lease), &mut batch).await;
                    }
                    Err(failure) => {
                        reading.lease.settle(Outcome::Failed);
                        self.fail(failure.error, &mut batch);
                    }
                },
            }
        }
        Some(batch)
    }

    async fn ask(&mut self, lease: Option<Lease>) -> Result<Reading, (Failure, Option<Lease>)> {
        let lease = match lease {
            Some(lease) => lease,
            None => {
                self.core.credentials.lease().await.map_err(|error| (Failure::terminal(no_credential(&error)), None))?
            }
        };
        self.attempts += 1;
        let assembler = self.core.upstream.assembler(&self.built.tasks);
        let assembler = match assembler {
            Ok(assembler) => assembler,
            Err(error) => {
                let error = TurnError::new(ErrorKind::Internal, error.to_string());
                return Err((Failure::terminal(error), Some(lease)));
            }
        };
        match self.core.upstream.call(self.built.body.clone(), lease.bearer()).await {
            Ok(events) => Ok(Reading { events, assembler, lease, payloads: Vec::new() }),
            Err(failure) => Err((failure, Some(lease))),
        }
    }

    /// Reads what the upstream sends next, and lets what the client may hear pass into `batch`.
    async fn read(&mut self, reading: &mut Reading, batch: &mut Vec<TurnEvent>) -> Result<Step, Failure> {
        let goes_on = reading.events.next(&mut reading.payloads).await?;
        let mut heard = Vec::new();
        for wire in reading.payloads.drain(..) {
            reading.assembler.push(&wire, &mut heard).map_err(|error| client::undecodable(&error))?;
        }
        if !goes_on {
            reading.assembler.end(&mut heard);
        }
        if reading.assembler.is_over()
            && let Some(built) = self.refuse(&reading.assembler)?
        {
            heard.retain(|event| self.outlives_refusal(event));
            self.pass(heard, batch);
            return Ok(Step::Refuse(built));
        }
        let was_cut = self.pass(heard, batch);
        Ok(if was_cut || reading.assembler.is_over() { Step::Over } else { Step::More })
    }

    /// The request that answers calls of tools that nobody offered, when the answer ended with nothing but such calls.
    fn refuse(&mut self, assembler: &Assembler) -> Result<Option<Built>, Failure> {
        let calls = assembler.pending_calls();
        if calls.is_empty() || calls.iter().any(|call| self.is_offered(call)) || assembler.is_damaged() {
            return Ok(None);
        }
        let Some(left) = self.refusals_left.checked_sub(1) else { return Ok(None) };
        self.refusals_left = left;
        info!(calls = calls.len(), "the model called tools that were not offered; they are answered as unavailable");
        let conversation_id = assembler.conversation_id().to_owned();
        let past = Continued { conversation_id, tasks: assembler.tree().active_tasks() };
        let built = self.core.upstream.refuse(&self.turn, past, &calls, &now());
        built.map(Some).map_err(Failure::terminal)
    }

    /// Whether the client hears `event` of a round whose calls are refused: the answer goes on, so its end is none, and
    /// what it cost is kept for the end.
    fn outlives_refusal(&mut self, event: &TurnEvent) -> bool {
        match event {
            TurnEvent::Usage(usage) => {
                self.earlier.add(usage);
                false
            }
            TurnEvent::Citations(_) | TurnEvent::ToolCall(_) | TurnEvent::Finished(_) | TurnEvent::Failed(_) => false,
            TurnEvent::Started { .. }
            | TurnEvent::ModelUsed { .. }
            | TurnEvent::WebSearch(_)
            | TurnEvent::Text(_)
            | TurnEvent::Reasoning(_) => true,
        }
    }

    fn is_offered(&self, call: &Call) -> bool {
        match call {
            Call::Client { name, .. } => self.turn.tools.iter().any(|tool| tool.name == *name),
            Call::Server { .. } | Call::BuiltIn { .. } => false,
        }
    }

    /// Lets events pass to the client within its limits. Returns true when one of them was met.
    fn pass(&mut self, heard: Vec<TurnEvent>, batch: &mut Vec<TurnEvent>) -> bool {
        for event in heard {
            let event = match event {
                TurnEvent::Started { .. } if std::mem::replace(&mut self.has_started, true) => continue,
                TurnEvent::ToolCall(call) if !self.turn.tools.iter().any(|tool| tool.name == call.name) => {
                    warn!("the model called a tool that was not offered; the call is left out");
                    continue;
                }
                TurnEvent::Finished(StopReason::ToolCalls) if !self.has_called => {
                    TurnEvent::Finished(StopReason::EndTurn)
                }
                TurnEvent::Usage(usage) => TurnEvent::Usage(self.complete(usage)),
                event => event,
            };
            let from = batch.len();
            let was_cut = self.cut.pass(event, batch);
            self.note_output(&batch[from..]);
            if was_cut {
                let usage = self.complete(Usage::default());
                batch.insert(batch.len() - 1, TurnEvent::Usage(usage));
                return true;
            }
        }
        false
    }

    fn note_output(&mut self, events: &[TurnEvent]) {
        for event in events {
            match event {
                TurnEvent::Text(text) => self.output.push_str(text),
                TurnEvent::Reasoning(text) => self.reasoning.push_str(text),
                TurnEvent::ToolCall(call) => {
                    self.has_called = true;
                    self.output.push_str(&call.name);
                    self.output.push_str(&serde_json::to_string(&call.arguments).unwrap_or_default());
                }
                TurnEvent::Started { .. }
                | TurnEvent::ModelUsed { .. }
                | TurnEvent::WebSearch(_)
                | TurnEvent::Citations(_)
                | TurnEvent::Usage(_)
                | TurnEvent::Finished(_)
                | TurnEvent::Failed(_) => {}
            }
        }
    }

    /// `usage` with that of earlier rounds, and with estimates where the upstream gave no numbers. The growth of the
    /// conversation and estimates hold all rounds already.
    fn complete(&self, mut usage: Usage) -> Usage {
        match usage.source {
            UsageSource::Charges | UsageSource::TokenUsage => usage.add(&self.earlier),
            UsageSource::Growth => {
                usage.output_tokens = self.count_output().min(usage.input_tokens);
                usage.input_tokens -= usage.output_tokens;
            }
            UsageSource::Estimate => {
                usage.input_tokens = tokens::count_input(&self.turn);
                usage.output_tokens = self.count_output();
            }
        }
        if !self.reasoning.is_empty() {
            usage.reasoning_tokens = tokens::count(&self.reasoning).min(usage.output_tokens);
        }
        usage
    }

    fn count_output(&self) -> u64 {
        tokens::count(&self.output) + tokens::count(&self.reasoning)
    }

    /// Prepares another attempt where one may help, else ends the turn.
    async fn recover(&mut self, failure: Failure, lease: Option<Lease>, batch: &mut Vec<TurnEvent>) {
        let retried = match lease {
            Some(lease) => self.retry(&failure, lease).await,
            None => Err(failure.error),
        };
        match retried {
            Ok(lease) => self.stage = Stage::Asking(lease),
            Err(error) => self.fail(error, batch),
        }
    }

    /// Waits for the time of another attempt, and says with which credential to make it.
    async fn retry(&mut self, failure: &Failure, lease: Lease) -> Result<Option<Lease>, TurnError> {
        let error = failure.error.clone();
        match failure.class {
            Class::Unauthorized if !self.renewed => {
                self.renewed = true;
                let renewed = self.core.credentials.renew(&lease).await;
                lease.settle(Outcome::Unauthorized);
                return renewed.map(Some).map_err(|error| no_credential(&error));
            }
            Class::Unauthorized => lease.settle(Outcome::Unauthorized),
            Class::OutOfCredits => lease.settle(Outcome::OutOfCredits),
            Class::Forbidden => lease.settle(Outcome::Forbidden),
            Class::Terminal => lease.settle(Outcome::Failed),
            Class::RateLimited => {
                lease.settle(Outcome::RateLimited { retry_after: error.retry_after });
                return self.pause(error).await.map(|()| None);
            }
            Class::Transient => return self.pause(error).await.map(|()| Some(lease)),
        }
        Err(error)
    }

    /// Waits before the next attempt, or says that there is none.
    async fn pause(&self, error: TurnError) -> Result<(), TurnError> {
        let patience = &self.core.patience;
        let pause = patience.pause(self.attempts).max(error.retry_after.unwrap_or_default());
        if self.attempts >= patience.attempts || pause > patience.longest_pause {
            return Err(error);
        }
        info!(attempt = self.attempts, kind = ?error.kind, ?pause, "an attempt failed; another follows");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Ends the turn with what was held back of the answer and why it failed.
    fn fail(&mut self, error: TurnError, batch: &mut Vec<TurnEvent>) {
        self.stage = Stage::Over;
        self.pass(vec![TurnEvent::Failed(error)], batch);
    }
}

/// What the end of an answer shows of the credential that paid for it.
fn outcome(batch: &[TurnEvent]) -> Outcome {
    match batch.last() {
        Some(TurnEvent::Failed(error)) if error.kind == ErrorKind::QuotaExhausted => Outcome::OutOfCredits,
        Some(TurnEvent::Failed(_)) => Outcome::Failed,
        Some(_) | None => Outcome::Done,
    }
}

/// The time as the protocol's JSON has it.
fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

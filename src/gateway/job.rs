//! One turn as it runs: attempts until the upstream acts, then its events until the end.
//!
//! It must not know who listens. All of it lives in one future, so that dropping that future ends the upstream call,
//! between attempts too.

use std::sync::Arc;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{info, warn};

use crate::{
    credential::{CredentialError, Lease, Outcome, Wish},
    gateway::{
        Core, Meter, Scope,
        continuity::{Conversation, Place},
        cut::Cut,
        demand::{self, Demand},
        form::Form,
        no_credential,
        observe::{Again, Watches},
        reading::Reading,
        tally::Tally,
    },
    turn::{ErrorKind, Message, StopReason, ToolChoice, Turn, TurnError, TurnEvent, Usage},
    upstream::{
        assemble::Assembler,
        client,
        entry::Call,
        failure::{Class, Failure},
        request::{Built, Continued, Given, Past},
    },
};

/// A running turn.
pub(super) struct Job {
    core: Arc<Core>,
    turn: Arc<Turn>,
    place: Place,
    /// The upstream conversation that the turn goes on, if there is one.
    past: Option<Conversation>,
    /// Tokens of that conversation when the turn began, where known.
    tokens_before: Option<u64>,
    /// The request, once there is one.
    built: Option<Built>,
    stage: Stage,
    cut: Cut,
    form: Option<Form>,
    /// What the answer must call, until the model has been asked for it once more.
    demand: Option<Demand>,
    /// Text of an answer that is let go only when it is over, for the model may have to give another.
    held: Option<String>,
    tally: Tally,
    meter: Meter,
    watches: Watches,
    /// Attempts made with the current request.
    attempts: u32,
    /// True once a credential has been renewed for this turn.
    renewed: bool,
    /// The accounts that have refused this turn.
    tried: Vec<String>,
    /// How often calls of tools that nobody offered may still be answered.
    refusals_left: u32,
    /// True once the model may not be asked again for the form of its answer.
    is_corrected: bool,
    /// True once the answer has gone on in another round.
    has_rounds: bool,
    has_started: bool,
}

enum Stage {
    /// The request is to be sent, with this credential or a new one.
    Asking(Option<Lease>),
    Reading(Box<Reading>),
    Over,
}

/// How a reading went on.
enum Step {
    /// Events for the client, and the answer goes on.
    More,
    /// The answer is over.
    Over,
    /// The answer goes on with another request.
    Again(Built),
}

impl Job {
    pub(super) async fn new(core: Arc<Core>, turn: Turn, scope: Scope, meter: Meter) -> Result<Self, TurnError> {
        let place = Place::of(&turn, scope);
        let past = place.recall(core.conversations.as_ref()).await;
        let turn = Arc::new(turn);
        let form = turn.format.as_ref().map(Form::new).transpose()?;
        let demand = Demand::of(&turn);
        let watches = core.observers.begin(&turn, place.scope());
        Ok(Self {
            held: (form.is_some() || demand.is_some()).then(String::new),
            form,
            demand,
            tokens_before: past.as_ref().map_or(Some(0), |past| past.tokens),
            past,
            place,
            built: None,
            stage: Stage::Asking(None),
            cut: Cut::new(turn.limits.clone()),
            tally: Tally::new(Arc::clone(&turn)),
            watches,
            meter,
            attempts: 0,
            renewed: false,
            tried: Vec::new(),
            refusals_left: core.patience.refusals,
            is_corrected: false,
            has_rounds: false,
            has_started: false,
            turn,
            core,
        })
    }

    /// The next batch of events, none of them twice; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<TurnEvent>> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                // What happens once a turn has its room while it happens, and not for as long as the answer takes.
                Stage::Asking(lease) => match Box::pin(self.ask(lease)).await {
                    Ok(reading) => self.stage = Stage::Reading(Box::new(reading)),
                    Err((failure, lease)) => Box::pin(self.recover(failure, lease, &mut batch)).await,
                },
                Stage::Reading(mut reading) => match self.read(&mut reading, &mut batch).await {
                    Ok(Step::More) => self.stage = Stage::Reading(reading),
                    Ok(Step::Over) => {
                        Box::pin(self.remember(&reading, &batch)).await;
                        self.core.charge(&reading.lease, &batch);
                        self.settle(&reading.lease, outcome(&batch));
                    }
                    Ok(Step::Again(built)) => {
                        self.built = Some(built);
                        self.attempts = 0;
                        self.has_rounds = true;
                        self.stage = Stage::Asking(Some(reading.lease));
                    }
                    Err(failure) if !reading.assembler.has_acted() => {
                        Box::pin(self.recover(failure, Some(reading.lease), &mut batch)).await;
                    }
                    Err(failure) => {
                        self.settle(&reading.lease, Outcome::Failed);
                        self.fail(failure.error, &mut batch);
                    }
                },
            }
        }
        self.watches.heard(&batch);
        Some(batch)
    }

    async fn ask(&mut self, lease: Option<Lease>) -> Result<Reading, (Failure, Option<Lease>)> {
        let lease = match lease {
            Some(lease) => lease,
            None => self.borrow().await.map_err(|error| (Failure::terminal(no_credential(&error)), None))?,
        };
        self.attempts += 1;
        self.meter.paid_by(lease.account_id());
        let built = match self.request(lease.account_id()) {
            Ok(built) => built,
            Err(error) => return Err((Failure::terminal(error), Some(lease))),
        };
        let assembler = match self.core.upstream.assembler(&built.tasks) {
            Ok(assembler) => assembler.after(self.tokens_before),
            Err(error) => {
                let error = TurnError::new(ErrorKind::Internal, error.to_string());
                return Err((Failure::terminal(error), Some(lease)));
            }
        };
        match self.core.upstream.call(built.body, lease.bearer(), self.watches.exchange(lease.account())).await {
            Ok(events) => Ok(Reading::new(events, assembler, lease)),
            Err(failure) => Err((failure, Some(lease))),
        }
    }

    /// The request to send: the same bytes for every attempt. A conversation stays with its account, so with another
    /// one the turn is replayed.
    fn request(&mut self, account: &str) -> Result<Built, TurnError> {
        if self.past.as_ref().is_some_and(|past| past.account != account) && !self.has_rounds {
            self.replay();
        }
        if let Some(built) = &self.built {
            return Ok(built.clone());
        }
        let past = self.past.as_ref().map_or(Past::Replayed, |past| Past::Continued(self.continued(past)));
        let given = Given { now: &now(), new_id: &mut || uuid::Uuid::new_v4().to_string() };
        let built = self.core.upstream.build(&self.turn, &past, given)?;
        Ok(self.built.insert(built).clone())
    }

    fn continued(&self, past: &Conversation) -> Continued {
        // What the model is told of one turn alone has to be told again with the next.
        let is_told_each_time =
            self.turn.format.is_some() || matches!(self.turn.tool_choice, ToolChoice::Required | ToolChoice::Tool(_));
        Continued {
            conversation_id: past.id.clone(),
            tasks: past.tasks.clone(),
            is_branch: past.is_continued,
            instruct: is_told_each_time || past.instructions != self.place.instructions(),
        }
    }

    /// Gives up the conversation that the turn would have gone on.
    fn replay(&mut self) {
        self.past = None;
        self.built = None;
        self.tokens_before = Some(0);
    }

    /// Reads what the upstream sends next, and lets what the client may hear pass into `batch`.
    async fn read(&mut self, reading: &mut Reading, batch: &mut Vec<TurnEvent>) -> Result<Step, Failure> {
        reading.arrive().await?;
        let mut heard = Vec::new();
        if let Err(error) = reading.assemble(&mut heard) {
            // What came before it has been said, however it arrived.
            return if self.pass(heard, batch) { Ok(Step::Over) } else { Err(client::undecodable(&error)) };
        }
        if let Some(error) = spent(&reading.assembler, &heard) {
            return Err(Failure { error, class: Class::OutOfCredits });
        }
        if reading.assembler.is_over() {
            let refused = self.refuse(&reading.assembler)?;
            let again = match refused {
                Some(built) => {
                    self.tally.keep_citations(&heard);
                    Some(built)
                }
                None => self.let_go(&reading.assembler, &mut heard)?.inspect(|_| self.tally.drop_citations()),
            };
            if let Some(built) = again {
                heard.retain(|event| self.outlives_round(event));
                self.pass(heard, batch);
                return Ok(Step::Again(built));
            }
            self.tally.cite(&mut heard);
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
        self.watches.again(Again::ToolsRefused);
        info!(calls = calls.len(), "the model called tools that were not offered; they are answered as unavailable");
        let built = self.core.upstream.refuse(&self.turn, so_far(assembler), &calls, &now());
        built.map(Some).map_err(Failure::terminal)
    }

    /// Lets the text of an answer go that was held back, when the answer is what was asked for. The request that is
    /// returned asks for one that is.
    fn let_go(&mut self, assembler: &Assembler, heard: &mut Vec<TurnEvent>) -> Result<Option<Built>, Failure> {
        let Some(held) = &mut self.held else { return Ok(None) };
        heard.retain(|event| match event {
            TurnEvent::Text(text) => {
                held.push_str(text);
                false
            }
            _ => true,
        });
        let text = std::mem::take(held);
        // Calls, limits and failures end an answer in their own way.
        if heard.last() != Some(&TurnEvent::Finished(StopReason::EndTurn)) {
            put_text(heard, text);
            return Ok(None);
        }
        match self.demand_call(assembler)? {
            Some(built) => Ok(Some(built)),
            None => self.keep_form(assembler, text, heard),
        }
    }

    /// The request that asks once more for the call that an answer lacks.
    fn demand_call(&mut self, assembler: &Assembler) -> Result<Option<Built>, Failure> {
        if assembler.is_damaged() || !assembler.pending_calls().is_empty() {
            return Ok(None);
        }
        let Some(demand) = self.demand.take() else { return Ok(None) };
        self.watches.again(Again::Corrected);
        info!("the answer lacks the tool call that was asked for; asking once more");
        let built = self.core.upstream.insist(&self.turn, so_far(assembler), demand.wish(), &now());
        built.map(Some).map_err(Failure::terminal)
    }

    /// Holds the text of a whole answer against the form that was asked for. One that fits goes out, one that does not is
    /// asked for once more by the request that is returned, and fails the second time.
    fn keep_form(
        &mut self,
        assembler: &Assembler,
        text: String,
        heard: &mut Vec<TurnEvent>,
    ) -> Result<Option<Built>, Failure> {
        let checked = match &self.form {
            Some(form) => form.check(&text),
            None => Ok(text),
        };
        match checked {
            Ok(text) => put_text(heard, text),
            Err(problem) if self.is_corrected || assembler.is_damaged() => {
                heard.pop();
                let message = format!("The model's answer does not have the form that was asked for: {problem}.");
                heard.push(TurnEvent::Failed(TurnError::new(ErrorKind::Upstream, message)));
            }
            Err(problem) => {
                self.is_corrected = true;
                self.watches.again(Again::Corrected);
                info!("the answer does not have the form that was asked for; asking once more");
                let wish = format!(
                    "Your answer does not have the required form: {problem}. Give the whole answer again, as JSON and nothing else."
                );
                let built = self.core.upstream.insist(&self.turn, so_far(assembler), wish, &now());
                return built.map(Some).map_err(Failure::terminal);
            }
        }
        Ok(None)
    }

    /// Whether the client hears `event` of a round after which the answer goes on: its end is none, and what it cost and
    /// cites is kept for the end.
    fn outlives_round(&mut self, event: &TurnEvent) -> bool {
        match event {
            TurnEvent::Usage(usage) => {
                self.tally.add_round(usage);
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
            Call::Client { name, .. } => demand::is_offered(&self.turn, name),
            Call::Server { .. } | Call::BuiltIn { .. } => false,
        }
    }

    /// Lets events pass to the client within its limits. Returns true when one of them was met.
    fn pass(&mut self, heard: Vec<TurnEvent>, batch: &mut Vec<TurnEvent>) -> bool {
        let is_over = matches!(heard.last(), Some(TurnEvent::Finished(_) | TurnEvent::Failed(_)));
        for event in heard {
            let event = match event {
                TurnEvent::Started { .. } if std::mem::replace(&mut self.has_started, true) => continue,
                TurnEvent::Text(text) if let Some(held) = self.held.as_mut().filter(|_| !is_over) => {
                    held.push_str(&text);
                    continue;
                }
                TurnEvent::ToolCall(call) if !demand::is_offered(&self.turn, &call.name) => {
                    warn!("the model called a tool that was not offered; the call is left out");
                    continue;
                }
                TurnEvent::Finished(StopReason::ToolCalls) if !self.tally.has_called() => {
                    TurnEvent::Finished(StopReason::EndTurn)
                }
                TurnEvent::Usage(usage) => TurnEvent::Usage(self.tally.complete(usage)),
                event => event,
            };
            let from = batch.len();
            let was_cut = self.cut.pass(event, batch);
            self.tally.note(&batch[from..]);
            if was_cut {
                let usage = self.tally.complete(Usage::default());
                batch.insert(batch.len() - 1, TurnEvent::Usage(usage));
                return true;
            }
        }
        false
    }

    /// Remembers the upstream's conversation for the client's next turn, when the answer came to its own end.
    async fn remember(&self, reading: &Reading, batch: &[TurnEvent]) {
        let assembler = &reading.assembler;
        let is_whole = matches!(batch.last(), Some(TurnEvent::Finished(_))) && assembler.is_over();
        if !is_whole || assembler.is_damaged() || assembler.conversation_id().is_empty() {
            return;
        }
        let messages: Vec<Message> = self.turn.messages.iter().cloned().chain([self.tally.message()]).collect();
        let conversation = Conversation {
            id: assembler.conversation_id().to_owned(),
            tasks: assembler.tree().active_tasks(),
            account: reading.lease.account_id().to_owned(),
            tokens: assembler.conversation_tokens(),
            instructions: self.place.instructions(),
            is_continued: false,
        };
        self.place.remember(self.core.conversations.as_ref(), &messages, conversation).await;
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
        if failure.class == Class::Terminal && !self.has_rounds && self.past.is_some() {
            info!(error = ?error.kind, "the upstream does not go on with the conversation; it is replayed");
            if let Some(past) = &self.past {
                self.place.forget(self.core.conversations.as_ref(), &past.id);
            }
            self.replay();
            self.watches.again(Again::Replayed);
            return Ok(Some(lease));
        }
        match failure.class {
            Class::Unauthorized if !self.renewed => {
                self.renewed = true;
                match self.core.credentials.renew(&lease).await {
                    Ok(renewed) => {
                        self.watches.again(Again::Renewed);
                        Ok(Some(renewed))
                    }
                    Err(why) => self.switch(lease, Outcome::Unauthorized, no_credential(&why)).await,
                }
            }
            Class::Unauthorized => self.switch(lease, Outcome::Unauthorized, error).await,
            Class::OutOfCredits => {
                let refresh_in = self.core.quotas.refresh_in(lease.account_id());
                self.switch(lease, Outcome::OutOfCredits { refresh_in }, error).await
            }
            Class::Forbidden => self.switch(lease, Outcome::Forbidden, error).await,
            Class::RateLimited => {
                let retry_after = error.retry_after;
                self.switch(lease, Outcome::RateLimited { retry_after }, error).await
            }
            Class::Untrusted | Class::Terminal => {
                self.settle(&lease, Outcome::Failed);
                Err(error)
            }
            Class::Transient => self.pause(error).await.map(|()| Some(lease)),
        }
    }

    /// Goes on at once with another account that is already held. Where there is none, an account that was only told to
    /// slow down is asked again after a pause; else the turn ends with `error`.
    async fn switch(&mut self, lease: Lease, outcome: Outcome, error: TurnError) -> Result<Option<Lease>, TurnError> {
        self.settle(&lease, outcome);
        let mut soonest = None;
        // Another account knows nothing of the rounds that this one has answered.
        if !self.has_rounds {
            self.tried.push(lease.account_id().to_owned());
            match self.borrow().await {
                Ok(other) => {
                    self.watches.again(Again::Switched);
                    info!(from = lease.account(), to = other.account(), kind = ?error.kind, "another account goes on");
                    return Ok(Some(other));
                }
                Err(CredentialError::NoneReady { retry_after, .. }) => soonest = retry_after,
                Err(_) => {}
            }
            self.tried.pop();
        }
        let paused = match outcome {
            Outcome::RateLimited { .. } => self.pause(error).await,
            _ => Err(error),
        };
        paused.map(|()| Some(lease)).map_err(|error| TurnError { retry_after: error.retry_after.or(soonest), ..error })
    }

    /// A bearer of the account that suits this turn best, of those that have not refused it.
    async fn borrow(&self) -> Result<Lease, CredentialError> {
        let account = self.past.as_ref().map(|past| past.account.as_str());
        self.core.credentials.lease_for(Wish { account, model: &self.turn.model, tried: &self.tried }).await
    }

    /// Tells the pool how the upstream took a bearer.
    fn settle(&self, lease: &Lease, outcome: Outcome) {
        self.core.credentials.settle(lease, outcome, !self.tried.is_empty());
    }

    /// Waits before the next attempt, or says that there is none.
    async fn pause(&mut self, error: TurnError) -> Result<(), TurnError> {
        let patience = &self.core.patience;
        let pause = patience.pause(self.attempts).max(error.retry_after.unwrap_or_default());
        if self.attempts >= patience.attempts || pause > patience.longest_pause {
            return Err(error);
        }
        self.watches.again(Again::after(&error));
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

/// The conversation as it stands, for a request that goes on with it.
fn so_far(assembler: &Assembler) -> Continued {
    Continued {
        conversation_id: assembler.conversation_id().to_owned(),
        tasks: assembler.tree().active_tasks(),
        is_branch: false,
        instruct: false,
    }
}

/// Puts `text` where an answer has its text: before what comes after all of it.
fn put_text(events: &mut Vec<TurnEvent>, text: String) {
    let comes_after = |event: &TurnEvent| match event {
        TurnEvent::Citations(_)
        | TurnEvent::ToolCall(_)
        | TurnEvent::Usage(_)
        | TurnEvent::Finished(_)
        | TurnEvent::Failed(_) => true,
        TurnEvent::Started { .. }
        | TurnEvent::ModelUsed { .. }
        | TurnEvent::Text(_)
        | TurnEvent::Reasoning(_)
        | TurnEvent::WebSearch(_) => false,
    };
    if !text.is_empty() {
        let place = events.iter().position(comes_after).unwrap_or(events.len());
        events.insert(place, TurnEvent::Text(text));
    }
}

/// Why an answer that ended before it began cannot be paid for, if that is why.
fn spent(assembler: &Assembler, heard: &[TurnEvent]) -> Option<TurnError> {
    heard.iter().find_map(|event| match event {
        TurnEvent::Failed(error) if error.kind == ErrorKind::QuotaExhausted && !assembler.has_acted() => {
            Some(error.clone())
        }
        _ => None,
    })
}

/// What the end of an answer shows of the credential that paid for it.
pub(super) fn outcome(batch: &[TurnEvent]) -> Outcome {
    match batch.last() {
        Some(TurnEvent::Failed(error)) if error.kind == ErrorKind::QuotaExhausted => {
            Outcome::OutOfCredits { refresh_in: None }
        }
        Some(TurnEvent::Failed(_)) => Outcome::Failed,
        Some(_) | None => Outcome::Done,
    }
}

/// The time as the protocol's JSON has it.
fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

//! A request that somebody has put together by hand, sent as it is: a credential on loan, one call, the answer's messages
//! as they come. It is tried again only with a renewed bearer. It must not know what the request asks.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    credential::{Lease, Outcome, Wish},
    gateway::{Core, Gateway, Scope, job, no_credential, observe::Watches},
    turn::{ErrorKind, Turn, TurnError, TurnEvent},
    upstream::{
        assemble::Assembler,
        client::Events,
        failure::{Class, Failure},
    },
};

/// The answer to a request that was sent as it is. Dropping it ends the call.
pub struct RawAnswer {
    core: Arc<Core>,
    events: Events,
    lease: Lease,
    watches: Watches,
    /// Reads along, for what the answer costs and how it ends.
    assembler: Option<Assembler>,
    is_settled: bool,
    is_over: bool,
}

/// What one reading of the upstream gave.
#[derive(Debug, Default)]
pub struct RawStep {
    /// Messages as wire bytes.
    pub messages: Vec<Bytes>,
    /// What a client would hear of them; nothing of messages that are none of the protocol.
    pub heard: Vec<TurnEvent>,
}

impl Gateway {
    /// Sends the wire bytes of a request that asks `model`, and waits for its answer to begin.
    ///
    /// # Errors
    /// When there is no credential, or the upstream refuses.
    pub async fn send_raw(&self, request: Bytes, model: &str, scope: &Scope) -> Result<RawAnswer, TurnError> {
        let core = Arc::clone(&self.core);
        let turn = Turn { model: model.to_owned(), ..Turn::default() };
        let mut watches = core.observers.begin(&turn, scope);
        match call(&core, request, model, &mut watches).await {
            Ok((events, lease)) => {
                let assembler = core.upstream.assembler(&[]).ok().map(Assembler::adopting);
                Ok(RawAnswer { core, events, lease, watches, assembler, is_settled: false, is_over: false })
            }
            Err(error) => {
                watches.heard(&[TurnEvent::Failed(error.clone())]);
                Err(error)
            }
        }
    }
}

/// Makes the call, once more with a renewed bearer when the first is not accepted.
async fn call(
    core: &Arc<Core>,
    request: Bytes,
    model: &str,
    watches: &mut Watches,
) -> Result<(Events, Lease), TurnError> {
    let lease = core.credentials.lease_for(Wish { account: None, model, tried: &[] }).await;
    let mut lease = lease.map_err(|error| no_credential(&error))?;
    let taps = watches.exchange(lease.account());
    let mut called = core.upstream.call(request.clone(), lease.bearer(), taps).await;
    if matches!(&called, Err(failure) if failure.class == Class::Unauthorized) {
        lease = core.credentials.renew(&lease).await.map_err(|error| no_credential(&error))?;
        let taps = watches.exchange(lease.account());
        called = core.upstream.call(request, lease.bearer(), taps).await;
    }
    match called {
        Ok(events) => Ok((events, lease)),
        Err(Failure { error, class }) => {
            core.credentials.settle(&lease, refused(class, &error), false);
            Err(error)
        }
    }
}

/// What a refusal shows of the credential.
fn refused(class: Class, error: &TurnError) -> Outcome {
    match class {
        Class::Unauthorized => Outcome::Unauthorized,
        Class::RateLimited => Outcome::RateLimited { retry_after: error.retry_after },
        Class::OutOfCredits => Outcome::OutOfCredits { refresh_in: None },
        Class::Forbidden => Outcome::Forbidden,
        Class::Transient | Class::Untrusted | Class::Terminal => Outcome::Failed,
    }
}

impl RawAnswer {
    /// The next messages; `None` when there are no more. An answer without its end closes with [`TurnEvent::Failed`].
    ///
    /// # Errors
    /// When the answer breaks off, after everything that came before.
    pub async fn next(&mut self) -> Result<Option<RawStep>, TurnError> {
        if self.is_over {
            return Ok(None);
        }
        let mut step = RawStep::default();
        let went_on = self.events.next().await;
        step.messages.extend(self.events.payloads().iter().map(Bytes::copy_from_slice));
        self.read_along(&mut step);
        match went_on {
            Ok(true) => {
                self.tell(&step.heard);
                Ok(Some(step))
            }
            Ok(false) => {
                self.is_over = true;
                self.end(&mut step.heard);
                self.tell(&step.heard);
                Ok((!step.messages.is_empty() || !step.heard.is_empty()).then_some(step))
            }
            Err(failure) => {
                self.is_over = true;
                self.tell(&[TurnEvent::Failed(failure.error.clone())]);
                Err(failure.error)
            }
        }
    }

    fn read_along(&mut self, step: &mut RawStep) {
        let Some(assembler) = &mut self.assembler else { return };
        if step.messages.iter().try_for_each(|wire| assembler.push(wire, &mut step.heard).map(drop)).is_err() {
            self.assembler = None;
        }
    }

    /// The stream is over: whoever has not heard of the answer's end hears that it broke off.
    fn end(&mut self, heard: &mut Vec<TurnEvent>) {
        match &mut self.assembler {
            Some(assembler) => assembler.end(heard),
            None if !self.is_settled => {
                let message = "The upstream's answer holds what is no message of the protocol.";
                heard.push(TurnEvent::Failed(TurnError::new(ErrorKind::Upstream, message)));
            }
            None => {}
        }
    }

    fn tell(&mut self, heard: &[TurnEvent]) {
        self.watches.heard(heard);
        let is_over = matches!(heard.last(), Some(TurnEvent::Finished(_) | TurnEvent::Failed(_)));
        if is_over && !self.is_settled {
            self.is_settled = true;
            self.core.charge(&self.lease, heard);
            self.core.credentials.settle(&self.lease, job::outcome(heard), false);
        }
    }
}

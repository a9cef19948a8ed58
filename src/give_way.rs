//! Gives way to all other tasks, once.
//!
//! [`tokio::task::yield_now`] alone will not do: it is over when it is polled again, and hyper polls a body twice in a row
//! when it has just written something. This one is over when the scheduler has come round.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// Whether the scheduler has come round, and who is to be told.
#[derive(Default)]
struct Round {
    is_done: AtomicBool,
    waiting: AtomicWaker,
}

impl Wake for Round {
    fn wake(self: Arc<Self>) {
        self.is_done.store(true, Ordering::Release);
        self.waiting.wake();
    }
}

/// Waits until every task has run that was ready to.
pub(crate) async fn give_way() {
    let round = Arc::new(Round::default());
    let scheduler = Waker::from(Arc::clone(&round));
    let mut asked = pin!(tokio::task::yield_now());
    let mut has_asked = false;
    poll_fn(|context| {
        round.waiting.register(context.waker());
        if round.is_done.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut has_asked, true) {
            return asked.as_mut().poll(&mut Context::from_waker(&scheduler));
        }
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
    };

    use futures_util::poll;
    use tokio::task::JoinSet;

    use super::give_way;

    #[tokio::test]
    async fn it_is_not_over_before_others_have_run_however_often_it_is_polled() {
        let ran = Arc::new(AtomicBool::new(false));
        let mut giving = pin!(give_way());
        let other = Arc::clone(&ran);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { other.store(true, Ordering::Relaxed) });
        for _ in 0..3 {
            assert!(poll!(giving.as_mut()).is_pending() && !ran.load(Ordering::Relaxed));
        }
        giving.await;
        assert!(ran.load(Ordering::Relaxed));
        tasks.join_all().await;
    }
}

//! A request of ours on its way.
//!
//! In: a request. Out: a future of its answer, which belongs to no runtime: it is a place with a lock and a waker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::diameter::Message;
use ::diameter::node::{RequestId, RouteError, SendError, Undelivered};
use parking_lot::Mutex;

use super::Shared;
use super::effects::Effects;

/// Why a request has no answer. An answer that says no is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum DiameterFailure {
    /// It is an answer, or one of the commands that peers exchange by themselves.
    #[error("not a request that a node sends")]
    NotARequest,
    /// Longer than what the node takes.
    #[error("a message of {length} bytes is too long")]
    TooLong {
        /// How long, in bytes.
        length: usize,
    },
    /// As many requests as may be have no answer, in all or at every peer that could take it.
    #[error("too many Diameter requests outstanding")]
    Busy,
    /// No peer leads to its destination: REALM_NOT_SERVED, whatever the weather.
    #[error("no route to the Diameter destination")]
    NoRoute,
    /// Nobody on the way is open: UNABLE_TO_DELIVER.
    #[error("no Diameter peer is open that can take it")]
    NoPeer,
    /// The peer that had it is closed, and there was nobody else. It may have been seen to.
    #[error("the Diameter peer failed, and no other could take the request")]
    PeerFailed,
    /// No answer came in time.
    #[error("no Diameter answer in time")]
    Deadline,
    /// The service was stopped.
    #[error("the Diameter service is stopped")]
    Stopped,
}

impl From<SendError> for DiameterFailure {
    fn from(error: SendError) -> DiameterFailure {
        match error {
            SendError::NotARequest => DiameterFailure::NotARequest,
            SendError::Stopped => DiameterFailure::Stopped,
            SendError::TooMany | SendError::Route(RouteError::Full) => DiameterFailure::Busy,
            SendError::TooLong { length } => DiameterFailure::TooLong { length },
            SendError::Route(RouteError::NoDestination | RouteError::NoRoute) => DiameterFailure::NoRoute,
            SendError::Route(RouteError::NoPeer) => DiameterFailure::NoPeer,
        }
    }
}

impl From<Undelivered> for DiameterFailure {
    fn from(why: Undelivered) -> DiameterFailure {
        match why {
            Undelivered::Deadline => DiameterFailure::Deadline,
            Undelivered::PeerFailed => DiameterFailure::PeerFailed,
        }
    }
}

/// Where an answer is laid down.
#[derive(Default)]
pub(super) struct Slot(Mutex<Place>);

#[derive(Default)]
enum Place {
    #[default]
    Unasked,
    Awaited(Waker),
    Ended(Result<Message, DiameterFailure>),
    Taken,
}

impl Slot {
    /// Lays it down; gives who is to be woken.
    pub(super) fn end(&self, end: Result<Message, DiameterFailure>) -> Option<Waker> {
        let mut place = self.0.lock();
        match std::mem::replace(&mut *place, Place::Ended(end)) {
            Place::Awaited(waker) => Some(waker),
            Place::Unasked | Place::Ended(_) => None,
            Place::Taken => {
                *place = Place::Taken;
                None
            }
        }
    }

    fn poll(&self, waker: &Waker) -> Poll<Result<Message, DiameterFailure>> {
        let mut place = self.0.lock();
        match std::mem::replace(&mut *place, Place::Taken) {
            Place::Ended(end) => Poll::Ready(end),
            Place::Awaited(known) if known.will_wake(waker) => {
                *place = Place::Awaited(known);
                Poll::Pending
            }
            Place::Unasked | Place::Awaited(_) | Place::Taken => {
                *place = Place::Awaited(waker.clone());
                Poll::Pending
            }
        }
    }

    /// Nobody will ask. Tells whether it had ended before. What is dropped may be a waker of anything, so the mutex of
    /// the node must be free.
    fn abandon(&self) -> bool {
        let place = std::mem::replace(&mut *self.0.lock(), Place::Taken);
        matches!(place, Place::Ended(_))
    }
}

/// A request on its way; a future of its answer. Dropped, the request is given up: an answer that comes yet goes
/// nowhere.
#[must_use = "what is dropped is given up"]
pub struct Pending(State);

enum State {
    Failed(DiameterFailure),
    Waiting { slot: Arc<Slot>, request: RequestId, shared: Arc<Shared> },
    Done,
}

/// Sends a request.
pub(super) fn send(shared: &Arc<Shared>, message: Message, within: Duration) -> Pending {
    let slot = Arc::new(Slot::default());
    let mut effects = Effects::default();
    let sent = shared.driver.lock().send(message, within, slot.clone(), &mut effects);
    effects.run(shared);
    Pending(match sent {
        Ok(request) => State::Waiting { slot, request, shared: shared.clone() },
        Err(failure) => State::Failed(failure),
    })
}

impl Future for Pending {
    type Output = Result<Message, DiameterFailure>;

    /// # Panics
    /// Polled again after its end.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let end = match &self.0 {
            State::Failed(failure) => Err(*failure),
            State::Waiting { slot, .. } => match slot.poll(context.waker()) {
                Poll::Ready(end) => end,
                Poll::Pending => return Poll::Pending,
            },
            State::Done => panic!("a future that has ended is not polled again"),
        };
        self.0 = State::Done;
        Poll::Ready(end)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let State::Waiting { slot, request, shared } = &self.0
            && !slot.abandon()
        {
            let left = shared.driver.lock().cancel(*request);
            drop(left);
        }
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            State::Failed(failure) => formatter.debug_tuple("Failed").field(failure).finish(),
            State::Waiting { request, .. } => formatter.debug_tuple("Waiting").field(request).finish(),
            State::Done => formatter.write_str("Done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn an_end_that_comes_first_is_there_at_the_first_look() {
        let slot = Slot::default();
        assert!(slot.end(Err(DiameterFailure::Busy)).is_none());
        assert_eq!(slot.poll(Waker::noop()), Poll::Ready(Err(DiameterFailure::Busy)));
    }

    #[test]
    fn who_asked_last_is_woken() {
        let (slot, first, last) = (Slot::default(), Arc::new(Count::default()), Arc::new(Count::default()));
        for waker in [first.clone().into(), first.clone().into(), Waker::from(last.clone())] {
            assert!(slot.poll(&waker).is_pending());
        }
        slot.end(Err(DiameterFailure::Deadline)).unwrap().wake();
        assert_eq!((first.0.load(Relaxed), last.0.load(Relaxed)), (0, 1));
        assert!(slot.poll(Waker::noop()).is_ready());
    }

    #[test]
    fn what_is_given_up_wakes_nobody() {
        let slot = Slot::default();
        let count = Arc::new(Count::default());
        assert!(slot.poll(&count.clone().into()).is_pending());
        assert!(!slot.abandon());
        assert!(slot.end(Err(DiameterFailure::Deadline)).is_none());
        assert_eq!(Arc::strong_count(&count), 1, "its waker is gone");
    }
}

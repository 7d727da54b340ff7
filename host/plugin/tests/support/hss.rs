//! A home subscriber server that answers at once, or when it is let.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use plugin::{Location, LocationOutcome, Pending};
use strowger_plugin as plugin;

/// The header field of the challenge number 7, with keys.
pub const CHALLENGE: &str =
    "Digest realm=\"ims.test\",nonce=\"AA==\",algorithm=AKAv1-MD5,ck=\"feedbeef\",ik=\"feedbeef\"";

#[derive(Default)]
struct State {
    is_held: bool,
    waiting: Vec<Waker>,
}

#[derive(Default)]
pub struct Hss {
    state: Mutex<State>,
    /// What it was asked.
    pub asked: Mutex<Vec<String>>,
    /// Questions whose answers nobody waits for any more.
    pub given_up: Mutex<u32>,
}

impl Hss {
    /// From now on no answer comes.
    pub fn hold(&self) {
        self.state.lock().unwrap().is_held = true;
    }

    /// All answers come.
    pub fn answer(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_held = false;
        state.waiting.drain(..).for_each(Waker::wake);
    }

    pub fn ask<T: Send + Unpin + 'static>(self: &Arc<Self>, asked: String, answer: T) -> Pending<T> {
        self.asked.lock().unwrap().push(asked);
        Box::pin(Waiting(Arc::clone(self), Some(answer)))
    }
}

struct Waiting<T>(Arc<Hss>, Option<T>);

impl<T: Unpin> Future for Waiting<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.state.lock().unwrap();
        if state.is_held {
            state.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        Poll::Ready(self.1.take().expect("polled to its end once"))
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        if self.1.is_some() {
            *self.0.given_up.lock().unwrap() += 1;
        }
    }
}

pub fn location() -> Location {
    Location {
        outcome: LocationOutcome::UnregisteredService,
        server_name: Some("sip:scscf.ims.test".into()),
        capabilities: None,
        wildcarded_public_identity: None,
    }
}

//! Requests that are to come back: what an application server is given returns to this element by a Route of it, with a
//! token in the user part (TS 24.229 §5.4.3.4, the original dialog identifier). That it has come back is the server's
//! answer to the wait for one (§5.4.3.2): the way goes on behind it, and is not to be gone a second time.
//!
//! ```text
//!   relay with `returns_by` ─▶ expect ─▶ (awaited) ─┬─ a request by that Route, at any shard ─▶ returned: no time-out
//!                                                   └─ answered, over, another relay ─▶ forgotten
//! ```
//! In: tokens of relays, requests outside dialogs. Out: the time-out of a branch ends. A server that is a back-to-back user
//! agent answers for another Call-ID, which is another shard's: so the table is that of all shards of a host. It holds at
//! most one token for each open request, and is bounded as those are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use transaction::Time;

use crate::io::{ContextId, Output};
use crate::node::Node;
use crate::request::Route;
use crate::timers::is_tried;

/// Who waits for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Awaiter {
    pub(crate) shard: u8,
    pub(crate) context: ContextId,
}

/// The tokens by which requests are awaited, of all shards.
#[derive(Debug, Default)]
pub struct Returns(Mutex<BTreeMap<Box<str>, Awaiter>>);

impl Returns {
    /// From now on, and until what this gives is dropped.
    pub(crate) fn expect(all: &Arc<Returns>, token: &str, by: Awaiter) -> Awaited {
        all.lock().insert(token.into(), by);
        Awaited { all: Arc::clone(all), token: token.into(), by }
    }

    fn find(&self, token: &str) -> Option<Awaiter> {
        self.lock().get(token).copied()
    }

    /// How many requests are awaited.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing in here can be left half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Awaiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request is awaited as long as this lives.
#[derive(Debug)]
pub(crate) struct Awaited {
    all: Arc<Returns>,
    token: Box<str>,
    by: Awaiter,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // A script that gives one token twice is answered by the last.
        if all.get(&self.token) == Some(&self.by) {
            all.remove(&self.token);
        }
    }
}

impl Node {
    /// A request outside a dialog comes: maybe one that is awaited.
    pub(crate) fn note_return(&mut self, now: Time, route: &Route) {
        let head = route.request.head();
        let mut uris = route.preprocessed.own_routes.iter().filter_map(|own| own.uri(&head));
        let found = uris.find_map(|uri| {
            let token = std::str::from_utf8(uri.user()?).ok()?;
            Some((Box::<str>::from(token), self.config.returns.find(token)?))
        });
        match found {
            Some((token, by)) if by.shard == self.config.shard => {
                self.handle_returned(now, by.context, &token)
            }
            Some((token, by)) => {
                self.output.push_back(Output::Returned { shard: by.shard, context: by.context, token });
            }
            None => {}
        }
    }

    /// The request of a relay has come back. From now on the target has all the time that the standard gives it, and what
    /// it answers is the answer of who is behind it: neither another address of it nor another target is tried.
    pub(crate) fn handle_returned(&mut self, now: Time, id: ContextId, token: &str) {
        let Some(mut active) = self.contexts.get_mut(id).and_then(|context| context.active.take()) else {
            return;
        };
        let last = active.relays.len().checked_sub(1);
        let meant = last.filter(|&last| active.relays[last].returns_by.as_deref() == Some(token));
        if let Some(relay) = meant {
            active.awaited = None;
            active.relays[relay].ask_failure = false;
            for branch in 0..active.branches.len() {
                let place = &mut active.branches[branch];
                if place.relay != relay {
                    continue;
                }
                place.hops.clear();
                let branch = branch as proxy::BranchIndex;
                if is_tried(&active, branch) {
                    self.end_patience(now, id, &mut active, branch);
                }
            }
        }
        self.keep(id, active);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(slot: u32) -> Awaiter {
        Awaiter { shard: 1, context: ContextId { slot, generation: 1 } }
    }

    #[test]
    fn a_token_is_awaited_as_long_as_somebody_waits() {
        let all = Arc::new(Returns::default());
        let first = Returns::expect(&all, "odi", by(1));
        let other = Returns::expect(&all, "other", by(2));
        assert_eq!((all.find("odi"), all.find("other"), all.find("od")), (Some(by(1)), Some(by(2)), None));
        drop(first);
        assert_eq!((all.find("odi"), all.len()), (None, 1));
        drop(other);
        assert!(all.is_empty());
    }

    #[test]
    fn of_two_with_one_token_the_last_is_told() {
        let all = Arc::new(Returns::default());
        let first = Returns::expect(&all, "odi", by(1));
        let second = Returns::expect(&all, "odi", by(2));
        drop(first);
        assert_eq!(all.find("odi"), Some(by(2)));
        drop(second);
        assert_eq!(all.find("odi"), None);
    }
}

//! Max-Forwards strictly falls along the path (RFC 3261 §16.6 item 3).
//!
//! In: requests that a node receives and sends. Out: one that left with as many hops as it had, or more. A request that
//! a node made by itself (the ACK of a failure, CANCEL) has one Via and no past.

use std::collections::BTreeMap;

use super::{Seen, Upstream};

/// Max-Forwards of each request that a node has received; none where it has no such header field.
#[derive(Default)]
pub(super) struct MaxForwards(BTreeMap<Upstream, Option<u8>>);

impl MaxForwards {
    pub(super) fn received(&mut self, seen: &Seen<'_>) {
        if let (Some(upstream), Ok(hops)) = (seen.upstream(0), seen.message.head().max_forwards()) {
            self.0.insert(upstream, hops);
        }
    }

    pub(super) fn sent(&self, seen: &Seen<'_>) -> Option<String> {
        let before = match self.0.get(&seen.upstream(1)?) {
            None => return Some(format!("{}, which it had not received", seen.what("sent"))),
            Some(before) => *before,
        };
        let after = seen.message.head().max_forwards().ok().flatten();
        match (before, after) {
            (_, None) => Some(format!("{} without Max-Forwards", seen.what("sent"))),
            (Some(before), Some(after)) if after >= before => {
                Some(format!("{}: Max-Forwards was {before} and is {after}", seen.what("sent")))
            }
            _ => None,
        }
    }
}

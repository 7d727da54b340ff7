//! An ACK to a 2xx is never absorbed (RFC 3261 §13.2.2.4, §16.11; RFC 6026 §7.1): each one that a node receives leaves
//! it again.
//!
//! In: ACKs that a node receives and sends, responses to INVITE that it sends. Out: ACKs that stayed. Whether the callee
//! got one in the end is judged in `answered.rs`.

use std::collections::BTreeMap;

use sip::Method;

use super::{Seen, text};
use crate::phone::NOBODY;

/// ACKs by node and branch: received, sent on.
#[derive(Default)]
pub(super) struct Acks {
    passed: BTreeMap<(usize, Vec<u8>), (u32, u32)>,
    /// INVITEs by node and branch that got a failure: their ACK ends here.
    refused: BTreeMap<(usize, Vec<u8>), ()>,
}

impl Acks {
    pub(super) fn received(&mut self, seen: &Seen<'_>) {
        let Some(branch) = seen.branches.first().filter(|_| seen.message.method() == Method::Ack) else {
            return;
        };
        let is_for_nothing = seen.message.head().to_tag().is_some_and(|tag| NOBODY.ends_with(&text(tag)));
        if !is_for_nothing {
            self.passed.entry((seen.node, branch.to_vec())).or_default().0 += 1;
        }
    }

    pub(super) fn sent(&mut self, seen: &Seen<'_>) {
        let Some(branch) = seen.branches.get(1).filter(|_| seen.message.method() == Method::Ack) else {
            return;
        };
        if let Some(passed) = self.passed.get_mut(&(seen.node, branch.to_vec())) {
            passed.1 += 1;
        }
    }

    /// A response to an INVITE: from a failure on, ACKs with its branch are for the node.
    pub(super) fn answered(&mut self, seen: &Seen<'_>) {
        if let Some(branch) = seen.branches.first()
            && seen.method == b"INVITE"
            && seen.message.status() >= 300
        {
            self.refused.insert((seen.node, branch.to_vec()), ());
        }
    }

    pub(super) fn ended(&self) -> Vec<String> {
        let stayed = |(key, (received, sent)): (&(usize, Vec<u8>), &(u32, u32))| {
            (received != sent && !self.refused.contains_key(key)).then(|| {
                format!(
                    "node {} received the ACK {} {received} times and sent it {sent} times",
                    key.0,
                    text(&key.1)
                )
            })
        };
        self.passed.iter().filter_map(stayed).collect()
    }
}

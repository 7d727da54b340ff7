//! An ACK to a 2xx is never absorbed (RFC 3261 §13.2.2.4, §16.11; RFC 6026 §7.1): each one that a node receives leaves
//! it again.
//!
//! In: ACKs that a node receives and sends, 2xx to INVITE that nodes send. Out: ACKs that stayed. An ACK is one to a 2xx
//! if it bears the tag and number of one. Whether the callee got one in the end is judged in `answered.rs`.

use std::collections::{BTreeMap, BTreeSet};

use sip::Method;

use super::{Seen, text};

#[derive(Default)]
pub(super) struct Acks {
    /// ACKs by node and branch: received, sent on.
    passed: BTreeMap<(usize, Vec<u8>), (u32, u32)>,
    /// INVITEs that were answered with 2xx.
    answered: BTreeSet<Name>,
}

impl Acks {
    /// A node has forgotten everything: an ACK that its script was still asked about is lost.
    pub(super) fn restarted(&mut self, node: usize) {
        self.passed.retain(|(of, _), (received, sent)| *of != node || received == sent);
    }

    pub(super) fn received(&mut self, seen: &Seen<'_>) {
        let Some(branch) = seen.branches.first().filter(|_| seen.message.method() == Method::Ack) else {
            return;
        };
        if self.answered.contains(&name(seen)) {
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

    pub(super) fn answered(&mut self, seen: &Seen<'_>) {
        if seen.method == b"INVITE" && seen.message.status() / 100 == 2 {
            self.answered.insert(name(seen));
        }
    }

    pub(super) fn ended(&self) -> Vec<String> {
        let stayed = |(key, (received, sent)): (&(usize, Vec<u8>), &(u32, u32))| {
            (received != sent).then(|| {
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

/// What a 2xx and its ACK have in common: Call-ID, both tags and the INVITE's number. Without the From tag two INVITEs that
/// cross in one dialog, of a phone that has called itself too, are one.
type Name = (Vec<u8>, Vec<u8>, Vec<u8>, u32);

fn name(seen: &Seen<'_>) -> Name {
    let head = seen.message.head();
    let number = head.cseq().map_or(0, |cseq| cseq.number);
    let tag = |tag: Option<&[u8]>| tag.unwrap_or_default().to_vec();
    (head.call_id().unwrap_or_default().to_vec(), tag(head.from_tag()), tag(head.to_tag()), number)
}

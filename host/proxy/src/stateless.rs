//! Forwarding without a transaction: RFC 3261 §16.11, used for the ACK to a 2xx, which makes none.
//!
//! In: a request as it was received. Out: a branch for its Via that is the same for each retransmission of it, and
//! different for every other request. Everything else is forwarded as by a stateful proxy (`forward.rs`); the
//! choice of the next hop must be the same each time too, which is the caller's care.

use std::hash::Hasher;

use sip::{Head, HeaderId};
use siphasher::sip128::{Hasher128, SipHasher13};

/// The magic cookie of RFC 3261 §8.1.1.7 with a letter that branches of transactions of ours do not go on with.
const PREFIX: &[u8; 8] = b"z9hG4bK.";

/// Bytes of a [`StatelessBranch`].
pub const STATELESS_BRANCH_LENGTH: usize = PREFIX.len() + 32;

/// A branch that was computed, not drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatelessBranch([u8; STATELESS_BRANCH_LENGTH]);

impl StatelessBranch {
    /// As it stands in a Via.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for StatelessBranch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// The branch for forwarding `head` statelessly. `seed` must be the same for all shards of a node and over the life
/// of a request.
///
/// The received branch makes a request unique if it has the magic cookie, together with the sent-by, for another
/// client may have drawn the same; else Request-URI, tags, Call-ID, the number of the CSeq and the topmost Via do
/// (§16.11). The Request-URI counts in both cases, so that a spiral gets a branch of its own.
#[must_use]
pub fn stateless_branch(seed: [u8; 16], head: &Head<'_>) -> StatelessBranch {
    let mut hasher = SipHasher13::new_with_key(&seed);
    let mut write = |bytes: &[u8]| {
        hasher.write_u32(bytes.len() as u32);
        hasher.write(bytes);
    };
    write(head.request_uri());
    let via = head.via().ok();
    match via.and_then(|via| via.unique_branch().map(|branch| (via, branch))) {
        Some((via, branch)) => {
            write(branch);
            write(via.sent_by);
        }
        None => {
            write(head.header(HeaderId::VIA).unwrap_or_default());
            write(head.to_tag().unwrap_or_default());
            write(head.from_tag().unwrap_or_default());
            write(head.call_id().unwrap_or_default());
            write(&head.cseq().map_or(0, |cseq| cseq.number).to_be_bytes());
        }
    }
    let hash = hasher.finish128().as_u128();
    let mut branch = [0; STATELESS_BRANCH_LENGTH];
    branch[..PREFIX.len()].copy_from_slice(PREFIX);
    for (place, digit) in branch[PREFIX.len()..].iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(hash >> (4 * place)) as usize & 15];
    }
    StatelessBranch(branch)
}

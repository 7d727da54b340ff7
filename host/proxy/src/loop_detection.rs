//! Telling a loop from a spiral: RFC 3261 §16.3 item 4 and §16.6 item 8, as RFC 5393 §4.2 has them.
//!
//! In: a request as it was received. Out: a keyed hash of everything in it that decides where it goes, which the
//! branch of the forwarded request carries. When a request comes back and carries a Via of ours with the same hash,
//! nothing has changed and it would go round for ever: a loop. With another hash it is a spiral, and welcome.
//! How a branch is spelled is `strowger-transaction`'s.

use std::hash::Hasher;

use sip::{Head, HeaderId, Via};
use siphasher::sip::SipHasher13;

use crate::list::elements;
use crate::own::Own;

/// The key of the loop hash.
#[derive(Clone)]
pub(crate) struct LoopKey(SipHasher13);

impl std::fmt::Debug for LoopKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoopKey")
    }
}

impl LoopKey {
    pub(crate) fn new(seed: [u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(&seed))
    }
}

/// Header fields that §16.6 item 8 names besides the Request-URI. Neither the method nor the Vias count: CANCEL and
/// ACK need the same branch, and the Vias grow with each round.
const HASHED: [HeaderId; 3] = [HeaderId::ROUTE, HeaderId::PROXY_REQUIRE, HeaderId::PROXY_AUTHORIZATION];

/// The loop hash of a request as it was received, before anything in it is changed.
#[must_use]
pub fn loop_hash(own: &Own, head: &Head<'_>) -> u64 {
    let mut hasher = own.loop_key().0;
    let request_uri = head.request_uri();
    hasher.write_u32(request_uri.len() as u32);
    hasher.write(request_uri);
    for span in 0..head.spans().len() {
        let id = head.spans()[span].id;
        if HASHED.contains(&id) {
            let value = head.value_of(span);
            hasher.write_u32(u32::from(id.0) << 16 | value.len() as u32 & 0xffff);
            hasher.write(value);
        }
    }
    hasher.finish()
}

/// Whether a request comes back unchanged: a Via of ours in it has a branch with the hash that the request has now.
///
/// `hash_of_branch` reads the loop hash out of a branch of ours: `transaction::loop_hash_of_branch`. A Via that
/// cannot be read is nobody's; `sip::validate` has looked at them.
#[must_use]
pub fn is_loop(own: &Own, head: &Head<'_>, hash_of_branch: impl Fn(&[u8]) -> Option<u64>) -> bool {
    let mut hash = None;
    head.fields(HeaderId::VIA).filter(|field| may_be_own(own, field)).any(|field| {
        elements(field).filter_map(|value| Via::parse(value).ok()).any(|via| {
            own.is_own_sent_by(via.sent_by)
                && via
                    .branch()
                    .and_then(&hash_of_branch)
                    .is_some_and(|placed| placed == *hash.get_or_insert_with(|| loop_hash(own, head)))
        })
    })
}

/// False where a glance at a Via header field of the usual form (one hop, no white space but one space) shows
/// another sent-by: nearly all hops are passed over so.
fn may_be_own(own: &Own, field: &[u8]) -> bool {
    let Some(space) = memchr::memchr(b' ', field) else { return true };
    let rest = &field[space + 1..];
    if !field.starts_with(b"SIP/2.0/") || memchr::memchr3(b' ', b',', b'\n', rest).is_some() {
        return true;
    }
    let sent_by = &rest[..memchr::memchr(b';', rest).unwrap_or(rest.len())];
    own.is_own_sent_by(sent_by)
}

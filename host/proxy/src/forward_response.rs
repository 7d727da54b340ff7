//! What is changed in a response that goes upstream: RFC 3261 §16.7 items 3 and 7.
//!
//! In: a response as it was received, and other 401 and 407 responses of its context. Out: changes to a [`Draft`].
//! Where it goes is the server transaction's (§18.2.2); which response goes is `response_context.rs`.

use sip::{Draft, Head, HeaderId};

use crate::route_set::take_off;

/// Item 7: the header fields that are collected.
const CHALLENGES: [HeaderId; 2] = [HeaderId::WWW_AUTHENTICATE, HeaderId::PROXY_AUTHENTICATE];

/// Take our Via off the response in `draft`, let it say its length, and add the challenges of others to it. False: no other Via is left, so
/// that the response is for this element itself and not to be forwarded (item 3).
#[must_use]
pub fn forward_response<'a>(
    draft: &mut Draft<'a>,
    head: &Head<'a>,
    challenges: impl IntoIterator<Item = Head<'a>>,
) -> bool {
    let mut vias = head.values(HeaderId::VIA);
    let Some(top) = vias.next() else { return false };
    take_off(draft, &top);
    if vias.next().is_none() {
        return false;
    }
    // It may have come in a datagram, and leave on a connection (§18.3).
    draft.ensure_content_length();
    add_challenges(draft, challenges);
    true
}

/// Item 7 alone, for a response whose Via is off already.
pub fn add_challenges<'a>(draft: &mut Draft<'a>, challenges: impl IntoIterator<Item = Head<'a>>) {
    for other in challenges {
        for id in CHALLENGES {
            for value in other.fields(id) {
                draft.append(id, value);
            }
        }
    }
}

//! Request validation: RFC 3261 §16.3.
//!
//! In: a request as it was received. Out: nothing, or the [`Rejection`] with which to answer. Proxy-Authorization
//! (item 6) is the script's. An ACK is never answered: one that is rejected is dropped.

use std::borrow::Cow;

use sip::{Head, HeaderId, Method};

use crate::loop_detection::is_loop;
use crate::max_breadth::{self, MaxBreadthError};
use crate::own::Own;
use crate::route_set::RouteError;

/// Why a request is not forwarded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Item 1: it breaks the grammar, or lacks what every request must have.
    #[error("not a valid request: {0}")]
    Syntax(sip::Invalid),
    /// Item 2: its Request-URI has a scheme that this element does not know.
    #[error("the Request-URI's scheme is not supported")]
    Scheme,
    /// Item 3: Max-Forwards is 0.
    #[error("Max-Forwards is 0")]
    TooManyHops,
    /// Item 4: it has been here before, exactly like this.
    #[error("the request loops")]
    Loop,
    /// Item 5: Proxy-Require names extensions that this element does not know.
    #[error("Proxy-Require asks for an unknown extension")]
    BadExtension,
    /// §16.6 item 6: it cannot be routed by its Route header field.
    #[error("{0}")]
    Route(RouteError),
    /// RFC 5393 §5: its Max-Breadth is used up, or none.
    #[error("{0}")]
    MaxBreadth(MaxBreadthError),
}

/// What to answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// 400 to 599.
    pub status: u16,
    /// The standard phrase, or one that says more.
    pub reason: Cow<'static, str>,
    /// The header field to add to the answer: Unsupported for 420.
    pub header: Option<(HeaderId, Vec<u8>)>,
    /// Which item of §16.3 it failed.
    pub why: Refused,
}

impl Rejection {
    fn new(status: u16, why: Refused) -> Self {
        Self { status, reason: Cow::Borrowed(sip::reason_phrase(status)), header: None, why }
    }

    /// The rejection of a request that would have to be forwarded with Max-Forwards 0.
    #[must_use]
    pub fn too_many_hops() -> Self {
        Self::new(483, Refused::TooManyHops)
    }
}

impl From<RouteError> for Rejection {
    fn from(error: RouteError) -> Self {
        Self::new(400, Refused::Route(error))
    }
}

/// Validate a request (§16.3 items 1 to 5, in their order).
///
/// `supported` are the option tags that this element understands in Proxy-Require. `hash_of_branch` is
/// `transaction::loop_hash_of_branch`.
///
/// A request with Max-Forwards 0 is rejected unless it is a REGISTER or OPTIONS whose Request-URI points at us: there we
/// may be where it ends, and [`forward`](crate::forward()) refuses it if not. CANCEL and ACK are spared items 4 and 5:
/// they follow their INVITE (§9.1, §8.2.2.3).
///
/// # Errors
/// The answer with which the request is refused.
pub fn validate(
    head: &Head<'_>,
    own: &Own,
    supported: &[Box<str>],
    hash_of_branch: impl Fn(&[u8]) -> Option<u64>,
) -> Result<(), Rejection> {
    if let Err(invalid) = sip::validate(head) {
        return Err(Rejection::new(invalid.status, Refused::Syntax(invalid)));
    }
    if !has_known_scheme(head.request_uri()) {
        return Err(Rejection::new(416, Refused::Scheme));
    }
    let may_end_here = || {
        matches!(head.method(), Method::Register | Method::Options)
            && head.uri().is_ok_and(|uri| own.is_own(&uri))
    };
    if matches!(head.max_forwards(), Ok(Some(0))) && !may_end_here() {
        return Err(Rejection::too_many_hops());
    }
    if matches!(head.method(), Method::Cancel | Method::Ack) {
        return Ok(());
    }
    if is_loop(own, head, hash_of_branch) {
        return Err(Rejection::new(482, Refused::Loop));
    }
    let unsupported = unsupported(head, supported);
    if !unsupported.is_empty() {
        let header = Some((HeaderId::UNSUPPORTED, unsupported));
        return Err(Rejection { header, ..Rejection::new(420, Refused::BadExtension) });
    }
    if let Err(error) = max_breadth::incoming(head) {
        return Err(Rejection::new(error.status(), Refused::MaxBreadth(error)));
    }
    Ok(())
}

/// Whether a Request-URI is of a scheme that we route: what is no URI at all was refused by `sip::validate`.
fn has_known_scheme(uri: &[u8]) -> bool {
    const KNOWN: [&[u8]; 4] = [b"sip:", b"sips:", b"tel:", b"urn:"];
    KNOWN.iter().any(|scheme| uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// The option tags of Proxy-Require that are not supported, as a list for Unsupported; empty: all are.
fn unsupported(head: &Head<'_>, supported: &[Box<str>]) -> Vec<u8> {
    let mut list = Vec::new();
    for tag in head.option_tags(HeaderId::PROXY_REQUIRE) {
        if supported.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(tag)) {
            continue;
        }
        if !list.is_empty() {
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(tag);
    }
    list
}

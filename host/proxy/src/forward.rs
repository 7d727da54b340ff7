//! Request forwarding: RFC 3261 §16.6, what is changed in the copy of a request that goes to one target.
//!
//! In: the request as it was received, its [`RouteSet`] for the target, and what the caller wants: a script's edits,
//! a Record-Route, a Max-Breadth, a Via. Out: changes to a [`Draft`]. Finding the next hop's address is the caller's,
//! and so is printing; the branch comes from the transaction, or from `stateless.rs`.

use sip::{Draft, Edit, Head, HeaderId, Transport};

use crate::own::Own;
use crate::route_set::{RouteSet, is_routing_edit};
use crate::validate::Rejection;

/// Max-Forwards of a request that came without one (§16.6 item 3).
pub const MAX_FORWARDS: u8 = 70;

/// What is wanted of the copy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forwarding<'a> {
    /// A script's edits. Those of Request-URI and Route were given to [`RouteSet::new`] and are skipped here.
    pub edits: &'a [Edit],
    /// Insert a Record-Route (item 4).
    pub record_route: Option<RecordRoute<'a>>,
    /// The branch's Max-Breadth (RFC 5393 §5.3); `None`: it stays as it is.
    pub max_breadth: Option<u16>,
    /// Insert a Via (item 8).
    pub via: Option<Via<'a>>,
}

/// The Record-Route to insert (§16.6 item 4): one value, or where the sides differ two, one for each (RFC 5658 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRoute<'a> {
    /// The side on which the request came in.
    pub inbound: Side<'a>,
    /// The side by which it leaves.
    pub outbound: Side<'a>,
}

/// One side of this element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<'a> {
    /// Its listener.
    pub listener: u16,
    /// The user part, already escaped (§19.1.2); empty: none. Later requests bring it back:
    /// [`Preprocessed::token`](crate::Preprocessed::token) is that of the side they come in on,
    /// [`Preprocessed::outbound_token`](crate::Preprocessed::outbound_token) that of the side they leave by.
    pub token: &'a [u8],
}

/// The Via to insert (§16.6 item 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The listener to which the response is to come: it gives transport and sent-by.
    pub listener: u16,
    /// The branch, magic cookie and loop hash included.
    pub branch: &'a [u8],
    /// Ask for `rport` (RFC 3581); for UDP.
    pub rport: bool,
}

/// Why a request cannot be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// Its Max-Forwards is 0 (§16.3 item 3): answer 483.
    #[error("Max-Forwards is 0")]
    TooManyHops,
}

impl From<ForwardError> for Rejection {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::TooManyHops => Self::too_many_hops(),
        }
    }
}

/// Change the copy of `head` in `draft` as §16.6 says, items 2 to 6, 8 and 9, in this order: the script's edits,
/// Request-URI and Route, Max-Forwards, Max-Breadth, Record-Route, Via, and a Content-Length where it is missing and
/// the Via's transport needs it.
///
/// # Errors
/// [`ForwardError`]; the draft is then of no use.
pub fn forward<'a>(
    draft: &mut Draft<'a>,
    head: &Head<'a>,
    own: &'a Own,
    routes: &'a RouteSet<'_>,
    forwarding: &Forwarding<'a>,
) -> Result<(), ForwardError> {
    for edit in forwarding.edits {
        if !is_routing_edit(head, edit) {
            draft.apply(edit);
        }
    }
    routes.write(head, draft);
    decrement_max_forwards(draft, head)?;
    if let Some(max_breadth) = forwarding.max_breadth {
        set_max_breadth(draft, head, max_breadth);
    }
    if let Some(record_route) = forwarding.record_route {
        insert_record_route(draft, head, own, routes, record_route);
    }
    if let Some(via) = forwarding.via {
        let transport = own.listener(via.listener).map_or(Transport::Udp, |address| address.transport);
        draft.prepend(HeaderId::VIA, via_value(own, via, transport));
        if transport.is_reliable() {
            draft.ensure_content_length();
        }
    }
    Ok(())
}

/// The value of a Via of ours (§16.6 item 8, §18.1.1).
fn via_value(own: &Own, via: Via<'_>, transport: Transport) -> Vec<u8> {
    let sent_by = own.sent_by(via.listener);
    let mut value = Vec::with_capacity(32 + sent_by.len() + via.branch.len());
    value.extend_from_slice(b"SIP/2.0/");
    value.extend_from_slice(transport.name().as_bytes());
    value.push(b' ');
    value.extend_from_slice(sent_by.as_bytes());
    if via.rport {
        value.extend_from_slice(b";rport");
    }
    value.extend_from_slice(b";branch=");
    value.extend_from_slice(via.branch);
    value
}

/// Item 3.
fn decrement_max_forwards<'a>(draft: &mut Draft<'a>, head: &Head<'a>) -> Result<(), ForwardError> {
    // sip::validate has refused what is no number; nothing here can be worse than a fresh start
    let left = match head.max_forwards() {
        Ok(Some(0)) => return Err(ForwardError::TooManyHops),
        Ok(Some(hops)) => hops - 1,
        Ok(None) | Err(_) => MAX_FORWARDS,
    };
    match head.index_of(HeaderId::MAX_FORWARDS) {
        Some(index) => draft.replace(index, left),
        None => draft.append(HeaderId::MAX_FORWARDS, left),
    }
    Ok(())
}

/// RFC 5393 §5.3.
fn set_max_breadth<'a>(draft: &mut Draft<'a>, head: &Head<'a>, max_breadth: u16) {
    let value = u32::from(max_breadth);
    match head.index_of(HeaderId::MAX_BREADTH) {
        Some(_) if head.max_breadth() == Ok(Some(value)) => {}
        Some(index) => draft.replace(index, value),
        None => draft.append(HeaderId::MAX_BREADTH, value),
    }
}

/// Item 4. The value for the side that the request leaves by stands on top: it is what the callee sees first, and
/// what the caller, who reads the list from its end, sees last.
fn insert_record_route<'a>(
    draft: &mut Draft<'a>,
    head: &Head<'a>,
    own: &'a Own,
    routes: &RouteSet<'_>,
    record_route: RecordRoute<'_>,
) {
    let RecordRoute { inbound, outbound } = record_route;
    let came_secure = head.request_uri().get(..5).is_some_and(|uri| uri.eq_ignore_ascii_case(b"sips:"));
    let is_double = inbound != outbound;
    let mut insert = |side: Side<'_>, secure: bool| {
        if side.token.is_empty() && !secure && !is_double {
            draft.prepend(HeaderId::RECORD_ROUTE, own.record_route(side.listener).as_bytes());
        } else {
            draft.prepend(HeaderId::RECORD_ROUTE, own.record_route_with(side, secure, is_double));
        }
    };
    if is_double {
        insert(inbound, came_secure);
    }
    insert(outbound, routes.is_secure());
}

//! What it takes to end a session from the middle of its way (TS 24.229 §5.4.5.1.2): a BYE to either side, as the other one
//! would send it.
//!
//! In: an INVITE as it was received and its 2xx, by an element that recorded its route; later target refreshes and their
//! 2xx; how far each side has counted. Out: two [`Bye`]s. When a session is to be ended, and who is served, does not belong here.
//!
//! ```text
//!   Record-Route of the 2xx:   P2, S2 │ own entries │ S1, P1
//!                   to the callee: S2, P2        to the caller: S1, P1
//! ```

use sip::{Contact, Head, HeaderId, Uri};

/// A BYE that is to be sent (RFC 3261 §12.2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bye {
    /// Where the side is: its Contact.
    pub request_uri: Box<[u8]>,
    /// Values of Route, outermost first.
    pub route: Vec<Box<[u8]>>,
    /// The From of the side that does not get it, with its tag.
    pub from: Box<[u8]>,
    /// The To of the side that gets it, with its tag.
    pub to: Box<[u8]>,
    /// Of the dialog.
    pub call_id: Box<[u8]>,
    /// The number behind the last one of the side that does not get it.
    pub cseq: u32,
}

/// One side of a dialog.
struct Side {
    /// From or To value, with its tag.
    name: Box<[u8]>,
    /// Contact URI.
    target: Box<[u8]>,
    /// From us to it.
    route: Box<[Box<[u8]>]>,
}

/// One pass of a dialog by this element, on behalf of somebody.
pub(crate) struct Releasable {
    served: Box<str>,
    caller_tag: Box<[u8]>,
    caller: Side,
    callee: Side,
}

impl Releasable {
    /// Of an INVITE as this element received it, and the 2xx as it came back. `None`: our entry in Record-Route is not
    /// where it must be, or a Contact is missing.
    pub(crate) fn of(
        served: &str,
        request: &Head<'_>,
        response: &Head<'_>,
        is_own: impl Fn(&Uri<'_>) -> bool,
    ) -> Option<Self> {
        let entries: Vec<&[u8]> = response.values(HeaderId::RECORD_ROUTE).map(|value| value.bytes).collect();
        let is_own_entry = |entry: &[u8]| {
            let uri = sip::NameAddr::parse(entry).ok().and_then(|entry| entry.uri().ok());
            uri.is_some_and(|uri| is_own(&uri))
        };
        let behind = entries.len().checked_sub(request.values(HeaderId::RECORD_ROUTE).count())?;
        let own = entries[..behind].iter().rev().take_while(|entry| is_own_entry(entry)).count();
        if own == 0 {
            return None;
        }
        let owned = |entry: &&[u8]| Box::<[u8]>::from(*entry);
        let caller = Side {
            name: value(response, HeaderId::FROM)?,
            target: target(request)?,
            route: entries[behind..].iter().map(owned).collect(),
        };
        let callee = Side {
            name: value(response, HeaderId::TO)?,
            target: target(response)?,
            route: entries[..behind - own].iter().rev().map(owned).collect(),
        };
        Some(Self { served: served.into(), caller_tag: request.from_tag()?.into(), caller, callee })
    }

    pub(crate) fn is_of(&self, served: &str) -> bool {
        *self.served == *served
    }

    /// A 2xx to a target refresh request passes: either side may be somewhere else from now on (§12.2).
    pub(crate) fn handle_refreshed(&mut self, request: &Head<'_>, response: &Head<'_>) {
        let (sender, other) = self.sides(request);
        for (side, message) in [(sender, request), (other, response)] {
            if let Some(target) = target(message) {
                side.target = target;
            }
        }
    }

    /// To the callee, and to the caller. `highest`: the highest CSeq numbers of caller and callee.
    pub(crate) fn byes(self, call_id: &[u8], highest: [u32; 2]) -> [Bye; 2] {
        let Self { caller, callee, .. } = self;
        let bye = |to: &Side, from: &Side, counted: u32| Bye {
            request_uri: to.target.clone(),
            route: to.route.to_vec(),
            from: from.name.clone(),
            to: to.name.clone(),
            call_id: call_id.into(),
            cseq: counted.saturating_add(1),
        };
        [bye(&callee, &caller, highest[0]), bye(&caller, &callee, highest[1])]
    }

    /// The side that sends a request, and the other.
    fn sides(&mut self, request: &Head<'_>) -> (&mut Side, &mut Side) {
        match request.from_tag() == Some(&*self.caller_tag) {
            true => (&mut self.caller, &mut self.callee),
            false => (&mut self.callee, &mut self.caller),
        }
    }
}

/// A header field value on one line.
fn value(head: &Head<'_>, id: HeaderId) -> Option<Box<[u8]>> {
    Some(sip::unfold(head.header(id)?).into())
}

/// Where the sender of a message is.
fn target(head: &Head<'_>) -> Option<Box<[u8]>> {
    match head.contacts().next()?.ok()? {
        Contact::Address(address) => Some(address.uri_bytes.into()),
        Contact::Star => None,
    }
}

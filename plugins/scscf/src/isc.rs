//! Application servers, one after the other (TS 24.229 §5.4.3.2, §5.4.3.3; TS 23.218): the chain of filter criteria.
//!
//! ```text
//!   proceed ─ criteria met? ─ yes ─▶ Route: server, us with the ODI ─▶ (server) ─▶ resume ─▶ proceed, behind them
//!        │                                                       ├ 101 to 199 ─▶ heard: what it says from now on counts
//!        │                                                       ├ resume ─▶ the same: the host knows its ODI
//!        │                                                       └ silent, 408, 5xx ─▶ failed ─▶ proceed, or its answer;
//!        │                                                                    what it gives back from now on is refused
//!        └ no ─▶ originating::onward, terminating::deliver
//! ```
//! In: a request and a [`Link`]: for whom, which case, behind which criteria. Out: a decision. The link travels in the user
//! part of our Route, sealed by the host: the original dialog identifier of §5.4.3.4, which nobody can guess or forge, and
//! which any S-CSCF with the same key can read. There is one for each request and server, so that the host knows what
//! comes back (`returns-by`): the wait for a server is over then, and its failure is that of who is behind it.

use strowger_sdk::ims::{Position, SessionCase};
use strowger_sdk::prelude::*;
use strowger_sdk::route;
use strowger_sdk::sip::Head;
use strowger_sdk::sip::view::View;
use strowger_sdk::{hex, text};

use crate::charging::{self, Leg};
use crate::settings::Settings;
use crate::{originating, terminating};

/// Variable of the transaction: the link that is with an application server.
const LINK: &str = "link";

/// Variable of the transaction: the application server has said something, and its failure is an answer.
const HEARD: &str = "heard";

/// How long a server that was passed over is remembered, ms: as long as its transaction may last (RFC 3261 §16.8).
const PASSED_OVER_MS: u64 = 180_000;

/// Octets by which the links of two requests differ.
const NONCE: u32 = 8;

/// Bytes of a served user: longer ones, which a wildcard may match, do not fit into an ODI.
const MAX_SERVED: usize = 480;

/// A place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// On whose behalf, as an address-of-record.
    served: String,
    case: SessionCase,
    /// Behind these criteria; `None`: at the beginning.
    after: Option<Position>,
    /// The session ends where the server fails.
    terminates: bool,
    /// The Request-URI with which the server got it, hashed: where it is another one when it comes back, the call is
    /// diverted.
    target: u32,
    /// What no other request has.
    nonce: Vec<u8>,
}

const CASES: [SessionCase; 5] = [
    SessionCase::OriginatingRegistered,
    SessionCase::TerminatingRegistered,
    SessionCase::TerminatingUnregistered,
    SessionCase::OriginatingUnregistered,
    SessionCase::OriginatingCdiv,
];

impl Link {
    /// The beginning of a chain.
    pub(crate) fn first(served: &str, case: SessionCase) -> Link {
        Link { served: served.to_owned(), case, after: None, terminates: false, target: 0, nonce: Vec::new() }
    }

    /// Reads an ODI.
    pub(crate) fn open(token: &str, host: &impl Host) -> Option<Link> {
        Link::read(&host.unseal(token)?)
    }

    fn write(&self) -> Vec<u8> {
        let case = CASES.iter().position(|case| *case == self.case).unwrap_or_default() as u8;
        let after = self.after.unwrap_or(Position { priority: 0, ordinal: 0 });
        let mut bytes = vec![case | u8::from(self.terminates) << 3 | u8::from(self.after.is_some()) << 4];
        bytes.extend_from_slice(&after.priority.to_le_bytes());
        bytes.extend_from_slice(&after.ordinal.to_le_bytes());
        bytes.extend_from_slice(&self.target.to_le_bytes());
        bytes.push(self.nonce.len() as u8);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.served.as_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Link> {
        let (&flags, rest) = bytes.split_first()?;
        let (priority, rest) = rest.split_first_chunk::<4>()?;
        let (ordinal, rest) = rest.split_first_chunk::<2>()?;
        let (target, rest) = rest.split_first_chunk::<4>()?;
        let (&length, rest) = rest.split_first()?;
        let (nonce, served) = rest.split_at_checked(length.into())?;
        let position =
            Position { priority: u32::from_le_bytes(*priority), ordinal: u16::from_le_bytes(*ordinal) };
        Some(Link {
            served: std::str::from_utf8(served).ok()?.to_owned(),
            case: *CASES.get(usize::from(flags & 7))?,
            after: (flags & 16 != 0).then_some(position),
            terminates: flags & 8 != 0,
            target: u32::from_le_bytes(*target),
            nonce: nonce.to_vec(),
        })
    }

    /// The row of the table that says that its server was passed over.
    fn row(&self) -> String {
        let nonce: String = hex(&self.nonce);
        ["o ", &nonce].concat()
    }

    fn is_terminating(&self) -> bool {
        matches!(self.case, SessionCase::TerminatingRegistered | SessionCase::TerminatingUnregistered)
    }
}

/// The next application server, or what comes after the last.
pub(crate) fn proceed(settings: &Settings, link: Link, head: &Head<'_>, host: &impl Host) -> Outcome {
    if link.served.len() > MAX_SERVED {
        return reply(414).into();
    }
    let Some(triggered) = host.next_criteria(&link.served, link.case, link.after) else {
        host.set_variable(LINK, None);
        return match link.is_terminating() {
            true => terminating::deliver(settings, &link.served, head, host),
            false => originating::onward(settings, &link.served, head, host),
        };
    };
    let link = Link {
        after: Some(triggered.position),
        terminates: triggered.server.terminates,
        target: hash(head.request_uri()),
        nonce: host.random(NONCE),
        ..link
    };
    let bytes = link.write();
    host.set_variable(LINK, Some(&bytes));
    host.set_variable(HEARD, None);
    let odi = host.seal(&bytes);
    let target = text(head.request_uri()).into_owned();
    let timeout =
        if link.terminates { settings.as_timeout_terminated } else { settings.as_timeout_continued };
    let mut relay = Relay::to_uri(target)
        .via_route(route::loose(&triggered.server.uri))
        .via_route(settings.own_route(&odi))
        .without(HeaderId::P_SERVED_USER)
        .header(HeaderId::P_SERVED_USER, served_user(&link))
        .ask_failure()
        .ask_replies()
        .timeout_ms(timeout)
        .until_response()
        .returns_by(odi);
    if let Some(subscriber) = host.subscriber(&link.served)
        && !subscriber.charging.is_empty()
    {
        relay = relay
            .without(HeaderId::P_CHARGING_FUNCTION_ADDRESSES)
            .header(HeaderId::P_CHARGING_FUNCTION_ADDRESSES, subscriber.charging);
    }
    relay = charging::goes(relay, settings, Leg::Server, head, host);
    originating::record(relay, &link.served, head, host).into()
}

/// RFC 5502 §6, RFC 8498 §5.
fn served_user(link: &Link) -> String {
    let words = match link.case {
        SessionCase::OriginatingRegistered => ";sescase=orig;regstate=reg",
        SessionCase::OriginatingUnregistered => ";sescase=orig;regstate=unreg",
        SessionCase::TerminatingRegistered => ";sescase=term;regstate=reg",
        SessionCase::TerminatingUnregistered => ";sescase=term;regstate=unreg",
        SessionCase::OriginatingCdiv => ";orig-cdiv",
    };
    ["<", &link.served, ">", words].concat()
}

/// An application server sends the request back, or another one in its place (§5.4.3.4).
pub(crate) fn resume(settings: &Settings, request: &Request<'_>, link: Link, host: &impl Host) -> Outcome {
    // The session has gone on, or ended, without this server: it is not to be made a second time.
    if host.get(&link.row()).is_some() {
        return reply(481).into();
    }
    let head = request.received();
    // The server has put another callee in the place of our user: our user diverts the call, and originates from now on
    // (§5.4.3.3 step 4A).
    if link.is_terminating() && hash(head.request_uri()) != link.target {
        let diverted = Link { case: SessionCase::OriginatingCdiv, after: None, ..link };
        return proceed(settings, diverted, &head, host);
    }
    proceed(settings, link, &head, host)
}

/// A response of an application server: one that has rung the callee, or is about to, has taken the session (§5.4.3.2).
pub(crate) fn heard(status: u16, host: &impl Host) {
    if (101..200).contains(&status) && host.variable(LINK).is_some() {
        host.set_variable(HEARD, Some(b"1"));
    }
}

/// All targets have failed: where the target was an application server that has said nothing before, and not given the
/// request back (then the host does not ask), the session may go on without it (§5.4.3.2 step 5).
pub(crate) fn failed(settings: &Settings, status: u16, host: &impl Host) -> Outcome {
    let link = host.variable(LINK).and_then(|bytes| Link::read(&bytes));
    let Some(link) = link else { return next().into() };
    let is_failure = status == 408 || (500..600).contains(&status);
    if !is_failure || host.variable(HEARD).is_some() {
        return next().into();
    }
    let view = host.request_view();
    let Ok(view) = View::parse(&view) else { return next().into() };
    let _ = host.put(&link.row(), b"", PASSED_OVER_MS, None);
    if link.terminates {
        return next().into();
    }
    host.log(Level::Warning, "an application server fails: the session goes on without it");
    proceed(settings, link, &view.head(), host)
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_comes_back_as_it_went() {
        for case in CASES {
            let link = Link {
                served: "sip:alice@ims.test".to_owned(),
                case,
                after: Some(Position { priority: 7, ordinal: 2 }),
                terminates: true,
                target: 0xdead_beef,
                nonce: vec![1, 2, 3, 4, 5, 6, 7, 8],
            };
            assert_eq!(Link::read(&link.write()), Some(link.clone()));
            let first = Link::first("tel:+49", case);
            assert_eq!(Link::read(&first.write()), Some(first));
        }
        for length in 0..11 {
            assert_eq!(Link::read(&vec![0; length]), None);
        }
        assert!(Link::read(&[0; 12]).is_some());
        let mut cut = [0; 12];
        cut[11] = 1;
        assert_eq!(Link::read(&cut), None, "a nonce of one octet that is not there");
    }
}

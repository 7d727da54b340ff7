//! What a script decides about a message, as plain values (the WIT contract's `types` interface).
//!
//! In: nothing. Out: [`Decision`] and [`ReplyDecision`]. The conversion from a guest's values lives in
//! `strowger-plugin`; what becomes of a decision lives in this crate's `decide.rs`.

use std::time::Duration;

pub use sip::{Edit, HeaderEdit};
use transaction::Timers;

/// How a request hook ends: exactly one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Forward statefully (RFC 3261 §16.6).
    Relay(Relay),
    /// Answer the request.
    Reply(Reply),
    /// Challenge the sender (RFC 3261 §22).
    Challenge(Challenge),
    /// What the standard says a stateful proxy does, after these edits.
    Next(Vec<Edit>),
    /// Absorb silently (ACK only).
    Drop,
}

/// How a reply hook ends.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyDecision {
    /// Forward the response upstream with these edits.
    Pass(Vec<Edit>),
    /// Send this instead; not for a 2xx to INVITE.
    Replace(Reply),
    /// Absorb a provisional response.
    Drop,
}

/// Forward a request to a target set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Relay {
    /// Edits to the request, the same for all branches.
    pub edits: Vec<Edit>,
    /// The target set; empty: where the Request-URI and Route point.
    pub targets: Vec<Target>,
    /// The script named targets, though none may be left of them (a location without bindings: 480).
    pub targets_named: bool,
    /// Insert a Record-Route.
    pub record_route: bool,
    /// Ask the script about each response.
    pub ask_replies: bool,
    /// Ask the script about the 2xx of further phones that answer the same INVITE too (RFC 3261 §16.7 item 5); for that the
    /// request is kept as long as these may come. Beside `ask_replies`.
    pub ask_further: bool,
    /// Ask the script before a best response that is not a 2xx goes upstream.
    pub ask_failure: bool,
    /// Only while none of its targets has given a response above 100: whoever lets it ring has taken the request.
    pub ask_failure_unless_heard: bool,
    /// Give up on a target after this time; `None`: Timer C or F.
    pub timeout: Option<Duration>,
    /// What else than a final response ends that time-out.
    pub until: Until,
    /// The user part of a Route of ours by which the request is to come back (TS 24.229 §5.4.3.4). Once it has, neither
    /// the time-out nor `ask_failure` counts: what the target answers is what became of the request.
    pub returns_by: Option<Box<str>>,
    /// Vias below ours, in the place of those that were received (TS 24.229 §5.10.4.2). Responses get back what was
    /// received; `None`: it stays in the request.
    pub vias: Option<Box<str>>,
    /// On whose behalf a session passes that [`Input::Release`](crate::Input::Release) of this user ends.
    pub served_user: Option<Box<str>>,
    /// Timers of the transactions of targets that have none of their own (TS 24.229 §7.7); `None`: this element's.
    pub timers: Option<Timers>,
    /// Timers of the transaction that the request came by, where its sender's are not this element's (TS 24.229 §7.7).
    pub server_timers: Option<Timers>,
}

impl Decision {
    /// Timers of the transaction that the request came by; `None`: this element's.
    pub(crate) fn server_timers(&self) -> Option<Timers> {
        match self {
            Decision::Relay(relay) => relay.server_timers,
            Decision::Reply(reply) => reply.server_timers,
            Decision::Challenge(_) | Decision::Next(_) | Decision::Drop => None,
        }
    }
}

/// What ends the time that a script gave to a target; then Timer C or F counts as for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// A final response alone.
    #[default]
    Final,
    /// Any response above 100: the callee is being reached.
    Response,
    /// Any response, or one from the same address to another request: the next hop is there.
    Trying,
}

impl Until {
    /// Whether a response of this status ends the time.
    pub(crate) fn is_over(self, status: u16) -> bool {
        match self {
            Until::Final => status >= 200,
            Until::Response => status > 100,
            Until::Trying => true,
        }
    }
}

/// One target (RFC 3261 §16.5), its `location` already looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Becomes the Request-URI.
    pub uri: Box<str>,
    /// Route header field values on top, outermost first.
    pub route: Vec<Box<str>>,
    /// Preference in thousandths, 0 to 1000; equal ones ring together.
    pub q: u16,
    /// Send on this flow (RFC 5626) instead of locating the URI.
    pub flow: Option<sip::Flow>,
    /// There is no other way: where the flow is gone, so is the target.
    pub flow_only: bool,
    /// Where the request goes, in place of where its Route or Request-URI point (§16.6 item 6, "alternative next hop"):
    /// it is located like those, and nothing of it is written into the request.
    pub next_hop: Option<Box<str>>,
    /// Timers of its transaction, where the way is slower than most (TS 24.229 §7.7); `None`: this element's.
    pub timers: Option<Timers>,
}

impl Target {
    /// A URI to be located, of full preference.
    #[must_use]
    pub fn to(uri: impl Into<Box<str>>) -> Self {
        Self {
            uri: uri.into(),
            route: Vec::new(),
            q: 1000,
            flow: None,
            flow_only: false,
            next_hop: None,
            timers: None,
        }
    }
}

/// An answer made by this element.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// 100 to 699.
    pub status: u16,
    /// Empty: the standard phrase.
    pub reason: Box<str>,
    /// Header fields to add, and a body.
    pub edits: Vec<Edit>,
    /// Answer without a transaction (RFC 3261 §8.2.7).
    pub stateless: bool,
    /// Timers of the transaction that the request came by, where its sender's are not this element's (TS 24.229 §7.7).
    pub server_timers: Option<Timers>,
}

/// 401 or 407 with challenges.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    /// 407 and Proxy-Authenticate instead of 401 and WWW-Authenticate.
    pub proxy: bool,
    /// The protection space.
    pub realm: Box<str>,
    /// One challenge each, in this order.
    pub algorithms: Vec<auth::Algorithm>,
    /// Right credentials on an old nonce.
    pub stale: bool,
    /// Further edits to the answer.
    pub edits: Vec<Edit>,
}

/// Why no decision came. Each becomes a 500 (or 503, 504) and is counted by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ConsultError {
    /// The script returned its own fault.
    #[error("the script gave a fault")]
    Fault,
    /// The script trapped.
    #[error("the script trapped")]
    Trap,
    /// The script did not end in time.
    #[error("the script did not end in time")]
    Deadline,
    /// The decision broke the contract (a header value with a line break, a status out of range …).
    #[error("the script's decision breaks the contract")]
    Invalid,
    /// Too many consultations are under way.
    #[error("no instance is free")]
    Busy,
    /// No plugin is loaded for the role.
    #[error("no plugin is loaded")]
    NoPlugin,
    /// What the decision rests on could not be made durable.
    #[error("the change could not be stored")]
    Store,
}

/// Which hook of a script is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hook {
    /// A request outside a dialog.
    Request,
    /// A request inside a dialog.
    InDialogRequest,
    /// A response.
    Reply,
    /// All targets have failed.
    Failure,
}

impl Hook {
    /// As the contract calls its interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hook::Request => "on-request",
            Hook::InDialogRequest => "on-in-dialog-request",
            Hook::Reply => "on-reply",
            Hook::Failure => "on-failure",
        }
    }
}

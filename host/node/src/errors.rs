//! Where errors become SIP status codes: the only place.
//!
//! In: what went wrong. Out: status, reason phrase (empty: the standard one).

use crate::decision::ConsultError;
use crate::io::LocateFailure;

/// A refusal: status and phrase.
pub(crate) type Refusal = (u16, &'static str);

/// No transaction for a CANCEL (RFC 3261 §9.2).
pub(crate) const NO_TRANSACTION: Refusal = (481, "");
/// The request was cancelled (§9.2).
pub(crate) const CANCELLED: Refusal = (487, "");
/// No target is left of those the script named (§16.5; §21.4.18).
pub(crate) const NO_TARGET: Refusal = (480, "");
/// Tables are full, or the host is about to stop (§21.5.4).
pub(crate) const OVERLOADED: Refusal = (503, "");
/// Max-Forwards is used up (§16.3 item 3).
pub(crate) const TOO_MANY_HOPS: Refusal = (483, "");
/// The topmost Route, or the target, is no URI that can be followed (§21.4.1).
pub(crate) const BAD_ROUTE: Refusal = (400, "Bad Next Hop URI");
/// The only way to a target is a flow, and it is gone. To the caller that is a phone which is away for a while: 430 is a
/// word between edge and registrar (RFC 5626 §11.5; §21.4.18).
pub(crate) const AWAY: Refusal = (480, "");
/// The flow that a Record-Route of ours names is gone, and the peer's Contact leads nowhere either (RFC 5626 §5.3.1).
pub(crate) const FLOW_FAILED: Refusal = (430, "");
/// The transport gave up on every hop (§16.9: as a 503, which §16.7 item 6 turns into 500 upstream).
pub(crate) const UNREACHABLE: Refusal = (503, "");

/// No target has answered a request that is no INVITE, and its sender still waits (§21.5.5): 408 is not for these (RFC 4320
/// §4.2).
pub(crate) const NO_ANSWER: Refusal = (504, "");

/// A script gave no decision.
pub(crate) fn consult(error: ConsultError) -> Refusal {
    match error {
        ConsultError::Fault => (500, "Script Fault"),
        ConsultError::Trap => (500, "Script Failed"),
        ConsultError::Deadline => (500, "Script Time-out"),
        ConsultError::Invalid => (500, "Script Decision Invalid"),
        ConsultError::Busy | ConsultError::NoPlugin => OVERLOADED,
        ConsultError::Store => (503, "Not Stored"),
    }
}

/// A target could not be located (RFC 3263 §4; RFC 3261 §16.6 item 7). `is_routed`: the name is that of an element on the
/// way. That it does not exist says nothing of who is called.
pub(crate) fn locate(failure: LocateFailure, is_routed: bool) -> Refusal {
    match failure {
        LocateFailure::NotFound if is_routed => (502, "Next Hop Not Found"),
        LocateFailure::NotFound => (404, "Next Hop Not Found"),
        LocateFailure::Timeout => (504, "Next Hop Not Resolved"),
        LocateFailure::NoTransport => (502, "No Common Transport"),
    }
}

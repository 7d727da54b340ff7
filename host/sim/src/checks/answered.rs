//! Every request gets a final response, and every final response to an INVITE its ACK, unless the network ate them all
//! (RFC 3261 §17.1, §13.3.1.4).
//!
//! In: what a phone tells, and what excuses it. Out: who waits in vain. A request is sent eleven times within 32 s, an
//! INVITE seven times; so one that stays without an answer for the network's sake has cost [`ENOUGH_LOST`] datagrams.

use super::Rule;
use crate::phone::Told;

/// Datagrams of one call that must have been lost before a missing answer is the network's fault.
const ENOUGH_LOST: u32 = 6;

/// What excuses a missing answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Excuses {
    /// Datagrams of the call that were lost.
    pub lost: u32,
    /// A connection broke that the call used, and took with it what was under way, or what was to come back on it.
    pub broke: bool,
    /// A node restarted since the request began, and with it what it knew of that.
    pub restarted: bool,
}

pub(super) fn judge(told: &Told, excuses: Excuses) -> Option<(Rule, String)> {
    let (rule, what) = match told {
        Told::Unanswered { excused: true, .. } => return None,
        Told::Unanswered { call_id, method, .. } => {
            (Rule::Answered, format!("no final response to {method} of {call_id}"))
        }
        Told::Unacknowledged { call_id, status } => {
            (Rule::Acks, format!("no ACK to the {status} of {call_id}"))
        }
        Told::Stray(what) => {
            return Some((Rule::Vias, format!("a phone got somebody else's response: {what}")));
        }
        Told::Up { .. } | Told::Over(_) | Told::Answered { .. } => return None,
    };
    let excused = excuses.lost >= ENOUGH_LOST || excuses.broke || excuses.restarted;
    (!excused).then(|| (rule, format!("{what}, {} datagrams were lost", excuses.lost)))
}

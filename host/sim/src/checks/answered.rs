//! Every request gets a final response, and every final response to an INVITE its ACK, unless the network ate them all
//! (RFC 3261 §17.1, §13.3.1.4).
//!
//! In: what a phone tells, and what excuses it. Out: who waits in vain. A request is sent eleven times within 32 s, an
//! INVITE seven times; so one that stays without an answer for the network's sake has cost [`ENOUGH_LOST`] datagrams.

use std::time::Duration;

use transaction::Time;

use super::Rule;
use crate::phone::Told;

/// Datagrams of one call that must have been lost before a missing answer is the network's fault.
const ENOUGH_LOST: u32 = 6;
/// How long an ACK is waited for.
const ACK_WAIT: Duration = Duration::from_secs(32);

/// What excuses a missing answer.
#[derive(Debug, Clone, Default)]
pub struct Excuses {
    /// Datagrams of the call that were lost.
    pub lost: u32,
    /// When connections broke, which take with them what is under way.
    pub breaks: Vec<Time>,
}

pub(super) fn judge(now: Time, told: &Told, excuses: &Excuses) -> Option<(Rule, String)> {
    let (waited, rule, what) = match told {
        Told::Unanswered { excused: true, .. } => return None,
        Told::Unanswered { call_id, method, waited, .. } => {
            (*waited, Rule::Answered, format!("no final response to {method} of {call_id}"))
        }
        Told::Unacknowledged { call_id, status } => {
            (ACK_WAIT, Rule::Acks, format!("no ACK to the {status} of {call_id}"))
        }
        Told::Stray(what) => {
            return Some((Rule::Vias, format!("a phone got somebody else's response: {what}")));
        }
        Told::Up { .. } | Told::Over(_) | Told::Answered { .. } => return None,
    };
    let since = Time(now.0.saturating_sub(waited.as_micros() as u64 + 1_000_000));
    let broke = excuses.breaks.iter().any(|at| (since..=now).contains(at));
    (excuses.lost < ENOUGH_LOST && !broke)
        .then(|| (rule, format!("{what}, {} datagrams were lost", excuses.lost)))
}

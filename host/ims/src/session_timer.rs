//! Session timers in a proxy (RFC 4028 §8): what it asks for, and what it does with the answer.
//!
//! ```text
//!   request with Session-Expires       below our minimum ── UAC supports timers ──▶ 422 with Min-SE
//!                                                        └─ it does not ──────────▶ raised to the minimum
//!                                      above what we want ────────────────────────▶ lowered, not below Min-SE
//!   request without                    we want one ───────────────────────────────▶ put in, not below Min-SE
//!
//!   2xx with Session-Expires           ──▶ the session has that timer
//!   2xx without, UAC supports timers,  ──▶ put in with refresher=uac, Require: timer
//!      and the request had one
//!   2xx without, else                  ──▶ no timer
//! ```
//! In: the header fields that count, and the operator's wishes. Out: a decision. Not here: the timer itself
//! (`strowger-dialog`).

use std::fmt;

use sip::{Head, HeaderError, HeaderId, Refresher};

/// The least that anybody may ask for, in seconds (RFC 4028 §4, §5).
pub const LEAST: u32 = 90;

/// What the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The shortest interval that is let through, in seconds; below 90 it counts as 90.
    pub min_se: u32,
    /// The longest interval that is let through, and what is put in where there is none, in seconds; `None`: nothing is
    /// put in and nothing lowered.
    pub session_expires: Option<u32>,
}

/// What an INVITE or UPDATE says about session timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// The interval of Session-Expires, in seconds.
    pub session_expires: Option<u32>,
    /// The interval of Min-SE, in seconds.
    pub min_se: Option<u32>,
    /// Whether Supported has `timer`.
    pub is_supported: bool,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// Session-Expires or Min-SE is malformed.
    pub fn of(request: Head<'_>) -> Result<Asked, HeaderError> {
        Ok(Asked {
            session_expires: request.session_expires()?.map(|value| value.interval),
            min_se: request.min_se()?.map(|value| value.interval),
            is_supported: request.has_option_tag(HeaderId::SUPPORTED, "timer"),
        })
    }
}

/// What a proxy does with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestDecision {
    /// 422 (Session Interval Too Small) with this Min-SE (§8.1).
    TooSmall {
        /// Seconds.
        min_se: u32,
    },
    /// It goes on with these header fields.
    Forward(Forwarded),
}

/// The header fields that a request goes on with, and what the answer is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forwarded {
    /// Session-Expires, in seconds.
    pub session_expires: Option<u32>,
    /// Min-SE, in seconds.
    pub min_se: Option<u32>,
    /// Whether the UAC supports timers: a proxy has to remember it (§8.1).
    pub uac_supports: bool,
}

/// What a proxy does with a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseDecision {
    /// The session has no timer.
    None,
    /// It has the one that the answer names.
    Timer(SessionTimer),
    /// It gets this one: Session-Expires with `refresher=uac` and `Require: timer` are put in (§8.2).
    Insert(SessionTimer),
}

/// The timer of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    /// Seconds.
    pub interval: u32,
    /// Who refreshes.
    pub refresher: Refresher,
}

/// The value of Session-Expires.
impl fmt::Display for SessionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refresher = if self.refresher == Refresher::Uac { "uac" } else { "uas" };
        write!(f, "{};refresher={refresher}", self.interval)
    }
}

/// §8.1.
#[must_use]
pub fn on_request(policy: &Policy, asked: &Asked) -> RequestDecision {
    let ours = policy.min_se.max(LEAST);
    let forward = |session_expires, min_se| {
        RequestDecision::Forward(Forwarded { session_expires, min_se, uac_supports: asked.is_supported })
    };
    // What nobody may go below: Min-SE of the request, and our own where an interval is too small for it.
    let floor = asked.min_se.unwrap_or(LEAST).max(LEAST);
    match (asked.session_expires, policy.session_expires) {
        (Some(interval), _) if interval < ours => {
            if asked.is_supported {
                return RequestDecision::TooSmall { min_se: ours };
            }
            // It could not understand a 422.
            let raised = ours.max(floor);
            forward(Some(raised), Some(raised))
        }
        (Some(interval), Some(wanted)) if interval > wanted => {
            forward(Some(wanted.max(floor).max(ours).min(interval)), asked.min_se)
        }
        (Some(interval), _) => forward(Some(interval), asked.min_se),
        (None, Some(wanted)) => forward(Some(wanted.max(floor).max(ours)), asked.min_se),
        (None, None) => forward(None, asked.min_se),
    }
}

/// §8.2. `answer`: the interval and refresher of the 2xx's Session-Expires; a UAS has to name the refresher, where it
/// does not, it is taken to be itself, which is sure to know.
#[must_use]
pub fn on_response(forwarded: &Forwarded, answer: Option<(u32, Option<Refresher>)>) -> ResponseDecision {
    match (answer, forwarded.session_expires) {
        (Some((interval, refresher)), _) => {
            ResponseDecision::Timer(SessionTimer { interval, refresher: refresher.unwrap_or(Refresher::Uas) })
        }
        (None, Some(interval)) if forwarded.uac_supports => {
            ResponseDecision::Insert(SessionTimer { interval, refresher: Refresher::Uac })
        }
        (None, _) => ResponseDecision::None,
    }
}

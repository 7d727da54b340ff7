//! Session timers as a proxy takes part in them: RFC 4028 §8, with the header fields of §4 and §5.
//!
//! In: a session refresh request (INVITE, UPDATE) or its 2xx, and what this proxy wants. Out: what to change in it,
//! whether to refuse it with 422, and for how long the session is good afterwards. All functions are pure; the
//! deadline itself is kept by [`Dialogs`](crate::Dialogs). Sending refreshes is the user agents' work, and so is
//! BYE: a proxy that finds a session expired only forgets it (§8.3).
//!
//! One refresh:
//! ```text
//!  request ──▶ rule ──▶ Refuse ──▶ 422 with Min-SE
//!                 └───▶ Forward { changes, Remembered } ──▶ 2xx ──▶ settle ──▶ no timer | interval, additions
//! ```

use sip::{Head, HeaderId, Refresher};

/// Least interval that may ever be asked for, in seconds; what Min-SE means where it is absent (§5).
pub const LEAST_INTERVAL: u32 = 90;

/// The interval that §4 recommends, in seconds.
pub const RECOMMENDED_INTERVAL: u32 = 1800;

/// Greatest interval that is taken at its word, in seconds: a delta-seconds beyond it counts as this (one week).
pub const GREATEST_INTERVAL: u32 = 604_800;

/// A session timer as it is settled or asked for: a Session-Expires (§4) without parameters that we do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Seconds, at most [`GREATEST_INTERVAL`].
    pub interval: u32,
    /// Who sends the refreshes.
    pub refresher: Option<Refresher>,
}

impl Session {
    /// The Session-Expires of a message; `None` where it is absent or malformed.
    #[must_use]
    pub fn of(head: &Head<'_>) -> Option<Self> {
        let session = head.session_expires().ok()??;
        Some(Self { interval: session.interval.min(GREATEST_INTERVAL), refresher: session.refresher() })
    }
}

/// As it is printed.
impl std::fmt::Display for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.interval)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// The Min-SE of a message in seconds; `None` where it is absent or malformed (§5).
#[must_use]
pub fn min_se(head: &Head<'_>) -> Option<u32> {
    head.min_se().ok().flatten().map(|least| least.interval.min(GREATEST_INTERVAL))
}

/// Whether the sender of a message understands session timers: `Supported: timer`.
#[must_use]
pub fn supports_timer(head: &Head<'_>) -> bool {
    head.has_option_tag(HeaderId::SUPPORTED, "timer")
}

/// What this proxy wants of every session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Shortest interval that it accepts, in seconds; taken as [`LEAST_INTERVAL`] where it is less.
    pub least: u32,
    /// The interval that it asks for where there is none or a longer one, in seconds; `None`: it asks for nothing
    /// and only keeps track.
    pub wanted: Option<u32>,
}

/// What to keep from the request until its 2xx (§8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Session-Expires as it was forwarded, in seconds; `None`: there was none.
    pub interval: Option<u32>,
    /// The request said `Supported: timer`.
    pub client_supports: bool,
}

/// What becomes of a session refresh request (§8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Answer 422 (Session Interval Too Small) with this Min-SE.
    Refuse {
        /// Seconds.
        min_se: u32,
    },
    /// Forward it.
    Forward {
        /// Session-Expires to insert or to put in place of the old one.
        session_expires: Option<Session>,
        /// Min-SE to insert or to put in place of the old one; only where the client knows nothing of timers.
        min_se: Option<u32>,
        /// For [`settle`].
        remembered: Remembered,
    },
}

/// What a proxy does with a session refresh request (§8.1).
///
/// A client that supports timers is refused when its interval is too small, so that it learns; for one that does
/// not, a smaller value can only come from a proxy before us, and is raised together with Min-SE. An interval is
/// never lowered below the request's Min-SE, and a longer one never raised.
#[must_use]
pub fn rule(request: &Head<'_>, policy: Policy) -> Ruling {
    let least = policy.least.max(LEAST_INTERVAL);
    let client_supports = supports_timer(request);
    let asked = Session::of(request);
    let floor = min_se(request).unwrap_or(LEAST_INTERVAL);

    let (session_expires, raised) = match (asked, policy.wanted) {
        (Some(asked), _) if asked.interval < least && client_supports => {
            return Ruling::Refuse { min_se: least };
        }
        (Some(asked), _) if asked.interval < least => {
            let interval = least.max(floor);
            (Some(Session { interval, ..asked }), (floor < least).then_some(least))
        }
        (Some(asked), Some(wanted)) => {
            let interval = wanted.max(least).max(floor);
            ((interval < asked.interval).then_some(Session { interval, ..asked }), None)
        }
        (None, Some(wanted)) => {
            let interval = wanted.max(least).max(floor);
            (Some(Session { interval, refresher: None }), None)
        }
        (_, None) => (None, None),
    };
    let interval = session_expires.or(asked).map(|forwarded| forwarded.interval);
    Ruling::Forward { session_expires, min_se: raised, remembered: Remembered { interval, client_supports } }
}

/// What a 2xx to a session refresh request settles (§8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The session has no timer.
    NoTimer,
    /// The session is good for this long after the response.
    Timer(Session),
    /// Likewise, and the response is to be given this Session-Expires and `timer` in its Require header field: the
    /// server knows nothing of timers, the client does, and we are the first to tell it.
    Insert(Session),
}

impl Settled {
    /// Seconds from the response on; `None`: no timer.
    #[must_use]
    pub fn interval(self) -> Option<u32> {
        match self {
            Self::NoTimer => None,
            Self::Timer(session) | Self::Insert(session) => Some(session.interval),
        }
    }
}

/// What the 2xx means for the session (§8.2).
#[must_use]
pub fn settle(remembered: Remembered, response: &Head<'_>) -> Settled {
    match (Session::of(response), remembered) {
        (Some(session), _) => Settled::Timer(session),
        (None, Remembered { interval: Some(interval), client_supports: true }) => {
            Settled::Insert(Session { interval, refresher: Some(Refresher::Uac) })
        }
        (None, _) => Settled::NoTimer,
    }
}

//! Session timers of an endpoint (RFC 4028 §7, §9, §10).
//!
//! In: session refresh requests and their 2xx. Out: who refreshes until when, and what a response says of it. The
//! refresh itself is an UPDATE without an offer (`change.rs`).

use std::time::Duration;

use dialog::session_timer::{self, LEAST_INTERVAL, Session};
use sip::{Head, HeaderId, Refresher};
use transaction::Time;

use crate::core::CallFeatures;
use crate::core::alarms::CallAlarm;
use crate::core::call::Call;
use crate::core::line::Line;
use crate::core::request::Request;

/// A session is ended this long before its interval is over, or a third of the interval where that is less (§10).
const BEFORE_THE_END: u32 = 32;

/// What was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer {
    /// Seconds.
    pub(crate) interval: u32,
    /// Whether we refresh.
    pub(crate) is_ours: bool,
}

/// What a callee says to a session refresh request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// 422 with this Min-SE.
    TooShort(u32),
    /// No timer.
    None,
    /// The timer, the value of Session-Expires, and whether the caller has to know it (`Require: timer`).
    Settled(Timer, Session, bool),
}

/// What a request of ours asks for (§7.1).
pub(crate) fn ask(request: Request, interval: Option<u32>, refresher: Option<Refresher>) -> Request {
    let Some(interval) = interval else { return request };
    request
        .with(HeaderId::SESSION_EXPIRES, Session { interval, refresher }.to_string())
        .with(HeaderId::MIN_SE, LEAST_INTERVAL.to_string())
}

/// What a 2xx to a request of ours settles (§7.2).
pub(crate) fn settled(head: &Head<'_>, features: CallFeatures) -> Option<Timer> {
    features.session_timer?;
    let session = Session::of(head)?;
    let interval = session.interval.max(LEAST_INTERVAL);
    Some(Timer { interval, is_ours: session.refresher != Some(Refresher::Uas) })
}

/// What is said to a request of the other side (§9).
pub(crate) fn rule(head: &Head<'_>, features: CallFeatures) -> Ruling {
    let knows = session_timer::supports_timer(head);
    let (Some(wanted), asked) = (features.session_timer, Session::of(head)) else { return Ruling::None };
    let (interval, refresher) = match asked {
        Some(asked) if asked.interval < LEAST_INTERVAL && knows => return Ruling::TooShort(LEAST_INTERVAL),
        Some(asked) => (asked.interval.max(LEAST_INTERVAL), asked.refresher),
        None if knows => (wanted.max(session_timer::min_se(head).unwrap_or(LEAST_INTERVAL)), None),
        None => return Ruling::None,
    };
    // Who knows nothing of timers cannot refresh (§9).
    let refresher = if knows { refresher.unwrap_or(Refresher::Uac) } else { Refresher::Uas };
    let timer = Timer { interval, is_ours: refresher == Refresher::Uas };
    Ruling::Settled(timer, Session { interval, refresher: Some(refresher) }, knows)
}

impl Call {
    /// A session refresh request was accepted, by us or by them.
    pub(super) fn set_timer(&mut self, line: &mut Line, now: Time, timer: Option<Timer>) {
        self.timer = timer;
        let (refresh, expire) = (self.alarm(CallAlarm::Refresh), self.alarm(CallAlarm::Expire));
        line.alarms.stop(refresh);
        line.alarms.stop(expire);
        let Some(Timer { interval, is_ours }) = timer else { return };
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        line.alarms.set(expire, now + seconds(interval - BEFORE_THE_END.min(interval / 3)));
        if is_ours {
            line.alarms.set(refresh, now + seconds(interval) / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(headers: &str) -> Ruling {
        let request = format!(
            "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\n\
             Call-ID: x\r\nCSeq: 1 INVITE\r\n{headers}\r\n"
        );
        rule(&sip::Message::parse_datagram(request.as_bytes()).unwrap().head(), CallFeatures::VOLTE)
    }

    fn settles(headers: &str) -> (u32, bool, String, bool) {
        match ruling(headers) {
            Ruling::Settled(timer, session, requires) => {
                (timer.interval, timer.is_ours, session.to_string(), requires)
            }
            other => panic!("{other:?}"),
        }
    }

    /// RFC 4028 table 2.
    #[test]
    fn who_refreshes() {
        let knows = "Supported: timer\r\n";
        let asks = |refresher: &str| format!("{knows}Session-Expires: 600{refresher}\r\n");
        assert_eq!(settles(&asks("")), (600, false, "600;refresher=uac".to_owned(), true));
        assert_eq!(settles(&asks(";refresher=uac")), (600, false, "600;refresher=uac".to_owned(), true));
        assert_eq!(settles(&asks(";refresher=uas")), (600, true, "600;refresher=uas".to_owned(), true));
        // A proxy asked on behalf of a caller that knows nothing of it.
        assert_eq!(settles("Session-Expires: 600\r\n"), (600, true, "600;refresher=uas".to_owned(), false));
        assert_eq!(settles(knows), (1_800, false, "1800;refresher=uac".to_owned(), true));
        assert_eq!(ruling(""), Ruling::None);
        assert_eq!(ruling("Supported: timer\r\nSession-Expires: 60\r\n"), Ruling::TooShort(90));
    }
}

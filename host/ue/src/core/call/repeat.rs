//! A response that goes again until it is acknowledged: a reliable provisional one until its PRACK (RFC 3262 §3), a 2xx
//! until its ACK (RFC 3261 §13.3.1.4).
//!
//! In: the response, the times of the transaction layer. Out: when it goes next, or that it is given up.

use std::time::Duration;

use bytes::Bytes;
use transaction::{ServerId, Time, Timers};

use crate::core::alarms::{Alarm, CallAlarm};
use crate::core::call::{Call, Phase};
use crate::core::event::Why;
use crate::core::line::Line;

/// See the top of the file.
pub(crate) struct Repeated {
    pub(crate) id: ServerId,
    pub(crate) status: u16,
    bytes: Bytes,
    interval: Duration,
    /// The interval does not grow beyond this.
    longest: Duration,
    give_up: Time,
}

impl Repeated {
    /// What was sent now. The interval of a 2xx grows up to T2, that of a provisional response without end.
    pub(crate) fn new(now: Time, id: ServerId, status: u16, bytes: Bytes, timers: Timers) -> Repeated {
        let whole = timers.t1() * 64;
        let longest = if status < 200 { whole } else { timers.t2() };
        Repeated { id, status, bytes, interval: timers.t1(), longest, give_up: now + whole }
    }

    /// When it goes next.
    pub(crate) fn next(&self, now: Time) -> Time {
        (now + self.interval).min(self.give_up)
    }

    /// It is time: false, if it is to be given up.
    fn again(&mut self, line: &mut Line, now: Time) -> bool {
        if now >= self.give_up {
            return false;
        }
        self.interval = (self.interval * 2).min(self.longest);
        line.respond_again(now, self.id, self.status, self.bytes.clone());
        true
    }
}

impl Call {
    /// [`CallAlarm::Repeat`]
    pub(super) fn repeat(&mut self, line: &mut Line, now: Time) {
        let repeated = match &mut self.phase {
            Phase::Invited(invited) => invited.unacknowledged.as_mut().map(|(_, repeated)| repeated),
            Phase::Up(up) => up.accepted.as_mut().map(|(_, repeated)| repeated),
            Phase::Calling(_) | Phase::Over => None,
        };
        let Some(repeated) = repeated else { return };
        if repeated.again(line, now) {
            let next = repeated.next(now);
            return line.alarms.set(Alarm::Call(self.id, CallAlarm::Repeat), next);
        }
        match &mut self.phase {
            // RFC 3262 §3: the caller is refused.
            Phase::Invited(invited) => {
                invited.answer(line, now, 504);
                self.end(line, now, Why::NotAcknowledged, None);
            }
            // RFC 3261 §13.3.1.4: the session is there, and is ended.
            Phase::Up(up) => {
                up.accepted = None;
                let why = up.wants_end.take().unwrap_or(Why::NotAcknowledged);
                self.bye(line, now, why);
            }
            Phase::Calling(_) | Phase::Over => {}
        }
    }
}

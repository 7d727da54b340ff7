//! What is due when: one time for each alarm.
//!
//! In: alarms with their times. Out: the next time, and the alarms that are due, earliest first. There are as many as
//! there are names for them: a few for the registration, a few for each call.

use std::collections::BTreeMap;

use transaction::Time;

use super::CallId;

/// What can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// Register, after a wait.
    Register,
    /// Register again before the registration expires.
    Refresh,
    /// The registration has expired.
    Expiry,
    /// Refresh the subscription.
    Subscribe,
    /// Something of a call.
    Call(CallId, CallAlarm),
}

/// What can be due of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallAlarm {
    /// Nobody answered our INVITE.
    Answer,
    /// It has rung long enough.
    Ring,
    /// Resources are reserved.
    Reserve,
    /// A response that waits for its PRACK or ACK goes again.
    Repeat,
    /// A change that met one of the other side's is tried again.
    Retry,
    /// The session wants a refresh.
    Refresh,
    /// The session was not refreshed.
    Expire,
}

/// The alarms of a phone.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    due: BTreeMap<Alarm, Time>,
}

impl Alarms {
    /// Sets an alarm, or sets it anew.
    pub(crate) fn set(&mut self, alarm: Alarm, at: Time) {
        self.due.insert(alarm, at);
    }

    pub(crate) fn is_set(&self, alarm: Alarm) -> bool {
        self.due.contains_key(&alarm)
    }

    pub(crate) fn stop(&mut self, alarm: Alarm) {
        self.due.remove(&alarm);
    }

    /// Stops every alarm of a call.
    pub(crate) fn stop_call(&mut self, call: CallId) {
        self.due.retain(|alarm, _| !matches!(alarm, Alarm::Call(of, _) if *of == call));
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.due.values().min().copied()
    }

    /// Takes out the earliest that is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Alarm> {
        let (alarm, _) =
            self.due.iter().filter(|(_, at)| **at <= now).min_by_key(|(alarm, at)| (**at, **alarm))?;
        let alarm = *alarm;
        self.due.remove(&alarm);
        Some(alarm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_go_off_once_and_in_order() {
        let mut alarms = Alarms::default();
        let call = Alarm::Call(CallId(1), CallAlarm::Ring);
        alarms.set(Alarm::Refresh, Time(30));
        alarms.set(call, Time(20));
        alarms.set(Alarm::Refresh, Time(10));
        alarms.set(Alarm::Expiry, Time(40));
        assert_eq!(alarms.next(), Some(Time(10)));
        assert_eq!(alarms.pop_due(Time(9)), None);
        assert_eq!(alarms.pop_due(Time(25)), Some(Alarm::Refresh));
        assert_eq!(alarms.pop_due(Time(25)), Some(call));
        assert_eq!(alarms.pop_due(Time(25)), None);
        assert!(alarms.is_set(Alarm::Expiry));
        alarms.stop(Alarm::Expiry);
        assert_eq!(alarms.next(), None);
    }

    #[test]
    fn the_alarms_of_one_call_stop_together() {
        let mut alarms = Alarms::default();
        for call in [1, 2] {
            alarms.set(Alarm::Call(CallId(call), CallAlarm::Answer), Time(5));
            alarms.set(Alarm::Call(CallId(call), CallAlarm::Expire), Time(5));
        }
        alarms.stop_call(CallId(1));
        assert_eq!(alarms.pop_due(Time(5)), Some(Alarm::Call(CallId(2), CallAlarm::Answer)));
        assert_eq!(alarms.pop_due(Time(5)), Some(Alarm::Call(CallId(2), CallAlarm::Expire)));
        assert_eq!(alarms.pop_due(Time(5)), None);
    }
}

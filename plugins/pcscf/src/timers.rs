//! SIP timers of the side of phones (TS 24.229 §7.7, table 7.8): its transactions take longer than those of the core, in
//! both directions.
//!
//! In: what is decided about a request, by the side that it comes from or goes to. Out: the same with T1, T2 and T4.

use strowger_sdk::Stop;
use strowger_sdk::prelude::*;

use crate::settings::Settings;

/// A phone's request: it is repeated for 64 times the phone's T1, and so long its answer is remembered (Timer J), or waits
/// for an ACK (Timer H).
pub(crate) fn from_phone(settings: &Settings, outcome: Outcome) -> Outcome {
    let [t1, t2, t4] = settings.timers;
    match outcome {
        Ok(decision) => Ok(decision.server_timers_ms(t1, t2, t4)),
        Err(Stop::Decided(decision)) => Ok(decision.server_timers_ms(t1, t2, t4)),
        fault => fault,
    }
}

/// A request to a phone.
pub(crate) fn to_phone(settings: &Settings, relay: Relay) -> Relay {
    let [t1, t2, t4] = settings.timers;
    relay.timers_ms(t1, t2, t4)
}

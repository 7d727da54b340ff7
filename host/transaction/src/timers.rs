//! T1, T2, T4 and the timers that follow from them: RFC 3261 table 4, RFC 6026 (L, M), and for IMS the
//! values of TS 24.229 table 7.8.
//!
//! In: three times, for one side of the node. Out: the duration of each named timer. When timers start and
//! stop is the machines' matter; Timer C (§16.6 item 11) is the proxy's.

use std::time::Duration;

/// The timers of the transaction layer by their names in the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TimerName {
    /// INVITE request retransmission over UDP: T1, then doubled each time.
    A,
    /// INVITE client gives up: 64*T1. Also the wait for a final response after CANCEL (§9.1).
    B,
    /// INVITE client waits for retransmitted responses: at least 32 s, and no less than the peer's H.
    D,
    /// Non-INVITE request retransmission over UDP: T1, doubled up to T2.
    E,
    /// Non-INVITE client gives up: 64*T1.
    F,
    /// INVITE final response retransmission over UDP: T1, doubled up to T2.
    G,
    /// INVITE server waits for ACK: 64*T1.
    H,
    /// INVITE server waits for retransmitted ACKs: T4.
    I,
    /// Non-INVITE server waits for retransmitted requests: 64*T1.
    J,
    /// Non-INVITE client waits for retransmitted responses: T4.
    K,
    /// INVITE server after a 2xx waits for retransmitted INVITEs (RFC 6026): 64*T1.
    L,
    /// INVITE client after a 2xx waits for retransmitted and further 2xx (RFC 6026): 64*T1.
    M,
}

/// The least that Timer D may be over an unreliable transport (§17.1.1.2), in milliseconds.
const D_AT_LEAST: u32 = 32_000;

/// T1, T2 and T4 of one side of the node, kept in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timers {
    t1: u32,
    t2: u32,
    t4: u32,
}

impl Default for Timers {
    fn default() -> Self {
        Timers::RFC3261
    }
}

impl Timers {
    /// RFC 3261: 500 ms, 4 s, 5 s.
    pub const RFC3261: Timers = Timers { t1: 500, t2: 4_000, t4: 5_000 };
    /// Between phone and P-CSCF (TS 24.229 table 7.8): 2 s, 16 s, 17 s.
    pub const IMS_PHONE: Timers = Timers { t1: 2_000, t2: 16_000, t4: 17_000 };
    /// No time may be shorter: one tick of the wheel, 10 ms.
    pub const MIN: Duration = Duration::from_millis(10);
    /// No time may be longer: a minute, which makes 64*T1 about an hour.
    pub const MAX: Duration = Duration::from_secs(60);

    /// Timers from the three times; each is brought into [`Timers::MIN`] to [`Timers::MAX`], parts of a
    /// millisecond are cut off.
    pub fn new(t1: Duration, t2: Duration, t4: Duration) -> Timers {
        let millis = |time: Duration| time.clamp(Timers::MIN, Timers::MAX).as_millis() as u32;
        Timers { t1: millis(t1), t2: millis(t2), t4: millis(t4) }
    }

    /// T1: an estimate of the round trip.
    pub const fn t1(self) -> Duration {
        Duration::from_millis(self.t1 as u64)
    }

    /// T2: the longest wait between retransmissions of non-INVITE requests and INVITE responses.
    pub const fn t2(self) -> Duration {
        Duration::from_millis(self.t2 as u64)
    }

    /// T4: how long a message can stay in the network.
    pub const fn t4(self) -> Duration {
        Duration::from_millis(self.t4 as u64)
    }

    /// How long a timer runs (A, E and G: the first time) over an unreliable transport.
    pub const fn duration(self, timer: TimerName) -> Duration {
        Duration::from_millis(self.millis(timer) as u64)
    }

    pub(crate) const fn t2_millis(self) -> u32 {
        self.t2
    }

    /// [`Timers::duration`] in milliseconds. 64 times a minute fits well.
    pub(crate) const fn millis(self, timer: TimerName) -> u32 {
        let t1_64 = self.t1 * 64;
        match timer {
            TimerName::A | TimerName::E | TimerName::G => self.t1,
            TimerName::B | TimerName::F | TimerName::H | TimerName::J | TimerName::L | TimerName::M => t1_64,
            TimerName::D if t1_64 < D_AT_LEAST => D_AT_LEAST,
            TimerName::D => t1_64,
            TimerName::I | TimerName::K => self.t4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(timers: Timers, timer: TimerName) -> f64 {
        timers.duration(timer).as_secs_f64()
    }

    #[test]
    fn values_of_rfc_3261_table_4() {
        let t = Timers::default();
        for (timer, value) in [
            (TimerName::A, 0.5),
            (TimerName::B, 32.0),
            (TimerName::D, 32.0),
            (TimerName::E, 0.5),
            (TimerName::F, 32.0),
            (TimerName::G, 0.5),
            (TimerName::H, 32.0),
            (TimerName::I, 5.0),
            (TimerName::J, 32.0),
            (TimerName::K, 5.0),
            (TimerName::L, 32.0),
            (TimerName::M, 32.0),
        ] {
            assert_eq!(seconds(t, timer), value, "{timer:?}");
        }
    }

    #[test]
    fn values_of_ts_24_229_table_7_8() {
        let t = Timers::IMS_PHONE;
        for (timer, value) in [
            (TimerName::A, 2.0),
            (TimerName::B, 128.0),
            (TimerName::D, 128.0),
            (TimerName::E, 2.0),
            (TimerName::F, 128.0),
            (TimerName::G, 2.0),
            (TimerName::H, 128.0),
            (TimerName::I, 17.0),
            (TimerName::J, 128.0),
            (TimerName::K, 17.0),
        ] {
            assert_eq!(seconds(t, timer), value, "{timer:?}");
        }
    }

    #[test]
    fn timer_d_is_never_below_32_seconds() {
        let t = Timers::new(Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(1));
        assert_eq!(seconds(t, TimerName::H), 6.4);
        assert_eq!(seconds(t, TimerName::D), 32.0);
    }

    #[test]
    fn absurd_times_are_brought_into_range() {
        let t = Timers::new(Duration::ZERO, Duration::MAX, Duration::from_micros(20_900));
        assert_eq!((t.t1(), t.t2(), t.t4()), (Timers::MIN, Timers::MAX, Duration::from_millis(20)));
    }
}

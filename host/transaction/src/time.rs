//! Time as the core sees it: microseconds since the node started.
//!
//! In: whatever clock the shell has. Out: an ordered value with arithmetic that saturates. Wall-clock time
//! does not belong here.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A moment: microseconds since the node started. 2^64 of them are half a million years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The start of the node.
    pub const ZERO: Time = Time(0);
    /// Later than anything: "never".
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `millis` milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Time {
        Time(millis.saturating_mul(1000))
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// This moment and `millis` milliseconds more.
    pub const fn plus_millis(self, millis: u32) -> Time {
        Time(self.0.saturating_add(millis as u64 * 1000))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Time {
    type Output = Duration;

    /// The time between, zero if `earlier` is the later one.
    fn sub(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

//! The one place that reads time. In: the machine's clocks. Out: [`transaction::Time`] for the core, wall clock
//! milliseconds for scripts and registrations.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use transaction::Time;

/// Monotonic time since the start of the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts at zero now.
    #[must_use]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Microseconds since the start.
    #[must_use]
    pub(crate) fn now(&self) -> Time {
        Time(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[must_use]
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

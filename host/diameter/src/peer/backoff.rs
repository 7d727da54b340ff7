//! When to connect again: RFC 6733 §2.1: "an attempt to reconnect ... SHOULD be made periodically", Tc, "the
//! recommended value is 30 seconds".
//!
//! In: failures and successes. Out: how long to wait. From a short wait, doubled each time, up to Tc; spread by a
//! quarter, so that the peers of a server that comes back do not all come at once.

use std::time::Duration;

use crate::luck::Luck;

/// The waits of one peer.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    tc: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, tc: Duration) -> Backoff {
        Backoff { first, tc, failures: 0 }
    }

    /// The wait after another failure.
    pub(crate) fn wait(&mut self, luck: &mut Luck) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.min(self.tc);
        luck.around(wait, wait / 4)
    }

    /// The peer is open: the next failure is the first one.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_tc_and_begins_anew() {
        let mut luck = Luck::new(3);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        for expected in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let seen = backoff.wait(&mut luck).as_secs_f64();
            assert!((expected * 0.75..=expected * 1.25).contains(&seen), "{seen}, not about {expected}");
        }
        for _ in 0..100 {
            assert!(backoff.wait(&mut luck) <= Duration::from_secs(38));
        }
        backoff.reset();
        assert!(backoff.wait(&mut luck) <= Duration::from_millis(1250));
    }
}

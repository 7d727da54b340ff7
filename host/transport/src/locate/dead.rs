//! The memory of hops that did not answer (RFC 3263 §4.3; RFC 3261 §21.5.4 for 503 with Retry-After).
//!
//! In: reports with the time. Out: whether a hop is to be left out now. Bounded and expiring.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use sip::Transport;

/// Longest time for which a hop is left out, whatever a Retry-After says.
pub(super) const MAX_DEAD_TIME: Duration = Duration::from_secs(3600);

/// Hops that are left out until a point in time.
#[derive(Debug)]
pub(super) struct DeadHops {
    until: RwLock<HashMap<(Transport, SocketAddr), Instant>>,
    most: usize,
}

impl DeadHops {
    pub(super) fn new(most: usize) -> DeadHops {
        DeadHops { until: RwLock::default(), most }
    }

    /// Leaves a hop out until `now + how_long`. With the memory full, what has expired goes, then what expires next.
    pub(super) fn report(&self, transport: Transport, addr: SocketAddr, now: Instant, how_long: Duration) {
        let mut until = self.until.write();
        if until.len() >= self.most && !until.contains_key(&(transport, addr)) {
            until.retain(|_, end| *end > now);
            if until.len() >= self.most
                && let Some(next) = until.iter().min_by_key(|(_, end)| **end).map(|(key, _)| *key)
            {
                until.remove(&next);
            }
        }
        until.insert((transport, addr), now + how_long.min(MAX_DEAD_TIME));
    }

    pub(super) fn forget(&self, transport: Transport, addr: SocketAddr) {
        if !self.until.read().is_empty() {
            self.until.write().remove(&(transport, addr));
        }
    }

    pub(super) fn contains(&self, transport: Transport, addr: SocketAddr, now: Instant) -> bool {
        self.until.read().get(&(transport, addr)).is_some_and(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 5060))
    }

    #[test]
    fn a_dead_hop_comes_back_by_itself() {
        let dead = DeadHops::new(8);
        let now = Instant::now();
        dead.report(Transport::Udp, addr(1), now, Duration::from_secs(30));
        assert!(dead.contains(Transport::Udp, addr(1), now + Duration::from_secs(29)));
        assert!(!dead.contains(Transport::Udp, addr(1), now + Duration::from_secs(30)));
        assert!(!dead.contains(Transport::Tcp, addr(1), now), "the other transport is another hop");
    }

    #[test]
    fn a_hop_seen_alive_is_forgotten() {
        let dead = DeadHops::new(8);
        let now = Instant::now();
        dead.report(Transport::Udp, addr(1), now, Duration::from_secs(30));
        dead.forget(Transport::Udp, addr(1));
        assert!(!dead.contains(Transport::Udp, addr(1), now));
    }

    #[test]
    fn the_memory_is_bounded() {
        let dead = DeadHops::new(3);
        let now = Instant::now();
        dead.report(Transport::Udp, addr(1), now, Duration::from_secs(10));
        dead.report(Transport::Udp, addr(2), now, Duration::from_secs(5));
        dead.report(Transport::Udp, addr(3), now, Duration::from_secs(20));
        dead.report(Transport::Udp, addr(4), now, Duration::from_secs(20));
        assert!(!dead.contains(Transport::Udp, addr(2), now), "the one that expires next made room");
        for last in [1, 3, 4] {
            assert!(dead.contains(Transport::Udp, addr(last), now));
        }
        assert_eq!(dead.until.read().len(), 3);
    }

    #[test]
    fn a_retry_after_of_a_year_is_cut() {
        let dead = DeadHops::new(3);
        let now = Instant::now();
        dead.report(Transport::Udp, addr(1), now, Duration::from_secs(u64::MAX));
        assert!(!dead.contains(Transport::Udp, addr(1), now + MAX_DEAD_TIME));
    }
}

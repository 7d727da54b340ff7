//! The order of SRV records (RFC 2782), and the luck in it.
//!
//! In: records, a source of numbers. Out: the records in the order to try them. Pure.

use std::sync::atomic::{AtomicU64, Ordering};

use sip::Transport;

/// One SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    /// Host name without the final dot; empty for the target `.`.
    pub(super) target: Box<str>,
}

impl Srv {
    /// Whether it says that the service is not offered.
    pub(super) fn is_refusal(&self) -> bool {
        self.target.is_empty()
    }
}

/// The SRV service names of SIP (RFC 3263 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    SipUdp,
    SipTcp,
    SipsTcp,
}

impl Service {
    /// The service of a transport. WebSocket has none: its clients are given a URL (RFC 7118 §9 registers NAPTR
    /// services only).
    pub(super) fn of(transport: Transport) -> Option<Service> {
        match transport {
            Transport::Udp => Some(Service::SipUdp),
            Transport::Tcp => Some(Service::SipTcp),
            Transport::Tls => Some(Service::SipsTcp),
            Transport::Ws | Transport::Wss => None,
        }
    }

    /// What stands before the domain.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Service::SipUdp => "_sip._udp",
            Service::SipTcp => "_sip._tcp",
            Service::SipsTcp => "_sips._tcp",
        }
    }
}

/// Sorts by priority; within a priority draws by weight. `up_to(n)` gives a number from 0 to `n`, both included.
pub(super) fn order(mut records: Vec<Srv>, mut up_to: impl FnMut(u32) -> u32) -> Vec<Srv> {
    // weight 0 goes first within its priority, so that it has a small chance beside heavier ones
    records.sort_by_key(|record| (record.priority, record.weight > 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let group = records.iter().take_while(|record| record.priority == priority);
        let total: u32 = group.clone().map(|record| u32::from(record.weight)).sum();
        let draw = up_to(total);
        let mut running = 0;
        let chosen = group
            .into_iter()
            .position(|record| {
                running += u32::from(record.weight);
                running >= draw
            })
            .unwrap_or(0);
        ordered.push(records.remove(chosen));
    }
    ordered
}

/// A seeded source of numbers that several threads may draw from (SplitMix64).
#[derive(Debug)]
pub(super) struct Luck(AtomicU64);

impl Luck {
    pub(super) fn new(seed: u64) -> Luck {
        Luck(AtomicU64::new(seed))
    }

    /// A number from 0 to `bound`, both included.
    pub(super) fn up_to(&self, bound: u32) -> u32 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // the upper half scaled down: below 2^32 / (bound + 1) of bias, which weights do not notice
        (((mixed >> 32) * (u64::from(bound) + 1)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5060, target: target.into() }
    }

    fn targets(records: &[Srv]) -> Vec<&str> {
        records.iter().map(|record| &*record.target).collect()
    }

    #[test]
    fn priority_comes_before_weight() {
        let records = vec![record(20, 100, "c"), record(10, 0, "a"), record(15, 5, "b")];
        assert_eq!(targets(&order(records, |bound| bound)), ["a", "b", "c"]);
    }

    #[test]
    fn the_draw_meets_the_running_sum() {
        let records = || vec![record(1, 10, "ten"), record(1, 0, "zero"), record(1, 30, "thirty")];
        // the list is zero (0), ten (10), thirty (40)
        let first = |draw: u32| order(records(), |bound| draw.min(bound))[0].target.clone();
        assert_eq!(&*first(0), "zero");
        assert_eq!(&*first(1), "ten");
        assert_eq!(&*first(10), "ten");
        assert_eq!(&*first(11), "thirty");
        assert_eq!(&*first(40), "thirty");
    }

    #[test]
    fn every_record_appears_once() {
        let luck = Luck::new(7);
        let records: Vec<Srv> = (0..50).map(|n| record(n % 3, n, "h")).collect();
        let ordered = order(records.clone(), |bound| luck.up_to(bound));
        assert_eq!(ordered.len(), records.len());
        assert!(ordered.windows(2).all(|pair| pair[0].priority <= pair[1].priority));
        assert!(records.iter().all(|record| ordered.contains(record)));
    }

    #[test]
    fn weights_are_shares_in_the_long_run() {
        let luck = Luck::new(42);
        let mut first = 0;
        for _ in 0..10_000 {
            let ordered =
                order(vec![record(1, 25, "light"), record(1, 75, "heavy")], |bound| luck.up_to(bound));
            first += usize::from(&*ordered[0].target == "heavy");
        }
        assert!((7_200..7_800).contains(&first), "heavy came first {first} times of 10,000");
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let draw = |seed| {
            let luck = Luck::new(seed);
            (0..100).map(|_| luck.up_to(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).iter().all(|number| *number <= 1000));
    }
}

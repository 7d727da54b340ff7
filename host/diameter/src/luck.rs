//! Luck out of a seed: jitter, weights, first identifiers. Nothing that has to be hard to guess.
//!
//! In: a seed. Out: numbers, the same for the same seed (SplitMix64).

use std::time::Duration;

/// A source of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Luck(u64);

impl Luck {
    pub(crate) const fn new(seed: u64) -> Luck {
        Luck(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a bound; zero of zero.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        match bound {
            0 => 0,
            // The bias of a few in 2^64 does not matter here.
            _ => self.next() % bound,
        }
    }

    /// Between `duration - spread` and `duration + spread`.
    pub(crate) fn around(&mut self, duration: Duration, spread: Duration) -> Duration {
        let spread = spread.min(duration);
        let width = u64::try_from(spread.as_micros()).unwrap_or(u64::MAX / 4).saturating_mul(2);
        duration - spread + Duration::from_micros(self.below(width.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_keeps_its_limits_and_reaches_both_sides() {
        let mut luck = Luck::new(1);
        let (mut low, mut high) = (false, false);
        for _ in 0..1000 {
            let seen = luck.around(Duration::from_secs(30), Duration::from_secs(2));
            assert!((Duration::from_secs(28)..=Duration::from_secs(32)).contains(&seen));
            low |= seen < Duration::from_secs(29);
            high |= seen > Duration::from_secs(31);
        }
        assert!(low && high);
        assert_eq!(luck.around(Duration::ZERO, Duration::from_secs(2)), Duration::ZERO);
        assert_eq!(luck.below(0), 0);
    }

    #[test]
    fn the_same_seed_is_the_same_luck() {
        let (mut one, mut two, mut other) = (Luck::new(7), Luck::new(7), Luck::new(8));
        assert_eq!((one.next(), one.next()), (two.next(), two.next()));
        assert_ne!(one.next(), other.next());
    }
}

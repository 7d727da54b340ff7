//! Luck out of a seed: every choice of the world comes from here, so that a seed is a whole run.
//!
//! In: a seed. Out: numbers. Streams that are split off do not disturb each other: one more choice in the network
//! changes nothing of what phones choose. Not for secrets.

use std::time::Duration;

/// A stream of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed ^ 0x5710_5eed_0f51_3b0a);
        random.number();
        random
    }

    /// A stream of its own for this part of the world. Takes nothing from this one.
    #[must_use]
    pub fn split(&self, part: u64) -> Self {
        let mut random = Self(self.0 ^ part.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.number();
        random
    }

    /// 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.number()) * bound as u128) >> 64) as usize
    }

    /// Both ends included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille as usize
    }

    /// A time from `low` to `high` milliseconds, in microseconds.
    pub fn time(&mut self, low_ms: u64, high_ms: u64) -> Duration {
        let span = (high_ms.saturating_sub(low_ms) * 1000) as usize;
        Duration::from_micros(low_ms * 1000 + self.below(span + 1) as u64)
    }

    /// One of these; there must be one.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Fills with numbers.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.number().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_stream_and_parts_are_others() {
        let numbers = |mut random: Random| [random.number(), random.number()];
        assert_eq!(numbers(Random::new(1)), numbers(Random::new(1)));
        assert_ne!(numbers(Random::new(1)), numbers(Random::new(2)));
        let world = Random::new(1);
        assert_ne!(numbers(world.split(0)), numbers(world.split(1)));
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::new(7);
        for _ in 0..1000 {
            assert!(random.below(3) < 3);
            assert!((2..=4).contains(&random.between(2, 4)));
            let time = random.time(10, 20);
            assert!((10..=20).contains(&time.as_millis()));
        }
        assert_eq!((0..1000).filter(|_| random.chance(0)).count(), 0);
        assert_eq!((0..1000).filter(|_| random.chance(1000)).count(), 1000);
    }
}

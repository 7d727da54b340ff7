//! What cannot be foreseen: tags, Call-IDs, waiting times (RFC 3261 §19.3, §8.1.1.4).
//!
//! In: a seed. Out: numbers and tokens, the same ones for the same seed. A keyed hash of a counter: who sees some of
//! them does not know the next.

use std::time::Duration;

use siphasher::sip::SipHasher13;

/// The luck of one phone.
pub(crate) struct Luck {
    key: SipHasher13,
    drawn: u64,
}

impl Luck {
    pub(crate) fn new(seed: &[u8; 16]) -> Luck {
        Luck { key: SipHasher13::new_with_key(seed), drawn: 0 }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.drawn += 1;
        self.key.hash(&self.drawn.to_be_bytes())
    }

    /// Sixteen hexadecimal digits: a tag, a Call-ID, a client nonce.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// A time between these, ends included, in steps of ten milliseconds.
    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let steps = high.saturating_sub(low).as_millis() / 10 + 1;
        let step = u128::from(self.number()) % steps;
        low + Duration::from_millis(u64::try_from(step * 10).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_story_and_another_seed_another_one() {
        let draw = |seed| {
            let mut luck = Luck::new(&[seed; 16]);
            [luck.token(), luck.token()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1)[0], draw(1)[1]);
        assert_eq!(draw(1)[0].len(), 16);
    }

    #[test]
    fn times_stay_between_their_ends() {
        let mut luck = Luck::new(&[3; 16]);
        let (low, high) = (Duration::from_millis(2_100), Duration::from_secs(4));
        for _ in 0..200 {
            assert!((low..=high).contains(&luck.between(low, high)));
        }
        assert_eq!(luck.between(high, low), high);
    }
}

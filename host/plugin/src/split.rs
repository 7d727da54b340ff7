//! Which subscribers a candidate gets: a share of them, and always the same ones.
//!
//! In: a subscriber's key, shares. Out: who is meant. A key has a place on a scale of a thousand by its hash alone, so that
//! nodes that never talk to each other agree. The first candidate has the scale from its lower end, the second from its
//! upper end: who has a candidate keeps it when its share grows, and nobody else moves.
//!
//! ```text
//!   0                                                      1000
//!   ├ first ─▶│              the active version       │◀─ second ┤
//! ```

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// Candidates beside the active version.
pub const MAX_CANDIDATES: usize = 2;

/// All subscribers, in tenths of a percent.
pub const ALL: u16 = 1000;

/// A share of the subscribers in tenths of a percent: 1 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// `None`: nobody, or everybody: that is no share.
    #[must_use]
    pub fn new(tenths_of_a_percent: u16) -> Option<Share> {
        (1..ALL).contains(&tenths_of_a_percent).then_some(Share(tenths_of_a_percent))
    }

    /// Tenths of a percent.
    #[must_use]
    pub fn tenths_of_a_percent(self) -> u16 {
        self.0
    }
}

/// Where a subscriber is on the scale: 0 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u16);

impl Place {
    /// Of a key: a public identity in canonical form, say. The same on every node and in every build.
    #[must_use]
    pub fn of(key: &[u8]) -> Place {
        let mut hasher = SipHasher13::new();
        hasher.write(key);
        // The upper bits of the product spread over the scale evenly.
        Place(((u128::from(hasher.finish()) * u128::from(ALL)) >> 64) as u16)
    }

    /// Whether this place is among the first so many of the scale: tenths of a percent, [`ALL`] is everybody.
    #[must_use]
    pub fn is_within(self, tenths_of_a_percent: u16) -> bool {
        self.0 < tenths_of_a_percent
    }

    /// Which of the shares, in their order, this place is in; `None`: the active version has it.
    #[must_use]
    pub fn candidate(self, shares: &[Share]) -> Option<usize> {
        let Place(place) = self;
        match shares {
            [first, ..] if place < first.0 => Some(0),
            [_, second, ..] if place >= ALL - second.0 => Some(1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(tenths: &[u16]) -> Vec<Share> {
        tenths.iter().map(|tenths| Share::new(*tenths).unwrap()).collect()
    }

    fn subscribers() -> impl Iterator<Item = Place> {
        (0..100_000).map(|n| Place::of(format!("sip:+4930{n:07}@ims.example").as_bytes()))
    }

    #[test]
    fn a_share_is_neither_nobody_nor_everybody() {
        assert_eq!([0, 1000, 2000].map(Share::new), [None; 3]);
        assert_eq!([1, 999].map(|n| Share::new(n).unwrap().tenths_of_a_percent()), [1, 999]);
    }

    #[test]
    fn one_percent_is_one_percent_of_the_subscribers() {
        let one = shares(&[10]);
        let meant = subscribers().filter(|place| place.candidate(&one) == Some(0)).count();
        assert!((900..=1_100).contains(&meant), "{meant} of 100,000");
    }

    #[test]
    fn places_are_spread_evenly() {
        let mut counts = [0; 10];
        subscribers().for_each(|Place(place)| counts[usize::from(place / 100)] += 1);
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_share_that_grows_moves_nobody_out_and_no_other_candidates_subscribers() {
        let (before, after) = (shares(&[10, 200]), shares(&[50, 200]));
        for place in subscribers() {
            match place.candidate(&before) {
                Some(candidate) => assert_eq!(place.candidate(&after), Some(candidate)),
                None => assert_ne!(place.candidate(&after), Some(1)),
            }
        }
    }

    #[test]
    fn the_ends_of_the_scale() {
        let both = shares(&[1, 1]);
        assert_eq!([0, 1, 998, 999].map(|n| Place(n).candidate(&both)), [Some(0), None, None, Some(1)]);
        assert_eq!(Place(0).candidate(&[]), None);
        assert_eq!([0, 99, 100, 999].map(|n| Place(n).is_within(100)), [true, true, false, false]);
        assert!(Place(999).is_within(ALL) && !Place(0).is_within(0));
    }

    /// Nodes of different builds serve one network: the scale is part of what they agree on.
    #[test]
    fn places_never_change() {
        let place = |key: &str| Place::of(key.as_bytes()).0;
        let seen = ["sip:alice@ims.test", "sip:bob@ims.test", "tel:+4930123", ""].map(place);
        assert_eq!(seen, PLACES);
    }

    const PLACES: [u16; 4] = [384, 254, 526, 820];
}

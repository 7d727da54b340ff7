//! Which part of the scale a candidate gets: a share of the keys, and always the same ones.
//!
//! In: a key, such as a public identity, and a share. Out: whether it is meant. A key has a place on a scale of a thousand by
//! its hash alone, so that nodes that never talk to each other agree. The first candidate has the scale from its lower end,
//! the second from its upper end: who has a candidate keeps it when its share grows, and nobody else moves. Which key counts,
//! and for which requests at all, is `terms.rs`.
//!
//! ```text
//!   0                                                      1000
//!   ├ first ─▶│              the active version       │◀─ second ┤
//! ```

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// Candidates beside the active version.
pub const MAX_CANDIDATES: usize = 2;

/// All subscribers, in tenths of a percent.
pub const ALL: u16 = 1000;

/// A share of the keys in tenths of a percent: 1 to 999, or all of them where only some requests are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

/// Tenths of a percent that are no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share is 1 to {ALL} tenths of a percent, not {0}")]
pub struct NoShare(pub u16);

impl TryFrom<u16> for Share {
    type Error = NoShare;

    fn try_from(tenths_of_a_percent: u16) -> Result<Share, NoShare> {
        match tenths_of_a_percent {
            ALL => Ok(Share::WHOLE),
            part => Share::new(part).ok_or(NoShare(part)),
        }
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

impl Share {
    /// All of those that a match leaves.
    pub const WHOLE: Share = Share(ALL);

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
    pub fn is_among(self, tenths_of_a_percent: u16) -> bool {
        self.0 < tenths_of_a_percent
    }

    /// Whether this place is within a share that begins at that end.
    #[must_use]
    pub fn is_within(self, share: Share, end: End) -> bool {
        match end {
            End::Lower => self.0 < share.0,
            End::Upper => self.0 >= ALL - share.0,
        }
    }
}

/// Where a candidate's share begins; as many ends as candidates. It keeps its end for as long as it has a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// At 0.
    Lower,
    /// At [`ALL`].
    Upper,
}

impl End {
    /// The one that is free; `None`: both are taken.
    pub(crate) fn free(taken: impl Fn(End) -> bool) -> Option<End> {
        [End::Lower, End::Upper].into_iter().find(|end| !taken(*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(tenths: u16) -> Share {
        Share::new(tenths).unwrap()
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
    fn a_stored_share_is_read_again_and_nonsense_is_not() {
        assert_eq!([1, 999, 1000].map(|n| Share::try_from(n).map(u16::from)), [Ok(1), Ok(999), Ok(1000)]);
        assert_eq!([0, 1001].map(Share::try_from), [Err(NoShare(0)), Err(NoShare(1001))]);
    }

    #[test]
    fn one_percent_is_one_percent_of_the_subscribers() {
        for end in [End::Lower, End::Upper] {
            let meant = subscribers().filter(|place| place.is_within(share(10), end)).count();
            assert!((900..=1_100).contains(&meant), "{meant} of 100,000");
        }
    }

    #[test]
    fn places_are_spread_evenly() {
        let mut counts = [0; 10];
        subscribers().for_each(|Place(place)| counts[usize::from(place / 100)] += 1);
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_share_that_grows_moves_nobody_out_and_no_other_candidates_subscribers() {
        for place in subscribers() {
            for end in [End::Lower, End::Upper] {
                assert!(!place.is_within(share(10), end) || place.is_within(share(50), end));
            }
            assert!(!(place.is_within(share(50), End::Lower) && place.is_within(share(949), End::Upper)));
        }
    }

    #[test]
    fn the_ends_of_the_scale() {
        let within = |end| [0, 1, 998, 999].map(|n| Place(n).is_within(share(1), end));
        assert_eq!(within(End::Lower), [true, false, false, false]);
        assert_eq!(within(End::Upper), [false, false, false, true]);
        assert!(
            [0, 999]
                .iter()
                .all(|n| [End::Lower, End::Upper].iter().all(|end| Place(*n).is_within(Share::WHOLE, *end)))
        );
        assert_eq!(End::free(|end| end == End::Lower), Some(End::Upper));
        assert_eq!(End::free(|_| true), None);
        assert_eq!([0, 99, 100, 999].map(|n| Place(n).is_among(100)), [true, true, false, false]);
        assert!(Place(999).is_among(ALL) && !Place(0).is_among(0));
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

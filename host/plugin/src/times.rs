//! How long calls of a hook lasted, counted in buckets that are fine enough to read a percentile from.
//!
//! In: one duration per call. Out: [`Times`], how many calls fell into which bucket; percentiles, and how many lasted longer
//! than a bucket's bound. Sixteen buckets to a doubling from 16 µs to 16.8 s: a percentile is at most a
//! sixteenth too high.
//!
//! What is counted is the time from a hook's first turn on the thread to its end: with what it waited for (an HSS, a
//! database, other scripts), without the making of an instance, which is no version's merit.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Below this many µs all is one bucket.
const FIRST_US: u64 = 1 << FIRST_BITS;
const FIRST_BITS: usize = 4;

/// Buckets to a doubling, as a power of two.
const STEP_BITS: usize = 4;
const STEPS: usize = 1 << STEP_BITS;

/// Doublings that are told apart; what is longer is one bucket.
const DOUBLINGS: usize = 20;

/// How many buckets there are; the last one is open.
const BUCKETS: usize = DOUBLINGS * STEPS + 2;

/// Which bucket.
fn bucket(us: u64) -> usize {
    if us < FIRST_US {
        return 0;
    }
    let doubling = us.ilog2() as usize - FIRST_BITS;
    let step = (us >> (doubling + FIRST_BITS - STEP_BITS)) as usize & (STEPS - 1);
    (1 + doubling * STEPS + step).min(BUCKETS - 1)
}

/// The first µs beyond a bucket; none for the last one.
fn bound(bucket: usize) -> Option<u64> {
    match bucket {
        0 => Some(FIRST_US),
        _ if bucket >= BUCKETS - 1 => None,
        _ => {
            let (doubling, step) = ((bucket - 1) / STEPS, (bucket - 1) % STEPS);
            Some(((STEPS + step + 1) as u64) << (doubling + FIRST_BITS - STEP_BITS))
        }
    }
}

/// As it is counted.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum_us: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(crate) fn took(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    pub(crate) fn times(&self) -> Times {
        Times {
            buckets: self.buckets.each_ref().map(|bucket| bucket.load(Relaxed)),
            sum_us: self.sum_us.load(Relaxed),
        }
    }
}

/// How long calls lasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    buckets: [u64; BUCKETS],
    sum_us: u64,
}

impl Default for Times {
    fn default() -> Self {
        Times { buckets: [0; BUCKETS], sum_us: 0 }
    }
}

impl Times {
    /// Notes one call.
    pub fn add(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)] += 1;
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// How many calls.
    pub fn calls(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// The time below which this many thousandths of the calls lie, rounded up to a bucket's bound; none without a call.
    pub fn percentile(&self, thousandths: u64) -> Option<Duration> {
        let calls = self.calls();
        // Percentile p is the smallest value with p of the calls at or below it.
        let wanted = calls.saturating_mul(thousandths).div_ceil(1000).max(1);
        let mut below = 0;
        let place = self.buckets.iter().position(|number| {
            below += number;
            below >= wanted
        })?;
        Some(Duration::from_micros(bound(place).or_else(|| bound(BUCKETS - 2))?))
    }

    /// Calls between one doubling and the next: each with its bound, which is beyond it; none for the last one.
    pub fn doublings(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let (first, rest) = self.buckets.split_at(1);
        let chunks = std::iter::once(first).chain(rest.chunks(STEPS)).enumerate();
        chunks.map(|(n, chunk)| {
            (bound(n * STEPS).filter(|_| n <= DOUBLINGS).map(Duration::from_micros), chunk.iter().sum())
        })
    }

    /// A time that tells calls apart exactly: the next bucket's bound from this one on; the largest one at most.
    pub fn round_up(time: Duration) -> Duration {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut bounds = (0..BUCKETS - 1).filter_map(bound);
        let largest = bounds.clone().next_back();
        Duration::from_micros(bounds.find(|&bound| bound >= us).or(largest).unwrap_or(us))
    }

    /// Calls that took as long or longer. Exact where the time is a bucket's bound ([`Times::round_up`]).
    pub fn at_least(&self, time: Duration) -> u64 {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)..].iter().sum()
    }

    /// What has come since.
    pub fn since(&self, before: &Times) -> Times {
        let mut since = self.clone();
        since.sum_us = since.sum_us.saturating_sub(before.sum_us);
        for (now, before) in since.buckets.iter_mut().zip(before.buckets) {
            *now = now.saturating_sub(before);
        }
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn every_time_lies_below_its_bucket_s_bound_and_not_below_the_one_before() {
        let edges = (0..BUCKETS - 1).filter_map(bound).flat_map(|bound| [bound - 1, bound, bound + 1]);
        for us in edges.chain([0, 1, 15, 16, 17, 1_000, 30_000, u64::MAX]) {
            let place = bucket(us);
            assert!(bound(place).is_none_or(|bound| us < bound), "{us} in {place}");
            assert!(place == 0 || bound(place - 1).is_some_and(|bound| us >= bound), "{us} in {place}");
        }
        let bounds: Vec<u64> = (0..BUCKETS - 1).filter_map(bound).collect();
        assert!(bounds.is_sorted() && bounds.windows(2).all(|two| two[1] * 16 <= two[0] * 17), "{bounds:?}");
        assert_eq!((bounds.len(), bounds.last()), (BUCKETS - 1, Some(&(1 << 24))));
    }

    #[test]
    fn percentiles_are_rounded_up_by_a_sixteenth_at_most() {
        let mut times = Times::default();
        assert_eq!(times.percentile(950), None);
        (1..=1_000).for_each(|ms| times.add(us(ms * 1_000)));
        for thousandths in [1, 500, 950, 990, 1_000] {
            let (exact, read) = (us(thousandths * 1_000), times.percentile(thousandths).unwrap());
            assert!(read >= exact && read <= exact * 17 / 16 + us(1), "p{thousandths}: {read:?}");
        }
        let histogram = Histogram::default();
        histogram.took(us(u64::MAX));
        assert_eq!(histogram.times().percentile(500), Some(us(1 << 24)), "all that can be said");
    }

    #[test]
    fn doublings_hold_all_calls() {
        let mut times = Times::default();
        for time in [0, 15, 16, 31, 32, (1 << 24) - 1, 1 << 24, u64::MAX >> 1] {
            times.add(us(time));
        }
        let doublings: Vec<_> = times.doublings().collect();
        assert_eq!(doublings.len(), DOUBLINGS + 2);
        assert_eq!(
            doublings[..3],
            [(Some(us(16)), 2), (Some(us(32)), 2), (Some(us(64)), 1)],
            "bounds are exclusive"
        );
        assert_eq!(doublings[DOUBLINGS..], [(Some(us(1 << 24)), 1), (None, 2)]);
    }

    #[test]
    fn a_bound_tells_apart_what_takes_longer() {
        let bound = Times::round_up(us(20_100));
        assert_eq!((bound, Times::round_up(bound)), (us(20_480), us(20_480)));
        let mut times = Times::default();
        times.add(bound - us(1));
        times.add(bound);
        let before = times.clone();
        times.add(bound + us(1));
        assert_eq!((times.at_least(bound), before.at_least(bound)), (2, 1));
        let since = times.since(&before);
        assert_eq!((since.calls(), since.sum()), (1, bound + us(1)));
        assert_eq!(Times::round_up(Duration::MAX), us(1 << 24));
    }
}

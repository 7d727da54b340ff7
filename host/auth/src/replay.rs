//! Which nonce counts were used: RFC 7616 §3.3 "nc" and §5.12 (replay).
//!
//! In: a fresh nonce and its count, once the response has been found right. Out: [`Replay`]. Not here: a
//! retransmission of the very same request (the transaction layer met it before), the lock (the caller's: one table
//! may serve all shards, or several share the nonces by [`NonceId::key`]).
//!
//! Entries live in slices of time and a slice is dropped whole, so nothing is ever searched for age. A table that is
//! full drops its oldest slice and from then on takes nonces of that age for stale: a sender is challenged once more,
//! and no replay passes.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::nonce::NonceId;

/// Slices per lifetime: a table holds up to a fifth more than what may still be used.
const SLICES: u64 = 5;

/// Counts below the highest that may still come, reordered by the network.
const WINDOW: u32 = 32;

/// Whether a nonce count may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Never seen; now it has been.
    New,
    /// Seen before, or so far below the highest that it cannot be told.
    Replayed,
    /// The table no longer knows nonces of this age: challenge again.
    Forgotten,
}

/// Nonces in use, each with its highest count and which of the 32 below it were seen. At most `max` of them.
pub struct ReplayTable {
    slices: VecDeque<Slice>,
    slice_ms: u64,
    length: usize,
    max: usize,
    /// Nonces made before this are forgotten.
    forgotten_before_ms: u64,
}

struct Slice {
    /// Nonces made at this time, in slices since 1970.
    number: u64,
    counts: HashMap<u64, Counts, BuildHasherDefault<KeyIsHash>>,
}

#[derive(Clone, Copy)]
struct Counts {
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u32,
}

impl ReplayTable {
    /// The bound unless the operator says otherwise: about 30 MB.
    pub const DEFAULT_MAX: usize = 1_000_000;

    /// `lifetime_ms`: of the nonces ([`crate::Nonces::lifetime_ms`]). `max`: entries, at least 1; each takes 20 to 40
    /// bytes.
    pub fn new(lifetime_ms: u64, max: usize) -> ReplayTable {
        ReplayTable {
            slices: VecDeque::new(),
            slice_ms: lifetime_ms.div_ceil(SLICES).max(1),
            length: 0,
            max: max.max(1),
            forgotten_before_ms: 0,
        }
    }

    /// Notes that this count of this nonce is used now. `nc`: from 1.
    pub fn note(&mut self, nonce: NonceId, nc: u32, now_ms: u64) -> Replay {
        self.age(now_ms);
        if nonce.made_ms < self.forgotten_before_ms {
            return Replay::Forgotten;
        }
        let number = nonce.made_ms / self.slice_ms;
        if let Some(slice) = self.slices.iter_mut().find(|s| s.number == number)
            && let Some(counts) = slice.counts.get_mut(&nonce.key)
        {
            return counts.note(nc);
        }
        if self.length >= self.max {
            self.drop_oldest();
            if nonce.made_ms < self.forgotten_before_ms {
                return Replay::Forgotten;
            }
        }
        let index = self.slices.partition_point(|s| s.number < number);
        if self.slices.get(index).is_none_or(|s| s.number != number) {
            self.slices.insert(index, Slice { number, counts: HashMap::default() });
        }
        self.slices[index].counts.insert(nonce.key, Counts { highest: nc, seen: 1 });
        self.length += 1;
        Replay::New
    }

    /// Nonces remembered.
    pub fn len(&self) -> usize {
        self.length
    }

    /// None is.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Drops slices whose nonces are stale by their age alone.
    fn age(&mut self, now_ms: u64) {
        let current = now_ms / self.slice_ms;
        while self.slices.front().is_some_and(|s| s.number + SLICES + 1 < current) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(slice) = self.slices.pop_front() {
            self.length -= slice.counts.len();
            let end = (slice.number + 1).saturating_mul(self.slice_ms);
            self.forgotten_before_ms = self.forgotten_before_ms.max(end);
        }
    }
}

impl Counts {
    fn note(&mut self, nc: u32) -> Replay {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.seen = if ahead < WINDOW { self.seen << ahead } else { 0 } | 1;
            self.highest = nc;
            return Replay::New;
        }
        let behind = self.highest - nc;
        if behind >= WINDOW || self.seen & 1 << behind != 0 {
            return Replay::Replayed;
        }
        self.seen |= 1 << behind;
        Replay::New
    }
}

/// The key is part of a MAC and needs no hashing.
#[derive(Default)]
struct KeyIsHash(u64);

impl Hasher for KeyIsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_000_000_000;
    const LIFETIME: u64 = 300_000;

    fn nonce(key: u64) -> NonceId {
        NonceId { made_ms: NOW, key }
    }

    #[test]
    fn each_count_is_taken_once_in_any_order_within_the_window() {
        let mut table = ReplayTable::new(LIFETIME, 10);
        for nc in [1, 3, 2, 5, 4, 36] {
            assert_eq!(table.note(nonce(1), nc, NOW), Replay::New, "first {nc}");
            assert_eq!(table.note(nonce(1), nc, NOW), Replay::Replayed, "second {nc}");
        }
        // 36 - 32: too far below to be told from one that was seen
        assert_eq!(table.note(nonce(1), 4, NOW), Replay::Replayed);
        assert_eq!(table.note(nonce(1), 5, NOW), Replay::Replayed);
        assert_eq!(table.note(nonce(1), 6, NOW), Replay::New);
        assert_eq!(table.note(nonce(1), u32::MAX, NOW), Replay::New);
        assert_eq!(table.note(nonce(1), 36, NOW), Replay::Replayed);
        assert_eq!(table.note(nonce(2), 1, NOW), Replay::New);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_lets_no_replay_pass() {
        let mut table = ReplayTable::new(LIFETIME, 4);
        let later = NOW + LIFETIME / 2;
        let old = nonce(1);
        assert_eq!(table.note(old, 1, NOW), Replay::New);
        for key in 2..5 {
            assert_eq!(table.note(NonceId { made_ms: later, key }, 1, later), Replay::New);
        }
        assert_eq!(table.note(NonceId { made_ms: later, key: 5 }, 1, later), Replay::New);
        assert_eq!(table.len(), 4);
        assert_eq!(table.note(old, 1, later), Replay::Forgotten);
        assert_eq!(table.note(NonceId { made_ms: later, key: 2 }, 1, later), Replay::Replayed);
        // all in one slice: it goes too, and those nonces with it
        assert_eq!(table.note(NonceId { made_ms: later, key: 6 }, 1, later), Replay::Forgotten);
        assert!(table.is_empty());
        let next = later + LIFETIME;
        assert_eq!(table.note(NonceId { made_ms: next, key: 7 }, 1, next), Replay::New);
    }

    #[test]
    fn nothing_outlives_the_lifetime_for_long() {
        let mut table = ReplayTable::new(LIFETIME, 1000);
        for step in 0..100 {
            let now = NOW + step * 10_000;
            table.note(NonceId { made_ms: now, key: step }, 1, now);
        }
        assert!(table.len() <= 42, "{} kept", table.len());
        // what is within its lifetime is still known
        let last = NOW + 990_000;
        let known = NonceId { made_ms: last - LIFETIME, key: 69 };
        assert_eq!(table.note(known, 1, last), Replay::Replayed);
    }
}

//! When each dialog is over though nobody said so: a wheel of doubly linked lists, one entry a slot.
//!
//! In: a deadline for a slot. Out: the slots that are due, never early and at most one [`TICK`] late. Setting,
//! moving and clearing a deadline are O(1) and leave nothing behind; an entry is 16 bytes. Deadlines further away
//! than one turn of the wheel are looked at once a turn and left where they are.

use std::time::Duration;

use transaction::Time;

/// How exact a deadline is.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// Ticks of one turn.
const BUCKETS: usize = 4096;

/// No slot.
const NONE: u32 = u32::MAX;

const WORDS: usize = BUCKETS / 64;

/// A slot's place in a list. `due` in ticks; 0: not set.
#[derive(Debug, Clone, Copy)]
struct Link {
    previous: u32,
    next: u32,
    due: u64,
}

const UNSET: Link = Link { previous: NONE, next: NONE, due: 0 };

/// The deadlines of all slots.
#[derive(Debug)]
pub(crate) struct Expiry {
    links: Vec<Link>,
    heads: Box<[u32]>,
    /// One bit for each bucket that has an entry.
    occupied: [u64; WORDS],
    /// All ticks up to this one have been handled.
    cursor: u64,
    count: usize,
}

impl Expiry {
    pub(crate) fn new() -> Self {
        let heads = vec![NONE; BUCKETS].into_boxed_slice();
        Self { links: Vec::new(), heads, occupied: [0; WORDS], cursor: 0, count: 0 }
    }

    /// Set or move the deadline of a slot.
    pub(crate) fn set(&mut self, now: Time, slot: u32, due: Time) {
        self.clear(slot);
        if self.count == 0 {
            self.cursor = self.cursor.max(tick_before(now));
        }
        if self.links.len() <= slot as usize {
            self.links.resize(slot as usize + 1, UNSET);
        }
        let due = tick_after(due).max(self.cursor + 1);
        let bucket = bucket_of(due);
        let next = self.heads[bucket];
        if next != NONE {
            self.links[next as usize].previous = slot;
        }
        self.links[slot as usize] = Link { previous: NONE, next, due };
        self.heads[bucket] = slot;
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
        self.count += 1;
    }

    /// Forget the deadline of a slot, if it has one.
    pub(crate) fn clear(&mut self, slot: u32) {
        let Some(link) = self.links.get_mut(slot as usize) else { return };
        let Link { previous, next, due } = std::mem::replace(link, UNSET);
        if due == 0 {
            return;
        }
        let bucket = bucket_of(due);
        if next != NONE {
            self.links[next as usize].previous = previous;
        }
        if previous == NONE {
            self.heads[bucket] = next;
            if next == NONE {
                self.occupied[bucket / 64] &= !(1 << (bucket % 64));
            }
        } else {
            self.links[previous as usize].next = next;
        }
        self.count -= 1;
    }

    /// Take out the slots whose deadline has come.
    pub(crate) fn advance(&mut self, now: Time, due_slots: &mut Vec<u32>) {
        let now = tick_before(now);
        if now <= self.cursor {
            return;
        }
        let turns = usize::try_from(now - self.cursor).unwrap_or(BUCKETS).min(BUCKETS) as u64;
        let first = self.cursor + 1;
        self.cursor = now;
        for bucket in (first..first + turns).map(bucket_of) {
            let mut slot = self.heads[bucket];
            while slot != NONE {
                let Link { next, due, .. } = self.links[slot as usize];
                if due <= now {
                    self.clear(slot);
                    due_slots.push(slot);
                }
                slot = next;
            }
        }
    }

    /// When to call [`Expiry::advance`] next: not later than the next deadline.
    pub(crate) fn next(&self) -> Option<Time> {
        if self.count == 0 {
            return None;
        }
        let start = bucket_of(self.cursor + 1);
        // from the word of `start` once around, with the bits before `start` last
        let ahead = (0..=WORDS).find_map(|step| {
            let word = (start / 64 + step) % WORDS;
            let mask = match step {
                0 => u64::MAX << (start % 64),
                WORDS => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = self.occupied[word] & mask;
            (bits != 0).then(|| (word * 64 + bits.trailing_zeros() as usize + BUCKETS - start) % BUCKETS)
        })?;
        let tick = self.cursor + 1 + ahead as u64;
        Some(Time(tick.saturating_mul(TICK.as_micros() as u64)))
    }
}

fn bucket_of(tick: u64) -> usize {
    (tick % BUCKETS as u64) as usize
}

/// The last tick that is not after `time`.
fn tick_before(time: Time) -> u64 {
    time.0 / TICK.as_micros() as u64
}

/// The first tick that is not before `time`; at least 1.
fn tick_after(time: Time) -> u64 {
    time.0.div_ceil(TICK.as_micros() as u64).max(1)
}

#[cfg(test)]
mod tests;

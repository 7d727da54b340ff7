//! A hashed timer wheel: which of very many deadlines is due next, at a cost that does not grow with their number.
//!
//! In: a time and a small value. Out: the values whose time has come. Time is cut into ticks of 10 ms; a
//! deadline falls due at the first tick that is not before it, so never early and at most a tick late.
//! A ring of [`RING`] buckets, each a doubly linked list, holds the ticks to come; a deadline beyond the ring
//! is parked in the last bucket and placed again when the ring has turned there. An entry costs 12 bytes and
//! its value, and is freed when it is removed or popped: there are never more than the owner has.
//!
//! What a deadline means, and whether it still stands, does not belong here: the owner may let an entry that
//! became too early stand, and insert again when it pops.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::time::Time;

/// How finely time is cut.
pub const TICK: Duration = Duration::from_millis(10);

const TICK_MICROS: u64 = TICK.as_micros() as u64;
/// Buckets: 41 s in ticks, so that 64*T1 of RFC 3261 (32 s) lies within one turn.
const RING: u32 = 4096;
/// The furthest that a deadline can lie ahead, in ticks: 124 days. One beyond falls due then, early.
const MAX_AHEAD: u32 = 1 << 30;

/// Names an entry from its insertion until it is removed or popped; after that another may get the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry(NonZeroU32);

/// An element of a list. The first [`RING`] nodes are the ends of the buckets' lists and have no value.
#[derive(Clone, Copy)]
struct Node<T> {
    previous: u32,
    next: u32,
    /// The lower 32 bits of the tick.
    tick: u32,
    value: T,
}

/// Deadlines with a small value each, in ticks of 10 ms ([`TICK`]). A deadline falls due at the first tick that is
/// not before it. Inserting and removing cost the same however many there are.
pub struct Wheel<T> {
    nodes: Vec<Node<T>>,
    /// Free nodes, linked by `next`; 0 (a bucket, never free) ends the list.
    free: u32,
    len: usize,
    /// Ticks up to and with this one have been popped.
    popped: u64,
    /// A bit for each bucket that is not empty.
    occupied: [u64; RING as usize / 64],
}

impl<T: Copy + Default> Default for Wheel<T> {
    fn default() -> Self {
        let end = |bucket| Node { previous: bucket, next: bucket, tick: 0, value: T::default() };
        Wheel {
            nodes: (0..RING).map(end).collect(),
            free: 0,
            len: 0,
            popped: 0,
            occupied: [0; RING as usize / 64],
        }
    }
}

impl<T: Copy + Default> Wheel<T> {
    /// An empty wheel.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lets an empty wheel know that time has passed; otherwise [`Wheel::pop_due`] does. To be called before an
    /// insertion, else a deadline far ahead is parked too near, and its owner asked to come for nothing.
    pub fn catch_up(&mut self, now: Time) {
        if self.len == 0 {
            self.popped = self.popped.max(now.0 / TICK_MICROS);
        }
    }

    /// Puts a deadline in. One that has passed falls due at the next tick.
    pub fn insert(&mut self, at: Time, value: T) -> Entry {
        let ahead = at.0.div_ceil(TICK_MICROS).saturating_sub(self.popped);
        let ahead = ahead.clamp(1, u64::from(MAX_AHEAD)) as u32;
        let tick = (self.popped as u32).wrapping_add(ahead);
        let node = self.take_node(Node { previous: 0, next: 0, tick, value });
        self.place(node, ahead);
        self.len += 1;
        Entry(node)
    }

    /// When an entry falls due.
    pub fn at(&self, entry: Entry) -> Time {
        let ahead = self.nodes[entry.0.get() as usize].tick.wrapping_sub(self.popped as u32);
        Time((self.popped + u64::from(ahead)).saturating_mul(TICK_MICROS))
    }

    /// Takes an entry out before its time.
    pub fn remove(&mut self, entry: Entry) -> T {
        let node = entry.0;
        self.unlink(node);
        self.give_back(node);
        self.nodes[node.get() as usize].value
    }

    /// The next value that is due, by ticks in order and within a tick in order of insertion (where none was
    /// parked). Call until it is `None`.
    pub fn pop_due(&mut self, now: Time) -> Option<T> {
        let now = now.0 / TICK_MICROS;
        while let Some(ahead) = self.next_ahead() {
            let tick = self.popped + u64::from(ahead);
            if tick > now {
                break;
            }
            // The tick counts as popped only when its bucket is empty.
            self.popped = tick - 1;
            let node = name(self.nodes[bucket(tick as u32) as usize].next);
            let Node { tick: due, value, .. } = self.nodes[node.get() as usize];
            self.unlink(node);
            let further = due.wrapping_sub(tick as u32);
            if further == 0 {
                self.give_back(node);
                return Some(value);
            }
            // It was parked here, and goes on to another bucket, so this loop ends.
            self.place(node, further + 1);
        }
        self.popped = self.popped.max(now);
        None
    }

    /// When to call [`Wheel::pop_due`] next: never later than the first deadline's tick, and earlier only where
    /// entries were parked; `None` while it is empty.
    pub fn next(&self) -> Option<Time> {
        let ahead = self.next_ahead()?;
        Some(Time((self.popped + u64::from(ahead)).saturating_mul(TICK_MICROS)))
    }

    /// How many ticks ahead the first bucket lies that is not empty: 1 to [`RING`].
    fn next_ahead(&self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let start = bucket((self.popped as u32).wrapping_add(1));
        let words = self.occupied.len() as u32;
        for step in 0..=words {
            let index = (start / 64 + step) % words;
            let mut word = self.occupied[index as usize];
            if step == 0 {
                word &= u64::MAX << (start % 64);
            }
            if word != 0 {
                let found = index * 64 + word.trailing_zeros();
                return Some(found.wrapping_sub(start) % RING + 1);
            }
        }
        None
    }

    fn place(&mut self, node: NonZeroU32, ahead: u32) {
        let end = bucket((self.popped as u32).wrapping_add(ahead.min(RING)));
        let last = self.nodes[end as usize].previous;
        let index = node.get();
        let this = &mut self.nodes[index as usize];
        (this.previous, this.next) = (last, end);
        self.nodes[last as usize].next = index;
        self.nodes[end as usize].previous = index;
        self.occupied[end as usize / 64] |= 1 << (end % 64);
    }

    fn unlink(&mut self, node: NonZeroU32) {
        let Node { previous, next, .. } = self.nodes[node.get() as usize];
        self.nodes[previous as usize].next = next;
        self.nodes[next as usize].previous = previous;
        if previous == next {
            // Only the end of the list is its own neighbour on both sides.
            self.occupied[next as usize / 64] &= !(1 << (next % 64));
        }
    }

    fn take_node(&mut self, node: Node<T>) -> NonZeroU32 {
        let index = match self.free {
            0 => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
            free => {
                self.free = self.nodes[free as usize].next;
                self.nodes[free as usize] = node;
                free
            }
        };
        name(index)
    }

    fn give_back(&mut self, node: NonZeroU32) {
        self.nodes[node.get() as usize].next = self.free;
        self.free = node.get();
        self.len -= 1;
    }
}

/// An entry's node by its index.
fn name(index: u32) -> NonZeroU32 {
    NonZeroU32::new(index).expect("the first nodes are the buckets, and no bucket is in a list")
}

fn bucket(tick: u32) -> u32 {
    tick % RING
}

#[cfg(test)]
mod tests;

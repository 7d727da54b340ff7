//! What waits for the storage thread, and how it is woken.
//!
//! In: changes of bindings, writes of the key-value table, void rows. Out: all of it at once, when a group is due: the
//! first arrival opens a window, and at its end, or when the group is large enough, the thread takes what has come. So
//! nobody waits longer than the window and one commit; and one that comes alone, long after the group before it, does
//! not wait at all. Rows of one address-of-record are pushed under its map's lock,
//! and so come in the order in which they were made.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::commit::{Change, CommitSink};
use crate::error::StoreError;
use crate::key_value::Write;

/// Changes that may wait for the disk; more are refused.
pub const MAX_QUEUED: usize = 65_536;

/// A group whose first change comes within so many windows after that of the group before waits for others.
const CROWD: u32 = 2;

/// Failures in a row after which a store that is being closed tries no more.
const LAST_ATTEMPTS: u64 = 3;

/// What waits.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) changes: Vec<Change>,
    /// By space and key; the last write of a key counts.
    pub(crate) writes: HashMap<(Box<str>, Box<str>), Write>,
    /// Rows that expired.
    pub(crate) void: Vec<u64>,
    rows: usize,
    /// When the first of these came.
    since: Option<Instant>,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.writes.is_empty()
    }
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    /// When the first change of the group before came.
    before: Option<Instant>,
    /// The thread sleeps until something comes.
    asleep: bool,
    closing: bool,
}

/// Between the shards and the storage thread.
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    sinks: Mutex<Vec<Arc<dyn CommitSink>>>,
    /// No thread: changes are settled as soon as they are made.
    in_memory: bool,
    closed: AtomicBool,
    max_rows: usize,
}

impl Queue {
    pub(crate) fn new(in_memory: bool, max_rows: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            wake: Condvar::new(),
            sinks: Mutex::default(),
            in_memory,
            closed: AtomicBool::new(false),
            max_rows: max_rows.max(1),
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    /// Whether a change can be queued.
    pub(crate) fn admits(&self) -> Result<(), StoreError> {
        if self.in_memory {
            Ok(())
        } else if self.closed.load(Ordering::Relaxed) {
            Err(StoreError::Closed)
        } else if self.state.lock().waiting.changes.len() >= MAX_QUEUED {
            Err(StoreError::Overloaded)
        } else {
            Ok(())
        }
    }

    /// Queues a change; the thread sleeps on until [`Queue::ring`]. Given back where the store is closed.
    #[expect(clippy::result_large_err, reason = "it is moved once, at the end of the store")]
    pub(crate) fn push(&self, change: Change) -> Result<(), Change> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(change);
        }
        state.waiting.since.get_or_insert_with(Instant::now);
        let before = state.waiting.rows;
        state.waiting.rows += change.rows.len();
        state.waiting.changes.push(change);
        if before < self.max_rows && state.waiting.rows >= self.max_rows {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Queues a write of the key-value table.
    pub(crate) fn push_write(&self, space: &str, key: &str, write: Write) {
        if self.in_memory {
            return;
        }
        let mut state = self.state.lock();
        state.waiting.since.get_or_insert_with(Instant::now);
        state.waiting.writes.insert((space.into(), key.into()), write);
        if std::mem::take(&mut state.asleep) {
            self.wake.notify_one();
        }
    }

    /// Writes that could not be made; newer ones of the same keys are kept instead. `failures`: groups in a row that
    /// failed. How many are given up, because the store is being closed and that many have failed.
    pub(crate) fn put_back(&self, writes: HashMap<(Box<str>, Box<str>), Write>, failures: u64) -> usize {
        let mut state = self.state.lock();
        if state.closing && failures >= LAST_ATTEMPTS {
            return writes.len();
        }
        for (key, write) in writes {
            state.waiting.writes.entry(key).or_insert(write);
        }
        if !state.waiting.writes.is_empty() {
            state.waiting.since.get_or_insert_with(Instant::now);
        }
        0
    }

    /// Rests, while changes come in. False: the store is being closed, and it did not rest to the end.
    pub(crate) fn pause(&self, rest: Duration) -> bool {
        let until = Instant::now() + rest;
        let mut state = self.state.lock();
        while !state.closing {
            if self.wake.wait_until(&mut state, until).timed_out() {
                return true;
            }
        }
        false
    }

    /// Rows that expired: to be deleted when there is time.
    pub(crate) fn push_void(&self, rows: &[u64]) {
        if !self.in_memory && !rows.is_empty() {
            self.state.lock().waiting.void.extend_from_slice(rows);
        }
    }

    /// Wakes the thread if it sleeps and something waits.
    pub(crate) fn ring(&self) {
        let mut state = self.state.lock();
        if !state.waiting.is_empty() && std::mem::take(&mut state.asleep) {
            self.wake.notify_one();
        }
    }

    /// Waits for a group: at most `idle` for its first change, then until `window` after that. Empty: nothing came.
    /// `None`: the store is closed and nothing is left.
    pub(crate) fn group(&self, window: Duration, idle: Option<Duration>) -> Option<Waiting> {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && !state.closing {
            state.asleep = true;
            match idle {
                None => self.wake.wait(&mut state),
                Some(idle) => {
                    self.wake.wait_for(&mut state, idle);
                }
            }
            state.asleep = false;
        }
        while let Some(since) = state.waiting.since
            && state.before.is_some_and(|before| since - before < CROWD * window)
            && !state.closing
            && state.waiting.rows < self.max_rows
            && !self.wake.wait_until(&mut state, since + window).timed_out()
        {}
        state.before = state.waiting.since.or(state.before);
        if state.closing && state.waiting.is_empty() {
            return None;
        }
        Some(std::mem::take(&mut state.waiting))
    }

    /// Lets the thread write what waits, and end.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.state.lock().closing = true;
        self.wake.notify_one();
    }

    pub(crate) fn add_sink(&self, sink: Arc<dyn CommitSink>) -> usize {
        let mut sinks = self.sinks.lock();
        sinks.push(sink);
        sinks.len() - 1
    }

    pub(crate) fn tell(&self, sink: usize, tokens: &[u64], durable: bool) {
        let sink = self.sinks.lock().get(sink).cloned();
        if let Some(sink) = sink {
            sink.committed(tokens, durable);
        }
    }
}

//! Warm guests of one plugin, the one used last first (its memory is still in the cache).
//!
//! In: guests that ended a call well. Out: guests for the next one. Guests that trapped, ran out of time or whose call
//! was dropped never come here: they are dropped where that happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::engine::Counts;
use crate::guest::Guest;

/// Guests that wait for a call.
pub(crate) struct Pool {
    #[allow(
        clippy::vec_box,
        reason = "a guest moves into and out of the list with every call; only its address does"
    )]
    idle: Mutex<Vec<Box<Guest>>>,
    max_idle: AtomicU32,
}

impl Pool {
    pub(crate) fn new(max_idle: u32) -> Pool {
        Pool { idle: Mutex::new(Vec::new()), max_idle: AtomicU32::new(max_idle) }
    }

    pub(crate) fn take(&self) -> Option<Box<Guest>> {
        self.idle.lock().pop()
    }

    /// Keeps the guest, or drops it where there are enough.
    pub(crate) fn put(&self, guest: Box<Guest>) {
        let mut idle = self.idle.lock();
        if idle.len() < self.max_idle.load(Relaxed) as usize {
            idle.push(guest);
        } else {
            drop(idle); // freeing a guest takes µs; not under the lock
            drop(guest);
        }
    }

    /// Keeps at most so many from now on, and drops what is too many already.
    pub(crate) fn keep(&self, max_idle: u32) {
        self.max_idle.store(max_idle, Relaxed);
        let mut idle = self.idle.lock();
        let kept = idle.len().min(max_idle as usize);
        let dropped = idle.split_off(kept);
        drop(idle);
        drop(dropped);
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.lock().len()
    }
}

/// The place of one guest among those that may exist: taken before it is made, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    plugin: Arc<AtomicU32>,
    engine: Arc<Counts>,
}

impl Place {
    /// A place, if the plugin has fewer than `most` guests.
    pub(crate) fn take(plugin: &Arc<AtomicU32>, most: u32, engine: &Arc<Counts>) -> Option<Place> {
        plugin.fetch_update(Relaxed, Relaxed, |taken| (taken < most).then_some(taken + 1)).ok()?;
        engine.guests.fetch_add(1, Relaxed);
        Some(Place { plugin: plugin.clone(), engine: engine.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.plugin.fetch_sub(1, Relaxed);
        self.engine.guests.fetch_sub(1, Relaxed);
    }
}

//! Tables of the scripts' own: keys, values, revisions, lifetimes (WIT `strowger:store/key-value`).
//!
//! In: a space (a role), a key, a value. Out: values and revisions. Reads and writes meet memory; the disk follows a
//! moment later, and a write that did not reach it is tried again with the next group. Not here: bindings, nor the
//! disk (`writer.rs`).

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::core::Core;

/// A key's bound in bytes.
pub const MAX_KEY: usize = 256;

/// A value's bound in bytes.
pub const MAX_VALUE: usize = 65_536;

/// Keys in a space.
pub const MAX_KEYS: usize = 1_000_000;

/// Keys and values of a space together, in bytes.
pub const MAX_SPACE: usize = 256 << 20;

/// A value and how often it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Arc<[u8]>,
    /// Counts the changes of this key, from 1.
    pub revision: u64,
}

/// Why a value was not put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PutRefusal {
    /// The key has this revision (0: there is none) and not the expected one.
    #[error("the key has revision {0}")]
    Conflict(u64),
    /// A key over [`MAX_KEY`], a value over [`MAX_VALUE`], or the space is full.
    #[error("too large")]
    TooLarge,
}

/// What is to be on disk; `None`: nothing.
pub(crate) type Write = Option<Stored>;

/// A value as it is kept.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) value: Arc<[u8]>,
    pub(crate) revision: u64,
    /// Wall clock in ms; 0: never.
    pub(crate) expires_at_ms: u64,
}

impl Stored {
    fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms != 0 && self.expires_at_ms <= now_ms
    }
}

#[derive(Default)]
struct Space {
    keys: HashMap<Box<str>, Stored>,
    bytes: usize,
    /// No key ends before this, wall clock in ms; 0: none ends.
    soonest_ms: u64,
}

/// All spaces. Shared by all shards.
pub struct KeyValue {
    core: Arc<Core>,
    spaces: Mutex<HashMap<Box<str>, Arc<Mutex<Space>>>>,
}

impl std::fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyValue({} spaces)", self.spaces.lock().len())
    }
}

impl KeyValue {
    pub(crate) fn new(core: Arc<Core>) -> KeyValue {
        KeyValue { core, spaces: Mutex::default() }
    }

    /// Puts back what the database holds.
    pub(crate) fn load(&self, space: &str, key: &str, stored: Stored) {
        let space = self.space(space);
        let mut space = space.lock();
        space.bytes += key.len() + stored.value.len();
        space.note_end(stored.expires_at_ms);
        space.keys.insert(key.into(), stored);
    }

    /// The value of a key.
    pub fn get(&self, space: &str, key: &str, now_ms: u64) -> Option<Entry> {
        let space = self.space(space);
        let space = space.lock();
        let stored = space.keys.get(key).filter(|stored| !stored.is_over(now_ms))?;
        Some(Entry { value: Arc::clone(&stored.value), revision: stored.revision })
    }

    /// Writes a value. `lifetime_ms` 0: for ever. `expected`: only where the key has this revision now (0: does not
    /// exist). The new revision.
    ///
    /// # Errors
    /// [`PutRefusal`], and nothing has changed.
    pub fn put(
        &self,
        space: &str,
        key: &str,
        value: &[u8],
        lifetime_ms: u64,
        expected: Option<u64>,
        now_ms: u64,
    ) -> Result<u64, PutRefusal> {
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return Err(PutRefusal::TooLarge);
        }
        let held = self.space(space);
        let mut held = held.lock();
        let Space { keys, bytes, .. } = &mut *held;
        let full = keys.len() >= MAX_KEYS;
        let place = keys.entry(key.into());
        let (revision, size) = match &place {
            Place::Occupied(there) if there.get().is_over(now_ms) => (0, key.len() + there.get().value.len()),
            Place::Occupied(there) => (there.get().revision, key.len() + there.get().value.len()),
            Place::Vacant(_) => (0, 0),
        };
        if let Some(expected) = expected
            && expected != revision
        {
            return Err(PutRefusal::Conflict(revision));
        }
        let size_then = *bytes - size + key.len() + value.len();
        if size_then > MAX_SPACE || (size == 0 && full) {
            return Err(PutRefusal::TooLarge);
        }
        let expires_at_ms = if lifetime_ms == 0 { 0 } else { now_ms.saturating_add(lifetime_ms) };
        let stored = Stored { value: value.into(), revision: revision + 1, expires_at_ms };
        *bytes = size_then;
        place.insert_entry(stored.clone());
        held.note_end(expires_at_ms);
        // under the lock, so that the last write in memory is the last one on disk
        self.core.queue.push_write(space, key, Some(stored));
        Ok(revision + 1)
    }

    /// Deletes a key. Whether there was one.
    pub fn delete(&self, space: &str, key: &str, now_ms: u64) -> bool {
        let held = self.space(space);
        let mut held = held.lock();
        let Some(stored) = held.keys.remove(key) else { return false };
        held.bytes -= key.len() + stored.value.len();
        self.core.queue.push_write(space, key, None);
        !stored.is_over(now_ms)
    }

    /// Takes out what has ended, in every space where something has. Call it now and then: ended values are nobody's
    /// even before. How many.
    pub fn expire(&self, now_ms: u64) -> usize {
        let spaces: Vec<_> =
            self.spaces.lock().iter().map(|(name, space)| (name.clone(), Arc::clone(space))).collect();
        let mut count = 0;
        for (name, space) in spaces {
            let mut space = space.lock();
            if space.soonest_ms == 0 || space.soonest_ms > now_ms {
                continue;
            }
            let Space { keys, bytes, soonest_ms } = &mut *space;
            *soonest_ms = 0;
            keys.retain(|key, stored| {
                if stored.is_over(now_ms) {
                    *bytes -= key.len() + stored.value.len();
                    self.core.queue.push_write(&name, key, None);
                    count += 1;
                    return false;
                }
                if stored.expires_at_ms != 0 && (*soonest_ms == 0 || stored.expires_at_ms < *soonest_ms) {
                    *soonest_ms = stored.expires_at_ms;
                }
                true
            });
        }
        count
    }

    /// Keys in a space; ended ones too, until they have been looked at.
    pub fn len(&self, space: &str) -> usize {
        self.space(space).lock().keys.len()
    }

    /// None is in a space.
    pub fn is_empty(&self, space: &str) -> bool {
        self.len(space) == 0
    }

    fn space(&self, name: &str) -> Arc<Mutex<Space>> {
        let mut spaces = self.spaces.lock();
        match spaces.get(name) {
            Some(space) => Arc::clone(space),
            None => Arc::clone(spaces.entry(name.into()).or_default()),
        }
    }
}

impl Space {
    fn note_end(&mut self, expires_at_ms: u64) {
        if expires_at_ms != 0 && (self.soonest_ms == 0 || expires_at_ms < self.soonest_ms) {
            self.soonest_ms = expires_at_ms;
        }
    }
}

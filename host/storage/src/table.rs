//! All bindings in memory: 64 maps from a keyed hash to packed bytes.
//!
//! ```text
//!   AoR ─SipHash, random key─▶ hash ─▶ one of 64 locks ─▶ open addressing ─▶ Box<[u8]> (packed.rs)
//! ```
//! In: an address-of-record. Out: its packed bindings, read under the lock; or what was there before a change. A lock is
//! held for a copy of a few hundred bytes at most. The hash is keyed, for senders choose the addresses-of-record. Not
//! here: rules (`contacts.rs`), durability (`writer.rs`).

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};

use crate::packed::Packed;

/// Maps. A power of two.
const SHARDS: usize = 64;

/// One map.
pub(crate) type Shard = HashTable<Box<[u8]>>;

/// All of them.
pub(crate) struct Table {
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
}

impl Table {
    pub(crate) fn new() -> Table {
        Table {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::new(HashTable::new())).collect(),
        }
    }

    pub(crate) fn hash(&self, aor: &str) -> u64 {
        self.hasher.hash_one(aor)
    }

    /// The map that holds this hash. One at a time a thread.
    pub(crate) fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // the map itself uses the low bits and the highest seven
        self.shards[(hash >> 32) as usize % SHARDS].lock()
    }

    /// Every map, one after the other.
    pub(crate) fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(|shard| shard.lock())
    }

    /// Looks at the bindings of an address-of-record.
    pub(crate) fn read<T>(&self, aor: &str, look: impl FnOnce(Option<Packed<'_>>) -> T) -> T {
        let hash = self.hash(aor);
        let shard = self.shard(hash);
        look(find(&shard, hash, aor))
    }

    /// Puts packed bindings in the place of what is there; none left: takes them out. What was there.
    pub(crate) fn put(&self, shard: &mut Shard, hash: u64, packed: Box<[u8]>) -> Option<Box<[u8]>> {
        let (aor, count) = (Packed(&packed).aor(), Packed(&packed).len());
        match shard.find_entry(hash, |there| Packed(there).aor() == aor) {
            Ok(entry) if count == 0 => Some(entry.remove().0),
            Ok(mut entry) => Some(std::mem::replace(entry.get_mut(), packed)),
            Err(_) => {
                if count > 0 {
                    shard.insert_unique(hash, packed, |there| self.hasher.hash_one(Packed(there).aor()));
                }
                None
            }
        }
    }
}

/// The bindings of an address-of-record in its map.
pub(crate) fn find<'a>(shard: &'a Shard, hash: u64, aor: &str) -> Option<Packed<'a>> {
    shard.find(hash, |there| Packed(there).aor() == aor).map(|packed| Packed(packed))
}

//! What the host itself keeps on disk beside bindings: documents that somebody else holds in memory, in whatever form.
//!
//! In: a collection, a key, bytes. Out: after a restart, all of a collection, once. They go to the disk with the group of
//! changes that they come with; a [`crate::CommitQueue::barrier`] tells when. Not here: what is in them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::core::Core;
use crate::key_value::Stored;

/// Before a collection's name in the table that scripts' spaces lie in: no role has it.
const PREFIX: char = '\u{1}';

/// A key's bound in bytes.
pub const MAX_DOCUMENT_KEY: usize = 1_024;

/// A document's bound in bytes.
pub const MAX_DOCUMENT: usize = 1 << 20;

/// Documents as the database holds them: key and bytes.
type Loaded = Vec<(Box<str>, Arc<[u8]>)>;

/// All collections. Shared by all shards.
pub struct Documents {
    core: Arc<Core>,
    loaded: Mutex<HashMap<Box<str>, Loaded>>,
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

impl Documents {
    pub(crate) fn new(core: Arc<Core>) -> Documents {
        Documents { core, loaded: Mutex::default() }
    }

    /// Takes what the database holds, if it is a document.
    pub(crate) fn load(&self, space: &str, key: &str, stored: &Stored) -> bool {
        let Some(collection) = space.strip_prefix(PREFIX) else { return false };
        let document = (key.into(), Arc::clone(&stored.value));
        self.loaded.lock().entry(collection.into()).or_default().push(document);
        true
    }

    /// What a collection held when the store was opened. Given once.
    pub fn take(&self, collection: &str) -> Vec<(Box<str>, Arc<[u8]>)> {
        self.loaded.lock().remove(collection).unwrap_or_default()
    }

    /// Puts a document. False: its key or itself is too long, and nothing happens.
    pub fn put(&self, collection: &str, key: &str, document: &[u8]) -> bool {
        if key.len() > MAX_DOCUMENT_KEY || document.len() > MAX_DOCUMENT {
            return false;
        }
        let stored = Stored { value: document.into(), revision: 1, expires_at_ms: 0 };
        self.core.queue.push_write(&space(collection), key, Some(stored));
        true
    }

    /// Removes a document.
    pub fn remove(&self, collection: &str, key: &str) {
        self.core.queue.push_write(&space(collection), key, None);
    }
}

fn space(collection: &str) -> String {
    format!("{PREFIX}{collection}")
}

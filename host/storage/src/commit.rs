//! A change on its way to the disk, and who is told when it is there.
//!
//! In: a [`StagedChange`], computed and not made. Out: `done`, or a token to a [`CommitSink`], once for each change and
//! for many in one call. Not here: how it gets to the disk (`writer.rs`).

use std::sync::Arc;

use smallvec::SmallVec;

use crate::core::Core;
use crate::error::StoreError;
use crate::row::Row;

/// A change of an address-of-record's bindings, computed by [`crate::Registrations::register`] or
/// [`crate::Registrations::remove`]. Dropping it changes nothing.
pub struct StagedChange {
    pub(crate) hash: u64,
    /// Of the bindings it was computed from; 0: there were none.
    pub(crate) revision: u64,
    /// What is to be, the rows of fresh bindings still 0.
    pub(crate) packed: Box<[u8]>,
    /// For each fresh binding in order: the row it replaces, or 0.
    pub(crate) replaces: SmallVec<[u64; 2]>,
    /// Rows whose bindings are removed.
    pub(crate) removed: SmallVec<[u64; 2]>,
    /// Rows whose bindings have expired.
    pub(crate) expired: SmallVec<[u64; 2]>,
    /// Bindings there may be.
    pub(crate) max_bindings: usize,
}

impl std::fmt::Debug for StagedChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StagedChange({} fresh, {} removed)", self.replaces.len(), self.removed.len())
    }
}

/// Told of changes that are durable, or could not be made so. Called from the storage thread, once a group: do little,
/// for instance put the tokens into a shard's inbox and ring its bell.
pub trait CommitSink: Send + Sync {
    /// These changes are durable (`durable`), or are lost and were taken back.
    fn committed(&self, tokens: &[u64], durable: bool);
}

/// Called with the outcome of one change.
pub type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Whom to tell.
pub(crate) enum Notice {
    Call(Done),
    Token { sink: usize, token: u64 },
}

/// A change that is made in memory and waits for the disk.
pub(crate) struct Change {
    pub(crate) rows: SmallVec<[Row; 1]>,
    /// Rows that are void once this is durable.
    pub(crate) void: SmallVec<[u64; 4]>,
    pub(crate) undo: Undo,
    pub(crate) notice: Notice,
}

/// How to take a change back, if nobody changed the same bindings since.
pub(crate) struct Undo {
    pub(crate) hash: u64,
    /// What was there.
    pub(crate) before: Option<Box<[u8]>>,
    /// The revision of what was put there; 0: nothing was.
    pub(crate) after: u64,
}

/// One shard's way to the disk. Changes are made in memory by [`CommitQueue::commit`] at once; [`CommitQueue::flush`]
/// at the end of a round wakes the storage thread if it sleeps: one wake-up for all changes of the round.
pub struct CommitQueue {
    core: Arc<Core>,
    sink: usize,
    /// Tokens with nothing to store, and tokens that failed at once.
    settled: Vec<u64>,
    failed: Vec<u64>,
    dirty: bool,
}

impl CommitQueue {
    pub(crate) fn new(core: Arc<Core>, sink: Arc<dyn CommitSink>) -> CommitQueue {
        let sink = core.queue.add_sink(sink);
        CommitQueue { core, sink, settled: Vec::new(), failed: Vec::new(), dirty: false }
    }

    /// Makes a change in memory and queues it for the disk. The sink gets `token` once, not before
    /// [`CommitQueue::flush`].
    pub fn commit(&mut self, change: StagedChange, token: u64) {
        match self.core.commit(change, Notice::Token { sink: self.sink, token }) {
            Ok(None) => self.dirty = true,
            Ok(Some(_)) => self.settled.push(token),
            Err((_, _)) => self.failed.push(token),
        }
    }

    /// The sink gets `token` when everything put into tables and documents so far is durable, or could not be made so.
    pub fn barrier(&mut self, token: u64) {
        match self.core.barrier(Notice::Token { sink: self.sink, token }) {
            Ok(None) => self.dirty = true,
            Ok(Some(_)) => self.settled.push(token),
            Err(_) => self.failed.push(token),
        }
    }

    /// Ends a round.
    pub fn flush(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.core.queue.ring();
        }
        for (tokens, durable) in [(&mut self.settled, true), (&mut self.failed, false)] {
            if !tokens.is_empty() {
                self.core.queue.tell(self.sink, tokens, durable);
                tokens.clear();
            }
        }
    }
}

impl Drop for CommitQueue {
    fn drop(&mut self) {
        self.flush();
    }
}

impl std::fmt::Debug for CommitQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommitQueue").finish_non_exhaustive()
    }
}

//! The storage thread: group commit.
//!
//! ```text
//!   asleep ─first change─▶ window ─over, or enough rows─▶ one transaction, one fsync ─▶ tell every shard once ─┐
//!     ▲                                                     │ fails: take back in memory, say no              │
//!     └──────────── a slice of garbage, a checkpoint ◀──────┴─────────────────────────────────────────────────┘
//! ```
//! In: the queue. Out: durable groups, notices. Not here: SQL (`database.rs`).
//!
//! What a group costs, measured on two shared cores (virtio disk, ext4): about 250 µs of CPU time for the commit whatever
//! is in it, of which 130 are the kernel's for one write and one flush, and 2 µs a row. So the window decides what a
//! registration costs: at 1200/s, 25 µs with a window of 8 ms, 13 with 20 and 7 with 40. Three keys with each registration,
//! as a CSCF writes them, cost 13 µs more at 1200/s and a window of 40 ms; each by a statement of its own, it was 36.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::commit::{Change, Notice};
use crate::core::Core;
use crate::database::{Database, Group, is_broken};
use crate::documents::Documents;
use crate::error::{OpenError, StoreError};
use crate::garbage::Garbage;
use crate::key_value::KeyValue;
use crate::queue::Waiting;
use crate::row::{self, Row};

/// A checkpoint is made when the log has grown by about this many pages of 4 kB.
const CHECKPOINT_PAGES: usize = 1000;

/// Pages that a group changes besides those that its rows fill: the last leaf, its parent, the first page.
const GROUP_PAGES: usize = 3;

/// Rows that fill a page, about.
const ROWS_A_PAGE: usize = 16;

/// With garbage left, this long without a change is an idle moment.
const IDLE: Duration = Duration::from_secs(2);

/// Without garbage, the thread looks this often whether there is some.
const IDLE_LONG: Duration = Duration::from_secs(60);

/// Of a run of failures, the first and every such one are logged.
const LOG_EVERY: u64 = 100;

/// What the storage thread has done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Groups made durable.
    pub groups: AtomicU64,
    /// Rows of bindings in them.
    pub rows: AtomicU64,
    /// Groups that failed.
    pub failures: AtomicU64,
    /// Time spent in commits, µs.
    pub busy_us: AtomicU64,
    /// The longest commit, µs.
    pub longest_us: AtomicU64,
    /// Rows that await deletion.
    pub garbage: AtomicUsize,
}

/// What the thread owns.
pub(crate) struct Writer {
    core: Arc<Core>,
    database: Database,
    garbage: Garbage,
    /// Rows that a failed group would have replaced, and whose bindings have changed since: the next group says that they
    /// are void.
    owed: Vec<u64>,
    counters: Arc<Counters>,
    window: Duration,
    /// Pages that the log has grown by since the last checkpoint, about.
    pages: usize,
    failures_in_a_row: u64,
}

impl Writer {
    pub(crate) fn new(
        core: Arc<Core>,
        database: Database,
        counters: Arc<Counters>,
        window: Duration,
    ) -> Writer {
        Writer {
            core,
            database,
            garbage: Garbage::default(),
            owed: Vec::new(),
            counters,
            window,
            pages: 0,
            failures_in_a_row: 0,
        }
    }

    /// Puts everything into memory that has not ended.
    pub(crate) fn load(
        &mut self,
        key_value: &KeyValue,
        documents: &Documents,
        now_ms: u64,
    ) -> Result<(), OpenError> {
        let started = Instant::now();
        let last = self.database.last_row()?;
        self.core.set_next_row(last + 1);
        let mut void = self.database.void_rows()?;
        void.sort_unstable();
        let (mut gone, mut unreadable) = (Vec::new(), 0u64);
        let core = &self.core;
        self.database.rows(|row, record| {
            if void.binary_search(&row).is_ok() {
                return;
            }
            match row::read(row, record) {
                Some(found) if found.binding.expires_at_ms <= now_ms => gone.push(row),
                Some(found) => gone.extend(core.load(found.aor, found.binding)),
                None => unreadable += 1,
            }
        })?;
        let mut keys = 0u64;
        self.database.keys(|space, key, stored| {
            keys += 1;
            if !documents.load(space, key, &stored) {
                key_value.load(space, key, stored);
            }
        })?;
        self.garbage.extend(void);
        self.garbage.extend(gone);
        if unreadable > 0 {
            tracing::error!(unreadable, "rows of the database cannot be read and are left alone");
        }
        tracing::info!(
            bindings = self.core.len(),
            keys,
            void = self.garbage.len(),
            ms = started.elapsed().as_millis() as u64,
            "the store is loaded"
        );
        Ok(())
    }

    /// Until the store is closed.
    pub(crate) fn run(mut self) {
        loop {
            let idle = if self.garbage.len() > 0 { IDLE } else { IDLE_LONG };
            let Some(group) = self.core.queue.group(self.window, Some(idle)) else { break };
            let was_idle = group.is_empty();
            self.write(group);
            self.tidy(was_idle);
        }
        if let Err(error) = self.database.close() {
            tracing::warn!(%error, "the database did not close well; its log is read at the next start");
        }
    }

    /// One group.
    fn write(&mut self, mut group: Waiting) {
        self.garbage.extend(group.void.drain(..));
        if group.is_empty() {
            return;
        }
        let mut rows: Vec<_> = group.changes.iter_mut().flat_map(|change| change.rows.drain(..)).collect();
        let mut paid = Vec::new();
        for &replaced in &self.owed {
            let removal = Row::removal(self.core.next_row(), replaced);
            paid.extend([replaced, removal.id]);
            rows.push(removal);
        }
        let count = rows.len();
        let started = Instant::now();
        let writes = group.writes.iter().map(|((space, key), write)| ((&**space, &**key), write));
        let queue = &self.core.queue;
        let written = self.database.write(Group::new(rows, writes), &mut |rest| queue.pause(rest));
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.counters.busy_us.fetch_add(took, Ordering::Relaxed);
        self.counters.longest_us.fetch_max(took, Ordering::Relaxed);
        match written {
            Ok(()) => {
                self.counters.groups.fetch_add(1, Ordering::Relaxed);
                self.counters.rows.fetch_add(count as u64, Ordering::Relaxed);
                self.pages += GROUP_PAGES + count / ROWS_A_PAGE + group.writes.len();
                if self.failures_in_a_row > 0 {
                    tracing::info!(failed = self.failures_in_a_row, "the database can be written again");
                    self.failures_in_a_row = 0;
                }
                self.owed.clear();
                self.garbage.extend(paid);
                for change in &mut group.changes {
                    self.garbage.extend(change.void.drain(..));
                }
                self.tell(group.changes, Ok(()));
            }
            Err(error) => self.fail(group, error),
        }
    }

    /// Takes a group back and says so.
    fn fail(&mut self, mut group: Waiting, error: sqlx::Error) {
        let kind = StoreError::of(&error);
        if self.failures_in_a_row.is_multiple_of(LOG_EVERY) {
            tracing::error!(
                %error,
                changes = group.changes.len(),
                keys = group.writes.len(),
                failed_before = self.failures_in_a_row,
                "a group of changes could not be made durable"
            );
        }
        self.failures_in_a_row += 1;
        self.counters.failures.fetch_add(1, Ordering::Relaxed);
        if is_broken(&error)
            && let Err(error) = self.database.reopen()
        {
            tracing::error!(%error, "the database cannot be opened again");
        }
        // the last first, so that each finds what it left
        for change in group.changes.iter_mut().rev() {
            let nothing = crate::commit::Undo { hash: 0, before: None, after: 0 };
            let undo = std::mem::replace(&mut change.undo, nothing);
            if !self.core.undo(undo) {
                // whoever came later replaces rows of ours that are not there, and not those that we meant to replace
                self.owed.extend(change.void.drain(..).filter(|row| *row != 0));
            }
        }
        let lost = self.core.queue.put_back(std::mem::take(&mut group.writes), self.failures_in_a_row);
        if lost > 0 {
            tracing::error!(
                keys = lost,
                "the store is closed without them: the database could not be written"
            );
        }
        self.tell(group.changes, Err(kind));
    }

    /// Each sink once.
    fn tell(&self, changes: Vec<Change>, outcome: Result<(), StoreError>) {
        let mut tokens: Vec<(usize, u64)> = Vec::with_capacity(changes.len());
        for change in changes {
            match change.notice {
                Notice::Call(done) => done(outcome),
                Notice::Token { sink, token } => tokens.push((sink, token)),
            }
        }
        tokens.sort_by_key(|(sink, _)| *sink);
        let mut batch = Vec::with_capacity(tokens.len());
        for of_one in tokens.chunk_by(|(one, _), (other, _)| one == other) {
            batch.clear();
            batch.extend(of_one.iter().map(|(_, token)| *token));
            self.core.queue.tell(of_one[0].0, &batch, outcome.is_ok());
        }
    }

    /// Between groups: at most one slice of garbage and one checkpoint.
    fn tidy(&mut self, idle: bool) {
        let slice = self.garbage.slice(self.core.len(), idle);
        if !slice.is_empty() {
            self.pages += slice.len() / ROWS_A_PAGE + GROUP_PAGES;
            if let Err(error) = self.database.delete(&slice) {
                tracing::warn!(%error, "void rows could not be deleted; they are tried again");
                self.garbage.put_back(slice);
            }
        }
        self.counters.garbage.store(self.garbage.len(), Ordering::Relaxed);
        if self.pages >= CHECKPOINT_PAGES {
            self.pages = 0;
            if let Err(error) = self.database.checkpoint() {
                tracing::warn!(%error, "the database's log could not be moved into its file; it is tried again");
            }
        }
    }
}

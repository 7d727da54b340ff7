//! Bindings in memory, with everything that must change together with them.
//!
//! ```text
//!   commit:  lock map ─ as staged? ─ no: merge ─▶ rows get numbers ─▶ exchange bytes ─▶ schedule end ─▶ queue rows ─ unlock
//!   undo:    lock map ─ still as committed? ─ yes: exchange back
//! ```
//! In: staged changes, the time. Out: changed tables, queued rows. Not here: what changes (`contacts.rs`), when rows reach
//! the disk (`writer.rs`).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::commit::{Change, Notice, StagedChange, Undo};
use crate::error::StoreError;
use crate::expiry::Schedule;
use crate::packed::{BindingRef, Packed, pack, set_revision, set_rows, set_scheduled};
use crate::queue::Queue;
use crate::register::FlowName;
use crate::registrations::Ended;
use crate::row::Row;
use crate::table::{Shard, Table, find};

/// Void entries that the schedule may hold beside two for each binding, before it is made anew.
const MAX_VOID_SCHEDULED: usize = 65_536;

/// What the shards and the storage thread share.
pub(crate) struct Core {
    pub(crate) table: Table,
    pub(crate) queue: Queue,
    schedule: Mutex<Schedule>,
    bindings: AtomicUsize,
    revision: AtomicU64,
    row: AtomicU64,
}

impl Core {
    pub(crate) fn new(queue: Queue) -> Core {
        Core {
            table: Table::new(),
            queue,
            schedule: Mutex::default(),
            bindings: AtomicUsize::new(0),
            revision: AtomicU64::new(1),
            row: AtomicU64::new(1),
        }
    }

    /// Bindings; expired ones too, until they have been looked at.
    pub(crate) fn len(&self) -> usize {
        self.bindings.load(Ordering::Relaxed)
    }

    /// Rows from here on are free.
    pub(crate) fn set_next_row(&self, row: u64) {
        self.row.store(row, Ordering::Relaxed);
    }

    /// A row that nobody else has.
    pub(crate) fn next_row(&self) -> u64 {
        self.row.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a change in memory and queues its rows. `Ok(Some)`: there was nothing to store, the notice comes back.
    pub(crate) fn commit(
        &self,
        mut staged: StagedChange,
        notice: Notice,
    ) -> Result<Option<Notice>, (StoreError, Notice)> {
        if let Err(error) = self.queue.admits() {
            return Err((error, notice));
        }
        let mut shard = self.table.shard(staged.hash);
        let current = find(&shard, staged.hash, Packed(&staged.packed).aor());
        if current.map_or(0, Packed::revision) != staged.revision
            && let Err(error) = merge(current, &mut staged)
        {
            return Err((error, notice));
        }
        let StagedChange { hash, mut packed, replaces, removed, expired, .. } = staged;
        let fresh = set_rows(&mut packed, || self.next_row());
        let (mut rows, mut void) = (SmallVec::new(), SmallVec::from_slice(&expired));
        if !self.queue.is_in_memory() {
            let aor = Packed(&packed).aor();
            let mut fresh = fresh.iter().zip(&replaces).peekable();
            for binding in Packed(&packed).bindings() {
                if let Some((_, replaced)) = fresh.next_if(|(row, _)| **row == binding.row) {
                    rows.push(Row::bound(aor, *replaced, &binding));
                    void.push(*replaced);
                }
            }
            for replaced in removed {
                let row = self.next_row();
                rows.push(Row::removal(row, replaced));
                void.extend([replaced, row]);
            }
        }
        let undo = self.put(&mut shard, hash, packed);
        if rows.is_empty() {
            self.queue.push_void(&void);
            return Ok(Some(notice));
        }
        self.queue.push(Change { rows, void, undo, notice }).map(|()| None).map_err(|change| {
            self.restore(&mut shard, change.undo);
            (StoreError::Closed, change.notice)
        })
    }

    /// Queues a notice behind all that waits. `Ok(Some)`: nothing ever waits here, it comes back.
    pub(crate) fn barrier(&self, notice: Notice) -> Result<Option<Notice>, (StoreError, Notice)> {
        if let Err(error) = self.queue.admits() {
            return Err((error, notice));
        }
        if self.queue.is_in_memory() {
            return Ok(Some(notice));
        }
        // No binding has revision 0, so that there is nothing to take back.
        let undo = Undo { hash: 0, before: None, after: 0 };
        let change = Change { rows: SmallVec::new(), void: SmallVec::new(), undo, notice };
        self.queue.push(change).map(|()| None).map_err(|change| (StoreError::Closed, change.notice))
    }

    /// Takes a change back. False: its bindings have changed since, and stay.
    pub(crate) fn undo(&self, undo: Undo) -> bool {
        let mut shard = self.table.shard(undo.hash);
        self.restore(&mut shard, undo)
    }

    /// Adds a binding that the database holds. A binding of the same name gives way; its row.
    pub(crate) fn load(&self, aor: &str, binding: BindingRef<'_>) -> Option<u64> {
        let hash = self.table.hash(aor);
        let mut shard = self.table.shard(hash);
        let current = find(&shard, hash, aor);
        let mut bindings: Vec<_> = current.into_iter().flat_map(Packed::bindings).collect();
        let same = bindings.iter().position(|there| has_same_name(there, &binding));
        let gone = match same {
            Some(at) => Some(std::mem::replace(&mut bindings[at], binding).row),
            None if bindings.len() < usize::from(u8::MAX) => {
                bindings.push(binding);
                None
            }
            // more than any host ever wrote
            None => return Some(binding.row),
        };
        let packed = pack(aor, 0, 0, &bindings);
        self.put(&mut shard, hash, packed);
        gone
    }

    /// Takes out what has ended by `now_ms`, looking at `max` addresses-of-record at most. True: there is more.
    pub(crate) fn expire(&self, now_ms: u64, max: usize, ended: &mut Vec<Ended>) -> bool {
        let now_s = u32::try_from(now_ms / 1000).unwrap_or(u32::MAX);
        let mut due = Vec::new();
        let void = {
            let mut schedule = self.schedule.lock();
            schedule.due(now_s, max, &mut due);
            let void = schedule.len() > 2 * self.len() + MAX_VOID_SCHEDULED;
            if void {
                *schedule = Schedule::default();
            }
            void
        };
        let mut rows = Vec::new();
        for (second, hash) in &due {
            self.expire_one(*second, *hash, now_ms, ended, &mut rows);
        }
        self.queue.push_void(&rows);
        if void {
            self.schedule_anew();
        }
        due.len() == max
    }

    fn expire_one(&self, second: u32, hash: u64, now_ms: u64, ended: &mut Vec<Ended>, rows: &mut Vec<u64>) {
        let mut shard = self.table.shard(hash);
        // another entry may know the same bindings by another second: that one will come
        let Some(packed) = shard.find(hash, |there| Packed(there).scheduled_s() == second) else { return };
        let left = without_ended(Packed(packed), now_ms, ended, rows);
        // scheduled anew, also where nothing ended: the entry is used up
        self.exchange(&mut shard, hash, left, 0);
    }

    /// Exchanges the bytes and keeps the entry of the schedule.
    fn put(&self, shard: &mut Shard, hash: u64, packed: Box<[u8]>) -> Undo {
        let scheduled_s = find(shard, hash, Packed(&packed).aor()).map_or(0, Packed::scheduled_s);
        self.exchange(shard, hash, packed, scheduled_s)
    }

    /// Exchanges the bytes, counts and schedules. `scheduled_s`: the second of an entry that still stands, or 0.
    fn exchange(&self, shard: &mut Shard, hash: u64, mut packed: Box<[u8]>, scheduled_s: u32) -> Undo {
        let revision = self.revision.fetch_add(1, Ordering::Relaxed);
        set_revision(&mut packed, revision);
        self.schedule(hash, &mut packed, scheduled_s);
        let count = Packed(&packed).len();
        let before = self.table.put(shard, hash, packed);
        self.count(before.as_deref(), count);
        Undo { hash, before, after: if count == 0 { 0 } else { revision } }
    }

    fn restore(&self, shard: &mut Shard, undo: Undo) -> bool {
        let Undo { hash, before, after } = undo;
        let found = match &before {
            Some(before) => {
                let current = find(shard, hash, Packed(before).aor());
                current.map_or(0, Packed::revision) == after
            }
            // revisions are unique, so this is the one
            None => shard.find(hash, |there| Packed(there).revision() == after).is_some(),
        };
        if !found {
            return false;
        }
        match before {
            Some(mut before) => {
                // its entry in the schedule may have come and gone
                let second = Packed(&before).scheduled_s();
                self.schedule.lock().insert(second, hash);
                set_scheduled(&mut before, second);
                let count = Packed(&before).len();
                let after = self.table.put(shard, hash, before);
                self.count(after.as_deref(), count);
            }
            None => {
                if let Ok(entry) = shard.find_entry(hash, |there| Packed(there).revision() == after) {
                    let (after, _) = entry.remove();
                    self.count(Some(&after), 0);
                }
            }
        }
        true
    }

    /// Schedules the soonest end, unless an entry for no later a second exists.
    fn schedule(&self, hash: u64, packed: &mut [u8], scheduled_s: u32) {
        let soonest = Packed(packed).ends().map(|end| end.div_ceil(1000)).min();
        let second = match soonest {
            None => 0,
            Some(soonest) => {
                let soonest = u32::try_from(soonest).unwrap_or(u32::MAX);
                if scheduled_s == 0 || soonest < scheduled_s {
                    self.schedule.lock().insert(soonest, hash);
                    soonest
                } else {
                    scheduled_s
                }
            }
        };
        set_scheduled(packed, second);
    }

    fn schedule_anew(&self) {
        for shard in self.table.each() {
            let mut schedule = self.schedule.lock();
            for packed in shard.iter().map(|packed| Packed(packed)) {
                schedule.insert(packed.scheduled_s(), self.table.hash(packed.aor()));
            }
        }
    }

    fn count(&self, before: Option<&[u8]>, after: usize) {
        let before = before.map_or(0, |before| Packed(before).len());
        if after >= before {
            self.bindings.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.bindings.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}

/// The bindings that have not ended; those that have are told of.
fn without_ended(packed: Packed<'_>, now_ms: u64, ended: &mut Vec<Ended>, rows: &mut Vec<u64>) -> Box<[u8]> {
    let aor = packed.aor();
    let mut left = SmallVec::<[BindingRef<'_>; 4]>::new();
    for binding in packed.bindings() {
        if binding.expires_at_ms > now_ms {
            left.push(binding);
        } else {
            rows.push(binding.row);
            ended.push(Ended { address_of_record: aor.into(), contact: binding.uri.into() });
        }
    }
    pack(aor, 0, 0, &left)
}

/// Brings a change up to bindings that changed after it was computed: what it does not touch stays as it is now, and
/// what it binds counts.
fn merge(current: Option<Packed<'_>>, staged: &mut StagedChange) -> Result<(), StoreError> {
    let StagedChange { packed, replaces, removed, expired, max_bindings, .. } = staged;
    let fresh: SmallVec<[BindingRef<'_>; 2]> =
        Packed(packed).bindings().filter(|binding| binding.row == 0).collect();
    let mut bindings = SmallVec::<[BindingRef<'_>; 4]>::new();
    for binding in current.into_iter().flat_map(Packed::bindings) {
        if [&*replaces, &*removed, &*expired].iter().any(|rows| rows.contains(&binding.row)) {
            continue;
        }
        match fresh.iter().position(|fresh| has_same_name(fresh, &binding)) {
            None => bindings.push(binding),
            Some(at) if replaces[at] == 0 => replaces[at] = binding.row,
            Some(_) => removed.push(binding.row),
        }
    }
    bindings.extend(fresh);
    if bindings.len() > *max_bindings {
        return Err(StoreError::Conflict);
    }
    let merged = pack(Packed(packed).aor(), 0, 0, &bindings);
    drop(bindings);
    *packed = merged;
    Ok(())
}

/// Whether two bindings cannot both be: the same URI, or the same instance and reg-id (RFC 5626 §6).
fn has_same_name(one: &BindingRef<'_>, other: &BindingRef<'_>) -> bool {
    match (one.outbound, other.outbound) {
        (true, true) => {
            let name = FlowName::of(one.parameters);
            name.is_some() && name == FlowName::of(other.parameters)
        }
        (false, false) => one.uri == other.uri,
        _ => false,
    }
}

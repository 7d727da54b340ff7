//! Registrations: the location service of RFC 3261 §10, in memory and on disk.
//!
//! ```text
//!   register ─▶ (Registration, StagedChange) ── the script decides ──▶ commit ─▶ in memory at once ─▶ on disk ─▶ done
//!                                                └─ or the change is dropped: nothing happened
//! ```
//! In: REGISTER requests, addresses-of-record in their canonical form ([`sip::Uri::aor`]), the wall clock. Out: what was
//! granted, targets, bindings. Every method but [`crate::Store::open`] is quick and never waits for the disk. Not here: the
//! rules (`contacts.rs`), the disk (`writer.rs`).

use std::sync::Arc;

use sip::{Flow, Head};
use smallvec::SmallVec;

use crate::binding::{self, Binding};
use crate::commit::{CommitQueue, CommitSink, Done, Notice, StagedChange};
use crate::contacts::{self, Limits, MAX_BINDINGS, Outcome, Refusal, Registration};
use crate::core::Core;
use crate::packed::{BindingRef, Packed, pack};
use crate::register::{self, MAX_AOR, Wishes};

/// A binding that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whose it was.
    pub address_of_record: Box<str>,
    /// Its Contact URI.
    pub contact: Box<str>,
}

/// All registrations. Shared by all shards.
pub struct Registrations {
    core: Arc<Core>,
    max_bindings: usize,
}

impl std::fmt::Debug for Registrations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registrations({})", self.count())
    }
}

impl Registrations {
    pub(crate) fn new(core: Arc<Core>, max_bindings: usize) -> Registrations {
        Registrations { core, max_bindings }
    }

    /// What a REGISTER does to the bindings of `aor` (RFC 3261 §10.3 items 6 to 8), all or nothing. Nothing changes yet:
    /// the change is staged, and `None` where the REGISTER only asks. `flow`: where it came from.
    ///
    /// # Errors
    /// Why it cannot be granted.
    pub fn register(
        &self,
        head: Head<'_>,
        aor: &str,
        limits: &Limits,
        flow: Flow,
        now_ms: u64,
    ) -> Result<(Registration, Option<StagedChange>), Refusal> {
        // a line feed ends it in the database
        if aor.is_empty() || aor.len() > MAX_AOR || aor.contains('\n') {
            return Err(Refusal::Malformed);
        }
        let register = register::read(head, flow, now_ms)?;
        let hash = self.core.table.hash(aor);
        let shard = self.core.table.shard(hash);
        let current = crate::table::find(&shard, hash, aor);
        let outcome = contacts::apply(current, &register, limits)?;
        let more = outcome.replaces.iter().filter(|replaced| **replaced == 0).count();
        if more > 0 && self.core.len() + more > self.max_bindings {
            return Err(Refusal::Unavailable);
        }
        let contacts = outcome.bindings.iter().map(|b| contacts::contact_value(b, now_ms)).collect();
        let registration = Registration { contacts, outbound: outcome.outbound };
        if matches!(register.wishes, Wishes::None) {
            return Ok((registration, None));
        }
        if self.core.queue.admits().is_err() {
            return Err(Refusal::Unavailable);
        }
        let max_bindings = limits.max_bindings.min(MAX_BINDINGS) as usize;
        Ok((registration, Some(staged(hash, aor, current, outcome, max_bindings))))
    }

    /// The removal of all bindings of `aor`: how many there are now, and the change.
    pub fn remove(&self, aor: &str, now_ms: u64) -> (u32, Option<StagedChange>) {
        let hash = self.core.table.hash(aor);
        let shard = self.core.table.shard(hash);
        let Some(current) = crate::table::find(&shard, hash, aor) else { return (0, None) };
        let mut outcome = Outcome::default();
        for binding in current.bindings() {
            if binding.expires_at_ms > now_ms {
                outcome.removed.push(binding.row);
            } else {
                outcome.expired.push(binding.row);
            }
        }
        let count = outcome.removed.len() as u32;
        let change = staged(hash, aor, Some(current), outcome, MAX_BINDINGS as usize);
        (count, (count > 0).then_some(change))
    }

    /// A shard's way to the disk; `sink` is told what became durable.
    pub fn queue(&self, sink: Arc<dyn CommitSink>) -> CommitQueue {
        CommitQueue::new(Arc::clone(&self.core), sink)
    }

    /// Makes a change in memory at once and calls `done` when it is durable, from the storage thread, or from this one
    /// if there is nothing to store or it fails at once. For a shard, [`Registrations::queue`] costs less.
    pub fn commit(&self, change: StagedChange, done: Done) {
        match self.core.commit(change, Notice::Call(done)) {
            Ok(None) => self.core.queue.ring(),
            Ok(Some(Notice::Call(done))) => done(Ok(())),
            Err((error, Notice::Call(done))) => done(Err(error)),
            Ok(Some(Notice::Token { .. })) | Err((_, Notice::Token { .. })) => {}
        }
    }

    /// The target set of `aor` (RFC 3261 §16.5), highest q first; equal ones in the order in which they
    /// first registered, or after a restart last registered.
    pub fn targets(&self, aor: &str, now_ms: u64) -> SmallVec<[node::Target; 1]> {
        let mut targets: SmallVec<[node::Target; 1]> =
            self.read(aor, now_ms, |bindings| bindings.filter_map(|b| binding::target(&b)).collect());
        targets.sort_by_key(|target| std::cmp::Reverse(target.q));
        targets
    }

    /// Whether `aor` has a binding now.
    pub fn is_registered(&self, aor: &str, now_ms: u64) -> bool {
        self.read(aor, now_ms, |bindings| bindings.next().is_some())
    }

    /// Whether `aor` has a binding that was registered from where `flow` comes from: the same connection, or for
    /// datagrams the same IP address.
    pub fn is_registered_here(&self, aor: &str, flow: &Flow, now_ms: u64) -> bool {
        self.read(aor, now_ms, |mut bindings| Iterator::any(&mut bindings, |b| binding::is_from(&b, flow)))
    }

    /// All bindings of `aor`, highest q first.
    pub fn lookup(&self, aor: &str, now_ms: u64) -> Vec<Binding> {
        let mut bindings: Vec<Binding> =
            self.read(aor, now_ms, |bindings| bindings.map(Into::into).collect());
        bindings.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        bindings
    }

    /// Takes out bindings that ended by `now_ms` and appends them to `ended`, looking at `max` addresses-of-record at
    /// most. True: there is more to do. Call it about once a second; a binding that has ended is nobody's target even
    /// before.
    pub fn expire(&self, now_ms: u64, max: usize, ended: &mut Vec<Ended>) -> bool {
        self.core.expire(now_ms, max, ended)
    }

    /// Bindings; those that ended count until [`Registrations::expire`] has met them.
    pub fn count(&self) -> usize {
        self.core.len()
    }

    fn read<T>(
        &self,
        aor: &str,
        now_ms: u64,
        look: impl FnOnce(&mut dyn Iterator<Item = BindingRef<'_>>) -> T,
    ) -> T {
        self.core.table.read(aor, |packed| {
            let mut current =
                packed.into_iter().flat_map(Packed::bindings).filter(|b| b.expires_at_ms > now_ms);
            look(&mut current)
        })
    }
}

fn staged(
    hash: u64,
    aor: &str,
    current: Option<Packed<'_>>,
    outcome: Outcome<'_>,
    max_bindings: usize,
) -> StagedChange {
    StagedChange {
        hash,
        revision: current.map_or(0, Packed::revision),
        packed: pack(aor, 0, 0, &outcome.bindings),
        replaces: outcome.replaces,
        removed: outcome.removed,
        expired: outcome.expired,
        max_bindings,
    }
}

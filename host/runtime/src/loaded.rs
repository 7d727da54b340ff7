//! All versions that are alive in this host: which of them get new calls, since when one gets none, and which one a call
//! means that says so in its Route.
//!
//! ```text
//!   NotYet ──▶ Now ──▶ Until(when it was neither active nor candidate any more) ──▶ gone when nobody holds it
//!               ▲──────── promoted, rolled back to, given a share ────────┘
//! ```
//! In: versions as they are loaded, who is active or a candidate, the time. Out: the same for a restart, and versions by
//! their marks. A version that took calls before a restart is held here, since the host does not know of these calls: for as
//! long as a call may be silent in a table of dialogs. What is active is `strowger-plugin`'s, the file is `remembered.rs`'s.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use node::{Mark, Wants};
use parking_lot::Mutex;
use plugin::{Identity, Plugin};

use crate::control::wants;

/// How long a version is held for calls of before a restart, once it gets no new ones.
const CALLS_END: Duration = dialog::DEFAULT_SILENCE;

/// Calls whose version is gone are logged at most once in this time; they are all counted.
const LOG_EVERY_MS: u64 = 1000;

/// What a plugin file of this digest is known by, with how it is configured: another text is news too.
pub(crate) fn source(digest: &str, configuration: &str) -> String {
    plugin::digest(format!("{digest}\n{configuration}").as_bytes())
}

/// Whether a version gets new calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serving {
    /// It never got any.
    NotYet,
    /// It is active or a candidate.
    Now,
    /// Until then, ms since 1970.
    Until(u64),
}

/// A version that is alive, or was.
#[derive(Debug)]
pub(crate) struct Entry<P = Plugin> {
    pub(crate) identity: Identity,
    plugin: Weak<P>,
    wants: Wants,
    pub(crate) serving: Serving,
    /// Its calls go on with the active version.
    pub(crate) adopted: bool,
    /// Its calls are being ended.
    ending: bool,
    /// That it is overdue has been told.
    told: bool,
}

impl<P> Entry<P> {
    /// A version with what it says of itself.
    fn new(identity: Identity, wants: Wants, plugin: &Arc<P>, serving: Serving) -> Entry<P> {
        Entry {
            identity,
            plugin: Arc::downgrade(plugin),
            wants,
            serving,
            adopted: false,
            ending: false,
            told: false,
        }
    }

    fn of(plugin: &Arc<Plugin>, serving: Serving) -> Entry {
        Entry::new(plugin.identity().clone(), wants(plugin), plugin, serving)
    }

    fn again(&self) -> Entry<P> {
        Entry { identity: self.identity.clone(), plugin: Weak::clone(&self.plugin), ..*self }
    }

    /// The version, while it is alive.
    pub(crate) fn plugin(&self) -> Option<Arc<P>> {
        self.plugin.upgrade()
    }

    fn is_alive(&self) -> bool {
        self.plugin.strong_count() > 0
    }

    /// How many hold it, whoever they are.
    pub(crate) fn holders(&self) -> usize {
        self.plugin.strong_count()
    }
}

#[derive(Debug)]
struct Inner<P> {
    /// In the order in which they were loaded.
    entries: Vec<Entry<P>>,
    /// By number: for the calls that they took before a restart.
    held: Vec<(u32, Arc<P>)>,
    /// What was last taken from `plugin.file`, as [`source`] has it.
    file: String,
    last_number: u32,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Loaded<P = Plugin> {
    inner: Mutex<Inner<P>>,
    /// Calls whose version is gone.
    lost: AtomicU64,
    /// When that may be logged again, ms since 1970.
    log_from_ms: AtomicU64,
}

/// Which version a mark means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Marked<P = Plugin> {
    /// This one.
    Version(Arc<P>),
    /// One whose calls go on with the active one.
    Adopted,
    /// It is not here.
    Gone,
}

impl Loaded {
    /// A version is loaded.
    pub(crate) fn came(&self, plugin: &Arc<Plugin>) {
        self.enter(Entry::<Plugin>::of(plugin, Serving::NotYet));
    }

    /// A version is loaded that took calls before a restart: it is held for them, unless they were adopted.
    pub(crate) fn came_back(&self, plugin: &Arc<Plugin>, serving: Serving, adopted: bool) {
        self.enter_again(Entry { adopted, ..Entry::<Plugin>::of(plugin, serving) }, plugin);
    }
}

impl<P> Loaded<P> {
    /// Of a host whose numbers go on behind this one.
    pub(crate) fn new(last_number: u32) -> Loaded<P> {
        let inner = Inner { entries: Vec::new(), held: Vec::new(), file: String::new(), last_number };
        Loaded { inner: Mutex::new(inner), lost: AtomicU64::new(0), log_from_ms: AtomicU64::new(0) }
    }

    fn enter(&self, entry: Entry<P>) {
        let mut inner = self.inner.lock();
        inner.last_number = inner.last_number.max(entry.identity.number);
        inner.entries.push(entry);
    }

    fn enter_again(&self, entry: Entry<P>, plugin: &Arc<P>) {
        if entry.serving != Serving::NotYet && !entry.adopted {
            self.inner.lock().held.push((entry.identity.number, Arc::clone(plugin)));
        }
        self.enter(entry);
    }

    /// This version was taken from `plugin.file`, where it was configured so.
    pub(crate) fn taken_from_file(&self, version: &Identity, configuration: &str) {
        self.was_taken_from_file(&source(&version.digest, configuration));
    }

    /// What was taken before a restart, as [`source`] has it.
    pub(crate) fn was_taken_from_file(&self, source: &str) {
        self.inner.lock().file = source.into();
    }

    /// These get new calls from now on, and no others; who is gone is forgotten.
    pub(crate) fn are_serving(&self, numbers: &[u32], now_ms: u64) {
        let mut inner = self.inner.lock();
        inner.entries.retain(Entry::<P>::is_alive);
        for entry in &mut inner.entries {
            match (numbers.contains(&entry.identity.number), entry.serving) {
                (true, _) => {
                    entry.serving = Serving::Now;
                    (entry.adopted, entry.ending, entry.told) = (false, false, false);
                }
                (false, Serving::Now) => entry.serving = Serving::Until(now_ms),
                (false, _) => {}
            }
        }
    }

    /// The calls of a version go on with the active one, those of before a restart too.
    pub(crate) fn adopted(&self, number: u32) {
        let mut inner = self.inner.lock();
        inner.entries.iter_mut().filter(|entry| entry.identity.number == number).for_each(|entry| {
            (entry.adopted, entry.ending) = (entry.serving != Serving::Now, false);
        });
        inner.held.retain(|(held, _)| *held != number);
    }

    /// Lets go of versions whose calls of before a restart have ended long ago.
    pub(crate) fn expire(&self, now_ms: u64) {
        let mut inner = self.inner.lock();
        let Inner { entries, held, .. } = &mut *inner;
        let is_over = |number: u32| {
            entries.iter().any(|entry| match entry.serving {
                Serving::Until(left_ms) => {
                    entry.identity.number == number && left_ms + CALLS_END.as_millis() as u64 <= now_ms
                }
                Serving::Now | Serving::NotYet => false,
            })
        };
        held.retain(|(number, _)| !is_over(*number));
    }

    /// The calls of a version are to end. False: it gets new ones, or is gone.
    pub(crate) fn ending(&self, number: u32) -> bool {
        let mut inner = self.inner.lock();
        let mut meant = inner.entries.iter_mut().filter(|entry| entry.identity.number == number);
        let entry = meant.find(|entry| entry.serving != Serving::Now && entry.is_alive());
        entry.map(|entry| entry.ending = true).is_some()
    }

    /// Those whose calls are being ended, by number.
    pub(crate) fn all_ending(&self) -> Vec<u32> {
        let inner = self.inner.lock();
        let ending = inner.entries.iter().filter(|entry| entry.ending && entry.is_alive());
        ending.map(|entry| entry.identity.number).collect()
    }

    /// Those that have got no new calls for this long or longer, and that something may still have to be done about.
    pub(crate) fn overdue(&self, now_ms: u64, deadline: Duration) -> Vec<Entry<P>> {
        let is_overdue = |entry: &&Entry<P>| match entry.serving {
            Serving::Until(left_ms) => left_ms + deadline.as_millis() as u64 <= now_ms,
            Serving::Now | Serving::NotYet => false,
        };
        let inner = self.inner.lock();
        let open = inner.entries.iter().filter(|entry| entry.is_alive() && !entry.ending && !entry.told);
        open.filter(is_overdue).map(Entry::again).collect()
    }

    /// That a version is overdue has been told, once and for all.
    pub(crate) fn overdue_is_told(&self, number: u32) {
        let mut inner = self.inner.lock();
        let meant = inner.entries.iter_mut().filter(|entry| entry.identity.number == number);
        meant.for_each(|entry| entry.told = true);
    }

    /// How often a version is held here.
    pub(crate) fn holds(&self, number: u32) -> usize {
        self.inner.lock().held.iter().filter(|(held, _)| *held == number).count()
    }

    /// Those that are alive, in the order in which they were loaded, with the digest of what was last taken from
    /// `plugin.file`, and the highest number so far.
    pub(crate) fn all(&self) -> (Vec<Entry<P>>, String, u32) {
        let inner = self.inner.lock();
        let alive = inner.entries.iter().filter(|entry| entry.is_alive()).map(Entry::again).collect();
        (alive, inner.file.clone(), inner.last_number)
    }

    /// Whether a version of this digest is alive.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.inner.lock().entries.iter().any(|entry| *entry.identity.digest == *digest && entry.is_alive())
    }

    /// What any of them wants to be asked about; none: there is none.
    pub(crate) fn wants(&self) -> Option<Wants> {
        let inner = self.inner.lock();
        let alive = inner.entries.iter().filter(|entry| entry.is_alive());
        alive.map(|entry| entry.wants).reduce(|all, one| Wants {
            methods: all.methods | one.methods,
            in_dialog: all.in_dialog || one.in_dialog,
        })
    }

    /// Which version a mark means: of several one that gets new calls, else the one loaded last.
    pub(crate) fn marked(&self, mark: Mark) -> Marked<P> {
        let inner = self.inner.lock();
        let is_meant = |entry: &&Entry<P>| Mark::of(&entry.identity.digest) == Some(mark) && entry.is_alive();
        let meant: Vec<&Entry<P>> = inner.entries.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Marked::Gone;
        }
        let open = || meant.iter().filter(|entry| !entry.adopted);
        let serving = open().rfind(|entry| entry.serving == Serving::Now);
        match serving.or_else(|| open().next_back()) {
            Some(entry) => entry.plugin.upgrade().map_or(Marked::Gone, Marked::Version),
            None => Marked::Adopted,
        }
    }

    /// A call says that it is of a version which is not here; it goes on with the active one.
    pub(crate) fn lost(&self, now_ms: u64) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        let from_ms = self.log_from_ms.load(Ordering::Relaxed);
        let next_ms = now_ms + LOG_EVERY_MS;
        let is_first = || {
            let swapped =
                self.log_from_ms.compare_exchange(from_ms, next_ms, Ordering::Relaxed, Ordering::Relaxed);
            swapped.is_ok()
        };
        if from_ms <= now_ms && is_first() {
            tracing::warn!(
                lost,
                "requests inside calls name a version that is not here: the active one is asked"
            );
        }
    }

    /// How often that was so.
    pub(crate) fn lost_so_far(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;

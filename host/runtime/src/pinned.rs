//! Versions that only have the calls that they took: how long they may, and what a restart must know of all versions.
//!
//! ```text
//!   neither active nor candidate ──(deadline_s)──▶ finish: the log and the history say so, once
//!                                                  adopt:  its calls go on with the active version
//!                                                  end:    BYE to both sides, some each second; what cannot be ended is adopted
//! ```
//! In: a look every second, commands. Out: what becomes of calls, by the shards; `versions.json` as things are
//! (`remembered.rs`); versions let go of whose calls of before a restart have ended. Which version a call has is the node's.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle as Threads, RuntimeFlavor};

use crate::audit::Deed;
use crate::clock::wall_ms;
use crate::config::PinnedPolicy;
use crate::control::{Handle, PluginStatus, Shared};
use crate::loaded::{Entry, Serving};
use crate::message::{Pinned, PinnedCalls, ToShard};
use crate::remembered::{Place, Remembered, RememberedVersion};
use crate::versions::VersionError;

const LOOK: Duration = Duration::from_secs(1);

/// Calls of one shard that are ended at each look: twice as many BYEs, beside the calls that others make.
const ENDED_AT_ONCE: usize = 500;

/// How long the shards have to answer: they turn their loops many times in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who did it, for the history.
const WHO: &str = "deadline";

/// Looks until the host is gone.
pub(crate) async fn run(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        // It may wait for the disk, and for shards.
        let looked = tokio::task::spawn_blocking(move || look(&shared)).await;
        if looked.is_err() {
            tracing::error!("a look at the versions was broken off");
        }
    }
}

fn look(shared: &Shared) {
    let now_ms = wall_ms();
    shared.loaded.expire(now_ms);
    let table = shared.plugin.lock().pinned;
    if table.deadline_s > 0 {
        let deadline = Duration::from_secs(table.deadline_s.into());
        let overdue = shared.loaded.overdue(now_ms, deadline);
        overdue.iter().for_each(|entry| shared.is_overdue(entry, table.policy, table.deadline_s));
    }
    shared.loaded.all_ending().into_iter().for_each(|number| shared.end_some(number));
    shared.remember();
}

impl Handle {
    /// Calls that are pinned to a version go on with the active one: it takes over their variables, which the host keeps.
    ///
    /// # Errors
    /// [`VersionError`]; [`VersionError::Active`] for the active one.
    pub fn adopt(&self, role: &str, number: u32, who: &str) -> Result<PluginStatus, VersionError> {
        let (version, active) = self.pinned_and_active(role, number)?;
        self.shared.adopt(version, who, "");
        Ok(active)
    }

    /// Calls that are pinned to a version are ended, by a BYE to both sides of each; those of which too little is known for
    /// that go on with the active one. Many are ended some a second.
    ///
    /// # Errors
    /// [`VersionError`]; [`VersionError::Active`] for the active one, [`VersionError::Serving`] for a candidate.
    pub fn end(&self, role: &str, number: u32, who: &str) -> Result<PluginStatus, VersionError> {
        let (version, active) = self.pinned_and_active(role, number)?;
        match self.shared.end(version, who, "") {
            true => Ok(active),
            false => Err(VersionError::Serving),
        }
    }

    /// How many calls are pinned to a version; of before a restart, as many as had a request since.
    ///
    /// # Errors
    /// [`VersionError`]: there is no such version.
    pub fn pinned_calls(&self, role: &str, number: u32) -> Result<usize, VersionError> {
        self.is_role(role)?;
        let is_known = self.plugins().iter().any(|version| version.number == number);
        match is_known {
            true => Ok(self.shared.pinned(number, Pinned::Count).left),
            false => Err(VersionError::Unknown(number)),
        }
    }

    /// A deed about a version that is alive, and the one that is active.
    fn pinned_and_active(&self, role: &str, number: u32) -> Result<(Deed, PluginStatus), VersionError> {
        self.is_role(role)?;
        let known = self.plugins().into_iter().find(|version| version.number == number);
        let known = known.ok_or(VersionError::Unknown(number))?;
        let active = self.shared.active.plugin().ok_or(VersionError::NothingBefore)?;
        if active.identity().number == number {
            return Err(VersionError::Active);
        }
        let version = format!("{} {}", known.name, known.version);
        let deed = Deed { number, version, digest: known.digest, ..self.shared.deed("", "") };
        Ok((deed, self.status_of(&active)))
    }
}

impl Shared {
    /// A version's time is over. What it holds is told, adopted or ended; where it holds nothing it is only kept.
    fn is_overdue(&self, entry: &Entry, policy: PinnedPolicy, deadline_s: u32) {
        let number = entry.identity.number;
        let of_before = self.loaded.holds(number);
        let on_the_shelf = {
            let shelf = self.shelf.lock();
            shelf.get(number).map_or(0, |kept| shelf.holds(kept))
        };
        if entry.holders() <= on_the_shelf {
            return;
        }
        let calls = self.pinned(number, Pinned::Count).left;
        // What it may have of before a restart goes on without a word.
        if calls == 0 && (of_before == 0 || policy == PinnedPolicy::Finish) {
            return;
        }
        let may_be = if of_before > 0 { ", and it may have some of before a restart" } else { "" };
        let why = format!("neither active nor a candidate for {deadline_s} s: {}{may_be}", calls_of(calls));
        let deed = self.deed("overdue", WHO).about(&entry.identity, 0);
        match policy {
            PinnedPolicy::Finish => {
                tracing::warn!(number, why, "a version still has calls");
                self.loaded.overdue_is_told(number);
                self.audit.note(&Deed { why, ..deed });
            }
            PinnedPolicy::Adopt => self.adopt(deed, WHO, &why),
            PinnedPolicy::End => {
                self.end(deed, WHO, &why);
            }
        }
    }

    /// The calls of a version go on with the active one. `version`: a deed about it; `why`: besides how many they are.
    fn adopt(&self, version: Deed, who: &str, why: &str) {
        let calls = self.pinned(version.number, Pinned::Count).left;
        self.pinned(version.number, Pinned::LetGo);
        self.loaded.adopted(version.number);
        self.remember();
        self.note_pinned("adopted", version, who, why, calls);
    }

    /// The calls of a version are ended: the first ones now, more at each look. False: it gets new ones.
    fn end(&self, version: Deed, who: &str, why: &str) -> bool {
        let number = version.number;
        if self.active.candidates().iter().any(|(_, candidate)| candidate.identity().number == number) {
            return false;
        }
        let calls = self.pinned(number, Pinned::Count).left;
        self.note_pinned("ended", version, who, why, calls);
        if self.loaded.ending(number) {
            self.end_some(number);
        }
        true
    }

    /// Ends calls of a version; when no more can be ended, the rest goes on with the active one.
    fn end_some(&self, number: u32) {
        let PinnedCalls { left, ended } = self.pinned(number, Pinned::End(ENDED_AT_ONCE));
        tracing::info!(number, ended, left, "calls of a version are ended");
        if ended > 0 {
            return;
        }
        if left > 0 {
            tracing::warn!(number, left, "calls cannot be ended, and go on with the active version");
            self.pinned(number, Pinned::LetGo);
        }
        self.loaded.adopted(number);
    }

    fn note_pinned(&self, what: &str, version: Deed, who: &str, why: &str, calls: usize) {
        let Deed { number, version, digest, .. } = version;
        let why = if why.is_empty() { calls_of(calls) } else { why.into() };
        self.audit.note(&Deed { number, version, digest, why, ..self.deed(what, who) });
    }

    /// Lets all shards do something about the dialogs that are pinned to a version; what that came to.
    fn pinned(&self, number: u32, what: Pinned) -> PinnedCalls {
        let (told, tells) = channel();
        for inbox in self.inboxes.iter() {
            inbox.extend([ToShard::Pinned { number, what, told: told.clone() }]);
        }
        drop(told);
        blocking(|| {
            let end = Instant::now() + PATIENCE;
            let mut all = PinnedCalls::default();
            loop {
                match tells.recv_timeout(end.saturating_duration_since(Instant::now())) {
                    Ok(PinnedCalls { left, ended }) => {
                        (all.left, all.ended) = (all.left + left, all.ended + ended)
                    }
                    Err(RecvTimeoutError::Disconnected) => return all,
                    Err(RecvTimeoutError::Timeout) => {
                        tracing::warn!(number, "a shard does not say how many calls of a version it has");
                        return all;
                    }
                }
            }
        })
    }
}

fn calls_of(calls: usize) -> String {
    if calls == 1 { "1 call".into() } else { format!("{calls} calls") }
}

/// Waits for the disk or for a shard. A worker of the runtime that does so leaves its connections to another one.
fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Threads::try_current().map(|threads| threads.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

impl Shared {
    /// The host has started: what it has restored is what the next start restores.
    pub(crate) fn started(&self, news: Option<&Deed>) {
        self.remember();
        if let Some(folder) = &self.folder {
            folder.tidy(|digest| self.loaded.has(digest));
        }
        news.into_iter().for_each(|news| self.audit.note(news));
    }

    /// A restart finds versions as they are now from here on. It may wait for the disk.
    pub(crate) fn remember(&self) {
        let candidates = self.active.candidates();
        let serving = self.active.plugin().into_iter().chain(candidates.into_iter().map(|(_, one)| one));
        let serving: Vec<u32> = serving.map(|version| version.identity().number).collect();
        self.loaded.are_serving(&serving, wall_ms());
        let Some(folder) = &self.folder else { return };
        blocking(|| folder.save(|| self.remembered(), |digest| self.loaded.has(digest)));
    }

    fn remembered(&self) -> Remembered {
        let (entries, file, last_number) = self.loaded.all();
        let active = self.active.plugin().map(|active| active.identity().number);
        let candidates = self.active.candidates();
        let (kept, before): (Vec<u32>, _) = {
            let shelf = self.shelf.lock();
            let number = |version: &Arc<plugin::Plugin>| version.identity().number;
            (shelf.all().map(number).collect(), shelf.before().map(number))
        };
        let share = |number: u32| {
            let is_it = |version: &plugin::Plugin| version.identity().number == number;
            candidates.iter().find(|(_, candidate)| is_it(candidate)).map(|(share, _)| *share)
        };
        let known = |entry: &Entry| {
            let number = entry.identity.number;
            let (state, left_ms) = match (share(number), entry.serving) {
                _ if active == Some(number) => (Place::Active, None),
                (Some(_), _) => (Place::Candidate, None),
                (None, Serving::Until(left_ms)) if kept.contains(&number) => (Place::Kept, Some(left_ms)),
                (None, Serving::Until(left_ms)) => (Place::Draining, Some(left_ms)),
                (None, Serving::NotYet | Serving::Now) if kept.contains(&number) => (Place::Kept, None),
                // It is being loaded, or going.
                (None, Serving::NotYet | Serving::Now) => return None,
            };
            Some(RememberedVersion {
                number,
                name: entry.identity.name.to_string(),
                version: entry.identity.version.to_string(),
                digest: entry.identity.digest.to_string(),
                configuration: entry.plugin().map(|plugin| plugin.configuration().to_owned()),
                state,
                split: self.active.terms(number).map(|terms| plugin::Split::clone(&terms)),
                left_ms,
                adopted: entry.adopted,
            })
        };
        let mut versions: Vec<_> = entries.iter().filter_map(known).collect();
        // The shelf tells the newest first. Candidates keep their order, which says which end of the scale each has.
        let place = |version: &RememberedVersion| match version.state {
            Place::Candidate => {
                let is_it = |plugin: &plugin::Plugin| plugin.identity().number == version.number;
                candidates.iter().position(|(_, candidate)| is_it(candidate)).unwrap_or_default()
            }
            Place::Kept => {
                let newest_first = kept.iter().position(|number| *number == version.number);
                kept.len() - newest_first.unwrap_or_default()
            }
            Place::Active | Place::Draining => 0,
        };
        versions.sort_by_key(|version| (version.state as u8, place(version)));
        let role = self.active.role().name();
        Remembered { file, last_number, before, versions, ..Remembered::new(role) }
    }
}

//! Which version of a role's script is asked, and which old ones are still in use.
//!
//! In: loaded plugins, and the shares of candidates. Out: the active one, or a subscriber's candidate (`split.rs`), by an
//! atomic pointer (a few ns, no lock). Whoever took it keeps it, and so finishes on the version it began with: a
//! transaction, a dialog. A version leaves when nobody holds it any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::plugin::{Identity, Plugin};
use crate::role::Role;
use crate::split::{ALL, MAX_CANDIDATES, Place, Share};
use crate::stats::{Stats, StatsSnapshot};

/// Versions that have left whose figures are kept: one that was taken back at once still has something to tell.
const MAX_DEPARTED: usize = 8;

/// The versions of one role.
#[derive(Debug)]
pub struct Active {
    role: Role,
    current: ArcSwapOption<Selection>,
    /// All that were active and may still be held, and the last ones that left; the newest activation last.
    versions: Mutex<Vec<Known>>,
}

/// What new transactions take: one word, exchanged as a whole.
#[derive(Debug)]
struct Selection {
    active: Arc<Plugin>,
    /// With the active version no more than all subscribers.
    candidates: Vec<(Share, Arc<Plugin>)>,
}

impl Selection {
    fn shares(&self) -> Vec<Share> {
        self.candidates.iter().map(|(share, _)| *share).collect()
    }

    fn candidate(&self, plugin: &Plugin) -> Option<usize> {
        self.candidates.iter().position(|(_, candidate)| std::ptr::eq(&raw const **candidate, plugin))
    }

    /// Tenths of a percent of the subscribers that a version gets.
    fn share_of(&self, plugin: &Plugin) -> u16 {
        let candidates = || self.candidates.iter().map(|(share, _)| share.tenths_of_a_percent());
        match self.candidate(plugin) {
            Some(place) => self.candidates[place].0.tenths_of_a_percent(),
            None if std::ptr::eq(&raw const *self.active, plugin) => ALL - candidates().sum::<u16>(),
            None => 0,
        }
    }
}

/// Why a version gets no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// It has all that the others leave.
    #[error("this version is the active one: give another one a share")]
    Active,
    /// Nothing to share with.
    #[error("no version is active")]
    NoneActive,
    /// [`MAX_CANDIDATES`] have one.
    #[error("{MAX_CANDIDATES} versions have a share already: take one back first")]
    TooMany,
    /// The shares come to everybody or more.
    #[error(
        "the candidates' shares come to {together} tenths of a percent, and leave nobody to the active version"
    )]
    TooMuch {
        /// Tenths of a percent.
        together: u16,
    },
    /// It has no share to take back.
    #[error("this version has no share")]
    NoCandidate,
}

/// A version that is or was active.
#[derive(Debug)]
struct Known {
    identity: Identity,
    stats: Arc<Stats>,
    plugin: Weak<Plugin>,
}

impl Known {
    fn is_alive(&self) -> bool {
        self.plugin.strong_count() > 0
    }
}

/// One version of a role's script that is alive.
#[derive(Debug, Clone)]
pub struct VersionStatus {
    /// Which.
    pub identity: Identity,
    /// New transactions go to it, but for those of candidates.
    pub active: bool,
    /// Tenths of a percent of the subscribers whose new transactions go to it.
    pub share: u16,
    /// Who holds it: transactions and calls under way.
    pub holders: usize,
    /// Guests that exist.
    pub guests: u32,
    /// What it has done.
    pub stats: StatsSnapshot,
}

impl Active {
    /// A role without a script yet.
    pub fn new(role: Role) -> Active {
        Active { role, current: ArcSwapOption::empty(), versions: Mutex::new(Vec::new()) }
    }

    /// The role.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// The active version: what new transactions take whose subscriber has no candidate.
    pub fn plugin(&self) -> Option<Arc<Plugin>> {
        self.current.load().as_ref().map(|selection| Arc::clone(&selection.active))
    }

    /// The version that a new transaction is to take. Who its subscriber is, is asked only where there is a candidate;
    /// `None`: nobody is known.
    pub fn choose(&self, subscriber: impl FnOnce() -> Option<Place>) -> Option<Arc<Plugin>> {
        let selection = self.current.load();
        let selection = selection.as_ref()?;
        let place = if selection.candidates.is_empty() { None } else { subscriber() };
        let candidate = place.and_then(|place| place.candidate(&selection.shares()));
        let chosen = candidate.map_or(&selection.active, |candidate| &selection.candidates[candidate].1);
        Some(Arc::clone(chosen))
    }

    /// Makes a version the active one, from the next transaction on; the one that was active before, if there was one.
    /// Candidates keep their shares, but for the version itself.
    pub fn activate(&self, plugin: Arc<Plugin>) -> Option<Arc<Plugin>> {
        let mut versions = self.versions.lock();
        know(&mut versions, &plugin);
        plugin.resume();
        let before = self.current.load_full();
        let mut candidates = before.as_ref().map(|before| before.candidates.clone()).unwrap_or_default();
        candidates.retain(|(_, candidate)| !Arc::ptr_eq(candidate, &plugin));
        self.current.store(Some(Arc::new(Selection { active: Arc::clone(&plugin), candidates })));
        let before = before.map(|before| Arc::clone(&before.active));
        if let Some(before) = before.as_ref().filter(|before| !Arc::ptr_eq(before, &plugin)) {
            before.retire();
        }
        before
    }

    /// Gives a version a share of the subscribers, or another one than it had.
    ///
    /// # Errors
    /// [`SplitError`]; all is as it was then.
    pub fn split(&self, plugin: &Arc<Plugin>, share: Share) -> Result<(), SplitError> {
        let mut versions = self.versions.lock();
        let before = self.current.load_full().ok_or(SplitError::NoneActive)?;
        if Arc::ptr_eq(&before.active, plugin) {
            return Err(SplitError::Active);
        }
        let mut candidates = before.candidates.clone();
        match before.candidate(plugin) {
            Some(place) => candidates[place].0 = share,
            None if candidates.len() < MAX_CANDIDATES => candidates.push((share, Arc::clone(plugin))),
            None => return Err(SplitError::TooMany),
        }
        let together = candidates.iter().map(|(share, _)| share.tenths_of_a_percent()).sum();
        if together >= ALL {
            return Err(SplitError::TooMuch { together });
        }
        know(&mut versions, plugin);
        plugin.resume();
        self.current.store(Some(Arc::new(Selection { active: Arc::clone(&before.active), candidates })));
        Ok(())
    }

    /// Takes a candidate's share back: its subscribers' new transactions go to the active version.
    ///
    /// # Errors
    /// [`SplitError::NoCandidate`].
    pub fn take_back(&self, number: u32) -> Result<Arc<Plugin>, SplitError> {
        let _versions = self.versions.lock();
        let before = self.current.load_full().ok_or(SplitError::NoneActive)?;
        let mut candidates = before.candidates.clone();
        let place = candidates.iter().position(|(_, candidate)| candidate.identity().number == number);
        let (_, left) = candidates.remove(place.ok_or(SplitError::NoCandidate)?);
        self.current.store(Some(Arc::new(Selection { active: Arc::clone(&before.active), candidates })));
        left.retire();
        Ok(left)
    }

    /// The candidates with their shares, the first one first.
    pub fn candidates(&self) -> Vec<(Share, Arc<Plugin>)> {
        self.current.load().as_ref().map(|selection| selection.candidates.clone()).unwrap_or_default()
    }

    /// A version that took calls before the host was started again is told of among those that are alive, for as long as
    /// somebody holds it. Nothing goes to it.
    pub fn know_again(&self, plugin: &Arc<Plugin>) {
        know(&mut self.versions.lock(), plugin);
        plugin.retire();
    }

    /// Leaves the role without a script; the one that was active.
    pub fn deactivate(&self) -> Option<Arc<Plugin>> {
        let _versions = self.versions.lock();
        let before = self.current.swap(None)?;
        before.candidates.iter().for_each(|(_, candidate)| candidate.retire());
        before.active.retire();
        Some(Arc::clone(&before.active))
    }

    /// All versions that somebody holds, the newest first.
    pub fn versions(&self) -> Vec<VersionStatus> {
        let current = self.current.load_full();
        let versions = self.versions.lock();
        let alive = versions.iter().rev().filter_map(|known| known.plugin.upgrade());
        let status = |plugin: Arc<Plugin>| {
            let active = current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.active, &plugin));
            let share = current.as_ref().map_or(0, |current| current.share_of(&plugin));
            // Not holders: this function's own reference, and the role's.
            let not_holders = 1 + usize::from(share > 0);
            VersionStatus {
                identity: plugin.identity().clone(),
                active,
                share,
                holders: Arc::strong_count(&plugin).saturating_sub(not_holders),
                guests: plugin.guests().0,
                stats: plugin.stats().snapshot(),
            }
        };
        alive.map(status).collect()
    }
}

/// Notes a version as the newest one.
fn know(versions: &mut Vec<Known>, plugin: &Arc<Plugin>) {
    versions.retain(|known| !std::ptr::eq(known.plugin.as_ptr(), &raw const **plugin));
    versions.push(Known {
        identity: plugin.identity().clone(),
        stats: plugin.stats.clone(),
        plugin: Arc::downgrade(plugin),
    });
    forget_departed(versions);
}

impl Active {
    /// The last versions that have left, with what they did; the newest first.
    pub fn departed(&self) -> Vec<(Identity, StatsSnapshot)> {
        let mut versions = self.versions.lock();
        forget_departed(&mut versions);
        let departed = versions.iter().rev().filter(|known| !known.is_alive());
        departed.map(|known| (known.identity.clone(), known.stats.snapshot())).collect()
    }
}

/// Keeps the last ones.
fn forget_departed(versions: &mut Vec<Known>) {
    let departed = versions.iter().filter(|known| !known.is_alive()).count();
    let mut too_many = departed.saturating_sub(MAX_DEPARTED);
    versions.retain(|known| {
        let forgotten = too_many > 0 && !known.is_alive();
        too_many -= usize::from(forgotten);
        !forgotten
    });
}

/// All roles of a process.
#[derive(Debug, Default)]
pub struct Roles(BTreeMap<Box<str>, Arc<Active>>);

impl Roles {
    /// These roles, none of them with a script yet. Of two with one name the later one stays.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Roles {
        Roles(roles.into_iter().map(|role| (role.name().into(), Arc::new(Active::new(role)))).collect())
    }

    /// One role.
    pub fn get(&self, name: &str) -> Option<&Arc<Active>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Active>> {
        self.0.values()
    }
}

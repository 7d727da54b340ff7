//! Which version of a role's script is asked, and which old ones are still in use.
//!
//! In: loaded plugins. Out: the active one, by an atomic pointer (a few ns, no lock). Whoever took it keeps it, and so
//! finishes on the version it began with; a version leaves when nobody holds it any more. Shares between versions,
//! and versions pinned to dialogs, would live here.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::plugin::{Identity, Plugin};
use crate::role::Role;
use crate::stats::{Stats, StatsSnapshot};

/// Versions that have left whose figures are kept: one that was taken back at once still has something to tell.
const MAX_DEPARTED: usize = 8;

/// The versions of one role.
#[derive(Debug)]
pub struct Active {
    role: Role,
    current: ArcSwapOption<Plugin>,
    /// All that were active and may still be held, and the last ones that left; the newest activation last.
    versions: Mutex<Vec<Known>>,
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
    /// New transactions go to it.
    pub active: bool,
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

    /// The version that new transactions are to take.
    pub fn plugin(&self) -> Option<Arc<Plugin>> {
        self.current.load_full()
    }

    /// Makes a version the active one, from the next transaction on; the one that was active before, if there was one.
    pub fn activate(&self, plugin: Arc<Plugin>) -> Option<Arc<Plugin>> {
        let mut versions = self.versions.lock();
        versions.retain(|known| !std::ptr::eq(known.plugin.as_ptr(), &*plugin));
        versions.push(Known {
            identity: plugin.identity().clone(),
            stats: plugin.stats.clone(),
            plugin: Arc::downgrade(&plugin),
        });
        forget_departed(&mut versions);
        plugin.resume();
        let before = self.current.swap(Some(plugin));
        if let Some(before) = &before {
            before.retire();
        }
        before
    }

    /// Leaves the role without a script; the one that was active.
    pub fn deactivate(&self) -> Option<Arc<Plugin>> {
        let before = self.current.swap(None);
        if let Some(before) = &before {
            before.retire();
        }
        before
    }

    /// All versions that somebody holds, the newest first.
    pub fn versions(&self) -> Vec<VersionStatus> {
        let current = self.current.load_full();
        let versions = self.versions.lock();
        let alive = versions.iter().rev().filter_map(|known| known.plugin.upgrade());
        let status = |plugin: Arc<Plugin>| {
            let active = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &plugin));
            // Not holders: this function's own references, and the role's.
            let not_holders = if active { 3 } else { 1 };
            VersionStatus {
                identity: plugin.identity().clone(),
                active,
                holders: Arc::strong_count(&plugin).saturating_sub(not_holders),
                guests: plugin.guests().0,
                stats: plugin.stats().snapshot(),
            }
        };
        alive.map(status).collect()
    }
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

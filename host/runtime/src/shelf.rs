//! Versions that are kept though nothing goes to them: checked ones, and those that were active before, so that taking one
//! needs no compiler.
//!
//! In: versions that are loaded, that become active. Out: a version by number, the one to go back to. Bounded: the oldest
//! leaves first, and is gone when its last call has ended.

use std::collections::VecDeque;
use std::sync::Arc;

use plugin::Plugin;

/// Versions on the shelf.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The oldest first.
    kept: VecDeque<Arc<Plugin>>,
    /// Active before the one that is.
    before: Option<Arc<Plugin>>,
    most: usize,
}

impl Shelf {
    /// With room for so many versions beside the one to go back to.
    pub(crate) fn new(most: usize) -> Shelf {
        Shelf { kept: VecDeque::new(), before: None, most }
    }

    /// Keeps a version; one that is kept already becomes the newest.
    pub(crate) fn keep(&mut self, version: Arc<Plugin>) {
        self.kept.retain(|kept| !Arc::ptr_eq(kept, &version));
        self.kept.push_back(version);
        while self.kept.len() > self.most {
            self.kept.pop_front();
        }
    }

    /// Another version than this one is active from now on.
    pub(crate) fn was_active(&mut self, version: Arc<Plugin>) {
        self.before = Some(Arc::clone(&version));
        self.keep(version);
    }

    /// A rollback leads there, as before a restart.
    pub(crate) fn leads_back_to(&mut self, version: Arc<Plugin>) {
        self.before = Some(version);
    }

    /// Where a rollback leads.
    pub(crate) fn before(&self) -> Option<&Arc<Plugin>> {
        self.before.as_ref()
    }

    /// The version of this number.
    pub(crate) fn get(&self, number: u32) -> Option<&Arc<Plugin>> {
        self.all().find(|kept| kept.identity().number == number)
    }

    /// All of them, each once, the newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        let is_kept = |version: &Arc<Plugin>| self.kept.iter().any(|kept| Arc::ptr_eq(kept, version));
        self.kept.iter().rev().chain(self.before.iter().filter(move |before| !is_kept(before)))
    }

    /// How often a version is held here.
    pub(crate) fn holds(&self, version: &Plugin) -> usize {
        let is_it = |held: &&Arc<Plugin>| std::ptr::eq(&raw const ***held, version);
        self.kept.iter().chain(&self.before).filter(is_it).count()
    }
}

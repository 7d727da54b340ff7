//! How many dialogs are pinned to each version of a plugin, and what keeps such a version alive meanwhile.
//!
//! In: versions that are pinned and released, and what holds them. Out: counts; at 0 nobody holds a version any more, and
//! what held it is dropped. Few versions live at a time, so that a short list does. Loading and dropping versions is
//! `strowger-plugin`'s.

use std::any::Any;
use std::sync::Arc;

/// Something that keeps a plugin's version alive; two are equal where they are the same thing.
#[derive(Clone)]
pub struct Holder(Arc<dyn Any + Send + Sync>);

impl Holder {
    /// Of what the caller knows a version by.
    #[must_use]
    pub fn new(version: Arc<dyn Any + Send + Sync>) -> Holder {
        Holder(version)
    }

    /// That again.
    #[must_use]
    pub fn version(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.0)
    }
}

impl PartialEq for Holder {
    fn eq(&self, other: &Holder) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Holder {}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Holder")
    }
}

#[derive(Debug)]
struct Pinned {
    version: u32,
    count: u32,
    holder: Option<Holder>,
}

/// Versions with dialogs.
#[derive(Debug, Default)]
pub(crate) struct Versions(Vec<Pinned>);

impl Versions {
    pub(crate) fn pin(&mut self, version: u32) {
        match self.0.iter_mut().find(|pinned| pinned.version == version) {
            Some(pinned) => pinned.count += 1,
            None => self.0.push(Pinned { version, count: 1, holder: None }),
        }
    }

    /// Keeps a version alive for as long as it has dialogs; nothing happens where it has none.
    pub(crate) fn hold(&mut self, version: u32, holder: impl FnOnce() -> Holder) {
        if let Some(pinned) = self.0.iter_mut().find(|pinned| pinned.version == version) {
            pinned.holder.get_or_insert_with(holder);
        }
    }

    /// One dialog fewer; what holds the version, if anything does.
    pub(crate) fn release(&mut self, version: u32) -> Option<Holder> {
        let place = self.0.iter().position(|pinned| pinned.version == version)?;
        let pinned = &mut self.0[place];
        pinned.count -= 1;
        match pinned.count {
            0 => self.0.swap_remove(place).holder,
            _ => pinned.holder.clone(),
        }
    }

    /// Lets go of a version: its dialogs are no longer pinned to anything. How many there are.
    pub(crate) fn let_go(&mut self, version: u32) -> usize {
        match self.0.iter_mut().find(|pinned| pinned.version == version) {
            Some(pinned) => {
                pinned.holder = None;
                pinned.count as usize
            }
            None => 0,
        }
    }

    pub(crate) fn holder(&self, version: u32) -> Option<&Holder> {
        self.0.iter().find(|pinned| pinned.version == version)?.holder.as_ref()
    }

    /// Dialogs that keep the version alive: all of its, or none where it was let go.
    pub(crate) fn held(&self, version: u32) -> usize {
        if self.holder(version).is_some() { self.count(version) } else { 0 }
    }

    pub(crate) fn count(&self, version: u32) -> usize {
        self.0.iter().find(|pinned| pinned.version == version).map_or(0, |pinned| pinned.count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_nobody_holds_is_gone() {
        let mut versions = Versions::default();
        versions.pin(7);
        versions.pin(7);
        versions.pin(8);
        versions.release(7);
        versions.release(9);
        assert_eq!((versions.count(7), versions.count(8), versions.count(9)), (1, 1, 0));
        versions.release(7);
        assert_eq!((versions.count(7), versions.0.len()), (0, 1));
    }

    #[test]
    fn a_version_lives_as_long_as_its_dialogs() {
        let plugin = Arc::new("a version");
        let mut versions = Versions::default();
        let holder = || Holder::new(plugin.clone());
        versions.hold(7, || unreachable!("it has no dialogs"));
        versions.pin(7);
        versions.hold(7, holder);
        versions.hold(7, || unreachable!("it is held"));
        versions.pin(7);
        assert_eq!(versions.holder(7), Some(&holder()));
        assert_eq!(versions.release(7), Some(holder()));
        assert_eq!(Arc::strong_count(&plugin), 2, "one dialog is left");
        assert_eq!(versions.release(7), Some(holder()));
        assert_eq!((Arc::strong_count(&plugin), versions.holder(7)), (1, None));
    }

    #[test]
    fn a_version_may_be_let_go_before_its_dialogs_end() {
        let plugin = Arc::new("a version");
        let mut versions = Versions::default();
        versions.pin(7);
        versions.hold(7, || Holder::new(plugin.clone()));
        assert_eq!((versions.held(7), versions.held(8)), (1, 0));
        assert_eq!((versions.let_go(7), versions.let_go(8)), (1, 0));
        assert_eq!((versions.held(7), versions.count(7)), (0, 1));
        assert_eq!((Arc::strong_count(&plugin), versions.count(7)), (1, 1));
        assert_eq!(versions.release(7), None);
    }
}

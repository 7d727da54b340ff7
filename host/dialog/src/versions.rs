//! How many dialogs are pinned to each version of a plugin, and what keeps such a version alive meanwhile.
//!
//! In: versions that are pinned and released, and what holds them. Out: counts; at 0 nobody holds a version any more, and
//! what held it is dropped. Of one that was let go before that, a word is kept that says which it was. Few versions live at a time, so that a short list does. Loading and dropping versions is
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
    /// It was let go: which one it was.
    former: Option<Holder>,
}

/// Versions with dialogs.
#[derive(Debug, Default)]
pub(crate) struct Versions(Vec<Pinned>);

impl Versions {
    pub(crate) fn pin(&mut self, version: u32) {
        match self.0.iter_mut().find(|pinned| pinned.version == version) {
            Some(pinned) => pinned.count += 1,
            None => self.0.push(Pinned { version, count: 1, holder: None, former: None }),
        }
    }

    /// Keeps a version alive for as long as it has dialogs; nothing happens where it has none.
    pub(crate) fn hold(&mut self, version: u32, holder: impl FnOnce() -> Holder) {
        if let Some(pinned) = self.0.iter_mut().find(|pinned| pinned.version == version) {
            pinned.holder.get_or_insert_with(holder);
            pinned.former = None;
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

    /// Lets go of a version: its dialogs keep it alive no longer. How many there are. `word`: what is left to say which it was.
    pub(crate) fn let_go(&mut self, version: u32, word: impl FnOnce(&Holder) -> Holder) -> usize {
        match self.0.iter_mut().find(|pinned| pinned.version == version) {
            Some(pinned) => {
                if let Some(holder) = pinned.holder.take() {
                    pinned.former = Some(word(&holder));
                }
                pinned.count as usize
            }
            None => 0,
        }
    }

    /// What says which version this was; `None`: it was not let go, or has no dialogs left.
    pub(crate) fn former(&self, version: u32) -> Option<&Holder> {
        self.0.iter().find(|pinned| pinned.version == version)?.former.as_ref()
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
        let word = Holder::new(Arc::new("which one it was"));
        let let_go = |versions: &mut Versions, version| versions.let_go(version, |_| word.clone());
        assert_eq!((let_go(&mut versions, 7), let_go(&mut versions, 8)), (1, 0));
        assert_eq!((versions.held(7), versions.count(7)), (0, 1));
        assert_eq!((versions.former(7), versions.former(8)), (Some(&word), None));
        assert_eq!((Arc::strong_count(&plugin), versions.count(7)), (1, 1));
        versions.pin(7);
        versions.hold(7, || Holder::new(plugin.clone()));
        assert_eq!((versions.held(7), versions.former(7)), (2, None), "it has its dialogs back");
        let_go(&mut versions, 7);
        versions.release(7);
        assert_eq!((versions.release(7), versions.former(7)), (None, None));
    }
}

//! Dialogs that leave the version that took them before they end (a stated policy, "adopt").
//!
//! ```text
//!   pinned to a version ── let go ──▶ it was the former one's ── adopt ──▶ pinned to the next one
//!            ▲────────── the same version is held again ──┘
//! ```
//! In: a version that is let go, with a word that says later which it was; a dialog that another one takes over. Out: whose a
//! dialog was, and which versions have nothing to say about it any more. Who takes it over, and when, is the node's.

use super::{DialogId, Dialogs};
use crate::versions::Holder;

/// Versions that a dialog has left; of more the oldest is forgotten.
const MAX_LEFT: usize = 8;

impl Dialogs {
    /// Lets go of a version before its dialogs end: they keep it alive no longer, and wait for one that adopts them. How many
    /// there are. `word` makes of what held it what [`Dialogs::former`] says from now on.
    pub fn let_go(&mut self, version: u32, word: impl FnOnce(&Holder) -> Holder) -> usize {
        self.versions.let_go(version, word)
    }

    /// What says which version this was; `None`: it was not let go, is held again, or has no dialogs left.
    #[must_use]
    pub fn former(&self, version: u32) -> Option<&Holder> {
        self.versions.former(version)
    }

    /// What `former` had of a dialog is `version`'s from now on. False: it is over, or nothing of it was `former`'s.
    pub fn adopt(&mut self, id: DialogId, former: u32, version: u32) -> bool {
        if self.record(id).is_none() || !self.is_pinned(id.slot, former) {
            return false;
        }
        if former == version {
            return true;
        }
        let mut number = 0;
        let passes = self.passes.get_mut(&id.slot).into_iter().flatten().map(|pass| &mut pass.version);
        for pinned in passes.filter(|pinned| **pinned == former) {
            *pinned = version;
            number += 1;
        }
        if let Some(pinned) = self.record_mut(id).map(|record| &mut record.version)
            && *pinned == former
        {
            *pinned = version;
            number += 1;
        }
        for _ in 0..number {
            self.versions.release(former);
            self.versions.pin(version);
        }
        let left = self.left.entry(id.slot).or_default();
        left.retain(|one| ![former, version].contains(one));
        left.push(former);
        if left.len() > MAX_LEFT {
            left.remove(0);
        }
        true
    }

    /// Whether a dialog was adopted from this version: what that still says about it comes too late.
    #[must_use]
    pub fn has_left(&self, id: DialogId, version: u32) -> bool {
        self.record(id).is_some() && self.left.get(&id.slot).is_some_and(|left| left.contains(&version))
    }
}

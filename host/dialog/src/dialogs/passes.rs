//! Dialogs that pass by this element more than once, as a call does from one user of an element to another (a spiral,
//! RFC 3261 §6): each pass is the business of the version that took it.
//!
//! In: responses to an INVITE that go upstream once more, and the mark that was put into the Record-Route of that pass.
//! Out: the version to which a later request belongs, by the mark that its Route brings back. The first pass whose response
//! came is the dialog's own version (`dialogs.rs`).

use super::{DialogId, Dialogs};

/// Further passes of a dialog that have versions of their own; a call that passes by more often stays with those.
const MAX_PASSES: usize = 7;

/// One pass.
pub(super) struct Pass {
    /// What its Record-Route says.
    mark: [u8; 4],
    pub(super) version: u32,
}

impl Dialogs {
    /// The plugin version to which a request inside a dialog belongs that came by a Route with this mark: that of the
    /// pass which recorded it. `None`: the dialog is over.
    #[must_use]
    pub fn version_of(&self, id: DialogId, mark: Option<[u8; 4]>) -> Option<u32> {
        let first = self.version(id)?;
        let mut passes = self.passes.get(&id.slot).into_iter().flatten();
        let pass = mark.and_then(|mark| passes.find(|pass| pass.mark == mark));
        Some(pass.map_or(first, |pass| pass.version))
    }

    /// The response to a dialog's INVITE goes upstream once more, on a pass that recorded a route with `mark` and is pinned
    /// to `version`. Whether the dialog is pinned to that version only now.
    pub fn handle_pass(&mut self, id: DialogId, mark: [u8; 4], version: u32) -> bool {
        if self.record(id).is_none() || self.is_pinned(id.slot, version) {
            return false;
        }
        let passes = self.passes.entry(id.slot).or_default();
        let has_room = passes.len() < MAX_PASSES;
        if has_room {
            passes.push(Pass { mark, version });
            self.versions.pin(version);
        }
        has_room
    }

    /// Whether any pass of this dialog is pinned to a version.
    pub(super) fn is_pinned(&self, slot: u32, version: u32) -> bool {
        let mut passes = self.passes.get(&slot).into_iter().flatten();
        self.records[slot as usize].version == version || passes.any(|pass| pass.version == version)
    }
}

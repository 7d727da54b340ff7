//! Calls whose version of the script was let go: the one that goes on with them takes them over before it is asked anything
//! else about them.
//!
//! ```text
//!   request inside such a dialog ─▶ Adopt ─▶ the runtime asks `on-adopt` ─▶ Adopted ─▶ the script is asked about the request
//!   others of this dialog ──── wait for it ──────────────────────────────────┴──────▶ and about these
//! ```
//! In: a request whose dialog nobody has any more, who has it now, and what is kept in the dialog from now on. Out: the question
//! to the runtime, once for each dialog and version that had it; then the consultations that waited. Which version takes a
//! dialog over, and what that is asked, is the runtime's.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use dialog::{DialogId, Holder};

use crate::context::Asking;
use crate::decide::set_variables;
use crate::decision::Hook;
use crate::io::{ContextId, Output, Pin};
use crate::node::Node;

/// Names an adoption under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdoptId {
    dialog: DialogId,
    /// Number of the version that had it.
    former: u32,
}

/// A dialog is to be taken over.
pub struct Adopt {
    /// Comes back in [`Input::Adopted`](crate::Input::Adopted).
    pub id: AdoptId,
    /// Which version had it, as [`Node::let_go`] was told.
    pub former: Pin,
    /// Its Call-ID.
    pub call_id: Box<str>,
    /// What scripts keep in it.
    pub variables: Option<Box<dialog::Variables>>,
}

impl std::fmt::Debug for Adopt {
    /// Without the Call-ID, which may name a host.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adopt")
            .field("id", &self.id)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

/// Who has taken a dialog over.
#[derive(Debug)]
pub struct Adopted {
    /// Which adoption.
    pub id: AdoptId,
    /// The version that has it now, to be asked inside it; none: nobody has, and the next request asks again.
    pub pin: Option<Pin>,
    /// Its number.
    pub version: u32,
    /// The dialog's variables from now on; none: unchanged.
    pub variables: Option<Box<dialog::Variables>>,
}

impl Adopted {
    /// Nobody can take it over now.
    #[must_use]
    pub fn by_nobody(id: AdoptId) -> Adopted {
        Adopted { id, pin: None, version: 0, variables: None }
    }
}

impl Node {
    /// Has the dialog of a request taken over first, where the version that had it was let go; the script is asked about the
    /// request then. False: somebody has it.
    pub(crate) fn adopt_first(&mut self, id: ContextId) -> bool {
        let Some(context) = self.contexts.get_mut(id).filter(|context| context.pin.is_none()) else {
            return false;
        };
        let former = context.version;
        let (Some(holder), Some(active)) = (self.dialogs.former(former), context.active.as_mut()) else {
            return false;
        };
        let head = active.request.head();
        let Some(dialog) = self.dialogs.find(&head) else { return false };
        let call_id = String::from_utf8_lossy(head.call_id().unwrap_or_default()).into();
        let adopt = AdoptId { dialog, former };
        match self.adopting.entry(adopt) {
            Entry::Occupied(mut waiting) => waiting.get_mut().push(id),
            Entry::Vacant(place) => {
                place.insert(vec![id]);
                let variables = self.dialogs.variables(dialog).map(|all| Box::new(all.clone()));
                let former = holder.version();
                self.output.push_back(Output::Adopt(Adopt { id: adopt, former, call_id, variables }));
            }
        }
        // Its number is given out with the consultation: no word can come before that.
        active.asking = Some(Asking::Request(Hook::InDialogRequest));
        true
    }

    /// A dialog was taken over: what waited for that is put before its version.
    pub(crate) fn handle_adopted(&mut self, adopted: Adopted) {
        let Adopted { id, pin, version, variables } = adopted;
        let Some(waiting) = self.adopting.remove(&id) else { return };
        if let Some(pin) = &pin
            && self.dialogs.adopt(id.dialog, id.former, version)
        {
            self.dialogs.hold(version, || Holder::new(Arc::clone(pin)));
            if let Some(variables) = &variables {
                set_variables(&mut self.dialogs, id.dialog, variables);
            }
        }
        for waits in waiting {
            let Some(context) = self.contexts.get_mut(waits) else { continue };
            // It may have been cancelled meanwhile.
            let Some(asking) = context.active.as_mut().and_then(|active| active.asking.take()) else {
                continue;
            };
            if pin.is_some() {
                (context.pin, context.version) = (pin.clone(), version);
            }
            self.consult(waits, asking);
        }
    }
}

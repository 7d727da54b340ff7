//! Calls of a version that was let go, each asked about once: what the active version makes of their variables.
//!
//! ```text
//!   a dialog that nobody has ─▶ the active version has it ─▶ has it a hook for that? ─▶ asked ─▶ variables, or as they are
//!                                                                    └─▶ as they are
//! ```
//! In: the node's question. Out: [`Input::Adopted`]. A version that gives no answer has the call all the same.

use std::sync::Arc;

use node::{Adopt, AdoptId, Adopted, Input, Pin};
use plugin::{Adoption, Ask, Identity, Plugin};

use super::{Consultations, Key, MAX_UNDER_WAY, for_dialog, of_dialog};

/// What says which version this was, when it is gone.
pub(crate) fn word(version: Pin) -> Pin {
    match version.downcast::<Plugin>() {
        Ok(plugin) => Arc::new(plugin.identity().clone()),
        Err(other) => other,
    }
}

impl Consultations {
    /// Lets the active version take a dialog over; the answer comes at once if its script waits for nothing.
    pub(crate) fn adopt(&mut self, adopt: Adopt) -> Option<Input> {
        let Adopt { id, former, call_id, variables } = adopt;
        // Where there is no room the request itself is refused, and the next one asks again.
        let Some(version) = self.active.plugin().filter(|_| self.executor.len() < MAX_UNDER_WAY) else {
            return Some(Input::Adopted(Box::new(Adopted::by_nobody(id))));
        };
        let number = version.identity().number;
        // One that has its own calls back finds in them what it kept there.
        let former = former.downcast::<Identity>().ok().filter(|former| former.number != number);
        let ask = former.map(|former| {
            let variables = variables.as_deref().map(of_dialog).unwrap_or_default();
            Ask::Adopt(Adoption {
                name: former.name.to_string(),
                version: former.version.to_string(),
                call_id: call_id.into(),
                variables: Arc::new(variables),
            })
        });
        let Some(ask) = ask.filter(|ask| version.has_a_hook_for(ask)) else {
            let adopted = Adopted { id, pin: Some(version), version: number, variables: None };
            return Some(Input::Adopted(Box::new(adopted)));
        };
        let (place, consultation) = self.call(version, ask);
        let consulted = self.executor.start(Key::Adopt(id, place), consultation)?;
        Some(self.adopted(id, place, consulted))
    }

    /// The version that takes a dialog over has been asked. Where it failed, which is counted and logged as of any hook, the
    /// variables stay.
    pub(super) fn adopted(&mut self, id: AdoptId, place: usize, consulted: plugin::Consulted) -> Input {
        let version = self.asked(place, &consulted);
        let mut effects = consulted.effects;
        let variables = effects.dialog_variables.take().map(|all| Box::new(for_dialog(&all)));
        self.carry_out(effects, &version);
        let number = version.identity().number;
        Input::Adopted(Box::new(Adopted { id, pin: Some(version), version: number, variables }))
    }
}

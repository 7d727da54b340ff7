//! Versions of the script that leave their calls to others, and who takes these over, at once or late.
//!
//! In: choices. Out: inputs to the node; what must hold afterwards is `promises.rs`'s.

use std::sync::Arc;

use super::{OUTPUTS, Run, words};
use crate::adopt::Adopted;
use crate::io::{Input, Pin};

/// Numbers of versions, from 0.
const VERSIONS: usize = 3;

impl Run<'_> {
    /// A version leaves its calls to whoever is active.
    pub(super) fn let_go(&mut self) {
        let version = self.choices.below(VERSIONS) as u32;
        self.note(|| format!("version {version} is let go"));
        self.node.let_go(version, |version| version);
    }

    /// Somebody takes a dialog over, or nobody can.
    pub(super) fn adopt(&mut self) {
        if self.adopts.is_empty() {
            return;
        }
        let id = self.adopts.swap_remove(self.choices.below(self.adopts.len()));
        let adopted = match self.choices.once_in(4) {
            true => Adopted::by_nobody(id),
            false => Adopted {
                id,
                pin: Some(Arc::clone(&self.pin) as Pin),
                version: self.choices.below(VERSIONS) as u32,
                variables: self.choices.once_in(2).then(|| Box::new(words::variables(&mut self.choices))),
            },
        };
        self.adopted(adopted);
    }

    /// What is still to be taken over is not.
    pub(super) fn nobody_adopts(&mut self) {
        for id in std::mem::take(&mut self.adopts) {
            self.adopted(Adopted::by_nobody(id));
        }
    }

    fn adopted(&mut self, adopted: Adopted) {
        self.note(|| format!("{adopted:?}"));
        // All that wait are put before the script.
        let waiting = self.node.contexts.len();
        self.node.handle_input(self.now, Input::Adopted(Box::new(adopted)));
        self.take_outputs(OUTPUTS + waiting, false);
    }
}

//! How plugins come to be active, step by step, while it happens.
//!
//! ```text
//!   uploaded ─▶ checked ─▶ compiled ─▶ initialised ─▶ rehearsed ─▶ candidate ─▶ active
//!       └───────────┴──────────┴────────────┴─▶ refused   └──────────▶────────────┘
//! ```
//! Where no rehearsal is configured that step is not told: from the one before it the way goes on as from it.
//!
//! In: what begins, each step that is reached, why it ends. Out: the last of them, each with its steps and their times. A
//! version that goes back and forth later is `versions.rs`'s business: here is the first time.

use std::collections::VecDeque;

use parking_lot::Mutex;
use plugin::Identity;
use serde::Serialize;

use crate::clock::wall_ms;
use crate::rehearsal::{Rehearsal, RehearsalFigures};

/// How many are told.
pub const MAX_ACTIVATIONS: usize = 32;

/// Where a plugin has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Its bytes are here.
    Uploaded,
    /// Signed where that is asked for, a component of the contract, with imports that are granted and the hooks that are needed.
    Checked,
    /// Machine code.
    Compiled,
    /// One guest has started, and its manifest is right: it can be taken, if it is not to be rehearsed.
    Initialised,
    /// It has made recorded calls again, and nothing was found for which it is refused: it can be taken.
    Rehearsed,
    /// Some requests go to it.
    Candidate,
    /// All others go to it.
    Active,
}

impl Step {
    /// As it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Uploaded => "uploaded",
            Step::Checked => "checked",
            Step::Compiled => "compiled",
            Step::Initialised => "initialised",
            Step::Rehearsed => "rehearsed",
            Step::Candidate => "candidate",
            Step::Active => "active",
        }
    }

    /// What comes next; of the last one itself.
    fn next(self) -> Step {
        match self {
            Step::Uploaded => Step::Checked,
            Step::Checked => Step::Compiled,
            Step::Compiled => Step::Initialised,
            Step::Initialised => Step::Rehearsed,
            Step::Rehearsed => Step::Candidate,
            Step::Candidate | Step::Active => Step::Active,
        }
    }
}

/// A step, and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Which.
    pub step: Step,
    /// Milliseconds since 1970, by this host's clock.
    pub at_ms: u64,
}

/// Why it went no further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The step that it did not reach.
    pub step: Step,
    /// A sentence.
    pub why: String,
    /// Milliseconds since 1970, by this host's clock.
    pub at_ms: u64,
}

/// One plugin on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Activation {
    /// Counts them, from 1.
    pub id: u64,
    /// Who: an address that used HTTP, a file, a signal.
    pub who: String,
    /// SHA-256 of its file, in hexadecimal.
    pub digest: String,
    /// Its name; empty until it is initialised, and so are the next two (0).
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The number of the version.
    pub number: u32,
    /// The steps that it reached, the last one last.
    pub steps: Vec<Reached>,
    /// What came of its rehearsal, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// Why it went no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

impl Activation {
    fn reach(&mut self, step: Step, at_ms: u64) {
        if self.steps.iter().all(|reached| reached.step != step) {
            self.steps.push(Reached { step, at_ms });
        }
    }
}

/// The last of them.
#[derive(Debug, Default)]
pub(crate) struct Activations(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    begun: u64,
    /// The oldest first.
    last: VecDeque<Activation>,
}

impl Activations {
    /// A plugin is here; its id.
    pub(crate) fn begin(&self, who: &str, digest: String) -> u64 {
        let mut kept = self.0.lock();
        kept.begun += 1;
        let id = kept.begun;
        if kept.last.len() == MAX_ACTIVATIONS {
            kept.last.pop_front();
        }
        kept.last.push_back(Activation {
            id,
            who: who.into(),
            digest,
            name: String::new(),
            version: String::new(),
            number: 0,
            steps: vec![Reached { step: Step::Uploaded, at_ms: wall_ms() }],
            rehearsal: None,
            refused: None,
        });
        id
    }

    /// It has come so far.
    pub(crate) fn reached(&self, id: u64, step: Step) {
        self.change(|one| one.id == id, |one| one.reach(step, wall_ms()));
    }

    /// It is initialised, and has a name.
    pub(crate) fn initialised(&self, id: u64, identity: &Identity) {
        let name = |one: &mut Activation| {
            one.name = identity.name.to_string();
            one.version = identity.version.to_string();
            one.number = identity.number;
            one.reach(Step::Initialised, wall_ms());
        };
        self.change(|one| one.id == id, name);
    }

    /// It has made recorded calls again.
    pub(crate) fn rehearsed(&self, id: u64, told: Rehearsal) {
        let tell = |one: &mut Activation| {
            one.rehearsal = Some(told);
            one.reach(Step::Rehearsed, wall_ms());
        };
        self.change(|one| one.id == id, tell);
    }

    /// What came of the rehearsal of the version of this number, if it is among them and had one.
    pub(crate) fn rehearsal(&self, number: u32) -> Option<RehearsalFigures> {
        let kept = self.0.lock();
        let one = kept.last.iter().rev().find(|one| one.number == number)?;
        one.rehearsal.as_ref().map(Rehearsal::figures)
    }

    /// The version of this number, if it is among them, has come so far.
    pub(crate) fn version_reached(&self, number: u32, step: Step) {
        self.change(|one| one.number == number, |one| one.reach(step, wall_ms()));
    }

    /// It goes no further; the step that it did not reach.
    pub(crate) fn refused(&self, id: u64, why: &str) -> Step {
        let mut step = Step::Checked;
        self.change(
            |one| one.id == id,
            |one| {
                step = one.steps.last().map_or(step, |reached| reached.step.next());
                one.refused = Some(Refused { step, why: why.into(), at_ms: wall_ms() });
            },
        );
        step
    }

    /// All that are kept, the newest first.
    pub(crate) fn last(&self) -> Vec<Activation> {
        self.0.lock().last.iter().rev().cloned().collect()
    }

    fn change(&self, is_it: impl Fn(&Activation) -> bool, change: impl FnOnce(&mut Activation)) {
        if let Some(one) = self.0.lock().last.iter_mut().rev().find(|one| is_it(one)) {
            change(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(number: u32) -> Identity {
        let [role, name, version, digest] = ["edge", "mine", "0.1.0", "ab"].map(Into::into);
        Identity { role, name, version, digest, number }
    }

    fn steps(activation: &Activation) -> Vec<&'static str> {
        activation.steps.iter().map(|reached| reached.step.name()).collect()
    }

    #[test]
    fn each_step_is_told_once_it_is_reached_and_the_first_time_counts() {
        let activations = Activations::default();
        let id = activations.begin("ann", "ab".into());
        let told = || activations.last().remove(0);
        assert_eq!((steps(&told()), told().number), (vec!["uploaded"], 0));
        activations.reached(id, Step::Checked);
        activations.reached(id, Step::Compiled);
        assert_eq!(steps(&told()), ["uploaded", "checked", "compiled"]);
        activations.initialised(id, &identity(7));
        assert_eq!((told().number, &*told().name), (7, "mine"));
        assert_eq!((told().rehearsal, activations.rehearsal(7)), (None, None));
        let rehearsal = Rehearsal { calls: 3, ..Rehearsal::default() };
        activations.rehearsed(id, rehearsal.clone());
        for step in [Step::Candidate, Step::Active, Step::Candidate, Step::Active] {
            activations.version_reached(7, step);
        }
        let all = ["uploaded", "checked", "compiled", "initialised", "rehearsed", "candidate", "active"];
        assert_eq!(steps(&told()), all);
        let figures = rehearsal.figures();
        assert_eq!((told().rehearsal, activations.rehearsal(7)), (Some(rehearsal), Some(figures)));
        assert_eq!(activations.rehearsal(8), None);
        assert!(told().steps.is_sorted_by_key(|reached| reached.at_ms));
        activations.version_reached(8, Step::Active);
        assert_eq!(activations.last().len(), 1, "of no plugin that came in here");
    }

    #[test]
    fn a_refusal_names_the_step_that_was_not_reached() {
        let activations = Activations::default();
        for (reached, missed) in [
            (vec![], Step::Checked),
            (vec![Step::Checked], Step::Compiled),
            (vec![Step::Checked, Step::Compiled], Step::Initialised),
            (vec![Step::Checked, Step::Compiled, Step::Initialised], Step::Rehearsed),
        ] {
            let id = activations.begin("ann", "ab".into());
            reached.into_iter().for_each(|step| activations.reached(id, step));
            assert_eq!(activations.refused(id, "for a reason"), missed);
            let told = activations.last().remove(0).refused.unwrap();
            assert_eq!((told.step, &*told.why), (missed, "for a reason"));
        }
    }

    #[test]
    fn the_last_ones_are_told() {
        let activations = Activations::default();
        for _ in 0..MAX_ACTIVATIONS + 3 {
            activations.begin("ann", String::new());
        }
        let ids: Vec<u64> = activations.last().iter().map(|one| one.id).collect();
        assert_eq!((ids.len(), ids[0], ids[MAX_ACTIVATIONS - 1]), (MAX_ACTIVATIONS, 35, 4));
        // one that is told no longer hinders nothing
        activations.reached(1, Step::Checked);
        assert_eq!(activations.refused(1, ""), Step::Checked);
    }
}

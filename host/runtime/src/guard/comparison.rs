//! What of a candidate is put beside the active version: calls that failed, answers that went back, the time of its hooks.
//!
//! In: the figures of both. Out: so many of so many, for each, and words for a person. Each kind of request and each hook is
//! compared with its own kind only: a candidate's first minutes have more first requests and fewer later ones than the
//! active version's, which has old calls, and that must not look like a difference between scripts.

use std::fmt;

use plugin::{AnswerClass, AnswerGroup, Answers, HOOKS, StatsSnapshot, Times};

use super::evidence::Tally;
use super::{Gauge, Margins};

/// What a version has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Figures {
    /// Calls of hooks that ended, and those of them without a decision: traps, faults, decisions that break the contract,
    /// deadlines.
    pub(crate) failures: Tally,
    /// Final answers to its transactions.
    pub(crate) answers: Answers,
    /// How long its hooks took.
    pub(crate) times: Box<[Times; HOOKS.len()]>,
}

impl Figures {
    /// A call under way is none yet, and one for which no guest was free says nothing about the script.
    pub(crate) fn of(stats: StatsSnapshot) -> Figures {
        let bad = stats.all_traps() + stats.faults + stats.invalid + stats.deadlines;
        let decisions: u64 = stats.decisions.iter().sum();
        let failures = Tally { calls: decisions + bad, bad };
        Figures { failures, answers: stats.answers, times: stats.times }
    }
}

/// One thing that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Calls of hooks without a decision.
    Failures,
    /// Answers of 5xx to any request outside dialogs.
    AnyServerFailures,
    /// The same of one kind.
    ServerFailures(AnswerGroup),
    /// Answers that are no success.
    Unsuccessful(AnswerGroup),
    /// Calls of the hook at this place that took longer than the active version's by the margin.
    Slower(usize),
}

impl Comparison {
    /// All. Where several find a candidate worse, the first one is told.
    pub(crate) const ALL: [Comparison; 13] = [
        Comparison::Failures,
        Comparison::ServerFailures(AnswerGroup::Invite),
        Comparison::ServerFailures(AnswerGroup::Register),
        Comparison::ServerFailures(AnswerGroup::Other),
        Comparison::ServerFailures(AnswerGroup::InDialog),
        Comparison::AnyServerFailures,
        Comparison::Unsuccessful(AnswerGroup::Invite),
        Comparison::Unsuccessful(AnswerGroup::Register),
        Comparison::Unsuccessful(AnswerGroup::Other),
        Comparison::Slower(0),
        Comparison::Slower(1),
        Comparison::Slower(2),
        Comparison::Slower(3),
    ];

    /// So many of so many; none where the hook has no bar yet to be measured by.
    pub(super) fn tally(self, figures: &Figures, gauge: &Gauge) -> Option<Tally> {
        let answers = &figures.answers.within(gauge.answered_within);
        match self {
            Comparison::Failures => Some(figures.failures),
            Comparison::ServerFailures(group) => Some(server_failures(answers, group)),
            Comparison::AnyServerFailures => {
                let outside = [AnswerGroup::Invite, AnswerGroup::Register, AnswerGroup::Other];
                let tallies = outside.map(|group| server_failures(answers, group));
                Some(Tally {
                    calls: tallies.iter().map(|tally| tally.calls).sum(),
                    bad: tallies.iter().map(|tally| tally.bad).sum(),
                })
            }
            Comparison::Unsuccessful(group) => {
                let (bad, calls) = answers.unsuccessful(group);
                Some(Tally { calls, bad })
            }
            Comparison::Slower(hook) => {
                let times = &figures.times[hook];
                gauge.bars[hook].map(|bar| Tally { calls: times.calls(), bad: times.at_least(bar) })
            }
        }
    }

    /// Whether it is known only when the answer has come.
    pub(super) fn is_of_answers(self) -> bool {
        match self {
            Comparison::AnyServerFailures | Comparison::ServerFailures(_) | Comparison::Unsuccessful(_) => {
                true
            }
            Comparison::Failures | Comparison::Slower(_) => false,
        }
    }

    /// By how many percent points a candidate may be worse.
    pub(crate) fn percent_points(self, margins: Margins) -> f64 {
        match self {
            Comparison::Unsuccessful(_) => margins.success_percent_points,
            Comparison::Failures
            | Comparison::AnyServerFailures
            | Comparison::ServerFailures(_)
            | Comparison::Slower(_) => margins.percent_points,
        }
    }
}

fn server_failures(answers: &Answers, group: AnswerGroup) -> Tally {
    Tally { calls: answers.of_group(group), bad: answers.count(group, AnswerClass::ServerFailure) }
}

/// After "17 of 300 ".
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = |group| match group {
            AnswerGroup::Invite => "to INVITE",
            AnswerGroup::Register => "to REGISTER",
            AnswerGroup::Other => "to other requests",
            AnswerGroup::InDialog => "inside dialogs",
        };
        match *self {
            Comparison::Failures => f.write_str("calls of a hook failed"),
            Comparison::AnyServerFailures => f.write_str("answers outside dialogs are 5xx"),
            Comparison::ServerFailures(group) => write!(f, "answers {} are 5xx", asked(group)),
            Comparison::Unsuccessful(group) => write!(f, "answers {} are no success", asked(group)),
            Comparison::Slower(hook) => write!(f, "calls of {} are slow", HOOKS[hook].1),
        }
    }
}

//! Whether a candidate has shown itself worse than the active version, the control: the figures of both side by side.
//!
//! In: calls and failures of a control and its candidates, look after look, and margins. Out: who is to go, with the figures
//! as a sentence. Taking it back, and when to look, belongs to `guarding.rs`.
//!
//! The figures are looked at every second for as long as a split lasts, and a test for one look would cry wolf sooner or
//! later. So each proportion has a confidence *sequence*, which holds at all looks together: with a uniform prior over a
//! proportion p, and s failures in n calls, the ratio
//!
//! ```text
//!   M(p) = s! (n − s)! / (n + 1)!  ÷  p^s (1 − p)^(n − s)
//! ```
//!
//! is a martingale of mean 1 where p is the truth, and exceeds 1/a at any time with a probability of a at most (Ville's
//! inequality; H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41, 1970;
//! S. Howard et al., "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Stat. 49, 2021). All p with
//! M(p) below 1/a are the sequence. A candidate goes when the least that its proportion can be is above the most that the
//! control's can be by more than the margin. Each of the two has half of [`FALSE_ALARMS`]: a candidate that is no worse than
//! the margin allows is taken back with a probability of 0.001 at most over the whole life of a split. A split whose shares
//! or whose control change is a new one.
//!
//! That holds for calls that fail independently of each other. One subscriber whose every request fails in any version makes
//! the version worse that he happens to have, which matters where shares are of few subscribers.

use plugin::StatsSnapshot;

/// Probability that a candidate which is no worse is ever taken back, over the life of a split.
const FALSE_ALARMS: f64 = 0.001;

/// Halvings of an interval of proportions: as fine as a double is.
const HALVINGS: u32 = 52;

/// What a version has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figures {
    /// Calls that ended, with a decision or without.
    pub(crate) calls: u64,
    /// Those without (traps, faults, decisions that break the contract, deadlines), and those that answer 5xx.
    pub(crate) failures: u64,
}

impl Figures {
    /// A call under way is none yet, and one for which no guest was free says nothing about the script.
    pub(crate) fn of(stats: &StatsSnapshot) -> Figures {
        let without_decision = stats.all_traps() + stats.faults + stats.invalid + stats.deadlines;
        let decisions: u64 = stats.decisions.iter().sum();
        // Counters are read one after the other: of a call that ends just now one may be there without the other.
        let server_failures = stats.server_failures.min(decisions);
        Figures { calls: decisions + without_decision, failures: server_failures + without_decision }
    }

    fn since(self, before: Figures) -> Figures {
        Figures {
            calls: self.calls.saturating_sub(before.calls),
            failures: self.failures.saturating_sub(before.failures),
        }
    }

    fn proportion(self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.failures as f64 / self.calls as f64 }
    }
}

/// When a candidate is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margins {
    /// By how many percent points of its calls more may fail.
    pub(crate) percent_points: f64,
    /// Calls that it must have had.
    pub(crate) calls: u64,
}

/// One version at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which.
    pub(crate) number: u32,
    /// Tenths of a percent of the subscribers.
    pub(crate) share: u16,
    /// What it has done so far.
    pub(crate) figures: Figures,
}

/// What was there when a candidate's split began.
#[derive(Debug, Clone, Copy)]
struct Split {
    candidate: Seen,
    control: Seen,
}

/// What is remembered from look to look.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    splits: Vec<Split>,
}

impl Guard {
    /// This candidate's split is another one from now on, though its share may be the same: other requests go to it.
    pub(crate) fn begin_anew(&mut self, number: u32) {
        self.splits.retain(|split| split.candidate.number != number);
    }

    /// Those of the candidates that are to go, by number, and why. The counting begins with the first look at a split.
    pub(crate) fn look(
        &mut self,
        control: Seen,
        candidates: &[Seen],
        margins: Margins,
    ) -> Vec<(u32, String)> {
        let same = |split: &Split, candidate: &Seen| {
            let is = |before: &Seen, now: &Seen| (before.number, before.share) == (now.number, now.share);
            is(&split.candidate, candidate) && is(&split.control, &control)
        };
        self.splits.retain(|split| candidates.iter().any(|candidate| same(split, candidate)));
        let mut gone = Vec::new();
        for &candidate in candidates {
            let Some(split) = self.splits.iter().find(|split| same(split, &candidate)) else {
                self.splits.push(Split { candidate, control });
                continue;
            };
            let own = candidate.figures.since(split.candidate.figures);
            let others = control.figures.since(split.control.figures);
            if is_worse(own, others, margins) {
                gone.push((candidate.number, sentence(own, others, control.number, margins)));
            }
        }
        gone
    }
}

/// Whether more calls of the candidate fail than of the control, beyond the margin and beyond chance.
fn is_worse(candidate: Figures, control: Figures, margins: Margins) -> bool {
    let margin = margins.percent_points / 100.0;
    // What does not even look worse cannot be shown to be.
    if candidate.calls < margins.calls || candidate.proportion() <= control.proportion() + margin {
        return false;
    }
    least(candidate) > most(control) + margin
}

fn sentence(candidate: Figures, control: Figures, number: u32, margins: Margins) -> String {
    let told = |figures: Figures| {
        let Figures { calls, failures } = figures;
        format!("{failures} of {calls} calls failed ({:.2} %)", 100.0 * figures.proportion())
    };
    format!(
        "{}, of the active version #{number} {}: worse by more than {} percent points",
        told(candidate),
        told(control),
        margins.percent_points
    )
}

/// The lower end of the confidence sequence.
fn least(figures: Figures) -> f64 {
    end(figures, 0.0)
}

/// The upper end.
fn most(figures: Figures) -> f64 {
    end(figures, 1.0)
}

/// The end of the sequence between the observed proportion, which is in it, and `outside`.
fn end(figures: Figures, outside: f64) -> f64 {
    let bound = (2.0 / FALSE_ALARMS).ln();
    let (mut inside, mut outside) = (figures.proportion(), outside);
    if ln_ratio(figures, outside) < bound {
        return outside;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(inside, outside);
        if ln_ratio(figures, middle) < bound {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside
}

/// The logarithm of M(p).
fn ln_ratio(figures: Figures, p: f64) -> f64 {
    let (failed, well) = (figures.failures, figures.calls - figures.failures);
    let times = |number: u64, ln: f64| if number == 0 { 0.0 } else { number as f64 * ln };
    let mixed = ln_factorial(failed) + ln_factorial(well) - ln_factorial(figures.calls + 1);
    mixed - times(failed, p.ln()) - times(well, (-p).ln_1p())
}

/// Stirling's series; below 16 the product itself.
fn ln_factorial(n: u64) -> f64 {
    if n < 16 {
        return (2..=n).map(|factor| (factor as f64).ln()).sum();
    }
    let n = n as f64;
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

#[cfg(test)]
mod tests;

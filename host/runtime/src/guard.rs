//! Whether a candidate has shown itself worse than the active version, the control: the figures of both side by side.
//!
//! In: the figures of a control and its candidates, look after look, and margins. Out: who is to go, with the figures as a
//! sentence. Taking it back, and when to look, belongs to `guarding.rs`.
//!
//! What is compared (`comparison.rs`) are proportions: so many bad ones of so many. Two questions are asked of each, by
//! tests that may be looked at every second for ever (`evidence.rs`), and a candidate goes when both are answered yes:
//!
//! 1. *Is it worse at all?* May be wrong with a thousandth, [`FALSE_ALARMS`], over all comparisons and the whole life of a
//!    split: who is no worse than the control stays. Where a control hardly fails, few bad ones answer it.
//! 2. *By more than the margin?* May be wrong with [`WITHIN_MARGIN`] in each comparison: who is worse, but by no more than
//!    the margin, is a loss that an operator can bear with now and then.
//!
//! Each of the [`Comparison::ALL`] has an equal part of the thousandth. Besides, [`LEAST_BAD`] bad ones are wanted, and the
//! margin must be seen in the figures that are told.
//!
//! **Time.** That the 95th percentile of a candidate is above the control's by a margin means that more than 5 % of its
//! calls take longer than the control's p95 and the margin together. So a *bar* is set at that time, and calls beyond it are
//! counted: of the candidate there must be more than 5 %, and more than of the control by the margin in percent points. Both
//! at once are one question, and that has the small error: it needs few calls anyway. The bar of a window is read from what
//! the control did before the window's calls: it is settled when they come. If everything becomes slow at once, an HSS for
//! instance, both are beyond the bar, and nobody goes.
//!
//! **Answers** come quickly where something fails and late where a phone rings. A candidate that is new would seem to fail
//! more than the control, whose calls have been ringing for long. So only those answers of both are counted that took no
//! longer than the split lasts ([`plugin::ANSWER_TIMES`]). As these are a part of all, a margin is so much more among them.
//!
//! **Windows.** Every ten minutes the bars are set anew, as a day has quiet and busy hours, and what is expected of the
//! control is what it did in the last ones. The evidence goes on.
//!
//! **What is assumed.** Calls fail independently of each other, and the versions are asked alike in each second. How much
//! goes wrong in a network may change from second to second. How the calls are divided may change too, for answers not by
//! much while a phone rings: who suddenly gets more calls has his quick answers first. One subscriber whose every request
//! fails in any version makes the version worse that he happens to have: [`LEAST_BAD`] keeps one who tries again a few times
//! from that, not a share of few subscribers from many such. A split whose shares, whose control or whose margins change is
//! a new one.

mod case;
mod comparison;
mod evidence;

use std::time::Duration;

use plugin::{HOOKS, Times};

use case::Case;
pub(crate) use comparison::{Comparison, Figures};
use evidence::{Both, Tally};

/// Probability that a candidate which is no worse is ever taken back, over the life of a split.
const FALSE_ALARMS: f64 = 0.001;

/// Probability that one is which is worse in one comparison, but by no more than its margin.
const WITHIN_MARGIN: f64 = 0.05;

/// Bad ones that a candidate must have had.
const LEAST_BAD: u64 = 5;

/// From one look to the next at least.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// Looks to a window: ten minutes.
const WINDOW: u32 = 600;

/// Looks from one start of the bets to the next.
const START: u32 = 60;

/// Calls of the control that say what is to be expected of it.
const ENOUGH_CALLS: u64 = 100;

/// Thousandths of the calls.
const P95: u64 = 950;

/// More than these are slower than the 95th percentile only if it is another one.
const BEYOND_P95: f64 = 0.05;

/// When a candidate is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margins {
    /// By how many percent points more of its calls may fail or be slow, and of its answers be 5xx.
    pub(crate) percent_points: f64,
    /// By how many percent points more of its requests may have no success.
    pub(crate) success_percent_points: f64,
    /// By how much its 95th percentile may be above the control's.
    pub(crate) slower: Duration,
    /// Calls that it must have had.
    pub(crate) calls: u64,
}

/// One version at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which.
    pub(crate) number: u32,
    /// Tenths of a percent of the subscribers.
    pub(crate) share: u16,
    /// What it has done so far.
    pub(crate) figures: Figures,
}

/// One that is to go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Worse {
    /// Which.
    pub(crate) number: u32,
    /// By what.
    pub(crate) comparison: Comparison,
    /// The figures of both.
    pub(crate) why: String,
}

/// The figures of a candidate and of its control at one moment.
#[derive(Debug, Clone)]
struct Pair {
    candidate: Figures,
    control: Figures,
}

/// By what calls are measured.
#[derive(Debug, Clone, Copy, Default)]
struct Gauge {
    /// Beyond which time a call of each hook is slow, where that is settled.
    bars: [Option<Duration>; HOOKS.len()],
    /// Answers are counted that took less than this.
    answered_within: Duration,
}

/// What is remembered of a candidate.
#[derive(Debug)]
struct Split {
    /// Number and share, of the candidate and the control.
    who: [(u32, u16); 2],
    margins: Margins,
    looks: u32,
    /// At the last look, and when the window began.
    last: Pair,
    window: Pair,
    gauge: Gauge,
    cases: Vec<Case>,
}

/// What is remembered from look to look.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    splits: Vec<Split>,
}

impl Guard {
    /// This candidate's split is another one from now on, though its share may be the same: other requests go to it.
    pub(crate) fn begin_anew(&mut self, number: u32) {
        self.splits.retain(|split| split.who[0].0 != number);
    }

    /// Those of the candidates that are to go. The counting begins with the first look at a split.
    pub(crate) fn look(&mut self, control: &Seen, candidates: &[Seen], margins: Margins) -> Vec<Worse> {
        let who = |candidate: &Seen| [candidate, control].map(|seen| (seen.number, seen.share));
        let is_there = |split: &Split| candidates.iter().any(|candidate| who(candidate) == split.who);
        self.splits.retain(|split| split.margins == margins && is_there(split));
        let mut gone = Vec::new();
        for candidate in candidates {
            let now = Pair { candidate: candidate.figures.clone(), control: control.figures.clone() };
            match self.splits.iter_mut().find(|split| split.who == who(candidate)) {
                Some(split) => {
                    let worse = split.look(now);
                    let worse =
                        worse.map(|(comparison, why)| Worse { number: candidate.number, comparison, why });
                    gone.extend(worse);
                }
                None => self.splits.push(Split::new(who(candidate), now, margins)),
            }
        }
        gone
    }
}

impl Split {
    fn new(who: [(u32, u16); 2], now: Pair, margins: Margins) -> Split {
        let cases = Comparison::ALL.map(|comparison| Case::new(comparison, margins)).into();
        let (last, window, gauge) = (now.clone(), now, Gauge::default());
        let mut split = Split { who, margins, looks: 0, last, window, gauge, cases };
        // What the control did before it is what is expected of it.
        split.begin_window(&Figures::default());
        split
    }

    /// By what the candidate is worse now, and why.
    fn look(&mut self, now: Pair) -> Option<(Comparison, String)> {
        for case in &mut self.cases {
            let tally = |figures| case.comparison.tally(figures, &self.gauge);
            let new = |now, last| Some(tally(now)?.since(tally(last)?));
            let candidate = new(&now.candidate, &self.last.candidate);
            let control = new(&now.control, &self.last.control);
            if let (Some(candidate), Some(control)) = (candidate, control) {
                case.add(Both { candidate, control });
            }
        }
        self.last = now;
        let found = self.cases.iter().find_map(|case| {
            let worse = case.worse(self.margins)?;
            Some((case.comparison, self.told(case.comparison, worse)))
        });
        self.looks = self.looks.saturating_add(1);
        if self.looks.is_multiple_of(START) {
            self.cases.iter_mut().for_each(Case::start);
        }
        match self.looks.is_multiple_of(WINDOW) {
            true => {
                let before = std::mem::replace(&mut self.window, self.last.clone());
                self.begin_window(&before.control);
            }
            false => self.set_missing_bars(),
        }
        self.count_slower_answers();
        found
    }

    /// Bars, and what is expected of the control, by what it has done since those figures of it.
    fn begin_window(&mut self, since: &Figures) {
        for (hook, bar) in self.gauge.bars.iter_mut().enumerate() {
            *bar = bar_of(&self.last.control.times[hook].since(&since.times[hook]), self.margins);
        }
        self.cases.iter_mut().for_each(Case::begin_window);
        self.expect(since, |_| true);
    }

    /// Of hooks of which the control had done little before, as soon as it has done enough.
    fn set_missing_bars(&mut self) {
        for hook in 0..HOOKS.len() {
            if self.gauge.bars[hook].is_some() {
                continue;
            }
            let since = self.window.control.clone();
            self.gauge.bars[hook] =
                bar_of(&self.last.control.times[hook].since(&since.times[hook]), self.margins);
            self.expect(&since, |comparison| comparison == Comparison::Slower(hook));
        }
    }

    /// The longer it goes on, the slower the answers that the candidate, too, can have had.
    fn count_slower_answers(&mut self) {
        let age = LOOK * self.looks;
        let within = plugin::ANSWER_TIMES.into_iter().rfind(|time| *time <= age).unwrap_or_default();
        if within > self.gauge.answered_within {
            self.gauge.answered_within = within;
            self.expect(&Figures::default(), Comparison::is_of_answers);
        }
    }

    /// What is to be expected of the control in these comparisons is what it has done since those figures of it.
    fn expect(&mut self, since: &Figures, meant: impl Fn(Comparison) -> bool) {
        let now = &self.last.control;
        for case in self.cases.iter_mut().filter(|case| meant(case.comparison)) {
            let comparison = case.comparison;
            let by =
                |gauge: &Gauge| Some(comparison.tally(now, gauge)?.since(comparison.tally(since, gauge)?));
            let all = by(&Gauge { answered_within: Duration::MAX, ..self.gauge });
            let all = all.filter(|all| all.calls >= ENOUGH_CALLS);
            let known = by(&self.gauge).zip(all);
            case.expect(known.map(|(known, all)| (known, known.calls.max(1) as f64 / all.calls as f64)));
        }
    }

    fn told(&self, comparison: Comparison, worse: Both) -> String {
        let side_by_side = side_by_side(comparison, worse, self.who[1].0);
        let Comparison::Slower(hook) = comparison else {
            let margin = comparison.percent_points(self.margins);
            return format!("{side_by_side}: worse by more than {margin} percent points");
        };
        let p95 = |now: &Figures, began: &Figures| {
            ms(now.times[hook].since(&began.times[hook]).percentile(P95).unwrap_or_default())
        };
        format!(
            "{side_by_side}: p95 {} ms against {} ms, slower by more than {} ms (beyond {} ms)",
            p95(&self.last.candidate, &self.window.candidate),
            p95(&self.last.control, &self.window.control),
            ms(self.margins.slower),
            ms(self.gauge.bars[hook].unwrap_or_default())
        )
    }
}

/// Beyond which time a call is slow, by the times of the control; none where they are few.
fn bar_of(times: &Times, margins: Margins) -> Option<Duration> {
    let p95 = times.percentile(P95).filter(|_| times.calls() >= ENOUGH_CALLS)?;
    Some(Times::round_up(p95 + margins.slower))
}

fn side_by_side(comparison: Comparison, both: Both, number: u32) -> String {
    let share = |tally: Tally| format!("({:.2} %)", 100.0 * tally.proportion());
    let Both { candidate, control } = both;
    format!(
        "{} of {} {comparison} {}, of the active version #{number} {} of {} {}",
        candidate.bad,
        candidate.calls,
        share(candidate),
        control.bad,
        control.calls,
        share(control)
    )
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

#[cfg(test)]
mod tests;

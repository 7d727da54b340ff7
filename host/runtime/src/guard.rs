//! Whether a candidate has shown itself worse than the active version, the control: the figures of both side by side.
//!
//! In: the figures of a control and its candidates, look after look, and margins. Out: who is to go, with the figures as a
//! sentence. Taking it back, and when to look, belongs to `guarding.rs`.
//!
//! What is compared (`comparison.rs`) are proportions: so many bad ones of so many. A candidate goes when the least that
//! its proportion can be is above the most that the control's can be by more than the margin, by confidence sequences
//! (`sequence.rs`), which may be looked at every second.
//!
//! **Time.** That the 95th percentile of a candidate is above the control's by a margin means that more than 5 % of its
//! calls take longer than the control's p95 and the margin together. So a *bar* is set at that time, and calls beyond it are
//! counted: of the candidate there must be more than 5 %, and more than of the control by the margin in percent points. The
//! bar of a window is read from what the control did before the window's calls: it is settled when they come, and each of
//! them is beyond it or not by its own luck alone, which is what the sequence wants. If everything becomes slow at once, an
//! HSS for instance, both are beyond the bar, and nobody goes.
//!
//! **Windows.** Proportions are judged since the split began, and again in windows of ten minutes, so that one who turns bad
//! after a good week need not outweigh the week. Time is judged in windows only: each sets its bar anew, as a day has quiet
//! and busy hours.
//!
//! **False alarms.** [`FALSE_ALARMS`] is what a split may err with over its whole life, all looks, comparisons and windows
//! together. Each of the comparisons has an equal part. Half of that is for the whole split and half for the windows, of
//! which number k (from 0) has 1 / (k + 1) (k + 2): over all k this sums up to 1. Of what is left four fifths are for the
//! candidate's proportion and one for the control's, which has more calls. A split whose shares or whose control change is a new one.
//!
//! That holds for calls that fail independently of each other. One subscriber whose every request fails in any version makes
//! the version worse that he happens to have, which matters where shares are of few subscribers.

mod comparison;
mod sequence;

use std::time::Duration;

use plugin::{HOOKS, Times};

pub(crate) use comparison::{Comparison, Figures};
use sequence::Tally;

/// Probability that a candidate which is no worse is ever taken back, over the life of a split.
const FALSE_ALARMS: f64 = 0.001;

/// Of a comparison's errors, what the candidate's proportion may err with; the rest is the control's.
const CANDIDATES_PART: f64 = 0.8;

/// Looks to a window: ten minutes at one a second.
const WINDOW: u32 = 600;

/// Of the control, before its 95th percentile says something.
const CALLS_FOR_A_BAR: u64 = 100;

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

/// What is remembered of a candidate.
#[derive(Debug)]
struct Split {
    /// Number and share, of the candidate and the control.
    who: [(u32, u16); 2],
    /// When it began.
    began: Pair,
    window: Window,
}

/// Ten minutes of it.
#[derive(Debug)]
struct Window {
    number: u32,
    looks: u32,
    began: Pair,
    bars: [Option<Bar>; HOOKS.len()],
}

/// Beyond which time a call of a hook is slow.
#[derive(Debug)]
struct Bar {
    time: Duration,
    /// Both versions' times of the hook when it was set.
    candidate: Times,
    control: Times,
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
        self.splits.retain(|split| candidates.iter().any(|candidate| who(candidate) == split.who));
        let part = FALSE_ALARMS / Comparison::ALL.len() as f64;
        let mut gone = Vec::new();
        for candidate in candidates {
            let now = Pair { candidate: candidate.figures.clone(), control: control.figures.clone() };
            let Some(split) = self.splits.iter_mut().find(|split| split.who == who(candidate)) else {
                let window = Window::new(0, now.clone(), &control.figures.times, margins);
                self.splits.push(Split { who: who(candidate), began: now, window });
                continue;
            };
            let found = Comparison::ALL.into_iter().find_map(|comparison| {
                let why = split.worse(comparison, &now, control.number, margins, part)?;
                Some(Worse { number: candidate.number, comparison, why })
            });
            gone.extend(found);
            split.window.looked_at(now, margins);
        }
        gone
    }
}

impl Split {
    /// Why the candidate is worse by this comparison, which may err with this probability; none: it is not.
    fn worse(
        &self,
        comparison: Comparison,
        now: &Pair,
        control: u32,
        margins: Margins,
        part: f64,
    ) -> Option<String> {
        let margin = comparison.percent_points(margins);
        if let Comparison::Slower(hook) = comparison {
            return self.window.slower(hook, now, control, part, margins);
        }
        let judge = |since: &Pair, error: f64| {
            let of = |now, since| Some(comparison.tally(now)?.since(comparison.tally(since)?));
            let own = of(&now.candidate, &since.candidate)?;
            let others = of(&now.control, &since.control)?;
            let worse = own.calls >= margins.calls && exceeds(own, others, margin, 0.0, error);
            worse.then(|| {
                let told = side_by_side(comparison, own, others, control);
                format!("{told}: worse by more than {margin} percent points")
            })
        };
        judge(&self.began, part / 2.0)
            .or_else(|| judge(&self.window.began, part / 2.0 * self.window.budget()))
    }
}

impl Window {
    /// Its bars are set by what the control did before.
    fn new(number: u32, began: Pair, before: &[Times; HOOKS.len()], margins: Margins) -> Window {
        let mut window = Window { number, looks: 0, began, bars: Default::default() };
        let now = window.began.clone();
        window.set_bars(before, &now, margins);
        window
    }

    /// What part of a comparison's errors it may make.
    fn budget(&self) -> f64 {
        let number = f64::from(self.number);
        1.0 / ((number + 1.0) * (number + 2.0))
    }

    /// Sets those that are missing, where the control has had enough calls; what is counted by them comes after now.
    fn set_bars(&mut self, before: &[Times; HOOKS.len()], now: &Pair, margins: Margins) {
        for (hook, bar) in self.bars.iter_mut().enumerate().filter(|(_, bar)| bar.is_none()) {
            if before[hook].calls() < CALLS_FOR_A_BAR {
                continue;
            }
            *bar = before[hook].percentile(P95).map(|p95| Bar {
                time: Times::round_up(p95 + margins.slower),
                candidate: now.candidate.times[hook].clone(),
                control: now.control.times[hook].clone(),
            });
        }
    }

    /// Goes on to the next one where this one is over.
    fn looked_at(&mut self, now: Pair, margins: Margins) {
        self.looks += 1;
        if self.looks < WINDOW && self.bars.iter().all(Option::is_some) {
            return;
        }
        let times = |hook: usize| now.control.times[hook].since(&self.began.control.times[hook]);
        let meanwhile: [Times; HOOKS.len()] = std::array::from_fn(times);
        match self.looks < WINDOW {
            true => self.set_bars(&meanwhile, &now, margins),
            false => *self = Window::new(self.number.saturating_add(1), now, &meanwhile, margins),
        }
    }

    fn slower(&self, hook: usize, now: &Pair, control: u32, part: f64, margins: Margins) -> Option<String> {
        let bar = self.bars[hook].as_ref()?;
        let own = now.candidate.times[hook].since(&bar.candidate);
        let others = now.control.times[hook].since(&bar.control);
        let tally = |times: &Times| Tally { calls: times.calls(), bad: times.at_least(bar.time) };
        let (beyond, others_beyond) = (tally(&own), tally(&others));
        let error = part * self.budget();
        if beyond.calls < margins.calls
            || !exceeds(beyond, others_beyond, margins.percent_points, BEYOND_P95, error)
        {
            return None;
        }
        let p95 = |times: &Times| ms(times.percentile(P95).unwrap_or_default());
        Some(format!(
            "{}: p95 {} ms against {} ms, slower by more than {} ms (beyond {} ms)",
            side_by_side(Comparison::Slower(hook), beyond, others_beyond, control),
            p95(&own),
            p95(&others),
            ms(margins.slower),
            ms(bar.time)
        ))
    }
}

/// Whether the candidate's proportion is above the control's by more than the margin, and above `least`, beyond chance.
fn exceeds(candidate: Tally, control: Tally, percent_points: f64, least: f64, error: f64) -> bool {
    let (own, others) = (error * CANDIDATES_PART, error * (1.0 - CANDIDATES_PART));
    let is_above = |controls: f64| {
        let allowed = least.max(controls + percent_points / 100.0);
        candidate.proportion() > allowed && candidate.excludes(allowed, own)
    };
    // What is not above what was seen of the control is not above the most that it can be.
    is_above(control.proportion()) && is_above(control.most(others))
}

fn side_by_side(comparison: Comparison, candidate: Tally, control: Tally, number: u32) -> String {
    let share = |tally: Tally| format!("({:.2} %)", 100.0 * tally.proportion());
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

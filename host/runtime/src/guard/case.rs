//! One comparison of one candidate: the calls of both, put together to blocks, and what they say.
//!
//! In: what has come from look to look. Out: whether the candidate is worse, and in which span of time it is best seen.
//!
//! A block (`evidence.rs`) says something only where both versions have had a call. So where calls are few, several looks
//! are one block: how many is settled when it begins, by how many calls there were before. It must not end just where the
//! rarer version has had one, for then that one's call is always the last: when something breaks for both, it would be asked
//! later than the others.

use super::comparison::Comparison;
use super::evidence::{Allowed, Both, Evidence, Tally};
use super::{BEYOND_P95, FALSE_ALARMS, LEAST_BAD, Margins, WITHIN_MARGIN};

/// Looks that a block has at most.
const LONGEST: u32 = 64;

/// Calls of the rarer version with which a block could have been shorter.
const MANY: u64 = 4;

/// What is remembered of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) comparison: Comparison,
    /// All of these must be refuted, each with its own probability of error.
    nulls: Vec<(Evidence, f64)>,
    /// What the control did before the block, and which part of all that it was asked those calls are.
    known: Tally,
    part: f64,
    /// The block that has begun, its looks so far, and how many it will have.
    block: Both,
    looks: u32,
    length: u32,
    /// Since the split began, and in this window.
    whole: Both,
    window: Both,
}

impl Case {
    pub(super) fn new(comparison: Comparison, margins: Margins) -> Case {
        let part = FALSE_ALARMS / Comparison::ALL.len() as f64;
        let margin = comparison.percent_points(margins) / 100.0;
        let nulls = match comparison {
            Comparison::Slower(_) => vec![(Allowed { margin, least: BEYOND_P95 }, part)],
            Comparison::Failures
            | Comparison::ServerFailures(_)
            | Comparison::AnyServerFailures
            | Comparison::Unsuccessful(_) => vec![
                (Allowed { margin: 0.0, least: 0.0 }, part),
                (Allowed { margin, least: 0.0 }, WITHIN_MARGIN),
            ],
        };
        let nulls = nulls.into_iter().map(|(allowed, error)| (Evidence::against(allowed), error)).collect();
        let nothing = Both::default();
        Case {
            comparison,
            nulls,
            known: Tally::default(),
            part: 1.0,
            block: nothing,
            looks: 0,
            length: 1,
            whole: nothing,
            window: nothing,
        }
    }

    /// A window begins.
    pub(super) fn begin_window(&mut self) {
        self.window = Both::default();
    }

    /// Calls are measured in another way from now on. `known`: what the control did before, measured so, and which part of
    /// all of its calls those are; none where that is too little to expect something of it.
    pub(super) fn expect(&mut self, known: Option<(Tally, f64)>) {
        // What has begun is left out.
        (self.block, self.looks) = Default::default();
        (self.known, self.part) = known.unwrap_or((self.known, self.part));
    }

    /// What has come since the last look.
    pub(super) fn add(&mut self, new: Both) {
        (self.whole, self.window) = (self.whole.and(new), self.window.and(new));
        self.block = self.block.and(new);
        self.looks += 1;
        if self.looks >= self.length {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.looks = 0;
        match (block.candidate.calls, block.control.calls) {
            (0, 0) => {}
            (0, _) | (_, 0) => self.length = (2 * self.length).min(LONGEST),
            (own, others) => {
                let play = |(evidence, _): &mut (Evidence, f64)| evidence.play(block, self.known, self.part);
                self.nulls.iter_mut().for_each(play);
                if own.min(others) >= MANY {
                    self.length = (self.length / 2).max(1);
                }
            }
        }
        self.known = self.known.and(block.control);
    }

    /// Stakes a part of what was kept for later.
    pub(super) fn start(&mut self) {
        self.nulls.iter_mut().for_each(|(evidence, _)| evidence.start());
    }

    /// The calls by which the candidate is worse, of the window or of the whole split; none: it is not.
    pub(super) fn worse(&self, margins: Margins) -> Option<Both> {
        let is_seen = |both: &Both| {
            let (own, others) = (both.candidate, both.control.proportion());
            let is_above =
                |(evidence, _): &(Evidence, f64)| own.proportion() > evidence.allowed().beside(others);
            own.calls >= margins.calls && own.bad >= LEAST_BAD && self.nulls.iter().all(is_above)
        };
        let spans = match self.comparison {
            // Each window has a bar of its own.
            Comparison::Slower(_) => vec![self.window],
            _ => vec![self.window, self.whole],
        };
        let excess = |both: &Both| both.candidate.proportion() - both.control.proportion();
        let span = spans.into_iter().filter(is_seen).max_by(|a, b| excess(a).total_cmp(&excess(b)))?;
        self.nulls.iter().all(|(evidence, error)| evidence.refutes(*error)).then_some(span)
    }
}

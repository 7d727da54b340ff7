//! Two wheels: deadlines that somebody waits for, and those at which something is only forgotten.
//!
//! In: a deadline, a token, and which sort it is. Out: the tokens that are due, and when the first of each sort is. A
//! retransmission or a time-out is to come at its time ([`Sort::Prompt`]). The end of a transaction that only absorbs
//! what may come again (Timers D, I, J, K, L, M) may come a little later, with others, so that a node with nothing else
//! to do is not woken for each of them ([`Sort::Patient`]).

use crate::time::Time;
use crate::timers::TimerName;
use crate::wheel::{Entry, Wheel};

/// How a deadline is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    Prompt,
    Patient,
}

impl Sort {
    /// How this timer is waited for, where nothing is retransmitted meanwhile.
    pub(crate) fn of(timer: TimerName) -> Sort {
        match timer {
            TimerName::D | TimerName::I | TimerName::J | TimerName::K | TimerName::L | TimerName::M => {
                Sort::Patient
            }
            _ => Sort::Prompt,
        }
    }
}

/// The wheels of one table.
#[derive(Default)]
pub(crate) struct Wheels {
    prompt: Wheel<u32>,
    patient: Wheel<u32>,
}

impl Wheels {
    pub(crate) fn is_empty(&self) -> bool {
        self.prompt.is_empty() && self.patient.is_empty()
    }

    pub(crate) fn insert(&mut self, now: Time, at: Time, token: u32, sort: Sort) -> Entry {
        let wheel = self.of(sort);
        wheel.catch_up(now);
        wheel.insert(at, token)
    }

    pub(crate) fn remove(&mut self, entry: Entry, sort: Sort) {
        self.of(sort).remove(entry);
    }

    /// When an entry falls due.
    pub(crate) fn at(&self, entry: Entry, sort: Sort) -> Time {
        match sort {
            Sort::Prompt => self.prompt.at(entry),
            Sort::Patient => self.patient.at(entry),
        }
    }

    /// The first deadline of a sort.
    pub(crate) fn next(&self, sort: Sort) -> Option<Time> {
        match sort {
            Sort::Prompt => self.prompt.next(),
            Sort::Patient => self.patient.next(),
        }
    }

    /// The next token that is due; those that somebody waits for come first.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<u32> {
        self.prompt.pop_due(now).or_else(|| self.patient.pop_due(now))
    }

    fn of(&mut self, sort: Sort) -> &mut Wheel<u32> {
        match sort {
            Sort::Prompt => &mut self.prompt,
            Sort::Patient => &mut self.patient,
        }
    }
}

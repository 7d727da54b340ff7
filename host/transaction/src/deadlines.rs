//! When one transaction is due: its two timers, and its one entry in the wheel.
//!
//! In: the [`Actions`] of a step. Out: the timer that has fired. An entry of the wheel that became too early
//! stays until it pops and is then inserted again at the true next deadline. Only where nothing is left but to forget
//! the transaction is it moved at once, to the wheel of those who can wait.

use crate::actions::Actions;
use crate::time::Time;
use crate::timers::{TimerName, Timers};
use crate::wheel::{Entry, TICK};
use crate::wheels::{Sort, Wheels};

/// The actions that start a timer which ends a state.
const ENDS: [(Actions, TimerName); 9] = [
    (Actions::START_B, TimerName::B),
    (Actions::START_D, TimerName::D),
    (Actions::START_F, TimerName::F),
    (Actions::START_H, TimerName::H),
    (Actions::START_I, TimerName::I),
    (Actions::START_J, TimerName::J),
    (Actions::START_K, TimerName::K),
    (Actions::START_L, TimerName::L),
    (Actions::START_M, TimerName::M),
];
const START_END: Actions = {
    let mut all = Actions::empty();
    let mut index = 0;
    while index < ENDS.len() {
        all = all.union(ENDS[index].0);
        index += 1;
    }
    all
};
const START_RETRANSMIT: Actions = Actions::START_A.union(Actions::START_E).union(Actions::START_G);
const DOUBLE_CAPPED: Actions = Actions::DOUBLE_E.union(Actions::DOUBLE_G);
const AGAIN: Actions = Actions::DOUBLE_A.union(DOUBLE_CAPPED).union(Actions::E_AT_T2);
const STOP_RETRANSMIT: Actions = Actions::STOP_A.union(Actions::STOP_E).union(Actions::STOP_G);

/// A transaction's timers.
pub(crate) struct Deadlines {
    retransmit: Time,
    end: Time,
    /// What the retransmission timer was last started with, in milliseconds.
    interval: u32,
    entry: Option<Entry>,
    /// Which wheel the entry is in.
    sort: Sort,
    end_timer: TimerName,
    timers: Timers,
}

/// Which of the two timers has fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    Retransmit,
    End(TimerName),
}

impl Deadlines {
    pub(crate) fn new(timers: Timers) -> Deadlines {
        Deadlines {
            retransmit: Time::NEVER,
            end: Time::NEVER,
            interval: 0,
            entry: None,
            sort: Sort::Prompt,
            end_timer: TimerName::B,
            timers,
        }
    }

    pub(crate) fn timers(&self) -> Timers {
        self.timers
    }

    /// From now on these: what runs already runs on.
    pub(crate) fn set_timers(&mut self, timers: Timers) {
        self.timers = timers;
    }

    /// Starts and stops what a step says.
    pub(crate) fn apply(&mut self, now: Time, actions: Actions) {
        if actions.intersects(STOP_RETRANSMIT) {
            self.retransmit = Time::NEVER;
        }
        if actions.contains(Actions::STOP_B) {
            self.end = Time::NEVER;
        }
        if actions.intersects(START_RETRANSMIT.union(AGAIN)) {
            let t2 = self.timers.t2_millis();
            self.interval = if actions.intersects(START_RETRANSMIT) {
                self.timers.millis(TimerName::A)
            } else if actions.contains(Actions::DOUBLE_A) {
                self.interval.saturating_mul(2)
            } else if actions.contains(Actions::E_AT_T2) {
                t2
            } else {
                self.interval.saturating_mul(2).min(t2)
            };
            self.retransmit = now.plus_millis(self.interval);
        }
        if actions.intersects(START_END)
            && let Some((_, timer)) = ENDS.into_iter().find(|(start, _)| actions.contains(*start))
        {
            self.end = now.plus_millis(self.timers.millis(timer));
            self.end_timer = timer;
        }
    }

    /// Makes sure that a wheel wakes the transaction in time.
    pub(crate) fn arm(&mut self, now: Time, wheels: &mut Wheels, token: u32) {
        let next = self.retransmit.min(self.end);
        if next == Time::NEVER {
            return;
        }
        let sort = if self.retransmit == Time::NEVER { Sort::of(self.end_timer) } else { Sort::Prompt };
        if let Some(entry) = self.entry {
            // The wheel rounds up to a tick.
            if sort == self.sort && wheels.at(entry, sort) < next + TICK {
                return;
            }
            wheels.remove(entry, self.sort);
        }
        self.sort = sort;
        self.entry = Some(wheels.insert(now, next, token, sort));
    }

    /// The wheel has popped the entry: which timer fired? The one that ends the state goes first, since there
    /// is nothing left to retransmit after it.
    pub(crate) fn popped(&mut self, now: Time) -> Option<Due> {
        self.entry = None;
        if self.end <= now {
            self.end = Time::NEVER;
            Some(Due::End(self.end_timer))
        } else if self.retransmit <= now {
            self.retransmit = Time::NEVER;
            Some(Due::Retransmit)
        } else {
            None
        }
    }

    /// The transaction is over.
    pub(crate) fn disarm(&mut self, wheels: &mut Wheels) {
        if let Some(entry) = self.entry.take() {
            wheels.remove(entry, self.sort);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_until_it_pops_unless_it_would_be_late() {
        let mut wheels = Wheels::default();
        let mut deadlines = Deadlines::new(Timers::RFC3261);
        deadlines.apply(Time::ZERO, Actions::START_A | Actions::START_B);
        deadlines.arm(Time::ZERO, &mut wheels, 0);
        assert_eq!(wheels.next(Sort::Prompt), Some(Time::from_millis(500)));
        deadlines.apply(Time::from_millis(100), Actions::STOP_A | Actions::STOP_B);
        deadlines.arm(Time::ZERO, &mut wheels, 0);
        assert_eq!(wheels.next(Sort::Prompt), Some(Time::from_millis(500)));
        // At its time there is nothing to do.
        assert_eq!(wheels.pop_due(Time::from_millis(500)), Some(0));
        assert_eq!(deadlines.popped(Time::from_millis(500)), None);
        deadlines.arm(Time::ZERO, &mut wheels, 0);
        assert!(wheels.is_empty());
        // A later one first, then an earlier one: moved.
        deadlines.apply(Time::from_millis(500), Actions::START_F);
        deadlines.arm(Time::ZERO, &mut wheels, 0);
        deadlines.apply(Time::from_millis(500), Actions::START_E);
        deadlines.arm(Time::ZERO, &mut wheels, 0);
        assert_eq!(wheels.next(Sort::Prompt), Some(Time::from_millis(1000)));
        deadlines.disarm(&mut wheels);
        assert!(wheels.is_empty());
    }

    #[test]
    fn what_only_lingers_wakes_nobody_promptly() {
        let mut wheels = Wheels::default();
        let mut deadlines = Deadlines::new(Timers::RFC3261);
        deadlines.apply(Time::ZERO, Actions::START_E | Actions::START_F);
        deadlines.arm(Time::ZERO, &mut wheels, 7);
        deadlines.apply(Time::from_millis(3), Actions::STOP_E | Actions::START_K);
        deadlines.arm(Time::from_millis(3), &mut wheels, 7);
        assert_eq!(wheels.next(Sort::Prompt), None);
        assert_eq!(wheels.next(Sort::Patient), Some(Time::from_millis(5010)));
        assert_eq!(wheels.pop_due(Time::from_millis(5009)), None);
        assert_eq!(wheels.pop_due(Time::from_millis(5010)), Some(7));
        assert_eq!(deadlines.popped(Time::from_millis(5010)), Some(Due::End(TimerName::K)));
        assert!(wheels.is_empty());
    }

    #[test]
    fn the_end_goes_before_a_retransmission() {
        let mut deadlines = Deadlines::new(Timers::RFC3261);
        deadlines.apply(Time::ZERO, Actions::START_A | Actions::START_B);
        assert_eq!(deadlines.popped(Time::from_millis(40_000)), Some(Due::End(TimerName::B)));
    }
}

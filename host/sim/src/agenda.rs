//! What is due when: events of a world in the order of their times; of one time the one that was planned first.
//!
//! In: events with their times. Out: the earliest. Carrying them out is the world's.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use transaction::Time;

/// Events that are to come.
pub(crate) struct Agenda<E> {
    due: BinaryHeap<Due<E>>,
    /// Of the event that was planned last.
    sequence: u64,
}

/// Something that happens at a time.
struct Due<E> {
    at: Time,
    sequence: u64,
    event: E,
}

impl<E> Default for Agenda<E> {
    fn default() -> Agenda<E> {
        Agenda { due: BinaryHeap::new(), sequence: 0 }
    }
}

impl<E> Agenda<E> {
    /// Plans an event.
    pub(crate) fn plan(&mut self, at: Time, event: E) {
        let sequence = self.take_number();
        self.due.push(Due { at, sequence, event });
    }

    /// A number that no event has, and nobody else.
    pub(crate) fn take_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// When the next event is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due.peek().map(|first| first.at)
    }

    /// The next event, if it is due by now.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<E> {
        self.next_due().filter(|at| *at <= now)?;
        self.due.pop().map(|due| due.event)
    }

    /// Forgets what is not to happen any more.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&E) -> bool) {
        self.due.retain(|due| stays(&due.event));
    }
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    /// The earliest is the greatest, as a heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_of_one_time_what_was_planned_first() {
        let mut agenda = Agenda::default();
        for (at, event) in [(20, "c"), (10, "a"), (20, "d"), (10, "b"), (30, "e")] {
            agenda.plan(Time::from_millis(at), event);
        }
        assert_eq!(agenda.take_number(), 6);
        agenda.retain(|event| *event != "d");
        assert_eq!(agenda.pop_due(Time::from_millis(9)), None);
        assert_eq!(agenda.next_due(), Some(Time::from_millis(10)));
        let came: Vec<_> = std::iter::from_fn(|| agenda.pop_due(Time::from_millis(20))).collect();
        assert_eq!(came, ["a", "b", "c"]);
        assert_eq!(agenda.next_due(), Some(Time::from_millis(30)));
    }
}

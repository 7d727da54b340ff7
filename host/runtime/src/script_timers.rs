//! Timers that scripts started. In: tokens and delays, from any shard. Out: tokens whose time has come, to the first
//! shard, which looks when [`ScriptTimers::next`] says and is woken where that becomes earlier.
//!
//! Kept in memory only; a restart forgets them. A timer costs no task and, as most are stopped before their time, no
//! wake-up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use transaction::Time;

use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::message::ToShard;

/// Most timers that run at once.
pub(crate) const MAX_TIMERS: usize = 100_000;

/// Most that a round of the shard takes.
const MAX_AT_ONCE: usize = 256;

/// When a timer fires; the number tells it from others of the same moment.
type Due = (Time, u64);

#[derive(Default)]
struct Running {
    by_token: HashMap<Arc<str>, Due>,
    by_time: BTreeMap<Due, Arc<str>>,
    number: u64,
}

/// The running timers.
pub(crate) struct ScriptTimers {
    clock: Clock,
    inbox: Arc<Inbox<ToShard>>,
    running: Mutex<Running>,
    /// The first one's time, or one that was stopped since; [`Time::NEVER`]: there is none.
    next: AtomicU64,
}

impl ScriptTimers {
    /// No timer yet. `inbox` is that of the shard that takes them.
    pub(crate) fn new(clock: Clock, inbox: Arc<Inbox<ToShard>>) -> Self {
        Self { clock, inbox, running: Mutex::default(), next: Time::NEVER.0.into() }
    }

    /// Starts a timer, or starts it again. False: there are too many.
    pub(crate) fn start(&self, token: &str, after: Duration) -> bool {
        let at = self.clock.now() + after;
        let mut running = self.running.lock();
        if running.by_token.len() >= MAX_TIMERS && !running.by_token.contains_key(token) {
            return false;
        }
        running.number += 1;
        let due = (at, running.number);
        let token: Arc<str> = token.into();
        if let Some(before) = running.by_token.insert(Arc::clone(&token), due) {
            running.by_time.remove(&before);
        }
        running.by_time.insert(due, token);
        if at.0 < self.next.load(Ordering::Relaxed) {
            self.next.store(at.0, Ordering::Relaxed);
            drop(running);
            self.inbox.ring();
        }
        true
    }

    /// Stops a timer. Whether it was running.
    pub(crate) fn cancel(&self, token: &str) -> bool {
        let mut running = self.running.lock();
        let Some(due) = running.by_token.remove(token) else { return false };
        running.by_time.remove(&due);
        true
    }

    /// When the shard is to look.
    pub(crate) fn next(&self) -> Option<Time> {
        Some(Time(self.next.load(Ordering::Relaxed))).filter(|next| *next < Time::NEVER)
    }

    /// Timers whose time has come, the first one first. More than a round takes stay for the next.
    pub(crate) fn take_due(&self, now: Time) -> Vec<Arc<str>> {
        let mut running = self.running.lock();
        let mut due = Vec::new();
        while due.len() < MAX_AT_ONCE
            && let Some(first) = running.by_time.first_entry()
            && first.key().0 <= now
        {
            let token = first.remove();
            running.by_token.remove(&token);
            due.push(token);
        }
        let next = running.by_time.first_key_value().map_or(Time::NEVER, |((at, _), _)| *at);
        self.next.store(next.0, Ordering::Relaxed);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timers() -> (ScriptTimers, Arc<Inbox<ToShard>>) {
        let inbox = Arc::new(Inbox::new().unwrap());
        (ScriptTimers::new(Clock::start(), Arc::clone(&inbox)), inbox)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn fired(timers: &ScriptTimers, after_ms: u64) -> Vec<String> {
        timers.take_due(timers.clock.now() + ms(after_ms)).iter().map(|token| token.to_string()).collect()
    }

    #[test]
    fn each_fires_once_in_order() {
        let (timers, _) = timers();
        for (token, after) in [("later", 7_000), ("soon", 1_000), ("at once", 0), ("never", 90_000)] {
            assert!(timers.start(token, ms(after)));
        }
        assert_eq!(fired(&timers, 8_000), ["at once", "soon", "later"]);
        assert!(fired(&timers, 8_000).is_empty());
        assert_eq!(fired(&timers, 99_000), ["never"]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn one_that_is_stopped_or_started_again_does_not_fire_at_its_old_time() {
        let (timers, _) = timers();
        assert!(timers.start("a", ms(10)) && timers.start("b", ms(20)) && timers.start("a", ms(5_000)));
        assert!(timers.cancel("b") && !timers.cancel("b"));
        assert!(fired(&timers, 1_000).is_empty());
        assert_eq!(fired(&timers, 6_000), ["a"]);
        assert!(!timers.cancel("a"));
    }

    #[test]
    fn the_shard_is_woken_where_one_is_earlier_than_all_others() {
        let (timers, inbox) = timers();
        let mut told = Vec::new();
        inbox.drain(&mut told);
        assert!(inbox.park());
        timers.start("first", ms(1_000));
        assert!(!inbox.park(), "it was rung");
        inbox.drain(&mut told);
        assert!(inbox.park());
        timers.start("later", ms(2_000));
        assert!(inbox.park(), "nothing is due earlier");
        timers.start("earlier", ms(500));
        assert!(!inbox.park());
    }

    #[test]
    fn there_are_no_more_than_so_many() {
        let (timers, _) = timers();
        for number in 0..MAX_TIMERS {
            assert!(timers.start(&number.to_string(), ms(1_000)));
        }
        assert!(!timers.start("one more", ms(1)));
        assert!(timers.start("7", ms(1)), "one that runs may be started again");
        assert!(timers.cancel("8") && timers.start("one more", ms(1)));
    }

    #[test]
    fn many_at_once_are_taken_in_rounds() {
        let (timers, _) = timers();
        for number in 0..=MAX_AT_ONCE {
            timers.start(&number.to_string(), ms(1));
        }
        assert_eq!(fired(&timers, 2).len(), MAX_AT_ONCE);
        assert!(timers.next().is_some());
        assert_eq!(fired(&timers, 2).len(), 1);
    }
}

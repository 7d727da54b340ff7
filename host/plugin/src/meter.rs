//! How long a guest has had the thread, and what to do when an epoch ends while it has it.
//!
//! In: the begin and end of each poll, and the ticks of `ticker.rs` through wasmtime's epoch callback. Out: go on,
//! yield (the call is polled again by its waker, others get the thread meanwhile) or interrupt. The time between two
//! polls belongs to others: it does not count against the budget, but in how long the call lasted.
//!
//! ```text
//!  poll ─▶ guest runs ──tick──▶ budget spent, and this is not one of the first ticks:
//!                                   interrupt (a trap; the guest is thrown away)
//!                               below YIELD_AFTER in this poll: go on
//!                               else: yield, go on at the next poll
//! ```

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

/// A guest that has had the thread for less than this keeps it at a tick: most ticks hit a call of a few µs.
const YIELD_AFTER: Duration = Duration::from_millis(1);

/// A guest is interrupted at this tick of its call at the earliest. A thread that the system has put aside for long
/// comes back to one tick, however many it missed; a guest in a loop sees them all.
const INTERRUPT_AT_TICK: u32 = 4;

/// The clock of one guest. Written by the poll, read by the epoch callback below it on the same thread.
#[derive(Debug)]
pub(crate) struct Meter {
    base: Instant,
    budget: AtomicU64,
    /// Nanoseconds of finished polls of this call.
    spent: AtomicU64,
    /// From the first poll of this call to the end of its last one, ns.
    lasted: AtomicU64,
    /// When the current poll began, ns since `base`.
    resumed: AtomicU64,
    /// Ticks that found this call running.
    ticks: AtomicU32,
}

impl Meter {
    pub(crate) fn new(budget: Duration) -> Meter {
        Meter {
            base: Instant::now(),
            budget: AtomicU64::new(nanoseconds(budget)),
            spent: AtomicU64::new(0),
            lasted: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            ticks: AtomicU32::new(0),
        }
    }

    /// A new call with this much time.
    pub(crate) fn begin(&self, budget: Duration) {
        self.budget.store(nanoseconds(budget), Relaxed);
        self.spent.store(0, Relaxed);
        self.ticks.store(0, Relaxed);
    }

    /// Runs a call under this meter: counts the time of each poll.
    pub(crate) async fn time<F: Future>(&self, call: F) -> F::Output {
        let mut call = pin!(call);
        let mut began = None;
        poll_fn(|context| {
            let resumed = self.now();
            self.resumed.store(resumed, Relaxed);
            let polled = call.as_mut().poll(context);
            let paused = self.now();
            self.spent.store(self.spent.load(Relaxed) + (paused - resumed), Relaxed);
            self.lasted.store(paused - *began.get_or_insert(resumed), Relaxed);
            polled
        })
        .await
    }

    /// What finished polls of this call took.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Relaxed))
    }

    /// From this call's first poll to its end, with what it waited for.
    pub(crate) fn lasted(&self) -> Duration {
        Duration::from_nanos(self.lasted.load(Relaxed))
    }

    /// Called from inside a poll when an epoch has ended.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        let this_poll = self.now() - self.resumed.load(Relaxed);
        let ticks = self.ticks.load(Relaxed).saturating_add(1);
        self.ticks.store(ticks, Relaxed);
        let is_over = self.spent.load(Relaxed) + this_poll >= self.budget.load(Relaxed);
        if is_over && ticks >= INTERRUPT_AT_TICK {
            UpdateDeadline::Interrupt
        } else if this_poll < nanoseconds(YIELD_AFTER) {
            UpdateDeadline::Continue(1)
        } else {
            UpdateDeadline::Yield(1)
        }
    }

    fn now(&self) -> u64 {
        nanoseconds(self.base.elapsed())
    }
}

/// Nanoseconds in 64 bits: 584 years, more is cut.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ticks(meter: &Meter, ticks: u32) -> UpdateDeadline {
        (1..ticks).for_each(|_| drop(meter.at_tick()));
        meter.at_tick()
    }

    #[test]
    fn a_call_that_has_just_begun_keeps_the_thread() {
        let meter = Meter::new(Duration::from_secs(3600));
        meter.resumed.store(meter.now(), Relaxed);
        assert!(matches!(meter.at_tick(), UpdateDeadline::Continue(1)));
    }

    #[test]
    fn a_tick_interrupts_only_when_the_budget_is_spent() {
        let meter = Meter::new(Duration::from_secs(3600));
        meter.resumed.store(meter.now(), Relaxed);
        assert!(!matches!(at_ticks(&meter, 2 * INTERRUPT_AT_TICK), UpdateDeadline::Interrupt));
        meter.begin(Duration::ZERO);
        assert!(matches!(at_ticks(&meter, INTERRUPT_AT_TICK), UpdateDeadline::Interrupt));
        meter.begin(Duration::from_secs(3600));
        meter.spent.store(nanoseconds(Duration::from_secs(3600)), Relaxed);
        assert!(
            matches!(at_ticks(&meter, INTERRUPT_AT_TICK), UpdateDeadline::Interrupt),
            "earlier polls count"
        );
    }

    #[test]
    fn a_thread_that_was_put_aside_is_no_guest_in_a_loop() {
        let meter = Meter::new(Duration::ZERO);
        for _ in 1..INTERRUPT_AT_TICK {
            assert!(!matches!(meter.at_tick(), UpdateDeadline::Interrupt));
        }
        assert!(matches!(meter.at_tick(), UpdateDeadline::Interrupt));
    }
}

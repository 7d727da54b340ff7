//! What is counted of recordings: of each one, and of all of them in the life of a host.
//!
//! In: counts while calls are heard and written. Out: [`Figures`], which never become less.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// Of one recording.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) calls: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) unfaithful: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) withheld: AtomicU64,
    pub(super) is_over: AtomicBool,
    pub(super) ended: Mutex<Option<String>>,
}

impl Counts {
    /// It ends by itself.
    pub(super) fn end(&self, why: String) {
        self.is_over.store(true, Relaxed);
        tracing::warn!(%why, "a recording of calls has ended");
        *self.ended.lock() = Some(why);
    }

    fn figures(&self) -> Figures {
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        let unfaithful = count(&self.unfaithful);
        Figures {
            is_running: !self.is_over.load(Relaxed),
            // the two are not counted in one moment
            faithful: count(&self.calls).saturating_sub(unfaithful),
            unfaithful,
            dropped: count(&self.dropped),
            withheld: count(&self.withheld),
            bytes: count(&self.bytes),
        }
    }
}

/// Of all recordings since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figures {
    /// Whether one goes on.
    pub(crate) is_running: bool,
    /// Calls in the files that decide the same when they are made again.
    pub(crate) faithful: u64,
    /// Calls in the files that do not.
    pub(crate) unfaithful: u64,
    /// Calls that were not written because more came than can be.
    pub(crate) dropped: u64,
    /// Calls that were not written for what is in them.
    pub(crate) withheld: u64,
    /// Bytes of the files.
    pub(crate) bytes: u64,
}

impl Figures {
    /// Of these and of others that begin afterwards.
    fn and(self, next: Figures) -> Figures {
        Figures {
            is_running: next.is_running,
            faithful: self.faithful + next.faithful,
            unfaithful: self.unfaithful + next.unfaithful,
            dropped: self.dropped + next.dropped,
            withheld: self.withheld + next.withheld,
            bytes: self.bytes + next.bytes,
        }
    }
}

/// All recordings: those that are put away, and the last one.
#[derive(Debug, Default)]
pub(super) struct Totals(Mutex<(Figures, Option<Arc<Counts>>)>);

impl Totals {
    /// Another recording is the last one.
    pub(super) fn begin(&self, counts: &Arc<Counts>) {
        let mut all = self.0.lock();
        all.0 = sum(&all);
        all.1 = Some(Arc::clone(counts));
    }

    /// As they are now.
    pub(super) fn figures(&self) -> Figures {
        sum(&self.0.lock())
    }
}

fn sum((before, last): &(Figures, Option<Arc<Counts>>)) -> Figures {
    before.and(last.as_ref().map(|counts| counts.figures()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_on_from_one_recording_to_the_next() {
        let totals = Totals::default();
        assert_eq!(totals.figures(), Figures::default(), "there was none");
        let begin = || {
            let counts = Arc::<Counts>::default();
            totals.begin(&counts);
            counts
        };
        let first = begin();
        assert!(totals.figures().is_running);
        first.calls.store(5, Relaxed);
        first.unfaithful.store(2, Relaxed);
        first.bytes.store(100, Relaxed);
        first.end("full".into());
        assert!(!totals.figures().is_running);
        let second = begin();
        second.calls.store(1, Relaxed);
        second.dropped.store(4, Relaxed);
        second.withheld.store(3, Relaxed);
        second.bytes.store(10, Relaxed);
        let all =
            Figures { is_running: true, faithful: 4, unfaithful: 2, dropped: 4, withheld: 3, bytes: 110 };
        assert_eq!(totals.figures(), all);
    }
}

//! Runs a shard's futures (consultations of scripts) on the shard's own thread.
//!
//! In: futures, and wake-ups from any thread. Out: their results with the key each was started under. Nearly all
//! end at their first poll; only those that wait cost a slot. Not a general executor: no spawning from futures, no
//! timers, no I/O.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use slab::Slab;

/// Futures that are polled again in one round.
const MAX_POLLED: usize = 256;

/// Rings the shard that owns the executor.
pub(crate) trait Bell: Send + Sync + 'static {
    /// Something is to be polled again.
    fn ring(&self);
}

/// Futures of one shard. `K` names what a future is about.
pub(crate) struct Executor<K, F> {
    waiting: Slab<(K, F)>,
    wakers: Vec<Waker>,
    woken: Arc<Woken>,
}

struct Woken {
    slots: Mutex<VecDeque<usize>>,
    bell: Box<dyn Bell>,
}

struct SlotWaker {
    slot: usize,
    woken: Arc<Woken>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.slots.lock().push_back(self.slot);
        self.woken.bell.ring();
    }
}

impl<K: Copy, F: Future + Unpin> Executor<K, F> {
    /// An executor whose wake-ups ring `bell`.
    pub(crate) fn new(bell: Box<dyn Bell>) -> Self {
        Self {
            waiting: Slab::new(),
            wakers: Vec::new(),
            woken: Arc::new(Woken { slots: Mutex::new(VecDeque::new()), bell }),
        }
    }

    /// Polls a new future once; gives its result if it has one already, and keeps it otherwise.
    pub(crate) fn start(&mut self, key: K, future: F) -> Option<F::Output> {
        let entry = self.waiting.vacant_entry();
        let slot = entry.key();
        entry.insert((key, future));
        while self.wakers.len() <= slot {
            let waker = SlotWaker { slot: self.wakers.len(), woken: Arc::clone(&self.woken) };
            self.wakers.push(Arc::new(waker).into());
        }
        self.poll(slot).map(|(_, result)| result)
    }

    /// Polls futures that were woken, the one that waits longest first and at most [`MAX_POLLED`]; hands each result to
    /// `done`. One that woke itself is a guest that runs on: it has had the thread for a tick, and new messages are looked
    /// at before the next one. Where more are waiting, the bell is rung again.
    pub(crate) fn poll_woken(&mut self, mut done: impl FnMut(K, F::Output)) {
        for _ in 0..MAX_POLLED {
            let Some(slot) = self.woken.slots.lock().pop_front() else { return };
            match self.poll(slot) {
                Some((key, result)) => done(key, result),
                None if self.woken.slots.lock().back() == Some(&slot) => break,
                None => {}
            }
        }
        if !self.woken.slots.lock().is_empty() {
            self.woken.bell.ring();
        }
    }

    /// Futures that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn poll(&mut self, slot: usize) -> Option<(K, F::Output)> {
        // A wake-up for an earlier future of this slot finds none, or polls the present one once too often.
        let (key, future) = self.waiting.get_mut(slot)?;
        let mut context = Context::from_waker(&self.wakers[slot]);
        match Pin::new(future).poll(&mut context) {
            Poll::Pending => None,
            Poll::Ready(result) => {
                let key = *key;
                self.waiting.remove(slot);
                Some((key, result))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Count(Arc<AtomicUsize>);
    impl Bell for Count {
        fn ring(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_ready_future_takes_no_slot() {
        let mut executor = Executor::new(Box::new(Count(Arc::default())));
        assert_eq!(executor.start(1, Box::pin(async { 7 })), Some(7));
        assert_eq!(executor.len(), 0);
    }

    #[test]
    fn a_waiting_future_ends_after_its_wake_up() {
        let rings = Arc::new(AtomicUsize::new(0));
        let mut executor = Executor::new(Box::new(Count(Arc::clone(&rings))));
        let mut polled = false;
        let future = std::future::poll_fn(move |context| {
            if polled {
                return Poll::Ready("late");
            }
            polled = true;
            context.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!(executor.start(9, Box::pin(future)), None);
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        let mut got = Vec::new();
        executor.poll_woken(|key, result| got.push((key, result)));
        assert_eq!(got, [(9, "late")]);
        assert_eq!(executor.len(), 0);
    }

    /// Else answers that come together, of the HSS for instance, would each wait for a round of their own.
    #[test]
    fn all_that_others_woke_are_polled_in_a_round() {
        let rings = Arc::new(AtomicUsize::new(0));
        let mut executor = Executor::new(Box::new(Count(Arc::clone(&rings))));
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        for n in 0..9 {
            let (wakers, mut polls) = (Arc::clone(&wakers), 0);
            let future = std::future::poll_fn(move |context| {
                polls += 1;
                // each third one waits a second time
                if polls <= 1 + usize::from(n % 3 == 0) {
                    wakers.lock().push(context.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(n)
            });
            assert_eq!(executor.start(n, Box::pin(future)), None);
        }
        let mut got = Vec::new();
        for left in [3, 0] {
            std::mem::take(&mut *wakers.lock()).into_iter().for_each(Waker::wake);
            let before = rings.load(Ordering::SeqCst);
            executor.poll_woken(|_, n| got.push(n));
            assert_eq!(executor.len(), left);
            assert_eq!(rings.load(Ordering::SeqCst), before, "nothing is left to poll");
        }
        assert_eq!(got, [1, 2, 4, 5, 7, 8, 0, 3, 6]);
    }

    #[test]
    fn one_of_many_that_run_on_is_polled_in_a_round() {
        let rings = Arc::new(AtomicUsize::new(0));
        let mut executor = Executor::new(Box::new(Count(Arc::clone(&rings))));
        let polls: Arc<[AtomicUsize; 3]> = Arc::default();
        for n in 0..3 {
            let polls = Arc::clone(&polls);
            let future = std::future::poll_fn(move |context| {
                polls[n].fetch_add(1, Ordering::SeqCst);
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            });
            assert_eq!(executor.start(n, Box::pin(future)), None);
        }
        for round in 0..6 {
            let before = rings.load(Ordering::SeqCst);
            executor.poll_woken(|_, ()| unreachable!());
            let polled: usize = polls.iter().map(|polls| polls.load(Ordering::SeqCst)).sum();
            assert_eq!(polled, 3 + round + 1, "one more in each round");
            assert!(rings.load(Ordering::SeqCst) > before, "the shard must not sleep");
        }
        assert!(polls.iter().all(|polls| polls.load(Ordering::SeqCst) == 3), "each has its turn");
    }
}

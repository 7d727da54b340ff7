//! What other threads tell a shard: a bounded queue and, only where the shard sleeps, one wake-up.
//!
//! In: values from any thread. Out: the shard drains them at the start of a round. A shard that is awake is
//! never written to: [`Inbox::park`] and [`Inbox::unpark`] bracket the time in which a wake-up is needed.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

/// Values a shard may have waiting before senders are refused.
pub(crate) const MAX_WAITING: usize = 262_144;

/// A queue into one shard. Shared between threads.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    queue: Mutex<VecDeque<T>>,
    filled: AtomicBool,
    parked: AtomicBool,
    bell: OwnedFd,
}

impl<T> Inbox<T> {
    /// An empty inbox.
    ///
    /// # Errors
    /// The kernel gives no event descriptor.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            queue: Mutex::new(VecDeque::new()),
            filled: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            bell: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
        })
    }

    /// Puts one value in; gives it back when the shard is hopelessly behind.
    pub(crate) fn push(&self, value: T) -> Result<(), T> {
        {
            let mut queue = self.queue.lock();
            if queue.len() >= MAX_WAITING {
                return Err(value);
            }
            queue.push_back(value);
        }
        self.ring();
        Ok(())
    }

    /// Puts several in with one lock and at most one wake-up. Never refused: these are answers to what the shard
    /// asked for, and so are bounded by what it has under way.
    pub(crate) fn extend(&self, values: impl IntoIterator<Item = T>) {
        self.queue.lock().extend(values);
        self.ring();
    }

    /// Wakes the shard where it sleeps.
    pub(crate) fn ring(&self) {
        self.filled.store(true, Ordering::SeqCst);
        if self.parked.swap(false, Ordering::SeqCst) {
            // A full counter means that the shard is being woken already.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }

    /// Moves what waits into `into`. The cost where nothing waits is one atomic read.
    pub(crate) fn drain(&self, into: &mut Vec<T>) {
        if self.filled.swap(false, Ordering::SeqCst) {
            into.extend(self.queue.lock().drain(..));
        }
    }

    /// Says that the shard is about to sleep on [`Inbox::bell`]. False where it must not: something came.
    pub(crate) fn park(&self) -> bool {
        self.parked.store(true, Ordering::SeqCst);
        if self.filled.load(Ordering::SeqCst) {
            self.parked.store(false, Ordering::SeqCst);
            return false;
        }
        true
    }

    /// Says that the shard is awake. `rung`: the bell was found readable, and is quieted. One that is rung while the shard
    /// wakes for another reason is found the next time.
    pub(crate) fn unpark(&self, rung: bool) {
        self.parked.store(false, Ordering::SeqCst);
        if rung {
            let mut count = [0u8; 8];
            let _ = rustix::io::read(&self.bell, &mut count);
        }
    }

    /// The descriptor that becomes readable when the sleeping shard is wanted.
    pub(crate) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_awake_shard_is_not_rung() {
        let inbox = Inbox::new().unwrap();
        inbox.push(1).unwrap();
        let mut count = [0u8; 8];
        assert!(rustix::io::read(inbox.bell(), &mut count).is_err(), "nothing was written to the bell");
        let mut got = Vec::new();
        inbox.drain(&mut got);
        assert_eq!(got, [1]);
    }

    #[test]
    fn a_sleeping_shard_is_rung_once() {
        let inbox = Inbox::new().unwrap();
        assert!(inbox.park());
        inbox.push(1).unwrap();
        inbox.push(2).unwrap();
        let mut count = [0u8; 8];
        rustix::io::read(inbox.bell(), &mut count).unwrap();
        assert_eq!(u64::from_ne_bytes(count), 1);
    }

    #[test]
    fn a_bell_that_is_rung_while_the_shard_wakes_is_quieted_the_next_time() {
        let inbox = Inbox::new().unwrap();
        assert!(inbox.park());
        inbox.push(1).unwrap();
        inbox.unpark(false);
        inbox.drain(&mut Vec::new());
        assert!(inbox.park());
        inbox.unpark(true);
        assert!(rustix::io::read(inbox.bell(), &mut [0u8; 8]).is_err(), "the bell is quiet");
    }

    #[test]
    fn a_value_that_came_before_sleep_forbids_it() {
        let inbox = Inbox::new().unwrap();
        inbox.push(1).unwrap();
        assert!(!inbox.park());
    }

    #[test]
    fn a_full_inbox_gives_the_value_back() {
        let inbox = Inbox::new().unwrap();
        for n in 0..MAX_WAITING {
            inbox.push(n).unwrap();
        }
        assert_eq!(inbox.push(7), Err(7));
    }
}

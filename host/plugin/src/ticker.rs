//! The thread that ends epochs, so that a guest in a loop comes back to the host.
//!
//! In: nothing; a hint that calls are made, and one that a guest was caught by a tick. Out: `increment_epoch`.
//!
//! ```text
//!   asleep ─a call begins─▶ slow ─a guest is caught─▶ fast
//!     ▲                     ▲ │ ▲                      │
//!     └──no call for QUIET──┘ │ └──nobody is caught────┘
//! ```
//! A wake-up costs several µs of CPU, and a guest's call takes about four, so while nobody is caught it ticks slowly, and
//! without calls not at all. Once somebody is caught it ticks fast, so that the thread a looping guest runs on is given
//! to others again and again until the guest's time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// Ticks without a call after which the thread sleeps.
const QUIET: u32 = 50;

/// What the thread and the callers tell each other.
#[derive(Debug, Default)]
struct Hints {
    /// A call has begun since the last tick.
    used: AtomicBool,
    /// A tick found a guest running.
    caught: AtomicBool,
    /// The thread sleeps until a call begins.
    asleep: AtomicBool,
}

/// A thread of ticks for one engine; it ends when the engine is gone.
#[derive(Debug, Clone)]
pub(crate) struct Ticker {
    hints: Arc<Hints>,
    thread: Thread,
}

impl Ticker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(
        engine: &wasmtime::Engine,
        slow: Duration,
        fast: Duration,
    ) -> std::io::Result<Ticker> {
        let engine = engine.weak();
        let hints = Arc::new(Hints::default());
        let seen = Arc::clone(&hints);
        let handle = thread::Builder::new().name("plugin-ticker".into()).spawn(move || {
            let mut pause = slow;
            let mut quiet = 0;
            loop {
                // An early wake-up (by a hint, or for no reason) only makes one tick come earlier.
                match quiet < QUIET {
                    true => thread::park_timeout(pause),
                    false => seen.sleep(),
                }
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
                let caught = seen.caught.swap(false, Ordering::Relaxed);
                pause = if caught { fast } else { slow };
                quiet = if seen.used.swap(false, Ordering::SeqCst) || caught { 0 } else { quiet + 1 };
            }
        })?;
        Ok(Ticker { hints, thread: handle.thread().clone() })
    }

    /// A guest is about to run. One atomic read, nearly always.
    pub(crate) fn call_begins(&self) {
        // Where the hint stands already, the thread is awake, or sees it before it sleeps.
        if !self.hints.used.load(Ordering::SeqCst) {
            self.hints.used.store(true, Ordering::SeqCst);
            if self.hints.asleep.load(Ordering::SeqCst) {
                self.thread.unpark();
            }
        }
    }

    /// A tick found a guest running.
    pub(crate) fn guest_caught(&self) {
        if !self.hints.caught.swap(true, Ordering::Relaxed) {
            self.thread.unpark();
        }
    }
}

impl Hints {
    /// Until a call begins; at most so long that a dropped engine is noticed.
    fn sleep(&self) {
        const LONGEST: Duration = Duration::from_secs(60);
        self.asleep.store(true, Ordering::SeqCst);
        if !self.used.load(Ordering::SeqCst) {
            thread::park_timeout(LONGEST);
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_ticker_is_woken_by_a_call() {
        let engine = wasmtime::Engine::default();
        let tick = Duration::from_micros(100);
        let ticker = Ticker::start(&engine, tick, tick).expect("a thread");
        let asleep = || ticker.hints.asleep.load(Ordering::SeqCst);
        while !asleep() {
            thread::yield_now();
        }
        ticker.call_begins();
        while asleep() {
            thread::yield_now();
        }
        while ticker.hints.used.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    }
}

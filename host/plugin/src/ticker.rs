//! The thread that ends epochs, so that a guest in a loop comes back to the host.
//!
//! In: nothing; and a hint that a guest was caught by a tick. Out: `increment_epoch`. While nobody is caught it ticks
//! slowly (a wake-up costs several µs of CPU, and a guest's call takes about four); once somebody is, it ticks fast, so
//! that the thread a looping guest runs on is given to others again and again until the guest's time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, Thread};
use std::time::Duration;

/// A thread of ticks for one engine; it ends when the engine is gone.
#[derive(Debug, Clone)]
pub(crate) struct Ticker {
    caught: Arc<AtomicBool>,
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
        let caught = Arc::new(AtomicBool::new(false));
        let seen = caught.clone();
        let handle = thread::Builder::new().name("plugin-ticker".into()).spawn(move || {
            let mut pause = slow;
            loop {
                // An early wake-up (by `guest_caught`, or for no reason) only makes one tick come earlier.
                thread::park_timeout(pause);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
                pause = if seen.swap(false, Relaxed) { fast } else { slow };
            }
        })?;
        Ok(Ticker { caught, thread: handle.thread().clone() })
    }

    /// A tick found a guest running.
    pub(crate) fn guest_caught(&self) {
        if !self.caught.swap(true, Relaxed) {
            self.thread.unpark();
        }
    }
}

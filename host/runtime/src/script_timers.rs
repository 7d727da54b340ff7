//! Timers that scripts started. In: tokens and delays. Out: [`ToShard::Timer`] to the first shard.
//!
//! Kept in memory only; a restart forgets them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::inbox::Inbox;
use crate::message::ToShard;

/// Most timers that run at once.
pub(crate) const MAX_TIMERS: usize = 100_000;

/// A timer's number, which tells it from a later one of the same token, and the task that waits.
type Running = HashMap<Box<str>, (u64, AbortHandle)>;

/// The running timers.
pub(crate) struct ScriptTimers {
    threads: Handle,
    inbox: Arc<Inbox<ToShard>>,
    running: Arc<Mutex<Running>>,
    next: std::sync::atomic::AtomicU64,
}

impl ScriptTimers {
    pub(crate) fn new(threads: Handle, inbox: Arc<Inbox<ToShard>>) -> Self {
        Self { threads, inbox, running: Arc::default(), next: 0.into() }
    }

    /// Starts a timer, or starts it again. False: there are too many.
    pub(crate) fn start(&self, token: &str, after: Duration) -> bool {
        let mut running = self.running.lock();
        if running.len() >= MAX_TIMERS && !running.contains_key(token) {
            return false;
        }
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (inbox, timers, name) =
            (Arc::clone(&self.inbox), Arc::clone(&self.running), Box::<str>::from(token));
        let task = self.threads.spawn(async move {
            tokio::time::sleep(after).await;
            let mut running = timers.lock();
            // A timer that was started again meanwhile is another one.
            if running.get(&name).is_some_and(|&(current, _)| current == number) {
                running.remove(&name);
                inbox.extend([ToShard::Timer { token: name.into() }]);
            }
        });
        if let Some((_, before)) = running.insert(token.into(), (number, task.abort_handle())) {
            before.abort();
        }
        true
    }

    /// Stops a timer. Whether it was running.
    pub(crate) fn cancel(&self, token: &str) -> bool {
        self.running.lock().remove(token).map(|(_, task)| task.abort()).is_some()
    }
}

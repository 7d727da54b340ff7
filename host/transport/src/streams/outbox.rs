//! What waits to be written on one connection.
//!
//! ```text
//!  Open ──finish──▶ Finishing ──▶ Closed        push works in Open only
//!    └────────────────close───────▶┘
//! ```
//! In: messages from any thread, keepalive answers from the reader. Out: batches for the one writer. Bounded in
//! messages and bytes. Not here: writing.

use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::Mutex;
use sip::Flow;
use tokio::sync::Notify;

use super::{CloseReason, SendError, StreamLimits};

/// One thing to write.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Bytes,
    /// Who to tell if it does not leave: token and flow as given to `send`. `None` for what is the connection's own.
    pub(super) report: Option<(u64, Flow)>,
}

impl Outgoing {
    pub(super) fn message(bytes: Bytes, token: u64, flow: Flow) -> Outgoing {
        Outgoing { bytes, report: Some((token, flow)) }
    }

    /// Something of the connection's own: nobody waits to hear of it.
    pub(super) fn unreported(bytes: Bytes) -> Outgoing {
        Outgoing { bytes, report: None }
    }

    /// The answer to CRLF CRLF (RFC 5626 §4.4.1).
    pub(super) fn pong() -> Outgoing {
        Outgoing::unreported(Bytes::from_static(b"\r\n"))
    }
}

#[derive(Debug)]
enum Phase {
    Open,
    /// What is queued is still written.
    Finishing,
    Closed(SendError),
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    phase: Phase,
}

/// The queue of one connection.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    ready: Notify,
}

/// What the writer is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Something was moved to the batch.
    Write,
    /// Everything is written and the connection is to be closed.
    Finish,
}

impl Outbox {
    pub(super) fn new() -> Outbox {
        let state = State { queue: VecDeque::new(), bytes: 0, phase: Phase::Open };
        Outbox { state: Mutex::new(state), ready: Notify::new() }
    }

    /// Queues one thing. A queue of bytes takes at least one message, however large. Gives it back with the reason
    /// where it cannot be taken.
    // the message comes back so that it can be sent another way; it does not travel far
    #[allow(clippy::result_large_err)]
    pub(super) fn push(
        &self,
        outgoing: Outgoing,
        limits: &StreamLimits,
    ) -> Result<(), (SendError, Outgoing)> {
        let mut state = self.state.lock();
        match state.phase {
            Phase::Open => {}
            Phase::Finishing => return Err((SendError::Closed(CloseReason::Local), outgoing)),
            Phase::Closed(why) => return Err((why, outgoing)),
        }
        let full = state.queue.len() >= limits.max_queued_messages
            || (!state.queue.is_empty() && state.bytes + outgoing.bytes.len() > limits.max_queued_bytes);
        if full {
            return Err((SendError::QueueFull, outgoing));
        }
        state.bytes += outgoing.bytes.len();
        let was_empty = state.queue.is_empty();
        state.queue.push_back(outgoing);
        drop(state);
        if was_empty {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Moves up to `most` things to `batch` as soon as there are any. For the one writer.
    pub(super) async fn next(&self, batch: &mut VecDeque<Outgoing>, most: usize) -> Next {
        loop {
            {
                let mut state = self.state.lock();
                if !state.queue.is_empty() {
                    let count = state.queue.len().min(most);
                    let taken: usize = state.queue.iter().take(count).map(|one| one.bytes.len()).sum();
                    state.bytes -= taken;
                    batch.extend(state.queue.drain(..count));
                    if state.queue.capacity() > KEPT_CAPACITY {
                        state.queue.shrink_to(KEPT_CAPACITY);
                    }
                    return Next::Write;
                }
                if !matches!(state.phase, Phase::Open) {
                    return Next::Finish;
                }
            }
            self.ready.notified().await;
        }
    }

    /// Takes no more; the writer ends once what is queued is written.
    pub(super) fn finish(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Finishing;
        }
        drop(state);
        self.ready.notify_one();
    }

    /// Takes no more, for this reason; gives what was not written.
    pub(super) fn close(&self, why: SendError) -> VecDeque<Outgoing> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Closed(_)) {
            state.phase = Phase::Closed(why);
        }
        state.bytes = 0;
        let rest = std::mem::take(&mut state.queue);
        drop(state);
        self.ready.notify_one();
        rest
    }

    /// Whether something can be pushed.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Open)
    }
}

/// Places that an idle queue keeps; a burst's are given back.
const KEPT_CAPACITY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow {
            transport: sip::Transport::Tcp,
            listener: 0,
            connection: 1,
            remote: "192.0.2.1:5060".parse().unwrap(),
        }
    }

    fn message(token: u64, length: usize) -> Outgoing {
        Outgoing::message(Bytes::from(vec![b'x'; length]), token, flow())
    }

    fn tokens(batch: &VecDeque<Outgoing>) -> Vec<u64> {
        batch.iter().filter_map(|one| one.report).map(|(token, _)| token).collect()
    }

    #[tokio::test]
    async fn messages_leave_in_order_and_in_batches() {
        let (outbox, limits) = (Outbox::new(), StreamLimits::default());
        for token in 0..5 {
            outbox.push(message(token, 10), &limits).unwrap();
        }
        let mut batch = VecDeque::new();
        assert_eq!(outbox.next(&mut batch, 3).await, Next::Write);
        assert_eq!(tokens(&batch), [0, 1, 2]);
        assert_eq!(outbox.next(&mut batch, 3).await, Next::Write);
        assert_eq!(tokens(&batch), [0, 1, 2, 3, 4]);
        assert_eq!(outbox.state.lock().bytes, 0);
    }

    #[test]
    fn both_bounds_hold() {
        let limits =
            StreamLimits { max_queued_messages: 2, max_queued_bytes: 100, ..StreamLimits::default() };
        let outbox = Outbox::new();
        outbox.push(message(1, 500), &limits).unwrap();
        assert_eq!(outbox.push(message(2, 1), &limits).unwrap_err().0, SendError::QueueFull);
        let outbox = Outbox::new();
        outbox.push(message(1, 1), &limits).unwrap();
        outbox.push(message(2, 1), &limits).unwrap();
        let (why, returned) = outbox.push(message(3, 1), &limits).unwrap_err();
        assert_eq!((why, returned.report.unwrap().0), (SendError::QueueFull, 3));
    }

    #[tokio::test]
    async fn finishing_writes_what_is_queued() {
        let (outbox, limits) = (Outbox::new(), StreamLimits::default());
        outbox.push(message(1, 1), &limits).unwrap();
        outbox.finish();
        assert_eq!(outbox.push(message(2, 1), &limits).unwrap_err().0, SendError::Closed(CloseReason::Local));
        let mut batch = VecDeque::new();
        assert_eq!(outbox.next(&mut batch, 9).await, Next::Write);
        assert_eq!(outbox.next(&mut batch, 9).await, Next::Finish);
    }

    #[tokio::test]
    async fn closing_gives_back_the_rest_and_the_first_reason_stays() {
        let (outbox, limits) = (Outbox::new(), StreamLimits::default());
        outbox.push(message(1, 1), &limits).unwrap();
        assert_eq!(tokens(&outbox.close(SendError::ConnectTimeout)), [1]);
        assert!(outbox.close(SendError::NoConnection).is_empty());
        assert_eq!(outbox.push(message(2, 1), &limits).unwrap_err().0, SendError::ConnectTimeout);
        assert_eq!(outbox.next(&mut VecDeque::new(), 9).await, Next::Finish);
        assert!(!outbox.is_open());
    }
}

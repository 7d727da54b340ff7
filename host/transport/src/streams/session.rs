//! One connection seen from its own task: what the byte streams and the WebSockets have in common.
//!
//! In: whole messages and the reason of the end. Out: calls of the sink and counters, each at the right moment
//! and once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sip::Method;

use super::outbox::Outgoing;
use super::table::{Connection, Registered};
use super::{CloseReason, Context, SendError};

/// Most messages that the writer takes at a time.
pub(super) const WRITE_BATCH: usize = 32;

/// How long the closing bytes (FIN, close_notify, Close frame) may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// A connection's task holds one.
pub(super) struct Session {
    registered: Registered,
    pub(super) context: Arc<Context>,
    /// Whether the peer made the connection.
    pub(super) accepted: bool,
    /// Requests received less final responses written: how many answers the peer still waits for.
    unanswered: AtomicUsize,
    /// Whether nothing more is read, since the peer has closed its side or cannot be understood any more, so that the
    /// connection ends with the last answer.
    half_closed: AtomicBool,
}

impl Session {
    pub(super) fn new(registered: Registered, context: Arc<Context>, accepted: bool) -> Session {
        registered.connection.touch();
        Session {
            registered,
            context,
            accepted,
            unanswered: AtomicUsize::new(0),
            half_closed: AtomicBool::new(false),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.registered.connection
    }

    /// A whole message arrived.
    pub(super) fn receive(&self, bytes: Vec<u8>) {
        if !bytes.starts_with(b"SIP/") && !bytes.starts_with(b"ACK ") {
            self.unanswered.fetch_add(1, Relaxed);
        }
        self.context.counters.received.add(1);
        self.context.sink.message(self.connection().flow, bytes);
    }

    /// CRLF CRLF arrived (RFC 5626 §4.4.1). With a full outbox it goes unanswered.
    pub(super) fn answer_keepalive(&self) {
        if self.connection().outbox.push(Outgoing::pong(), &self.context.limits).is_ok() {
            self.context.counters.keepalives.add(1);
        }
    }

    /// What came cannot be framed: says so where it can still be told who asked (RFC 3261 §18.3). Nothing more can be
    /// read from this connection.
    pub(super) fn refuse(&self, bytes: &[u8], error: sip::ParseError) {
        let Connection { flow, outbox, .. } = self.connection();
        let excerpt = sip::Excerpt::of(bytes, error, flow.remote);
        if let Some(sip::Excerpt { request, status }) =
            excerpt.filter(|one| one.request.method() != Method::Ack)
        {
            let mut answer = Vec::new();
            // nothing in a dialog can follow: any tag will do that no other connection has
            let to_tag = format!("{:x}", flow.connection);
            sip::respond(request.head(), status, "", Some(&to_tag), &mut answer, |_| {});
            self.unanswered.fetch_add(1, Relaxed);
            let _ = outbox.push(Outgoing::unreported(answer.into()), &self.context.limits);
        }
    }

    /// How long a wait for the peer may last that began when something was last read or written.
    pub(super) fn idle_deadline(&self) -> Instant {
        self.connection().last_active() + self.context.limits.idle
    }

    /// This was written; tells keepalives from messages.
    pub(super) fn wrote(&self, outgoing: &Outgoing) {
        self.connection().touch();
        if outgoing.report.is_some() {
            self.context.counters.sent.add(1);
        }
        if is_final_response(&outgoing.bytes) {
            // an answer to nothing, such as a second 2xx of a forked request, counts for nothing
            let _ = self.unanswered.fetch_update(Relaxed, Relaxed, |count| count.checked_sub(1));
        }
    }

    /// Nothing more is read: whether the peer still waits for an answer, which it may get.
    pub(super) fn half_close(&self) -> bool {
        self.half_closed.store(true, Relaxed);
        self.unanswered.load(Relaxed) > 0
    }

    /// Whether there is nothing left to write for.
    pub(super) fn is_over(&self) -> bool {
        self.half_closed.load(Relaxed) && self.unanswered.load(Relaxed) == 0
    }

    /// Nothing more comes from the peer: tells the sink, and takes no more messages that do not name this flow.
    pub(super) fn closed_for_reading(&self, why: CloseReason) {
        self.registered.retire();
        let counters = &self.context.counters;
        match why {
            CloseReason::Idle | CloseReason::SlowMessage | CloseReason::SlowPeer => counters.timed_out.add(1),
            CloseReason::Malformed(_) | CloseReason::TooLarge | CloseReason::WebSocket => {
                counters.malformed.add(1)
            }
            CloseReason::Peer | CloseReason::Local | CloseReason::Io(_) => {}
        }
        self.context.sink.closed(self.connection().flow, why);
    }

    /// The end: what was not written, the writer's batch first, is reported.
    pub(super) fn end(self, why: CloseReason, unwritten: VecDeque<Outgoing>) {
        give_back(&self.context, &self.registered, SendError::Closed(why), unwritten);
    }
}

/// As much of a start line as tells a final response: `SIP/2.0 2` to `SIP/2.0 6`.
fn is_final_response(bytes: &[u8]) -> bool {
    matches!(bytes, [b'S', b'I', b'P', b'/', _, b'.', _, b' ', b'2'..=b'6', ..])
}

/// Closes the outbox of a connection and reports all that was not written.
pub(super) fn give_back(
    context: &Context,
    registered: &Registered,
    why: SendError,
    unwritten: VecDeque<Outgoing>,
) {
    let rest = registered.connection.outbox.close(why);
    for outgoing in unwritten.into_iter().chain(rest) {
        if let Some((token, flow)) = outgoing.report {
            context.counters.undelivered.add(1);
            context.sink.undelivered(token, flow, outgoing.bytes, why);
        }
    }
}

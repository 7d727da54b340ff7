//! What the connections did so far, for metrics.

use crate::counter::Counter;

/// Live counters.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: Counter,
    pub(super) refused_total: Counter,
    pub(super) refused_source: Counter,
    pub(super) handshakes_failed: Counter,
    pub(super) connected: Counter,
    pub(super) connects_failed: Counter,
    pub(super) malformed: Counter,
    pub(super) timed_out: Counter,
    pub(super) received: Counter,
    pub(super) sent: Counter,
    pub(super) undelivered: Counter,
    pub(super) keepalives: Counter,
}

/// The counters at one moment. All but `open` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections open now, handshakes under way included.
    pub open: u64,
    /// Connections accepted, handshake included.
    pub accepted: u64,
    /// Refused because the total was reached.
    pub refused_total: u64,
    /// Refused because the source had its share.
    pub refused_source: u64,
    /// TLS or WebSocket handshakes of accepted connections that failed or took too long.
    pub handshakes_failed: u64,
    /// Outgoing connections made.
    pub connected: u64,
    /// Outgoing connections that failed.
    pub connects_failed: u64,
    /// Connections closed for what they sent.
    pub malformed: u64,
    /// Connections closed because a message, the peer, or everything was too slow.
    pub timed_out: u64,
    /// Messages received.
    pub received: u64,
    /// Messages written.
    pub sent: u64,
    /// Messages reported undelivered.
    pub undelivered: u64,
    /// Keepalives answered.
    pub keepalives: u64,
}

impl Counters {
    pub(super) fn snapshot(&self, open: usize) -> Counts {
        Counts {
            open: open as u64,
            accepted: self.accepted.get(),
            refused_total: self.refused_total.get(),
            refused_source: self.refused_source.get(),
            handshakes_failed: self.handshakes_failed.get(),
            connected: self.connected.get(),
            connects_failed: self.connects_failed.get(),
            malformed: self.malformed.get(),
            timed_out: self.timed_out.get(),
            received: self.received.get(),
            sent: self.sent.get(),
            undelivered: self.undelivered.get(),
            keepalives: self.keepalives.get(),
        }
    }
}

//! Stream connections and shards: what a connection brings goes to the shard it belongs to, what a shard sends goes to
//! the connection.
//!
//! In: whole messages from the I/O threads. Out: [`ToShard`]. Parsing is done on the I/O thread, so that a shard gets
//! values. Bytes that are not SIP at all end their connection.

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use node::Unsent;
use sip::{Flow, Message, ParseError, Transport};
use transport::{CloseReason, SendError, Sink, Streams};

use trace::Trace;

use crate::message::ToShard;
use crate::owner::Owner;

/// Takes what connections bring to the shards.
pub(crate) struct StreamSink {
    owner: Owner,
    /// Whose connections they are; empty until the service has started. It holds this sink in turn.
    streams: Weak<OnceLock<Streams>>,
    trace: Option<Arc<Trace>>,
}

impl StreamSink {
    /// A sink for all shards of what `streams` brings.
    #[must_use]
    pub(crate) fn new(owner: Owner, streams: &Arc<OnceLock<Streams>>, trace: Option<Arc<Trace>>) -> Self {
        Self { owner, streams: Arc::downgrade(streams), trace }
    }

    /// A framed message that cannot be indexed. Its shard refuses it if enough is left of it; bytes that are not even the
    /// beginning of SIP end their connection.
    fn unreadable(&self, flow: Flow, bytes: &[u8], error: ParseError) {
        tracing::debug!(%error, transport = flow.transport.name(), "a connection brought no SIP message");
        let excerpt = sip::Excerpt::of(bytes, error, flow.remote).map(Box::new);
        let is_sip = excerpt.is_some() || bytes.starts_with(b"SIP/2.0 ");
        // Lost where the shard is hopelessly behind.
        let _ = self.owner.inbox(0).push(ToShard::Unparsable { flow, excerpt });
        if !is_sip
            && let Some(cell) = self.streams.upgrade()
            && let Some(streams) = cell.get()
        {
            streams.close(flow);
        }
    }
}

impl Sink for StreamSink {
    fn message(&self, flow: Flow, bytes: Vec<u8>) {
        if let Some(trace) = &self.trace {
            trace.sip_received(flow.transport.name(), flow.remote, &bytes);
        }
        let parsed = match flow.transport {
            // One WebSocket message holds one SIP message, whatever its Content-Length (RFC 7118 §5).
            Transport::Ws | Transport::Wss => Message::parse_datagram_from(&bytes, flow.remote),
            _ => Message::parse_stream_from(&bytes, flow.remote),
        };
        match parsed {
            Ok(message) => {
                if let Some(inbox) = self.owner.other(&message) {
                    // A full inbox is an overloaded shard: the peer's transaction will time out or repeat.
                    let _ = inbox.push(ToShard::Received { flow, message });
                }
            }
            Err(error) => self.unreadable(flow, &bytes, error),
        }
    }

    fn closed(&self, flow: Flow, why: CloseReason) {
        tracing::debug!(transport = flow.transport.name(), connection = flow.connection, %why, "a connection closed");
    }

    fn undelivered(&self, token: u64, flow: Flow, bytes: Bytes, why: SendError) {
        tracing::debug!(transport = flow.transport.name(), connection = flow.connection, %why, "a message was not sent");
        if let Some((shard, token)) = shard_of_token(token) {
            // Another way is of use where the connection is gone, not where its peer is slow.
            let is_gone = matches!(why, SendError::NoConnection | SendError::Closed(_));
            let unsent = is_gone.then_some(Unsent { flow, bytes });
            self.owner.inbox(shard).extend([ToShard::Undelivered { token, unsent }]);
        }
    }
}

/// Bits of a token that tell the shard. Transaction ids of one shard use the rest: their generation would need 2^23
/// reuses of one place before it reached them.
const SHARD_SHIFT: u32 = 56;

fn shard_of_token(token: u64) -> Option<(usize, u64)> {
    let inner = token & ((1 << SHARD_SHIFT) - 1);
    (inner != 0).then_some(((token >> SHARD_SHIFT) as usize, inner))
}

/// One shard's way to stream connections.
#[derive(Clone)]
pub(crate) struct StreamSender {
    streams: Arc<OnceLock<Streams>>,
    shard: u8,
}

impl StreamSender {
    /// Sends for this shard, as soon as the streams have started.
    #[must_use]
    pub(crate) fn new(streams: Arc<OnceLock<Streams>>, shard: u8) -> Self {
        Self { streams, shard }
    }

    /// Hands a message over; what cannot be sent comes back as [`ToShard::Undelivered`].
    pub(crate) fn send(&self, flow: Flow, bytes: Bytes, server_name: Option<Arc<str>>, token: u64) {
        if let Some(streams) = self.streams.get() {
            let token = token & ((1 << SHARD_SHIFT) - 1) | u64::from(self.shard) << SHARD_SHIFT;
            streams.send(flow, bytes, server_name, token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_shard() {
        assert_eq!(shard_of_token(3 << SHARD_SHIFT | 17), Some((3, 17)));
        assert_eq!(shard_of_token(3 << SHARD_SHIFT), None, "nobody cares about token 0");
    }
}

//! What the operator sets: listeners and bounds. Plain values.

use std::net::SocketAddr;
use std::time::Duration;

use sip::Transport;

use super::StreamsError;
use crate::tls::{ClientTls, ServerTls};

/// Listeners, bounds and trust of [`super::Streams`].
#[derive(Clone, Debug, Default)]
pub struct StreamsConfig {
    /// Where to listen.
    pub listeners: Vec<StreamListener>,
    /// Bounds for all connections.
    pub limits: StreamLimits,
    /// TLS of connections that we make.
    pub client_tls: ClientTls,
}

impl StreamsConfig {
    /// Whether every certificate and key can be read and used: what a start does before it binds anything.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), StreamsError> {
        for StreamListener { address, tls, .. } in &self.listeners {
            let wrong = |error| StreamsError::ListenerTls { address: *address, source: Box::new(error) };
            tls.as_ref().map(ServerTls::load).transpose().map_err(wrong)?;
        }
        self.client_tls.load().map(drop).map_err(|error| StreamsError::ClientTls(Box::new(error)))
    }
}

/// One listening address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamListener {
    /// Number in [`sip::Flow::listener`], unique among all listeners of the node, UDP's included.
    pub index: u16,
    /// Any but UDP.
    pub transport: Transport,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Certificate, for TLS and WSS and only for these.
    pub tls: Option<ServerTls>,
}

/// Every bound of the connections. All times are wall-clock durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Connections in all, handshakes under way and outgoing ones included.
    pub max_connections: usize,
    /// Connections accepted from one source: an IPv4 address or an IPv6 network of 64 bits. `usize::MAX`: no bound.
    pub max_connections_per_source: usize,
    /// Bytes of one message, at most [`sip::bounds::MAX_MESSAGE`].
    pub max_message: usize,
    /// Messages that wait to be written on one connection.
    pub max_queued_messages: usize,
    /// Bytes that wait to be written on one connection.
    pub max_queued_bytes: usize,
    /// A connection on which nothing is read or written for so long is closed. Longer than the registrations that
    /// user agents hold without keepalive (RFC 5626 §4.4).
    pub idle: Duration,
    /// From the first byte of a message to its last; for an accepted connection also from its beginning to its
    /// first message or keepalive.
    pub message: Duration,
    /// TLS and WebSocket handshakes of an accepted connection together.
    pub handshake: Duration,
    /// An outgoing connection, its TLS handshake included.
    pub connect: Duration,
    /// How long a peer may take nothing while something is to be written.
    pub write: Duration,
    /// How long the answers that a peer waits for may still be sent after it closed its side, or sent what cannot be
    /// framed.
    pub half_closed: Duration,
    /// How often a WebSocket is pinged (RFC 7118 §6). Zero: never.
    pub web_socket_ping: Duration,
    /// Idle time after which TCP itself probes the peer. Zero: never.
    pub tcp_keepalive: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        StreamLimits {
            max_connections: 16_384,
            max_connections_per_source: 1_024,
            max_message: sip::bounds::MAX_MESSAGE,
            max_queued_messages: 1_024,
            max_queued_bytes: 1 << 20,
            idle: Duration::from_secs(3_700),
            message: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(4),
            write: Duration::from_secs(10),
            half_closed: Duration::from_secs(5),
            web_socket_ping: Duration::from_secs(25),
            tcp_keepalive: Duration::from_secs(60),
        }
    }
}

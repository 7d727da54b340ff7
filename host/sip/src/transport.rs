//! Transport protocols and flows (RFC 3261 §18, RFC 7118, RFC 5626 §2).
//!
//! In: a transport token. Out: [`Transport`], [`Flow`]: plain values that name where a message came from or goes
//! to. Sockets are `strowger-transport`'s.

use std::net::SocketAddr;

/// A transport protocol that carries SIP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Transport {
    /// RFC 3261 §18.
    Udp,
    /// RFC 3261 §18.
    Tcp,
    /// TLS over TCP (RFC 3261 §26.2).
    Tls,
    /// WebSocket over TCP (RFC 7118).
    Ws,
    /// WebSocket over TLS (RFC 7118).
    Wss,
}

impl Transport {
    /// All of them.
    pub const ALL: [Transport; 5] =
        [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];

    /// The transport of a Via's or a `transport` parameter's token, in any case (§7.3.1).
    #[must_use]
    pub fn from_token(token: &[u8]) -> Option<Transport> {
        Transport::ALL.into_iter().find(|t| token.eq_ignore_ascii_case(t.name().as_bytes()))
    }

    /// The token of a Via header field: `"UDP"`, `"TCP"`, `"TLS"`, `"WS"`, `"WSS"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The value of a URI's `transport` parameter. TLS is TCP there, with a `sips` URI (§26.2.2); `tls` is
    /// deprecated but what every peer understands.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// Whether messages are neither lost nor doubled (§17): everything but UDP.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// Whether the bytes are encrypted on the wire.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// The port where none is given (§19.1.2; RFC 7118 §4.1: those of HTTP).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

/// One way to reach one peer: a UDP address pair, or a connection (RFC 5626 §2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Flow {
    /// The protocol.
    pub transport: Transport,
    /// Index of our listening address.
    pub listener: u16,
    /// Number of the connection; 0: a datagram, or "connect or reuse".
    pub connection: u64,
    /// The peer's address.
    pub remote: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_any_case() {
        for transport in Transport::ALL {
            assert_eq!(Transport::from_token(transport.name().as_bytes()), Some(transport));
            assert_eq!(Transport::from_token(transport.parameter().as_bytes()), Some(transport));
        }
        assert_eq!(Transport::from_token(b"SCTP"), None);
        assert_eq!(Transport::from_token(b""), None);
    }
}

//! What the operator sets: where to listen, where peers are, what is bounded. Plain values.
//!
//! In: values. Out: for each peer of the node where to connect to, or why the service cannot start.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::diameter::DiameterIdentity;
use ::diameter::node::{self, ConfigError};
use rustls_pki_types::ServerName;
use trace::Trace;

use super::connect::Target;
use super::feed::Feeds;
use crate::tls::{ClientTls, ServerTls, TlsError};

/// The port of Diameter over TCP (RFC 6733 §11.4).
pub const DEFAULT_PORT: u16 = 3868;

/// The port of Diameter over TLS (RFC 6733 §11.4 as its erratum 3997 has it; the text says 5658, where freeDiameter
/// listens).
pub const DEFAULT_TLS_PORT: u16 = 5868;

/// What a service is.
#[derive(Clone)]
pub struct DiameterConfig {
    /// Who we are and whom we know.
    pub node: node::Config,
    /// Where to listen; nowhere is possible too.
    pub listen: Vec<DiameterListener>,
    /// Where the peers are that we connect to: one for each that the node initiates.
    pub peers: Vec<PeerAddress>,
    /// Whom we trust, and what we show, where we connect by TLS.
    pub client_tls: ClientTls,
    /// The bounds of the sockets; those of the node are in its own configuration.
    pub limits: DiameterLimits,
    /// Where messages are traced; `None`: nowhere.
    pub trace: Option<Arc<Trace>>,
    /// Who reads connections without TLS; `None`: the service itself.
    pub feeds: Option<Arc<dyn Feeds>>,
}

impl std::fmt::Debug for DiameterConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DiameterConfig")
            .field("node", &self.node)
            .field("listen", &self.listen)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

/// One listening address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiameterListener {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The certificate, where TLS is spoken from the first byte on (§13.1).
    pub tls: Option<ServerTls>,
}

/// Where a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Which peer of the node's.
    pub identity: DiameterIdentity,
    /// A name, looked up with the system's resolver at each connect, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub transport: PeerTransport,
}

/// What carries Diameter to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerTransport {
    /// TCP alone.
    Tcp,
    /// TLS from the first byte on.
    Tls {
        /// What its certificate must be for. `None`: its identity.
        server_name: Option<String>,
    },
}

impl PeerAddress {
    /// A peer by TCP.
    pub fn tcp(identity: DiameterIdentity, host: impl Into<String>, port: u16) -> PeerAddress {
        PeerAddress { identity, host: host.into(), port, transport: PeerTransport::Tcp }
    }

    /// A peer by TLS, whose certificate is for its identity.
    pub fn tls(identity: DiameterIdentity, host: impl Into<String>, port: u16) -> PeerAddress {
        let transport = PeerTransport::Tls { server_name: None };
        PeerAddress { identity, host: host.into(), port, transport }
    }
}

/// Every bound of the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiameterLimits {
    /// Accepted connections, handshakes under way included. One more is reset.
    pub connections: usize,
    /// Bytes that wait to be written on one connection. With one more message it is closed, and its requests go
    /// elsewhere. There they need room too: this is to be more than what the node's `outstanding_per_peer` requests
    /// take.
    pub waiting_bytes: usize,
    /// How long the TLS handshake of an accepted connection may take. Those of our own are bounded by the peer's
    /// timers.
    pub handshake: Duration,
    /// How long [`super::DiameterService::stop`] waits for the peers.
    pub farewell: Duration,
}

impl Default for DiameterLimits {
    fn default() -> Self {
        DiameterLimits {
            connections: 1_024,
            waiting_bytes: 8 << 20,
            handshake: Duration::from_secs(10),
            farewell: Duration::from_secs(5),
        }
    }
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DiameterError {
    /// The node's own configuration.
    #[error("the Diameter node: {0}")]
    Node(#[from] ConfigError),
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen for Diameter on {address}: {source}")]
    Bind {
        /// The listener's address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A listener's certificate cannot be used.
    #[error("TLS of the Diameter listener {address}: {source}")]
    ListenerTls {
        /// The listener's address.
        address: SocketAddr,
        /// What is wrong.
        source: Box<TlsError>,
    },
    /// The client side of TLS cannot be used.
    #[error("TLS of outgoing Diameter connections: {0}")]
    ClientTls(#[source] Box<TlsError>),
    /// A peer to connect to, and nobody says where it is.
    #[error("no address of the Diameter peer {0}")]
    NoAddress(DiameterIdentity),
    /// An address of somebody who is no peer.
    #[error("an address of {0}, which is no Diameter peer")]
    UnknownPeer(DiameterIdentity),
    /// Two addresses of one peer.
    #[error("two addresses of the Diameter peer {0}")]
    AddressTwice(DiameterIdentity),
    /// No certificate can be for this name.
    #[error("no certificate of the Diameter peer {identity} can be for {name}")]
    ServerName {
        /// Which peer.
        identity: DiameterIdentity,
        /// The name.
        name: String,
    },
}

impl DiameterConfig {
    /// Whether a start would find everything that it needs, certificates included; binds nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), DiameterError> {
        self.targets()?;
        node::Node::new(self.node.clone())?;
        for DiameterListener { address, tls } in &self.listen {
            let wrong = |error| DiameterError::ListenerTls { address: *address, source: Box::new(error) };
            tls.as_ref().map(ServerTls::load).transpose().map_err(wrong)?;
        }
        self.client_tls.load().map(drop).map_err(|error| DiameterError::ClientTls(Box::new(error)))
    }

    /// Where each peer of the node is, by its number.
    pub(super) fn targets(&self) -> Result<Vec<Option<Target>>, DiameterError> {
        let mut targets: Vec<Option<Target>> = self.node.peers.iter().map(|_| None).collect();
        for address in &self.peers {
            let identity = &address.identity;
            let at = self.node.peers.iter().position(|peer| peer.identity == *identity);
            let place = at.and_then(|at| targets.get_mut(at));
            let place = place.ok_or_else(|| DiameterError::UnknownPeer(identity.clone()))?;
            if place.is_some() {
                return Err(DiameterError::AddressTwice(identity.clone()));
            }
            *place = Some(address.target()?);
        }
        match self.node.peers.iter().zip(&targets).find(|(peer, target)| peer.initiates && target.is_none()) {
            Some((peer, _)) => Err(DiameterError::NoAddress(peer.identity.clone())),
            None => Ok(targets),
        }
    }
}

impl PeerAddress {
    fn target(&self) -> Result<Target, DiameterError> {
        let server_name = match &self.transport {
            PeerTransport::Tcp => None,
            PeerTransport::Tls { server_name } => {
                let name = server_name.clone().unwrap_or_else(|| self.identity.to_string());
                let parsed = ServerName::try_from(name.clone());
                let identity = self.identity.clone();
                Some(parsed.map_err(|_| DiameterError::ServerName { identity, name })?)
            }
        };
        Ok(Target { host: self.host.clone(), port: self.port, server_name })
    }
}

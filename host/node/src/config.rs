//! What a node must know before the first message. In: values from the runtime. Out: nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sip::{Flow, Scheme, Transport, Uri};
use transaction::{Limits, Timers};

use crate::io::LocateFailure;
use crate::returns::Returns;

/// What a node is made of.
#[derive(Clone)]
pub struct NodeConfig {
    /// Which shard of its host this node is; part of every branch it makes.
    pub shard: u8,
    /// Seed of all randomness.
    pub seed: [u8; 32],
    /// Key of the tokens in Record-Route; the same in all shards and over restarts, so that dialogs go on.
    pub route_key: [u8; 16],
    /// What this element answers to.
    pub own: Arc<proxy::Own>,
    /// The listening addresses, for sending.
    pub listening: Listening,
    /// Wall clock at the node's start, ms since 1970-01-01 UTC.
    pub wall_start_ms: u64,
    /// Timers of transactions.
    pub timers: Timers,
    /// Timer C (RFC 3261 §16.6 item 11): over 3 minutes.
    pub timer_c: Duration,
    /// Bounds of the transaction tables.
    pub limits: Limits,
    /// Most dialogs at once.
    pub max_dialogs: usize,
    /// Bytes above which a request to a UDP hop is tried over TCP first (RFC 3261 §18.1.1); 0: never.
    pub udp_bytes: usize,
    /// Option tags of Proxy-Require that are not this node's to refuse (§16.3 item 5): the script knows them.
    pub proxy_require: Arc<[Box<str>]>,
    /// What all shards of a host await; the same for all of them.
    pub returns: Arc<Returns>,
    /// Server header field of this element's answers; empty: none.
    pub server: Box<str>,
    /// Makes the nonces of challenges.
    pub nonces: Arc<auth::Nonces>,
    /// Seconds in the Retry-After of a 503 while draining or overloaded.
    pub retry_after: u32,
}

/// Which requests a script wants to be asked about (its manifest).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// One bit for each method, by `counters::method_index`; others are routed by §16.
    pub methods: u32,
    /// Requests inside a dialog too.
    pub in_dialog: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self { methods: u32::MAX, in_dialog: false }
    }
}

/// A flow that leads nowhere, for what has no source.
pub(crate) const NOWHERE: Flow = Flow {
    transport: Transport::Udp,
    listener: 0,
    connection: 0,
    remote: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
};

/// Where this element listens, and so where it can send from. Numbered as [`Flow::listener`] and [`proxy::Own`] do.
#[derive(Debug, Clone, Default)]
pub struct Listening(Vec<(Transport, SocketAddr)>);

impl Listening {
    /// These transports and bound addresses.
    #[must_use]
    pub fn new(addresses: Vec<(Transport, SocketAddr)>) -> Self {
        Self(addresses)
    }

    /// The listener to send from to a remote by a transport: the one that the request came in on if it fits, else the
    /// first of the same address family. None: there is no such transport here.
    #[must_use]
    pub fn for_remote(&self, transport: Transport, remote: SocketAddr, came_by: Flow) -> Option<u16> {
        let fits = |&(own, address): &(Transport, SocketAddr)| {
            own == transport && address.is_ipv4() == remote.is_ipv4()
        };
        if self.0.get(usize::from(came_by.listener)).is_some_and(fits) {
            return Some(came_by.listener);
        }
        self.0.iter().position(fits).map(|place| place as u16)
    }

    /// The same without a request.
    #[must_use]
    pub fn for_any(&self, transport: Transport, remote: SocketAddr) -> Option<u16> {
        self.for_remote(transport, remote, Flow { listener: u16::MAX, ..NOWHERE })
    }

    /// The flow to a URI with a numeric host (RFC 3263 §4: nothing to ask). None: a name, which must be located.
    pub(crate) fn numeric_hop(&self, uri: &Uri<'_>, came_by: Flow) -> Option<Result<Flow, LocateFailure>> {
        if !uri.is_sip() {
            return Some(Err(LocateFailure::NotFound));
        }
        let maddr = uri.param("maddr").flatten().and_then(|value| std::str::from_utf8(value).ok());
        let address = match maddr {
            Some(maddr) => maddr.trim_matches(['[', ']']).parse().ok()?,
            None => uri.host().ip()?,
        };
        let Some(transport) = transport_to(uri) else { return Some(Err(LocateFailure::NoTransport)) };
        let remote = SocketAddr::new(address, uri.port().unwrap_or(transport.default_port()));
        let listener = self.for_remote(transport, remote, came_by);
        Some(listener.map_or(Err(LocateFailure::NoTransport), |listener| {
            Ok(Flow { transport, listener, connection: 0, remote })
        }))
    }

    /// The flow to this element itself, for a URI that names one of its domains: a spiral (§6, §16.3 item 4) needs no
    /// DNS, which may not know the domain. None: it does not listen by that transport without TLS.
    pub(crate) fn hop_to_self(&self, uri: &Uri<'_>) -> Option<Flow> {
        let transport =
            transport_to(uri).filter(|transport| matches!(transport, Transport::Udp | Transport::Tcp))?;
        let listener = self.0.iter().position(|&(own, _)| own == transport)?;
        let (_, mut remote) = self.0[listener];
        if remote.ip().is_unspecified() {
            let loopback =
                if remote.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            remote.set_ip(loopback);
        }
        Some(Flow { transport, listener: listener as u16, connection: 0, remote })
    }
}

/// The transport that a URI asks for (RFC 3263 §4.1); none: it is unknown, or not one for `sips`.
fn transport_to(uri: &Uri<'_>) -> Option<Transport> {
    let secure = uri.scheme() == Scheme::Sips;
    match (uri.transport(), secure) {
        (None, true) => Some(Transport::Tls),
        (None, false) => Some(Transport::Udp),
        (Some(token), _) => match (Transport::from_token(token)?, secure) {
            (Transport::Udp, true) => None,
            (Transport::Tcp, true) => Some(Transport::Tls),
            (Transport::Ws, true) => Some(Transport::Wss),
            (transport, _) => Some(transport),
        },
    }
}

//! An authoritative server for one [`ImsZone`], over UDP and TCP (RFC 1034 §4.3, RFC 7766).
//!
//! In: the zone, where to listen. Out: answers, with AA; NXDOMAIN and empty answers with the SOA; REFUSED to whatever
//! lies outside, and to transfers and updates. It never asks anybody. On tokio.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::runtime::Handle;

use crate::zone::{ImsZone, ZoneError};

/// How long a TCP connection may be silent.
const TCP_SILENCE: Duration = Duration::from_secs(10);

/// Answers that may wait on one TCP connection.
const TCP_ANSWERS: usize = 64;

/// How often a port is looked for that is free for UDP and TCP, where any will do.
const MAX_PORT_TRIES: usize = 32;

/// How long a stop waits for answers under way.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The zone.
    #[error("the DNS zone: {0}")]
    Zone(#[from] ZoneError),
    /// The address is taken, not ours, or not allowed.
    #[error("cannot serve DNS on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A zone file of ours that we cannot read ourselves: a fault of this crate.
    #[error("the zone file of {zone} cannot be read: {reason}")]
    ZoneFile {
        /// Which.
        zone: String,
        /// What is wrong.
        reason: String,
    },
}

/// The running server. Dropping it ends it at once.
pub struct DnsServer {
    server: Server<Catalog>,
    address: SocketAddr,
}

impl DnsServer {
    /// Serves the domain and its numbers on `address` by UDP and TCP; port 0 takes one that is free for both. On the
    /// runtime of `handle`; may be called from any thread.
    ///
    /// # Errors
    /// See [`DnsError`]; nothing is left open then.
    pub fn start(handle: &Handle, zone: &ImsZone, address: SocketAddr) -> Result<DnsServer, DnsError> {
        let _inside = handle.enter();
        let mut catalog = Catalog::new();
        add(&mut catalog, &zone.domain, zone.to_zone_file()?)?;
        if let Some(text) = zone.to_enum_zone_file()? {
            add(&mut catalog, &zone.number_suffix, text)?;
        }
        let bound = bind(address).and_then(|(udp, tcp)| {
            let address = udp.local_addr()?;
            Ok((address, tokio::net::UdpSocket::from_std(udp)?, tokio::net::TcpListener::from_std(tcp)?))
        });
        let (address, udp, tcp) = bound.map_err(|source| DnsError::Bind { address, source })?;
        let mut server = Server::new(catalog);
        server.register_socket(udp);
        server.register_listener(tcp, TCP_SILENCE, TCP_ANSWERS);
        Ok(DnsServer { server, address })
    }

    /// Where it listens; a port 0 that was asked for is the real one here.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers what is under way, and ends. On a runtime with time.
    pub async fn stop(mut self) {
        let _ = tokio::time::timeout(FAREWELL, self.server.shutdown_gracefully()).await;
    }
}

impl std::fmt::Debug for DnsServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DnsServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A zone out of its text.
fn add(catalog: &mut Catalog, zone: &str, text: String) -> Result<(), DnsError> {
    let failed = |reason: String| DnsError::ZoneFile { zone: zone.to_owned(), reason };
    let mut origin = Name::from_ascii(zone).map_err(|error| failed(error.to_string()))?;
    origin.set_fqdn(true);
    let parsed = Parser::new(text, None, Some(origin)).parse();
    let (origin, records) = parsed.map_err(|error| failed(error.to_string()))?;
    let handler: InMemoryZoneHandler =
        InMemoryZoneHandler::new(origin.clone(), records, ZoneType::Primary, AxfrPolicy::Deny)
            .map_err(|error| failed(error.to_string()))?;
    catalog.upsert(origin.into(), vec![Arc::new(handler)]);
    Ok(())
}

/// Two sockets on one port.
fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let tries = if address.port() == 0 { MAX_PORT_TRIES } else { 1 };
    let mut failure = io::ErrorKind::AddrInUse.into();
    for _ in 0..tries {
        let udp = UdpSocket::bind(address)?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => {
                udp.set_nonblocking(true)?;
                tcp.set_nonblocking(true)?;
                return Ok((udp, tcp));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

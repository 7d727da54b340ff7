//! A connection that the node asks for: its peer's name, TCP, TLS.
//!
//! In: where the peer is. Out: an established connection, or none. How long it may take is the node's to say: it closes
//! what it does not wait for any more.

use std::io;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::client::TlsStream;

use super::Shared;
use super::connection::{Connection, Live, Stream, serve};
use ::diameter::node::{Input, PeerId};

/// Where a peer is.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// What its certificate must be for; `None`: no TLS.
    pub(super) server_name: Option<ServerName<'static>>,
}

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Establishes a connection and serves it.
pub(super) async fn run(connection: Arc<Connection>, peer: PeerId, shared: Arc<Shared>) {
    let live = Live::new(connection, shared.clone(), None);
    let connection = &live.connection;
    let established = tokio::select! {
        established = establish(&shared, peer) => established,
        // the node closed it: nobody waits
        () = connection.outbox.closed() => return,
    };
    match established {
        Ok(stream) => {
            shared.counters.connected.add(1);
            let id = connection.id;
            serve(stream, &live, |driver, now| driver.node.handle_input(now, Input::Connected(id))).await;
        }
        Err(error) => {
            shared.counters.connects_failed.add(1);
            if let Some(identity) = shared.identities.get(usize::from(peer.0)) {
                tracing::debug!(%identity, %error, "no connection to a Diameter peer");
            }
            shared.with(|driver, now| driver.node.handle_input(now, Input::NotConnected(connection.id)));
        }
    }
}

async fn establish(shared: &Shared, peer: PeerId) -> io::Result<Stream<TlsStream<TcpStream>>> {
    let target = shared.targets.get(usize::from(peer.0)).and_then(Option::as_ref);
    let Target { host, port, server_name } = target.ok_or(io::ErrorKind::AddrNotAvailable)?;
    let stream = connect(host, *port).await?;
    let _ = stream.set_nodelay(true);
    match server_name {
        None => Ok(Stream::Plain(stream)),
        Some(name) => Ok(Stream::Secure(shared.client_tls.connect(name.clone(), stream).await?)),
    }
}

/// To the first address that takes it.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::ErrorKind::AddrNotAvailable.into();
    for address in lookup_host((host, port)).await?.take(MAX_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

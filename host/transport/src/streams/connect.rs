//! Connecting to a peer (RFC 3261 §18.1.1), while messages queue up in the new connection's outbox.
//!
//! In: a registered connection without stream. Out: the connection served, or every queued message reported.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use sip::Transport;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::session::{Session, give_back};
use super::table::Registered;
use super::{Context, SendError, byte_stream, listen};

/// Connects, serves, ends.
pub(super) async fn run(registered: Registered, context: Arc<Context>) {
    let established = timeout(context.limits.connect, establish(&registered, &context)).await;
    match established.unwrap_or(Err(SendError::ConnectTimeout)) {
        Ok(Stream::Plain(stream)) => {
            context.counters.connected.add(1);
            let (reader, writer) = stream.into_split();
            byte_stream::serve(reader, writer, Session::new(registered, context, false)).await;
        }
        Ok(Stream::Secure(stream)) => {
            context.counters.connected.add(1);
            let (reader, writer) = tokio::io::split(*stream);
            byte_stream::serve(reader, writer, Session::new(registered, context, false)).await;
        }
        Err(why) => {
            context.counters.connects_failed.add(1);
            // first not to be found, so that what is sent now connects anew
            registered.retire();
            give_back(&context, &registered, why, VecDeque::new());
        }
    }
}

enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

async fn establish(registered: &Registered, context: &Context) -> Result<Stream, SendError> {
    let connection = &registered.connection;
    let flow = connection.flow;
    let local = context.local.get(&flow.listener).copied();
    let stream = connect(flow.remote, local).await.map_err(|error| SendError::ConnectFailed(error.kind()))?;
    listen::set_options(&stream, context);
    if flow.transport != Transport::Tls {
        return Ok(Stream::Plain(stream));
    }
    let name = match &connection.server_name {
        Some(name) => ServerName::try_from(name.to_string()).map_err(|_| SendError::HandshakeFailed)?,
        None => ServerName::from(flow.remote.ip()),
    };
    let secured = context.client_tls.connect(name, stream).await;
    let stream = secured.map_err(|error| {
        tracing::debug!(%error, "TLS handshake failed");
        SendError::HandshakeFailed
    })?;
    Ok(Stream::Secure(Box::new(stream)))
}

async fn connect(remote: SocketAddr, local: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = local.and_then(|local| source_for(remote, local)) {
        socket.bind(source)?;
    }
    socket.connect(remote).await
}

/// The address to connect from, so that the peer sees the one it is told in Via: that of the listener, where it
/// has a particular one from which the remote can be reached.
fn source_for(remote: SocketAddr, local: SocketAddr) -> Option<SocketAddr> {
    let fits = !local.ip().is_unspecified()
        && local.is_ipv4() == remote.is_ipv4()
        && local.ip().is_loopback() == remote.ip().is_loopback();
    fits.then(|| SocketAddr::new(local.ip(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_starts_from_the_listeners_address_where_that_can_work() {
        let source = |remote: &str, local: &str| {
            source_for(remote.parse().unwrap(), local.parse().unwrap()).map(|source| source.to_string())
        };
        assert_eq!(source("192.0.2.9:5060", "192.0.2.1:5060").as_deref(), Some("192.0.2.1:0"));
        assert_eq!(source("127.0.0.1:5060", "127.0.0.2:5060").as_deref(), Some("127.0.0.2:0"));
        assert_eq!(source("192.0.2.9:5060", "0.0.0.0:5060"), None);
        assert_eq!(source("192.0.2.9:5060", "127.0.0.1:5060"), None);
        assert_eq!(source("[2001:db8::1]:5060", "192.0.2.1:5060"), None);
    }
}

//! Connections of others: bind, admit, shake hands, serve.
//!
//! In: a [`DiameterListener`]. Out: a task per connection. One that is one too many is reset before anything is read
//! from it. How many may stay without a CER, and for how long, is the node's to say (RFC 6733 §5.6.1).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ::diameter::node::{ConnectionId, Input};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{Connection, Live, Stream, serve};
use super::{DiameterError, DiameterListener, Shared};
use crate::streams::listen::{ACCEPT_PAUSE, open};
use crate::tls::reload::LiveCertificate;

/// A listener that is bound but does not accept yet.
pub(super) struct Bound {
    pub(super) address: SocketAddr,
    pub(super) certificate: Option<Arc<LiveCertificate>>,
    socket: TcpListener,
}

/// Binds one listener. Must be called within the runtime.
pub(super) fn bind(listener: &DiameterListener) -> Result<Bound, DiameterError> {
    let DiameterListener { address, tls } = listener.clone();
    let certificate = match tls {
        Some(tls) => {
            let wrong = |error| DiameterError::ListenerTls { address, source: Box::new(error) };
            Some(Arc::new(LiveCertificate::load(tls).map_err(wrong)?))
        }
        None => None,
    };
    let bound = open(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
    let (address, socket) = bound.map_err(|source| DiameterError::Bind { address, source })?;
    Ok(Bound { address, certificate, socket })
}

/// Accepts until it is aborted.
pub(super) async fn accept(bound: Bound, shared: Arc<Shared>) {
    loop {
        let (stream, remote) = match bound.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, listener = %bound.address, "a Diameter connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match Admission::new(&shared) {
            Some(admission) => {
                let acceptor = bound.certificate.as_ref().map(|one| TlsAcceptor::from(one.current()));
                tokio::spawn(establish(stream, remote, acceptor, admission, shared.clone()));
            }
            None => {
                shared.counters.refused.add(1);
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
        }
    }
}

/// One of the connections that may be there.
pub(super) struct Admission(Arc<Shared>);

impl Admission {
    fn new(shared: &Arc<Shared>) -> Option<Admission> {
        let admission = Admission(shared.clone());
        (shared.admitted.fetch_add(1, Relaxed) < shared.limits.connections).then_some(admission)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Relaxed);
    }
}

/// Shakes hands and serves.
async fn establish(
    stream: TcpStream,
    remote: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    admission: Admission,
    shared: Arc<Shared>,
) {
    let _ = stream.set_nodelay(true);
    let stream = match acceptor {
        None => Stream::Plain(stream),
        Some(acceptor) => {
            let shaken = tokio::time::timeout(shared.limits.handshake, acceptor.accept(stream)).await;
            match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => Stream::<TlsStream<TcpStream>>::Secure(stream),
                Err(error) => {
                    tracing::debug!(%remote, %error, "a TLS handshake of Diameter failed");
                    return shared.counters.handshakes_failed.add(1);
                }
            }
        }
    };
    shared.counters.accepted.add(1);
    let number = shared.next_accepted.fetch_add(1, Relaxed);
    let connection =
        Arc::new(Connection::new(ConnectionId::Accepted(number), &shared.limits, shared.trace.as_ref()));
    let live = Live::new(connection.clone(), shared, Some(admission));
    serve(stream, &live, |driver, now| {
        driver.register(connection);
        driver.node.handle_input(now, Input::Accepted { number });
    })
    .await;
}

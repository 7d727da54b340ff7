//! Accepting connections: bind, admit, shake hands, serve.
//!
//! In: a [`StreamListener`]. Out: a task per connection. A connection that is one too many is closed before
//! anything is read from it. Not here: what happens once a connection is established.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sip::Transport;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::session::Session;
use super::table::{Admission, Refusal};
use super::{Context, StreamListener, StreamsError, byte_stream, web_socket};
use crate::tls::reload::LiveCertificate;

/// Connections that wait in the kernel to be accepted.
const BACKLOG: i32 = 1024;

/// Rest after a failed accept, which commonly means that descriptors have run out.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listener that is bound but does not accept yet.
pub(super) struct Bound {
    pub(super) address: SocketAddr,
    pub(super) certificate: Option<Arc<LiveCertificate>>,
    index: u16,
    transport: Transport,
    socket: TcpListener,
}

/// Binds one listener. Must be called within the runtime.
pub(super) fn bind(listener: &StreamListener) -> Result<Bound, StreamsError> {
    let StreamListener { index, transport, address, .. } = *listener;
    let wrong = |why| Err(StreamsError::Listener { transport, address, why });
    if transport == Transport::Udp {
        return wrong("UDP has no connections");
    }
    let certificate = match (&listener.tls, transport.is_secure()) {
        (Some(tls), true) => {
            let loaded = LiveCertificate::load(tls.clone());
            let wrong = |error| StreamsError::ListenerTls { address, source: Box::new(error) };
            Some(Arc::new(loaded.map_err(wrong)?))
        }
        (None, false) => None,
        (None, true) => return wrong("needs a certificate"),
        (Some(_), false) => return wrong("has a certificate but is not secure"),
    };
    let socket = open(address).map_err(|source| StreamsError::Bind { transport, address, source })?;
    let bound = socket.local_addr().map_err(|source| StreamsError::Bind { transport, address, source })?;
    Ok(Bound { address: bound, certificate, index, transport, socket })
}

/// A listening socket, bound and not blocking. Must be called within the runtime.
pub(crate) fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // for restarts: connections of the last run that are still in TIME-WAIT do not hold the port
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts until the service stops accepting.
pub(super) async fn accept(bound: Bound, context: Arc<Context>) {
    let bound = Arc::new(bound);
    let mut accepting = context.accepting.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = bound.socket.accept() => accepted,
            _ = accepting.wait_for(|accepting| !accepting) => return,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, listener = %bound.address, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match context.table.admit(Some(remote.ip())) {
            Ok(admission) => {
                tokio::spawn(establish(stream, remote, admission, bound.clone(), context.clone()));
            }
            Err(refusal) => {
                // reset, so that no state of refused connections is left in the kernel
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                match refusal {
                    Refusal::Total => context.counters.refused_total.add(1),
                    Refusal::Source => context.counters.refused_source.add(1),
                }
            }
        }
    }
}

/// Shakes hands and serves.
async fn establish(
    stream: TcpStream,
    remote: SocketAddr,
    admission: Admission,
    bound: Arc<Bound>,
    context: Arc<Context>,
) {
    set_options(&stream, &context);
    let limits = context.limits;
    let register = |context: Arc<Context>| {
        context.counters.accepted.add(1);
        let registered = context.table.register(admission, bound.transport, bound.index, remote);
        Session::new(registered, context, true)
    };
    let acceptor = bound.certificate.as_ref().map(|certificate| TlsAcceptor::from(certificate.current()));
    let web_socket = matches!(bound.transport, Transport::Ws | Transport::Wss);
    let done = match (acceptor, web_socket) {
        (None, false) => {
            let (reader, writer) = stream.into_split();
            byte_stream::serve(reader, writer, register(context.clone())).await;
            true
        }
        (Some(acceptor), false) => match timeout(limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                log_tls(&stream, bound.address, remote);
                let (reader, writer) = tokio::io::split(stream);
                byte_stream::serve(reader, writer, register(context.clone())).await;
                true
            }
            failed => {
                log_failed_handshake(failed.ok().and_then(Result::err), bound.address, remote);
                false
            }
        },
        (None, true) => match timeout(limits.handshake, web_socket::upgrade(stream, &limits)).await {
            Ok(Ok(stream)) => {
                web_socket::serve(stream, register(context.clone())).await;
                true
            }
            _ => false,
        },
        (Some(acceptor), true) => {
            let handshakes = async {
                let stream = match acceptor.accept(stream).await {
                    Ok(stream) => stream,
                    Err(error) => {
                        log_failed_handshake(Some(error), bound.address, remote);
                        return None;
                    }
                };
                log_tls(&stream, bound.address, remote);
                web_socket::upgrade(stream, &limits).await.ok()
            };
            match timeout(limits.handshake, handshakes).await {
                Ok(Some(stream)) => {
                    web_socket::serve(stream, register(context.clone())).await;
                    true
                }
                _ => false,
            }
        }
    };
    if !done {
        context.counters.handshakes_failed.add(1);
    }
}

/// Which version and suite a peer chose, for who looks into why it does not come through.
fn log_tls(stream: &TlsStream<TcpStream>, listener: SocketAddr, remote: SocketAddr) {
    let (_, tls) = stream.get_ref();
    let (version, suite) = (tls.protocol_version(), tls.negotiated_cipher_suite().map(|suite| suite.suite()));
    tracing::debug!(%listener, %remote, ?version, ?suite, "TLS is established");
}

fn log_failed_handshake(error: Option<io::Error>, listener: SocketAddr, remote: SocketAddr) {
    let error = error.unwrap_or_else(|| io::ErrorKind::TimedOut.into());
    tracing::debug!(%listener, %remote, %error, "a TLS handshake failed");
}

/// Socket options of every connection; a refused one is not worth failing for.
pub(super) fn set_options(stream: &TcpStream, context: &Context) {
    let limits = &context.limits;
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_user_timeout(Some(limits.write * 3));
    if !limits.tcp_keepalive.is_zero() {
        let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(limits.tcp_keepalive));
    }
}

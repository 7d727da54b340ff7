//! TCP, TLS, WebSocket and secure WebSocket: everything that has connections (RFC 3261 §18, RFC 5626, RFC 7118).
//!
//! ```text
//!  listen ──▶ admit ──▶ TLS ──▶ WebSocket ──┐                      ┌──▶ Sink::message
//!                                           ├─▶ table ─▶ task ─────┼──▶ Sink::closed
//!  send ──▶ no connection ──▶ connect ──────┘     ▲    per         └──▶ Sink::undelivered
//!    └────▶ connection's outbox ──────────────────┘    connection
//! ```
//! In: bytes of whole messages with a flow, from any thread. Out: whole messages, closed flows and tokens of
//! messages that did not leave, by the [`Sink`]. Runs on tokio; UDP does not (see [`crate::udp`]).
//!
//! Every bound is in [`StreamLimits`]. A message handed to a connection that breaks before the message was written
//! is reported; one lost in the network after that is not, and the transaction's timers find out.

pub(crate) mod byte_stream;
mod config;
mod connect;
mod counts;
pub(crate) mod listen;
mod outbox;
mod session;
mod table;
mod web_socket;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::{Flow, Transport};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::tls::TlsError;
use crate::tls::reload::Reloader;
pub use crate::tls::reload::Reloads;
pub use config::{StreamLimits, StreamListener, StreamsConfig};
use counts::Counters;
pub use counts::Counts;
use outbox::Outgoing;
use table::{Found, Table};

/// Receives what happens on connections. Called from tokio's threads, and [`Sink::undelivered`] also from within
/// [`Streams::send`]: implementations hand over and return; they neither block nor hold a lock while they send.
pub trait Sink: Send + Sync + 'static {
    /// One whole message arrived. On TCP and TLS it is framed by its Content-Length; on WS and WSS it is what one
    /// WebSocket message held and needs no Content-Length (RFC 7118 §5), like a datagram. Framing looks no further
    /// than it must: who finds that the bytes are not SIP answers, or closes the flow ([`Streams::close`]).
    fn message(&self, flow: Flow, bytes: Vec<u8>);

    /// Nothing more will arrive by this flow. Answers that are still owed to requests it brought may be sent for
    /// [`StreamLimits::half_closed`], in case that the peer closed only its side. Called once for each flow that
    /// [`Sink::message`] could name.
    fn closed(&self, flow: Flow, why: CloseReason);

    /// The message that was sent with this token to this flow did not leave. It comes back, since who sent it need
    /// not have kept it.
    fn undelivered(&self, token: u64, flow: Flow, bytes: Bytes, why: SendError);
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The peer closed it.
    #[error("closed by the peer")]
    Peer,
    /// We closed it, on request or when shutting down.
    #[error("closed by us")]
    Local,
    /// Nothing was read or written for [`StreamLimits::idle`].
    #[error("idle for too long")]
    Idle,
    /// A message that had begun was not complete within [`StreamLimits::message`], or the first did not come.
    #[error("a message was not complete in time")]
    SlowMessage,
    /// The peer took nothing for [`StreamLimits::write`].
    #[error("the peer took nothing for too long")]
    SlowPeer,
    /// The bytes cannot be framed as SIP messages.
    #[error("not framed as SIP: {0}")]
    Malformed(sip::ParseError),
    /// The message is larger than [`StreamLimits::max_message`].
    #[error("a message was too large")]
    TooLarge,
    /// The WebSocket protocol was violated.
    #[error("WebSocket protocol violated")]
    WebSocket,
    /// The connection broke.
    #[error("broken: {0}")]
    Io(io::ErrorKind),
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The flow names a connection that is not there any more, or never was (RFC 5626 §5.3: 430 Flow Failed).
    #[error("the connection is gone")]
    NoConnection,
    /// The connection ended before the message was written.
    #[error("the connection ended: {0}")]
    Closed(CloseReason),
    /// The outbox is full: the peer takes less than it is sent.
    #[error("too many messages wait for this connection")]
    QueueFull,
    /// As many connections are open as [`StreamLimits::max_connections`] allows.
    #[error("too many connections")]
    TooManyConnections,
    /// The peer refused the connection or cannot be reached.
    #[error("connecting failed: {0}")]
    ConnectFailed(io::ErrorKind),
    /// The peer did not answer within [`StreamLimits::connect`].
    #[error("connecting took too long")]
    ConnectTimeout,
    /// TLS failed: the certificate is not trusted or not for that name, or there is no common version.
    #[error("the TLS handshake failed")]
    HandshakeFailed,
    /// The transport has no outgoing connections: UDP does not belong here, and a WebSocket client cannot be
    /// connected to.
    #[error("{} cannot be connected to", .0.name())]
    NotConnectable(Transport),
    /// The service has been shut down.
    #[error("shut down")]
    ShutDown,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StreamsError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {} {address}: {source}", transport.parameter())]
    Bind {
        /// The listener's transport.
        transport: Transport,
        /// Its address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A certificate cannot be used.
    #[error("TLS of listener {address}: {source}")]
    ListenerTls {
        /// The listener's address.
        address: SocketAddr,
        /// What is wrong.
        source: Box<TlsError>,
    },
    /// A listener is secure but has no certificate, or has one and is not secure, or is UDP.
    #[error("listener {} {address}: {why}", transport.parameter())]
    Listener {
        /// The listener's transport.
        transport: Transport,
        /// Its address.
        address: SocketAddr,
        /// What does not fit.
        why: &'static str,
    },
    /// The client side of TLS cannot be used.
    #[error("TLS of outgoing connections: {0}")]
    ClientTls(#[source] Box<TlsError>),
}

/// What all tasks share.
struct Context {
    limits: StreamLimits,
    sink: Arc<dyn Sink>,
    table: Table,
    counters: Counters,
    client_tls: tokio_rustls::TlsConnector,
    /// Local addresses by listener, from which outgoing connections start.
    local: HashMap<u16, SocketAddr>,
    /// Whether listeners accept; goes to `false` once.
    accepting: watch::Sender<bool>,
}

/// The running service. Dropping it closes listeners and connections.
pub struct Streams {
    context: Arc<Context>,
    handle: Handle,
    addresses: Vec<(StreamListener, SocketAddr)>,
    reloader: Arc<Reloader>,
    reload_task: tokio::task::AbortHandle,
}

impl Streams {
    /// Binds all listeners and starts to accept, on the runtime of `handle`. May be called from any thread.
    ///
    /// # Errors
    /// The first listener that cannot be bound or whose certificate cannot be used; nothing is left open then.
    pub fn start(
        handle: &Handle,
        config: StreamsConfig,
        sink: Arc<dyn Sink>,
    ) -> Result<Streams, StreamsError> {
        let _inside = handle.enter();
        let mut bound = Vec::new();
        for listener in &config.listeners {
            bound.push(listen::bind(listener)?);
        }
        let client_tls = config.client_tls.load().map_err(|error| StreamsError::ClientTls(error.into()))?;
        let addresses: Vec<_> = config
            .listeners
            .into_iter()
            .zip(&bound)
            .map(|(listener, bound)| (listener, bound.address))
            .collect();
        let context = Arc::new(Context {
            table: Table::new(&config.limits),
            limits: config.limits,
            sink,
            counters: Counters::default(),
            client_tls: client_tls.into(),
            local: addresses.iter().map(|(listener, address)| (listener.index, *address)).collect(),
            accepting: watch::Sender::new(true),
        });
        let certificates = bound.iter().filter_map(|bound| bound.certificate.clone()).collect();
        let reloader = Arc::new(Reloader::new(certificates));
        let reload_task = handle.spawn(reloader.clone().run()).abort_handle();
        for bound in bound {
            handle.spawn(listen::accept(bound, context.clone()));
        }
        Ok(Streams { context, handle: handle.clone(), addresses, reloader, reload_task })
    }

    /// Sends one whole message. With a connection in the flow it goes there or is undelivered; without, by a
    /// connection to `flow.remote` over `flow.transport` that is open already, else by a new one, during whose
    /// making further messages to the same remote queue up. `server_name` is what the certificate of a TLS peer
    /// must be for (`None`: its address); connections verified for different names are kept apart.
    ///
    /// Never blocks. What cannot be sent comes back by [`Sink::undelivered`] with `token` and `flow`, possibly
    /// before this returns.
    pub fn send(&self, flow: Flow, bytes: Bytes, server_name: Option<Arc<str>>, token: u64) {
        let outgoing = Outgoing::message(bytes.clone(), token, flow);
        if let Err(why) = self.submit(flow, outgoing, server_name) {
            self.context.counters.undelivered.add(1);
            self.context.sink.undelivered(token, flow, bytes, why);
        }
    }

    /// Closes the flow's connection after what is queued is written. Nothing happens if it is gone.
    pub fn close(&self, flow: Flow) {
        if let Some(connection) = self.context.table.get(flow.connection) {
            connection.outbox.finish();
        }
    }

    /// The address that the listener with this index is bound to.
    pub fn local_address(&self, listener: u16) -> Option<SocketAddr> {
        self.addresses.iter().find(|(one, _)| one.index == listener).map(|(_, address)| *address)
    }

    /// Whether this connection is open for sending.
    pub fn is_open(&self, flow: Flow) -> bool {
        self.context.table.get(flow.connection).is_some_and(|connection| connection.serves(&flow))
    }

    /// Counters since the start, and how many connections are open.
    pub fn counts(&self) -> Counts {
        self.context.counters.snapshot(self.context.table.admitted())
    }

    /// Reads the listeners' certificates again now, as on SIGHUP. A changed file is noticed without this.
    ///
    /// # Errors
    /// The first that cannot be used; that listener keeps its old one.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        self.reloader.reload_all()
    }

    /// The count of certificate reloads, to read or to await a change of.
    pub fn certificate_reloads(&self) -> watch::Receiver<Reloads> {
        self.reloader.reloads()
    }

    /// Stops accepting; open connections go on, and new ones are still made. The listening ports are free soon after.
    pub fn stop_accepting(&self) {
        self.context.accepting.send_replace(false);
    }

    /// Stops accepting and connecting, lets every connection write what is queued, and closes it. Ends when all are closed, at
    /// the latest after `grace`.
    pub async fn shut_down(&self, grace: Duration) {
        self.stop_accepting();
        self.context.table.finish_all();
        let _ = tokio::time::timeout(grace, self.context.table.emptied()).await;
    }

    fn submit(
        &self,
        flow: Flow,
        mut outgoing: Outgoing,
        server_name: Option<Arc<str>>,
    ) -> Result<(), SendError> {
        let Context { table, limits, .. } = &*self.context;
        if flow.connection != 0 {
            let connection = table.get(flow.connection).ok_or(SendError::NoConnection)?;
            if !connection.serves(&flow) {
                return Err(SendError::NoConnection);
            }
            return connection.outbox.push(outgoing, limits).map_err(|(why, _)| why);
        }
        let connectable = matches!(flow.transport, Transport::Tcp | Transport::Tls);
        loop {
            let (connection, new) = match table.find_or_register(flow, server_name.clone(), connectable)? {
                Found::Open(connection) => (connection, None),
                Found::New(registered) => (registered.connection.clone(), Some(registered)),
            };
            match connection.outbox.push(outgoing, limits) {
                Ok(()) => {
                    if let Some(registered) = new {
                        self.handle.spawn(connect::run(registered, self.context.clone()));
                    }
                    return Ok(());
                }
                Err((SendError::QueueFull, _)) => return Err(SendError::QueueFull),
                // it closed this moment, so that the table will not give it again
                Err((_, returned)) => outgoing = returned,
            }
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.reload_task.abort();
        self.stop_accepting();
        self.context.table.finish_all();
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Streams").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

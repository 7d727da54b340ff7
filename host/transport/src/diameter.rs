//! Diameter over TCP and TLS (RFC 6733 §2.1, §13.1): the shell around one `diameter::Node`: sockets, clock, both sides'
//! requests.
//!
//! ```text
//!  send (any thread) ──▶ node ──▶ outbox ──▶ socket          the caller itself writes, unless somebody is at it
//!  socket ──▶ connection's task ──▶ node ──▶ Pending         one wake-up for all answers of one read; or, in the place of
//!                                     │                      the task, a thread that looks at sockets anyway (`Feeds`)
//!                                     └────▶ Requests ──▶ Incoming::answer (any thread) ──▶ node ──▶ outbox
//!  listen ──▶ TLS ──▶ task      Output::Connect ──▶ name ──▶ connect ──▶ TLS ──▶ task      one task: timers
//! ```
//! In: requests with a deadline and answers, from any thread. Out: answers or why there is none, requests of others.
//! The node is behind one mutex that is held for a message or a few and never across a system call, so that a request
//! is routed and printed on the thread that wants it. How messages look, who is asked and when to connect again are the
//! node's; a connection's bytes belong to its outbox.
//!
//! | file | what |
//! |---|---|
//! | `diameter/config.rs` | where to listen, where peers are, what is bounded |
//! | `diameter/driver.rs` | the node, what waits for it, and what follows from its outputs |
//! | `diameter/effects.rs` | what is done once the mutex is free again |
//! | `diameter/pending.rs` | a request of ours on its way |
//! | `diameter/incoming.rs` | a request of somebody else's |
//! | `diameter/outbox.rs` | bytes to write, and whose turn it is to write them |
//! | `diameter/connection.rs` | one established connection |
//! | `diameter/wire.rs` | its socket, where there is no TLS in it |
//! | `diameter/feed.rs` | a connection that somebody else reads |
//! | `diameter/connect.rs`, `diameter/listen.rs` | how it is established |
//! | `diameter/counts.rs` | figures for whoever prints them |

mod config;
mod connect;
mod connection;
mod counts;
mod driver;
mod effects;
mod feed;
mod incoming;
mod listen;
mod outbox;
mod pending;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use ::diameter::base::{DisconnectCause, Origin};
use ::diameter::node::{Input, Node};
use ::diameter::{AvpBits, CommandCode, DiameterIdentity, Dictionary, Message, Reading, SessionIds};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use trace::Trace;

use crate::tls::TlsError;
use crate::tls::reload::Reloader;
pub use config::{
    DEFAULT_PORT, DEFAULT_TLS_PORT, DiameterConfig, DiameterError, DiameterLimits, DiameterListener,
    PeerAddress, PeerTransport,
};
use connect::Target;
use counts::Counters;
pub use counts::{ConnectionCounts, Latency, MAX_LATENCIES, PeerCounter, PeerStatus};
use driver::Driver;
use effects::Effects;
pub use feed::{Feed, Feeds, Met};
pub use incoming::{Incoming, Requests};
pub use pending::{DiameterFailure, Pending};

/// What all tasks and all callers share.
struct Shared {
    driver: Mutex<Driver>,
    requests: Arc<dyn Requests>,
    feeds: Option<Arc<dyn Feeds>>,
    handle: Handle,
    limits: DiameterLimits,
    trace: Option<Arc<Trace>>,
    /// By the node's number of a peer.
    identities: Vec<DiameterIdentity>,
    /// By the same. `None`: a peer that connects to us.
    targets: Vec<Option<Target>>,
    client_tls: tokio_rustls::TlsConnector,
    origin: Origin,
    dictionary: Dictionary,
    bits: AvpBits,
    session_ids: Mutex<SessionIds>,
    /// The first timer is now earlier than the timers' task knows.
    timer: Notify,
    /// Number of the next accepted connection.
    next_accepted: AtomicU64,
    /// Accepted connections there are, handshakes under way included.
    admitted: AtomicUsize,
    /// Tasks of connections.
    live: watch::Sender<usize>,
    /// Openings and closings of peers.
    changes: watch::Sender<u64>,
    counters: Counters,
}

impl Shared {
    /// Does something to the node, and then all that follows from it.
    fn with(self: &Arc<Self>, act: impl FnOnce(&mut Driver, Instant)) {
        let mut effects = Effects::default();
        {
            let mut driver = self.driver.lock();
            let now = Instant::now();
            act(&mut driver, now);
            driver.settle(now, &mut effects);
            driver.arm(&mut effects);
        }
        effects.run(self);
    }

    /// Bytes came. In pieces, between which callers of `send` get their turn at the node.
    fn received(self: &Arc<Self>, connection: ::diameter::node::ConnectionId, bytes: &[u8]) {
        let mut effects = Effects::default();
        {
            let mut driver = self.driver.lock();
            for piece in bytes.chunks(PIECE) {
                let now = Instant::now();
                driver.receive(now, connection, piece, &mut effects);
                parking_lot::MutexGuard::bump(&mut driver);
            }
            driver.arm(&mut effects);
        }
        effects.run(self);
    }

    /// Gives every request up and closes every connection, now.
    fn shut(self: &Arc<Self>) {
        let mut effects = Effects::default();
        self.driver.lock().shut(&mut effects);
        effects.run(self);
    }
}

/// Bytes that the node is given at a time: some ten messages.
const PIECE: usize = 4096;

/// The running service, to be cloned at will. When the last clone is dropped, listeners and connections are closed
/// without a word; [`DiameterService::stop`] says goodbye.
#[derive(Clone)]
pub struct DiameterService {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    reloader: Arc<Reloader>,
    /// Those of the listeners.
    accepting: Vec<AbortHandle>,
    /// The timers' and the certificates'.
    tasks: [AbortHandle; 2],
}

impl DiameterService {
    /// Binds the listeners, starts to accept and to connect, on the runtime of `handle`, which needs its drivers of I/O
    /// and time. May be called from any thread.
    ///
    /// # Errors
    /// See [`DiameterError`]; nothing is left open then.
    pub fn start(
        handle: &Handle,
        config: DiameterConfig,
        requests: Arc<dyn Requests>,
    ) -> Result<DiameterService, DiameterError> {
        let _inside = handle.enter();
        let targets = config.targets()?;
        let client_tls =
            config.client_tls.load().map_err(|error| DiameterError::ClientTls(Box::new(error)))?;
        let bound = config.listen.iter().map(listen::bind).collect::<Result<Vec<_>, _>>()?;
        let DiameterConfig { node, limits, trace, feeds, .. } = config;
        let shared = Arc::new(Shared {
            requests,
            feeds,
            handle: handle.clone(),
            limits,
            trace: trace.clone(),
            identities: node.peers.iter().map(|peer| peer.identity.clone()).collect(),
            targets,
            client_tls: client_tls.into(),
            origin: node.origin.clone(),
            dictionary: node.dictionary.clone(),
            bits: node.bits,
            session_ids: Mutex::new(SessionIds::new(node.origin.host.clone(), node.started)),
            timer: Notify::new(),
            next_accepted: AtomicU64::new(0),
            admitted: AtomicUsize::new(0),
            live: watch::Sender::new(0),
            changes: watch::Sender::new(0),
            counters: Counters::default(),
            driver: Mutex::new(Driver::new(Node::new(node)?, limits, trace)),
        });
        let certificates = bound.iter().filter_map(|bound| bound.certificate.clone()).collect();
        let reloader = Arc::new(Reloader::new(certificates));
        let tasks = [
            handle.spawn(keep_time(shared.clone())).abort_handle(),
            handle.spawn(reloader.clone().run()).abort_handle(),
        ];
        let addresses = bound.iter().map(|bound| bound.address).collect();
        let accept = |bound| handle.spawn(listen::accept(bound, shared.clone())).abort_handle();
        let accepting = bound.into_iter().map(accept).collect();
        shared.with(|driver, now| driver.node.handle_input(now, Input::Start));
        Ok(DiameterService { inner: Arc::new(Inner { shared, addresses, reloader, accepting, tasks }) })
    }

    /// Where it listens, in the order of the configuration; a port 0 there is the real one here.
    pub fn listening(&self) -> Vec<SocketAddr> {
        self.inner.addresses.clone()
    }

    /// Sends a request, whose Session-Id, Origin and Destination are in it; identifiers and the T bit are the node's to
    /// set. The request is on its way when this returns, and the answer comes out of what it returns, which any
    /// executor may poll; to drop that is to give the request up. From any thread; never blocks.
    ///
    /// `deadline`: from now, in which time the answer is there or [`DiameterFailure::Deadline`]; cut to a day.
    pub fn send(&self, message: Message, deadline: Duration) -> Pending {
        pending::send(&self.inner.shared, message, deadline)
    }

    /// A Session-Id that nobody has had (RFC 6733 §8.8).
    pub fn new_session_id(&self) -> String {
        self.inner.shared.session_ids.lock().next_id()
    }

    /// Who we are: Origin-Host, Origin-Realm and Origin-State-Id of what the host prints.
    pub fn origin(&self) -> &Origin {
        &self.inner.shared.origin
    }

    /// How the host is to read messages: the same dictionary, as strict as the node.
    pub fn reading(&self) -> Reading<'_> {
        Reading { dictionary: &self.inner.shared.dictionary, bits: self.inner.shared.bits }
    }

    /// Every peer, in the order of the configuration.
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.inner.shared.driver.lock().peers()
    }

    /// What happened how often, by peer, command and what, as far as it is not zero.
    pub fn counters(&self) -> Vec<PeerCounter> {
        let shared = &self.inner.shared;
        let driver = shared.driver.lock();
        let named = driver.node.counters().iter().filter_map(|(counter, count)| {
            let peer = shared.identities.get(usize::from(counter.peer.0))?.clone();
            Some(PeerCounter { peer, command: counter.command, what: counter.what, count })
        });
        named.collect()
    }

    /// How long requests of ours waited for their answers, by command.
    pub fn latencies(&self) -> Vec<(CommandCode, Latency)> {
        self.inner.shared.driver.lock().latencies()
    }

    /// What happened to connections.
    pub fn connections(&self) -> ConnectionCounts {
        let shared = &self.inner.shared;
        let driver = shared.driver.lock();
        shared.counters.snapshot(*shared.live.borrow(), driver.node.counters())
    }

    /// Whether a peer is open at least.
    pub fn ready(&self) -> bool {
        self.inner.shared.driver.lock().is_ready()
    }

    /// How often a peer has opened, closed, or could not be opened: to read, or to await a change of.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.shared.changes.subscribe()
    }

    /// Reads the listeners' certificates again now, as on SIGHUP. A changed file is noticed without this.
    ///
    /// # Errors
    /// The first that cannot be used; that listener keeps its old one.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        self.inner.reloader.reload_all()
    }

    /// Accepts nothing more, tells every peer why it leaves (DPR, §5.4), and closes all connections as the answers
    /// come, at the latest after [`DiameterLimits::farewell`]. Requests that have no answer by then fail with
    /// [`DiameterFailure::Stopped`]. On a runtime with time.
    pub async fn stop(&self, cause: DisconnectCause) {
        let Inner { shared, accepting, .. } = &*self.inner;
        accepting.iter().for_each(AbortHandle::abort);
        shared.with(|driver, now| driver.node.handle_input(now, Input::Stop(cause)));
        let mut live = shared.live.subscribe();
        let _ = tokio::time::timeout(shared.limits.farewell, live.wait_for(|live| *live == 0)).await;
        shared.shut();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.accepting.iter().chain(&self.tasks).for_each(AbortHandle::abort);
        self.shared.shut();
    }
}

impl std::fmt::Debug for DiameterService {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DiameterService")
            .field("origin", &self.origin().host)
            .field("listening", &self.inner.addresses)
            .finish_non_exhaustive()
    }
}

/// Tells the node when something is due.
async fn keep_time(shared: Arc<Shared>) {
    loop {
        let alarm = shared.driver.lock().alarm();
        let due = async {
            match alarm {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => shared.with(|driver, now| driver.time_out(now)),
            () = shared.timer.notified() => {}
        }
    }
}

//! All peers of one identity: RFC 6733 §6: a Diameter client and server in one.
//!
//! ```text
//!   host: send ------------> requests.rs --choose--> peer --> bytes      answer, failure --> host
//!   host: answer ----------> incoming.rs ----------> peer --> bytes      request ----------> host
//!   bytes -> connections.rs -> frame -> peer -> answer: requests.rs, request: incoming.rs
//! ```
//! In: what connections bring, requests and answers of the host, the time. Out: connections to open and to close,
//! bytes to send, answers and requests of others. Drive it as every machine of the house: after each call that takes
//! something in, take [`Node::poll_output`] until it is `None`; call [`Node::handle_timeout`] at
//! [`Node::poll_timeout`].
//!
//! | file | what | section |
//! |---|---|---|
//! | `node/config.rs` | who we are, whom we know, what is bounded | |
//! | `node/connections.rs` | bytes to messages to peers, and what peers ask for | 5.6.1 |
//! | `node/routes.rs` | which peer | 6.1 |
//! | `node/requests.rs` | our requests: sent, sent again, answered, given up | 5.5.4, 6.2.1 |
//! | `node/incoming.rs` | requests of others: refused, handed out, answered | 6.1.3, 6.2 |
//! | `node/duplicates.rs` | those that come again | 3 |
//! | `node/counters.rs` | how often | |
//!
//! We do not relay: no Route-Record is added, no loop is looked for (§6.1.3, §6.1.9), and a request for somebody else
//! is answered UNABLE_TO_DELIVER. What an answer means to a call does not belong here.

mod config;
mod connections;
mod counters;
mod duplicates;
mod incoming;
mod requests;
mod routes;

pub use config::{Application, Config, ConfigError, Limits, MAX_PEERS};
pub use counters::{Counter, Counters, What};
pub use incoming::AnswerError;
pub use requests::{SendError, Undelivered};
pub use routes::{Route, RouteError};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::base::{DisconnectCause, Origin};
use crate::format::DiameterIdentity;
use crate::header::{ApplicationId, CommandCode};
use crate::luck::Luck;
use crate::message::Message;
use crate::peer::state::State;
use crate::peer::watchdog::Watch;
use crate::peer::{self, CloseReason, Local, Peer};
use crate::session_id::SessionIds;
use connections::Connection;
use duplicates::Duplicates;
use incoming::Incoming;
use requests::Pending;

/// A peer, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u16);

/// A connection, by who opened it and who counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionId {
    /// The node asked for it and counts it.
    Initiated(u64),
    /// The shell accepted it and counts it.
    Accepted(u64),
}

/// A request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A request of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingId(pub u64);

/// What a node is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Connect to peers.
    Start,
    /// Leave them. Nothing is sent and nothing is accepted any more.
    Stop(DisconnectCause),
    /// A connection was accepted; its [`ConnectionId`] is `Accepted(number)`.
    Accepted {
        /// One that no other accepted connection has or had.
        number: u64,
    },
    /// A connection that was asked for is open.
    Connected(ConnectionId),
    /// It could not be opened.
    NotConnected(ConnectionId),
    /// Bytes came.
    Received(ConnectionId, &'a [u8]),
    /// The connection was closed by the other side, or by accident.
    Disconnected(ConnectionId),
}

/// What a node asks for, and what it tells.
#[derive(Clone, Debug)]
pub enum Output {
    /// Open a connection to a peer.
    Connect {
        /// What it will be called.
        connection: ConnectionId,
        /// To whom.
        peer: PeerId,
    },
    /// Send bytes, after all that were to be sent before.
    Transmit {
        /// Where.
        connection: ConnectionId,
        /// A whole message.
        bytes: Bytes,
    },
    /// Close a connection, after all that was to be sent. The node has forgotten it.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// A peer is open.
    PeerOpened {
        /// Which.
        peer: PeerId,
    },
    /// A peer is closed, or could not be opened.
    PeerClosed {
        /// Which.
        peer: PeerId,
        /// Why.
        reason: CloseReason,
        /// Whether it was open before.
        was_open: bool,
    },
    /// A peer is silent; what is outstanding there went elsewhere, if it could.
    PeerSuspect {
        /// Which.
        peer: PeerId,
    },
    /// A peer is trusted again.
    PeerOkay {
        /// Which.
        peer: PeerId,
    },
    /// A request of ours has its answer.
    Answer {
        /// Which.
        request: RequestId,
        /// Who answered.
        peer: PeerId,
        /// The answer.
        message: Message,
    },
    /// A request of ours has none.
    Failed {
        /// Which.
        request: RequestId,
        /// Why.
        why: Undelivered,
    },
    /// A request of somebody else, to be answered with [`Node::answer`].
    Request {
        /// Which.
        id: IncomingId,
        /// Who passed it on.
        peer: PeerId,
        /// The request.
        message: Message,
    },
    /// The host did not answer it in time; UNABLE_TO_COMPLY went out.
    Unanswered {
        /// Which.
        id: IncomingId,
    },
}

/// What [`Node::handle_timeout`] is next for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerName {
    /// A peer's timer.
    Peer(PeerId, peer::TimerName),
    /// A request of ours is given up.
    Deadline,
    /// The host has not answered.
    Answer,
    /// No CER came on an accepted connection.
    Cer,
}

/// A peer and what lies at it.
#[derive(Debug)]
struct Slot {
    peer: Peer,
    /// Its connections, by [`peer::state::Side`].
    connections: [Option<ConnectionId>; 2],
    /// Our requests there, by Hop-by-Hop Identifier.
    outstanding: BTreeMap<u32, RequestId>,
}

/// What can be told of a peer.
#[derive(Clone, Copy, Debug)]
pub struct PeerView<'a> {
    /// Its number.
    pub id: PeerId,
    /// Who it is.
    pub identity: &'a DiameterIdentity,
    /// Its realm.
    pub realm: &'a DiameterIdentity,
    /// Its machine.
    pub state: State,
    /// Its watchdog.
    pub watch: Watch,
    /// Our requests there.
    pub outstanding: usize,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    local: Arc<Local>,
    limits: Limits,
    serves: BTreeSet<(ApplicationId, CommandCode)>,
    slots: Vec<Slot>,
    names: BTreeMap<DiameterIdentity, PeerId>,
    routes: Vec<(Route, PeerId)>,
    connections: BTreeMap<ConnectionId, Connection>,
    initiated: u64,
    pending: BTreeMap<RequestId, Pending>,
    deadlines: BTreeSet<(Instant, RequestId)>,
    next_request: u64,
    incoming: BTreeMap<IncomingId, Incoming>,
    answers_due: BTreeSet<(Instant, IncomingId)>,
    next_incoming: u64,
    duplicates: Duplicates,
    end_to_end: u32,
    session_ids: SessionIds,
    counters: Counters,
    luck: Luck,
    is_stopped: bool,
    outputs: VecDeque<Output>,
}

impl Node {
    /// A node without a connection. `Input::Start` lets it open them.
    pub fn new(config: Config) -> Result<Node, ConfigError> {
        let names = config.check()?;
        let local = config.local();
        let Config { limits, serves, peers, routes, started, seed, origin, .. } = config;
        let limits = limits.bounded();
        let mut luck = Luck::new(seed);
        let slots = peers.into_iter().map(|settings| Slot {
            peer: Peer::new(local.clone(), settings, luck.next()),
            connections: [None; 2],
            outstanding: BTreeMap::new(),
        });
        let slots = slots.collect();
        let routes = routes.into_iter().filter_map(|route| {
            let peer = *names.get(&route.peer)?;
            Some((route, peer))
        });
        let duplicates = Duplicates::new(
            (luck.next(), luck.next()),
            limits.duplicates,
            limits.duplicate_bytes,
            limits.duplicate_window,
        );
        // §3: "the high order 12 bits ... contain the low order 12 bits of current time, and the low order 20 bits
        // ... a random value".
        let end_to_end = (started as u32) << 20 | (luck.next() as u32 & 0x000f_ffff);
        Ok(Node {
            routes: routes.collect(),
            local,
            limits,
            serves: serves.into_iter().collect(),
            slots,
            names,
            connections: BTreeMap::new(),
            initiated: 0,
            pending: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next_request: 0,
            incoming: BTreeMap::new(),
            answers_due: BTreeSet::new(),
            next_incoming: 0,
            duplicates,
            end_to_end,
            session_ids: SessionIds::new(origin.host, started),
            counters: Counters::new(limits.counters),
            luck,
            is_stopped: false,
            outputs: VecDeque::new(),
        })
    }

    /// Who we are.
    pub fn origin(&self) -> &Origin {
        &self.local.capabilities.origin
    }

    /// How received messages are read.
    pub fn reading(&self) -> crate::value::Reading<'_> {
        self.local.reading()
    }

    /// A Session-Id that nobody has had.
    pub fn new_session_id(&mut self) -> String {
        self.session_ids.next_id()
    }

    /// The number of a peer.
    pub fn peer(&self, identity: &DiameterIdentity) -> Option<PeerId> {
        self.names.get(identity).copied()
    }

    /// Every peer.
    pub fn peers(&self) -> impl Iterator<Item = PeerView<'_>> {
        self.slots.iter().enumerate().map(|(at, slot)| {
            let settings = slot.peer.settings();
            PeerView {
                id: PeerId(at as u16),
                identity: &settings.identity,
                realm: &settings.realm,
                state: slot.peer.state(),
                watch: slot.peer.watch(),
                outstanding: slot.outstanding.len(),
            }
        })
    }

    /// What happened how often.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Our requests without an answer.
    pub fn outstanding(&self) -> usize {
        self.pending.len()
    }

    /// Requests of others that the host has not answered.
    pub fn unanswered(&self) -> usize {
        self.incoming.len()
    }

    /// Connections there are, also those on which no CER came.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    fn slot(&mut self, id: PeerId) -> Option<&mut Slot> {
        self.slots.get_mut(usize::from(id.0))
    }

    fn ids(&self) -> impl Iterator<Item = PeerId> + use<> {
        (0..self.slots.len()).map(|at| PeerId(at as u16))
    }

    /// Takes one thing in.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Start => {
                self.is_stopped = false;
                self.tell_all(now, || peer::Input::Start);
            }
            Input::Stop(cause) => {
                self.is_stopped = true;
                self.close_strangers();
                self.tell_all(now, || peer::Input::Stop(cause));
            }
            Input::Accepted { number } => self.accepted(now, ConnectionId::Accepted(number)),
            Input::Connected(connection) => self.connected(now, connection, true),
            Input::NotConnected(connection) => self.connected(now, connection, false),
            Input::Received(connection, bytes) => self.received(now, connection, bytes),
            Input::Disconnected(connection) => self.disconnected(now, connection),
        }
    }

    fn tell_all(&mut self, now: Instant, input: impl Fn() -> peer::Input) {
        for id in self.ids() {
            self.tell(now, id, input());
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        for id in self.ids() {
            let Some(slot) = self.slot(id) else { continue };
            if slot.peer.poll_timeout().is_some_and(|(due, _)| due <= now) {
                slot.peer.handle_timeout(now);
                self.drain(now, id, None);
            }
        }
        self.expire_requests(now);
        self.expire_incoming(now);
        self.expire_strangers(now);
    }

    /// What is next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Node::handle_timeout`] is next due, and what for.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerName)> {
        let peers = self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let (due, name) = slot.peer.poll_timeout()?;
            Some((due, TimerName::Peer(PeerId(at as u16), name)))
        });
        let deadline = self.deadlines.first().map(|(due, _)| (*due, TimerName::Deadline));
        let answer = self.answers_due.first().map(|(due, _)| (*due, TimerName::Answer));
        let stranger = self.first_stranger().map(|due| (due, TimerName::Cer));
        peers.chain(deadline).chain(answer).chain(stranger).min_by_key(|(due, _)| *due)
    }
}

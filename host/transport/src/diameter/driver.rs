//! The node and what waits for it, behind one mutex.
//!
//! In: what is done to the node. Out: [`Effects`]: all that follows and can be done without the mutex. Bytes are queued
//! here, in the node's order; written they are later.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::diameter::bounds::MAX_WAIT;
use ::diameter::node::{ConnectionId, IncomingId, Input, Node, Output, PeerId, RequestId, SendError};
use ::diameter::peer::CloseReason;
use ::diameter::{CommandCode, Message};
use trace::Trace;

use super::DiameterLimits;
use super::connection::Connection;
use super::counts::{Latencies, Latency, PeerStatus};
use super::effects::Effects;
use super::outbox::Pushed;
use super::pending::{DiameterFailure, Slot};

/// A request of ours without an answer.
struct Waiting {
    slot: Arc<Slot>,
    command: CommandCode,
    since: Instant,
}

/// What became of a peer so far.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    opened: u64,
    last_closed: Option<CloseReason>,
}

/// What the mutex is around.
pub(super) struct Driver {
    pub(super) node: Node,
    limits: DiameterLimits,
    trace: Option<Arc<Trace>>,
    connections: HashMap<ConnectionId, Arc<Connection>>,
    waiting: HashMap<RequestId, Waiting>,
    /// When the timers' task will come.
    alarm: Option<Instant>,
    records: BTreeMap<PeerId, Record>,
    latencies: Latencies,
    /// Connections with more to write than may wait.
    overfull: Vec<ConnectionId>,
    /// A connection whose stream cannot be cut into messages.
    broken: Option<ConnectionId>,
    is_shut: bool,
}

impl Driver {
    pub(super) fn new(node: Node, limits: DiameterLimits, trace: Option<Arc<Trace>>) -> Driver {
        Driver {
            node,
            limits,
            trace,
            connections: HashMap::new(),
            waiting: HashMap::new(),
            alarm: None,
            records: BTreeMap::new(),
            latencies: Latencies::default(),
            overfull: Vec::new(),
            broken: None,
            is_shut: false,
        }
    }

    /// Sends a request of ours.
    pub(super) fn send(
        &mut self,
        message: Message,
        within: Duration,
        slot: Arc<Slot>,
        effects: &mut Effects,
    ) -> Result<RequestId, DiameterFailure> {
        if self.is_shut {
            return Err(DiameterFailure::Stopped);
        }
        let now = Instant::now();
        let due = now + within.min(MAX_WAIT);
        let command = message.header().command;
        let request = self.node.send(now, message, due).map_err(|error: SendError| error.into());
        if let Ok(request) = request {
            self.waiting.insert(request, Waiting { slot, command, since: now });
        }
        if self.settle(now, effects) {
            self.arm(effects);
        } else {
            self.arm_for(due, effects);
        }
        request
    }

    /// Gives a request up. What is left of it is to be dropped without the mutex.
    pub(super) fn cancel(&mut self, request: RequestId) -> Option<Arc<Slot>> {
        self.node.cancel(request);
        self.waiting.remove(&request).map(|waiting| waiting.slot)
    }

    /// The host's answer to a request of somebody else's.
    pub(super) fn answer(
        &mut self,
        id: IncomingId,
        answer: Message,
        effects: &mut Effects,
    ) -> Result<(), ::diameter::node::AnswerError> {
        let now = Instant::now();
        let answered = self.node.answer(now, id, answer);
        if self.settle(now, effects) {
            self.arm(effects);
        }
        answered
    }

    /// Bytes came.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        bytes: &[u8],
        effects: &mut Effects,
    ) {
        let before = self.node.counters().broken_streams;
        self.node.handle_input(now, Input::Received(connection, bytes));
        self.broken = (self.node.counters().broken_streams != before).then_some(connection);
        self.settle(now, effects);
        self.broken = None;
    }

    /// Does all that the node asks for. Tells whether its timers may be other ones because of that.
    pub(super) fn settle(&mut self, now: Instant, effects: &mut Effects) -> bool {
        let mut was_overfull = false;
        loop {
            while let Some(output) = self.node.poll_output() {
                self.act(now, output, effects);
            }
            let Some(id) = self.overfull.pop() else { return was_overfull };
            was_overfull = true;
            // the node may have closed it meanwhile
            if let Some(connection) = self.connections.remove(&id) {
                tracing::warn!(connection = ?id, "a Diameter peer takes less than it is sent");
                effects.overfull += 1;
                connection.outbox.abort();
                self.node.handle_input(now, Input::Disconnected(id));
            }
        }
    }

    fn act(&mut self, now: Instant, output: Output, effects: &mut Effects) {
        match output {
            Output::Connect { connection, peer } => {
                let connection = Arc::new(Connection::new(connection, &self.limits, self.trace.as_ref()));
                self.register(connection.clone());
                effects.connects.push((connection, peer));
            }
            Output::Transmit { connection, bytes } => {
                let Some(found) = self.connections.get(&connection) else { return };
                if let Some(tap) = &found.tap {
                    tap.sent(&bytes);
                }
                match found.outbox.push(&bytes) {
                    Pushed::Write => effects.writes.push(found.clone()),
                    Pushed::Full => self.overfull.push(connection),
                    Pushed::Left | Pushed::Closed => {}
                }
            }
            Output::Close { connection } => match self.connections.remove(&connection) {
                // RFC 6733 §2.1: "MUST be closed using a RESET call"
                Some(found) if self.broken == Some(connection) => found.outbox.abort(),
                Some(found) => found.outbox.finish(),
                None => {}
            },
            Output::PeerOpened { peer } => {
                self.records.entry(peer).or_default().opened += 1;
                effects.peers.push((peer, None));
            }
            Output::PeerClosed { peer, reason, was_open } => {
                self.records.entry(peer).or_default().last_closed = Some(reason);
                effects.peers.push((peer, Some((reason, was_open))));
            }
            Output::PeerSuspect { peer } => tracing::warn!(?peer, "a Diameter peer is silent"),
            Output::PeerOkay { peer } => tracing::info!(?peer, "a Diameter peer is trusted again"),
            Output::Answer { request, message, .. } => {
                if let Some(Waiting { slot, command, since }) = self.waiting.remove(&request) {
                    self.latencies.count(command, now.saturating_duration_since(since));
                    effects.ended.push((slot, Ok(message)));
                }
            }
            Output::Failed { request, why } => {
                if let Some(Waiting { slot, .. }) = self.waiting.remove(&request) {
                    effects.ended.push((slot, Err(why.into())));
                }
            }
            Output::Request { id, peer, message } => effects.requests.push((id, peer, message)),
            Output::Unanswered { id } => tracing::warn!(?id, "a Diameter request was not answered in time"),
        }
    }

    /// A connection that there is from now on.
    pub(super) fn register(&mut self, connection: Arc<Connection>) {
        if self.is_shut {
            return connection.outbox.abort();
        }
        self.connections.insert(connection.id, connection);
    }

    /// A connection that there is no more.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
    }

    /// When the timers' task is to come.
    pub(super) const fn alarm(&self) -> Option<Instant> {
        self.alarm
    }

    /// Lets the node do what is due.
    pub(super) fn time_out(&mut self, now: Instant) {
        if self.alarm.is_some_and(|alarm| alarm <= now) {
            self.alarm = None;
        }
        self.node.handle_timeout(now);
    }

    /// Wakes the timers' task if it would come too late. If it comes too early it goes again: most timers only ever
    /// move back.
    pub(super) fn arm(&mut self, effects: &mut Effects) {
        if let Some((due, _)) = self.node.poll_timeout().filter(|_| !self.is_shut) {
            self.arm_for(due, effects);
        }
    }

    fn arm_for(&mut self, due: Instant, effects: &mut Effects) {
        if self.alarm.is_none_or(|alarm| due < alarm) {
            self.alarm = Some(due);
            effects.wakes_timer = true;
        }
    }

    /// Takes nothing in any more.
    pub(super) fn shut(&mut self, effects: &mut Effects) {
        (self.is_shut, self.alarm) = (true, None);
        let waiting = self.waiting.drain();
        effects.ended.extend(waiting.map(|(_, waiting)| (waiting.slot, Err(DiameterFailure::Stopped))));
        self.connections.drain().for_each(|(_, connection)| connection.outbox.abort());
    }

    /// Whether a peer is open.
    pub(super) fn is_ready(&self) -> bool {
        self.node.peers().any(|peer| peer.state.open_side().is_some())
    }

    /// Every peer.
    pub(super) fn peers(&self) -> Vec<PeerStatus> {
        let status = |peer: ::diameter::node::PeerView<'_>| {
            let record = self.records.get(&peer.id).copied().unwrap_or_default();
            PeerStatus {
                identity: peer.identity.clone(),
                realm: peer.realm.clone(),
                state: peer.state,
                watch: peer.watch,
                outstanding: peer.outstanding,
                opened: record.opened,
                last_closed: record.last_closed,
            }
        };
        self.node.peers().map(status).collect()
    }

    /// How long answers took.
    pub(super) fn latencies(&self) -> Vec<(CommandCode, Latency)> {
        self.latencies.all()
    }
}

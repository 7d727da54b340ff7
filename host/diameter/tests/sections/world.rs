//! Nodes, wires of bytes between them, and a clock that only the world moves. Faults come out of a seed.
//!
//! A wire keeps the order of its bytes and nothing else: it delays them, cuts them into pieces, and breaks in the
//! middle of a message. What a node tells is written down; requests are answered as the test says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use strowger_diameter::node::{
    Config, ConnectionId, IncomingId, Input, Output, PeerId, RequestId, SendError, Undelivered,
};
use strowger_diameter::{DiameterIdentity, Message, Node, Outcome};

use crate::messages::answer;

/// One end of a wire.
pub(crate) type End = (usize, ConnectionId);

/// What happens to a host's end of things when a request comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host {
    /// Answers with this.
    Answers(Outcome),
    /// Answers with this, later.
    AnswersAfter(Duration, Outcome),
    /// Does nothing.
    Sleeps,
}

#[derive(Debug)]
enum Event {
    Accepted(End),
    Connected(End, bool),
    Bytes(End, Vec<u8>),
    Gone(End),
    Answer(usize, IncomingId, Message, Outcome),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// Of a thousand pieces, those with which the wire breaks.
    pub(crate) breaks: u64,
    /// The longest that a piece is under way.
    pub(crate) delay: Duration,
    /// The longest piece; zero: as it was sent.
    pub(crate) piece: usize,
}

const NONE: Faults = Faults { breaks: 0, delay: Duration::from_millis(1), piece: 0 };

pub(crate) struct Actor {
    pub(crate) node: Node,
    pub(crate) host: Host,
    names: Vec<DiameterIdentity>,
    name: DiameterIdentity,
    /// A node that is down accepts nothing, says nothing and hears nothing.
    pub(crate) is_up: bool,
    /// A node that is deaf keeps its connections and hears nothing.
    pub(crate) is_deaf: bool,
    accepted: u64,
    /// What it told, except bytes and connections.
    pub(crate) told: Vec<Output>,
    /// Messages that it sent, in order.
    pub(crate) sent: Vec<Message>,
    /// Requests that its host saw.
    pub(crate) seen: Vec<Message>,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) actors: Vec<Actor>,
    wires: BTreeMap<End, End>,
    /// When the last bytes arrive at an end.
    arrivals: BTreeMap<End, Instant>,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    pub(crate) faults: Faults,
    luck: u64,
}

impl World {
    pub(crate) fn new(seed: u64, configs: Vec<Config>) -> World {
        let actors = configs.into_iter().map(|config| Actor {
            names: config.peers.iter().map(|peer| peer.identity.clone()).collect(),
            name: config.origin.host.clone(),
            node: Node::new(config).unwrap(),
            host: Host::Answers(Outcome::SUCCESS),
            is_up: true,
            is_deaf: false,
            accepted: 0,
            told: Vec::new(),
            sent: Vec::new(),
            seen: Vec::new(),
        });
        World {
            now: Instant::now(),
            actors: actors.collect(),
            wires: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            events: BTreeMap::new(),
            count: 0,
            faults: NONE,
            luck: seed,
        }
    }

    /// A world in which everybody is connected.
    pub(crate) fn open(configs: Vec<Config>) -> World {
        let mut world = World::new(1, configs);
        world.start();
        world.pass(Duration::from_secs(3));
        world
    }

    pub(crate) fn start(&mut self) {
        for actor in 0..self.actors.len() {
            self.tell(actor, Input::Start);
        }
    }

    fn next(&mut self, below: u64) -> u64 {
        self.luck = self.luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.luck >> 33) % below.max(1)
    }

    fn later(&mut self, at: Instant, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    pub(crate) fn tell(&mut self, actor: usize, input: Input<'_>) {
        self.actors[actor].node.handle_input(self.now, input);
        self.collect(actor);
    }

    pub(crate) fn send(&mut self, actor: usize, message: Message, within: Duration) -> RequestId {
        self.try_send(actor, message, within).unwrap()
    }

    pub(crate) fn try_send(
        &mut self,
        actor: usize,
        message: Message,
        within: Duration,
    ) -> Result<RequestId, SendError> {
        let sent = self.actors[actor].node.send(self.now, message, self.now + within);
        self.collect(actor);
        sent
    }

    /// Takes a node out of the world: its connections break. It forgets nothing.
    pub(crate) fn kill(&mut self, actor: usize) {
        self.actors[actor].is_up = false;
        let ends: Vec<End> = self.wires.keys().copied().filter(|end| end.0 == actor).collect();
        ends.into_iter().for_each(|end| self.cut(end));
    }

    /// Breaks a wire: both ends hear of it, and what is under way is lost.
    pub(crate) fn cut(&mut self, end: End) {
        let Some(other) = self.wires.remove(&end) else { return };
        self.wires.remove(&other);
        self.events.retain(|_, event| !matches!(event, Event::Bytes(to, _) if *to == end || *to == other));
        let at = self.now;
        self.later(at, Event::Gone(end));
        self.later(at, Event::Gone(other));
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let timers = self.actors.iter().filter_map(|actor| actor.node.poll_timeout());
            let timer = timers.map(|(at, _)| at).min();
            let next = event.into_iter().chain(timer).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            if event.is_some_and(|at| at <= self.now) {
                let (_, event) = self.events.pop_first().unwrap();
                self.happen(event);
            } else {
                for actor in 0..self.actors.len() {
                    self.actors[actor].node.handle_timeout(self.now);
                    self.collect(actor);
                }
            }
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Accepted((actor, ConnectionId::Accepted(number))) => {
                self.tell(actor, Input::Accepted { number });
            }
            Event::Accepted(_) => unreachable!("a node accepts what others initiate"),
            Event::Connected((actor, connection), true) => self.tell(actor, Input::Connected(connection)),
            Event::Connected((actor, connection), false) => self.tell(actor, Input::NotConnected(connection)),
            Event::Bytes((actor, connection), bytes) => {
                if !self.actors[actor].is_deaf {
                    self.tell(actor, Input::Received(connection, &bytes));
                }
            }
            Event::Gone((actor, connection)) => self.tell(actor, Input::Disconnected(connection)),
            Event::Answer(actor, id, request, outcome) => {
                let host = self.actors[actor].name.to_string();
                let message = answer(&host, &request, outcome);
                // The node may have answered for its host, who was too late.
                let _ = self.actors[actor].node.answer(self.now, id, message);
                self.collect(actor);
            }
        }
    }

    /// Does what a node asks for.
    fn collect(&mut self, actor: usize) {
        while let Some(output) = self.actors[actor].node.poll_output() {
            match output {
                Output::Connect { connection, peer } => self.connect((actor, connection), peer),
                Output::Transmit { connection, bytes } => {
                    let message = Message::parse(bytes.clone()).unwrap();
                    self.actors[actor].sent.push(message);
                    self.transmit((actor, connection), &bytes);
                }
                Output::Close { connection } => self.close((actor, connection)),
                Output::Request { id, peer, message } => {
                    let outcome = match self.actors[actor].host {
                        Host::Answers(outcome) => Some((Duration::ZERO, outcome)),
                        Host::AnswersAfter(wait, outcome) => Some((wait, outcome)),
                        Host::Sleeps => None,
                    };
                    if let Some((wait, outcome)) = outcome {
                        self.later(self.now + wait, Event::Answer(actor, id, message.clone(), outcome));
                    }
                    self.actors[actor].seen.push(message.clone());
                    self.actors[actor].told.push(Output::Request { id, peer, message });
                }
                other => self.actors[actor].told.push(other),
            }
        }
    }

    fn connect(&mut self, end: End, peer: PeerId) {
        let name = &self.actors[end.0].names[usize::from(peer.0)];
        let other = self.actors.iter().position(|actor| actor.name == *name && actor.is_up);
        let delay = Duration::from_micros(100 + self.next(900));
        let Some(other) = other.filter(|_| self.actors[end.0].is_up) else {
            return self.later(self.now + delay, Event::Connected(end, false));
        };
        let accepting = &mut self.actors[other];
        let accepted = (other, ConnectionId::Accepted(accepting.accepted));
        accepting.accepted += 1;
        self.wires.insert(end, accepted);
        self.wires.insert(accepted, end);
        self.later(self.now + delay, Event::Accepted(accepted));
        self.later(self.now + delay, Event::Connected(end, true));
        self.arrivals.insert(end, self.now + delay);
        self.arrivals.insert(accepted, self.now + delay);
    }

    fn transmit(&mut self, from: End, bytes: &[u8]) {
        let piece = if self.faults.piece == 0 { bytes.len() } else { self.faults.piece };
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(to) = self.wires.get(&from).copied() else { return };
            let most = rest.len().min(piece) as u64;
            let length = if self.faults.piece == 0 { most } else { 1 + self.next(most) };
            let (now, after) = rest.split_at(length as usize);
            rest = after;
            if self.next(1000) < self.faults.breaks {
                return self.cut(from);
            }
            let delay = Duration::from_micros(self.next(self.faults.delay.as_micros() as u64));
            let at = (self.now + delay).max(self.arrivals.get(&to).copied().unwrap_or(self.now));
            self.arrivals.insert(to, at);
            self.later(at, Event::Bytes(to, now.to_vec()));
        }
    }

    fn close(&mut self, end: End) {
        let Some(other) = self.wires.remove(&end) else { return };
        self.wires.remove(&other);
        // After what is under way.
        let at = self.arrivals.get(&other).copied().unwrap_or(self.now).max(self.now);
        self.later(at, Event::Gone(other));
    }

    /// Sends bytes to a node as if they came on one of its wires.
    pub(crate) fn inject(&mut self, to: End, bytes: &[u8]) {
        self.tell(to.0, Input::Received(to.1, bytes));
    }

    /// The ends of wires at a node.
    pub(crate) fn ends(&self, actor: usize) -> Vec<End> {
        self.wires.keys().copied().filter(|end| end.0 == actor).collect()
    }

    /// How a request of a node ended. `None`: not yet.
    pub(crate) fn ended(&self, actor: usize, request: RequestId) -> Option<Result<Message, Undelivered>> {
        let mut ends = self.actors[actor].told.iter().filter_map(|told| match told {
            Output::Answer { request: of, message, .. } if *of == request => Some(Ok(message.clone())),
            Output::Failed { request: of, why } if *of == request => Some(Err(*why)),
            _ => None,
        });
        let end = ends.next();
        assert!(ends.next().is_none(), "{request:?} ended twice");
        end
    }

    /// How a request of a node was answered.
    pub(crate) fn outcome(&self, actor: usize, request: RequestId) -> Outcome {
        self.ended(actor, request).unwrap().unwrap().outcome().unwrap()
    }

    /// Whether a node has an open connection to a peer.
    pub(crate) fn is_open(&self, actor: usize, peer: u16) -> bool {
        let view = self.actors[actor].node.peers().nth(usize::from(peer)).unwrap();
        view.state.open_side().is_some()
    }

    /// The last message that a node sent.
    pub(crate) fn last_sent(&self, actor: usize) -> &Message {
        self.actors[actor].sent.last().unwrap()
    }
}

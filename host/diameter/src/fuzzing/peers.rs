//! Peers in any world: a peer that is told anything, and two nodes on wires that do anything.
//!
//! Promises: nothing panics, every bound holds, a request ends once and not later than its deadline, a host sees a
//! request once within the window, and connections that nobody has are forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Choices, make};
use crate::answer::refusal;
use crate::avp::Avps;
use crate::base::*;
use crate::command::Command;
use crate::cx::*;
use crate::dictionary::Dictionary;
use crate::failure::FailureKind;
use crate::format::DiameterIdentity;
use crate::header::{ApplicationId, CommandCode};
use crate::message::Message;
use crate::node::{self, Application, Config, ConnectionId, Limits, Node, RequestId};
use crate::peer::state::Side;
use crate::peer::{Input, Local, Output, Peer, PeerSettings, PeerTimers};
use crate::value::AvpBits;

const NAMES: [&str; 2] = ["a.ims.test", "b.ims.test"];
const LIMITS: Limits = Limits {
    outstanding: 6,
    outstanding_per_peer: 4,
    attempts: 2,
    incoming: 4,
    answer_within: Duration::from_secs(4),
    accepted: 3,
    cer_within: Duration::from_secs(5),
    message: 4096,
    duplicates: 8,
    duplicate_bytes: 4096,
    duplicate_window: Duration::from_secs(240),
    counters: 64,
};

fn name(text: &str) -> DiameterIdentity {
    text.parse().expect("a name")
}

fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name("ims.test"), state_id: None }
}

fn settings(host: &str) -> PeerSettings {
    let timers = PeerTimers::default();
    PeerSettings { identity: name(host), realm: name("ims.test"), initiates: true, timers }
}

fn config(at: usize) -> Config {
    let commands = OF_AN_SCSCF.iter().chain(&OF_AN_HSS);
    Config {
        origin: origin(NAMES[at]),
        host_ip_addresses: vec![[192, 0, 2, 1].into()],
        vendor_id: 0,
        product_name: "fuzz".to_owned(),
        firmware_revision: None,
        applications: vec![Application::CX],
        serves: commands.map(|command| (ApplicationId::CX, *command)).collect(),
        peers: vec![settings(NAMES[1 - at])],
        routes: Vec::new(),
        limits: LIMITS,
        dictionary: Dictionary::new(),
        bits: AvpBits::Lenient,
        started: 1_795_000_000,
        seed: at as u64,
    }
}

/// Any bytes as what happens to peers, from `now` on.
pub fn peer(now: Instant, bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    match choices.below(2) {
        0 => alone(now, &mut choices),
        _ => Pair::new(now).run(&mut choices),
    }
}

/// A peer that is told anything in any order.
fn alone(mut now: Instant, choices: &mut Choices<'_>) {
    let capabilities = capabilities(NAMES[0]);
    let local = Local { capabilities, dictionary: Dictionary::new(), bits: AvpBits::Lenient };
    let mut peer = Peer::new(Arc::new(local), settings(NAMES[1]), u64::from(choices.byte()));
    let mut connected = [false; 2];
    let mut is_open = false;
    for _ in 0..300 {
        if choices.is_empty() {
            break;
        }
        let side = *choices.one_of(&Side::BOTH);
        let input = match choices.below(12) {
            0 => Input::Start,
            1 => Input::Stop(*choices.one_of(DisconnectCause::ALL)),
            2 => Input::Connected,
            3 => Input::NotConnected,
            4 => {
                let header = *between_peers(0).header();
                Input::Accepted { header, capabilities: self::capabilities(NAMES[1]) }
            }
            5 => Input::Disconnected(side),
            6 => Input::Send(uar(0, 0)),
            7..=9 => Input::Received(side, between_peers(choices.below(8))),
            10 => {
                now += Duration::from_millis(u64::from(choices.byte()) * 200);
                peer.handle_timeout(now);
                Input::Start
            }
            _ => match Message::parse(choices.bytes(64).to_vec().into()) {
                Ok(message) => Input::Received(side, message),
                Err(_) => continue,
            },
        };
        match &input {
            Input::NotConnected => connected[Side::Initiator as usize] = false,
            Input::Disconnected(side) => connected[*side as usize] = false,
            _ => {}
        }
        peer.handle_input(now, input);
        let mut count = 0;
        while let Some(output) = peer.poll_output() {
            count += 1;
            match output {
                Output::Connect => connected[Side::Initiator as usize] = true,
                Output::Accept => connected[Side::Responder as usize] = true,
                Output::Disconnect(side) => {
                    assert!(connected[side as usize], "what is closed was there");
                    connected[side as usize] = false;
                }
                Output::Opened => {
                    assert!(!is_open, "it opens when it was closed");
                    is_open = true;
                }
                Output::Closed { was_open, .. } => {
                    assert_eq!(is_open, was_open, "it closes when it was open");
                    is_open = false;
                }
                Output::Transmit(_, message) => {
                    assert!(Message::parse(message.bytes().clone()).is_ok(), "what is sent can be read");
                }
                Output::Reject(_) | Output::Suspect | Output::Okay | Output::Deliver(_) => {}
            }
        }
        assert!(count < 12, "one input has few outputs: {count}");
        assert!(!peer.is_open() || is_open);
    }
}

fn capabilities(host: &str) -> Capabilities {
    Capabilities {
        origin: origin(host),
        host_ip_addresses: vec![crate::format::Address::Ip([192, 0, 2, 1].into())],
        vendor_id: 0,
        product_name: "fuzz".to_owned(),
        supported_vendor_ids: Vec::new(),
        auth_application_ids: vec![ApplicationId::CX.0],
        inband_security_ids: Vec::new(),
        acct_application_ids: Vec::new(),
        vendor_specific_application_ids: Vec::new(),
        firmware_revision: None,
    }
}

/// A good message of a peer's.
fn between_peers(which: usize) -> Message {
    let (origin, other, error_message) = (origin(NAMES[1]), Vec::new(), None);
    let (capabilities, result_code) = (capabilities(NAMES[1]), crate::ResultCode::SUCCESS);
    let printed = match which {
        0 => CapabilitiesExchangeRequest { capabilities, other }.print(),
        1 => CapabilitiesExchangeAnswer { result_code, capabilities, error_message, other }.print(),
        2 => DeviceWatchdogRequest { origin, other }.print(),
        3 => DeviceWatchdogAnswer { result_code, origin, error_message, other }.print(),
        4 => {
            let disconnect_cause = DisconnectCause::Rebooting;
            DisconnectPeerRequest { origin, disconnect_cause, other }.print()
        }
        5 => DisconnectPeerAnswer { result_code, origin, error_message, other }.print(),
        6 => {
            let result_code = crate::ResultCode::UNKNOWN_PEER;
            CapabilitiesExchangeAnswer { result_code, capabilities, error_message, other }.print()
        }
        _ => return uar(1, 0),
    };
    printed.expect("it is short")
}

fn uar(at: usize, number: u32) -> Message {
    let uar = UserAuthorizationRequest {
        head: RequestHead::new(format!("{at};{number}"), origin(NAMES[at]), name("ims.test")),
        user_name: "u".to_owned(),
        public_identity: "sip:u@ims.test".to_owned(),
        visited_network_identifier: Vec::new(),
        user_authorization_type: None,
        uar_flags: None,
        other: Vec::new(),
    };
    uar.print().expect("it is short")
}

/// A wire: bytes under way to each end.
struct Wire {
    ends: [ConnectionId; 2],
    /// The actor at each end.
    actors: [usize; 2],
    bytes: [Vec<u8>; 2],
}

/// Two nodes.
struct Pair {
    now: Instant,
    nodes: [Node; 2],
    wires: Vec<Wire>,
    accepted: u64,
    sent: u32,
    /// Requests without an end, by node, with their deadlines.
    waiting: [BTreeMap<RequestId, Instant>; 2],
    /// Requests that hosts have.
    in_hand: [Vec<(node::IncomingId, Message)>; 2],
}

impl Pair {
    fn new(now: Instant) -> Pair {
        let nodes = [0, 1].map(|at| Node::new(config(at)).expect("a good configuration"));
        let (waiting, in_hand) = Default::default();
        Pair { now, nodes, wires: Vec::new(), accepted: 0, sent: 0, waiting, in_hand }
    }

    fn run(mut self, choices: &mut Choices<'_>) {
        for at in [0, 1] {
            self.tell(at, node::Input::Start);
        }
        for _ in 0..400 {
            if choices.is_empty() {
                break;
            }
            self.step(choices);
            self.check();
        }
        // The world comes to rest: every request has its end.
        self.now += Duration::from_secs(60);
        for at in [0, 1] {
            self.nodes[at].handle_timeout(self.now);
            self.collect(at);
            assert!(self.waiting[at].is_empty(), "every request has an end");
            assert_eq!((self.nodes[at].outstanding(), self.nodes[at].unanswered()), (0, 0));
        }
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let at = choices.below(2);
        match choices.below(16) {
            0..=6 => self.deliver(choices),
            7 => {
                self.now += Duration::from_millis(u64::from(choices.byte()) * 50);
                for at in [0, 1] {
                    self.nodes[at].handle_timeout(self.now);
                    self.collect(at);
                }
            }
            8..=10 => {
                self.sent += 1;
                let deadline = self.now + Duration::from_secs(u64::from(choices.byte() % 20));
                let sent = self.nodes[at].send(self.now, uar(at, self.sent), deadline);
                if let Ok(id) = sent {
                    self.waiting[at].insert(id, deadline);
                }
                self.collect(at);
            }
            11 | 12 if !self.in_hand[at].is_empty() => {
                let which = choices.below(self.in_hand[at].len());
                let (id, request) = self.in_hand[at].swap_remove(which);
                let failure = (*choices.one_of(&FailureKind::ALL)).into();
                let answer = refusal(request.header(), request.avps(), &origin(NAMES[at]), &failure);
                // It may have been answered for its host.
                let _ = self.nodes[at].answer(self.now, id, answer.expect("it is short"));
                self.collect(at);
            }
            13 if !self.wires.is_empty() => {
                let wire = self.wires.remove(choices.below(self.wires.len()));
                for end in [0, 1] {
                    self.tell(wire.actors[end], node::Input::Disconnected(wire.ends[end]));
                }
            }
            14 => self.inject(choices),
            _ => match choices.below(8) {
                0 => self.tell(at, node::Input::Stop(*choices.one_of(DisconnectCause::ALL))),
                1 => {
                    self.accepted += 1;
                    self.tell(at, node::Input::Accepted { number: self.accepted });
                }
                _ => self.tell(at, node::Input::Start),
            },
        }
    }

    /// Some bytes of a wire arrive.
    fn deliver(&mut self, choices: &mut Choices<'_>) {
        if self.wires.is_empty() {
            return;
        }
        let (which, end) = (choices.below(self.wires.len()), choices.below(2));
        let most = if choices.once_in(4) { choices.below(64) } else { usize::MAX };
        let wire = &mut self.wires[which];
        let most = most.min(wire.bytes[end].len());
        let bytes: Vec<u8> = wire.bytes[end].drain(..most).collect();
        let (actor, connection) = (wire.actors[end], wire.ends[end]);
        self.tell(actor, node::Input::Received(connection, &bytes));
    }

    /// Bytes that nobody sent, or a message that nobody sent.
    fn inject(&mut self, choices: &mut Choices<'_>) {
        if self.wires.is_empty() {
            return;
        }
        let (which, end) = (choices.below(self.wires.len()), choices.below(2));
        let bytes = match choices.below(3) {
            0 => choices.bytes(40).to_vec(),
            1 => between_peers(choices.below(8)).bytes().to_vec(),
            _ => {
                let mut bytes = make::any_message(choices);
                let length = (bytes.len() as u32).to_be_bytes();
                bytes[1..4].copy_from_slice(&length[1..]);
                bytes
            }
        };
        let wire = &self.wires[which];
        let (actor, connection) = (wire.actors[end], wire.ends[end]);
        self.tell(actor, node::Input::Received(connection, &bytes));
    }

    fn tell(&mut self, at: usize, input: node::Input<'_>) {
        self.nodes[at].handle_input(self.now, input);
        self.collect(at);
    }

    fn collect(&mut self, at: usize) {
        while let Some(output) = self.nodes[at].poll_output() {
            match output {
                node::Output::Connect { connection, .. } => {
                    self.accepted += 1;
                    let ends = [connection, ConnectionId::Accepted(self.accepted)];
                    self.wires.push(Wire { ends, actors: [at, 1 - at], bytes: [Vec::new(), Vec::new()] });
                    self.tell(1 - at, node::Input::Accepted { number: self.accepted });
                    self.tell(at, node::Input::Connected(connection));
                }
                node::Output::Transmit { connection, bytes } => {
                    let message = Message::parse(bytes.clone()).expect("what is sent can be read");
                    assert!(Avps::new(message.body()).all(|avp| avp.is_ok()));
                    let found = self.wires.iter_mut().find_map(|wire| {
                        let end =
                            (0..2).find(|end| wire.ends[*end] == connection && wire.actors[*end] == at)?;
                        Some(&mut wire.bytes[1 - end])
                    });
                    if let Some(under_way) = found {
                        under_way.extend_from_slice(&bytes);
                    }
                }
                node::Output::Close { connection } => {
                    let is_it = |wire: &Wire| {
                        (0..2).any(|end| wire.ends[end] == connection && wire.actors[end] == at)
                    };
                    if let Some(which) = self.wires.iter().position(is_it) {
                        let wire = self.wires.remove(which);
                        let other = if wire.ends[0] == connection && wire.actors[0] == at { 1 } else { 0 };
                        self.tell(wire.actors[other], node::Input::Disconnected(wire.ends[other]));
                    }
                }
                node::Output::Answer { request, .. } | node::Output::Failed { request, .. } => {
                    let deadline = self.waiting[at].remove(&request);
                    assert!(deadline.is_some(), "a request ends once");
                }
                node::Output::Request { id, message, .. } => {
                    assert_ne!(message.header().command, CommandCode::DEVICE_WATCHDOG);
                    self.in_hand[at].push((id, message));
                }
                node::Output::Unanswered { id } => self.in_hand[at].retain(|(one, _)| *one != id),
                node::Output::PeerOpened { .. }
                | node::Output::PeerClosed { .. }
                | node::Output::PeerSuspect { .. }
                | node::Output::PeerOkay { .. } => {}
            }
        }
    }

    fn check(&self) {
        for at in [0, 1] {
            let node = &self.nodes[at];
            assert_eq!(node.outstanding(), self.waiting[at].len(), "what is outstanding is what has no end");
            assert!(node.outstanding() <= LIMITS.outstanding && node.unanswered() <= LIMITS.incoming);
            assert!(node.connections() <= LIMITS.accepted + 2, "a peer has two connections at most");
            assert!(node.counters().iter().count() <= LIMITS.counters);
            assert!(node.peers().all(|peer| peer.outstanding <= LIMITS.outstanding_per_peer));
        }
    }
}

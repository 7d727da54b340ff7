//! Two tables with a network between them that loses, doubles and reorders datagrams, on virtual time. However bad
//! it is, within the timers of §17: one final response reaches the TU of each client (a time-out is one), no TU
//! sees a request twice, and in the end both tables are empty.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sip::{Message, Method, Transport};
use strowger_transaction::{
    ClientId, Limits, Output, Received, Response, ServerId, Time, Timers, Transactions,
};

use crate::bench::{answer, flow, request};

/// A small generator, good enough to choose what goes lost.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What the TU of a client has heard.
#[derive(Default)]
struct Heard {
    method: &'static str,
    finals: BTreeSet<u16>,
    timeouts: u32,
    ended: u32,
}

struct World {
    now: Time,
    dice: Dice,
    /// Of a hundred datagrams, so many are lost.
    loss: u64,
    client: Transactions,
    server: Transactions,
    /// What is under way, by arrival; true: towards the server.
    network: BTreeMap<(Time, u64), (bool, Bytes)>,
    sent: u64,
    heard: BTreeMap<ClientId, Heard>,
    asked: BTreeMap<String, u32>,
}

impl World {
    fn new(seed: u64, loss: u64) -> World {
        World {
            now: Time::ZERO,
            dice: Dice(seed),
            loss,
            client: Transactions::new([1; 16], 0, Limits::default()),
            server: Transactions::new([2; 16], 0, Limits::default()),
            network: BTreeMap::new(),
            sent: 0,
            heard: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    fn send(&mut self, method: &'static str) {
        let id = self.client.new_client().unwrap();
        let branch = self.client.branch(id, 0);
        let bytes = Bytes::from(request(method, &format!("SIP/2.0/UDP us.example.com;branch={branch}")));
        self.client.send_request(self.now, id, bytes, flow(Transport::Udp), Timers::RFC3261);
        self.heard.insert(id, Heard { method, ..Heard::default() });
        self.settle();
    }

    /// A datagram sets out: lost, or there in 1 to 300 ms, now and then twice.
    fn transmit(&mut self, to_server: bool, bytes: &Bytes) {
        let copies = if self.dice.roll(10) == 0 { 2 } else { 1 };
        for _ in 0..copies {
            if self.dice.roll(100) >= self.loss {
                let arrival = self.now.plus_millis(1 + self.dice.roll(300) as u32);
                self.sent += 1;
                self.network.insert((arrival, self.sent), (to_server, bytes.clone()));
            }
        }
    }

    fn settle(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Transmit { bytes, .. } => self.transmit(true, &bytes),
                Output::ClientTimeout(id) => self.heard.get_mut(&id).unwrap().timeouts += 1,
                Output::ClientEnded(id) => self.heard.get_mut(&id).unwrap().ended += 1,
                other => panic!("{other:?}"),
            }
        }
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Transmit { bytes, .. } => self.transmit(false, &bytes),
                Output::ServerEnded(_) | Output::ServerTimeout(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn arrive(&mut self, to_server: bool, bytes: &Bytes) {
        let message = Message::parse_datagram(bytes).unwrap();
        if !to_server {
            if let Response::Pass(id) = self.client.handle_response(self.now, &message) {
                let status = message.status();
                if status >= 200 {
                    self.heard.get_mut(&id).unwrap().finals.insert(status);
                } else if status == 180 && self.dice.roll(4) == 0 {
                    self.client.cancel(self.now, id);
                }
            }
            return;
        }
        let received = self.server.handle_request(self.now, &message, flow(Transport::Udp), Timers::RFC3261);
        match received {
            Received::New(id) => {
                let branch = message.head().via().unwrap().branch().unwrap();
                let name = String::from_utf8(branch.to_vec()).unwrap();
                *self.asked.entry(name).or_default() += 1;
                self.serve(id, bytes, message.method());
            }
            Received::Cancel { id, target } => {
                let response = Bytes::from(answer(bytes, if target.is_some() { 200 } else { 481 }, "tag=us"));
                self.server.respond(self.now, id, message_status(&response), response);
                if let Some(target) = target {
                    let invite = String::from_utf8_lossy(bytes).replace("CANCEL", "INVITE");
                    self.server.respond(
                        self.now,
                        target,
                        487,
                        Bytes::from(answer(invite.as_bytes(), 487, "tag=us")),
                    );
                }
            }
            Received::Retransmission | Received::Ack(_) | Received::AckFor2xx => {}
            other => panic!("{other:?}"),
        }
    }

    fn serve(&mut self, id: ServerId, bytes: &Bytes, method: Method) {
        let statuses: &[u16] = match (method, self.dice.roll(4)) {
            (Method::Invite, 0) => &[100, 180, 200],
            (Method::Invite, 1) => &[100, 180, 486],
            (Method::Invite, 2) => &[404],
            (Method::Invite, _) => &[100, 180],
            (_, 0) => &[100, 200],
            _ => &[200],
        };
        for status in statuses {
            self.server.respond(self.now, id, *status, Bytes::from(answer(bytes, *status, "tag=us")));
        }
    }

    fn run(&mut self, until: Time) {
        loop {
            let arrival = self.network.first_key_value().map(|((at, _), _)| *at);
            let timers = [self.client.poll_timeout(), self.server.poll_timeout()];
            let Some(next) = timers.into_iter().chain([arrival]).flatten().min() else { break };
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            while let Some(first) = self.network.first_entry()
                && first.key().0 <= self.now
            {
                let (to_server, bytes) = first.remove();
                self.arrive(to_server, &bytes);
                self.settle();
            }
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.settle();
        }
    }
}

fn message_status(bytes: &[u8]) -> u16 {
    Message::parse_datagram(bytes).unwrap().status()
}

fn run(seed: u64, loss: u64) -> World {
    let mut world = World::new(seed, loss);
    for _ in 0..20 {
        world.send("INVITE");
        world.send("MESSAGE");
        let pause = world.now.plus_millis(world.dice.roll(2_000) as u32);
        world.run(pause);
        world.now = pause;
    }
    // INVITEs that only ring are cancelled in the end, which ends them by 487 or by time.
    world.run(world.now + std::time::Duration::from_secs(100));
    let waiting: Vec<ClientId> =
        world.heard.iter().filter(|(_, heard)| heard.ended == 0).map(|(id, _)| *id).collect();
    for id in waiting {
        world.client.cancel(world.now, id);
    }
    world.settle();
    world.run(Time::NEVER);
    world
}

#[test]
fn each_request_ends_once_and_is_served_once() {
    for loss in [0, 10, 40, 80, 100] {
        for seed in 0..20 {
            let world = run(seed, loss);
            for (id, heard) in &world.heard {
                let of = format!("seed {seed}, loss {loss}, {id:?}, {}", heard.method);
                assert_eq!(heard.ended, 1, "{of}");
                let ends = heard.finals.len() + heard.timeouts as usize;
                assert_eq!(ends, 1, "{of}: {:?}, {} time-outs", heard.finals, heard.timeouts);
            }
            for (branch, times) in &world.asked {
                // An INVITE that is answered 2xx or acknowledged is remembered for longer than it is repeated.
                assert_eq!(*times, 1, "seed {seed}, loss {loss}, {branch}");
            }
            assert!(world.client.is_quiescent(), "seed {seed}, loss {loss}");
            let left = world.server.counts();
            // Only INVITEs whose CANCEL never arrived still wait for their TU.
            assert_eq!(left.active(), left.server(), "seed {seed}, loss {loss}");
            assert_eq!(left.server_non_invite, 0, "seed {seed}, loss {loss}");
            if loss == 0 {
                assert_eq!(left.server(), 0, "seed {seed}");
            }
        }
    }
}

#[test]
fn with_moderate_loss_nearly_everything_gets_through() {
    let mut timeouts = 0;
    for seed in 100..110 {
        timeouts += run(seed, 10).heard.values().map(|heard| heard.timeouts).sum::<u32>();
    }
    assert!(timeouts <= 10, "{timeouts} of 400 timed out");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let tell = |world: World| (world.sent, world.now, world.heard.values().map(|h| h.timeouts).sum::<u32>());
    assert_eq!(tell(run(7, 40)), tell(run(7, 40)));
}

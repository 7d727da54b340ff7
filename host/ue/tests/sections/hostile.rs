//! Bytes that nobody should send: messages of ordinary stories with bytes changed, taken out and put in, to a phone in
//! the middle of them. It goes on, and its tables stay within their bounds.

use std::time::Duration;

use strowger_ue::{Page, bounds};

use crate::support::{Peer, World, at, description, phone};

const ROUNDS: u64 = 4_000;

/// Everything that Alice is sent in a story of registration, call and message.
fn heard() -> Vec<Vec<u8>> {
    let mut world = World::new([phone("alice", "192.0.2.10:5060"), phone("bob", "192.0.2.11:5060")]);
    for phone in 0..2 {
        world.wish(phone, |ue, now| ue.register(now)).unwrap();
    }
    world.run_for(Duration::from_secs(10));
    world.wish(1, |ue, now| ue.call(now, &at("alice"))).unwrap();
    world.run_for(Duration::from_secs(2));
    let call = world.phones[0].calls()[0];
    world.wish(0, |ue, now| ue.answer(now, call)).unwrap();
    world.wish(1, |ue, now| ue.message(now, Page::text(&at("alice"), "hi"))).unwrap();
    world.run_for(Duration::from_secs(2));
    world.wish(1, |ue, now| ue.hold(now, strowger_ue::CallId(1))).unwrap();
    world.run_for(Duration::from_secs(2));
    world.wish(1, |ue, now| ue.hang_up(now, strowger_ue::CallId(1))).unwrap();
    world.run_for(Duration::from_secs(2));
    let local = world.phones[0].settings().local;
    world.said.iter().filter(|said| said.to == local).map(|said| said.message.bytes().to_vec()).collect()
}

struct Luck(u64);

impl Luck {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        const BYTES: &[u8] = b"\r\n:;,<>\"= \t\x00\xff09aZ%@";
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 if !bytes.is_empty() => bytes[at] = BYTES[self.below(BYTES.len())],
                1 => bytes.insert(at, BYTES[self.below(BYTES.len())]),
                2 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        bytes
    }
}

#[test]
fn nothing_that_comes_is_a_reason_to_fall() {
    let heard = heard();
    assert!(heard.len() > 10, "{}", heard.len());
    let mut luck = Luck(0x2545_f491_4f6c_dd1d);
    let mut peer = Peer::new(phone("alice", "192.0.2.10:5060"));
    peer.wish(|ue, now| ue.register(now)).unwrap();
    for round in 0..ROUNDS {
        let message = heard[luck.below(heard.len())].clone();
        let message = luck.mutate(message);
        peer.hear(&message);
        // What it is asked for beside that, and answers that belong to what it said last.
        match luck.below(8) {
            0 => drop(peer.wish(|ue, now| ue.call(now, "sip:bob@ims.example"))),
            1 => drop(peer.wish(|ue, now| ue.register(now))),
            2 => {
                for call in peer.ue.calls() {
                    let _ = peer.wish(|ue, now| ue.answer(now, call));
                    let _ = peer.wish(|ue, now| ue.hold(now, call));
                }
            }
            3 => drop(peer.invite(&format!("Call-ID: {round}\r\n"), &luck.mutate(description(5_000)))),
            _ => {}
        }
        if let Some(request) = peer.said.iter().rev().find(|message| message.is_request()).cloned() {
            let status = [180, 183, 200, 401, 423, 481, 491, 503][luck.below(8)];
            let body = luck.mutate(description(6_000));
            peer.answer(&request, status, "t", |response| response.body("application/sdp", &body));
        }
        peer.said.clear();
        peer.told.clear();
        peer.pass(Duration::from_secs(luck.below(20) as u64));
        assert!(peer.ue.calls().len() <= bounds::MAX_CALLS);
    }
}

//! The table against a plain map, and its parts against each other, over many random calls.

use std::collections::HashMap;

use sip::Message;

use std::time::Duration;

use super::*;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn message(start: &str, method: &str, call: u64, tags: (&str, &str), interval: Option<u64>) -> Message {
    let session = interval.map_or(String::new(), |seconds| format!("Session-Expires: {seconds}\r\n"));
    let to_tag = if tags.1.is_empty() { String::new() } else { format!(";tag={}", tags.1) };
    let text = format!(
        "{start}\r\nFrom: <sip:a@a>;tag={}\r\nTo: <sip:b@b>{to_tag}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n{session}\r\n",
        tags.0
    );
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// Every dialog is in each of the tables that it belongs to, and nothing else is.
fn check(dialogs: &Dialogs, seed: u64) {
    let records = dialogs.records.iter().enumerate();
    let (mut early, mut confirmed, mut free) = (0, 0, 0);
    for (slot, record) in records {
        match record.state {
            Slot::Free => free += 1,
            Slot::Early => {
                early += 1;
                assert!(dialogs.early.of(record.invite).contains(&(slot as u32)), "seed {seed}");
            }
            Slot::Confirmed => {
                confirmed += 1;
                assert!(!dialogs.early.of(record.invite).contains(&(slot as u32)), "seed {seed}");
            }
        }
        let found = dialogs.id_of(record.key).map(|id| id.slot);
        assert_eq!(found == Some(slot as u32), record.state != Slot::Free, "seed {seed}");
    }
    assert_eq!((early, confirmed), (dialogs.counts.early, dialogs.counts.confirmed), "seed {seed}");
    assert_eq!(dialogs.index.len(), early + confirmed, "seed {seed}");
    assert_eq!(dialogs.free.len(), free, "seed {seed}");
    assert_eq!(dialogs.pinned(0) + dialogs.pinned(1), early + confirmed, "seed {seed}");
    assert_eq!(dialogs.poll_timeout().is_some(), early + confirmed > 0, "seed {seed}");
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let limits = Limits { dialogs: 12, ..Limits::default() };
    let mut dialogs = Dialogs::new([seed as u8; 16], limits);
    let mut model: HashMap<(u64, &str), State> = HashMap::new();
    let mut now = Time::ZERO;
    for _ in 0..200 {
        let call = random.below(8);
        let tag = ["x", "y", "z"][random.below(3) as usize];
        let invite = message("INVITE sip:b SIP/2.0", "INVITE", call, ("a", ""), None);
        match random.below(6) {
            0 | 1 => {
                let ringing = message("SIP/2.0 180 R", "INVITE", call, ("a", tag), None);
                let change = dialogs.handle_response(now, &invite.head(), &ringing.head(), (call % 2) as u32);
                if let Change::Created(_) = change {
                    assert_eq!(model.insert((call, tag), State::Early), None, "seed {seed}");
                }
            }
            2 => {
                let interval = (random.below(2) == 0).then(|| 90 + random.below(1000));
                let answer = message("SIP/2.0 200 OK", "INVITE", call, ("a", tag), interval);
                let change = dialogs.handle_response(now, &invite.head(), &answer.head(), (call % 2) as u32);
                if let Change::Created(_) | Change::Confirmed(_) = change {
                    model.insert((call, tag), State::Confirmed);
                }
            }
            3 => {
                let refused = message("SIP/2.0 486 B", "INVITE", call, ("a", tag), None);
                dialogs.handle_response(now, &invite.head(), &refused.head(), 0);
                model.retain(|(of, _), state| *of != call || *state != State::Early);
            }
            4 => {
                let tags = if random.below(2) == 0 { ("a", tag) } else { (tag, "a") };
                let bye = message("BYE sip:b SIP/2.0", "BYE", call, tags, None);
                dialogs.handle_request(now, &bye.head());
                let answer = message("SIP/2.0 200 OK", "BYE", call, tags, None);
                dialogs.handle_response(now, &bye.head(), &answer.head(), 0);
                model.remove(&(call, tag));
            }
            _ => {
                now += Duration::from_secs(random.below(400));
                dialogs.handle_timeout(now);
            }
        }
        while let Some(ended) = dialogs.poll_output() {
            if ended.why == Why::Timeout {
                let call: u64 = std::str::from_utf8(&ended.call_id).unwrap().parse().unwrap();
                model.retain(|(of, tag), _| {
                    let request = message("INFO sip:b SIP/2.0", "INFO", call, ("a", tag), None);
                    *of != call || dialogs.find(&request.head()).is_some()
                });
            }
        }
        check(&dialogs, seed);
        assert_eq!(dialogs.len(), model.len(), "seed {seed}");
        for ((call, tag), state) in &model {
            let request = message("INFO sip:b SIP/2.0", "INFO", *call, (tag, "a"), None);
            let id = dialogs.find(&request.head()).unwrap();
            assert_eq!(dialogs.state(id), Some(*state), "seed {seed}");
        }
    }
}

#[test]
fn the_table_agrees_with_a_map() {
    for seed in 0..100 {
        run(seed);
    }
}

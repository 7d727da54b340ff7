//! What a node said, heard and decided lately, a line for each: what ladders are drawn from.
//!
//! In: messages of SIP and of Diameter as they go over the wire, and decisions of scripts. Out: [`Traced`] values by number.
//! What two nodes trace goes together by [`Traced::key`]: the one who sent a message and the one who received it compute the
//! same.
//!
//! | file | what |
//! |---|---|
//! | `lib.rs` | the ring, and what is in it |
//! | `label.rs` | what a message is called in a ladder |
//! | `decision.rs` | what a script decided, and its words without identities |
//! | `tap.rs` | both directions of a Diameter connection |
//!
//! Kept are the message's name, its Call-ID or Session-Id, when and with whom: no header field besides, no body, no key.
//! Of a decision: its kind, who made it, how long it took, and why as far as the script says. A ring has a bound; the
//! oldest make room, and who asks too late is told how many are gone.

mod decision;
mod label;
mod tap;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use decision::{Decision, MAX_REASON, reason};
pub use label::{call_of, name_of};
pub use tap::Tap;

/// What a decision has in the place of a transport.
pub const SCRIPT: &str = "script";

/// Messages that a ring keeps at most, whatever is asked for.
pub const MAX_MESSAGES: usize = 1_000_000;

/// Messages of one answer.
pub const MAX_PAGE: usize = 10_000;

/// One message that went over the wire, or a decision between two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// Counts up from 1 in a node's life.
    pub number: u64,
    /// Microseconds since 1970-01-01 UTC.
    pub at_us: u64,
    /// Whether the node sent it; else it received it.
    pub sent: bool,
    /// `UDP`, `TCP`, … for SIP; `Diameter`; [`SCRIPT`] for a decision.
    pub transport: String,
    /// The other side, where it is known.
    pub remote: Option<SocketAddr>,
    /// What it is: `INVITE`, `183 INVITE`, `UAR`, `UAA 2001`; `relay 2 targets`, `reply 404`.
    pub label: String,
    /// Call-ID, or Session-Id; empty: of none.
    pub call: String,
    /// The same where it is sent and where it is received; 0 of a decision.
    pub key: u64,
    /// It is no message but this decision of a script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
}

/// A part of what was traced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// In order.
    pub messages: Vec<Traced>,
    /// What to ask for next: messages after this number.
    pub next: u64,
    /// Messages that were asked for and are gone.
    pub lost: u64,
}

#[derive(Debug, Default)]
struct Ring {
    /// Number of the last one.
    last: u64,
    messages: VecDeque<Traced>,
}

/// A ring of messages; shared between threads.
#[derive(Debug)]
pub struct Trace {
    most: usize,
    ring: Mutex<Ring>,
}

impl Trace {
    /// Keeps the last `most` messages, 1 to [`MAX_MESSAGES`].
    #[must_use]
    pub fn new(most: usize) -> Trace {
        Trace { most: most.clamp(1, MAX_MESSAGES), ring: Mutex::default() }
    }

    /// A SIP message that was sent.
    pub fn sip_sent(&self, transport: &str, remote: SocketAddr, bytes: &[u8]) {
        self.sip(true, transport, remote, bytes);
    }

    /// A SIP message that was received, as it came.
    pub fn sip_received(&self, transport: &str, remote: SocketAddr, bytes: &[u8]) {
        self.sip(false, transport, remote, bytes);
    }

    /// A script has decided about a message of this call.
    pub fn decided(&self, call: String, label: String, decision: Decision) {
        let decision = Some(Box::new(decision));
        self.put(Traced { transport: SCRIPT.into(), decision, ..message(false, None, label, call, 0) });
    }

    fn sip(&self, sent: bool, transport: &str, remote: SocketAddr, bytes: &[u8]) {
        let (label, call) = label::sip(bytes);
        let key = key(bytes);
        self.put(Traced { transport: transport.into(), ..message(sent, Some(remote), label, call, key) });
    }

    fn diameter(&self, sent: bool, remote: Option<SocketAddr>, bytes: bytes::Bytes) {
        let key = key(&bytes);
        let (label, call) = label::diameter(bytes);
        self.put(Traced { transport: "Diameter".into(), ..message(sent, remote, label, call, key) });
    }

    /// Its number and its time are made here.
    fn put(&self, traced: Traced) {
        let mut ring = self.ring.lock();
        // Read under the lock, so that numbers and times go the same way.
        let at_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        ring.last += 1;
        let number = ring.last;
        if ring.messages.len() == self.most {
            ring.messages.pop_front();
        }
        ring.messages.push_back(Traced { number, at_us, ..traced });
    }

    /// Up to [`MAX_PAGE`] messages after this number; of one call only, where one is named.
    #[must_use]
    pub fn after(&self, number: u64, call: Option<&str>) -> Page {
        let ring = self.ring.lock();
        let first = ring.last + 1 - ring.messages.len() as u64;
        let lost = first.saturating_sub(number.saturating_add(1)).min(ring.last);
        let begin = number.saturating_add(1).saturating_sub(first) as usize;
        let rest = ring.messages.iter().skip(begin.min(ring.messages.len()));
        let wanted = rest.filter(|one| call.is_none_or(|call| one.call == call));
        let messages: Vec<Traced> = wanted.take(MAX_PAGE).cloned().collect();
        let is_full = messages.len() == MAX_PAGE;
        let next = messages.last().filter(|_| is_full).map_or(ring.last, |last| last.number);
        Page { messages, next, lost }
    }
}

/// With neither number, time nor transport yet.
fn message(sent: bool, remote: Option<SocketAddr>, label: String, call: String, key: u64) -> Traced {
    Traced { number: 0, at_us: 0, sent, transport: String::new(), remote, label, call, key, decision: None }
}

/// FNV-1a of all bytes.
fn key(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] =
        b"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
        To: <sip:b@x>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

    fn remote() -> SocketAddr {
        "192.0.2.1:5060".parse().unwrap()
    }

    #[test]
    fn sender_and_receiver_have_the_same_key() {
        let (a, b) = (Trace::new(10), Trace::new(10));
        a.sip_sent("UDP", remote(), INVITE);
        b.sip_received("UDP", remote(), INVITE);
        let (sent, received) = (a.after(0, None), b.after(0, None));
        assert_eq!(sent.messages[0].key, received.messages[0].key);
        assert_eq!(sent.messages[0].label, "INVITE");
        assert_eq!(sent.messages[0].call, "c1");
        assert!(sent.messages[0].sent && !received.messages[0].sent);
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let trace = Trace::new(3);
        for _ in 0..5 {
            trace.sip_sent("UDP", remote(), INVITE);
        }
        let numbers = |page: &Page| page.messages.iter().map(|one| one.number).collect::<Vec<_>>();
        let page = trace.after(0, None);
        assert_eq!((numbers(&page), page.lost, page.next), (vec![3, 4, 5], 2, 5));
        let page = trace.after(4, None);
        assert_eq!((numbers(&page), page.lost, page.next), (vec![5], 0, 5));
        let page = trace.after(9, None);
        assert_eq!((numbers(&page), page.lost, page.next), (vec![], 0, 5));
        assert_eq!(trace.after(0, Some("other")).messages, []);
    }

    #[test]
    fn a_decision_stands_between_the_messages_of_its_call() {
        let trace = Trace::new(10);
        let decision = Decision {
            hook: "on-request".into(),
            about: "INVITE".into(),
            plugin: "edge".into(),
            version: "1.0.0".into(),
            number: 2,
            cpu_us: 12,
            wall_us: 15,
            reason: String::new(),
            failed: false,
        };
        trace.sip_received("UDP", remote(), INVITE);
        trace.decided("c1".into(), "relay 1 target".into(), decision.clone());
        trace.sip_sent("UDP", remote(), INVITE);
        let page = trace.after(0, Some("c1"));
        let labels: Vec<&str> = page.messages.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, ["INVITE", "relay 1 target", "INVITE"]);
        assert_eq!(page.messages[1].decision.as_deref(), Some(&decision));
        assert_eq!((page.messages[1].number, page.messages[1].transport.as_str()), (2, SCRIPT));
    }

    #[test]
    fn an_empty_ring_has_lost_nothing() {
        assert_eq!(Trace::new(3).after(0, None), Page { messages: vec![], next: 0, lost: 0 });
    }
}

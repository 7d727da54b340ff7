//! What a node said and heard lately, a line for each message: what ladders are drawn from.
//!
//! In: messages of SIP and of Diameter as they go over the wire. Out: [`Traced`] values by number. What two nodes trace
//! goes together by [`Traced::key`]: the one who sent a message and the one who received it compute the same.
//!
//! | file | what |
//! |---|---|
//! | `lib.rs` | the ring, and what is in it |
//! | `label.rs` | what a message is called in a ladder |
//! | `tap.rs` | both directions of a Diameter connection |
//!
//! Kept are the message's name, its Call-ID or Session-Id, when and with whom: no header field besides, no body, no key.
//! A ring has a bound; the oldest make room, and who asks too late is told how many are gone.

mod label;
mod tap;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use tap::Tap;

/// Messages that a ring keeps at most, whatever is asked for.
pub const MAX_MESSAGES: usize = 1_000_000;

/// Messages of one answer.
pub const MAX_PAGE: usize = 10_000;

/// One message that went over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// Counts up from 1 in a node's life.
    pub number: u64,
    /// Microseconds since 1970-01-01 UTC.
    pub at_us: u64,
    /// Whether the node sent it; else it received it.
    pub sent: bool,
    /// `UDP`, `TCP`, … for SIP; `Diameter`.
    pub transport: String,
    /// The other side, where it is known.
    pub remote: Option<SocketAddr>,
    /// What it is: `INVITE`, `183 INVITE`, `UAR`, `UAA 2001`.
    pub label: String,
    /// Call-ID, or Session-Id.
    pub call: String,
    /// The same where it is sent and where it is received.
    pub key: u64,
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

    fn sip(&self, sent: bool, transport: &str, remote: SocketAddr, bytes: &[u8]) {
        let (label, call) = label::sip(bytes);
        self.put(sent, transport, Some(remote), (label, call), key(bytes));
    }

    fn diameter(&self, sent: bool, remote: Option<SocketAddr>, bytes: bytes::Bytes) {
        let key = key(&bytes);
        self.put(sent, "Diameter", remote, label::diameter(bytes), key);
    }

    fn put(
        &self,
        sent: bool,
        transport: &str,
        remote: Option<SocketAddr>,
        (label, call): (String, String),
        key: u64,
    ) {
        let transport = transport.to_owned();
        let mut ring = self.ring.lock();
        // Read under the lock, so that numbers and times go the same way.
        let at_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        ring.last += 1;
        let number = ring.last;
        if ring.messages.len() == self.most {
            ring.messages.pop_front();
        }
        ring.messages.push_back(Traced { number, at_us, sent, transport, remote, label, call, key });
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
    fn an_empty_ring_has_lost_nothing() {
        assert_eq!(Trace::new(3).after(0, None), Page { messages: vec![], next: 0, lost: 0 });
    }
}

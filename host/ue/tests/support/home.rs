//! A home network in one element: P-CSCF, S-CSCF and HSS, as little of them as phones need.
//!
//! `registrar.rs` registers and notifies, `proxy.rs` passes on everything else without state. Requests that it answers
//! itself are answered again when they come again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ims::aka::{Rand, SequenceGenerator, Sqn};
use sip::{HeaderId, Message, Method, Transport};
use transaction::Time;

pub use super::registrar::Watcher;

/// What the network does otherwise than usual.
pub struct Wants {
    /// Seconds that registrations are granted.
    pub expires: u32,
    /// Shortest registration that is accepted.
    pub min_expires: u32,
    /// REGISTERs that are refused: a status and Retry-After, each once.
    pub refusals: Vec<(u16, Option<u32>)>,
    /// Challenges that are made with a wrong MAC.
    pub wrong_macs: u32,
    /// A REGISTER with the last response is accepted without a new challenge.
    pub trusts: bool,
    /// Passwords instead of AKA, with this algorithm.
    pub digest: Option<auth::Algorithm>,
    /// INVITE and MESSAGE are challenged by the proxy.
    pub challenges_requests: bool,
    /// Nothing is answered or passed on.
    pub is_dead: bool,
    /// SUBSCRIBEs are refused with this status.
    pub no_subscriptions: Option<u16>,
}

/// A subscriber.
pub struct Subscriber {
    pub sequence: SequenceGenerator,
    /// The last challenge: nonce, what is needed to check it.
    pub nonce: String,
    pub rand: Rand,
    /// The challenge was answered as it should be.
    pub is_proven: bool,
    /// Contact URI, where it registered from, until when.
    pub contact: Option<(String, SocketAddr, Time)>,
    pub watcher: Option<Watcher>,
}

pub struct Home {
    pub(super) own: SocketAddr,
    pub wants: Wants,
    pub subscribers: BTreeMap<String, Subscriber>,
    pub(super) answered: BTreeMap<(Vec<u8>, Method), Vec<u8>>,
    pub outbox: Vec<(Transport, SocketAddr, Vec<u8>)>,
    pub(super) counter: u64,
    /// NOTIFYs without an answer: branch, where to, bytes, when again, how long after that.
    pub(super) notifies: BTreeMap<String, (SocketAddr, Vec<u8>, Time, Duration)>,
}

impl Home {
    pub fn new(own: SocketAddr) -> Home {
        Home {
            own,
            wants: Wants {
                expires: 600_000,
                min_expires: 0,
                refusals: Vec::new(),
                wrong_macs: 0,
                trusts: false,
                digest: None,
                challenges_requests: false,
                is_dead: false,
                no_subscriptions: None,
            },
            subscribers: BTreeMap::new(),
            answered: BTreeMap::new(),
            outbox: Vec::new(),
            counter: 0,
            notifies: BTreeMap::new(),
        }
    }

    pub(super) fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub fn subscriber(&mut self, user: &str) -> &mut Subscriber {
        self.subscribers.entry(user.to_owned()).or_insert_with(|| Subscriber {
            sequence: SequenceGenerator::after(Sqn::new(32).unwrap()),
            nonce: String::new(),
            rand: [0; 16],
            is_proven: false,
            contact: None,
            watcher: None,
        })
    }

    pub fn handle(&mut self, now: Time, transport: Transport, from: SocketAddr, bytes: &[u8]) {
        if self.wants.is_dead {
            return;
        }
        let message = Message::parse_datagram_from(bytes, from).unwrap();
        sip::validate(&message.head())
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)));
        if !message.is_request() {
            return self.pass_back(&message);
        }
        let branch = message.head().via().unwrap().branch().unwrap().to_vec();
        let key = (branch, message.method());
        if let Some(answer) = self.answered.get(&key) {
            return self.outbox.push((transport, from, answer.clone()));
        }
        let answer = match message.method() {
            Method::Register => Some(self.register(now, from, &message)),
            Method::Subscribe => Some(self.subscribe(now, &message)),
            Method::Invite | Method::Message if self.wants.challenges_requests => self.challenge(&message),
            _ => None,
        };
        match answer {
            Some(answer) => {
                self.answered.insert(key, answer.clone());
                self.outbox.push((transport, from, answer));
            }
            None => self.pass_on(&message),
        }
        self.notify_new(now);
    }

    pub fn poll_timeout(&self) -> Option<Time> {
        self.notifies.values().map(|(.., at, _)| *at).min()
    }

    pub fn handle_timeout(&mut self, now: Time) {
        for (to, bytes, at, interval) in self.notifies.values_mut().filter(|(.., at, _)| *at <= now) {
            self.outbox.push((Transport::Udp, *to, bytes.clone()));
            *interval = (*interval * 2).min(Duration::from_secs(16));
            *at = now + *interval;
        }
    }

    /// The user of an address such as From.
    pub(super) fn user(message: &Message, id: HeaderId) -> String {
        let address = sip::NameAddr::parse(message.header(id).unwrap()).unwrap();
        String::from_utf8(address.uri().unwrap().user().unwrap().to_vec()).unwrap()
    }

    pub(super) fn answer(
        message: &Message,
        status: u16,
        extra: impl FnOnce(&mut sip::ResponseBuilder<'_>),
    ) -> Vec<u8> {
        let mut out = Vec::new();
        sip::respond(message.head(), status, "", Some("home"), &mut out, extra);
        out
    }
}

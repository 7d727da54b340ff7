//! A host that answers what a test wrote down.
//!
//! In: answers, set before the hook is asked. Out: the same to the hook, and a list of what it asked and did. What is
//! not set: nobody is registered, credentials are absent, the clock stands, REGISTER succeeds, the table is empty. How a
//! hook is answered is `host/asked.rs`.

mod asked;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::client::OwnRequest;
use crate::host::{Binding, Entry, Level, Limits, RegisterRefusal, Registration, Source, Verdict};
use crate::ims::{
    Assignment, AuthenticationVerdict, CxFailure, Location, SubscribeRefusal, Subscriber, Triggered,
};
use crate::testing::TestMessage;
use crate::testing::in_order::InOrder;

/// A scripted host. Build it with the methods that take and return it, then read what happened.
#[derive(Debug)]
pub struct TestHost {
    now: Cell<u64>,
    seed: Cell<u64>,
    source: Source,
    body: Vec<u8>,
    verdict: Verdict,
    registered: Vec<String>,
    registered_here: Vec<String>,
    bindings: BTreeMap<String, Vec<Binding>>,
    registration: Result<Registration, RegisterRefusal>,
    table: RefCell<BTreeMap<String, Row>>,
    variables: RefCell<BTreeMap<String, Vec<u8>>>,
    dialog_variables: RefCell<BTreeMap<String, Vec<u8>>>,
    timers: RefCell<BTreeMap<String, u64>>,
    limits: Cell<Option<Limits>>,
    own_routes: Vec<String>,
    request: Option<TestMessage>,
    sent: RefCell<Vec<OwnRequest>>,
    location: InOrder<Result<Location, CxFailure>>,
    private_verdict: AuthenticationVerdict,
    challenged: InOrder<Result<u64, CxFailure>>,
    is_ended_meanwhile: bool,
    assigned: InOrder<Result<Option<Subscriber>, CxFailure>>,
    subscribers: RefCell<Vec<Subscriber>>,
    criteria: Vec<Triggered>,
    subscribed: Result<u32, SubscribeRefusal>,
    log: RefCell<Vec<(Level, String)>>,
    asked: RefCell<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Row {
    entry: Entry,
    /// ms; `None`: for ever.
    ends: Option<u64>,
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers.
impl TestHost {
    /// A host as the top of this file describes, asked from UDP 192.0.2.1:5060.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Cell::new(1_700_000_000_000),
            seed: Cell::new(0x9E37_79B9_7F4A_7C15),
            source: Source {
                transport: sip::Transport::Udp,
                address: "192.0.2.1".to_owned(),
                port: 5060,
                connection: 0,
            },
            body: Vec::new(),
            verdict: Verdict::Absent,
            registered: Vec::new(),
            registered_here: Vec::new(),
            bindings: BTreeMap::new(),
            registration: Ok(Registration::default()),
            table: RefCell::default(),
            variables: RefCell::default(),
            dialog_variables: RefCell::default(),
            timers: RefCell::default(),
            limits: Cell::new(None),
            own_routes: Vec::new(),
            request: None,
            sent: RefCell::default(),
            location: InOrder::or(Err(CxFailure::Unreachable)),
            private_verdict: AuthenticationVerdict::Absent,
            challenged: InOrder::or(Err(CxFailure::Unreachable)),
            is_ended_meanwhile: false,
            assigned: InOrder::or(Err(CxFailure::Unreachable)),
            subscribers: RefCell::default(),
            criteria: Vec::new(),
            subscribed: Err(SubscribeRefusal::Unknown),
            log: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// The clock stands at this time, ms since 1970.
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        self.now.set(now);
        self
    }

    /// Messages come from here.
    #[must_use]
    pub fn from(mut self, transport: sip::Transport, address: &str, port: u16, connection: u64) -> Self {
        self.source = Source { transport, address: address.to_owned(), port, connection };
        self
    }

    /// The body of the message in hand.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Credentials are right, and this user's.
    #[must_use]
    pub fn accepts(self, username: &str) -> Self {
        self.finds(Verdict::Accepted(username.to_owned()))
    }

    /// Credentials get this verdict.
    #[must_use]
    pub fn finds(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }

    /// This address-of-record is registered, from somewhere else.
    #[must_use]
    pub fn registered(mut self, address_of_record: &str) -> Self {
        self.registered.push(address_of_record.to_owned());
        self
    }

    /// This address-of-record is registered, and from where the message came.
    #[must_use]
    pub fn registered_here(mut self, address_of_record: &str) -> Self {
        self.registered_here.push(address_of_record.to_owned());
        self.registered(address_of_record)
    }

    /// This address-of-record has this binding.
    #[must_use]
    pub fn binding(mut self, address_of_record: &str, binding: Binding) -> Self {
        self.bindings.entry(address_of_record.to_owned()).or_default().push(binding);
        self.registered(address_of_record)
    }

    /// REGISTER succeeds with these Contact values.
    #[must_use]
    pub fn registers(mut self, contacts: &[&str]) -> Self {
        let contacts = contacts.iter().map(|contact| (*contact).to_owned()).collect();
        self.registration = Ok(Registration { contacts, outbound: false });
        self
    }

    /// REGISTER has this result.
    #[must_use]
    pub fn registration(mut self, result: Result<Registration, RegisterRefusal>) -> Self {
        self.registration = result;
        self
    }

    /// The key-value table has this row.
    #[must_use]
    pub fn entry(self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        let entry = Entry { value: value.into(), revision: 1 };
        self.table.borrow_mut().insert(key.to_owned(), Row { entry, ends: None });
        self
    }

    /// The transaction has this variable.
    #[must_use]
    pub fn with_variable(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.variables.borrow_mut().insert(name.to_owned(), value.into());
        self
    }

    /// The request came by this URI of the element's own.
    #[must_use]
    pub fn own_route(mut self, uri: &str) -> Self {
        self.own_routes.push(uri.to_owned());
        self
    }

    /// The response in hand answers this request.
    #[must_use]
    pub fn answers(mut self, request: TestMessage) -> Self {
        self.request = Some(request);
        self
    }

    /// The HSS says this to User-Authorization- and Location-Info-Requests. Said several times: in this order, the last
    /// one again and again.
    #[must_use]
    pub fn location(mut self, location: Result<Location, CxFailure>) -> Self {
        self.location.push(location);
        self
    }

    /// Credentials against challenges of the HSS's get this verdict.
    #[must_use]
    pub fn judges(mut self, verdict: AuthenticationVerdict) -> Self {
        self.private_verdict = verdict;
        self
    }

    /// The HSS says this to Multimedia-Auth-Requests; several times: in this order, the last one again and again.
    #[must_use]
    pub fn challenged(mut self, challenge: Result<u64, CxFailure>) -> Self {
        self.challenged.push(challenge);
        self
    }

    /// While the HSS is asked for a vector, it ends all registrations (RTR).
    #[must_use]
    pub fn ended_meanwhile(mut self) -> Self {
        self.is_ended_meanwhile = true;
        self
    }

    /// The HSS says this to Server-Assignment-Requests; several times: in this order, the last one again and again. A set
    /// that comes with it is served from then on, and one whose assignment ends no longer.
    #[must_use]
    pub fn assigned(mut self, answer: Result<Option<Subscriber>, CxFailure>) -> Self {
        self.assigned.push(answer);
        self
    }

    /// This set is served here.
    #[must_use]
    pub fn serves(self, subscriber: Subscriber) -> Self {
        self.subscribers.borrow_mut().push(subscriber);
        self
    }

    /// Every request and registration meets these criteria too, in this order.
    #[must_use]
    pub fn triggers(mut self, triggered: Triggered) -> Self {
        self.criteria.push(triggered);
        self
    }

    /// A SUBSCRIBE to the reg event package has this result.
    #[must_use]
    pub fn subscribes(mut self, result: Result<u32, SubscribeRefusal>) -> Self {
        self.subscribed = result;
        self
    }

    /// Time goes on by this many ms. The tokens of the timers that ended meanwhile, in order.
    pub fn advance(&self, ms: u64) -> Vec<String> {
        let now = self.now.get() + ms;
        self.now.set(now);
        let mut timers = self.timers.borrow_mut();
        let mut due: Vec<(u64, String)> =
            timers.iter().filter(|(_, at)| **at <= now).map(|(token, at)| (*at, token.clone())).collect();
        due.sort();
        timers.retain(|_, at| *at > now);
        due.into_iter().map(|(_, token)| token).collect()
    }
}

/// What happened.
impl TestHost {
    /// Each question and each deed, in order: `verify www example.org`, `register sip:alice@example.org`, …
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// The lines that were logged.
    #[must_use]
    pub fn logged(&self) -> Vec<(Level, String)> {
        self.log.borrow().clone()
    }

    /// The limits of the last `register`.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.limits.get()
    }

    /// The requests of its own that it sent. One without a Call-ID got `own-1`, `own-2` and so on, by its place.
    #[must_use]
    pub fn sent(&self) -> Vec<OwnRequest> {
        self.sent.borrow().clone()
    }

    fn note(&self, words: &[&str]) {
        self.asked.borrow_mut().push(words.join(" "));
    }

    /// What a successful Server-Assignment-Request leads to.
    fn take(&self, kind: Assignment, public_identity: &str, subscriber: Option<&Subscriber>) {
        match kind {
            Assignment::NoAssignment
            | Assignment::Registration
            | Assignment::ReRegistration
            | Assignment::UnregisteredUser => {
                let Some(subscriber) = subscriber else { return };
                for identity in &subscriber.identities {
                    self.let_go(&identity.uri);
                }
                self.subscribers.borrow_mut().push(subscriber.clone());
            }
            Assignment::AuthenticationFailure | Assignment::AuthenticationTimeout => {}
            _ => {
                self.let_go(public_identity);
            }
        }
    }

    fn let_go(&self, public_identity: &str) -> bool {
        let mut subscribers = self.subscribers.borrow_mut();
        let before = subscribers.len();
        subscribers.retain(|one| one.identity(public_identity).is_none());
        subscribers.len() < before
    }
}

#[cfg(test)]
mod tests;

//! A host that answers what a test wrote down.
//!
//! In: answers, set before the hook is asked. Out: the same to the hook, and a list of what it asked and did. What is
//! not set: nobody is registered, credentials are absent, the clock stands, REGISTER succeeds, the table is empty.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::client::{OwnRequest, SendRefusal};
use crate::host::{
    Binding, CredentialsKind, Entry, Host, Level, Limits, PutRefusal, RegisterRefusal, Registration, Source,
    Verdict,
};

use crate::ims::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationType, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};
use crate::testing::TestMessage;
use crate::testing::in_order::InOrder;

/// Bytes of a variable (`wit/sip.wit`).
const MAX_VARIABLE: usize = 4 << 10;

/// Bytes that can be sealed (`wit/deps/host/host.wit`).
const MAX_SEALED: usize = 2_048;

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

impl Host for TestHost {
    fn log(&self, level: Level, line: &str) {
        self.log.borrow_mut().push((level, line.to_owned()));
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn transaction_id(&self) -> u64 {
        1
    }

    fn source(&self) -> Source {
        self.source.clone()
    }

    fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.borrow().get(name).cloned()
    }

    fn set_variable(&self, name: &str, value: Option<&[u8]>) {
        set(&self.variables, name, value);
    }

    fn dialog_variable(&self, name: &str) -> Option<Vec<u8>> {
        self.dialog_variables.borrow().get(name).cloned()
    }

    fn set_dialog_variable(&self, name: &str, value: Option<&[u8]>) {
        set(&self.dialog_variables, name, value);
    }

    fn own_routes(&self) -> Vec<String> {
        self.own_routes.clone()
    }

    fn request_view(&self) -> Vec<u8> {
        self.request.as_ref().map(|request| request.view(true)).unwrap_or_default()
    }

    fn flow_token(&self) -> String {
        format!("flow-{}-{}", self.source.port, self.source.connection)
    }

    fn provisional(&self, status: u16, reason: &str) {
        self.note(&["provisional", &status.to_string(), reason]);
    }

    /// The same octets in every run (xorshift).
    fn random(&self, length: u32) -> Vec<u8> {
        (0..length.min(256))
            .map(|_| {
                let mut x = self.seed.get();
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                self.seed.set(x);
                x.to_le_bytes()[0]
            })
            .collect()
    }

    fn start_timer(&self, token: &str, after_ms: u32) -> bool {
        self.note(&["start timer", token, &after_ms.to_string()]);
        self.timers.borrow_mut().insert(token.to_owned(), self.now.get() + u64::from(after_ms));
        true
    }

    fn cancel_timer(&self, token: &str) -> bool {
        self.note(&["cancel timer", token]);
        self.timers.borrow_mut().remove(token).is_some()
    }

    fn verify(&self, kind: CredentialsKind, realm: &str) -> Verdict {
        let kind = match kind {
            CredentialsKind::Www => "www",
            CredentialsKind::Proxy => "proxy",
        };
        self.note(&["verify", kind, realm]);
        self.verdict.clone()
    }

    fn register(&self, address_of_record: &str, limits: &Limits) -> Result<Registration, RegisterRefusal> {
        self.note(&["register", address_of_record]);
        self.limits.set(Some(*limits));
        self.registration.clone()
    }

    fn withdraw(&self) {
        self.note(&["withdraw"]);
    }

    fn is_registered(&self, address_of_record: &str) -> bool {
        self.registered.iter().any(|own| own == address_of_record)
    }

    fn is_registered_here(&self, address_of_record: &str) -> bool {
        self.registered_here.iter().any(|own| own == address_of_record)
    }

    fn lookup(&self, address_of_record: &str) -> Vec<Binding> {
        let mut bindings = self.bindings.get(address_of_record).cloned().unwrap_or_default();
        bindings.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        bindings
    }

    fn remove_bindings(&self, address_of_record: &str) -> u32 {
        self.note(&["remove bindings", address_of_record]);
        self.bindings.get(address_of_record).map_or(0, |bindings| bindings.len() as u32)
    }

    fn get(&self, key: &str) -> Option<Entry> {
        let table = self.table.borrow();
        let row = table.get(key).filter(|row| row.ends.is_none_or(|ends| ends > self.now.get()))?;
        Some(row.entry.clone())
    }

    fn put(
        &self,
        key: &str,
        value: &[u8],
        lifetime_ms: u64,
        expected: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        self.note(&["put", key]);
        if key.len() > 256 || value.len() > 64 << 10 {
            return Err(PutRefusal::TooLarge);
        }
        let revision = self.get(key).map_or(0, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != revision) {
            return Err(PutRefusal::Conflict(revision));
        }
        let entry = Entry { value: value.to_vec(), revision: revision + 1 };
        let ends = (lifetime_ms > 0).then(|| self.now.get() + lifetime_ms);
        self.table.borrow_mut().insert(key.to_owned(), Row { entry, ends });
        Ok(revision + 1)
    }

    fn delete(&self, key: &str) -> bool {
        self.note(&["delete", key]);
        let was = self.get(key).is_some();
        self.table.borrow_mut().remove(key);
        was
    }

    fn settle(&self) {
        self.note(&["settle"]);
    }

    /// Hexadecimal digits behind an `s`: to be read in a test, and not a secret of anybody.
    #[track_caller]
    fn seal(&self, data: &[u8]) -> String {
        assert!(data.len() <= MAX_SEALED, "the host would trap: {} bytes to be sealed", data.len());
        data.iter().fold("s".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn unseal(&self, token: &str) -> Option<Vec<u8>> {
        let digits = token.strip_prefix('s').filter(|digits| digits.len().is_multiple_of(2))?;
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        (0..digits.len()).step_by(2).map(byte).collect()
    }

    fn send(&self, request: OwnRequest) -> Result<String, SendRefusal> {
        self.note(&["send", &request.method, &request.uri]);
        let mut sent = self.sent.borrow_mut();
        if sent.len() >= 32 {
            return Err(SendRefusal::TooMany);
        }
        let named = request.headers.iter().find(|header| header.id == sip::HeaderId::CALL_ID.0);
        let named = named.map(|header| header.value.clone());
        sent.push(request);
        Ok(named.unwrap_or_else(|| format!("own-{}", sent.len())))
    }

    fn subscriber(&self, public_identity: &str) -> Option<Subscriber> {
        self.subscribers.borrow().iter().find(|one| one.identity(public_identity).is_some()).cloned()
    }

    fn forget_subscriber(&self, public_identity: &str) -> bool {
        self.note(&["forget", public_identity]);
        self.let_go(public_identity)
    }

    fn next_criteria(
        &self,
        served_user: &str,
        session_case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        self.note(&["criteria", served_user, &format!("{session_case:?}")]);
        self.criteria.iter().find(|one| after.is_none_or(|after| one.position > after)).cloned()
    }

    fn register_criteria(&self, served_user: &str, registration_type: RegistrationType) -> Vec<Triggered> {
        self.note(&["REGISTER criteria", served_user, &format!("{registration_type:?}")]);
        self.criteria.clone()
    }

    fn subscribe(&self, public_identity: &str, contact: &str, _: u32) -> Result<u32, SubscribeRefusal> {
        self.note(&["subscribe", public_identity, contact]);
        self.subscribed
    }

    fn user_authorization(&self, of: &Authorization) -> Result<Location, CxFailure> {
        let kind = format!("{:?}", of.kind);
        self.note(&["UAR", &kind, &of.public_identity, &of.private_identity, &of.visited_network]);
        self.location.next()
    }

    fn location_info(
        &self,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationType>,
    ) -> Result<Location, CxFailure> {
        let side = if originating { "originating" } else { "terminating" };
        let kind = kind.map(|kind| format!("{kind:?}")).unwrap_or_default();
        self.note(&["LIR", side, public_identity, &kind]);
        self.location.next()
    }

    fn verify_private(&self, private_identity: &str, realm: &str) -> AuthenticationVerdict {
        self.note(&["verify", private_identity, realm]);
        self.private_verdict
    }

    fn challenge(
        &self,
        private_identity: &str,
        public_identity: &str,
        realm: &str,
        scheme: AuthenticationScheme,
    ) -> Result<u64, CxFailure> {
        self.note(&["MAR", &format!("{scheme:?}"), private_identity, public_identity, realm]);
        if self.is_ended_meanwhile {
            self.subscribers.borrow_mut().iter_mut().for_each(|subscriber| subscriber.registered = false);
        }
        self.challenged.next()
    }

    fn assign(
        &self,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
    ) -> Result<Option<Subscriber>, CxFailure> {
        self.note(&["SAR", &format!("{kind:?}"), public_identity, private_identity]);
        let answer = self.assigned.next();
        if let Ok(subscriber) = &answer {
            self.take(kind, public_identity, subscriber.as_ref());
        }
        answer
    }
}

#[track_caller]
fn set(variables: &RefCell<BTreeMap<String, Vec<u8>>>, name: &str, value: Option<&[u8]>) {
    let length = value.map_or(0, <[u8]>::len);
    assert!(length <= MAX_VARIABLE, "the host would trap: a variable of {length} bytes");
    let mut variables = variables.borrow_mut();
    match value {
        Some(value) => variables.insert(name.to_owned(), value.to_vec()),
        None => variables.remove(name),
    };
}

#[cfg(test)]
mod tests;

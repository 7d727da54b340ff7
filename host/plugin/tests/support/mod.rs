//! What the tests of the plugin crate share: a machine that remembers what it was asked, guests in text, messages.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod area;
mod contract;
pub mod cscf;
pub mod hss;

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use plugin::{
    Asked, Asking, Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind,
    Binding, ConsultContext, Consultation, Consulted, CredentialsKind, CxFailure, Engine, EngineConfig,
    Entry, Level, Limits, LoadError, Location, Pending, Plugin, PutRefusal, Refusal, Registration,
    RegistrationLimits, Role, Services, Staged, SubscribeRefusal, Subscribed, Subscriber, Verdict,
};
use strowger_plugin as plugin;

#[allow(unused_imports, reason = "each test file uses its part")]
pub use contract::{module, module_of_contract};

/// A machine for scripts: its clock moves at every look, and it remembers log lines.
#[derive(Default)]
pub struct Machine {
    pub now_ms: AtomicU64,
    pub lines: Mutex<Vec<(Level, String, String)>>,
    pub hss: Arc<hss::Hss>,
}

/// What this machine stages.
#[derive(Debug, PartialEq)]
pub struct Change(pub &'static str, pub String);

impl Services for Machine {
    fn now_ms(&self) -> u64 {
        self.now_ms.fetch_add(1, Ordering::Relaxed)
    }
    fn random(&self, out: &mut [u8]) {
        out.fill(7);
    }
    fn log(&self, asking: &Asking<'_>, level: Level, line: &str) {
        let identity = format!("{} {}", asking.identity.name, asking.identity.version);
        self.lines.lock().unwrap().push((level, identity, line.to_owned()));
    }
    fn verify(&self, _: &Asking<'_>, _: CredentialsKind, _: &str) -> Verdict {
        Verdict::Absent
    }
    fn register(
        &self,
        _: &Asking<'_>,
        address_of_record: &str,
        _: &RegistrationLimits,
    ) -> Result<(Registration, Option<Staged>), Refusal> {
        Ok((Registration::default(), Some(Box::new(Change("register", address_of_record.into())))))
    }
    fn is_registered(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
    fn is_registered_here(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
    fn lookup(&self, _: &Asking<'_>, _: &str) -> Vec<Binding> {
        Vec::new()
    }
    fn remove(&self, _: &Asking<'_>, address_of_record: &str) -> (u32, Option<Staged>) {
        (1, Some(Box::new(Change("remove", address_of_record.into()))))
    }
    fn targets(&self, _: &Asking<'_>, address_of_record: &str, into: &mut Vec<node::Target>) {
        assert_eq!(address_of_record, "sip:carol@example.com");
        into.push(node::Target {
            uri: "sip:carol@192.0.2.9:5070".into(),
            route: vec!["<sip:path.example;lr>".into()],
            q: 500,
            flow: None,
            flow_only: false,
            next_hop: None,
            timers: None,
        });
    }
    fn get(&self, _: &Asking<'_>, _: &str) -> Option<Entry> {
        None
    }
    fn put(
        &self,
        _: &Asking<'_>,
        _: &str,
        _: Vec<u8>,
        _: Option<Duration>,
        _: Option<u64>,
    ) -> Result<u64, PutRefusal> {
        Err(PutRefusal::TooLarge)
    }
    fn delete(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
    fn start_timer(&self, _: &Asking<'_>, _: &str, _: Duration) -> bool {
        false
    }
    fn cancel_timer(&self, _: &Asking<'_>, _: &str) -> bool {
        false
    }
    fn flow_of(&self, token: &str) -> Option<sip::Flow> {
        let remote = "192.0.2.77:40000".parse().unwrap();
        let flow = sip::Flow { transport: sip::Transport::Tcp, listener: 1, connection: 9, remote };
        match token {
            "good" => Some(flow),
            "datagrams" => Some(sip::Flow { transport: sip::Transport::Udp, connection: 0, ..flow }),
            _ => None,
        }
    }
    fn user_authorization(&self, _: &Asking<'_>, of: Authorization) -> Pending<Result<Location, CxFailure>> {
        let asked =
            format!("{} {} {} {:?}", of.public_identity, of.private_identity, of.visited_network, of.kind);
        self.hss.ask(asked, Err(CxFailure::Experimental(5001)))
    }
    fn location_info(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Pending<Result<Location, CxFailure>> {
        self.hss.ask(format!("{public_identity} {originating} {kind:?}"), Ok(hss::location()))
    }
    fn verify_private(&self, asking: &Asking<'_>, private_identity: &str, _: &str) -> AuthenticationVerdict {
        assert!(asking.message.is_some(), "about a message");
        match private_identity {
            "word" => AuthenticationVerdict::Accepted,
            _ => AuthenticationVerdict::Rejected,
        }
    }
    fn challenge(
        &self,
        _: &Asking<'_>,
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    ) -> Pending<Result<u64, CxFailure>> {
        self.hss.ask(format!("{private_identity} {public_identity} {realm} {scheme:?}"), Ok(7))
    }
    fn challenge_value(&self, number: u64) -> Option<Vec<u8>> {
        (number == 7).then(|| hss::CHALLENGE.as_bytes().to_vec())
    }
    fn assign(
        &self,
        _: &Asking<'_>,
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    ) -> Pending<Result<(Option<Subscriber>, Option<Staged>), CxFailure>> {
        let staged = Change("assign", public_identity.clone());
        let asked = format!("{public_identity} {private_identity} {kind:?}");
        self.hss.ask(asked, Ok((None, Some(Box::new(staged) as Staged))))
    }
    fn subscribe(
        &self,
        _: &Asking<'_>,
        public_identity: &str,
        _: &str,
        max_expires: u32,
    ) -> Result<Subscribed, SubscribeRefusal> {
        let staged = Box::new(Change("subscribe", public_identity.into()));
        Ok(Subscribed { expires: max_expires, to_tag: "chosen".into(), staged })
    }
}

/// A request that may not be asked anything.
pub struct Silent;

impl Asked for Silent {
    fn identity(&self) -> Option<&str> {
        unreachable!("nobody needs to know")
    }
    fn call_id(&self) -> Option<&[u8]> {
        unreachable!("nobody needs to know")
    }
    fn source(&self) -> Option<IpAddr> {
        unreachable!("nobody needs to know")
    }
    fn header(&self, _: &str) -> Option<&[u8]> {
        unreachable!("nobody needs to know")
    }
    fn method(&self) -> Option<&[u8]> {
        unreachable!("nobody needs to know")
    }
    fn is_by_edge(&self, _: &[Box<str>]) -> bool {
        unreachable!("nobody needs to know")
    }
}

/// The worlds that `behaviours.wat` is made of.
pub const WORLDS: [&str; 7] =
    ["base", "hook-request", "hook-reply", "hook-failure", "hook-timer", "with-random", "with-location"];

/// `behaviours.wat` under a name and version.
pub fn behaviours(name: &str, version: &str) -> Vec<u8> {
    let text = area::behaviours(name, version).fill(include_str!("behaviours.wat"));
    module(&text, &WORLDS)
}

/// A small engine, for tests that run side by side.
pub fn engine() -> Engine {
    engine_with(|_| {})
}

pub fn engine_with(change: impl FnOnce(&mut EngineConfig)) -> Engine {
    let mut config = EngineConfig {
        max_guests: 20,
        slow_tick: Duration::from_millis(2),
        limits: Limits {
            init_deadline: Duration::from_millis(100),
            guests: 4,
            idle_guests: 2,
            ..Limits::default()
        },
        ..EngineConfig::default()
    };
    change(&mut config);
    Engine::new(config).unwrap()
}

pub fn load(engine: &Engine, bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
    engine.load(bytes, &Role::edge(), "", Arc::new(Machine::default()))
}

/// A request that makes `behaviours.wat` do something.
pub fn request(method: &str, letter: char) -> Arc<sip::Message> {
    message(&format!("{method} sip:bob@example.com SIP/2.0"), method, letter, "")
}

pub fn response(status: u16, method: &str, letter: char) -> Arc<sip::Message> {
    message(&format!("SIP/2.0 {status} Whatever"), method, letter, "")
}

/// A message; the letter `-` stands for no X-Do header field.
pub fn message(start_line: &str, method: &str, letter: char, body: &str) -> Arc<sip::Message> {
    let length = body.len();
    let order = if letter == '-' { String::new() } else { format!("X-Do: {letter}\r\n") };
    let text = format!(
        "{start_line}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\n\
         {order}Content-Length: {length}\r\n\r\n{body}"
    );
    Arc::new(sip::Message::parse_datagram(text.as_bytes()).unwrap())
}

pub fn context() -> ConsultContext {
    let remote = "192.0.2.1:5060".parse().unwrap();
    ConsultContext::new(41, sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote })
}

/// Asks `on-request` about an OPTIONS that says what to do.
pub fn ask(plugin: &Arc<Plugin>, letter: char) -> Consulted {
    run(consult(plugin, letter)).0
}

pub fn consult(plugin: &Arc<Plugin>, letter: char) -> Consultation {
    plugin.consult(node::Hook::Request, request("OPTIONS", letter), context())
}

/// What the guest that works properly decides.
pub fn is_next(consulted: &Consulted) -> bool {
    consulted.result == Ok(plugin::Outcome::Decision(node::Decision::Next(Vec::new())))
}

/// A waker that counts, and nothing else: polls are repeated whether it was woken or not, but each must be asked for.
#[derive(Default)]
pub struct Wakes(pub AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls to the end; how many polls it took. Every poll but the first was asked for by the waker.
pub fn run<F: Future>(future: F) -> (F::Output, usize) {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut future = pin!(future);
    for polls in 1.. {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return (output, polls);
        }
        assert_eq!(wakes.0.load(Ordering::Relaxed), polls, "a pending call must ask to be polled again");
    }
    unreachable!()
}

/// Polls once.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Wakes::default()));
    std::pin::Pin::new(future).poll(&mut Context::from_waker(&waker))
}

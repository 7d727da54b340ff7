//! A phone: a user agent of RFC 3261 §8 to §15 and §17, simple and written apart from the code under test, so that a
//! mistake there does not meet the same mistake here.
//!
//! In: messages, alarms, what the scenario wants begun. Out: [`Doing`]: messages to send, alarms to set, and what the
//! checkers want to know. No network and no clock in here.
//!
//! | file | what |
//! |---|---|
//! | `request.rs` | requests as values |
//! | `client.rs` | client transactions (§17.1), challenges answered (§22) |
//! | `server.rs` | server transactions (§17.2), 2xx repeated until their ACK (§13.3.1.4) |
//! | `caller.rs` | calls placed (§13.2, §9.1), several answers to one INVITE (§13.2.2.4) |
//! | `callee.rs` | calls taken, as the scenario says |
//! | `dialog.rs` | what follows: BYE, re-INVITE (§12.2, §14, §15) |

mod callee;
mod caller;
mod client;
mod dialog;
mod request;
mod server;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sip::{Flow, Message, Transport, Uri};
use transaction::Time;

use crate::random::Random;
use crate::scenario::{Callee, DOMAIN, ELSEWHERE, Kind, Scenario, element_address, phone_address};
use caller::Placed;
use client::{Client, Job};
use dialog::Dialog;
use request::Request;
use server::Server;

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// RFC 3261 §17.1.2.2.
const T2: Duration = Duration::from_secs(4);
/// 64*T1.
const GIVE_UP: Duration = Duration::from_secs(32);
/// How long a call may ring: several targets one after the other, each for Timer C and what follows it.
const RING_OUT: Duration = Duration::from_secs(1_800);

/// The To tag of an ACK for nothing.
const NOBODY: &str = ";tag=nobody";

/// Names a dialog at both of its ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialogName {
    /// Call-ID.
    pub call_id: String,
    /// The tag of who was called.
    pub callee_tag: String,
}

/// One end of a dialog. A phone may call itself, and then has both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Which dialog.
    pub name: DialogName,
    /// The caller's end.
    pub caller: bool,
}

/// What a phone wants.
#[derive(Debug)]
pub enum Doing {
    /// Send this; a connection of 0 means "connect, or reuse a connection".
    Send {
        /// Where to.
        flow: Flow,
        /// What.
        bytes: Vec<u8>,
    },
    /// Be woken.
    Wake {
        /// After this time.
        after: Duration,
        /// What for.
        alarm: Alarm,
    },
    /// For the checkers.
    Tell(Told),
}

/// What a phone is woken for. Alarms are not taken back: one that is no longer meant does nothing.
#[derive(Debug, Clone)]
pub enum Alarm {
    /// Send a request again.
    Resend(String),
    /// Stop waiting for an answer.
    GiveUp(String),
    /// Send 180.
    Ring(String),
    /// Answer a call.
    Decide(String),
    /// Send a final response to an INVITE again.
    Repeat(String),
    /// Stop that.
    StopRepeating(String),
    /// Cancel a call.
    Cancel(String),
    /// Send a re-INVITE.
    Reinvite(End),
    /// Send BYE.
    HangUp(End),
    /// Register again, with this CSeq.
    Refresh(u32),
}

/// What happened at a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// One end has the call: the caller sent its ACK, or the callee received it.
    Up {
        /// Which end of which call.
        end: End,
        /// The hosts of its route set.
        routes: Vec<SocketAddr>,
    },
    /// One end has no more use for it: BYE was sent or received.
    Over(DialogName),
    /// A final response to a request of this phone.
    Answered {
        /// Its method.
        method: &'static str,
        /// The status.
        status: u16,
    },
    /// No final response came.
    Unanswered {
        /// The request's call.
        call_id: String,
        /// Its method.
        method: &'static str,
        /// That can rightly be.
        excused: bool,
    },
    /// A final response to an INVITE was never acknowledged.
    Unacknowledged {
        /// The call.
        call_id: String,
        /// The status.
        status: u16,
    },
    /// A response that this phone has no use for: it was somebody else's.
    Stray(String),
}

impl Told {
    /// When what is told of may have begun, told of at `now`.
    #[must_use]
    pub fn earliest_cause(&self, now: Time) -> Time {
        let longest = match self {
            Self::Unanswered { method, .. } if *method != "INVITE" => GIVE_UP,
            // A call that rang, and then the time that its answer was repeated.
            _ => RING_OUT + GIVE_UP,
        };
        Time(now.0.saturating_sub(longest.as_micros() as u64))
    }
}

/// A phone.
pub struct Phone {
    number: usize,
    scenario: Arc<Scenario>,
    user: String,
    password: String,
    address: SocketAddr,
    /// Where requests outside dialogs go.
    outbound: Flow,
    random: Random,
    serial: u32,
    clients: BTreeMap<String, Client>,
    servers: BTreeMap<String, Server>,
    placed: BTreeMap<String, Placed>,
    dialogs: BTreeMap<End, Dialog>,
    doing: VecDeque<Doing>,
}

impl Phone {
    /// The phone of this number in the scenario.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, number: usize, random: Random) -> Self {
        let device = &scenario.devices[number];
        let outbound = Flow {
            transport: device.transport,
            listener: 0,
            connection: 0,
            remote: element_address(device.through, device.transport),
        };
        let user = format!("u{}", device.user);
        let password = if device.is_stranger { "wrong".into() } else { password(device.user) };
        Self {
            number,
            user,
            password,
            address: phone_address(number),
            outbound,
            random,
            serial: 0,
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            placed: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            doing: VecDeque::new(),
            scenario,
        }
    }

    /// The next thing to be done for this phone.
    pub fn poll_doing(&mut self) -> Option<Doing> {
        self.doing.pop_front()
    }

    /// A message came.
    pub fn receive(&mut self, flow: Flow, message: &Message) {
        if message.is_request() {
            self.handle_request(flow, message);
        } else {
            self.handle_response(message);
        }
    }

    /// Time to do something.
    pub fn wake(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Resend(key) => self.resend(key),
            Alarm::GiveUp(key) => self.give_up(&key),
            Alarm::Ring(key) => self.ring(&key),
            Alarm::Decide(key) => self.decide(&key),
            Alarm::Repeat(key) => self.repeat(key),
            Alarm::StopRepeating(key) => self.stop_repeating(&key),
            Alarm::Cancel(call_id) => self.cancel(&call_id),
            Alarm::Reinvite(end) => self.reinvite(&end),
            Alarm::HangUp(end) => self.hang_up(&end),
            Alarm::Refresh(cseq) => self.register(cseq),
        }
    }

    /// REGISTER (§10.2).
    pub fn register(&mut self, cseq: u32) {
        let device = self.scenario.devices[self.number].clone();
        let Some((_, expires)) = device.registers else { return };
        let mut request = self.request("REGISTER", format!("sip:{DOMAIN}"));
        request.to = format!("<sip:{}@{DOMAIN}>", self.user);
        request.call_id = format!("register-{}", self.number);
        request.cseq = cseq;
        let q = f32::from(device.q) / 1000.0;
        let contact = if device.loops { format!("<sip:{}@{DOMAIN}>", self.user) } else { self.contact() };
        request.headers.push(("Contact", format!("{contact};q={q}")));
        request.headers.push(("Expires", expires.to_string()));
        if device.refreshes {
            let after = Duration::from_secs(u64::from(expires) * 4 / 5);
            self.doing.push_back(Doing::Wake { after, alarm: Alarm::Refresh(cseq + 10) });
        }
        self.start(request, self.outbound, Job::Plain { excused: false });
    }

    /// A request outside of calls.
    pub fn exchange(&mut self, number: usize) {
        let exchange = self.scenario.exchanges[number];
        let uri = self.uri_of(exchange.to);
        let (method, uri) = match exchange.kind {
            Kind::Message(_) => ("MESSAGE", uri),
            Kind::Options => ("OPTIONS", uri),
            Kind::Probe => ("OPTIONS", format!("sip:{DOMAIN}")),
            Kind::StrayCancel => ("CANCEL", uri),
            Kind::StrayAck => ("ACK", uri),
        };
        let mut request = self.request(method, uri);
        request.max_forwards = exchange.max_forwards;
        if let Kind::Message(length) = exchange.kind {
            request.headers.push(("Content-Type", "text/plain".into()));
            request.body = vec![b'm'; length];
        }
        if exchange.kind == Kind::StrayAck {
            // It makes no transaction and wants no answer.
            request.to.push_str(NOBODY);
            let bytes = self.print(&request, self.outbound);
            return self.send(self.outbound, bytes);
        }
        let is_relayed = matches!(exchange.kind, Kind::Message(_) | Kind::Options);
        let excused = is_relayed && self.scenario.may_time_out(exchange.to);
        self.start(request, self.outbound, Job::Plain { excused });
    }

    /// A request outside dialogs, with what all have in common.
    fn request(&mut self, method: &'static str, uri: String) -> Request {
        self.serial += 1;
        let device = &self.scenario.devices[self.number];
        let node = element_address(device.through, device.transport);
        let route = match device.transport {
            Transport::Udp => format!("<sip:{node};lr>"),
            transport => format!("<sip:{node};transport={};lr>", transport.parameter()),
        };
        let is_invite = method == "INVITE";
        Request {
            method,
            from: format!(
                "\"Phone {}\" <sip:{}@{DOMAIN}>;tag=f{}p{}",
                self.number, self.user, self.serial, self.number
            ),
            to: format!("<{uri}>"),
            call_id: format!("{}-{}@phone{}.invalid", method.to_ascii_lowercase(), self.serial, self.number),
            cseq: 1,
            routes: if device.names_route { vec![route] } else { Vec::new() },
            max_forwards: 70,
            headers: if is_invite { vec![("Contact", self.contact())] } else { Vec::new() },
            body: Vec::new(),
            uri,
        }
    }

    fn uri_of(&self, callee: Callee) -> String {
        match callee {
            Callee::User(user) => format!("sip:u{user}@{DOMAIN}"),
            Callee::Unknown => format!("sip:nobody@{DOMAIN}"),
            Callee::Elsewhere => format!("sip:somebody@{ELSEWHERE}"),
            Callee::Nowhere => "sip:somebody@nowhere.test".into(),
        }
    }

    /// Contact, with the angle brackets.
    fn contact(&self) -> String {
        match self.scenario.devices[self.number].transport {
            Transport::Udp => format!("<sip:{}@{}>", self.user, self.address),
            Transport::Tcp => format!("<sip:{}@{};transport=tcp>", self.user, self.address),
            // RFC 7118 §5.2: a phone in a browser has no address.
            _ => format!("<sip:{}@phone{}.invalid;transport=ws>", self.user, self.number),
        }
    }

    fn new_branch(&mut self) -> String {
        self.serial += 1;
        format!("z9hG4bKp{}n{}", self.number, self.serial)
    }

    /// Prints a request with a branch of its own.
    fn print(&mut self, request: &Request, flow: Flow) -> Vec<u8> {
        let branch = self.new_branch();
        request.print(&self.via(flow, &branch))
    }

    fn via(&self, flow: Flow, branch: &str) -> String {
        let device = &self.scenario.devices[self.number];
        let host = if device.named || flow.transport == Transport::Ws {
            format!("phone{}.invalid:{}", self.number, self.address.port())
        } else {
            self.address.to_string()
        };
        let rport = if device.rport { ";rport" } else { "" };
        format!("SIP/2.0/{} {host};branch={branch}{rport}", flow.transport.name())
    }

    fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.doing.push_back(Doing::Send { flow, bytes });
    }

    fn wake_after(&mut self, after: Duration, alarm: Alarm) {
        self.doing.push_back(Doing::Wake { after, alarm });
    }

    fn tell(&mut self, told: Told) {
        self.doing.push_back(Doing::Tell(told));
    }
}

/// The right password of a user.
#[must_use]
pub fn password(user: usize) -> String {
    format!("secret of u{user}")
}

/// Where a request with this next hop goes (§8.1.2). None: to a name, which phones do not resolve.
fn flow_to(uri: &str) -> Option<Flow> {
    let uri = Uri::parse(uri.as_bytes()).ok()?;
    let transport = uri.transport().and_then(Transport::from_token).unwrap_or(Transport::Udp);
    let remote = SocketAddr::new(uri.host().ip()?, uri.port().unwrap_or(transport.default_port()));
    Some(Flow { transport, listener: 0, connection: 0, remote })
}

/// The URI between angle brackets.
fn bracketed(value: &str) -> &str {
    let begin = value.find('<').map_or(0, |place| place + 1);
    let end = value[begin..].find('>').map_or(value.len(), |place| begin + place);
    &value[begin..end]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! Phones and application servers in the world: what reaches them, what they do, what is seen of it.
//!
//! In: messages, the story's acts, alarms. Out: messages on the wires, what is told to the checks.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::{Flow, Message};
use transaction::Time;
use ue::{Event as Told, Output, Page};

use super::ImsWorld;
use super::events::Event;
use crate::checks::Rule;
use crate::ims::home::{ELEMENTS, element_address, phone_address, public_identities};
use crate::ims::phone::{Doing, Phone, Plan, replayed};
use crate::ims::server;
use crate::ims::story::{Act, PROBES_AT, Server};
use crate::network::Host;

/// How long a request may take: Timer F of a phone, 64*T1 with its T1 of 2 s (TS 24.229 table 7.8), and something for the
/// way.
const ANSWERED_WITHIN: Duration = Duration::from_secs(140);
/// The same for INVITE: a phone gives a call up after 180 s, and its CANCEL may take as long as any other request.
const INVITE_ANSWERED_WITHIN: Duration = Duration::from_secs(340);
/// What a probe says.
pub(super) const PROBE: &str = "are you there?";

/// When a phone wants to be woken.
pub(super) fn due(phone: &Phone) -> Option<Time> {
    phone.ue.poll_timeout().filter(|_| !phone.is_gone)
}

impl ImsWorld {
    /// Somebody does something.
    pub(super) fn act(&mut self, act: Act) {
        let users = self.story.users.len();
        let of = |to: usize, identity: usize| match to < users {
            true => public_identities(to)[identity].clone(),
            false => "sip:nobody@ims.test".to_owned(),
        };
        let now = self.now;
        let phone = match act {
            Act::Terminate(user) => return self.terminate(user),
            Act::Vanish(phone) => return self.vanish(phone),
            Act::Replay(phone) => return self.replay(phone),
            Act::Register(phone)
            | Act::Deregister(phone)
            | Act::Call { from: phone, .. }
            | Act::Message { from: phone, .. } => phone,
        };
        if self.phones[phone].is_gone {
            return;
        }
        let one = &mut self.phones[phone];
        let is_done = match act {
            Act::Register(_) => one.ue.register(now).is_ok(),
            Act::Deregister(_) => one.ue.deregister(now).is_ok(),
            Act::Message { to, identity, .. } => {
                one.ue.message(now, Page::text(&of(to, identity), "hello")).is_ok()
            }
            Act::Call { to, identity, cancel_after, talk, caller_hangs_up, holds, .. } => {
                let placed = one.ue.call(now, &of(to, identity));
                if let Ok(call) = placed {
                    one.placed.push((call, Plan { talk, caller_hangs_up, holds }));
                    if let Some(after) = cancel_after {
                        self.at(now + after, Event::Phone { phone, doing: Doing::HangUp(call) });
                    }
                }
                placed.is_ok()
            }
            Act::Terminate(_) | Act::Vanish(_) | Act::Replay(_) => false,
        };
        if is_done {
            self.count(match act {
                Act::Call { .. } => "calls placed",
                Act::Message { .. } => "messages written",
                Act::Deregister(_) => "deregistrations",
                _ => "registrations begun",
            });
        }
        self.drain_phone(phone);
    }

    /// A phone is switched off without a word.
    pub(super) fn vanish(&mut self, phone: usize) {
        self.note(Some(Host::Phone(phone)), &"is switched off");
        self.phones[phone].is_gone = true;
        self.network.leave(Host::Phone(phone));
    }

    /// Somebody sends a phone's last proof once more.
    fn replay(&mut self, phone: usize) {
        let number = self.agenda.take_number();
        let proof = self.phones[phone].proof.as_deref();
        let Some(bytes) = proof.and_then(|proof| replayed(proof, number as u32)) else { return };
        self.count("proofs replayed");
        self.phone_sends(phone, element_address(crate::ims::home::PCSCF), bytes);
    }

    pub(super) fn phone_hears(&mut self, phone: usize, flow: Flow, bytes: &Bytes) {
        match Message::parse_datagram_from(bytes, flow.remote) {
            Ok(message) => {
                let lost = self.network.lost(message.head().call_id().unwrap_or_default());
                self.checks.phone_received(self.now, phone, &message, lost);
            }
            Err(error) => {
                let what = format!("phone {phone} cannot read what came: {error}");
                self.checks.add(self.now, Rule::Readable, what);
            }
        }
        self.phones[phone].ue.handle_received(self.now, flow, bytes);
        self.drain_phone(phone);
    }

    /// Does what a phone wants.
    pub(super) fn drain_phone(&mut self, phone: usize) {
        while let Some(output) = self.phones[phone].ue.poll_output() {
            match output {
                Output::Transmit { flow, bytes, .. } => {
                    let bytes = self.phones[phone].sent(&bytes);
                    if bytes.starts_with(b"REGISTER ")
                        && String::from_utf8_lossy(&bytes).contains("response=\"")
                        && !String::from_utf8_lossy(&bytes).contains("response=\"\"")
                    {
                        self.phones[phone].proof = Some(bytes.clone());
                    }
                    self.phone_sends(phone, flow.remote, bytes);
                }
                Output::Event { event, .. } => self.phone_tells(phone, event),
            }
        }
    }

    fn phone_sends(&mut self, phone: usize, to: SocketAddr, bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let message = match Message::parse_datagram(&bytes) {
            Ok(message) => message,
            Err(error) => {
                let what = format!("phone {phone} sends what cannot be read: {error}");
                return self.checks.add(self.now, Rule::Readable, what);
            }
        };
        self.count("messages of phones");
        let lost = self.network.lost(message.head().call_id().unwrap_or_default());
        if let Some((asked, is_invite)) = self.checks.phone_sent(self.now, phone, &message, lost) {
            let within = if is_invite { INVITE_ANSWERED_WITHIN } else { ANSWERED_WITHIN };
            self.at(self.now + within, Event::Judge(asked));
        }
        self.send_datagram(Host::Phone(phone), phone_address(phone), to, &message, &bytes);
    }

    fn phone_tells(&mut self, phone: usize, told: Told) {
        let quiet = matches!(told, Told::Sent(_) | Told::Heard(_));
        if !quiet {
            self.note(Some(Host::Phone(phone)), &told);
        }
        match told {
            Told::Registered { is_first, .. } => {
                self.count(if is_first { "registered" } else { "registered again" });
                self.phones[phone].registered_at = Some(self.now);
            }
            Told::RegistrationFailed { .. } => self.count("registrations failed"),
            Told::Deregistered { .. } => self.count("deregistered"),
            Told::Notified { .. } => self.count("NOTIFYs"),
            Told::Incoming { call, .. } => {
                self.count("calls come");
                let taken = (Duration::from_secs(1), Doing::Answer(call));
                let answer = match self.now >= PROBES_AT {
                    true => Some(taken),
                    false => self.phones[phone].next_answer(call),
                };
                if let Some((after, doing)) = answer {
                    self.at(self.now + after, Event::Phone { phone, doing });
                }
            }
            Told::Answered { call } => {
                self.count("calls up at one end");
                let one = &mut self.phones[phone];
                one.is_up |= one.probe_call.is_some_and(|(probe, _)| probe == call);
                let Some(plan) = self.phones[phone].plan(call) else {
                    // The callee ends what its caller does not.
                    return self.at(
                        self.now + Duration::from_secs(25),
                        Event::Phone { phone, doing: Doing::HangUp(call) },
                    );
                };
                if plan.holds {
                    self.at(self.now + plan.talk / 3, Event::Phone { phone, doing: Doing::Hold(call) });
                    self.at(self.now + plan.talk / 2, Event::Phone { phone, doing: Doing::Resume(call) });
                }
                if plan.caller_hangs_up {
                    self.at(self.now + plan.talk, Event::Phone { phone, doing: Doing::HangUp(call) });
                }
            }
            Told::Ended { why, .. } => self.count(&format!("calls ended: {why:?}")),
            Told::Message { body, .. } => {
                self.count("messages come");
                self.phones[phone].is_reached |= body == PROBE.as_bytes();
            }
            Told::MessageAnswered { message, status } => {
                self.count(&format!("MESSAGE {}xx", status / 100));
                if let Some((_, to)) = self.phones[phone].probe.filter(|(probe, _)| *probe == message) {
                    self.note(Some(Host::Phone(phone)), &format!("probed phone {to}: {status}"));
                }
            }
            Told::Unreadable => {
                self.checks.add(self.now, Rule::Readable, format!("phone {phone} cannot read what came"));
            }
            _ => {}
        }
    }

    pub(super) fn server_hears(&mut self, number: usize, bytes: &Bytes) {
        if let Ok(message) = Message::parse_datagram(bytes) {
            let lost = self.network.lost(message.head().call_id().unwrap_or_default());
            self.checks.server_received(self.now, number, &message, lost);
        }
        self.count("messages to application servers");
        let kind = self.story.servers[number];
        let lines =
            server::Lines::of(bytes).filter(|lines| kind == Server::B2bua && !lines.is_of_a_register());
        if let Some(lines) = lines {
            for (to, bytes) in self.agents[number].take(lines) {
                self.at(self.now, Event::Server { server: number, to, bytes, forged: None });
            }
            return;
        }
        for sent in server::serve(number, kind, bytes, &mut self.random) {
            let server::Sent { after, to, bytes, forged } = sent;
            self.at(self.now + after, Event::Server { server: number, to, bytes, forged });
        }
    }

    pub(super) fn server_sends(
        &mut self,
        number: usize,
        to: SocketAddr,
        bytes: &[u8],
        forged: Option<String>,
    ) {
        if let Some(branch) = forged {
            self.count("forged ODIs");
            self.checks.forged(&branch);
        }
        match Message::parse_datagram(bytes) {
            Ok(message) => {
                let (host, own) = (Host::Element(ELEMENTS + number), element_address(ELEMENTS + number));
                self.send_datagram(host, own, to, &message, &Bytes::copy_from_slice(bytes));
            }
            Err(error) => {
                let what = format!("as{} of the harness sends what cannot be read: {error}", number + 1);
                self.checks.add(self.now, Rule::Readable, what);
            }
        }
    }
}

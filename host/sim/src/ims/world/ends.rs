//! Who can be reached when all is calm, and what is left when everybody has gone.
//!
//! In: phones, elements and the HSS as they are. Out: broken rules. What a store that was lost, or the HSS itself, has ended
//! is no fault, until the phone has registered again.

use std::time::Duration;

use transaction::Time;
use ue::Page;

use super::events::Event;
use super::{CALL_GAP, ImsWorld, PROBE_GAP};
use crate::checks::Rule;
use crate::ims::checks::Accepted;
use crate::ims::home::{self, PCSCF, SCSCFS, element_of, public_identities};
use crate::ims::phone::Doing;
use crate::ims::sabotage::ImsSabotage;
use crate::ims::story::{Act, CALLS_AT, Server};

/// An SAA is not older than this when its 200 leaves.
const SAA_AGO: Duration = Duration::from_secs(10);

impl ImsWorld {
    /// An S-CSCF says 200 to a REGISTER: the HSS must know.
    pub(super) fn accepted(&mut self, accepted: &Accepted) {
        let Accepted { user, scscf } = *accepted;
        if self.sabotage == Some(ImsSabotage::BindingsLost) {
            let [key, ..] = public_identities(user);
            self.elements[scscf].machine.with(|inner| inner.lose_binding(&key));
        }
        let record = self.hss.record(user);
        let is_theirs = record.is_registered && record.server.as_deref() == Some(&*home::uri(scscf));
        // It may have ended the registration while the answer was on its way.
        let just = self.terminated[user].is_some_and(|at| at + SAA_AGO >= self.now);
        let is_excused = just || self.checks.is_excused(Time::ZERO, self.now);
        if !is_theirs && !is_excused {
            let what = format!("{} registers phone {user}, and the HSS does not know", home::name(scscf));
            self.checks.add(self.now, Rule::Registered, what);
        }
    }

    /// Why a phone that is registered as far as it knows may not be: what happened since.
    fn is_forgotten(&self, phone: usize) -> bool {
        let since = self.phones[phone].registered_at;
        let later = |at: Option<Time>| at.is_some_and(|at| since.is_none_or(|since| at >= since));
        let [one, other] = SCSCFS.map(|scscf| self.lost_store[scscf]);
        // What it depends on may have failed before anybody watched it (§5.4.1.7).
        self.depends_on_a_failure(phone)
            || later(self.terminated[phone])
            || later(self.lost_store[PCSCF])
            || later(one)
            || later(other)
    }

    /// Everybody who takes himself for registered must be so everywhere, and gets a MESSAGE.
    pub(super) fn probe(&mut self) {
        let registered: Vec<usize> = (0..self.phones.len())
            .filter(|phone| !self.phones[*phone].is_gone && self.phones[*phone].ue.is_registered())
            .collect();
        for phone in 0..self.phones.len() {
            let wants = !self.phones[phone].is_gone && !self.has_ended(phone);
            if registered.contains(&phone) {
                self.judge_registration(phone);
            } else if wants && Self::is_calm(self.story.seed) {
                let what = format!("phone {phone} is not registered, and nothing hindered it");
                self.checks.add(self.now, Rule::Registered, what);
            }
        }
        for (place, to) in registered.iter().enumerate() {
            let from = registered[(place + 1) % registered.len()];
            let at = self.now + PROBE_GAP * place as u32;
            self.at(at, Event::Probe { from, to: *to });
            if from != *to {
                self.at(CALLS_AT + CALL_GAP * place as u32, Event::ProbeCall { from, to: *to });
            }
        }
    }

    fn is_calm(seed: u64) -> bool {
        crate::ims::story::Story::is_calm(seed)
    }

    /// Whether its user, the HSS or an application server that a registration depends on has ended its registration.
    fn has_ended(&self, phone: usize) -> bool {
        let acts = self
            .story
            .acts
            .iter()
            .any(|(_, act)| matches!(act, Act::Deregister(of) | Act::Terminate(of) if *of == phone));
        acts || self.depends_on_a_failure(phone)
    }

    /// An application server that fails has the word about its registration.
    fn depends_on_a_failure(&self, phone: usize) -> bool {
        self.story.users[phone].chain.iter().any(|criterion| {
            criterion.method == "REGISTER"
                && criterion.terminates
                && matches!(self.story.servers[criterion.server], Server::Silent | Server::Refuses(500..=599))
        })
    }

    fn judge_registration(&mut self, phone: usize) {
        let [key, ..] = public_identities(phone);
        let record = self.hss.record(phone);
        let scscf = record.server.as_deref().and_then(element_of).filter(|_| record.is_registered);
        let is_bound =
            scscf.is_some_and(|scscf| self.elements[scscf].machine.with(|inner| inner.is_bound(&key)));
        if !is_bound && !self.is_forgotten(phone) {
            let what = format!("phone {phone} takes itself for registered, and is not (HSS: {record:?})");
            self.checks.add(self.now, Rule::Registered, what);
        }
    }

    pub(super) fn send_probe(&mut self, from: usize, to: usize) {
        let [key, ..] = public_identities(to);
        let sent = self.phones[from].ue.message(self.now, Page::text(&key, super::phones::PROBE));
        if let Ok(message) = sent {
            self.count("probes");
            self.phones[from].probe = Some((message, to));
        }
        self.drain_phone(from);
    }

    pub(super) fn probe_call(&mut self, from: usize, to: usize) {
        let [key, ..] = public_identities(to);
        if let Ok(call) = self.phones[from].ue.call(self.now, &key) {
            self.count("calls that probe");
            self.phones[from].probe_call = Some((call, to));
            let doing = Doing::HangUp(call);
            self.at(self.now + CALL_GAP / 2, Event::Phone { phone: from, doing });
        }
        self.drain_phone(from);
    }

    /// Whether an application server may rightly hinder a request from one to another.
    fn is_hindered(&self, method: &str, from: usize, to: usize) -> bool {
        [(from, 0), (to, 1)].iter().any(|(user, case)| {
            self.story.users[*user].chain.iter().any(|criterion| {
                criterion.method == method
                    && criterion.case.is_none_or(|own| own == *case)
                    && !matches!(self.story.servers[criterion.server], Server::Transparent | Server::B2bua)
            })
        })
    }

    /// Who was probed has heard of it.
    pub(super) fn judge_probes(&mut self) {
        for from in 0..self.phones.len() {
            let forgotten = |world: &Self, to| world.is_forgotten(from) || world.is_forgotten(to);
            if let Some((_, to)) = self.phones[from].probe
                && !self.phones[to].is_reached
                && !self.is_hindered("MESSAGE", from, to)
                && !forgotten(self, to)
            {
                let what = format!("phone {to} is registered, and a MESSAGE does not reach it");
                self.checks.add(self.now, Rule::Reachable, what);
            }
            if let Some((_, to)) = self.phones[from].probe_call
                && !self.phones[from].is_up
                && !self.is_hindered("INVITE", from, to)
                && !forgotten(self, to)
            {
                let what = format!("phone {to} is registered, and a call of phone {from} does not come up");
                self.checks.add(self.now, Rule::Reachable, what);
            }
        }
    }

    /// What is left.
    pub(super) fn judge_rest(&mut self, is_last: bool) {
        let left: Vec<_> =
            self.elements.iter().enumerate().map(|(number, element)| element.left(number, is_last)).collect();
        self.checks.ended(self.now, &left);
        for number in 0..self.elements.len() {
            for what in self.elements[number].kept(is_last) {
                let what = format!("{} has {what}", home::name(number));
                self.checks.add(self.now, Rule::Forgotten, what);
            }
        }
        // What an S-CSCF has forgotten, or could not say, the HSS does not know.
        if !is_last || !self.story.troubles.is_empty() {
            return;
        }
        for user in 0..self.phones.len() {
            let record = self.hss.record(user);
            if record.server.is_some() {
                let what = format!("the HSS still has phone {user}: {record:?}");
                self.checks.add(self.now, Rule::Forgotten, what);
            }
        }
    }
}

//! Calls that come to a phone: RFC 3261 §13.3, answered as the scenario says.
//!
//! In: INVITE and CANCEL. Out: 100, 180 and a final response, or nothing at all.

use std::time::Duration;

use sip::HeaderId;

use super::dialog::Dialog;
use super::{Alarm, Phone, text};
use crate::scenario::Answer;
use sip::Transport;

/// Without an answer within this time a 100 goes first (§17.2.1).
const TRYING_AFTER: Duration = Duration::from_millis(200);
/// A re-INVITE is answered after this.
const REINVITE_AFTER: Duration = Duration::from_millis(50);
/// When a phone rings that is not said to ring at a time.
const RINGS_AFTER: Duration = Duration::from_millis(300);

impl Phone {
    /// An INVITE came.
    pub(super) fn invited(&mut self, key: &str) {
        let Some(server) = self.servers.get(key) else { return };
        if server.request.head().to_tag().is_some() {
            let known = self.dialog_of(&server.request).is_some_and(|end| self.has_dialog(&end));
            if !known {
                return self.respond(key, 481);
            }
            return self.wake_after(REINVITE_AFTER, Alarm::Decide(key.into()));
        }
        let plan = server.request.head().header_named("X-Call");
        let plan = plan.and_then(|plan| text(plan).parse::<usize>().ok()).unwrap_or(0);
        if let Some(server) = self.servers.get_mut(key) {
            server.plan = Some(plan);
        }
        let (ring, decide) = match self.answer_of(plan) {
            Answer::Accept { ring, after } => (Some(ring).filter(|ring| *ring < after), Some(after)),
            Answer::Refuse { after, .. } => (Some(after / 2), Some(after)),
            Answer::Ring | Answer::Cross => (Some(RINGS_AFTER), None),
            Answer::Deaf => return,
        };
        if ring.or(decide).is_some_and(|first| first > TRYING_AFTER) {
            self.respond(key, 100);
        }
        if let Some(ring) = ring {
            self.wake_after(ring, Alarm::Ring(key.into()));
        }
        if let Some(decide) = decide {
            self.wake_after(decide, Alarm::Decide(key.into()));
        }
    }

    pub(super) fn ring(&mut self, key: &str) {
        if self.servers.get(key).is_some_and(|server| server.status < 200) {
            self.respond(key, 180);
        }
    }

    /// Time for the final response.
    pub(super) fn decide(&mut self, key: &str) {
        let Some(server) = self.servers.get(key).filter(|server| server.status < 200) else { return };
        match server.plan {
            None => self.respond(key, 200),
            Some(plan) => match self.answer_of(plan) {
                Answer::Refuse { status, .. } => self.respond(key, status),
                Answer::Accept { .. } | Answer::Ring | Answer::Cross | Answer::Deaf => self.accept(key, plan),
            },
        }
    }

    /// A CANCEL came: 200 to it, and a final response to its INVITE if that has none (§9.2).
    pub(super) fn cancelled(&mut self, key: &str, branch: &str) {
        let invite = format!("{branch} INVITE");
        let Some(server) = self.servers.get(&invite) else { return self.respond(key, 481) };
        let (status, plan) = (server.status, server.plan);
        self.respond(key, 200);
        match plan.map(|plan| (plan, self.answer_of(plan))) {
            _ if status >= 200 => {}
            Some((_, Answer::Deaf)) => {}
            Some((plan, Answer::Cross)) => self.accept(&invite, plan),
            _ => self.respond(&invite, 487),
        }
    }

    /// 200, and a dialog.
    fn accept(&mut self, key: &str, plan: usize) {
        let Some(server) = self.servers.get(key) else { return };
        let (end, request) = (server.end(), &server.request);
        let head = request.head();
        let local = format!("{};tag={}", text(head.header(HeaderId::TO).unwrap_or_default()), server.tag);
        let remote = text(head.header(HeaderId::FROM).unwrap_or_default());
        let routes = request.values(HeaderId::RECORD_ROUTE).map(|value| text(value.bytes)).collect();
        let dialog = Dialog::new(local, remote, routes, request, 100);
        self.dialogs.insert(end.clone(), dialog);
        self.respond(key, 200);
        let call = &self.scenario.calls[plan];
        let (talk, caller_hangs_up, reinvite) = (call.talk, call.caller_hangs_up, call.reinvite);
        if !caller_hangs_up {
            self.wake_after(talk, Alarm::HangUp(end.clone()));
        }
        if reinvite == Some(false) {
            self.wake_after(talk / 2, Alarm::Reinvite(end));
        }
    }

    /// A phone that cannot be reached inside a dialog takes no calls.
    fn answer_of(&self, plan: usize) -> Answer {
        if self.scenario.devices[self.number].transport == Transport::Ws {
            return Answer::Refuse { after: Duration::from_millis(100), status: 480 };
        }
        let answers = &self.scenario.calls[plan].answers;
        answers[self.number % answers.len()]
    }
}

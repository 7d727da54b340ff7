//! What becomes of a script's word. In: [`Decided`]. Out: an answer, branches, or a response passed on.
//!
//! A word that does not fit what was asked (a relay to a reply hook) is none. One that comes too late finds no context, or
//! another question, and is dropped.

use std::sync::Arc;

use dialog::{DialogId, Dialogs, Variables};
use proxy::{Action, Best, Event};
use sip::{HeaderId, Message, Method};
use transaction::Time;

use crate::context::{Asking, Branch, Context};
use crate::decision::{ConsultError, Decision, Relay, ReplyDecision};
use crate::errors;
use crate::io::{ConsultId, Consulted, ContextId, Decided};
use crate::node::Node;
use crate::returns::{Awaiter, Returns};

impl Node {
    pub(crate) fn handle_decided(&mut self, now: Time, mut decided: Decided) {
        let follow = std::mem::take(&mut decided.follow);
        let request = match follow.iter().any(|one| one.third_party.is_some()) {
            true => self.contexts.get_mut(decided.id.context).and_then(Context::request),
            false => None,
        };
        self.last_reply = None;
        self.handle_word(now, decided);
        let reply = self.last_reply.take();
        for one in follow {
            self.follow(now, one, request.as_deref(), reply.as_deref());
        }
    }

    fn handle_word(&mut self, now: Time, decided: Decided) {
        let ConsultId { context: id, sequence } = decided.id;
        let Some(context) = self.contexts.get_mut(id).filter(|context| context.consult == sequence) else {
            return;
        };
        let Some(asking) = context.active.as_mut().and_then(|active| active.asking.take()) else { return };
        if decided.pin.is_some() {
            context.pin = decided.pin;
        }
        if decided.variables.is_some() {
            context.variables = decided.variables;
        }
        if decided.version != 0 {
            context.version = decided.version;
            if let Some(active) = context.active.as_mut() {
                active.mark = decided.mark;
            }
        }
        if let (Some(variables), Some(active)) = (decided.dialog_variables, context.active.as_mut()) {
            let dialog = self.dialogs.find(&active.request.head());
            // Who has the dialog now has made other variables of them.
            if let Some(dialog) = dialog.filter(|dialog| !self.dialogs.has_left(*dialog, decided.version)) {
                set_variables(&mut self.dialogs, dialog, &variables);
            }
            active.dialog_variables = Some(variables);
        }
        if decided.to_tag.is_some()
            && let Some(active) = self.contexts.get_mut(id).and_then(|context| context.active.as_mut())
        {
            active.to_tag = decided.to_tag;
        }
        for (status, reason) in &decided.provisionals {
            self.provisional(now, id, *status, reason);
        }
        match (asking, decided.consulted) {
            (Asking::Request(_), Consulted::Request(Ok(decision))) => self.decide(now, id, decision),
            (Asking::Reply(response), Consulted::Reply(Ok(decision))) => {
                self.decide_reply(now, id, &response, decision);
            }
            (Asking::FailureReply(best, shown), Consulted::Reply(Ok(decision))) => {
                self.decide_failure_reply(now, id, &best, &shown, decision);
            }
            (Asking::Failure(best, shown), Consulted::Request(Ok(decision))) => {
                self.decide_failure(now, id, best, &shown, decision);
            }
            (Asking::Reply(response), Consulted::Reply(Err(_)) | Consulted::Request(_)) => {
                // The far end has spoken; that the script cannot judge it is no reason to keep it back.
                self.counters.consult_errors.add();
                self.decide_reply(now, id, &response, ReplyDecision::Pass(Vec::new()));
            }
            (Asking::FailureReply(best, shown), Consulted::Reply(Err(_)) | Consulted::Request(_))
            | (Asking::Failure(best, shown), Consulted::Request(Err(_)) | Consulted::Reply(_)) => {
                self.counters.consult_errors.add();
                self.answer_best(now, id, &best, Some((&shown, &[])));
            }
            (Asking::Request(_), Consulted::Request(Err(error))) => self.consult_failed(now, id, error),
            (Asking::Request(_), Consulted::Reply(_)) => self.consult_failed(now, id, ConsultError::Invalid),
        }
    }

    /// Does what a script, or in its place the standard, decided about a request.
    pub(crate) fn decide(&mut self, now: Time, id: ContextId, decision: Decision) {
        if let (Some(timers), Some(server)) = (decision.server_timers(), self.server_of(id)) {
            self.transactions.set_server_timers(server, timers);
        }
        match decision {
            Decision::Relay(relay) => self.relay(now, id, relay),
            Decision::Next(edits) => self.relay(now, id, Relay { edits, ..Relay::default() }),
            // Nothing would ever follow it; what goes before the decision has a list of its own (`provisionals`).
            Decision::Reply(reply) if reply.status < 200 => {
                self.consult_failed(now, id, ConsultError::Invalid)
            }
            Decision::Reply(reply) => self.reply(now, id, &reply),
            Decision::Challenge(challenge) => self.challenge(now, id, &challenge),
            Decision::Drop
                if self.contexts.get_mut(id).is_some_and(|context| context.method == Method::Ack) =>
            {
                self.finish(id);
            }
            Decision::Drop => self.consult_failed(now, id, ConsultError::Invalid),
        }
    }

    fn consult_failed(&mut self, now: Time, id: ContextId, error: ConsultError) {
        self.counters.consult_errors.add();
        // An ACK cannot be refused, and the callee waits for it: inside a dialog it goes where the standard says.
        if self.contexts.get_mut(id).is_some_and(|context| context.method == Method::Ack && context.in_dialog)
        {
            return self.decide(now, id, Decision::Next(Vec::new()));
        }
        self.answer(now, id, errors::consult(error));
    }

    /// Adds a relay's targets as branches and begins the first group.
    fn relay(&mut self, now: Time, id: ContextId, relay: Relay) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(mut active) = context.active.take() else { return };
        context.record_routed |= relay.record_route;
        if relay.vias.is_some() && context.vias.is_none() {
            let vias: Vec<&[u8]> = active.request.head().fields(HeaderId::VIA).collect();
            context.vias = Some(vias.join(&b", "[..]).into());
        }
        if relay.targets_named && relay.targets.is_empty() {
            context.active = Some(active);
            return self.answer(now, id, errors::NO_TARGET);
        }
        let place = active.relays.len();
        let targets = relay.targets.len().max(1);
        for target in 0..targets {
            let q = relay.targets.get(target).map_or(1000, |target| target.q);
            // More targets than a context takes: the first ones are tried.
            if active.forking.add_target(q).is_err() {
                break;
            }
            active.branches.push(Branch { relay: place, target, ..Branch::default() });
        }
        active.awaited = relay.returns_by.as_deref().map(|token| {
            Returns::expect(&self.config.returns, token, Awaiter { shard: self.config.shard, context: id })
        });
        active.relays.push(relay);
        let first = place == 0 && !active.stateless;
        if first && context.method == Method::Invite {
            // §16.2: a stateful proxy answers an INVITE at once, so that it is not repeated.
            let request = Arc::clone(&active.request);
            context.active = Some(active);
            self.trying(now, id, &request);
            let Some(taken) = self.contexts.get_mut(id).and_then(|context| context.active.take()) else {
                return;
            };
            active = taken;
        } else if first {
            self.start_trying_timer(now, id);
        }
        let actions = active.forking.handle(Event::Start);
        // Nothing may begin after a 6xx, or beyond the branches that there can be: the script has had its word, and a
        // stubborn one would be asked for ever.
        if !actions.iter().any(|action| matches!(action, Action::Begin { .. }))
            && let Some(relay) = active.relays.last_mut()
        {
            relay.ask_failure = false;
        }
        self.carry_out(now, id, active, actions);
    }

    fn decide_reply(&mut self, now: Time, id: ContextId, response: &Arc<Message>, decision: ReplyDecision) {
        match decision {
            ReplyDecision::Pass(edits) => self.pass_shown(now, id, response, &edits, &[]),
            ReplyDecision::Drop if response.status() < 200 => {}
            ReplyDecision::Replace(reply) if response.status() < 200 && reply.status < 200 => {
                self.reply(now, id, &reply);
            }
            ReplyDecision::Drop | ReplyDecision::Replace(_) => {
                self.counters.consult_errors.add();
                self.pass_shown(now, id, response, &[], &[]);
            }
        }
        self.ask_next_reply(now, id);
    }

    fn decide_failure_reply(
        &mut self,
        now: Time,
        id: ContextId,
        best: &Best<Arc<Message>>,
        shown: &Message,
        decision: ReplyDecision,
    ) {
        match decision {
            ReplyDecision::Pass(edits) => self.answer_best(now, id, best, Some((shown, &edits))),
            ReplyDecision::Replace(reply) if reply.status >= 300 => self.reply(now, id, &reply),
            ReplyDecision::Drop | ReplyDecision::Replace(_) => {
                self.counters.consult_errors.add();
                self.answer_best(now, id, best, Some((shown, &[])));
            }
        }
    }

    fn decide_failure(
        &mut self,
        now: Time,
        id: ContextId,
        best: Best<Arc<Message>>,
        shown: &Message,
        decision: Decision,
    ) {
        match decision {
            Decision::Relay(relay) if !(relay.targets_named && relay.targets.is_empty()) => {
                if let Some(active) = self.contexts.get_mut(id).and_then(|context| context.active.as_mut()) {
                    active.forking.resume(best);
                }
                self.relay(now, id, relay);
            }
            // Nobody waits any longer for an answer to what is no INVITE (RFC 4320 §4.2).
            Decision::Reply(_) if best.is_withheld(self.kind_of(id)) && !self.is_awaited(now, id) => {
                self.answer_best(now, id, &best, None);
            }
            Decision::Reply(reply) if reply.status >= 300 => self.reply(now, id, &reply),
            Decision::Challenge(challenge) => self.challenge(now, id, &challenge),
            Decision::Next(edits) => self.answer_best(now, id, &best, Some((shown, &edits))),
            Decision::Relay(_) => self.answer_best(now, id, &best, Some((shown, &[]))),
            Decision::Reply(_) | Decision::Drop => {
                self.counters.consult_errors.add();
                self.answer_best(now, id, &best, Some((shown, &[])));
            }
        }
    }
}

/// Makes a dialog's variables these.
pub(crate) fn set_variables(dialogs: &mut Dialogs, id: DialogId, variables: &Variables) {
    let gone: Vec<Box<str>> = dialogs
        .variables(id)
        .into_iter()
        .flat_map(Variables::iter)
        .filter(|(name, _)| variables.value(name).is_none())
        .map(|(name, _)| name.into())
        .collect();
    // The bounds of both sides are the same; what was let in there fits here.
    for name in gone {
        let _ = dialogs.set_variable(id, &name, None);
    }
    for (name, value) in variables.iter() {
        let _ = dialogs.set_variable(id, name, Some(value));
    }
}

//! Responses from downstream (RFC 3261 §16.7), and what stands for one where none came (§16.8, §16.9).
//!
//! In: a response, a client transaction's failure. Out: events to the forking machine, whose actions are carried out
//! here: branches begun and cancelled, responses passed on or put before the script.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use dialog::{Change, Why};
use proxy::{Action, Actions, Best, BranchIndex, BranchState, Event, Kind};
use sip::{Draft, Message, Method};
use smallvec::SmallVec;
use transaction::{ClientId, Response, Time};

use crate::answer::{is_success, made_phrase, upstream};
use crate::context::{Active, Asking, ByFlow, Late, MAX_WAITING_REPLIES};
use crate::counters::Discard;
use crate::decide::set_variables;
use crate::decision::Relay;
use crate::hash;
use crate::io::{ContextId, Ended, Output};
use crate::node::Node;
use crate::release::served_user;

/// The Reason of a CANCEL to those who rang in vain, so that their phones show no missed call (RFC 3326 §2).
const COMPLETED_ELSEWHERE: &[u8] = b"SIP;cause=200;text=\"Call completed elsewhere\"";

impl Node {
    pub(crate) fn handle_response(&mut self, now: Time, message: Message) {
        // As if it had not come (§18.1.2, §18.3).
        if sip::validate(&message.head()).is_err() {
            return self.counters.discard(Discard::Unparsable);
        }
        match self.transactions.handle_response(now, &message) {
            Response::Pass(client) => self.response_on_branch(now, client, message),
            Response::Absorbed => {}
            Response::Stray => self.counters.discard(Discard::StrayResponse),
        }
    }

    fn response_on_branch(&mut self, now: Time, client: ClientId, message: Message) {
        let status = message.status();
        if !self.alive.is_idle()
            && let Some(flow) = self.transactions.client_flow(client)
        {
            self.alive.heard(now, flow.remote);
        }
        let Some(id) = self.clients.get(client.slot()) else { return };
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(mut active) = context.active.take() else {
            // The context has been answered: only a further 2xx to an INVITE is still of use (§16.7 item 5).
            if context.method == Method::Invite && is_success(status) {
                self.further_success(now, id, &message);
            }
            return;
        };
        let Some(branch) = active.forking.branch_of(client) else {
            context.active = Some(active);
            return;
        };
        if status == 503 && self.next_hop(now, id, &mut active, branch) {
            return self.keep(id, active);
        }
        if active.branches.len() > 1 {
            match status {
                200..=299 => active.cancel_reason = Cow::Borrowed(COMPLETED_ELSEWHERE),
                600..=699 => active.cancel_reason = Cow::Owned(format!("SIP;cause={status}").into()),
                _ => {}
            }
        }
        self.heard(now, id, &mut active, branch, status);
        let response = Arc::new(message);
        let event = if status < 200 {
            Event::Provisional { branch, status, response }
        } else {
            Event::Final { branch, status, response: Some(response) }
        };
        let actions = active.forking.handle(event);
        self.carry_out(now, id, active, actions);
    }

    /// A 2xx to an INVITE after its first: again, or from another phone (§13.2.2.4), which makes another dialog.
    fn further_success(&mut self, now: Time, id: ContextId, response: &Message) {
        let is_new = self.note_fork(id, response);
        let tag = self.fork_tag(response);
        let Some(context) = self.contexts.get_mut(id) else { return };
        let judged = context.judged.iter().find(|(of, _)| *of == tag).map(|(_, bytes)| bytes.clone());
        if let Some(judged) = judged {
            return self.respond(now, id, response.status(), judged);
        }
        if is_new && context.record_routed && !context.in_dialog {
            self.dialogs.handle_further_success(now, &response.head(), context.version);
            self.tell_ended();
        }
        match self.contexts.get_mut(id).and_then(|context| context.late.as_deref().cloned()) {
            Some(late) => self.ask_about_further(now, id, late, response),
            None => self.pass(now, id, response),
        }
    }

    /// Puts the 2xx of a further phone before the script, with the request that it answers.
    fn ask_about_further(&mut self, now: Time, id: ContextId, late: Late, response: &Message) {
        let Some(shown) = self.without_top_via(id, response) else { return self.pass(now, id, response) };
        let Some(context) = self.contexts.get_mut(id) else { return };
        (context.pin, context.variables) = (late.pin, late.variables);
        let relay = Relay { ask_replies: true, ask_further: true, ..Relay::default() };
        context.active = Some(Box::new(Active {
            own_routes: late.own_routes,
            relays: SmallVec::from_iter([relay]),
            ..Active::of(late.request, Kind::Invite, proxy::DEFAULT_MAX_BREADTH)
        }));
        self.consult(id, Asking::Reply(shown));
    }

    /// Remembers who answered with 2xx; whether nobody knew yet.
    fn note_fork(&mut self, id: ContextId, response: &Message) -> bool {
        let tag = self.fork_tag(response);
        self.contexts.get_mut(id).is_some_and(|context| context.forks.note(tag))
    }

    pub(crate) fn fork_tag(&self, response: &Message) -> u32 {
        hash::keyed(&self.tag_key, &[response.head().to_tag().unwrap_or_default()]) as u32
    }

    /// A client transaction ended without a final response: the next hop is tried (RFC 3263 §4.3), or it counts as
    /// 408, or 503 where the transport failed.
    pub(crate) fn client_failed(&mut self, now: Time, client: ClientId, transport: bool) {
        let Some(id) = self.clients.get(client.slot()) else { return };
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(mut active) = context.active.take() else { return };
        let Some(branch) = active.forking.branch_of(client) else {
            context.active = Some(active);
            return;
        };
        let by_flow = transport && active.branches[usize::from(branch)].by_flow != ByFlow::No;
        let event = if by_flow {
            match self.flow_gone(now, id, &mut active, branch) {
                Ok(()) => return self.keep(id, active),
                // What was cancelled stays cancelled.
                Err(_) if active.forking.state(branch) == Some(BranchState::Cancelling) => {
                    Event::Unreachable(branch)
                }
                Err(refusal) => {
                    active.made_status = Some(refusal);
                    Event::Final { branch, status: refusal.0, response: None }
                }
            }
        } else if self.next_hop(now, id, &mut active, branch) {
            return self.keep(id, active);
        } else if transport {
            Event::Unreachable(branch)
        } else {
            Event::TimedOut(branch)
        };
        let actions = active.forking.handle(event);
        self.carry_out(now, id, active, actions);
    }

    /// Carries out what the forking machine wants, and what follows from that. Takes the context's active part and
    /// gives it back, unless a final response closed it.
    pub(crate) fn carry_out(
        &mut self,
        now: Time,
        id: ContextId,
        mut active: Box<Active>,
        actions: Actions<Arc<Message>>,
    ) {
        let mut queue: VecDeque<Action<Arc<Message>>> = actions.into_iter().collect();
        let mut last = None;
        while let Some(action) = queue.pop_front() {
            match action {
                Action::Begin { branch, max_breadth } => {
                    active.branches[usize::from(branch)].max_breadth = max_breadth;
                    if let Err(refusal) = self.begin(now, id, &mut active, branch) {
                        active.made_status = Some(refusal);
                        queue.extend(active.forking.handle(Event::Final {
                            branch,
                            status: refusal.0,
                            response: None,
                        }));
                    }
                }
                Action::Cancel(branch) => match active.branches[usize::from(branch)].client {
                    Some(client) => {
                        // From now on the CANCEL's own 64*T1 counts (§9.1), and not what was left of Timer C: the
                        // callee may have answered already.
                        active.branches[usize::from(branch)].deadline = None;
                        self.transactions.cancel_because(now, client, &active.cancel_reason);
                    }
                    None => queue.extend(active.forking.handle(Event::Unreachable(branch))),
                },
                Action::ResetTimerC(branch) => self.start_timer(now, id, &mut active, branch),
                Action::Forward { branch, status, response } if status < 200 => {
                    self.forward_or_ask(now, id, &mut active, branch, response);
                }
                Action::Forward { branch, response, .. } => last = Some(Last::Success(branch, response)),
                Action::Answer(best) => last = Some(Last::Failure(best)),
            }
        }
        if self.contexts.get_mut(id).is_some_and(|context| context.originated.is_some()) {
            return self.conclude(id, active, last);
        }
        let kind = active.forking.kind();
        let asks = |active: &Active, branch: BranchIndex| {
            active
                .relays
                .get(active.branches[usize::from(branch)].relay)
                .is_some_and(|relay| relay.ask_replies)
        };
        match last {
            // An ACK has gone, and nothing can come back; or its next hop is still looked for.
            // Or it can go nowhere, which nobody is told (§17.1.1.3).
            _ if active.stateless && !active.branches.iter().any(|branch| branch.locating) => self.finish(id),
            None => {
                self.keep(id, active);
                self.ask_next_reply(now, id);
            }
            Some(Last::Success(branch, response)) => {
                let ask = asks(&active, branch);
                self.keep(id, active);
                if ask {
                    self.ask_reply(now, id, branch, response);
                } else {
                    self.dialog_response(now, id, &response);
                    self.pass(now, id, &response);
                }
            }
            Some(Last::Failure(best)) => {
                let relay = active.relays.last();
                let asks_failure = relay.is_some_and(|relay| relay.ask_failure) && best.chosen != 487;
                let asks_reply = relay.is_some_and(|relay| relay.ask_replies);
                self.keep(id, active);
                // A response that is not sent is no reply to judge; but there may be another target (RFC 4320 §4.2).
                let is_seen = asks_failure || (asks_reply && !best.is_withheld(kind));
                let shown = if is_seen { self.shown(id, &best) } else { None };
                match shown {
                    Some(shown) if asks_failure => self.consult(id, Asking::Failure(best, shown)),
                    Some(shown) => self.consult(id, Asking::FailureReply(best, shown)),
                    None => self.answer_best(now, id, &best, None),
                }
            }
        }
    }

    /// A provisional response: passed on, or put before the script first.
    fn forward_or_ask(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
        response: Arc<Message>,
    ) {
        let ask = active
            .relays
            .get(active.branches[usize::from(branch)].relay)
            .is_some_and(|relay| relay.ask_replies);
        if self.contexts.get_mut(id).is_some_and(|context| context.originated.is_some()) {
            return;
        }
        if !ask {
            self.dialog_response_in(now, id, active, &response);
            return self.pass(now, id, &response);
        }
        if active.replies.len() >= MAX_WAITING_REPLIES {
            self.dialog_response_in(now, id, active, &response);
            return self.pass(now, id, &response);
        }
        active.replies.push_back((branch, response));
    }

    fn ask_reply(&mut self, now: Time, id: ContextId, branch: BranchIndex, response: Arc<Message>) {
        if let Some(active) = self.contexts.get_mut(id).and_then(|context| context.active.as_mut()) {
            active.replies.push_back((branch, response));
        }
        self.ask_next_reply(now, id);
    }

    /// Puts the oldest waiting reply before the script, one at a time so that their order is kept.
    pub(crate) fn ask_next_reply(&mut self, now: Time, id: ContextId) {
        let Some(active) = self.contexts.get_mut(id).and_then(|context| context.active.as_mut()) else {
            return;
        };
        if active.asking.is_some() {
            return;
        }
        let Some((_, response)) = active.replies.pop_front() else { return };
        match self.without_top_via(id, &response) {
            Some(shown) => {
                self.dialog_response(now, id, &shown);
                self.consult(id, Asking::Reply(shown));
            }
            None => self.pass(now, id, &response),
        }
    }

    /// The best response as the script sees it; one is made where none came.
    fn shown(&mut self, id: ContextId, best: &Best<Arc<Message>>) -> Option<Arc<Message>> {
        match &best.response {
            Some(response) => self.without_top_via(id, response),
            None => {
                let active = self.contexts.get_mut(id)?.active.as_ref()?;
                let (request, phrase) = (Arc::clone(&active.request), made_phrase(active, best));
                self.made(&request, (best.chosen, phrase))
            }
        }
    }

    /// A response without the Via that this element put on it, as a script sees it.
    fn without_top_via(&mut self, id: ContextId, response: &Message) -> Option<Arc<Message>> {
        let head = response.head();
        let vias = self.contexts.get_mut(id).and_then(|context| context.vias.clone());
        let mut draft = Draft::forward(head);
        if !upstream(&mut draft, &head, &[], vias.as_deref()) {
            return None;
        }
        self.page.clear();
        draft.print(&mut self.page);
        Message::parse_stream(&self.page).ok().map(Arc::new)
    }

    /// A response goes upstream: the dialogs follow.
    fn dialog_response(&mut self, now: Time, id: ContextId, response: &Message) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(active) = context.active.take() else { return };
        self.dialog_response_in(now, id, &active, response);
        self.keep(id, active);
    }

    fn dialog_response_in(&mut self, now: Time, id: ContextId, active: &Active, response: &Message) {
        if is_success(response.status()) && active.forking.kind() == Kind::Invite {
            self.note_fork(id, response);
        }
        let Some(context) = self.contexts.get_mut(id) else { return };
        let in_dialog = context.in_dialog;
        if !context.record_routed && !in_dialog {
            return;
        }
        let version = context.version;
        let change = self.dialogs.handle_response(now, &active.request.head(), &response.head(), version);
        let is_taken = match change {
            Change::Created(_) => true,
            Change::Known(dialog) | Change::Confirmed(dialog) if !in_dialog => {
                active.mark.is_some_and(|mark| self.dialogs.handle_pass(dialog, mark.0, version))
            }
            _ => false,
        };
        // What took the call has it to its end, on each of its passes by this element, whatever is active then.
        if is_taken && let Some(pin) = &context.pin {
            self.dialogs.hold(version, || dialog::Holder::new(Arc::clone(pin)));
        }
        if let Change::Created(dialog) = change
            && let Some(variables) = &active.dialog_variables
        {
            set_variables(&mut self.dialogs, dialog, variables);
        }
        let is_session = active.forking.kind() == Kind::Invite && is_success(response.status());
        // Nobody is called nothing: such a session ends with its version only.
        let served = served_user(active).or(self.ends_calls.then_some(""));
        if let Some(served) = served.filter(|_| is_session && !in_dialog) {
            let own = &self.config.own;
            let (request, response) = (active.request.head(), response.head());
            self.dialogs.serve(served, &request, &response, |uri| own.is_own(uri));
        }
        self.tell_ended();
    }

    /// Tells of dialogs that are over.
    pub(crate) fn tell_ended(&mut self) {
        while let Some(ended) = self.dialogs.poll_output() {
            let why = match ended.why {
                Why::Bye => "bye",
                Why::Rejected => "rejected",
                Why::Timeout => "timeout",
                Why::Released => "released",
            };
            let call_id = String::from_utf8_lossy(&ended.call_id).into();
            self.output.push_back(Output::Event(Ended { call_id, why, pin: ended.holder }));
        }
    }
}

/// What no branch will add to.
pub(crate) enum Last {
    Success(BranchIndex, Arc<Message>),
    Failure(Best<Arc<Message>>),
}

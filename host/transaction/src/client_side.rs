//! The client transactions of the table: requests out, responses in (RFC 3261 §17.1, §9.1).
//!
//! In: requests from the TU, responses from the network. Out: [`Response`], and outputs. What a state allows is
//! in `client_invite.rs` and `client_non_invite.rs`. The CANCEL of an INVITE is a transaction that the table
//! runs by itself: the TU sees nothing of it but the bytes to transmit.

use bytes::Bytes;
use sip::{Flow, HeaderId, Message, Method};

use crate::actions::Actions;
use crate::branch::{BRANCH_LENGTH, Branch, MAGIC_COOKIE};
use crate::deadlines::{Deadlines, Due};
use crate::id::{ClientId, TransactionId};
use crate::matching::MethodCode;
use crate::output::{Cancelled, Output, Response};
use crate::time::Time;
use crate::timers::{TimerName, Timers};
use crate::transactions::{Transactions, client_token};
use crate::{client_invite, client_non_invite, derived};

/// A body shorter than this is kept with the head of an INVITE: a copy would cost more than it saves.
const TRIM_FROM: usize = 128;

/// One client transaction.
pub(crate) struct Client {
    /// The request or its head, later the ACK, as long as they are needed; else empty.
    kept: Bytes,
    /// Where the request goes; nowhere before it is sent.
    flow: Option<Flow>,
    deadlines: Deadlines,
    method: MethodCode,
    machine: Machine,
    /// The TU has asked to cancel it.
    is_cancelled: bool,
    /// The INVITE that this one, a CANCEL of the table's own, cancels.
    cancels: Option<ClientId>,
}

#[derive(Clone, Copy)]
enum Machine {
    /// The branch is made, the request is not sent yet.
    Unsent,
    Invite(client_invite::State),
    NonInvite(client_non_invite::State),
}

impl Machine {
    fn is_terminated(self) -> bool {
        matches!(
            self,
            Machine::Invite(client_invite::State::Terminated)
                | Machine::NonInvite(client_non_invite::State::Terminated)
        )
    }

    fn is_lingering(self) -> bool {
        match self {
            Machine::Unsent => false,
            Machine::Invite(state) => {
                !matches!(state, client_invite::State::Calling | client_invite::State::Proceeding)
            }
            Machine::NonInvite(state) => {
                !matches!(state, client_non_invite::State::Trying | client_non_invite::State::Proceeding)
            }
        }
    }
}

/// A CANCEL.
pub(crate) enum Cancelling {
    /// Its bytes wait for a provisional response.
    Held(Bytes),
    /// It was sent, by this transaction.
    Sent(ClientId),
}

/// What happens to a client transaction.
#[derive(Clone, Copy)]
enum Event<'a> {
    /// With its To header field value.
    Response(u16, &'a [u8]),
    Cancel,
    TransportError,
    Due(Due),
}

impl Transactions {
    /// Makes a place for a client transaction, so that its branch can be printed into the request. `None`: the
    /// table is full. It takes up room until [`Transactions::send_request`] and the transaction's end, or until
    /// [`Transactions::forget_client`].
    pub fn new_client(&mut self) -> Option<ClientId> {
        if self.clients.len() >= self.limits.max_client {
            return None;
        }
        Some(ClientId(self.clients.insert(Client {
            kept: Bytes::new(),
            flow: None,
            deadlines: Deadlines::new(Timers::RFC3261),
            method: MethodCode::ACK,
            machine: Machine::Unsent,
            is_cancelled: false,
            cancels: None,
        })))
    }

    /// The branch that the top Via of this transaction's request must have. `loop_hash` is the proxy's, 0 if
    /// there is none; it comes back by [`crate::loop_hash_of_branch`].
    pub fn branch(&self, id: ClientId, loop_hash: u64) -> Branch {
        self.brancher.make(id, loop_hash)
    }

    /// Sends a request: one whole message with our [`Transactions::branch`], any method but ACK and CANCEL
    /// (an ACK for a 2xx needs no transaction, CANCEL is [`Transactions::cancel`]). The bytes should have their
    /// exact size. False, and nothing is done: another method, no request, or the id names nothing or has sent
    /// before.
    pub fn send_request(
        &mut self,
        now: Time,
        id: ClientId,
        request: Bytes,
        flow: Flow,
        timers: Timers,
    ) -> bool {
        let token = request.split(|byte| *byte == b' ').next().unwrap_or_default();
        let method = Method::from_token(token);
        let is_unsent = |client: &Client| matches!(client.machine, Machine::Unsent);
        if matches!(method, Method::Ack | Method::Cancel)
            || token.is_empty()
            || !self.clients.get(id.0).is_some_and(is_unsent)
        {
            return false;
        }
        self.start(now, id, MethodCode::new(method, token), request, flow, timers);
        true
    }

    /// Takes a response from the network: finds its transaction by our branch and the method in CSeq (§17.1.3).
    pub fn handle_response(&mut self, now: Time, response: &Message) -> Response {
        let head = response.head();
        let (Ok(via), Ok(cseq)) = (head.via(), head.cseq()) else { return Response::Stray };
        let Some(mut id) = via.branch().and_then(|branch| self.brancher.client(branch)) else {
            return Response::Stray;
        };
        let method = MethodCode::new(cseq.method, cseq.token);
        if method == MethodCode::CANCEL {
            match self.cancels.get(&id) {
                Some(Cancelling::Sent(cancel)) => id = *cancel,
                _ => return Response::Stray,
            }
        }
        match self.clients.get(id.0) {
            Some(client) if client.method == method && !head.is_request() => {}
            _ => return Response::Stray,
        }
        let to = head.header(HeaderId::TO).unwrap_or_default();
        let actions = self.drive_client(now, id, Event::Response(head.status(), to));
        match actions.contains(Actions::PASS) && method != MethodCode::CANCEL {
            true => Response::Pass(id),
            false => Response::Absorbed,
        }
    }

    /// Cancels an INVITE that has no final response (§9.1): sends a CANCEL to where the INVITE went, at once or
    /// after the first provisional response. If no final response comes within 64*T1 after the CANCEL, the
    /// INVITE's transaction times out.
    pub fn cancel(&mut self, now: Time, id: ClientId) -> Cancelled {
        self.cancel_because(now, id, &[])
    }

    /// [`Transactions::cancel`] with a Reason header field value (RFC 3326), such as one of a CANCEL that came
    /// from upstream. A reason with CR, LF or NUL is left out.
    pub fn cancel_because(&mut self, now: Time, id: ClientId, reason: &[u8]) -> Cancelled {
        let Some(client) = self.clients.get_mut(id.0) else { return Cancelled::NotNeeded };
        if !matches!(client.machine, Machine::Invite(_)) || client.is_cancelled {
            return Cancelled::NotNeeded;
        }
        let (_, actions) = match step(client.machine, Event::Cancel, false) {
            Some(step) => step,
            None => return Cancelled::NotNeeded,
        };
        if !actions.intersects(Actions::HOLD_CANCEL | Actions::SEND_CANCEL) {
            return Cancelled::NotNeeded;
        }
        let built = derived::cancel(&client.kept, reason).or_else(|| derived::cancel(&client.kept, &[]));
        let Some(cancel) = built else { return Cancelled::NotNeeded };
        client.is_cancelled = true;
        self.cancels.insert(id, Cancelling::Held(cancel));
        self.drive_client(now, id, Event::Cancel);
        if actions.contains(Actions::SEND_CANCEL) { Cancelled::Sent } else { Cancelled::Held }
    }

    /// Removes a transaction at once and without an output; responses to it are strays from now on.
    pub fn forget_client(&mut self, id: ClientId) {
        if self.remove_client(id) {
            self.clients.release(id.0);
        }
    }

    /// Where the request of this transaction went.
    pub fn client_flow(&self, id: ClientId) -> Option<Flow> {
        self.clients.get(id.0)?.flow
    }

    /// The client transaction that sent this datagram, of which an ICMP error quotes the beginning: it is found
    /// by the first branch in it. `None` for responses and for what this table did not send.
    pub fn client_of_datagram(&self, datagram: &[u8]) -> Option<ClientId> {
        if datagram.starts_with(b"SIP/2.0") {
            return None;
        }
        let at = memchr::memmem::find(datagram, MAGIC_COOKIE.as_bytes())?;
        let id = self.brancher.client(datagram.get(at..at + BRANCH_LENGTH)?)?;
        let id = match self.cancels.get(&id) {
            Some(Cancelling::Sent(cancel)) if datagram.starts_with(b"CANCEL ") => *cancel,
            _ => id,
        };
        self.clients.get(id.0).map(|_| id)
    }

    pub(crate) fn client_transport_error(&mut self, now: Time, id: ClientId) {
        self.drive_client(now, id, Event::TransportError);
    }

    /// The wheel popped the entry of the transaction at this place.
    pub(crate) fn client_due(&mut self, now: Time, slot: u32) {
        let Some(id) = self.clients.id_at(slot) else { return };
        let Some(client) = self.clients.get_mut(id) else { return };
        match client.deadlines.popped(now) {
            Some(due) => drop(self.drive_client(now, ClientId(id), Event::Due(due))),
            None => client.deadlines.arm(now, &mut self.wheels, client_token(slot)),
        }
    }

    /// The first step of an unsent transaction.
    fn start(
        &mut self,
        now: Time,
        id: ClientId,
        method: MethodCode,
        request: Bytes,
        flow: Flow,
        timers: Timers,
    ) {
        let Some(client) = self.clients.get_mut(id.0) else { return };
        let reliable = flow.transport.is_reliable();
        client.method = method;
        client.flow = Some(flow);
        client.deadlines = Deadlines::new(timers);
        let actions = if method == MethodCode::INVITE {
            let step = client_invite::start(reliable);
            client.machine = Machine::Invite(step.next);
            self.counts.client_invite += 1;
            step.actions
        } else {
            let step = client_non_invite::start(reliable);
            client.machine = Machine::NonInvite(step.next);
            self.counts.client_non_invite += 1;
            step.actions
        };
        if actions.contains(Actions::KEEP) {
            client.kept = request.clone();
        }
        if actions.contains(Actions::TRIM) {
            trim(&mut client.kept);
        }
        client.deadlines.apply(now, actions);
        client.deadlines.arm(now, &mut self.wheels, client_token(id.0.slot));
        self.outputs.push_back(Output::Transmit { flow, bytes: request, of: TransactionId::Client(id) });
    }

    /// Lets the machine make a step and does what it says; the actions are for the caller to see [`Actions::PASS`].
    fn drive_client(&mut self, now: Time, id: ClientId, event: Event<'_>) -> Actions {
        let Some(client) = self.clients.get_mut(id.0) else { return Actions::empty() };
        let Some(flow) = client.flow else { return Actions::empty() };
        let Some((machine, actions)) = step(client.machine, event, flow.transport.is_reliable()) else {
            client.deadlines.arm(now, &mut self.wheels, client_token(id.0.slot));
            return Actions::empty();
        };
        if machine.is_lingering() && !client.machine.is_lingering() {
            self.counts.lingering += 1;
        }
        client.machine = machine;
        if actions.contains(Actions::TRIM) {
            trim(&mut client.kept);
        }
        if actions.contains(Actions::DROP) {
            client.kept = Bytes::new();
        }
        if let (true, Event::Response(_, to)) = (actions.contains(Actions::SEND_ACK), event) {
            client.kept = derived::ack(&client.kept, to).unwrap_or_default();
        }
        if actions.intersects(Actions::SEND_ACK | Actions::RESEND) && !client.kept.is_empty() {
            let bytes = client.kept.clone();
            self.outputs.push_back(Output::Transmit { flow, bytes, of: TransactionId::Client(id) });
        }
        let is_own = client.cancels.is_some();
        if actions.contains(Actions::TIMEOUT) && !is_own {
            self.outputs.push_back(Output::ClientTimeout(id));
        }
        if actions.contains(Actions::FAILED) && !is_own {
            self.outputs.push_back(Output::ClientFailed(id));
        }
        if machine.is_terminated() {
            self.remove_client(id);
            match is_own {
                true => self.clients.release(id.0),
                false => self.outputs.push_back(Output::ClientEnded(id)),
            }
            return actions;
        }
        client.deadlines.apply(now, actions);
        client.deadlines.arm(now, &mut self.wheels, client_token(id.0.slot));
        if !self.cancels.is_empty() {
            self.settle_cancel(now, id, machine, flow, actions);
        }
        actions
    }

    /// After a step of an INVITE: its CANCEL goes, or is needed no more.
    fn settle_cancel(&mut self, now: Time, id: ClientId, machine: Machine, flow: Flow, actions: Actions) {
        let Some(Cancelling::Held(cancel)) = self.cancels.get(&id) else { return };
        if actions.contains(Actions::SEND_CANCEL) {
            let cancel = cancel.clone();
            let Some(timers) = self.clients.get(id.0).map(|client| client.deadlines.timers()) else { return };
            // No more than one for each INVITE, so the limit need not be asked.
            let own = ClientId(self.clients.insert(Client {
                kept: Bytes::new(),
                flow: None,
                deadlines: Deadlines::new(timers),
                method: MethodCode::CANCEL,
                machine: Machine::Unsent,
                is_cancelled: false,
                cancels: Some(id),
            }));
            self.cancels.insert(id, Cancelling::Sent(own));
            self.start(now, own, MethodCode::CANCEL, cancel, flow, timers);
        } else if machine.is_lingering() {
            self.cancels.remove(&id);
        } else if matches!(machine, Machine::Invite(client_invite::State::Proceeding)) {
            self.drive_client(now, id, Event::Cancel);
        }
    }

    /// Takes a transaction out of everything but its place: that is to be released once nobody keeps anything by it.
    fn remove_client(&mut self, id: ClientId) -> bool {
        let Some(mut client) = self.clients.retire(id.0) else { return false };
        client.deadlines.disarm(&mut self.wheels);
        self.counts.lingering -= u32::from(client.machine.is_lingering());
        match client.machine {
            Machine::Unsent => {}
            Machine::Invite(_) => self.counts.client_invite -= 1,
            Machine::NonInvite(_) => self.counts.client_non_invite -= 1,
        }
        if let Some(invite) = client.cancels {
            self.cancels.remove(&invite);
        } else if let Some(Cancelling::Held(_)) = self.cancels.get(&id) {
            self.cancels.remove(&id);
        }
        true
    }
}

/// A step of whichever machine it is; `None` for a timer or an event that the machine does not have.
fn step(machine: Machine, event: Event<'_>, reliable: bool) -> Option<(Machine, Actions)> {
    match machine {
        Machine::Unsent => None,
        Machine::Invite(state) => {
            use client_invite::Input;
            let input = match event {
                Event::Response(..=199, _) => Input::Provisional,
                Event::Response(200..=299, _) => Input::Success,
                Event::Response(..) => Input::Failure,
                Event::Cancel => Input::Cancel,
                Event::TransportError => Input::TransportError,
                Event::Due(Due::Retransmit) => Input::TimerA,
                Event::Due(Due::End(TimerName::B)) => Input::TimerB,
                Event::Due(Due::End(TimerName::D)) => Input::TimerD,
                Event::Due(Due::End(TimerName::M)) => Input::TimerM,
                Event::Due(Due::End(_)) => return None,
            };
            let step = client_invite::step(state, input, reliable);
            Some((Machine::Invite(step.next), step.actions))
        }
        Machine::NonInvite(state) => {
            use client_non_invite::Input;
            let input = match event {
                Event::Response(..=199, _) => Input::Provisional,
                Event::Response(..) => Input::Final,
                Event::TransportError => Input::TransportError,
                Event::Due(Due::Retransmit) => Input::TimerE,
                Event::Due(Due::End(TimerName::F)) => Input::TimerF,
                Event::Due(Due::End(TimerName::K)) => Input::TimerK,
                Event::Cancel | Event::Due(Due::End(_)) => return None,
            };
            let step = client_non_invite::step(state, input, reliable);
            Some((Machine::NonInvite(step.next), step.actions))
        }
    }
}

/// Of a request, only the head is needed from now on; a long body goes.
fn trim(kept: &mut Bytes) {
    if let Some(at) = memchr::memmem::find(kept, b"\r\n\r\n")
        && kept.len() - (at + 4) >= TRIM_FROM
    {
        *kept = Bytes::copy_from_slice(&kept[..at + 4]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_transaction_is_small() {
        // With its generation, link and wheel entry below 200 bytes.
        let all = size_of::<Client>() + 8 + 16;
        assert!(all <= 176, "{all} bytes, {} of them the transaction's", size_of::<Client>());
    }

    #[test]
    fn only_a_long_body_goes() {
        let head = b"INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n";
        for (body, left) in [(0, 0), (TRIM_FROM - 1, TRIM_FROM - 1), (TRIM_FROM, 0)] {
            let mut kept = Bytes::from([&head[..], &vec![b'v'; body]].concat());
            trim(&mut kept);
            assert_eq!(kept.len(), head.len() + left);
        }
    }
}

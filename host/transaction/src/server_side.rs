//! The server transactions of the table: requests in, responses out (RFC 3261 §17.2, §9.2).
//!
//! In: requests from the network, responses from the TU. Out: [`Received`], and outputs. What a state allows
//! is in `server_invite.rs` and `server_non_invite.rs`, which transaction a request belongs to in
//! `matching.rs`.

use bytes::Bytes;
use sip::{Flow, Head, Message};

use crate::actions::Actions;
use crate::deadlines::{Deadlines, Due};
use crate::id::{Id, ServerId, TransactionId};
use crate::matching::{Identity, MethodCode};
use crate::output::{Output, Received};
use crate::time::Time;
use crate::timers::{TimerName, Timers};
use crate::transactions::{Transactions, server_token};
use crate::{server_invite, server_non_invite};

/// One server transaction.
pub(crate) struct Server {
    hash: [u64; 2],
    /// The last response, as long as it may have to be repeated; else empty.
    kept: Bytes,
    /// Where responses go.
    flow: Flow,
    deadlines: Deadlines,
    method: MethodCode,
    machine: Machine,
}

#[derive(Clone, Copy)]
enum Machine {
    Invite(server_invite::State),
    NonInvite(server_non_invite::State),
}

impl Machine {
    fn is_terminated(self) -> bool {
        matches!(
            self,
            Machine::Invite(server_invite::State::Terminated)
                | Machine::NonInvite(server_non_invite::State::Terminated)
        )
    }

    fn is_lingering(self) -> bool {
        match self {
            Machine::Invite(state) => state != server_invite::State::Proceeding,
            Machine::NonInvite(state) => {
                !matches!(state, server_non_invite::State::Trying | server_non_invite::State::Proceeding)
            }
        }
    }
}

/// What the index holds: the place, and enough of the hash to move it when the index grows without a look at
/// the transaction.
pub(crate) struct Indexed {
    slot: u32,
    hash: u32,
}

/// What happens to a server transaction.
#[derive(Clone, Copy)]
enum Event {
    Request,
    Ack,
    Response(u16),
    TransportError,
    Due(Due),
}

impl Transactions {
    /// Takes a request from the network: finds its transaction, or makes one (§17.2.3). Its top Via should
    /// already have its `received` and `rport`. `flow` is where responses to it go, `timers` are those of this
    /// side.
    pub fn handle_request(&mut self, now: Time, request: &Message, flow: Flow, timers: Timers) -> Received {
        let head = request.head();
        if head.method() == sip::Method::Ack {
            return self.handle_ack(now, &head);
        }
        let identity = match self.matcher.identify(&head) {
            Ok(identity) if head.is_request() => identity,
            _ => return Received::Unmatchable,
        };
        if let Some(id) = self.find(identity.hash, |method| method == identity.method) {
            self.drive_server(now, id, Event::Request, None);
            return Received::Retransmission;
        }
        let is_cancel = identity.method == MethodCode::CANCEL;
        let target = if is_cancel { self.find_cancelled(identity.hash) } else { None };
        if self.servers.len() >= self.limits.max_server && target.is_none() {
            return Received::Full;
        }
        let id = self.new_server(identity, flow, timers);
        if is_cancel { Received::Cancel { id, target } } else { Received::New(id) }
    }

    /// The TU's response: transmits it, and keeps it only if it may have to be repeated. The bytes should have
    /// their exact size: what lingers is this buffer. A response that the state does not allow (a second final
    /// one, say; RFC 6026 allows further 2xx to an INVITE) and one to a transaction that is gone are ignored.
    pub fn respond(&mut self, now: Time, id: ServerId, status: u16, response: Bytes) {
        self.drive_server(now, id, Event::Response(status), Some(response));
    }

    /// Sends later responses of this transaction somewhere else (§18.2.2: the connection is gone).
    pub fn set_server_flow(&mut self, id: ServerId, flow: Flow) {
        if let Some(server) = self.servers.get_mut(id.0) {
            server.flow = flow;
        }
    }

    /// Where the responses of this transaction go.
    pub fn server_flow(&self, id: ServerId) -> Option<Flow> {
        self.servers.get(id.0).map(|server| server.flow)
    }

    /// The timers of this transaction; `None`: it is gone.
    pub fn server_timers(&self, id: ServerId) -> Option<Timers> {
        self.servers.get(id.0).map(|server| server.deadlines.timers())
    }

    /// Gives it other timers than its side has, once it is known who has sent its request (TS 24.229 §7.7). Timers that
    /// run already run on as they were started.
    pub fn set_server_timers(&mut self, id: ServerId, timers: Timers) {
        if let Some(server) = self.servers.get_mut(id.0) {
            server.deadlines.set_timers(timers);
        }
    }

    /// Whether this is an INVITE server transaction, still there.
    pub fn is_invite(&self, id: ServerId) -> bool {
        self.servers.get(id.0).is_some_and(|server| server.method == MethodCode::INVITE)
    }

    /// Removes a transaction at once and without an output, such as for a request that is to be treated
    /// statelessly after all.
    pub fn forget_server(&mut self, id: ServerId) {
        if self.remove_server(id) {
            self.servers.release(id.0);
        }
    }

    pub(crate) fn server_transport_error(&mut self, now: Time, id: ServerId) {
        self.drive_server(now, id, Event::TransportError, None);
    }

    /// The wheel popped the entry of the transaction at this place.
    pub(crate) fn server_due(&mut self, now: Time, slot: u32) {
        let Some(id) = self.servers.id_at(slot) else { return };
        let Some(server) = self.servers.get_mut(id) else { return };
        match server.deadlines.popped(now) {
            Some(due) => drop(self.drive_server(now, ServerId(id), Event::Due(due), None)),
            None => server.deadlines.arm(now, &mut self.wheels, server_token(slot)),
        }
    }

    fn handle_ack(&mut self, now: Time, ack: &Head<'_>) -> Received {
        let Ok(identities) = self.matcher.invite_of_ack(ack) else { return Received::Unmatchable };
        for identity in identities.into_iter().flatten() {
            let Some(id) = self.find(identity.hash, |method| method == MethodCode::INVITE) else { continue };
            if identity.is_rfc2543 && !self.has_sent_to_tag(id, ack.to_tag()) {
                continue;
            }
            let actions = self.drive_server(now, id, Event::Ack, None);
            return if actions.contains(Actions::PASS) { Received::AckFor2xx } else { Received::Ack(id) };
        }
        Received::AckFor2xx
    }

    /// RFC 2543: whether this To tag is that of the final response which is kept. If none is kept there is
    /// nothing to compare with, and nothing to lose.
    fn has_sent_to_tag(&self, id: ServerId, tag: Option<&[u8]>) -> bool {
        let Some(server) = self.servers.get(id.0) else { return false };
        match Message::parse_datagram(&server.kept) {
            Ok(response) => response.head().to_tag() == tag,
            Err(_) => true,
        }
    }

    /// §9.2: the transaction that a CANCEL with this hash means, of any other method.
    fn find_cancelled(&self, hash: [u64; 2]) -> Option<ServerId> {
        self.find(hash, |method| method == MethodCode::INVITE)
            .or_else(|| self.find(hash, |method| method != MethodCode::CANCEL))
    }

    fn find(&self, hash: [u64; 2], is_method: impl Fn(MethodCode) -> bool) -> Option<ServerId> {
        let short = short_hash(hash);
        let found = self.index.find(spread(short), |indexed| {
            indexed.hash == short
                && self
                    .servers
                    .at(indexed.slot)
                    .is_some_and(|server| server.hash == hash && is_method(server.method))
        });
        self.servers.id_at(found?.slot).map(ServerId)
    }

    fn new_server(&mut self, identity: Identity, flow: Flow, timers: Timers) -> ServerId {
        let machine = if identity.method == MethodCode::INVITE {
            self.counts.server_invite += 1;
            Machine::Invite(server_invite::start().next)
        } else {
            self.counts.server_non_invite += 1;
            Machine::NonInvite(server_non_invite::start().next)
        };
        let Id { slot, generation } = self.servers.insert(Server {
            hash: identity.hash,
            kept: Bytes::new(),
            flow,
            deadlines: Deadlines::new(timers),
            method: identity.method,
            machine,
        });
        let hash = short_hash(identity.hash);
        self.index.insert_unique(spread(hash), Indexed { slot, hash }, |indexed| spread(indexed.hash));
        ServerId(Id { slot, generation })
    }

    /// Lets the machine make a step and does what it says; the actions are for the caller to see [`Actions::PASS`].
    fn drive_server(&mut self, now: Time, id: ServerId, event: Event, response: Option<Bytes>) -> Actions {
        let Some(server) = self.servers.get_mut(id.0) else { return Actions::empty() };
        let Some((machine, actions)) = step(server.machine, event, server.flow.transport.is_reliable())
        else {
            server.deadlines.arm(now, &mut self.wheels, server_token(id.0.slot));
            return Actions::empty();
        };
        if machine.is_lingering() && !server.machine.is_lingering() {
            self.counts.lingering += 1;
        }
        server.machine = machine;
        let transmit = |bytes| Output::Transmit { flow: server.flow, bytes, of: TransactionId::Server(id) };
        if actions.contains(Actions::RESEND) && !server.kept.is_empty() {
            self.outputs.push_back(transmit(server.kept.clone()));
        }
        if let Some(response) = response {
            if actions.contains(Actions::KEEP) {
                server.kept = response.clone();
            }
            if actions.contains(Actions::SEND) {
                self.outputs.push_back(transmit(response));
            }
        }
        if actions.contains(Actions::DROP) {
            server.kept = Bytes::new();
        }
        if actions.contains(Actions::TIMEOUT) {
            self.outputs.push_back(Output::ServerTimeout(id));
        }
        if actions.contains(Actions::FAILED) {
            self.outputs.push_back(Output::ServerFailed(id));
        }
        if machine.is_terminated() {
            self.remove_server(id);
            self.outputs.push_back(Output::ServerEnded(id));
        } else {
            server.deadlines.apply(now, actions);
            server.deadlines.arm(now, &mut self.wheels, server_token(id.0.slot));
        }
        actions
    }

    /// Takes a transaction out of everything but its place: that is to be released once nobody keeps anything by it.
    fn remove_server(&mut self, id: ServerId) -> bool {
        let Some(mut server) = self.servers.retire(id.0) else { return false };
        server.deadlines.disarm(&mut self.wheels);
        let hash = short_hash(server.hash);
        if let Ok(indexed) = self.index.find_entry(spread(hash), |indexed| indexed.slot == id.0.slot) {
            indexed.remove();
        }
        self.counts.lingering -= u32::from(server.machine.is_lingering());
        match server.machine {
            Machine::Invite(_) => self.counts.server_invite -= 1,
            Machine::NonInvite(_) => self.counts.server_non_invite -= 1,
        }
        true
    }
}

/// A step of whichever machine it is; `None` for a timer that the machine does not have.
fn step(machine: Machine, event: Event, reliable: bool) -> Option<(Machine, Actions)> {
    match machine {
        Machine::Invite(state) => {
            use server_invite::Input;
            let input = match event {
                Event::Request => Input::Invite,
                Event::Ack => Input::Ack,
                Event::Response(..=199) => Input::Provisional,
                Event::Response(200..=299) => Input::Success,
                Event::Response(_) => Input::Failure,
                Event::TransportError => Input::TransportError,
                Event::Due(Due::Retransmit) => Input::TimerG,
                Event::Due(Due::End(TimerName::H)) => Input::TimerH,
                Event::Due(Due::End(TimerName::I)) => Input::TimerI,
                Event::Due(Due::End(TimerName::L)) => Input::TimerL,
                Event::Due(Due::End(_)) => return None,
            };
            let step = server_invite::step(state, input, reliable);
            Some((Machine::Invite(step.next), step.actions))
        }
        Machine::NonInvite(state) => {
            use server_non_invite::Input;
            let input = match event {
                Event::Request => Input::Request,
                Event::Response(..=199) => Input::Provisional,
                Event::Response(_) => Input::Final,
                Event::TransportError => Input::TransportError,
                Event::Due(Due::End(TimerName::J)) => Input::TimerJ,
                Event::Ack | Event::Due(_) => return None,
            };
            let step = server_non_invite::step(state, input, reliable);
            Some((Machine::NonInvite(step.next), step.actions))
        }
    }
}

/// The identity's hash is keyed and even already; the index takes 32 bits of it, and wants its low and its
/// highest bits.
fn short_hash(hash: [u64; 2]) -> u32 {
    hash[0] as u32
}

fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_transaction_is_small() {
        // With its generation, link, index entry and wheel entry below 200 bytes.
        let all = size_of::<Server>() + 8 + 2 * size_of::<Indexed>() + 16;
        assert!(all <= 192, "{all} bytes, {} of them the transaction's", size_of::<Server>());
    }
}

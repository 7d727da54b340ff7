//! Connections of a node: bytes become messages, messages go to their peer, and what a peer asks for goes out. RFC 6733
//! §5.6.1 for those on which nobody has said who they are.
//!
//! ```text
//!   accepted -> no CER yet (bounded in number and time) -> CER of a peer -> the peer's
//!                        |                                  CER of nobody we know: CEA 3010, closed
//!                        +-> anything else, or too late: closed
//! ```

use std::time::Instant;

use bytes::Bytes;

use super::counters::What;
use super::{ConnectionId, Input, Node, Output, PeerId};
use crate::answer::refusal;
use crate::avp::Avps;
use crate::base::CapabilitiesExchangeRequest;
use crate::command::Command;
use crate::failure::{Failure, FailureKind};
use crate::frame::Framer;
use crate::header::Header;
use crate::message::{Message, Refused};
use crate::peer::state::Side;
use crate::peer::{self, exchange};

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    framer: Framer,
    owner: Owner,
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    /// Accepted, and no CER yet; until then.
    Stranger(Instant),
    Peer(PeerId, Side),
}

impl Node {
    /// Tells a peer something, and does what it asks for.
    pub(super) fn tell(&mut self, now: Instant, id: PeerId, input: peer::Input) {
        if let Some(slot) = self.slot(id) {
            slot.peer.handle_input(now, input);
            self.drain(now, id, None);
        }
    }

    pub(super) fn accepted(&mut self, now: Instant, connection: ConnectionId) {
        let strangers = self.strangers().count();
        if self.is_stopped || strangers >= self.limits.accepted || self.connections.contains_key(&connection)
        {
            self.counters.strangers += 1;
            return self.outputs.push_back(Output::Close { connection });
        }
        let framer = Framer::new(self.limits.message);
        let owner = Owner::Stranger(now + self.limits.cer_within);
        self.connections.insert(connection, Connection { framer, owner });
    }

    fn strangers(&self) -> impl Iterator<Item = (ConnectionId, Instant)> + '_ {
        self.connections.iter().filter_map(|(id, connection)| match connection.owner {
            Owner::Stranger(until) => Some((*id, until)),
            Owner::Peer(..) => None,
        })
    }

    pub(super) fn first_stranger(&self) -> Option<Instant> {
        self.strangers().map(|(_, until)| until).min()
    }

    pub(super) fn expire_strangers(&mut self, now: Instant) {
        let late: Vec<_> = self.strangers().filter(|(_, until)| *until <= now).collect();
        late.into_iter().for_each(|(connection, _)| self.close_stranger(connection));
    }

    pub(super) fn close_strangers(&mut self) {
        let all: Vec<_> = self.strangers().collect();
        all.into_iter().for_each(|(connection, _)| self.close_stranger(connection));
    }

    fn close_stranger(&mut self, connection: ConnectionId) {
        self.counters.strangers += 1;
        self.close(connection);
    }

    fn close(&mut self, connection: ConnectionId) {
        if self.connections.remove(&connection).is_some() {
            self.outputs.push_back(Output::Close { connection });
        }
    }

    fn transmit(&mut self, connection: ConnectionId, bytes: Bytes) {
        self.outputs.push_back(Output::Transmit { connection, bytes });
    }

    pub(super) fn connected(&mut self, now: Instant, connection: ConnectionId, is_open: bool) {
        // What is not known was given up before.
        let Some(Connection { owner: Owner::Peer(id, Side::Initiator), .. }) =
            self.connections.get(&connection)
        else {
            return;
        };
        let id = *id;
        if is_open {
            return self.tell(now, id, peer::Input::Connected);
        }
        self.forget(connection);
        self.tell(now, id, peer::Input::NotConnected);
    }

    pub(super) fn disconnected(&mut self, now: Instant, connection: ConnectionId) {
        if let Some(Owner::Peer(id, side)) = self.forget(connection) {
            self.tell(now, id, peer::Input::Disconnected(side));
        }
    }

    /// Forgets a connection that does not exist any more.
    fn forget(&mut self, connection: ConnectionId) -> Option<Owner> {
        let owner = self.connections.remove(&connection)?.owner;
        if let Owner::Peer(id, side) = owner
            && let Some(slot) = self.slot(id)
        {
            slot.connections[side as usize] = None;
        }
        Some(owner)
    }

    pub(super) fn received(&mut self, now: Instant, connection: ConnectionId, bytes: &[u8]) {
        match self.connections.get_mut(&connection) {
            Some(found) => found.framer.push(bytes),
            None => return,
        }
        // A message may be the end of its connection, and of what came behind it.
        while let Some(found) = self.connections.get_mut(&connection) {
            let owner = found.owner;
            match found.framer.next() {
                Ok(None) => return,
                Ok(Some(frame)) => self.frame(now, connection, owner, frame),
                Err(_) => {
                    self.counters.broken_streams += 1;
                    self.outputs.push_back(Output::Close { connection });
                    return self.handle_input(now, Input::Disconnected(connection));
                }
            }
        }
    }

    fn frame(&mut self, now: Instant, connection: ConnectionId, owner: Owner, frame: Bytes) {
        match (Message::parse(frame), owner) {
            (Ok(message), Owner::Peer(id, side)) => {
                self.tell(now, id, peer::Input::Received(side, message));
            }
            (Err(refused), Owner::Peer(id, _)) => self.refuse(connection, id, refused),
            (Ok(message), Owner::Stranger(_)) if exchange::is_cer(&message) => {
                self.introduced(now, connection, &message);
            }
            // §5.6.1: "close and discard the connection if any message other than a CER arrives".
            (_, Owner::Stranger(_)) => self.close_stranger(connection),
        }
    }

    /// A message of a peer whose header is wrong: a request is answered, an answer is dropped.
    fn refuse(&mut self, connection: ConnectionId, id: PeerId, refused: Refused) {
        let Refused { header: Some(header), failure, body } = refused else { return };
        let is_open = self.slot(id).is_some_and(|slot| slot.peer.is_open());
        self.counters.count(id, header.command, What::Refused(failure.kind));
        if header.is_request() && is_open {
            let answer = refusal(&header, Avps::new(&body), self.origin(), &failure);
            if let Ok(answer) = answer {
                self.transmit(connection, answer.bytes().clone());
            }
        }
    }

    /// A CER on an accepted connection.
    fn introduced(&mut self, now: Instant, connection: ConnectionId, message: &Message) {
        let header = *message.header();
        let cer = match CapabilitiesExchangeRequest::parse(message, &self.local.reading()) {
            Ok(cer) => cer,
            Err(failure) => {
                self.counters.strangers += 1;
                return self.turn_away(connection, &header, &failure);
            }
        };
        match self.peer(&cer.capabilities.origin.host) {
            Some(id) => {
                if let Some(slot) = self.slot(id) {
                    let capabilities = cer.capabilities;
                    slot.peer.handle_input(now, peer::Input::Accepted { header, capabilities });
                    self.drain(now, id, Some(connection));
                }
            }
            None => {
                self.counters.unknown_peers += 1;
                self.turn_away(connection, &header, &Failure::of_message(FailureKind::UnknownPeer));
            }
        }
    }

    fn turn_away(&mut self, connection: ConnectionId, cer: &Header, failure: &Failure) {
        if let Some(cea) = exchange::refuse_cer(&self.local, cer, failure) {
            self.transmit(connection, cea.bytes().clone());
        }
        self.close(connection);
    }

    /// Does what a peer asks for. `introduced`: the connection on which its CER just came.
    pub(super) fn drain(&mut self, now: Instant, id: PeerId, introduced: Option<ConnectionId>) {
        while let Some(slot) = self.slot(id) {
            let Some(output) = slot.peer.poll_output() else { return };
            match output {
                peer::Output::Connect => self.connect(id),
                peer::Output::Transmit(side, message) => {
                    if let Some(connection) = slot.connections[side as usize] {
                        self.transmit(connection, message.bytes().clone());
                    }
                }
                peer::Output::Disconnect(side) => {
                    if let Some(connection) = slot.connections[side as usize].take() {
                        self.close(connection);
                    }
                }
                peer::Output::Accept => {
                    slot.connections[Side::Responder as usize] = introduced;
                    let found = introduced.and_then(|connection| self.connections.get_mut(&connection));
                    if let Some(found) = found {
                        found.owner = Owner::Peer(id, Side::Responder);
                    }
                }
                peer::Output::Reject(answer) => {
                    if let Some(connection) = introduced {
                        if let Some(answer) = answer {
                            self.transmit(connection, answer.bytes().clone());
                        }
                        self.close(connection);
                    }
                }
                peer::Output::Opened => self.outputs.push_back(Output::PeerOpened { peer: id }),
                peer::Output::Closed { reason, was_open } => {
                    self.outputs.push_back(Output::PeerClosed { peer: id, reason, was_open });
                    self.fail_over(now, id, false);
                }
                peer::Output::Suspect => {
                    self.outputs.push_back(Output::PeerSuspect { peer: id });
                    self.fail_over(now, id, true);
                }
                peer::Output::Okay => self.outputs.push_back(Output::PeerOkay { peer: id }),
                peer::Output::Deliver(message) if message.is_request() => self.requested(now, id, message),
                peer::Output::Deliver(message) => self.answered(now, id, message),
            }
        }
    }

    fn connect(&mut self, id: PeerId) {
        let connection = ConnectionId::Initiated(self.initiated);
        self.initiated += 1;
        let framer = Framer::new(self.limits.message);
        let owner = Owner::Peer(id, Side::Initiator);
        self.connections.insert(connection, Connection { framer, owner });
        if let Some(slot) = self.slot(id) {
            slot.connections[Side::Initiator as usize] = Some(connection);
        }
        self.outputs.push_back(Output::Connect { connection, peer: id });
    }
}

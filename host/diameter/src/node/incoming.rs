//! Requests of others: RFC 6733 §6.1.3, §6.1.4, §6.2, §7.
//!
//! ```text
//!   request -> refused: answered at once, with the Result-Code of §7
//!           -> came before, in hand: its answer will go here too
//!           -> came before, answered: the same answer again
//!           -> handed out -> the host answers: sent, and remembered
//!                         -> it does not, in time: UNABLE_TO_COMPLY, sent and remembered
//! ```
//! In: requests, answers of the host. Out: every request that is handed out is answered once, whatever the host does.

use std::time::Instant;

use smallvec::{SmallVec, smallvec};

use super::counters::What;
use super::duplicates::{Key, Known};
use super::{IncomingId, Node, Output, PeerId};
use crate::answer::refusal;
use crate::base::Addressing;
use crate::dictionary::base::ORIGIN_HOST;
use crate::failure::{Failure, FailureKind};
use crate::header::{ApplicationId, Flags};
use crate::message::Message;
use crate::peer::Input;

/// A request that the host has.
#[derive(Debug)]
pub(super) struct Incoming {
    request: Message,
    key: Key,
    due: Instant,
    /// Where answers go, and with which Hop-by-Hop Identifier: one for each time it came.
    paths: SmallVec<[(PeerId, u32); 2]>,
}

/// Times that one request may come while the host has it. Who sends it more often gets one answer less.
const MAX_PATHS: usize = 4;

/// Why an answer is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AnswerError {
    /// It was answered, by the host or for it.
    #[error("no such request, or it was answered before")]
    Unknown,
    /// A request, or the answer to another command.
    #[error("not an answer to this request")]
    NotItsAnswer,
}

impl Node {
    /// A request came.
    pub(super) fn requested(&mut self, now: Instant, peer: PeerId, message: Message) {
        let command = message.header().command;
        self.counters.count(peer, command, What::RequestReceived);
        if let Err(failure) = self.admit(&message) {
            self.counters.count(peer, command, What::Refused(failure.kind));
            return self.refuse_request(now, peer, &message, &failure);
        }
        let key = self.duplicates.key(message.header(), &Addressing::of(&message));
        match self.duplicates.find(now, key) {
            Some(Known::Answered(answer)) => {
                self.counters.count(peer, command, What::Duplicate);
                self.reply(now, peer, message.header().hop_by_hop, &answer);
            }
            Some(Known::InHand(id)) => {
                self.counters.count(peer, command, What::Duplicate);
                let path = (peer, message.header().hop_by_hop);
                if let Some(incoming) = self.incoming.get_mut(&id)
                    && incoming.paths.len() < MAX_PATHS
                    && !incoming.paths.contains(&path)
                {
                    incoming.paths.push(path);
                }
            }
            None if self.incoming.len() >= self.limits.incoming => {
                let failure = Failure::of_message(FailureKind::TooBusy);
                self.counters.count(peer, command, What::Refused(failure.kind));
                self.refuse_request(now, peer, &message, &failure);
            }
            None => self.hand_out(now, peer, message, key),
        }
    }

    /// Whether a request is one that the host answers.
    fn admit(&self, message: &Message) -> Result<(), Failure> {
        let header = message.header();
        let capabilities = &self.local.capabilities;
        let is_ours = header.application == ApplicationId::BASE
            || capabilities.applications().any(|ours| ours == header.application);
        if !is_ours {
            return Err(Failure::of_message(FailureKind::ApplicationUnsupported));
        }
        if !self.serves.contains(&(header.application, header.command)) {
            return Err(Failure::of_message(FailureKind::CommandUnsupported));
        }
        // Lengths only: what the command's grammar says, its own type says.
        let dictionary = &self.local.dictionary;
        for avp in message.avps() {
            avp.map_err(|error| error.failure(dictionary.by_id(error.id())))?;
        }
        let Addressing { origin_host, destination_host, destination_realm, .. } = Addressing::of(message);
        if origin_host.is_none() {
            return Err(Failure::missing(ORIGIN_HOST));
        }
        // §6.1.4. We do not relay, so what is for somebody else ends here.
        if destination_host.is_some_and(|host| !capabilities.origin.host.is(host)) {
            return Err(Failure::of_message(FailureKind::UnableToDeliver));
        }
        if destination_realm.is_some_and(|realm| !capabilities.origin.realm.is(realm)) {
            return Err(Failure::of_message(FailureKind::RealmNotServed));
        }
        Ok(())
    }

    fn refuse_request(&mut self, now: Instant, peer: PeerId, request: &Message, failure: &Failure) {
        if let Ok(answer) = refusal(request.header(), request.avps(), self.origin(), failure) {
            self.reply(now, peer, request.header().hop_by_hop, &answer);
        }
    }

    fn hand_out(&mut self, now: Instant, peer: PeerId, message: Message, key: Key) {
        let id = IncomingId(self.next_incoming);
        self.next_incoming += 1;
        let due = now + self.limits.answer_within;
        let paths = smallvec![(peer, message.header().hop_by_hop)];
        self.answers_due.insert((due, id));
        self.incoming.insert(id, Incoming { request: message.clone(), key, due, paths });
        self.duplicates.take_in(now, key, id);
        self.outputs.push_back(Output::Request { id, peer, message });
    }

    /// The host's answer. Its identifiers and its P bit become those of the request.
    pub fn answer(&mut self, now: Instant, id: IncomingId, answer: Message) -> Result<(), AnswerError> {
        let asked = self.incoming.get(&id).ok_or(AnswerError::Unknown)?.request.header();
        let header = answer.header();
        let is_its = !header.is_request()
            && header.command == asked.command
            && header.application == asked.application;
        if !is_its {
            return Err(AnswerError::NotItsAnswer);
        }
        self.conclude(now, id, answer);
        Ok(())
    }

    /// Sends an answer wherever the request came from, and remembers it.
    fn conclude(&mut self, now: Instant, id: IncomingId, answer: Message) {
        let Some(Incoming { request, key, due, paths }) = self.incoming.remove(&id) else { return };
        self.answers_due.remove(&(due, id));
        let asked = request.header();
        let flags = answer.header().flags & Flags::ERROR | asked.flags & Flags::PROXIABLE;
        let answer = answer.stamped(0, asked.end_to_end, flags);
        self.duplicates.answered(now, key, &answer);
        for (peer, hop_by_hop) in paths {
            self.reply(now, peer, hop_by_hop, &answer);
        }
    }

    fn reply(&mut self, now: Instant, peer: PeerId, hop_by_hop: u32, answer: &Message) {
        // A peer that is gone asks again, elsewhere and with the T bit.
        if !self.slot(peer).is_some_and(|slot| slot.peer.is_open()) {
            return;
        }
        let header = answer.header();
        self.counters.count(peer, header.command, What::AnswerSent(answer.outcome()));
        let answer = answer.clone().stamped(hop_by_hop, header.end_to_end, header.flags);
        self.tell(now, peer, Input::Send(answer));
    }

    pub(super) fn expire_incoming(&mut self, now: Instant) {
        while let Some((due, id)) = self.answers_due.first().copied().filter(|(due, _)| *due <= now) {
            self.answers_due.remove(&(due, id));
            let Some(incoming) = self.incoming.get(&id) else { continue };
            let failure = Failure::of_message(FailureKind::BeyondBounds);
            let (request, origin) = (&incoming.request, self.origin());
            let answer = refusal(request.header(), request.avps(), origin, &failure);
            let command = request.header().command;
            let paths = incoming.paths.clone();
            for (peer, _) in paths {
                self.counters.count(peer, command, What::Unanswered);
            }
            match answer {
                Ok(answer) => self.conclude(now, id, answer),
                Err(_) => drop(self.incoming.remove(&id)),
            }
            self.outputs.push_back(Output::Unanswered { id });
        }
    }
}

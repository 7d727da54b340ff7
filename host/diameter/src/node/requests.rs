//! Our requests: sent to one peer, and to another if the first fails: RFC 6733 §5.5.4, §6.1.2, §6.2.1.
//!
//! ```text
//!   send -> peer A --answer--------------------------> Answer
//!              | UNABLE_TO_DELIVER, TOO_BUSY, LOOP_DETECTED, REDIRECT_INDICATION: another peer, T clear
//!              | A is closed, or silent: another peer, T set; a late answer of A still counts
//!              | nobody else                          Answer as it came, or Failed
//!              +-- deadline -------------------------> Failed
//! ```
//! In: requests with a deadline, answers, peers that fail. Out: for each request exactly one Answer or Failed.
//! Redirections are not remembered (§6.12 to §6.14): the next request is routed as before.

use std::time::Instant;

use smallvec::SmallVec;

use super::counters::What;
use super::routes::{Candidate, RouteError, choose, lines};
use super::{Node, Output, PeerId, RequestId, Slot};
use crate::base::{Addressing, is_between_peers};
use crate::dictionary::base::REDIRECT_HOST;
use crate::format::{DiameterIdentity, DiameterUri};
use crate::header::Flags;
use crate::message::Message;
use crate::peer::Input;
use crate::result::{Outcome, ResultCode};

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Pending {
    /// As it was sent first.
    message: Message,
    deadline: Instant,
    /// Every peer it was sent to.
    tried: SmallVec<[PeerId; 4]>,
    /// Where an answer may still come from, by Hop-by-Hop Identifier.
    live: SmallVec<[(PeerId, u32); 4]>,
    /// A peer failed while it had it: from now on it may be a duplicate.
    may_be_duplicate: bool,
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SendError {
    /// It is an answer, or one of the commands that peers exchange by themselves.
    #[error("not a request that a node sends")]
    NotARequest,
    /// The node was stopped.
    #[error("the node is stopped")]
    Stopped,
    /// As many as are allowed have no answer.
    #[error("too many requests outstanding")]
    TooMany,
    /// Longer than what we would take ourselves.
    #[error("a message of {length} bytes is too long")]
    TooLong {
        /// How long.
        length: usize,
    },
    /// Nobody to send it to.
    #[error("no route")]
    Route(#[from] RouteError),
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Undelivered {
    /// None came in time.
    #[error("no answer in time")]
    Deadline,
    /// The peer that had it is closed, and there was nobody else: UNABLE_TO_DELIVER.
    #[error("the peer failed, and no other could take it")]
    PeerFailed,
}

impl Node {
    /// Sends a request; its answer, or that it has none, comes out by `deadline`. Identifiers and the T bit are set
    /// here.
    pub fn send(
        &mut self,
        now: Instant,
        message: Message,
        deadline: Instant,
    ) -> Result<RequestId, SendError> {
        let header = *message.header();
        if !header.is_request() || is_between_peers(header.command) {
            return Err(SendError::NotARequest);
        }
        if self.is_stopped {
            return Err(SendError::Stopped);
        }
        if message.bytes().len() > self.limits.message {
            return Err(SendError::TooLong { length: message.bytes().len() });
        }
        if self.pending.len() >= self.limits.outstanding {
            return Err(SendError::TooMany);
        }
        let peer = self.route(&message, &[])?;
        self.end_to_end = self.end_to_end.wrapping_add(1);
        let flags = header.flags - Flags::RETRANSMITTED;
        let message = message.stamped(0, self.end_to_end, flags);
        let request = RequestId(self.next_request);
        self.next_request += 1;
        let (tried, live) = (SmallVec::new(), SmallVec::new());
        let pending = Pending { message, deadline, tried, live, may_be_duplicate: false };
        self.pending.insert(request, pending);
        self.deadlines.insert((deadline, request));
        self.attempt(now, request, peer);
        Ok(request)
    }

    /// Gives a request up: no answer comes out any more. False: it has none outstanding.
    pub fn cancel(&mut self, request: RequestId) -> bool {
        self.finish(request).is_some()
    }

    /// The peer for a request that these were asked already.
    fn route(&mut self, message: &Message, tried: &[PeerId]) -> Result<PeerId, RouteError> {
        let addressing = Addressing::of(message);
        let application = message.header().application;
        let name = |data| DiameterIdentity::parse(data).ok();
        let host = addressing.destination_host.and_then(name).and_then(|host| self.peer(&host));
        let mut candidates = Vec::new();
        if let Some(realm) = addressing.destination_realm {
            let of_realm = self.peers().filter(|peer| peer.realm.is(realm)).map(|peer| peer.id);
            candidates = lines(&self.routes, of_realm, realm, application);
        }
        if let Some(peer) = host {
            candidates.retain(|candidate| candidate.peer != peer);
            candidates.push(Candidate { peer, is_destination: true, priority: 0, weight: 1 });
        }
        if candidates.is_empty() {
            return Err(match addressing.destination_realm {
                Some(_) => RouteError::NoRoute,
                None => RouteError::NoDestination,
            });
        }
        let (slots, most) = (&self.slots, self.limits.outstanding_per_peer);
        let state = |peer: PeerId| {
            let slot = slots.get(usize::from(peer.0)).filter(|_| !tried.contains(&peer))?;
            Some((slot.peer.trust(application)?, slot.outstanding.len() < most))
        };
        choose(&candidates, state, &mut self.luck)
    }

    /// Sends a request to a peer.
    fn attempt(&mut self, now: Instant, request: RequestId, peer: PeerId) {
        let Some(Slot { peer: machine, outstanding, .. }) = self.slots.get_mut(usize::from(peer.0)) else {
            return;
        };
        let Some(pending) = self.pending.get_mut(&request) else { return };
        // "unique on a given connection at any given time": it may have gone round while one waited.
        let mut hop_by_hop = machine.next_hop_by_hop();
        while outstanding.contains_key(&hop_by_hop) {
            hop_by_hop = machine.next_hop_by_hop();
        }
        outstanding.insert(hop_by_hop, request);
        pending.tried.push(peer);
        pending.live.push((peer, hop_by_hop));
        let header = *pending.message.header();
        let mut flags = header.flags;
        flags.set(Flags::RETRANSMITTED, pending.may_be_duplicate);
        let what = if pending.tried.len() == 1 { What::RequestSent } else { What::RequestSentAgain };
        let message = pending.message.clone().stamped(hop_by_hop, header.end_to_end, flags);
        self.counters.count(peer, header.command, what);
        self.tell(now, peer, Input::Send(message));
    }

    /// An answer came.
    pub(super) fn answered(&mut self, now: Instant, peer: PeerId, message: Message) {
        let header = *message.header();
        let Some(request) = self.request_of(peer, &message) else {
            // "An answer message that is received with an unknown Hop-by-Hop Identifier MUST be discarded."
            return self.counters.count(peer, header.command, What::AnswerUnmatched);
        };
        let outcome = message.outcome();
        self.counters.count(peer, header.command, What::AnswerReceived(outcome));
        self.detach(request, peer, header.hop_by_hop);
        // One that failed over, and whose first peer only says that it cannot: the other one may know more.
        let is_error = header.flags.contains(Flags::ERROR);
        if is_error && self.pending.get(&request).is_some_and(|pending| !pending.live.is_empty()) {
            return;
        }
        let next = match outcome {
            Some(Outcome::Result(ResultCode::REDIRECT_INDICATION)) => self.redirected(request, &message),
            Some(Outcome::Result(
                ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY | ResultCode::LOOP_DETECTED,
            )) => self.alternate(request),
            _ => None,
        };
        if let Some(next) = next {
            return self.attempt(now, request, next);
        }
        if self.finish(request).is_some() {
            self.outputs.push_back(Output::Answer { request, peer, message });
        }
    }

    /// The request of an answer: the same connection, identifiers and command.
    fn request_of(&self, peer: PeerId, answer: &Message) -> Option<RequestId> {
        let slot = self.slots.get(usize::from(peer.0))?;
        let header = answer.header();
        let request = *slot.outstanding.get(&header.hop_by_hop)?;
        let asked = self.pending.get(&request)?.message.header();
        let is_its = asked.end_to_end == header.end_to_end
            && asked.command == header.command
            && asked.application == header.application;
        is_its.then_some(request)
    }

    fn detach(&mut self, request: RequestId, peer: PeerId, hop_by_hop: u32) {
        if let Some(slot) = self.slot(peer) {
            slot.outstanding.remove(&hop_by_hop);
        }
        if let Some(pending) = self.pending.get_mut(&request) {
            pending.live.retain(|live| *live != (peer, hop_by_hop));
        }
    }

    /// Another peer for a request, if it may have one.
    fn alternate(&mut self, request: RequestId) -> Option<PeerId> {
        let pending = self.pending.get(&request)?;
        if pending.tried.len() >= self.limits.attempts || self.is_stopped {
            return None;
        }
        let (message, tried) = (pending.message.clone(), pending.tried.clone());
        self.route(&message, &tried).ok()
    }

    /// The first of Redirect-Host that is a peer, open and not asked yet (§6.1.8). A connection to somebody who is no
    /// peer is not opened: who is one is the operator's to say.
    fn redirected(&self, request: RequestId, answer: &Message) -> Option<PeerId> {
        let pending = self.pending.get(&request)?;
        if pending.tried.len() >= self.limits.attempts || self.is_stopped {
            return None;
        }
        let hosts = answer.avps().map_while(Result::ok).filter(|avp| avp.id == REDIRECT_HOST.id);
        let peers = hosts.filter_map(|avp| self.peer(&DiameterUri::parse(avp.data).ok()?.host));
        let application = pending.message.header().application;
        peers.into_iter().find(|peer| {
            let slot = self.slots.get(usize::from(peer.0)).filter(|_| !pending.tried.contains(peer));
            slot.is_some_and(|slot| {
                let has_room = slot.outstanding.len() < self.limits.outstanding_per_peer;
                has_room && slot.peer.trust(application).is_some()
            })
        })
    }

    /// A peer failed: its requests go to others. `is_there`: it is only silent, and may answer yet.
    pub(super) fn fail_over(&mut self, now: Instant, peer: PeerId, is_there: bool) {
        let Some(slot) = self.slot(peer) else { return };
        let lost: Vec<(u32, RequestId)> =
            slot.outstanding.iter().map(|(hop, request)| (*hop, *request)).collect();
        for (hop_by_hop, request) in lost {
            if !is_there {
                self.detach(request, peer, hop_by_hop);
            }
            let Some(pending) = self.pending.get_mut(&request) else { continue };
            pending.may_be_duplicate = true;
            // It went elsewhere when this peer fell silent, and somebody has it.
            if pending.live.iter().any(|(other, _)| *other != peer) {
                continue;
            }
            match self.alternate(request) {
                Some(next) => self.attempt(now, request, next),
                None if is_there => {}
                None => {
                    let why = Undelivered::PeerFailed;
                    self.finish(request);
                    self.outputs.push_back(Output::Failed { request, why });
                }
            }
        }
    }

    pub(super) fn expire_requests(&mut self, now: Instant) {
        while let Some((due, request)) = self.deadlines.first().copied().filter(|(due, _)| *due <= now) {
            self.deadlines.remove(&(due, request));
            let Some(pending) = self.finish(request) else { continue };
            let command = pending.message.header().command;
            for (peer, _) in pending.live {
                self.counters.count(peer, command, What::Deadline);
            }
            self.outputs.push_back(Output::Failed { request, why: Undelivered::Deadline });
        }
    }

    /// Forgets a request everywhere.
    fn finish(&mut self, request: RequestId) -> Option<Pending> {
        let pending = self.pending.remove(&request)?;
        self.deadlines.remove(&(pending.deadline, request));
        for (peer, hop_by_hop) in &pending.live {
            if let Some(slot) = self.slot(*peer) {
                slot.outstanding.remove(hop_by_hop);
            }
        }
        Some(pending)
    }
}

//! A request of somebody else's: handed to the host, answered once.
//!
//! In: what the node hands out. Out: the host's answer, or one for it: a request that is dropped is answered
//! UNABLE_TO_COMPLY, at once.

use std::sync::Arc;

use ::diameter::node::{AnswerError, IncomingId};
use ::diameter::{DiameterIdentity, Failure, FailureKind, Message, refusal};

use super::Shared;
use super::effects::Effects;

/// Who answers requests.
pub trait Requests: Send + Sync + 'static {
    /// A request came that the node serves. Called on the task of a connection, which reads nothing meanwhile: to be
    /// handed over, or answered if that is quick.
    fn request(&self, request: Incoming);
}

/// A request of somebody else's. To be answered within the node's `answer_within`; after that UNABLE_TO_COMPLY goes out
/// for the host, and what it says later is too late.
pub struct Incoming {
    shared: Arc<Shared>,
    id: IncomingId,
    peer: DiameterIdentity,
    message: Message,
    is_answered: bool,
}

impl Incoming {
    pub(super) fn new(
        shared: Arc<Shared>,
        id: IncomingId,
        peer: DiameterIdentity,
        message: Message,
    ) -> Incoming {
        Incoming { shared, id, peer, message, is_answered: false }
    }

    /// The request.
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The peer that passed it on: where it is from, or a relay.
    pub const fn peer(&self) -> &DiameterIdentity {
        &self.peer
    }

    /// Answers it. Identifiers and the P bit are the node's to set. From any thread; never blocks. What is no answer to
    /// this request is logged, and UNABLE_TO_COMPLY goes out in its place.
    pub fn answer(mut self, answer: Message) {
        match self.send(answer) {
            Ok(()) => self.is_answered = true,
            Err(AnswerError::Unknown) => {
                tracing::debug!(id = ?self.id, "a Diameter request was answered too late");
                self.is_answered = true;
            }
            Err(error @ AnswerError::NotItsAnswer) => {
                tracing::error!(%error, request = ?self.message, "a Diameter answer of the host's");
            }
        }
    }

    /// Answers with the Result-Code that a failure stands for: what its command's `parse` found wrong, or what the host
    /// cannot do.
    pub fn refuse(mut self, failure: &Failure) {
        self.refuse_in_place(failure);
    }

    fn refuse_in_place(&mut self, failure: &Failure) {
        self.is_answered = true;
        let (header, origin) = (self.message.header(), &self.shared.origin);
        // a refusal that cannot be printed is left to the node, which will wait in vain
        if let Ok(answer) = refusal(header, self.message.avps(), origin, failure) {
            let _ = self.send(answer);
        }
    }

    fn send(&self, answer: Message) -> Result<(), AnswerError> {
        let mut effects = Effects::default();
        let answered = self.shared.driver.lock().answer(self.id, answer, &mut effects);
        effects.run(&self.shared);
        answered
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_answered {
            self.refuse_in_place(&Failure::of_message(FailureKind::BeyondBounds));
        }
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Incoming")
            .field("peer", &self.peer)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

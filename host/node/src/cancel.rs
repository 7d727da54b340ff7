//! CANCEL (RFC 3261 §9.2, §16.10). In: the CANCEL's own transaction and the one it names. Out: 200 or 481 to the
//! CANCEL, and for an INVITE without a final response the cancelling of its branches, or 487 where none has begun.

use proxy::Event;
use sip::{HeaderId, Message};
use transaction::{ServerId, Time};

use crate::context::Asking;
use crate::errors;
use crate::io::ContextId;
use crate::node::Node;

/// Bytes of a Reason that is passed on; a longer one is left out, for it goes to every branch.
const MAX_REASON: usize = 1024;

impl Node {
    pub(crate) fn handle_cancel(
        &mut self,
        now: Time,
        cancel: ServerId,
        target: Option<ServerId>,
        message: &Message,
    ) {
        self.counters.request(sip::Method::Cancel);
        // It comes from where the request came from.
        if let Some(timers) = target.and_then(|target| self.transactions.server_timers(target)) {
            self.transactions.set_server_timers(cancel, timers);
        }
        let status = if target.is_some() { (200, "") } else { errors::NO_TRANSACTION };
        self.answer_transaction(now, cancel, message, status);
        if let Some(id) = target.and_then(|target| self.servers.get(target.slot())) {
            self.cancel_request(now, id, &reason(message));
        }
    }

    /// Ends the branches of an INVITE that is not answered, with this Reason in their CANCELs (RFC 3326 §2); the INVITE gets
    /// their answer, or 487.
    pub(crate) fn cancel_request(&mut self, now: Time, id: ContextId, reason: &[u8]) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        if context.answered || context.method != sip::Method::Invite {
            return;
        }
        let Some(mut active) = context.active.take() else { return };
        // A script that is still thinking is not waited for: what it says finds nothing to be said about.
        if matches!(active.asking, Some(Asking::Request(_) | Asking::Failure(..) | Asking::FailureReply(..)))
        {
            active.asking = None;
            context.active = Some(active);
            return self.answer(now, id, errors::CANCELLED);
        }
        active.cancel_reason = reason.to_vec().into();
        let actions = active.forking.handle(Event::Cancel);
        self.carry_out(now, id, active, actions);
    }
}

/// The Reason that a CANCEL brings, for those that follow from it (RFC 3326 §2); its folds are taken out.
fn reason(cancel: &Message) -> Vec<u8> {
    let head = cancel.head();
    let mut reason = Vec::new();
    for value in head.fields(HeaderId::REASON) {
        if !reason.is_empty() {
            reason.extend_from_slice(b", ");
        }
        reason.extend_from_slice(&sip::unfold(value));
    }
    if reason.len() > MAX_REASON { Vec::new() } else { reason }
}

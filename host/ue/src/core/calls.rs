//! The calls of a phone: which message belongs to which, and how many there may be.
//!
//! In: INVITEs, requests within calls, responses, alarms. Out: the call that they are for, or the answer where there is
//! none. One call at a time has one of the phone's addresses for media; a call that is over gives it back.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use sip::{Head, HeaderId, Message};
use transaction::{ClientId, ServerId, Time};

use super::alarms::CallAlarm;
use super::call::Call;
use super::call::caller::acknowledge_and_hang_up;
use super::dialog::text;
use super::event::Why;
use super::line::{Line, Outcome, Purpose};
use super::request::Request;
use super::{CallFeatures, WishError};

/// Names a call of one phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Calls {
    calls: BTreeMap<CallId, Call>,
    last: u32,
}

impl Calls {
    /// Those that are not over.
    pub(crate) fn ids(&self) -> impl Iterator<Item = CallId> {
        self.calls.keys().copied()
    }

    /// An address for the media of one call more.
    pub(crate) fn free_media(&self, line: &Line) -> Option<SocketAddr> {
        let is_free = |address: &&SocketAddr| self.calls.values().all(|call| call.media != **address);
        line.settings.media.iter().find(is_free).copied()
    }

    /// Whether a request is for one of them.
    pub(crate) fn has_request(&self, head: &Head<'_>) -> bool {
        self.calls.values().any(|call| call.has_request(head))
    }

    /// Places a call.
    pub(crate) fn place(
        &mut self,
        line: &mut Line,
        now: Time,
        to: &str,
        features: CallFeatures,
    ) -> Result<CallId, WishError> {
        let media = self.free_media(line).ok_or(WishError::NoRoom)?;
        let id = self.next_id();
        let call = Call::place(line, now, (id, media), to, features).ok_or(WishError::NoRoom)?;
        self.calls.insert(id, call);
        Ok(id)
    }

    fn next_id(&mut self) -> CallId {
        self.last += 1;
        CallId(self.last)
    }

    /// An INVITE outside of any dialog came.
    pub(crate) fn invited(&mut self, line: &mut Line, now: Time, server: ServerId, request: &Message) {
        // The same INVITE on another way (RFC 3261 §8.2.2.2).
        if self.calls.values().any(|call| call.is_merged(request)) {
            return line.answer(now, server, request, 482);
        }
        let Some(media) = self.free_media(line) else { return line.answer(now, server, request, 486) };
        let id = self.next_id();
        if let Some(call) = Call::invited(line, now, (id, media), server, request) {
            self.calls.insert(id, call);
        }
        self.sweep();
    }

    /// A request within a dialog came.
    pub(crate) fn handle_request(&mut self, line: &mut Line, now: Time, server: ServerId, request: &Message) {
        match self.calls.values_mut().find(|call| call.has_request(&request.head())) {
            Some(call) => call.handle_request(line, now, server, request),
            None => line.answer(now, server, request, 481),
        }
        self.sweep();
    }

    /// An ACK for a 2xx came.
    pub(crate) fn acknowledged(&mut self, line: &mut Line, now: Time, ack: &Message) {
        if let Some(call) = self.calls.values_mut().find(|call| call.has_request(&ack.head())) {
            call.acknowledged(line, now, ack);
        }
        self.sweep();
    }

    /// A CANCEL for this INVITE came, and was answered.
    pub(crate) fn cancelled(&mut self, line: &mut Line, now: Time, invite: ServerId, cancel: &Message) {
        let reason = cancel.head().header(HeaderId::REASON).map(text);
        for call in self.calls.values_mut() {
            call.cancelled(line, now, invite, &reason);
        }
        self.sweep();
    }

    /// A provisional response to a request of a call came.
    pub(crate) fn handle_provisional(
        &mut self,
        line: &mut Line,
        now: Time,
        purpose: Purpose,
        response: &Message,
    ) {
        if let Purpose::Invite(id) = purpose
            && let Some(call) = self.calls.get_mut(&id)
        {
            call.handle_provisional(line, now, response);
        }
        self.sweep();
    }

    /// A request of a call came to its end; of an INVITE that was accepted, every 2xx.
    pub(crate) fn handle_outcome(
        &mut self,
        line: &mut Line,
        now: Time,
        (purpose, request): (Purpose, &Request),
        outcome: Outcome<'_>,
    ) {
        let status = outcome.status();
        let success = outcome.response().filter(|_| (200..300).contains(&status));
        match purpose {
            Purpose::Invite(id) => match (self.calls.get_mut(&id), success) {
                (Some(call), Some(response)) => call.invite_accepted(line, now, request, response),
                (None, Some(response)) => acknowledge_and_hang_up(line, now, request, response),
                (Some(call), None) => call.invite_failed(line, now, request, outcome),
                (None, None) => {}
            },
            Purpose::Reinvite(id) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.reinvite_answered(line, now, outcome);
                }
            }
            Purpose::Update(id) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.update_answered(line, now, request, outcome);
                }
            }
            Purpose::Prack(id) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.prack_answered(line, now, request, outcome);
                }
            }
            Purpose::Register | Purpose::Subscribe | Purpose::Message(_) | Purpose::Bye => {}
        }
        self.sweep();
    }

    /// A request of a call went again, by this transaction and with this number.
    pub(crate) fn renewed(&mut self, purpose: Purpose, client: ClientId, request: &Request) {
        let (Purpose::Invite(id) | Purpose::Reinvite(id) | Purpose::Update(id) | Purpose::Prack(id)) =
            purpose
        else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            call.renewed(purpose, client, request);
        }
    }

    /// An alarm of a call.
    pub(crate) fn handle_alarm(&mut self, line: &mut Line, now: Time, id: CallId, alarm: CallAlarm) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.handle_alarm(line, now, alarm);
        }
        self.sweep();
    }

    /// Does something with a call that is there.
    pub(crate) fn with<T>(
        &mut self,
        id: CallId,
        wish: impl FnOnce(&mut Call) -> Result<T, WishError>,
    ) -> Result<T, WishError> {
        let result = wish(self.calls.get_mut(&id).ok_or(WishError::NoSuchCall)?);
        self.sweep();
        result
    }

    /// Ends all of them, for this reason.
    pub(crate) fn end_all(&mut self, line: &mut Line, now: Time, why: Why) {
        for call in self.calls.values_mut() {
            call.release(line, now, why);
        }
        self.sweep();
    }

    fn sweep(&mut self) {
        self.calls.retain(|_, call| !call.is_over());
    }
}

//! The phone as it is driven: messages and time in, messages and events out.
//!
//! How: after every call that takes something in (`handle_*`, or a wish of `wish.rs`) take out [`Ue::poll_output`]
//! until it is `None`; call [`Ue::handle_timeout`] when the time of [`Ue::poll_timeout`] has come. Two phones with the same
//! settings, seed and inputs behave alike.

use sip::{Flow, Message};
use transaction::{ClientId, Time, TransactionId};

use super::alarms::Alarm;
use super::calls::Calls;
use super::event::{Event, Spoken, Why};
use super::line::{Line, Outcome, Output, Pending, Purpose};
use super::reg_event::{Subscription, Verdict};
use super::registration::{Bound, Registration};
use super::request::Request;
use super::{Settings, SettingsError};

/// A user equipment. See the top of the crate.
pub struct Ue {
    pub(super) line: Line,
    pub(super) registration: Registration,
    pub(super) subscription: Subscription,
    pub(super) calls: Calls,
    /// Messages that were sent.
    pub(super) messages: u32,
}

impl Ue {
    /// A phone that is not registered. The seed must be another one for each phone at each start: tags and Call-IDs
    /// come from it.
    ///
    /// # Errors
    /// The settings are wrong.
    pub fn new(settings: Settings, seed: [u8; 16]) -> Result<Ue, SettingsError> {
        settings.check()?;
        let mut line = Line::new(settings, seed);
        let registration = Registration::new(&mut line);
        let (subscription, calls) = (Subscription::default(), Calls::default());
        Ok(Ue { line, registration, subscription, calls, messages: 0 })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.line.settings
    }

    /// Bytes came: one datagram, or one framed message of a connection. `flow` is where they came from.
    pub fn handle_received(&mut self, now: Time, flow: Flow, bytes: &[u8]) {
        let message = match flow.transport.is_reliable() {
            true => Message::parse_stream_from(bytes, flow.remote),
            false => Message::parse_datagram_from(bytes, flow.remote),
        };
        let Ok(message) = message else { return self.line.tell(now, Event::Unreadable) };
        self.line.tell(now, Event::Heard(Spoken::of(message.head())));
        if message.is_request() {
            let verdict = self.handle_request(now, &message, flow);
            self.judged(now, verdict);
        } else if let Some(id) = self.line.handle_response(now, &message) {
            self.handle_response(now, id, &message);
        }
        self.settle(now, Bound::AsBefore);
    }

    /// Bytes of an [`Output::Transmit`] could not be sent.
    pub fn handle_transport_error(&mut self, now: Time, of: TransactionId) {
        self.line.handle_transport_error(now, of);
        self.settle(now, Bound::AsBefore);
    }

    /// When [`Ue::handle_timeout`] is wanted; `None`: not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.line.poll_timeout()
    }

    /// Does what is due. Too early or too often does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.line.handle_timeout(now);
        self.settle(now, Bound::AsBefore);
        while let Some(alarm) = self.line.alarms.pop_due(now) {
            let line = &mut self.line;
            let bound = match alarm {
                Alarm::Register | Alarm::Refresh => self.registration.register(line, now),
                Alarm::Expiry => self.registration.expired(line, now),
                Alarm::Subscribe => {
                    self.subscription.refresh(line, now);
                    Bound::AsBefore
                }
                Alarm::Call(call, alarm) => {
                    self.calls.handle_alarm(line, now, call, alarm);
                    Bound::AsBefore
                }
            };
            self.settle(now, bound);
        }
    }

    /// What has to be done, or was told, next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.line.poll_output()
    }

    /// A response to a request of ours.
    fn handle_response(&mut self, now: Time, id: ClientId, response: &Message) {
        let Some(pending) = self.line.pending(id) else { return };
        let purpose = pending.purpose;
        match response.status() {
            100..=199 => self.calls.handle_provisional(&mut self.line, now, purpose, response),
            // Further 2xx may come (RFC 3261 §13.2.2.4).
            200..=299 if matches!(purpose, Purpose::Invite(_) | Purpose::Reinvite(_)) => {
                let request = pending.request.clone();
                let outcome = Outcome::Response(response);
                self.calls.handle_outcome(&mut self.line, now, (purpose, &request), outcome);
            }
            status => {
                let Some(mut pending) = self.line.take_pending(id) else { return };
                let is_challenge = matches!(status, 401 | 407) && purpose != Purpose::Register;
                if is_challenge && let Some(client) = self.line.send_with_proof(now, &mut pending, response) {
                    return self.renewed(purpose, client, &pending.request);
                }
                self.conclude(now, &pending, Outcome::Response(response));
            }
        }
    }

    /// A request went again, with credentials.
    fn renewed(&mut self, purpose: Purpose, client: ClientId, request: &Request) {
        match purpose {
            Purpose::Subscribe => self.subscription.renewed(request),
            _ => self.calls.renewed(purpose, client, request),
        }
    }

    /// A request came to its end.
    fn conclude(&mut self, now: Time, pending: &Pending, outcome: Outcome<'_>) {
        let line = &mut self.line;
        match pending.purpose {
            Purpose::Register => {
                let bound = self.registration.handle_outcome(line, now, outcome);
                self.bound(now, bound);
            }
            Purpose::Subscribe => self.subscription.handle_outcome(line, now, outcome),
            Purpose::Message(message) => {
                line.tell(now, Event::MessageAnswered { message, status: outcome.status() });
            }
            purpose => self.calls.handle_outcome(line, now, (purpose, &pending.request), outcome),
        }
    }

    /// What follows from everything that was taken in: requests that nobody answered.
    pub(super) fn settle(&mut self, now: Time, bound: Bound) {
        self.bound(now, bound);
        while let Some((pending, outcome)) = self.line.next_unanswered() {
            self.conclude(now, &pending, outcome);
        }
        self.line.forget_ended();
    }

    /// What follows from the state of the registration.
    fn bound(&mut self, now: Time, bound: Bound) {
        match bound {
            Bound::AsBefore => {}
            Bound::First if self.line.settings.subscribes => self.subscription.start(&mut self.line, now),
            Bound::First => {}
            Bound::NoLonger => {
                self.subscription.stop(&mut self.line);
                // TS 24.229 §5.1.1.7: dialogs of identities that are no longer registered are released.
                self.calls.end_all(&mut self.line, now, Why::Deregistered);
            }
        }
    }

    /// What the network says of our registration.
    fn judged(&mut self, now: Time, verdict: Verdict) {
        match verdict {
            Verdict::Nothing => {}
            Verdict::Ended(event, retry_after) => {
                let bound = self.registration.ended_by_network(&mut self.line, now, event, retry_after);
                self.bound(now, bound);
            }
            Verdict::Shortened(expires) => self.registration.shortened(&mut self.line, now, expires),
        }
    }
}

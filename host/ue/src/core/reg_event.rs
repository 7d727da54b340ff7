//! The subscription of a UE to its own registration (TS 24.229 §5.1.1.3, §5.1.1.7; RFC 3680, RFC 6665 §4.1).
//!
//! ```text
//!   none ── registered ──▶ SUBSCRIBE ── 2xx, or the first NOTIFY ──▶ active ── refresh ──▶ SUBSCRIBE …
//!     ▲                       │ refused                                │ NOTIFY: the document is put together
//!     └───────────────────────┴────────── NOTIFY: terminated ◀─────────┘
//! ```
//! In: that the phone is registered, responses, NOTIFYs. Out: SUBSCRIBEs, and [`Verdict`]: what the network says of our
//! own contact. After a deregistration the last NOTIFY still finds its subscription.

use std::time::Duration;

use ims::reginfo::{
    self, ContactState, Event as ContactEvent, Reginfo, RegistrationState, RegistrationView, Update,
};
use sip::{HeaderId, Message, Method, Uri};
use transaction::{ServerId, Time};

use super::alarms::Alarm;
use super::dialog::Dialog;
use super::event::Event;
use super::line::{Line, Outcome, Purpose};
use super::registration::refresh_after;
use super::request::Request;
use super::settings::Settings;

/// The event package, and the only one that a phone knows.
pub(crate) const PACKAGE: &str = "reg";

/// The wait after a refresh that did not end the subscription.
const RETRY: Duration = Duration::from_secs(60);

/// What the network says of our contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing that has to be done.
    Nothing,
    /// It ended, and may be tried again after this time.
    Ended(ContactEvent, Option<Duration>),
    /// It holds for so many seconds only.
    Shortened(u32),
}

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Subscription {
    /// The last SUBSCRIBE that began one, until a dialog is made of it.
    asked: Option<Request>,
    dialog: Option<Dialog>,
    view: RegistrationView,
    is_wanted: bool,
}

impl Subscription {
    /// The phone is registered: subscribes, in place of any subscription before.
    pub(crate) fn start(&mut self, line: &mut Line, now: Time) {
        let identity = line.standing.identity.clone();
        let request = headers(line.request(Method::Subscribe, &identity), line);
        *self = Subscription { asked: Some(request.clone()), is_wanted: true, ..Subscription::default() };
        if line.send(now, request, Purpose::Subscribe).is_none() {
            self.end(line, now, Some(Outcome::Undelivered.status()));
        }
    }

    /// The phone is registered no longer: nothing is refreshed, but what still comes is heard.
    pub(crate) fn stop(&mut self, line: &mut Line) {
        self.is_wanted = false;
        line.alarms.stop(Alarm::Subscribe);
    }

    /// [`Alarm::Subscribe`]: a refresh (RFC 6665 §4.1.2.2).
    pub(crate) fn refresh(&mut self, line: &mut Line, now: Time) {
        let Some(dialog) = self.dialog.as_mut().filter(|_| self.is_wanted) else { return };
        let request = headers(dialog.request(Method::Subscribe), line);
        if line.send(now, request, Purpose::Subscribe).is_none() {
            self.end(line, now, Some(Outcome::Undelivered.status()));
        }
    }

    /// A SUBSCRIBE went again with this number.
    pub(crate) fn renewed(&mut self, request: &Request) {
        match (&mut self.dialog, &mut self.asked) {
            (Some(dialog), _) => dialog.counted(request.cseq),
            (None, asked) => *asked = Some(request.clone()),
        }
    }

    /// A SUBSCRIBE came to its end.
    pub(crate) fn handle_outcome(&mut self, line: &mut Line, now: Time, outcome: Outcome<'_>) {
        if !self.is_wanted {
            return;
        }
        let status = outcome.status();
        let Some(response) = outcome.response().filter(|_| (200..300).contains(&status)) else {
            return self.refused(line, now, status);
        };
        if self.dialog.is_none() {
            let call_id = response.head().call_id();
            let asked = self.asked.as_ref().filter(|asked| call_id == Ok(asked.call_id.as_bytes()));
            self.dialog = asked.and_then(|asked| Dialog::of_response(asked, response));
        }
        let expires = response.head().expires().ok().flatten().unwrap_or(line.settings.expires);
        line.alarms.set(Alarm::Subscribe, now + refresh_after(expires));
        line.tell(now, Event::Subscribed { expires });
    }

    /// RFC 6665 §4.1.2.2: which responses end a subscription that was there, and which do not.
    fn refused(&mut self, line: &mut Line, now: Time, status: u16) {
        let was_there = self.dialog.is_some();
        if was_there && !matches!(status, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604) {
            return line.alarms.set(Alarm::Subscribe, now + RETRY);
        }
        self.dialog = None;
        self.asked = None;
        self.end(line, now, Some(status));
        if was_there && status == 481 {
            self.start(line, now);
        }
    }

    /// A NOTIFY came: answers it.
    pub(crate) fn handle_notify(
        &mut self,
        line: &mut Line,
        now: Time,
        id: ServerId,
        request: &Message,
    ) -> Verdict {
        let head = request.head();
        let is_reg = head.event().is_ok_and(|event| event.is_some_and(|e| e.package == PACKAGE.as_bytes()));
        if !is_reg {
            let tag = line.luck.token();
            line.respond(now, id, request, (489, &tag), |response| {
                response.header(HeaderId::ALLOW_EVENTS, PACKAGE);
            });
            return Verdict::Nothing;
        }
        if self.dialog.is_none() {
            self.dialog = self.asked.as_ref().and_then(|asked| early(asked, request));
        }
        let number = head.cseq().map_or(0, |cseq| cseq.number);
        let dialog = self.dialog.as_mut().filter(|dialog| dialog.has_request(&head));
        let status = match dialog.map(|dialog| dialog.takes(number)) {
            None => 481,
            Some(false) => 500,
            Some(true) => 200,
        };
        line.answer(now, id, request, status);
        if status != 200 {
            return Verdict::Nothing;
        }
        let verdict = self.read(line, now, request);
        let state = head.subscription_state().ok().flatten();
        if state.is_some_and(|state| state.is_terminated()) {
            let reason = state.and_then(|state| state.reason()).unwrap_or_default();
            let again = self.is_wanted
                && verdict == Verdict::Nothing
                && matches!(reason, b"deactivated" | b"timeout" | b"probation");
            self.dialog = None;
            self.asked = None;
            self.end(line, now, None);
            if again {
                self.start(line, now);
            }
        }
        verdict
    }

    /// Takes the document, and looks for our contact in it.
    fn read(&mut self, line: &mut Line, now: Time, request: &Message) -> Verdict {
        let head = request.head();
        let is_document =
            head.content_type().is_ok_and(|kind| kind.is_some_and(|kind| kind.is(reginfo::CONTENT_TYPE)));
        if !is_document {
            return Verdict::Nothing;
        }
        let Ok(document) = Reginfo::parse(head.body()) else { return Verdict::Nothing };
        let own = line.contact_uri();
        let version = document.version;
        let shortened = own_contacts(&document.registrations, &own)
            .find(|contact| contact.event == ContactEvent::Shortened)
            .and_then(|contact| contact.expires);
        match self.view.update(document) {
            Update::Taken => line.tell(now, Event::Notified { version }),
            Update::Gap => {
                self.refresh(line, now);
                return Verdict::Nothing;
            }
            Update::Old | Update::TooMany => return Verdict::Nothing,
        }
        let registrations = self.view.registrations();
        let contacts: Vec<_> = own_contacts(registrations, &own).collect();
        let ended = contacts.iter().all(|contact| contact.state == ContactState::Terminated);
        match (contacts.first(), shortened) {
            (Some(contact), _) if ended => {
                Verdict::Ended(contact.event, contact.retry_after.map(Duration::from_secs))
            }
            // RFC 3680 §3.4.2: nothing is bound, and how that came is not told.
            (None, _) if is_over(registrations) => Verdict::Ended(ContactEvent::Unregistered, None),
            (Some(_), Some(expires)) => Verdict::Shortened(u32::try_from(expires).unwrap_or(u32::MAX)),
            _ => Verdict::Nothing,
        }
    }

    fn end(&mut self, line: &mut Line, now: Time, status: Option<u16>) {
        line.alarms.stop(Alarm::Subscribe);
        if self.is_wanted {
            line.tell(now, Event::SubscriptionEnded { status });
        }
    }
}

fn headers(request: Request, line: &Line) -> Request {
    request
        .with(HeaderId::EVENT, PACKAGE)
        .with(HeaderId::ACCEPT, reginfo::CONTENT_TYPE)
        .with(HeaderId::EXPIRES, Settings::EXPIRES.to_string())
        .with(HeaderId::CONTACT, line.contact())
}

/// The dialog of a NOTIFY that overtook the response (RFC 6665 §4.4.1).
fn early(asked: &Request, notify: &Message) -> Option<Dialog> {
    let head = notify.head();
    let is_ours = head.call_id().is_ok_and(|call_id| call_id == asked.call_id.as_bytes())
        && head
            .to_tag()
            .is_some_and(|tag| asked.from.ends_with(&format!(";tag={}", super::dialog::text(tag))));
    let mut dialog = Dialog::of_request(notify, "").filter(|_| is_ours)?;
    dialog.counted(asked.cseq);
    dialog.forget_remote_cseq();
    Some(dialog)
}

/// Whether every registration has ended, and no contact is listed to say how.
fn is_over(registrations: &[reginfo::Registration]) -> bool {
    let is_over =
        |one: &reginfo::Registration| one.state == RegistrationState::Terminated && one.contacts.is_empty();
    !registrations.is_empty() && registrations.iter().all(is_over)
}

fn own_contacts<'a>(
    registrations: &'a [reginfo::Registration],
    own: &'a str,
) -> impl Iterator<Item = &'a reginfo::Contact> {
    let own = Uri::parse(own.as_bytes()).ok();
    registrations.iter().flat_map(|registration| &registration.contacts).filter(move |contact| {
        let uri = Uri::parse(contact.uri.trim().as_bytes());
        own.is_some_and(|own| uri.is_ok_and(|uri| uri.equivalent(&own)))
    })
}

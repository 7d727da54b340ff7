//! Changes that the other side makes: re-INVITE and UPDATE (RFC 3261 §14.2; RFC 3311 §5.2; RFC 3312 §6; RFC 4028 §9).
//!
//! In: the requests. Out: their responses, and where media go then. Whoever comes second with an offer is told to wait:
//! 491 where ours is out, 500 where theirs has no answer yet.

use sip::{HeaderId, Message};
use transaction::{ServerId, Time};

use crate::core::alarms::CallAlarm;
use crate::core::call::callee::{about, say_timer};
use crate::core::call::change::Change;
use crate::core::call::repeat::Repeated;
use crate::core::call::timer::{self, Ruling, Timer};
use crate::core::call::{Call, Phase};
use crate::core::line::Line;
use crate::core::sdp;

/// Seconds after which an offer that came too soon may come again (RFC 3311 §5.2): any of 0 to 10.
const RETRY_AFTER: u32 = 2;

impl Call {
    /// UPDATE.
    pub(super) fn handle_update(&mut self, line: &mut Line, now: Time, id: ServerId, request: &Message) {
        let head = request.head();
        let (wanted, features, is_reserved) = (self.wanted_direction(), self.features, self.is_reserved);
        let is_up = matches!(self.phase, Phase::Up(_));
        let owes_answer = matches!(&self.phase, Phase::Invited(invited) if invited.owes_answer());
        let offer = ims::session_description(head);
        let leg = self.legs_mut().iter_mut().find(|leg| leg.dialog.has_request(&head));
        let Some(leg) = leg else { return line.answer(now, id, request, 481) };
        if offer.is_some() && leg.session.is_offering() {
            return line.answer(now, id, request, 491);
        }
        if offer.is_some() && owes_answer {
            return too_soon(line, now, id, request);
        }
        let timer = match self.timer_for(line, now, id, request) {
            Ok(timer) => timer.filter(|_| is_up),
            Err(Refused) => return,
        };
        let Some(leg) = self.legs_mut().iter_mut().find(|leg| leg.dialog.has_request(&head)) else { return };
        let answer = match offer {
            None => None,
            Some(offer) => {
                let reserved = leg.session.has_preconditions().then_some(is_reserved);
                match leg.session.answer(offer, wanted, reserved) {
                    Ok(answer) => Some(answer),
                    Err(_) => return line.answer(now, id, request, 488),
                }
            }
        };
        leg.dialog.refresh_target(&head);
        let contact = line.contact();
        line.respond(now, id, request, (200, ""), |response| {
            about(response, &contact, features);
            say_timer(response, timer.as_ref());
            if let Some(answer) = &answer {
                response.body(sdp::CONTENT_TYPE, answer);
            }
        });
        if is_up {
            self.set_timer(line, now, timer.map(|(timer, ..)| timer));
        }
        self.tell_media(line, now);
        self.advance(line, now);
    }

    /// re-INVITE.
    pub(super) fn handle_reinvite(&mut self, line: &mut Line, now: Time, id: ServerId, request: &Message) {
        let head = request.head();
        let (wanted, features) = (self.wanted_direction(), self.features);
        let Phase::Up(up) = &mut self.phase else {
            // The INVITE that made the dialog has no final response.
            return too_soon(line, now, id, request);
        };
        if up.accepted.is_some() {
            return too_soon(line, now, id, request);
        }
        if self.change == Some(Change::Reinvite) || up.leg.session.is_offering() {
            return line.answer(now, id, request, 491);
        }
        let Ok(timer) = self.timer_for(line, now, id, request) else { return };
        let Phase::Up(up) = &mut self.phase else { return };
        let session = &mut up.leg.session;
        let description = match ims::session_description(head) {
            // Preconditions that are spoken of again are those of resources that are there.
            Some(offer) => session.answer(offer, wanted, features.preconditions.then_some(true)),
            None => Ok(session.offer(wanted, None)),
        };
        let Ok(description) = description else { return line.answer(now, id, request, 488) };
        up.leg.dialog.refresh_target(&head);
        let contact = line.contact();
        let bytes = line.respond(now, id, request, (200, ""), |response| {
            about(response, &contact, features);
            say_timer(response, timer.as_ref());
            response.body(sdp::CONTENT_TYPE, &description);
        });
        let cseq = head.cseq().map_or(0, |cseq| cseq.number);
        let repeated = Repeated::new(now, id, 200, bytes, line.settings.timers);
        let next = repeated.next(now);
        up.accepted = Some((cseq, repeated));
        line.alarms.set(self.alarm(CallAlarm::Repeat), next);
        self.set_timer(line, now, timer.map(|(timer, ..)| timer));
        self.tell_media(line, now);
    }

    /// The session timer of a request, or its refusal.
    fn timer_for(
        &self,
        line: &mut Line,
        now: Time,
        id: ServerId,
        request: &Message,
    ) -> Result<Option<(Timer, String, bool)>, Refused> {
        match timer::rule(&request.head(), self.features) {
            Ruling::None => Ok(None),
            Ruling::Settled(timer, session, requires) => Ok(Some((timer, session.to_string(), requires))),
            Ruling::TooShort(least) => {
                line.respond(now, id, request, (422, ""), |response| {
                    response.header(HeaderId::MIN_SE, least);
                });
                Err(Refused)
            }
        }
    }
}

/// The request was answered with a refusal.
struct Refused;

fn too_soon(line: &mut Line, now: Time, id: ServerId, request: &Message) {
    line.respond(now, id, request, (500, ""), |response| {
        response.header(HeaderId::RETRY_AFTER, RETRY_AFTER);
    });
}

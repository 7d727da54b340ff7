//! Calls that come (TS 24.229 §5.1.4.1; RFC 3261 §13.3; RFC 3262 §3; RFC 3312 §7, §8).
//!
//! ```text
//!   INVITE ──▶ 100 ──▶ 183 with the answer, where preconditions are not met ── PRACK ── UPDATE …
//!                  └──▶ met, or there are none: 180 ──▶ the user answers: 200 ── ACK
//!   the user refuses, it rang too long, CANCEL: 4xx or 6xx
//! ```
//! A provisional response goes reliably where both sides can; then the next response waits for its PRACK. In: INVITE,
//! PRACK, CANCEL, wishes. Out: responses.

use std::net::SocketAddr;

use sip::{HeaderId, Message, ResponseBuilder};
use transaction::{ServerId, Time};

use crate::core::alarms::CallAlarm;
use crate::core::call::caller::supported;
use crate::core::call::repeat::Repeated;
use crate::core::call::timer::{self, Ruling, Timer};
use crate::core::call::{Call, Leg, Phase, Up};
use crate::core::dialog::{Dialog, text};
use crate::core::event::{By, Event, Why};
use crate::core::line::{ALLOW, Line};
use crate::core::sdp::{self, Direction};
use crate::core::session::Session;
use crate::core::{CallFeatures, CallId, WishError};

/// An INVITE of the other side that has no final response.
pub(crate) struct Invited {
    server: ServerId,
    request: Message,
    pub(super) leg: Leg,
    /// Our answer, or our offer where the INVITE had none, until it was sent in a response that is sure to arrive.
    description: Option<Vec<u8>>,
    /// Whether provisional responses go reliably.
    is_reliable: bool,
    /// RSeq of the last reliable response.
    rseq: u32,
    /// The reliable response that waits for its PRACK, and its RSeq.
    pub(super) unacknowledged: Option<(u32, Repeated)>,
    is_ringing: bool,
    is_accepted: bool,
    timer: Option<(Timer, String, bool)>,
}

impl Invited {
    /// Whether the offer of the INVITE has no answer yet.
    pub(super) fn owes_answer(&self) -> bool {
        self.description.is_some() && !self.leg.session.is_offering()
    }

    /// A final response other than 2xx.
    pub(super) fn answer(&self, line: &mut Line, now: Time, status: u16) {
        let tag = (status, &*self.leg.dialog.local_tag);
        line.respond(now, self.server, &self.request, tag, |_| {});
    }
}

/// What is in every response of ours that can make or refresh a dialog.
pub(super) fn about(response: &mut ResponseBuilder<'_>, contact: &str, features: CallFeatures) {
    response.header(HeaderId::CONTACT, contact);
    response.header(HeaderId::ALLOW, ALLOW);
    let tags = supported(features);
    if !tags.is_empty() {
        response.header(HeaderId::SUPPORTED, tags);
    }
}

impl Call {
    /// Whether this is the INVITE of a call that is here already, on another way (RFC 3261 §8.2.2.2).
    pub(crate) fn is_merged(&self, request: &Message) -> bool {
        let Phase::Invited(invited) = &self.phase else { return false };
        let (one, other) = (invited.request.head(), request.head());
        one.call_id() == other.call_id() && one.from_tag() == other.from_tag() && one.cseq() == other.cseq()
    }

    /// An INVITE came. `None`: it was refused.
    pub(crate) fn invited(
        line: &mut Line,
        now: Time,
        (id, media): (CallId, SocketAddr),
        server: ServerId,
        request: &Message,
    ) -> Option<Call> {
        let (head, features) = (request.head(), line.settings.features);
        let tag = line.luck.token();
        let Some(dialog) = Dialog::of_request(request, &tag) else {
            line.answer(now, server, request, 400);
            return None;
        };
        let timer = match timer::rule(&head, features) {
            Ruling::TooShort(least) => {
                line.respond(now, server, request, (422, &tag), |response| {
                    response.header(HeaderId::MIN_SE, least);
                });
                return None;
            }
            Ruling::None => None,
            Ruling::Settled(timer, session, requires) => Some((timer, session.to_string(), requires)),
        };
        let knows =
            |tag| [HeaderId::SUPPORTED, HeaderId::REQUIRE].into_iter().any(|id| head.has_option_tag(id, tag));
        let is_reliable = features.reliable && knows("100rel");
        let has_preconditions = features.preconditions && is_reliable && knows("precondition");
        let is_reserved = line.settings.reservation.is_zero();
        let mut session = Session::new(media, line.luck.number());
        let description = match ims::session_description(head) {
            Some(offer) => {
                session.answer(offer, Direction::SendRecv, has_preconditions.then_some(is_reserved)).ok()
            }
            None if head.body().is_empty() => Some(session.offer(Direction::SendRecv, None)),
            None => None,
        };
        if description.is_none() {
            line.answer(now, server, request, 488);
            return None;
        }
        line.answer(now, server, request, 100);
        let invited = Invited {
            server,
            request: request.clone(),
            leg: Leg::new(dialog, session),
            description,
            is_reliable,
            // From 1 to 2^31 - 1 (RFC 3262 §3), with room to count on.
            rseq: (line.luck.number() >> 34) as u32,
            unacknowledged: None,
            is_ringing: false,
            is_accepted: false,
            timer,
        };
        let mut call = Call::new(line, (id, media), features, Phase::Invited(invited));
        let addresses = head.addresses(HeaderId::P_ASSERTED_IDENTITY).flatten();
        let asserted = addresses.map(|address| text(address.uri_bytes)).collect();
        let from = head.from().map(|from| text(from.uri_bytes)).unwrap_or_default();
        line.tell(now, Event::Incoming { call: id, from, asserted });
        line.alarms.set(call.alarm(CallAlarm::Ring), now + line.settings.ring_for);
        if has_preconditions && !is_reserved {
            line.alarms.set(call.alarm(CallAlarm::Reserve), now + line.settings.reservation);
        }
        call.advance(line, now);
        Some(call)
    }

    /// Says what can be said by now.
    pub(super) fn advance(&mut self, line: &mut Line, now: Time) {
        let (call, repeat) = (self.id, self.alarm(CallAlarm::Repeat));
        let features = self.features;
        let Phase::Invited(invited) = &mut self.phase else { return };
        // One reliable response after the other, and none beyond one that is not acknowledged (RFC 3262 §3).
        if invited.unacknowledged.is_some() {
            return;
        }
        let is_met = invited.leg.session.is_ready();
        let status = match (is_met, invited.is_accepted, invited.is_ringing) {
            (false, ..) if invited.description.is_none() => return,
            (false, ..) => 183,
            (true, true, _) => return self.accept(line, now),
            (true, false, false) => 180,
            (true, false, true) => return,
        };
        let (contact, tag) = (line.contact(), invited.leg.dialog.local_tag.clone());
        if !invited.is_reliable {
            line.respond(now, invited.server, &invited.request, (status, &tag), |response| {
                about(response, &contact, features);
            });
        } else {
            invited.rseq += 1;
            let rseq = invited.rseq;
            let description = invited.description.take();
            let has_qos = description.is_some() && invited.leg.session.has_preconditions();
            let bytes = line.respond(now, invited.server, &invited.request, (status, &tag), |response| {
                about(response, &contact, features);
                response.header(HeaderId::REQUIRE, if has_qos { "100rel, precondition" } else { "100rel" });
                response.header(HeaderId::RSEQ, rseq);
                if let Some(description) = &description {
                    response.body(sdp::CONTENT_TYPE, description);
                }
            });
            let repeated = Repeated::new(now, invited.server, status, bytes, line.settings.timers);
            line.alarms.set(repeat, repeated.next(now));
            invited.unacknowledged = Some((rseq, repeated));
        }
        if status == 180 {
            invited.is_ringing = true;
            line.tell(now, Event::Ringing { call });
        }
        self.tell_media(line, now);
    }

    /// A PRACK came.
    pub(super) fn handle_prack(&mut self, line: &mut Line, now: Time, id: ServerId, request: &Message) {
        let repeat = self.alarm(CallAlarm::Repeat);
        let Phase::Invited(invited) = &mut self.phase else { return line.answer(now, id, request, 481) };
        let rack = request.head().rack().ok().flatten();
        let invite = invited.request.head().cseq().map_or(0, |cseq| cseq.number);
        let is_expected = |rseq: u32| {
            rack.is_some_and(|rack| {
                (rack.response, rack.cseq.number, rack.cseq.method) == (rseq, invite, sip::Method::Invite)
            })
        };
        if invited.unacknowledged.take_if(|(rseq, _)| is_expected(*rseq)).is_none() {
            return line.answer(now, id, request, 481);
        }
        line.alarms.stop(repeat);
        let session = &mut invited.leg.session;
        let description = ims::session_description(request.head());
        let answer = match description {
            Some(answer) if session.is_offering() => session.answered(answer).map(|()| None),
            Some(offer) => {
                let reserved = session.has_preconditions().then_some(self.is_reserved);
                session.answer(offer, Direction::SendRecv, reserved).map(Some)
            }
            None => Ok(None),
        };
        match answer {
            Ok(answer) => {
                line.respond(now, id, request, (200, ""), |response| {
                    if let Some(answer) = &answer {
                        response.body(sdp::CONTENT_TYPE, answer);
                    }
                });
                self.tell_media(line, now);
                self.advance(line, now);
            }
            Err(_) => line.answer(now, id, request, 488),
        }
    }

    /// The user answers. It may be that the 200 has to wait.
    pub(crate) fn answer(&mut self, line: &mut Line, now: Time) -> Result<(), WishError> {
        let Phase::Invited(invited) = &mut self.phase else { return Err(WishError::NotNow) };
        invited.is_accepted = true;
        self.advance(line, now);
        Ok(())
    }

    /// 200: the call is up.
    fn accept(&mut self, line: &mut Line, now: Time) {
        let features = self.features;
        if !matches!(self.phase, Phase::Invited(_)) {
            return;
        }
        let Phase::Invited(invited) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        let contact = line.contact();
        let tag = (200, &*invited.leg.dialog.local_tag);
        let bytes = line.respond(now, invited.server, &invited.request, tag, |response| {
            about(response, &contact, features);
            say_timer(response, invited.timer.as_ref());
            if let Some(description) = &invited.description {
                response.body(sdp::CONTENT_TYPE, description);
            }
        });
        let cseq = invited.request.head().cseq().map_or(0, |cseq| cseq.number);
        let repeated = Repeated::new(now, invited.server, 200, bytes, line.settings.timers);
        line.alarms.stop_call(self.id);
        line.alarms.set(self.alarm(CallAlarm::Repeat), repeated.next(now));
        let accepted = Some((cseq, repeated));
        self.phase = Phase::Up(Up { leg: invited.leg, accepted, ack: None, wants_end: None });
        line.tell(now, Event::Answered { call: self.id });
        self.set_timer(line, now, invited.timer.map(|(timer, ..)| timer));
        self.tell_media(line, now);
    }

    /// The user refuses.
    pub(crate) fn refuse(&mut self, line: &mut Line, now: Time, status: u16) {
        let Phase::Invited(invited) = &self.phase else { return };
        invited.answer(line, now, status);
        self.end(line, now, Why::Refused { status, by: By::Us }, None);
    }

    /// Whether it came and was neither answered nor refused.
    pub(crate) fn is_invited(&self) -> bool {
        matches!(self.phase, Phase::Invited(_))
    }

    /// CANCEL for this INVITE (RFC 3261 §9.2). One that has its 200 stays as it is.
    pub(crate) fn cancelled(
        &mut self,
        line: &mut Line,
        now: Time,
        invite: ServerId,
        reason: &Option<String>,
    ) {
        let Phase::Invited(invited) = &self.phase else { return };
        if invited.server == invite {
            invited.answer(line, now, 487);
            self.end(line, now, Why::Cancelled(By::Them), reason.clone());
        }
    }
}

/// Session-Expires of a 2xx (RFC 4028 §9).
pub(super) fn say_timer(response: &mut ResponseBuilder<'_>, timer: Option<&(Timer, String, bool)>) {
    let Some((_, session, requires)) = timer else { return };
    response.header(HeaderId::SESSION_EXPIRES, session);
    if *requires {
        response.header(HeaderId::REQUIRE, "timer");
    }
}

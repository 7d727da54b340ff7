//! Calls that are placed (TS 24.229 §5.1.3.1; RFC 3261 §13.2, §9.1; RFC 3262 §4).
//!
//! ```text
//!   INVITE ──▶ 183 ── PRACK ── 200 ── resources are reserved: UPDATE ── 200 ──▶ 180 ── PRACK ── 200 ──▶ 2xx ── ACK
//!        each callee of several has a leg of its own; the first 2xx counts, further ones are hung up
//!   give up: CANCEL; a 2xx that crosses it is acknowledged and hung up
//! ```
//! In: a wish, responses. Out: INVITE, PRACK, UPDATE, ACK, CANCEL.

use std::net::SocketAddr;

use sip::header::rack;
use sip::{HeaderId, Message, Method};
use transaction::{ClientId, Time};

use crate::bounds::{MAX_FORKS, MAX_INTERVALS};
use crate::core::alarms::CallAlarm;
use crate::core::call::{Call, Leg, Phase, Up, timer};
use crate::core::dialog::{Dialog, text};
use crate::core::event::{By, Event, Why};
use crate::core::line::{ALLOW, Line, MMTEL, Outcome, Purpose};
use crate::core::request::Request;
use crate::core::sdp::qos::Qos;
use crate::core::sdp::{self, Direction};
use crate::core::session::Session;
use crate::core::{CallFeatures, CallId};

/// An INVITE of ours that has no 2xx.
pub(crate) struct Calling {
    invite: ClientId,
    request: Request,
    /// What was offered: each leg goes on from there.
    session: Session,
    pub(super) legs: Vec<Leg>,
    giving_up: Option<Why>,
    is_ringing: bool,
    intervals: u8,
}

impl Calling {
    /// CANCEL, once (RFC 3261 §9.1). The call is over with the final response.
    pub(super) fn give_up(&mut self, line: &mut Line, now: Time, why: Why) {
        if self.giving_up.is_none() {
            self.giving_up = Some(why);
            line.cancel(now, self.invite);
        }
    }

    pub(super) fn renewed(&mut self, client: ClientId, request: &Request) {
        self.invite = client;
        self.request = request.clone();
        // Early dialogs belonged to the INVITE before.
        self.legs.clear();
    }

    /// The leg of a response, made anew if it is a first one; `None`: it makes no dialog, or there are enough.
    fn leg(&mut self, response: &Message) -> Option<usize> {
        let head = response.head();
        if let Some(known) = self.legs.iter().position(|leg| leg.dialog.has_response(&head)) {
            return Some(known);
        }
        if self.legs.len() == MAX_FORKS {
            return None;
        }
        let dialog = Dialog::of_response(&self.request, response)?;
        self.legs.push(Leg::new(dialog, self.session.clone()));
        Some(self.legs.len() - 1)
    }
}

/// Option tags of an INVITE or its responses.
pub(crate) fn supported(features: CallFeatures) -> String {
    let tags = [
        (features.reliable, "100rel"),
        (features.preconditions, "precondition"),
        (features.session_timer.is_some(), "timer"),
    ];
    tags.into_iter().filter_map(|(is_on, tag)| is_on.then_some(tag)).collect::<Vec<_>>().join(", ")
}

impl Call {
    /// Sends the INVITE. `None`: there is no room for it.
    pub(crate) fn place(
        line: &mut Line,
        now: Time,
        (id, media): (CallId, SocketAddr),
        to: &str,
        features: CallFeatures,
    ) -> Option<Call> {
        let mut session = Session::new(media, line.luck.number());
        let qos = features.preconditions.then(|| Qos::first(line.settings.reservation.is_zero()));
        let offer = session.offer(Direction::SendRecv, qos);
        let contact = line.contact();
        let preferred = format!("<{}>", line.standing.identity);
        let request = line
            .request(Method::Invite, to)
            .with(HeaderId::CONTACT, contact)
            .with(HeaderId::P_PREFERRED_IDENTITY, preferred)
            .with(HeaderId::ACCEPT_CONTACT, format!("*;{MMTEL}"))
            .with(HeaderId::P_PREFERRED_SERVICE, "urn:urn-7:3gpp-service.ims.icsi.mmtel")
            .with(HeaderId::P_EARLY_MEDIA, "supported")
            .with(HeaderId::ALLOW, ALLOW)
            .with(HeaderId::ACCEPT, sdp::CONTENT_TYPE)
            .with_body(sdp::CONTENT_TYPE, offer);
        let request = match supported(features) {
            tags if tags.is_empty() => request,
            tags => request.with(HeaderId::SUPPORTED, tags),
        };
        let request = timer::ask(request, features.session_timer, None);
        let invite = line.send(now, request.clone(), Purpose::Invite(id))?;
        let calling = Calling {
            invite,
            request,
            session,
            legs: Vec::new(),
            giving_up: None,
            is_ringing: false,
            intervals: 0,
        };
        let call = Call::new(line, (id, media), features, Phase::Calling(calling));
        line.alarms.set(call.alarm(CallAlarm::Answer), now + line.settings.answer_within);
        line.tell(now, Event::Calling { call: id, to: to.to_owned() });
        Some(call)
    }

    /// A 1xx to our INVITE.
    pub(crate) fn handle_provisional(&mut self, line: &mut Line, now: Time, response: &Message) {
        let (call, status) = (self.id, response.status());
        let Phase::Calling(calling) = &mut self.phase else { return };
        if status == 100 {
            return;
        }
        let leg = calling.leg(response).and_then(|index| calling.legs.get_mut(index));
        match leg.map(|leg| take(line, now, call, leg, response)) {
            Some(Taken::Not) => return,
            Some(Taken::Unusable) => calling.give_up(line, now, Why::NoCommonMedia),
            Some(Taken::Yes) | None => {}
        }
        match status {
            180 if calling.is_ringing => {}
            180 => {
                calling.is_ringing = true;
                line.tell(now, Event::Ringing { call });
            }
            _ => line.tell(now, Event::Progress { call, status }),
        }
        self.tell_media(line, now);
        self.offer_resources(line, now);
    }

    /// A PRACK came to its end.
    pub(crate) fn prack_answered(
        &mut self,
        line: &mut Line,
        now: Time,
        request: &Request,
        outcome: Outcome<'_>,
    ) {
        if let Some(leg) = self.leg_of(request) {
            leg.pracks = leg.pracks.saturating_sub(1);
        }
        if matches!(outcome.status(), 200..=299) {
            self.offer_resources(line, now);
        }
    }

    /// UPDATE on each leg that waits to hear that our resources are reserved; and their reservation, once it is known
    /// that they are needed.
    pub(super) fn offer_resources(&mut self, line: &mut Line, now: Time) {
        let reserve = self.alarm(CallAlarm::Reserve);
        let Phase::Calling(calling) = &mut self.phase else { return };
        if calling.giving_up.is_some() || !calling.legs.iter().any(|leg| leg.session.owes_resources()) {
            return;
        }
        if !self.is_reserved {
            if !line.alarms.is_set(reserve) {
                line.alarms.set(reserve, now + line.settings.reservation);
            }
            return;
        }
        let contact = line.contact();
        for leg in &mut calling.legs {
            if !leg.session.owes_resources() || leg.session.is_offering() || leg.pracks > 0 {
                continue;
            }
            let offer = leg.session.offer_resources();
            let update = leg
                .dialog
                .request(Method::Update)
                .with(HeaderId::CONTACT, &*contact)
                .with(HeaderId::REQUIRE, "precondition")
                .with_body(sdp::CONTENT_TYPE, offer);
            if line.send(now, update, Purpose::Update(self.id)).is_none() {
                leg.session.withdraw();
            }
        }
    }

    /// A 2xx to our INVITE, the first or another one.
    pub(crate) fn invite_accepted(
        &mut self,
        line: &mut Line,
        now: Time,
        request: &Request,
        response: &Message,
    ) {
        let head = response.head();
        if let Phase::Up(up) = &self.phase {
            return match &up.ack {
                // The same again: so is its ACK (RFC 3261 §13.2.2.4).
                Some((cseq, flow, bytes)) if *cseq == request.cseq && up.leg.dialog.has_response(&head) => {
                    line.send_again(now, *flow, bytes.clone());
                }
                _ => acknowledge_and_hang_up(line, now, request, response),
            };
        }
        let Phase::Calling(calling) = &mut self.phase else {
            return acknowledge_and_hang_up(line, now, request, response);
        };
        // The first one that answers counts; the others end with the INVITE (RFC 3261 §13.2.2.4).
        calling.legs.retain(|leg| leg.dialog.has_response(&head));
        let Some(index) = calling.leg(response) else {
            return acknowledge_and_hang_up(line, now, request, response);
        };
        let mut leg = calling.legs.swap_remove(index);
        // The route set of the 2xx counts, not that of the early dialog.
        if let Some(mut dialog) = Dialog::of_response(request, response) {
            dialog.follows(&leg.dialog);
            leg.dialog = dialog;
        }
        let why = calling.giving_up;
        // An UPDATE may still be under way, and its answer come after this.
        let is_answered = leg.session.concluded(ims::session_description(head));
        let ack = with_credentials(leg.dialog.ack(request.cseq), request);
        let (flow, bytes) = line.send_ack(now, &ack);
        let ack = Some((request.cseq, flow, bytes));
        self.phase = Phase::Up(Up { leg, ack, accepted: None, wants_end: None });
        line.alarms.stop_call(self.id);
        match why.or((!is_answered).then_some(Why::NoCommonMedia)) {
            Some(why) => self.bye(line, now, why),
            None => {
                line.tell(now, Event::Answered { call: self.id });
                self.set_timer(line, now, timer::settled(&head, self.features));
                self.tell_media(line, now);
                self.change_if_wanted(line, now);
            }
        }
    }

    /// Our INVITE failed.
    pub(crate) fn invite_failed(
        &mut self,
        line: &mut Line,
        now: Time,
        request: &Request,
        outcome: Outcome<'_>,
    ) {
        let Phase::Calling(calling) = &mut self.phase else { return };
        if outcome.status() == 422 && calling.giving_up.is_none() && calling.intervals < MAX_INTERVALS {
            let least =
                outcome.response().and_then(|response| dialog::session_timer::min_se(&response.head()));
            if let Some(again) = least.and_then(|least| longer(request, least))
                && let Some(client) = line.send(now, again.clone(), Purpose::Invite(self.id))
            {
                calling.intervals += 1;
                return calling.renewed(client, &again);
            }
        }
        let why = match (calling.giving_up, outcome) {
            (Some(why), _) => why,
            (None, Outcome::Response(response)) => Why::Refused { status: response.status(), by: By::Them },
            (None, Outcome::Silence) => Why::NoAnswer,
            (None, Outcome::Undelivered) => Why::NotSent,
        };
        let reason = outcome.response().and_then(|response| response.header(HeaderId::REASON).map(text));
        self.end(line, now, why, reason);
    }
}

/// What became of a provisional response.
enum Taken {
    Yes,
    /// It came before, or too soon (RFC 3262 §4).
    Not,
    /// Its answer cannot be used.
    Unusable,
}

/// Takes a provisional response in its leg, and acknowledges it where it is reliable.
fn take(line: &mut Line, now: Time, call: CallId, leg: &mut Leg, response: &Message) -> Taken {
    let head = response.head();
    let answer = ims::session_description(head);
    if !head.has_option_tag(HeaderId::REQUIRE, "100rel") {
        if let Some(answer) = answer.filter(|_| leg.session.is_offering()) {
            leg.session.preview(answer);
        }
        return Taken::Yes;
    }
    let rseq = head.header(HeaderId::RSEQ).and_then(|value| rack::parse_rseq(value).ok());
    let (Some(rseq), Ok(cseq)) = (rseq, head.cseq()) else { return Taken::Not };
    if leg.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
        return Taken::Not;
    }
    leg.rseq = Some(rseq);
    let is_usable = answer
        .filter(|_| leg.session.is_offering())
        .is_none_or(|answer| leg.session.answered(answer).is_ok());
    let prack = leg
        .dialog
        .request(Method::Prack)
        .with(HeaderId::RACK, format!("{rseq} {} {}", cseq.number, Method::Invite.as_str()));
    if line.send(now, prack, Purpose::Prack(call)).is_some() {
        leg.pracks += 1;
    }
    if is_usable { Taken::Yes } else { Taken::Unusable }
}

/// A 2xx that nobody waits for any more: another fork, or one that crossed the end of the call (RFC 3261 §13.2.2.4).
pub(crate) fn acknowledge_and_hang_up(line: &mut Line, now: Time, request: &Request, response: &Message) {
    let Some(mut dialog) = Dialog::of_response(request, response) else { return };
    let ack = with_credentials(dialog.ack(request.cseq), request);
    line.send_ack(now, &ack);
    // The first of them is hung up; the ACK is what further ones want.
    let bye = dialog.request(Method::Bye);
    line.send(now, bye, Purpose::Bye);
}

/// The ACK of a 2xx has the credentials of its INVITE (RFC 3261 §22.1).
fn with_credentials(mut ack: Request, invite: &Request) -> Request {
    let is_proof = |id: HeaderId| matches!(id, HeaderId::AUTHORIZATION | HeaderId::PROXY_AUTHORIZATION);
    ack.headers.extend(invite.headers.iter().filter(|(id, _)| is_proof(*id)).cloned());
    ack
}

/// The INVITE again, with a session interval that is not refused (RFC 4028 §7.4).
fn longer(request: &Request, least: u32) -> Option<Request> {
    let asked = request.headers.iter().any(|(id, _)| *id == HeaderId::SESSION_EXPIRES);
    let mut again = request.clone();
    again.cseq += 1;
    again.set(HeaderId::SESSION_EXPIRES, least.to_string());
    again.set(HeaderId::MIN_SE, least.to_string());
    asked.then_some(again)
}

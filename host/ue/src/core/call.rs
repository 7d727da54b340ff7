//! One call (TS 24.229 §5.1.3, §5.1.4; RFC 3261 §12 to §15).
//!
//! ```text
//!   place ──▶ Calling ── 2xx, ACK ──┐                        ┌── BYE, either way ──▶ Over
//!                │ 3xx to 6xx       ├──▶ Up ── re-INVITE ──┤
//!   INVITE ─▶ Invited ── 200 ───────┘       UPDATE          └── session expired ──▶ Over
//!                │ 3xx to 6xx, CANCEL
//!                └──▶ Over
//! ```
//! | file | what |
//! |---|---|
//! | `call/caller.rs` | Calling: provisional responses, PRACK, forks, the 2xx |
//! | `call/callee.rs` | Invited: 183, 180, 200, refusals, CANCEL |
//! | `call/repeat.rs` | responses that go again until their PRACK or ACK (RFC 3262 §3, RFC 3261 §13.3.1.4) |
//! | `call/change.rs`, `call/changed.rs` | re-INVITE and UPDATE, ours and theirs: hold, resources, refreshes |
//! | `call/timer.rs` | RFC 4028: who refreshes the session, and when it is over |
//!
//! In: wishes, messages, alarms. Out: messages and events, by the [`Line`]. Not here: which call a message is for
//! (`calls.rs`), what descriptions say (`session.rs`).

pub(crate) mod callee;
pub(crate) mod caller;
mod change;
mod changed;
mod repeat;
mod timer;

use std::net::SocketAddr;

use bytes::Bytes;
use sip::{Flow, Head, HeaderId, Message, Method};
use transaction::{ClientId, ServerId, Time};

use super::alarms::{Alarm, CallAlarm};
use super::dialog::{Dialog, text};
use super::event::{By, Event, Why};
use super::line::{Line, Purpose};
use super::request::Request;
use super::sdp::Direction;
use super::session::{Media, Session};
use super::{CallFeatures, CallId, WishError};
use callee::Invited;
use caller::Calling;
use change::Change;
use repeat::Repeated;
use timer::Timer;

/// One dialog of a call, early or not, with what was agreed upon in it.
pub(crate) struct Leg {
    dialog: Dialog,
    session: Session,
    /// RSeq of the last reliable response that was taken (RFC 3262 §4).
    rseq: Option<u32>,
    /// PRACKs that are not answered.
    pracks: u32,
}

impl Leg {
    fn new(dialog: Dialog, session: Session) -> Leg {
        Leg { dialog, session, rseq: None, pracks: 0 }
    }
}

/// A call that is up.
pub(crate) struct Up {
    leg: Leg,
    /// Our 200 that waits for its ACK, and the number of its INVITE.
    accepted: Option<(u32, Repeated)>,
    /// Our last ACK, and the number of its INVITE: each 2xx again wants it again (RFC 3261 §13.2.2.4).
    ack: Option<(u32, Flow, Bytes)>,
    /// Hang up as soon as the ACK comes (RFC 3261 §15).
    wants_end: Option<Why>,
}

enum Phase {
    Calling(Calling),
    Invited(Invited),
    Up(Up),
    Over,
}

/// See the top of the file.
pub(crate) struct Call {
    id: CallId,
    /// Its address for media.
    pub(crate) media: SocketAddr,
    features: CallFeatures,
    phase: Phase,
    is_caller: bool,
    /// Whether resources are reserved.
    is_reserved: bool,
    /// Whether our user wants it on hold.
    wants_hold: bool,
    /// A change of ours that is under way.
    change: Option<Change>,
    timer: Option<Timer>,
    told_media: Option<Media>,
    /// Who holds it, as was told: we, they.
    told_hold: (bool, bool),
}

impl Call {
    fn new(line: &Line, (id, media): (CallId, SocketAddr), features: CallFeatures, phase: Phase) -> Call {
        Call {
            id,
            media,
            features,
            is_caller: matches!(phase, Phase::Calling(_)),
            phase,
            is_reserved: line.settings.reservation.is_zero(),
            wants_hold: false,
            change: None,
            timer: None,
            told_media: None,
            told_hold: (false, false),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    fn legs(&self) -> &[Leg] {
        match &self.phase {
            Phase::Calling(calling) => &calling.legs,
            Phase::Invited(invited) => std::slice::from_ref(&invited.leg),
            Phase::Up(up) => std::slice::from_ref(&up.leg),
            Phase::Over => &[],
        }
    }

    fn legs_mut(&mut self) -> &mut [Leg] {
        match &mut self.phase {
            Phase::Calling(calling) => &mut calling.legs,
            Phase::Invited(invited) => std::slice::from_mut(&mut invited.leg),
            Phase::Up(up) => std::slice::from_mut(&mut up.leg),
            Phase::Over => &mut [],
        }
    }

    /// Whether a request of the other side is for this call.
    pub(crate) fn has_request(&self, head: &Head<'_>) -> bool {
        self.legs().iter().any(|leg| leg.dialog.has_request(head))
    }

    /// The leg that a request of ours went out in.
    fn leg_of(&mut self, request: &Request) -> Option<&mut Leg> {
        self.legs_mut().iter_mut().find(|leg| leg.dialog.sent(request))
    }

    /// A request within the call.
    pub(crate) fn handle_request(&mut self, line: &mut Line, now: Time, id: ServerId, request: &Message) {
        let head = request.head();
        let number = head.cseq().map_or(0, |cseq| cseq.number);
        let leg = self.legs_mut().iter_mut().find(|leg| leg.dialog.has_request(&head));
        let Some(leg) = leg else { return line.answer(now, id, request, 481) };
        if !leg.dialog.takes(number) {
            return line.answer(now, id, request, 500);
        }
        match head.method() {
            Method::Bye => self.handle_bye(line, now, id, request),
            Method::Prack => self.handle_prack(line, now, id, request),
            Method::Update => self.handle_update(line, now, id, request),
            Method::Invite => self.handle_reinvite(line, now, id, request),
            _ => line.answer(now, id, request, 405),
        }
    }

    fn handle_bye(&mut self, line: &mut Line, now: Time, id: ServerId, request: &Message) {
        line.answer(now, id, request, 200);
        if let Phase::Invited(invited) = &self.phase {
            invited.answer(line, now, 487);
        }
        let reason = request.header(HeaderId::REASON).map(text);
        // In an early dialog the callee may not send one (RFC 3261 §15); its INVITE still has to end.
        if let Phase::Calling(calling) = &mut self.phase {
            return calling.give_up(line, now, Why::HungUp(By::Them));
        }
        self.end(line, now, Why::HungUp(By::Them), reason);
    }

    /// Hangs up, cancels or refuses, whichever it takes.
    pub(crate) fn hang_up(&mut self, line: &mut Line, now: Time) {
        match &mut self.phase {
            Phase::Calling(calling) => calling.give_up(line, now, Why::Cancelled(By::Us)),
            Phase::Invited(_) => self.refuse(line, now, 603),
            Phase::Up(_) => self.bye(line, now, Why::HungUp(By::Us)),
            Phase::Over => {}
        }
    }

    /// Ends it because of something beside it.
    pub(crate) fn release(&mut self, line: &mut Line, now: Time, why: Why) {
        match &mut self.phase {
            Phase::Calling(calling) => calling.give_up(line, now, why),
            Phase::Invited(invited) => {
                invited.answer(line, now, 480);
                self.end(line, now, why, None);
            }
            Phase::Up(_) => self.bye(line, now, why),
            Phase::Over => {}
        }
    }

    /// BYE, at once or when our 200 is acknowledged. The session is over as soon as it is sent (RFC 3261 §15.1.1).
    fn bye(&mut self, line: &mut Line, now: Time, why: Why) {
        let Phase::Up(up) = &mut self.phase else { return };
        if up.accepted.is_some() {
            up.wants_end = Some(why);
            return;
        }
        let request = up.leg.dialog.request(Method::Bye);
        line.send(now, request, Purpose::Bye);
        self.end(line, now, why, None);
    }

    fn end(&mut self, line: &mut Line, now: Time, why: Why, reason: Option<String>) {
        self.phase = Phase::Over;
        line.alarms.stop_call(self.id);
        line.tell(now, Event::Ended { call: self.id, why, reason });
    }

    /// Our 2xx was acknowledged (RFC 3261 §13.3.1.4); the ACK may bring the answer to our offer.
    pub(crate) fn acknowledged(&mut self, line: &mut Line, now: Time, ack: &Message) {
        let Phase::Up(up) = &mut self.phase else { return };
        let number = ack.head().cseq().map_or(0, |cseq| cseq.number);
        if up.accepted.take_if(|(of, _)| *of == number).is_none() {
            return;
        }
        line.alarms.stop(Alarm::Call(self.id, CallAlarm::Repeat));
        let answer = ims::session_description(ack.head());
        let is_answered = !up.leg.session.is_offering()
            || answer.is_some_and(|answer| up.leg.session.answered(answer).is_ok());
        let why = up.wants_end.take().or((!is_answered).then_some(Why::NoCommonMedia));
        match why {
            Some(why) => self.bye(line, now, why),
            None => {
                self.tell_media(line, now);
                self.change_if_wanted(line, now);
            }
        }
    }

    /// Tells where media go, if that is news; and who holds the call.
    fn tell_media(&mut self, line: &mut Line, now: Time) {
        let is_up = matches!(self.phase, Phase::Up(_));
        let Some((media, said)) =
            self.legs().iter().rev().find_map(|leg| Some((leg.session.media()?, leg.session.direction())))
        else {
            return;
        };
        let call = self.id;
        if self.told_media.replace(media) != Some(media) {
            line.tell(now, Event::Media { call, media });
        }
        if !is_up {
            return;
        }
        let hold = (self.wants_hold && !said.receives(), !media.direction.sends());
        let before = std::mem::replace(&mut self.told_hold, hold);
        for (was, is, by) in [(before.0, hold.0, By::Us), (before.1, hold.1, By::Them)] {
            match (was, is) {
                (false, true) => line.tell(now, Event::Held { call, by }),
                (true, false) => line.tell(now, Event::Resumed { call, by }),
                _ => {}
            }
        }
    }

    /// What we want of media.
    fn wanted_direction(&self) -> Direction {
        if self.wants_hold { Direction::SendOnly } else { Direction::SendRecv }
    }

    /// Puts it on hold, or takes it from there.
    pub(crate) fn hold(&mut self, line: &mut Line, now: Time, hold: bool) -> Result<(), WishError> {
        if !matches!(self.phase, Phase::Up(_)) {
            return Err(WishError::NotNow);
        }
        self.wants_hold = hold;
        self.change_if_wanted(line, now);
        Ok(())
    }

    pub(crate) fn renewed(&mut self, purpose: Purpose, client: ClientId, request: &Request) {
        if let (Purpose::Invite(_), Phase::Calling(calling)) = (purpose, &mut self.phase) {
            calling.renewed(client, request);
        } else if let Some(leg) = self.leg_of(request) {
            leg.dialog.counted(request.cseq);
        }
    }

    pub(crate) fn handle_alarm(&mut self, line: &mut Line, now: Time, alarm: CallAlarm) {
        match (alarm, &mut self.phase) {
            (CallAlarm::Answer, Phase::Calling(calling)) => calling.give_up(line, now, Why::Unanswered),
            (CallAlarm::Answer, Phase::Up(_)) => self.bye(line, now, Why::NoAnswer),
            (CallAlarm::Ring, Phase::Invited(invited)) => {
                invited.answer(line, now, 480);
                self.end(line, now, Why::Unanswered, None);
            }
            (CallAlarm::Reserve, _) => self.reserved(line, now),
            (CallAlarm::Repeat, _) => self.repeat(line, now),
            (CallAlarm::Retry, Phase::Calling(_)) => self.offer_resources(line, now),
            (CallAlarm::Retry, _) => self.change_if_wanted(line, now),
            (CallAlarm::Refresh, _) => self.refresh(line, now),
            (CallAlarm::Expire, _) => self.bye(line, now, Why::Expired),
            (CallAlarm::Answer | CallAlarm::Ring, _) => {}
        }
    }

    /// Resources are there by now.
    fn reserved(&mut self, line: &mut Line, now: Time) {
        self.is_reserved = true;
        match &mut self.phase {
            Phase::Calling(_) => self.offer_resources(line, now),
            Phase::Invited(invited) => {
                invited.leg.session.reserve();
                self.advance(line, now);
            }
            Phase::Up(_) | Phase::Over => {}
        }
    }

    fn alarm(&self, alarm: CallAlarm) -> Alarm {
        Alarm::Call(self.id, alarm)
    }
}

//! Changes that we make to a call that is up: hold, resume, refreshes (RFC 3261 §14.1; RFC 3264 §8.4; RFC 3311 §5.1;
//! RFC 4028 §7.4).
//!
//! ```text
//!   what our user wants differs from what we said last ──▶ re-INVITE ── 2xx ── ACK
//!                                                            │ 491: again, after a while
//!                                                            └ anything else: as before
//!   the session wants a refresh ──▶ UPDATE
//! ```
//! One change at a time; a wish that comes meanwhile is looked at when it is over. In: wishes, responses, alarms. Out:
//! re-INVITE, UPDATE, ACK. What the other side changes is `changed.rs`.

use std::time::Duration;

use sip::{HeaderId, Method, Refresher};
use transaction::Time;

use crate::core::alarms::CallAlarm;
use crate::core::call::caller::supported;
use crate::core::call::{Call, Phase, timer};
use crate::core::event::{Event, Why};
use crate::core::line::{ALLOW, Line, Outcome, Purpose};
use crate::core::request::Request;
use crate::core::sdp;

/// A refresh waits so long for another change.
const AFTER_A_CHANGE: Duration = Duration::from_secs(5);

/// A change of ours that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// re-INVITE with an offer.
    Reinvite,
    /// UPDATE without one.
    Refresh,
}

impl Call {
    /// Begins a change where what we want is not what we said, and nothing else is under way.
    pub(super) fn change_if_wanted(&mut self, line: &mut Line, now: Time) {
        let (wanted, features, id) = (self.wanted_direction(), self.features, self.id);
        let answer = self.alarm(CallAlarm::Answer);
        let Phase::Up(up) = &mut self.phase else { return };
        // The other side may hold the call: what counts is whether we ask to receive.
        let said = up.leg.session.direction();
        let is_wanted = said.receives() != wanted.receives();
        if !is_wanted || self.change.is_some() || up.accepted.is_some() || up.leg.session.is_offering() {
            return;
        }
        let offer = up.leg.session.offer(wanted, None);
        let request = up
            .leg
            .dialog
            .request(Method::Invite)
            .with(HeaderId::CONTACT, line.contact())
            .with(HeaderId::ALLOW, ALLOW)
            .with_body(sdp::CONTENT_TYPE, offer);
        let request = match supported(features) {
            tags if tags.is_empty() => request,
            tags => request.with(HeaderId::SUPPORTED, tags),
        };
        let request = self.asking_for_timer(request);
        let Phase::Up(up) = &mut self.phase else { return };
        match line.send(now, request, Purpose::Reinvite(id)) {
            Some(_) => {
                self.change = Some(Change::Reinvite);
                line.alarms.set(answer, now + line.settings.answer_within);
            }
            None => up.leg.session.withdraw(),
        }
    }

    /// A refresh says again what was settled, and who does it (RFC 4028 §7.4).
    fn asking_for_timer(&self, request: Request) -> Request {
        let Some(timer) = self.timer else { return request };
        let refresher = if timer.is_ours { Refresher::Uac } else { Refresher::Uas };
        timer::ask(request, Some(timer.interval), Some(refresher))
    }

    /// [`CallAlarm::Refresh`]
    pub(super) fn refresh(&mut self, line: &mut Line, now: Time) {
        let contact = line.contact();
        if self.change.is_some() {
            // A re-INVITE that succeeds is a refresh as well.
            return line.alarms.set(self.alarm(CallAlarm::Refresh), now + AFTER_A_CHANGE);
        }
        let Phase::Up(up) = &mut self.phase else { return };
        let request = up
            .leg
            .dialog
            .request(Method::Update)
            .with(HeaderId::CONTACT, contact)
            .with(HeaderId::SUPPORTED, "timer");
        let request = self.asking_for_timer(request);
        if line.send(now, request, Purpose::Update(self.id)).is_some() {
            self.change = Some(Change::Refresh);
        }
    }

    /// Our re-INVITE came to its end, or its 2xx came again.
    pub(crate) fn reinvite_answered(&mut self, line: &mut Line, now: Time, outcome: Outcome<'_>) {
        let Phase::Up(up) = &mut self.phase else { return };
        let status = outcome.status();
        if let (Some(response), 200..=299) = (outcome.response(), status) {
            let head = response.head();
            let cseq = head.cseq().map_or(0, |cseq| cseq.number);
            if let Some((acknowledged, flow, bytes)) = &up.ack
                && *acknowledged == cseq
            {
                return line.send_again(now, *flow, bytes.clone());
            }
            if self.change != Some(Change::Reinvite) {
                // One of a change that was over before the last.
                return;
            }
            up.leg.dialog.refresh_target(&head);
            let (flow, bytes) = line.send_ack(now, &up.leg.dialog.ack(cseq));
            up.ack = Some((cseq, flow, bytes));
            let answer = ims::session_description(head);
            let is_answered = answer.is_some_and(|answer| up.leg.session.answered(answer).is_ok());
            self.change_is_over(line);
            if !is_answered {
                return self.bye(line, now, Why::NoCommonMedia);
            }
            self.set_timer(line, now, timer::settled(&head, self.features));
            self.tell_media(line, now);
            return self.change_if_wanted(line, now);
        }
        up.leg.session.withdraw();
        self.change_refused(line, now, status);
    }

    /// Our UPDATE came to its end.
    pub(crate) fn update_answered(
        &mut self,
        line: &mut Line,
        now: Time,
        request: &Request,
        outcome: Outcome<'_>,
    ) {
        let (status, is_calling) = (outcome.status(), matches!(self.phase, Phase::Calling(_)));
        let Some(leg) = self.leg_of(request) else { return };
        let success = outcome.response().filter(|_| (200..300).contains(&status));
        let Some(response) = success else {
            leg.session.withdraw();
            return match is_calling {
                true => self.resources_refused(line, now, status),
                false => self.change_refused(line, now, status),
            };
        };
        let head = response.head();
        leg.dialog.refresh_target(&head);
        let answer = ims::session_description(head);
        let is_answered =
            !leg.session.is_offering() || answer.is_some_and(|answer| leg.session.answered(answer).is_ok());
        if !is_calling {
            self.change_is_over(line);
        }
        if !is_answered {
            return self.release(line, now, Why::NoCommonMedia);
        }
        if !is_calling {
            self.set_timer(line, now, timer::settled(&head, self.features));
        }
        self.tell_media(line, now);
        self.change_if_wanted(line, now);
    }

    /// The callee does not take our UPDATE before it answered (RFC 3311 §5.3).
    fn resources_refused(&mut self, line: &mut Line, now: Time, status: u16) {
        match status {
            491 | 500 => {
                let wait = line.luck.between(Duration::from_millis(2_100), Duration::from_secs(4));
                line.alarms.set(self.alarm(CallAlarm::Retry), now + wait);
            }
            _ => {
                line.tell(now, Event::ChangeRefused { call: self.id, status });
                self.release(line, now, Why::NoAnswer);
            }
        }
    }

    fn change_is_over(&mut self, line: &mut Line) {
        self.change = None;
        line.alarms.stop(self.alarm(CallAlarm::Answer));
    }

    /// RFC 3261 §14.1, §12.2.1.2.
    fn change_refused(&mut self, line: &mut Line, now: Time, status: u16) {
        let change = self.change;
        self.change_is_over(line);
        match status {
            // Both sides changed it at once: who placed the call waits longer.
            491 => {
                let (low, high) = if self.is_caller { (2_100, 4_000) } else { (0, 2_000) };
                let wait = line.luck.between(Duration::from_millis(low), Duration::from_millis(high));
                let is_refresh = change == Some(Change::Refresh);
                let again = if is_refresh { CallAlarm::Refresh } else { CallAlarm::Retry };
                line.alarms.set(self.alarm(again), now + wait);
            }
            408 | 481 => self.bye(line, now, Why::NoAnswer),
            _ => {
                let said = self.legs().first().map(|leg| leg.session.direction());
                self.wants_hold = said.is_some_and(|said| !said.receives());
                line.tell(now, Event::ChangeRefused { call: self.id, status });
            }
        }
    }
}

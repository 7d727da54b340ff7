//! A script, step by step.
//!
//! In: a phone and a script. Out: a [`Report`], or the step that failed and why. While a step waits, the phone lives
//! and standing orders are followed.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use transaction::Time;

use super::phone::UePhone;
use super::report::Report;
use super::script::{Awaited, Instruction, Script};
use crate::bounds::MAX_REPORTED;
use crate::core::{CallId, Event, MessageId, Why, WishError};

/// How often what makes no event, such as packets, is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long `hang up` waits until the call is over: a BYE may have to wait for an ACK, a CANCEL has its 487.
const HANG_UP_WITHIN: Duration = Duration::from_secs(10);

/// How long the phone still answers when its script is over.
const FAREWELL: Duration = Duration::from_millis(100);

/// A step failed.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct RunError {
    /// The line of the step.
    pub line: usize,
    /// Why.
    pub why: Unmet,
    /// What happened until then.
    pub report: Box<Report>,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// It did not come within the time.
    #[error("not {what} within {} ms", within.as_millis())]
    NotSeen {
        /// What.
        what: Awaited,
        /// The time.
        within: Duration,
    },
    /// Another status came than was expected.
    #[error("expected {expected}, and got {got}")]
    Status {
        /// What was expected.
        expected: u16,
        /// What came; 408 where nothing did.
        got: u16,
    },
    /// The phone could not even begin.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// There is no call that the step could be about.
    #[error("there is no call")]
    NoCall,
    /// The call ended too soon.
    #[error("the call is over: {0}")]
    Over(Why),
}

/// What is to be done with calls that come.
#[derive(Clone, Copy)]
enum Order {
    Answer(Duration),
    Refuse(u16, Duration),
}

/// An order for one call, and when it is due.
struct Due {
    at: Instant,
    call: CallId,
    order: Order,
}

struct Runner<'a> {
    phone: &'a mut UePhone,
    report: Report,
    told: &'a mut (dyn FnMut(Time, &Event) + Send),
    /// Events that nobody waited for yet.
    unseen: Vec<Event>,
    /// The call that steps are about: the last that was placed or came.
    call: Option<CallId>,
    order: Option<Order>,
    /// Calls that came and have neither answer nor refusal; whether they ring.
    waiting: Vec<(CallId, bool)>,
    due: Vec<Due>,
}

/// Runs a script with a phone. It ends with its last step; calls that are up stay so. What happens is told at once, with the
/// phone's time, for who does not want to wait for the report.
///
/// # Errors
/// The first step that failed.
pub async fn run_script(
    phone: &mut UePhone,
    script: &Script,
    told: &mut (dyn FnMut(Time, &Event) + Send),
) -> Result<Report, RunError> {
    let call = phone.ue().calls().last().copied();
    let mut runner = Runner {
        phone,
        report: Report::default(),
        told,
        unseen: Vec::new(),
        call,
        order: None,
        waiting: Vec::new(),
        due: Vec::new(),
    };
    for step in &script.steps {
        let done = runner.step(&step.instruction).await;
        runner.report.media = runner.phone.media_reports();
        if let Err(why) = done {
            return Err(RunError { line: step.line, why, report: Box::new(runner.report) });
        }
        runner.report.steps += 1;
    }
    // What was heard last is answered too.
    runner.until(FAREWELL, |_| None::<()>).await;
    Ok(runner.report)
}

impl Runner<'_> {
    async fn step(&mut self, instruction: &Instruction) -> Result<(), Unmet> {
        match instruction {
            Instruction::Register => self.phone.wish(|ue, now| ue.register(now))?,
            Instruction::Deregister => self.phone.wish(|ue, now| ue.deregister(now))?,
            Instruction::Call { to, features, expect } => {
                let call = self.phone.wish(|ue, now| match features {
                    Some(features) => ue.call_with(now, to, *features),
                    None => ue.call(now, to),
                })?;
                self.call = Some(call);
                if let Some(expected) = *expect {
                    let got =
                        self.until(Instruction::ANSWER_WITHIN, |runner| runner.final_status(call)).await;
                    return compare(expected, got);
                }
            }
            Instruction::Answer { after } => self.stand(Some(Order::Answer(*after))),
            Instruction::Refuse { status, after } => self.stand(Some(Order::Refuse(*status, *after))),
            Instruction::LetRing => self.stand(None),
            Instruction::Hold => self.with_call(|ue, now, call| ue.hold(now, call))?,
            Instruction::Resume => self.with_call(|ue, now, call| ue.resume(now, call))?,
            Instruction::HangUp => {
                self.with_call(|ue, now, call| ue.hang_up(now, call))?;
                let call = self.call;
                self.until(HANG_UP_WITHIN, |runner| {
                    let calls = runner.phone.ue().calls();
                    call.is_none_or(|call| !calls.contains(&call)).then_some(())
                })
                .await;
            }
            Instruction::Message { page, expect } => {
                let message = self.phone.wish(|ue, now| ue.message(now, page.clone()))?;
                if let Some(expected) = *expect {
                    let got =
                        self.until(Instruction::ANSWER_WITHIN, |runner| runner.answer_to(message)).await;
                    return compare(expected, got);
                }
            }
            Instruction::Wait { what, within } => {
                let seen = self.until(*within, |runner| runner.sees(what)).await;
                return seen.ok_or_else(|| Unmet::NotSeen { what: what.clone(), within: *within });
            }
            Instruction::Talk(time) => {
                let call = self.call.ok_or(Unmet::NoCall)?;
                let over = self.until(*time, |runner| runner.end_of(call)).await;
                return over.map_or(Ok(()), |why| Err(Unmet::Over(why)));
            }
            Instruction::Pause(time) => {
                let _: Option<()> = self.until(*time, |_| None).await;
            }
        }
        Ok(())
    }

    fn with_call(
        &mut self,
        wish: impl FnOnce(&mut crate::Ue, Time, CallId) -> Result<(), WishError>,
    ) -> Result<(), Unmet> {
        let call = self.call.ok_or(Unmet::NoCall)?;
        Ok(self.phone.wish(|ue, now| wish(ue, now, call))?)
    }

    /// Lives until there is a result or the time is over.
    async fn until<T>(
        &mut self,
        within: Duration,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + within;
        loop {
            if let Some(result) = look(self) {
                return Some(result);
            }
            if Instant::now() >= end {
                return None;
            }
            let next_order = self.due.iter().map(|due| due.at).min();
            let wake = [Some(end), Some(Instant::now() + LOOK), next_order].into_iter().flatten().min();
            let event = timeout_at(wake.unwrap_or(end), self.phone.next_event()).await;
            if let Ok((at, event)) = event {
                self.take(at, event);
            }
            self.follow_orders();
        }
    }

    fn take(&mut self, at: Time, event: Event) {
        match &event {
            Event::Incoming { call, .. } => {
                self.call = Some(*call);
                self.waiting.push((*call, false));
                self.plan();
            }
            Event::Ringing { call } => {
                for (waiting, rings) in &mut self.waiting {
                    *rings |= *waiting == *call;
                }
                self.plan();
            }
            Event::Answered { call } | Event::Ended { call, .. } => {
                self.waiting.retain(|(waiting, _)| waiting != call);
                self.due.retain(|due| due.call != *call);
            }
            _ => {}
        }
        if !matches!(event, Event::Sent(_) | Event::Heard(_)) && self.unseen.len() < MAX_REPORTED {
            self.unseen.push(event.clone());
        }
        (self.told)(at, &event);
        self.report.add(at, event);
    }

    fn stand(&mut self, order: Option<Order>) {
        self.order = order;
        self.due.clear();
        self.plan();
        self.follow_orders();
    }

    /// Plans what the standing order says of each call: it is refused from when it came, answered from when it rings.
    fn plan(&mut self) {
        let Some(order) = self.order else { return };
        for (call, rings) in &self.waiting {
            let after = match order {
                Order::Answer(after) if *rings => after,
                Order::Refuse(_, after) => after,
                Order::Answer(_) => continue,
            };
            if !self.due.iter().any(|due| due.call == *call) {
                self.due.push(Due { at: Instant::now() + after, call: *call, order });
            }
        }
    }

    fn follow_orders(&mut self) {
        let now = Instant::now();
        while let Some(place) = self.due.iter().position(|due| due.at <= now) {
            let Due { call, order, .. } = self.due.swap_remove(place);
            self.waiting.retain(|(waiting, _)| *waiting != call);
            // A call that ended meanwhile is told by its own event.
            let _ = self.phone.wish(|ue, now| match order {
                Order::Answer(_) => ue.answer(now, call),
                Order::Refuse(status, _) => ue.refuse(now, call, status),
            });
        }
    }

    /// Takes out the first event of which this says something.
    fn find<T>(&mut self, mut see: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let (place, found) =
            self.unseen.iter().enumerate().find_map(|(place, event)| Some((place, see(event)?)))?;
        self.unseen.remove(place);
        Some(found)
    }

    fn sees(&mut self, what: &Awaited) -> Option<()> {
        let is_registered = self.phone.ue().is_registered();
        let call = self.call;
        match what {
            Awaited::Registered => return is_registered.then_some(()),
            Awaited::Deregistered => return (!is_registered).then_some(()),
            Awaited::Packets(count) => {
                let report = call.and_then(|call| self.phone.media_report(call));
                return report.filter(|report| report.received >= *count).map(drop);
            }
            _ => {}
        }
        self.find(|event| {
            let is_it = match (what, event) {
                (Awaited::Refused, Event::RegistrationFailed { .. })
                | (Awaited::Subscribed, Event::Subscribed { .. })
                | (Awaited::Incoming, Event::Incoming { .. })
                | (Awaited::Message(None), Event::Message { .. }) => true,
                (Awaited::Message(Some(text)), Event::Message { body, .. }) => body == text.as_bytes(),
                (Awaited::Ringing, Event::Ringing { call: of })
                | (Awaited::Answered, Event::Answered { call: of })
                | (Awaited::Held, Event::Held { call: of, .. })
                | (Awaited::Resumed, Event::Resumed { call: of, .. })
                | (Awaited::Ended, Event::Ended { call: of, .. }) => Some(*of) == call,
                _ => false,
            };
            is_it.then_some(())
        })
    }

    fn final_status(&mut self, call: CallId) -> Option<u16> {
        self.find(|event| match event {
            Event::Answered { call: of } if *of == call => Some(200),
            Event::Ended { call: of, why, .. } if *of == call => Some(match why {
                Why::Refused { status, .. } => *status,
                Why::Cancelled(_) | Why::Unanswered => 487,
                Why::NotSent => 503,
                Why::NoCommonMedia => 488,
                _ => 408,
            }),
            _ => None,
        })
    }

    fn answer_to(&mut self, message: MessageId) -> Option<u16> {
        self.find(|event| match event {
            Event::MessageAnswered { message: of, status } if *of == message => Some(*status),
            _ => None,
        })
    }

    fn end_of(&mut self, call: CallId) -> Option<Why> {
        self.find(|event| match event {
            Event::Ended { call: of, why, .. } if *of == call => Some(*why),
            _ => None,
        })
    }
}

fn compare(expected: u16, got: Option<u16>) -> Result<(), Unmet> {
    let got = got.unwrap_or(408);
    if got == expected { Ok(()) } else { Err(Unmet::Status { expected, got }) }
}

//! One call of a hook, from checkout to checkin.
//!
//! In: what a script is asked ([`Ask`]). Out: [`Consulted`]: a decision as a value of `node` with its effects, or why there
//! is none. The future is polled by whoever owns the message, on any executor; its
//! first poll usually ends it, for imports do not wait. A guest that runs on is yielded and polled again by its waker.
//!
//! ```text
//!  checkout ─▶ guest runs ─▶ returned ─▶ convert ─▶ Ok(decision), effects         ▶ checkin
//!      │           │            │           └─────▶ Err(Invalid)                  ▶ checkin
//!      │           │            └ fault ──────────▶ Err(Fault)                    ▶ checkin
//!      │           ├ trap ────────────────────────▶ Err(Trap)                     ▶ thrown away
//!      │           ├ time is up ──────────────────▶ Err(Deadline)                 ▶ thrown away
//!      │           └ future dropped                                               ▶ thrown away
//!      └ no guest free ───────────────────────────▶ Err(Busy)
//! ```

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use node::{ConsultError, Decision, Hook, ReplyDecision};

use crate::ask::{Ask, Event, Subject};
use crate::context::{ConsultContext, Effects};
use crate::convert;
use crate::guest::{Begun, Ended, Guest, Returned};
use crate::load::block_on;
use crate::plugin::Plugin;
use crate::stats::{DecisionKind, Stats};
use crate::tape::Ear;

/// What a hook decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A request or failure hook.
    Decision(Decision),
    /// A reply hook.
    Reply(ReplyDecision),
    /// A timer, an event, or a call of another version was taken.
    Done,
}

impl Outcome {
    /// The status of the answer that the script decided, if it did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Decision(Decision::Reply(reply)) | Outcome::Reply(ReplyDecision::Replace(reply)) => {
                Some(reply.status)
            }
            Outcome::Decision(_) | Outcome::Reply(_) | Outcome::Done => None,
        }
    }
}

/// The script's own error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The script's number for it.
    pub code: u16,
    /// One line of at most 256 bytes.
    pub reason: Box<str>,
}

/// What came of a call.
#[derive(Debug)]
pub struct Consulted {
    /// The decision, or why there is none.
    pub result: Result<Outcome, ConsultError>,
    /// What is to happen with the decision; empty where there is none.
    pub effects: Effects,
    /// With [`ConsultError::Fault`], if it was a hook's: the script's own words.
    pub fault: Option<Fault>,
    /// With [`ConsultError::Trap`], which kind; with [`ConsultError::Invalid`], what breaks the contract.
    pub why: Option<Box<str>>,
    /// How long the guest had the thread.
    pub cpu: Duration,
    /// Fuel that the guest used, where the engine counts it ([`crate::EngineConfig::fuel`]).
    pub fuel: Option<u64>,
}

impl Consulted {
    /// The same without what the machine staged: to be told of, not to be carried out.
    #[must_use]
    pub fn told(&self) -> Consulted {
        let Effects { variables, dialog_variables, provisionals, staged: _, sends, to_tag } = &self.effects;
        Consulted {
            result: self.result.clone(),
            effects: Effects {
                variables: variables.clone(),
                dialog_variables: dialog_variables.clone(),
                provisionals: provisionals.clone(),
                staged: Vec::new(),
                sends: sends.clone(),
                to_tag: to_tag.clone(),
            },
            fault: self.fault.clone(),
            why: self.why.clone(),
            cpu: self.cpu,
            fuel: self.fuel,
        }
    }
}

/// A call under way. Dropping it ends the call; its guest is thrown away then.
#[must_use = "nothing happens until it is polled"]
pub struct Consultation(Pin<Box<dyn Future<Output = Consulted> + Send>>);

impl Consultation {
    /// Waits on this thread until the call has ended. For a thread that carries no calls.
    #[must_use]
    pub fn wait(self) -> Consulted {
        block_on(self)
    }
}

impl Future for Consultation {
    type Output = Consulted;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Consulted> {
        self.0.as_mut().poll(context)
    }
}

impl Plugin {
    /// Asks the script about a message. Where it is not asked ([`Plugin::asks`]) the answer is `Next` or `Pass` without
    /// edits. For [`Hook::Reply`] and [`Hook::Failure`] the message is the response.
    pub fn consult(
        self: &Arc<Self>,
        hook: Hook,
        message: Arc<sip::Message>,
        context: ConsultContext,
    ) -> Consultation {
        self.call(Ask::Message { hook, message, context }, Ear::Nobody)
    }

    /// Tells the script that a timer it started has fired.
    pub fn timer_fired(self: &Arc<Self>, token: String) -> Consultation {
        self.call(Ask::Timer(token), Ear::Nobody)
    }

    /// Tells the script about an event.
    pub fn happened(self: &Arc<Self>, event: Event) -> Consultation {
        self.call(Ask::Event(event), Ear::Nobody)
    }

    /// Tells the script of the final response to a request of its own.
    pub fn answered(self: &Arc<Self>, token: String, response: Arc<sip::Message>) -> Consultation {
        self.call(Ask::Answer { token, response }, Ear::Nobody)
    }

    /// Asks the script, and lets somebody listen. Where it has no such hook the answer is its default. What is played
    /// ([`Ear::Play`]) moves none of the counters of [`Plugin::stats`], and its effects must not be carried out.
    pub fn call(self: &Arc<Self>, ask: Ask, ear: Ear) -> Consultation {
        Consultation(match self.has_a_hook_for(&ask) {
            true => Box::pin(run(self.clone(), ask, ear)),
            false => Box::pin(std::future::ready(Consulted {
                result: Ok(ask.default_outcome()),
                effects: Effects::default(),
                fault: None,
                why: None,
                cpu: Duration::ZERO,
                fuel: None,
            })),
        })
    }
}

/// No `async fn`: that would keep what it is given twice, and a call is made and moved with every message.
#[allow(clippy::manual_async_fn, reason = "its future is smaller")]
fn run(plugin: Arc<Plugin>, ask: Ask, ear: Ear) -> impl Future<Output = Consulted> + Send {
    async move {
        let to = Reports { plugin: &plugin, is_played: matches!(ear, Ear::Play(_)) };
        let mut under_way = UnderWay::begin(to.stats());
        let subject = Subject::of(&ask);
        let consulted = match plugin.checkout(to.stats()).await {
            Ok(mut guest) => {
                let begun = guest.begin(ask, ear);
                call(to, guest, begun, subject).await
            }
            Err(error) => {
                to.log("no guest could be had", &error, &subject);
                failed(error, Spent::default())
            }
        };
        under_way.end();
        consulted
    }
}

#[allow(clippy::manual_async_fn, reason = "its future is smaller")]
fn call<'a>(
    to: Reports<'a>,
    mut guest: Box<Guest>,
    begun: Begun,
    subject: Subject,
) -> impl Future<Output = Consulted> + Send + 'a {
    async move {
        let returned = guest.call(begun).await;
        let spent = Spent { cpu: guest.spent(), fuel: guest.fuel() };
        to.stats().spent(spent.cpu);
        if let Subject::Message(hook, _) = &subject {
            to.stats().took(*hook, guest.lasted());
        }
        let returned = match returned {
            Ok(returned) => returned,
            Err(ended) => {
                let (_, dropped) = guest.end();
                to.stats().log_lines_dropped(dropped);
                let error = to.stats().ended(ended);
                to.log("a call of the script ended badly, its guest is thrown away", &ended, &subject);
                let kind = match ended {
                    Ended::Trap(kind) => Some(kind.name().into()),
                    Ended::Deadline => None,
                };
                return Consulted { why: kind, ..failed(error, spent) };
            }
        };
        let done = Ok((Outcome::Done, DecisionKind::Done));
        let (result, fault) = match (returned, &subject) {
            (Returned::Decision(Ok(decision)), Subject::Message(hook, message)) => {
                (convert::decision(decision, message, *hook, guest.hosted()), None)
            }
            (Returned::Reply(Ok(decision)), Subject::Message(_, message)) => {
                (convert::reply_decision(decision, message), None)
            }
            (Returned::Variables(Ok(variables)), _) => (convert::adopted(variables, guest.hosted()), None),
            (
                Returned::Decision(Err(fault))
                | Returned::Reply(Err(fault))
                | Returned::Variables(Err(fault)),
                _,
            ) => (done, Some(convert::fault(fault))),
            // A timer or an event; a hook with a message always returns a decision.
            (Returned::Done | Returned::Decision(Ok(_)) | Returned::Reply(Ok(_)), _) => (done, None),
        };
        let (effects, dropped) = guest.end();
        to.stats().log_lines_dropped(dropped);
        to.plugin.checkin(guest);
        match (result, fault) {
            (_, Some(fault)) => {
                to.stats().faulted();
                to.log(
                    "the script returned a fault",
                    &format_args!("{} {}", fault.code, fault.reason),
                    &subject,
                );
                Consulted { fault: Some(fault), ..failed(ConsultError::Fault, spent) }
            }
            (Ok((outcome, kind)), None) => {
                to.stats().decided(kind);
                if outcome.status().is_some_and(|status| (500..600).contains(&status)) {
                    to.stats().server_failure();
                }
                let Spent { cpu, fuel } = spent;
                Consulted { result: Ok(outcome), effects, fault: None, why: None, cpu, fuel }
            }
            (Err(violation), None) => {
                to.stats().invalid();
                to.log("a decision of the script breaks the contract", &violation, &subject);
                let why = Some(violation.to_string().into());
                Consulted { why, ..failed(ConsultError::Invalid, spent) }
            }
        }
    }
}

/// What a call cost.
#[derive(Clone, Copy, Default)]
struct Spent {
    cpu: Duration,
    fuel: Option<u64>,
}

fn failed(error: ConsultError, spent: Spent) -> Consulted {
    let Spent { cpu, fuel } = spent;
    Consulted { result: Err(error), effects: Effects::default(), fault: None, why: None, cpu, fuel }
}

/// Where it is told how a call went.
#[derive(Clone, Copy)]
struct Reports<'a> {
    plugin: &'a Plugin,
    /// It moves no counter of its version, and writes no line into the log.
    is_played: bool,
}

impl<'a> Reports<'a> {
    fn stats(self) -> &'a Stats {
        if self.is_played { &self.plugin.played } else { &self.plugin.stats }
    }

    fn log(&self, what: &'static str, why: &dyn Display, about: &Subject) {
        if !self.is_played
            && let Some(held_back) = self.plugin.gate.pass()
        {
            let identity = self.plugin.identity();
            let call_id = String::from_utf8_lossy(about.call_id());
            tracing::warn!(
                role = &*identity.role,
                plugin = &*identity.name,
                version = &*identity.version,
                number = identity.number,
                %why,
                %call_id,
                held_back,
                "{what}"
            );
        }
    }
}

/// Counts a call whose future is dropped before it ends.
struct UnderWay<'a> {
    stats: &'a Stats,
    ended: bool,
}

impl UnderWay<'_> {
    fn begin(stats: &Stats) -> UnderWay<'_> {
        stats.called();
        UnderWay { stats, ended: false }
    }

    fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.stats.abandoned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_size<F>(_: impl Fn(Arc<Plugin>, Ask, Ear) -> F) -> usize {
        size_of::<F>()
    }

    /// It is made and moved with every call of a script.
    #[test]
    fn a_call_is_small() {
        let size = future_size(run);
        assert!(size <= 1536, "{size} bytes");
    }
}

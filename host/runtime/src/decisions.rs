//! Decisions of scripts as lines of the trace, between the messages before and after them.
//!
//! In: calls of scripts that have ended. Out: what was decided in short, by whom, in which time and why, in the
//! [`Trace`]. Nothing here is made where nothing is traced.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use node::{ConsultError, Decision, Relay, ReplyDecision};
use plugin::{Ask, Consulted, Outcome, Plugin, Question};
use trace::Trace;

use crate::audience::{Heard, Listener};

/// Writes them.
pub(crate) struct Decisions {
    trace: Arc<Trace>,
}

impl Decisions {
    pub(crate) fn new(trace: Arc<Trace>) -> Decisions {
        Decisions { trace }
    }
}

impl Listener for Decisions {
    fn wants(&self, version: &Plugin, ask: &Ask) -> bool {
        version.has_a_hook_for(ask)
    }

    fn heard(&self, call: &Arc<Heard>) {
        let identity = call.version.identity();
        let decision = trace::Decision {
            hook: call.ask.hook_name().into(),
            about: call.message().map(trace::name_of).unwrap_or_default(),
            plugin: identity.name.to_string(),
            version: identity.version.to_string(),
            number: identity.number,
            cpu_us: micros(call.consulted.cpu),
            wall_us: micros(call.lasted),
            reason: reason(call),
            failed: call.consulted.result.is_err(),
        };
        self.trace.decided(of_call(call), label(&call.consulted), decision);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn of_call(call: &Heard) -> String {
    let named = call.ask.call().map(str::to_owned);
    named.or_else(|| call.message().map(trace::call_of)).unwrap_or_default()
}

/// What was decided, in short.
fn label(consulted: &Consulted) -> String {
    match &consulted.result {
        Ok(Outcome::Decision(Decision::Relay(relay))) => relayed(relay),
        Ok(Outcome::Decision(Decision::Reply(reply))) => format!("reply {}", reply.status),
        Ok(Outcome::Decision(Decision::Challenge(challenge))) => {
            format!("challenge {}", if challenge.proxy { 407 } else { 401 })
        }
        Ok(Outcome::Decision(Decision::Next(_))) => "next".into(),
        Ok(Outcome::Decision(Decision::Drop) | Outcome::Reply(ReplyDecision::Drop)) => "drop".into(),
        Ok(Outcome::Reply(ReplyDecision::Pass(_))) => "pass".into(),
        Ok(Outcome::Reply(ReplyDecision::Replace(reply))) => format!("replace by {}", reply.status),
        Ok(Outcome::Done) => "done".into(),
        Err(error) => failed(*error, consulted),
    }
}

fn relayed(relay: &Relay) -> String {
    match relay.targets.len() {
        0 if !relay.targets_named => "relay".into(),
        1 => "relay 1 target".into(),
        number => format!("relay {number} targets"),
    }
}

fn failed(error: ConsultError, consulted: &Consulted) -> String {
    let mut label = match error {
        ConsultError::Fault => "fault",
        ConsultError::Trap => "trap",
        ConsultError::Deadline => "deadline",
        ConsultError::Invalid => "invalid",
        ConsultError::Busy => "busy",
        ConsultError::NoPlugin => "no plugin",
        ConsultError::Store => "not stored",
    }
    .to_owned();
    if let Some(fault) = &consulted.fault {
        let _ = write!(label, " {}", fault.code);
    } else if let (ConsultError::Trap, Some(kind)) = (error, &consulted.why) {
        let _ = write!(label, " {kind}");
    }
    label
}

/// Why, as far as anybody says: the fault's words or what breaks the contract; else the last line that the script wrote
/// into the log in this call; else the reason phrase of its answer.
fn reason(call: &Heard) -> String {
    let consulted = &call.consulted;
    let said = match (&consulted.result, &consulted.fault) {
        (_, Some(fault)) => Some(fault.reason.to_string()),
        (Err(ConsultError::Invalid), _) => consulted.why.as_ref().map(ToString::to_string),
        _ => last_line(call).or_else(|| phrase(&consulted.result)),
    };
    trace::reason(&said.unwrap_or_default())
}

fn last_line(call: &Heard) -> Option<String> {
    call.tape.look(|exchanges| {
        exchanges.iter().rev().find_map(|exchange| match &exchange.question {
            Question::Log(_, line) => Some(line.clone()),
            _ => None,
        })
    })
}

fn phrase(result: &Result<Outcome, ConsultError>) -> Option<String> {
    match result {
        Ok(Outcome::Decision(Decision::Reply(reply)) | Outcome::Reply(ReplyDecision::Replace(reply))) => {
            Some(reply.reason.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::{Reply, Target};
    use plugin::{Effects, Fault};

    fn of(result: Result<Outcome, ConsultError>) -> Consulted {
        Consulted {
            result,
            effects: Effects::default(),
            fault: None,
            why: None,
            cpu: Duration::ZERO,
            fuel: None,
        }
    }

    fn decided(decision: Decision) -> Consulted {
        of(Ok(Outcome::Decision(decision)))
    }

    #[test]
    fn each_decision_has_its_short_name() {
        let relay = |targets: usize, targets_named| {
            let targets = vec![Target::to("sip:b@x"); targets];
            decided(Decision::Relay(Relay { targets, targets_named, ..Relay::default() }))
        };
        let reply = Reply { status: 404, ..Reply::default() };
        for (consulted, name) in [
            (relay(0, false), "relay"),
            (relay(0, true), "relay 0 targets"),
            (relay(1, true), "relay 1 target"),
            (relay(2, true), "relay 2 targets"),
            (decided(Decision::Reply(reply.clone())), "reply 404"),
            (decided(Decision::Next(Vec::new())), "next"),
            (decided(Decision::Drop), "drop"),
            (of(Ok(Outcome::Reply(ReplyDecision::Pass(Vec::new())))), "pass"),
            (of(Ok(Outcome::Reply(ReplyDecision::Replace(reply)))), "replace by 404"),
            (of(Ok(Outcome::Done)), "done"),
            (of(Err(ConsultError::Deadline)), "deadline"),
        ] {
            assert_eq!(label(&consulted), name);
        }
    }

    #[test]
    fn without_a_decision_it_says_what_went_wrong() {
        let fault = Some(Fault { code: 12, reason: "no".into() });
        assert_eq!(label(&Consulted { fault, ..of(Err(ConsultError::Fault)) }), "fault 12");
        let why = Some("panic".into());
        assert_eq!(label(&Consulted { why, ..of(Err(ConsultError::Trap)) }), "trap panic");
    }
}

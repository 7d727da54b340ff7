//! Who answers a node's consultations: the edge plugin, or the transit node's script, which is part of the harness and
//! uses what the plugin does not (replies and failures asked about, time limits, Path, variables).
//!
//! In: a question. Out: a word and how long it took in virtual time. A [`plugin::Consultation`] is polled in place: one
//! that yields is polled again, and virtual time stands still meanwhile.

use std::future::Future;
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use node::{
    Consult, ConsultError, ConsultId, Consulted, Decided, Decision, Edit, HeaderEdit, Hook, Pin, Relay,
    Reply, ReplyDecision, Target, Wants, counters,
};
use plugin::{Active, ConsultContext, Effects, Outcome, Plugin, Role, Variables};
use sip::{HeaderId, Method, Transport};

use crate::machine::Machine;
use crate::random::Random;
use crate::scenario::{Faults, TRANSIT, element_address, phone_address};

/// A script.
pub(crate) enum Script {
    /// The component.
    Edge(Edge),
    /// The harness's own.
    Transit(Transit),
}

/// The role with the component.
pub(crate) struct Edge {
    pub(crate) active: Active,
    machine: Arc<Machine>,
}

/// The script of a node that lies on the way.
pub(crate) struct Transit {
    random: Random,
    faults: Faults,
    /// Where calls go that failed.
    desk: usize,
}

impl Script {
    pub(crate) fn edge(plugin: Arc<Plugin>, machine: Arc<Machine>) -> Self {
        let active = Active::new(Role::edge());
        active.activate(plugin);
        Self::Edge(Edge { active, machine })
    }

    /// `desk`: number of the phone that takes calls which failed elsewhere.
    pub(crate) fn transit(random: Random, faults: Faults, desk: usize) -> Self {
        Self::Transit(Transit { random, faults, desk })
    }

    /// What the node is to ask about.
    pub(crate) fn wants(&self) -> Wants {
        match self {
            Self::Transit(transit) => Wants { methods: u32::MAX, in_dialog: transit.faults.wants_in_dialog },
            Self::Edge(edge) => edge.active.plugin().map_or_else(Wants::default, |plugin| wants(&plugin)),
        }
    }

    /// Versions beside the active one that somebody still holds.
    pub(crate) fn old_versions(&self) -> usize {
        match self {
            Self::Edge(edge) => edge.active.versions().iter().filter(|version| !version.active).count(),
            Self::Transit(_) => 0,
        }
    }

    /// The script's word.
    pub(crate) fn ask(&mut self, question: Consult) -> Decided {
        match self {
            Self::Edge(edge) => edge.ask(question),
            Self::Transit(transit) => transit.ask(&question),
        }
    }
}

/// What a node is to ask this plugin about.
pub(crate) fn wants(plugin: &Plugin) -> Wants {
    let asks = |name: &str| plugin.asks(Hook::Request, name.as_bytes());
    let bits = counters::METHODS.iter().enumerate().map(|(bit, name)| u32::from(asks(name)) << bit);
    Wants { methods: bits.fold(0, |all, bit| all | bit), in_dialog: plugin.manifest().wants_in_dialog }
}

/// A node's question, on its way through a version of the plugin.
pub(crate) struct Consulting {
    pub(crate) id: ConsultId,
    pub(crate) hook: Hook,
    pub(crate) version: Arc<Plugin>,
    pub(crate) consultation: plugin::Consultation,
}

/// Asks the version that the question is pinned to, else the active one. An error: there is neither.
pub(crate) fn consult(
    question: Consult,
    active: Option<Arc<Plugin>>,
) -> Result<Consulting, (ConsultId, Hook)> {
    let Consult { id, hook, message, request, own_routes, source, pin, variables, dialog_variables, .. } =
        question;
    let version = pin.and_then(|pin| pin.downcast::<Plugin>().ok()).or(active);
    let version = version.ok_or((id, hook))?;
    let context = ConsultContext {
        variables: variables.and_then(|pin| pin.downcast::<Variables>().ok()),
        dialog_variables: dialog_variables.map(|all| Arc::new(to_script(&all))),
        request: Some(request),
        own_routes,
        ..ConsultContext::new(id.transaction(), source)
    };
    let consultation = version.consult(hook, message, context);
    Ok(Consulting { id, hook, version, consultation })
}

/// What a consultation came to, as the node takes it. What was staged and what is to be sent is the caller's.
pub(crate) fn decided(
    id: ConsultId,
    hook: Hook,
    version: Arc<Plugin>,
    result: Result<Outcome, ConsultError>,
    effects: Effects,
) -> Decided {
    let consulted = match result {
        Ok(Outcome::Decision(decision)) => Consulted::Request(Ok(decision)),
        Ok(Outcome::Reply(decision)) => Consulted::Reply(Ok(decision)),
        Ok(Outcome::Done) => failed(id, hook, ConsultError::Invalid).consulted,
        Err(error) => failed(id, hook, error).consulted,
    };
    Decided {
        variables: effects.variables.map(|all| all as Pin),
        dialog_variables: effects.dialog_variables.and_then(|all| of_script(&all)).map(Box::new),
        provisionals: effects.provisionals,
        to_tag: effects.to_tag,
        version: version.identity().number,
        pin: Some(version),
        ..Decided::bare(id, consulted)
    }
}

/// The word that stands for one that did not come.
pub(crate) fn failed(id: ConsultId, hook: Hook, error: ConsultError) -> Decided {
    let consulted = match hook {
        Hook::Reply => Consulted::Reply(Err(error)),
        Hook::Request | Hook::InDialogRequest | Hook::Failure => Consulted::Request(Err(error)),
    };
    Decided::bare(id, consulted)
}

impl Edge {
    fn ask(&self, question: Consult) -> Decided {
        let consulting = match consult(question, self.active.plugin()) {
            Ok(consulting) => consulting,
            Err((id, hook)) => return failed(id, hook, ConsultError::NoPlugin),
        };
        let Consulting { id, hook, version, mut consultation } = consulting;
        let mut polling = Context::from_waker(Waker::noop());
        let mut done = loop {
            if let Poll::Ready(done) = Pinned::new(&mut consultation).poll(&mut polling) {
                break done;
            }
        };
        for staged in std::mem::take(&mut done.effects.staged) {
            self.machine.commit(staged);
        }
        decided(id, hook, version, done.result, done.effects)
    }
}

impl Transit {
    fn ask(&mut self, question: &Consult) -> Decided {
        let (id, method) = (question.id, question.message.head().transaction_method());
        match question.hook {
            Hook::Request if method == Method::Register => {
                let path = format!("<sip:{};lr>", element_address(TRANSIT, Transport::Udp));
                let path =
                    HeaderEdit { id: HeaderId::PATH, name: "Path".into(), value: path.into_bytes().into() };
                answer(id, Consulted::Request(Ok(Decision::Next(vec![Edit::Prepend(path)]))))
            }
            Hook::Request if method == Method::Invite => {
                let timeout =
                    self.random.chance(self.faults.gives_up).then(|| self.random.time(1_000, 12_000));
                let relay = Relay {
                    record_route: true,
                    ask_replies: self.random.chance(self.faults.asks_replies),
                    ask_failure: self.random.chance(self.faults.asks_failures),
                    timeout,
                    ..Relay::default()
                };
                let mut decided = answer(id, Consulted::Request(Ok(Decision::Relay(relay))));
                let mut kept = dialog::Variables::default();
                if kept.set("path", Some(b"transit")).is_ok() {
                    decided.dialog_variables = Some(Box::new(kept));
                }
                if self.random.chance(self.faults.asks_replies / 4) {
                    decided.provisionals = vec![(183, "".into())];
                }
                decided
            }
            Hook::Request | Hook::InDialogRequest => {
                answer(id, Consulted::Request(Ok(Decision::Next(Vec::new()))))
            }
            Hook::Reply => {
                let decision = match question.message.status() {
                    ..200 if self.random.chance(100) => ReplyDecision::Drop,
                    300.. if self.random.chance(100) => ReplyDecision::Replace(reply(480)),
                    _ => ReplyDecision::Pass(Vec::new()),
                };
                answer(id, Consulted::Reply(Ok(decision)))
            }
            Hook::Failure => {
                let decision = match self.random.below(4) {
                    0 => Decision::Reply(reply(480)),
                    1 => Decision::Relay(self.to_the_desk()),
                    _ => Decision::Next(Vec::new()),
                };
                answer(id, Consulted::Request(Ok(decision)))
            }
        }
    }

    fn to_the_desk(&self) -> Relay {
        let uri = format!("sip:desk@{}", phone_address(self.desk));
        let target = Target::to(uri);
        Relay { targets: vec![target], targets_named: true, record_route: true, ..Relay::default() }
    }
}

fn reply(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

fn answer(id: ConsultId, consulted: Consulted) -> Decided {
    Decided { consulted, version: 1, ..failed(id, Hook::Request, ConsultError::NoPlugin) }
}

fn to_script(variables: &dialog::Variables) -> Variables {
    let mut all = Variables::default();
    for (name, value) in variables.iter() {
        // Both have the same bounds.
        let _ = all.set(name, Some(Bytes::copy_from_slice(value)));
    }
    all
}

fn of_script(variables: &Variables) -> Option<dialog::Variables> {
    let mut all = dialog::Variables::default();
    variables.iter().all(|(name, value)| all.set(name, Some(value)).is_ok()).then_some(all)
}

/// A script's errors and slowness.
pub(crate) fn trouble(random: &mut Random, faults: &Faults) -> (Option<ConsultError>, Duration) {
    let error = random.chance(faults.consult_errors).then(|| {
        random.pick(&[
            ConsultError::Fault,
            ConsultError::Trap,
            ConsultError::Deadline,
            ConsultError::Invalid,
            ConsultError::Busy,
            ConsultError::Store,
        ])
    });
    let (share, longest) = faults.slow;
    let took = if random.chance(share) { random.time(0, longest) } else { Duration::ZERO };
    (error, took)
}

//! A recorded call made again, by any version, with nothing but the recording.
//!
//! Every call has a fresh guest, a clock that stands still, and fuel in the place of time: the same recording and the same
//! file of a plugin give the same on every machine. In: a [`Call`], a plugin of [`engine`]. Out: [`Replayed`].

use std::sync::Arc;
use std::time::Duration;

use node::ConsultError;
use plugin::{
    Canonical, Consulted, Ear, Engine, EngineConfig, EngineError, Fault, Limits, LoadError, Player, Plugin,
    Question, Role,
};
use serde::Serialize;

use crate::asked::Asked;
use crate::call::{Call, Script};

/// Fuel of one call for each ms of its deadline: more than a guest can use in it.
const FUEL_A_MS: u64 = 10_000_000;
/// Never reached: fuel ends before.
const NEVER: Duration = Duration::from_secs(3600);
/// Guests at once; one is used.
const GUESTS: u32 = 8;

/// A call, made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// What was decided.
    pub decision: Canonical,
    /// Lines of only one of the two decisions: `-` of the recording's, `+` of this one's. Empty: they are the same.
    pub differences: Vec<String>,
    /// Where it first asked the machine something else.
    pub step: Option<Step>,
    /// What it asked that the recording has no answer to.
    pub unknown: Vec<String>,
    /// About how many instructions it took; 0 where the script has no such hook.
    pub fuel: u64,
    /// Why there is no decision, where there is none; its words are among those of the decision too.
    #[serde(skip)]
    pub failed: Option<Failed>,
}

/// Why a call that was made again gave no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What kind of end it was.
    pub error: ConsultError,
    /// Of a trap which kind; of a decision against the contract what breaks it.
    pub why: Option<Box<str>>,
    /// The script's own words, of a fault.
    pub fault: Option<Fault>,
}

impl Failed {
    fn of(consulted: &Consulted) -> Option<Failed> {
        let Consulted { result, fault, why, .. } = consulted;
        let error = *result.as_ref().err()?;
        Some(Failed { error, why: why.clone(), fault: fault.clone() })
    }
}

/// `the script trapped: panic`, `the script gave a fault: 42 this cannot be`.
impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.error)?;
        match (&self.fault, &self.why) {
            (Some(Fault { code, reason }), _) => write!(f, ": {code} {reason}"),
            (None, Some(why)) => write!(f, ": {why}"),
            (None, None) => Ok(()),
        }
    }
}

/// Where two calls part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The number of the question, from 1; lines for the log are not counted.
    pub number: usize,
    /// What was asked; `None`: nothing any more.
    pub asked: Option<String>,
    /// What the recording has there; `None`: nothing any more.
    pub recorded: Option<String>,
}

impl Replayed {
    /// Whether the decision is that of the recording, byte for byte.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

/// An engine for calls of this script that are made again.
///
/// # Errors
/// [`EngineError`].
pub fn engine(script: &Script) -> Result<Engine, EngineError> {
    engine_within(script.memory, script.deadline_ms, NEVER)
}

/// An engine for calls that are made again within other bounds than they had: `memory` bytes of a guest, fuel for
/// `deadline_ms` of a hook, and no call longer than `longest` by the clock, whatever fuel it has left.
///
/// # Errors
/// [`EngineError`].
pub fn engine_within(memory: u64, deadline_ms: u64, longest: Duration) -> Result<Engine, EngineError> {
    Engine::new(EngineConfig {
        max_guests: GUESTS,
        fuel: Some(deadline_ms.saturating_mul(FUEL_A_MS)),
        limits: Limits {
            memory: usize::try_from(memory).unwrap_or(usize::MAX),
            deadline: longest,
            init_deadline: longest,
            calls_per_guest: 1,
            ..Limits::default()
        },
        ..EngineConfig::default()
    })
}

/// A plugin for the calls of a recorded script: with its role, and its configuration where there is no other.
///
/// # Errors
/// [`LoadError`].
pub fn plays(
    engine: &Engine,
    bytes: &[u8],
    script: &Script,
    configuration: Option<&str>,
) -> Result<Arc<Plugin>, LoadError> {
    let role = Role::named(&script.role);
    let configuration = configuration.unwrap_or(&script.configuration);
    engine.load(bytes, &role, configuration, Player::new(0, Vec::new()))
}

/// Makes a call again.
///
/// # Errors
/// A message of the recording cannot be read.
pub fn replay(plugin: &Arc<Plugin>, call: &Call) -> Result<Replayed, sip::ParseError> {
    let Call { at_ms, asked, exchanges, decision, .. } = call;
    let ask = Asked::ask(asked)?;
    let player = Player::new(*at_ms, exchanges.clone());
    let consulted = plugin.call(ask.clone(), Ear::Play(Arc::clone(&player))).wait();
    let questions = player.asked();
    let decided = Canonical::of(&consulted, ask.message(), &questions);
    Ok(Replayed {
        differences: decision.differences(&decided),
        step: step(&questions, exchanges.iter().map(|exchange| &exchange.question)),
        unknown: player.unknown().iter().filter(|question| is_asked(question)).map(told).collect(),
        fuel: consulted.fuel.unwrap_or_default(),
        failed: Failed::of(&consulted),
        decision: decided,
    })
}

fn is_asked(question: &Question) -> bool {
    !matches!(question, Question::Log(..))
}

fn told(question: &Question) -> String {
    format!("{question:?}")
}

fn step<'a>(asked: &[Question], recorded: impl Iterator<Item = &'a Question>) -> Option<Step> {
    let mut asked = asked.iter().filter(|question| is_asked(question));
    let mut recorded = recorded.filter(|question| is_asked(question));
    for number in 1.. {
        match (asked.next(), recorded.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                return Some(Step { number, asked: one.map(told), recorded: other.map(told) });
            }
        }
    }
    None
}

//! From a call that was listened to, to a call that is written down.
//!
//! ```text
//!  ask, tape ─▶ keys out ─▶ identities out ─▶ made again by the same version ─▶ its questions, its decision
//!                                                        └ compared with the decision of the world: faithful or not
//! ```
//! What is written down is the call that was made again: whatever a script makes out of an identity, a decision or a key
//! of its table, it makes out of the one that stands in its place. In: [`Heard`]. Out: [`Call`], or why there is none.

use std::sync::Arc;

use plugin::{Ask, Canonical, Consulted, Ear, Exchange, Player, Plugin, Question, Tape};

use crate::asked::Asked;
use crate::call::{Call, Script};
use crate::identities::Identities;
use crate::redact;

/// A call that was listened to.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// Who was asked.
    pub version: &'a Arc<Plugin>,
    /// What.
    pub ask: &'a Ask,
    /// What it asked the machine, and was told.
    pub tape: &'a Tape,
    /// What came of it.
    pub consulted: &'a Consulted,
}

/// Why a call is not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It asked more than a tape holds.
    #[error("it asked the machine too often")]
    TooLong,
    /// Nothing new can be replaced.
    #[error("the recording knows too many identities")]
    TooMany,
    /// What stands in the place of identities makes no message.
    #[error("its identities could not be taken out")]
    Unreadable,
    /// It could not be made again.
    #[error("it could not be made again: the script was busy")]
    Busy,
}

/// Writes calls down, for one recording.
#[derive(Debug)]
pub struct Scribe {
    /// `None`: as they were.
    identities: Option<Identities>,
    /// Digest and number of each script.
    scripts: Vec<(Box<str>, u32)>,
}

impl Scribe {
    /// Of a recording; without identities those of people stay in it.
    #[must_use]
    pub fn new(identities: Option<Identities>) -> Scribe {
        Scribe { identities, scripts: Vec::new() }
    }

    /// The place of a script in the recording; with the script itself where it is new there.
    pub fn script(&mut self, version: &Plugin) -> (u32, Option<Script>) {
        let identity = version.identity();
        let is_it =
            |(digest, number): &(Box<str>, u32)| *digest == identity.digest && *number == identity.number;
        if let Some(place) = self.scripts.iter().position(is_it) {
            return (place as u32, None);
        }
        self.scripts.push((identity.digest.clone(), identity.number));
        if let Some(identities) = &mut self.identities {
            identities.configured(version.configuration().as_bytes());
        }
        let script = Script {
            role: identity.role.to_string(),
            name: identity.name.to_string(),
            version: identity.version.to_string(),
            digest: identity.digest.to_string(),
            configuration: version.configuration().to_owned(),
            memory: version.limits().memory as u64,
            deadline_ms: u64::try_from(version.limits().deadline.as_millis()).unwrap_or(u64::MAX),
        };
        (self.scripts.len() as u32 - 1, Some(script))
    }

    /// A call of the script at this place. Blocking: the call is made again, by the same version.
    ///
    /// # Errors
    /// [`Withheld`].
    pub fn call(&mut self, script: u32, heard: Heard<'_>) -> Result<Call, Withheld> {
        let Heard { version, ask, tape, consulted } = heard;
        if !tape.is_whole() {
            return Err(Withheld::TooLong);
        }
        let mut asked = Asked::of(ask);
        let mut exchanges = tape.exchanges();
        redact::messages_without_keys(&mut asked);
        redact::without_keys(&mut exchanges);
        let live = Canonical::of(consulted, ask.message(), &[]);
        let mut lines = live.lines().to_vec();
        if let Some(identities) = &mut self.identities {
            if identities.is_full() {
                return Err(Withheld::TooMany);
            }
            exchanges = take_out(identities, &mut asked, &exchanges)?;
            for line in &mut lines {
                let mut bytes = std::mem::take(line).into_bytes();
                identities.replace(&mut bytes, false);
                *line = String::from_utf8(bytes).unwrap_or_default();
            }
        }
        let ask = asked.ask().map_err(|_| Withheld::Unreadable)?;
        let player = Player::new(tape.at_ms(), exchanges.clone());
        let again = version.call(ask.clone(), Ear::Play(Arc::clone(&player))).wait();
        if matches!(again.result, Err(node::ConsultError::Busy)) {
            return Err(Withheld::Busy);
        }
        let (decided, asked_again) = (Canonical::of(&again, ask.message(), &[]), player.asked());
        let before = exchanges.iter().map(|exchange| &exchange.question);
        let faithful = decided.lines() == lines && deeds(before).eq(deeds(asked_again.iter()));
        Ok(Call {
            script,
            at_ms: tape.at_ms(),
            asked,
            exchanges: player.heard(),
            decision: Canonical::of(&again, ask.message(), &asked_again),
            cpu_us: u64::try_from(consulted.cpu.as_micros()).unwrap_or(u64::MAX),
            faithful,
        })
    }
}

fn deeds<'a>(questions: impl Iterator<Item = &'a Question>) -> impl Iterator<Item = &'a Question> {
    questions.filter(|question| question.is_deed())
}

/// Takes identities out of a call.
fn take_out(
    identities: &mut Identities,
    asked: &mut Asked,
    exchanges: &[Exchange],
) -> Result<Vec<Exchange>, Withheld> {
    let mut values = redact::open(exchanges).map_err(|_| Withheld::Unreadable)?;
    redact::learn(asked, identities);
    redact::learn_values(&values, identities);
    redact::replace(asked, identities);
    redact::replace_values(&mut values, identities);
    serde_json::from_value(values).map_err(|_| Withheld::Unreadable)
}

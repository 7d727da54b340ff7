//! Scripts: what a phone is to do, a line for each step.
//!
//! ```text
//!   # comments and empty lines are passed over
//!   register                                 deregister
//!   call sip:bob@ims.example expect 200      call sip:bob@ims.example plain | reliable | volte
//!   answer after 200ms                       refuse 486 after 1s        let ring
//!   hold      resume      hang up            talk 2s                    pause 500ms
//!   message sip:bob@ims.example "hi" expect 200                         sms sip:+4912@ims.example 00a1ff
//!   wait registered 5s                       expect deregistered 10s
//!       registered, refused, deregistered, subscribed, incoming, ringing, answered, held, resumed, ended,
//!       message, message "hi", packets 50
//! ```
//! `answer` and `refuse` are orders that stand: they are for each call that comes from then on, and for one that rings
//! already. `wait` and `expect` are one: what they name must come within the time, or have come since it was last
//! waited for. In: text. Out: a [`Script`], or which line is wrong. What a step does is `run.rs`.

mod words;

use std::time::Duration;

use crate::bounds::{MAX_SCRIPT, MAX_STEPS};
use crate::core::{CallFeatures, Page};
use words::Words;

/// How long `call … expect` and `message … expect` wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(180);

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line that it stands in, from 1.
    pub line: usize,
    /// What to do.
    pub instruction: Instruction,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Begin to register.
    Register,
    /// Begin to deregister.
    Deregister,
    /// Place a call, and wait for its final response where one is expected.
    Call {
        /// Whom.
        to: String,
        /// How; `None`: as the phone's settings say.
        features: Option<CallFeatures>,
        /// The status of the final response.
        expect: Option<u16>,
    },
    /// Answer calls this long after they began to ring.
    Answer {
        /// How long.
        after: Duration,
    },
    /// Refuse calls.
    Refuse {
        /// With this status.
        status: u16,
        /// This long after they came.
        after: Duration,
    },
    /// Neither answer nor refuse calls.
    LetRing,
    /// Put the call on hold.
    Hold,
    /// Take it from hold.
    Resume,
    /// End the call, whatever its state, and wait a while until it is over.
    HangUp,
    /// Send a message, and wait for its answer where one is expected.
    Message {
        /// What and to whom.
        page: Page,
        /// The status of the answer.
        expect: Option<u16>,
    },
    /// Wait until something has happened.
    Wait {
        /// What.
        what: Awaited,
        /// How long.
        within: Duration,
    },
    /// Keep the call up for this long.
    Talk(Duration),
    /// Do nothing for this long.
    Pause(Duration),
}

impl Instruction {
    /// How long `expect` waits.
    pub(super) const ANSWER_WITHIN: Duration = ANSWER_WITHIN;
}

/// What can be waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// The phone is registered.
    Registered,
    /// A registration failed.
    Refused,
    /// The phone is not registered.
    Deregistered,
    /// The subscription was accepted.
    Subscribed,
    /// A call came.
    Incoming,
    /// It rings.
    Ringing,
    /// The call was answered.
    Answered,
    /// The call is on hold.
    Held,
    /// The call is no longer on hold.
    Resumed,
    /// The call is over.
    Ended,
    /// A message came; with this text, where one is given.
    Message(Option<String>),
    /// So many packets of RTP were heard in the call.
    Packets(u64),
}

impl std::fmt::Display for Awaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Awaited::Registered => f.write_str("registered"),
            Awaited::Refused => f.write_str("refused"),
            Awaited::Deregistered => f.write_str("deregistered"),
            Awaited::Subscribed => f.write_str("subscribed"),
            Awaited::Incoming => f.write_str("incoming"),
            Awaited::Ringing => f.write_str("ringing"),
            Awaited::Answered => f.write_str("answered"),
            Awaited::Held => f.write_str("held"),
            Awaited::Resumed => f.write_str("resumed"),
            Awaited::Ended => f.write_str("ended"),
            Awaited::Message(None) => f.write_str("message"),
            Awaited::Message(Some(text)) => write!(f, "message {text:?}"),
            Awaited::Packets(count) => write!(f, "packets {count}"),
        }
    }
}

/// A script cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A line is no step.
    #[error("line {line}: expected {expected}")]
    Line {
        /// From 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The script is too long.
    #[error("a script of more than {limit} {what}")]
    TooMany {
        /// The unit that is bounded.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Which line is no step, and what was expected in it; or the script is beyond a bound.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        if text.len() > MAX_SCRIPT {
            return Err(ScriptError::TooMany { what: "bytes", limit: MAX_SCRIPT });
        }
        let mut steps = Vec::new();
        for (index, content) in text.lines().enumerate() {
            let line = index + 1;
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if steps.len() == MAX_STEPS {
                return Err(ScriptError::TooMany { what: "steps", limit: MAX_STEPS });
            }
            let instruction = Words::of(content).and_then(instruction);
            let instruction = instruction.map_err(|expected| ScriptError::Line { line, expected })?;
            steps.push(Step { line, instruction });
        }
        Ok(Script { steps })
    }
}

impl std::str::FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Script, ScriptError> {
        Script::parse(text)
    }
}

/// What is wrong with a line: what was expected.
type Expected = &'static str;

fn instruction(mut words: Words) -> Result<Instruction, Expected> {
    let instruction = match words.word("an instruction")?.as_str() {
        "register" => Instruction::Register,
        "deregister" => Instruction::Deregister,
        "call" => {
            let to = words.uri()?;
            let features = features(&mut words);
            Instruction::Call { to, features, expect: words.expected_status()? }
        }
        "answer" => Instruction::Answer { after: words.after()? },
        "refuse" => Instruction::Refuse { status: words.status()?, after: words.after()? },
        "let" => words.keyword("ring", "\"ring\"").map(|()| Instruction::LetRing)?,
        "hold" => Instruction::Hold,
        "resume" => Instruction::Resume,
        "hang" => words.keyword("up", "\"up\"").map(|()| Instruction::HangUp)?,
        "message" => {
            let page = Page::text(&words.uri()?, &words.text("a text in quotes")?);
            Instruction::Message { page, expect: words.expected_status()? }
        }
        "sms" => {
            let page = Page::sms(&words.uri()?, words.hexadecimal()?);
            Instruction::Message { page, expect: words.expected_status()? }
        }
        "wait" | "expect" => {
            let what = awaited(&mut words)?;
            Instruction::Wait { what, within: words.duration()? }
        }
        "talk" => Instruction::Talk(words.duration()?),
        "pause" => Instruction::Pause(words.duration()?),
        _ => {
            return Err(
                "register, deregister, call, answer, refuse, let ring, hold, resume, hang up, message, sms, \
                         wait, expect, talk or pause",
            );
        }
    };
    words.end().map(|()| instruction)
}

fn features(words: &mut Words) -> Option<CallFeatures> {
    let reliable = CallFeatures { preconditions: false, ..CallFeatures::VOLTE };
    let known = [("plain", CallFeatures::PLAIN), ("reliable", reliable), ("volte", CallFeatures::VOLTE)];
    known.into_iter().find(|(word, _)| words.skip(word)).map(|(_, features)| features)
}

fn awaited(words: &mut Words) -> Result<Awaited, Expected> {
    let expected = "registered, refused, deregistered, subscribed, incoming, ringing, answered, held, resumed, ended, \
                    message or packets";
    Ok(match words.word(expected)?.as_str() {
        "registered" => Awaited::Registered,
        "refused" => Awaited::Refused,
        "deregistered" => Awaited::Deregistered,
        "subscribed" => Awaited::Subscribed,
        "incoming" => Awaited::Incoming,
        "ringing" => Awaited::Ringing,
        "answered" => Awaited::Answered,
        "held" => Awaited::Held,
        "resumed" => Awaited::Resumed,
        "ended" => Awaited::Ended,
        "message" => Awaited::Message(words.optional_text()),
        "packets" => Awaited::Packets(words.number()?),
        _ => return Err(expected),
    })
}

#[cfg(test)]
#[path = "script/tests.rs"]
mod tests;

//! What a rehearsal has found, and how it is told. No values of messages are in it, and no identities: `strowger replay` and
//! `strowger plugin test` show those to who has the files.
//!
//! In: calls that were made again. Out: [`Rehearsal`]. Bounded: [`MAX_KINDS`] kinds of difference; what finds no room is
//! counted.

use std::fmt::Write as _;
use std::path::Path;

use recording::{Asked, Call, Replayed, Step};
use serde::Serialize;

use super::material::name_of;

/// Kinds of difference that are told apart.
const MAX_KINDS: usize = 16;
/// Kinds that have room in a sentence.
const IN_A_SENTENCE: usize = 3;
/// Bytes of a Call-ID.
const MAX_CALL_ID: usize = 128;

/// What came of a rehearsal that did not refuse the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rehearsal {
    /// Recorded calls that were made again.
    pub calls: u64,
    /// Those of them that were decided otherwise than they were recorded.
    pub different: u64,
    /// Recorded cases, all of which hold.
    pub cases: u64,
    /// In which ways calls were decided otherwise, the most frequent one first.
    pub differences: Vec<RehearsalDifference>,
    /// Calls that were decided otherwise in further ways.
    pub other: u64,
    /// What is in the files and was not made again, and why, in words.
    pub left_out: Vec<String>,
    /// What the calls took, ms.
    pub took_ms: u64,
}

/// One kind of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsalDifference {
    /// In a few words: `relay → reply 404`, `header User-Agent changed`.
    pub what: String,
    /// Calls that differ so.
    pub calls: u64,
    /// The first of them: its number and file, what was asked, its Call-ID.
    pub first: String,
}

/// The same in numbers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RehearsalFigures {
    /// Recorded calls that were made again.
    pub calls: u64,
    /// Those of them that were decided otherwise than they were recorded.
    pub different: u64,
    /// Recorded cases, all of which hold.
    pub cases: u64,
}

impl Rehearsal {
    /// Without calls, for anybody.
    pub(crate) fn figures(&self) -> RehearsalFigures {
        let Rehearsal { calls, different, cases, .. } = *self;
        RehearsalFigures { calls, different, cases }
    }

    /// A call is decided otherwise.
    pub(super) fn differs(&mut self, what: String, named: impl Fn() -> String) {
        self.different += 1;
        match self.differences.iter().position(|known| known.what == what) {
            Some(place) => {
                self.differences[place].calls += 1;
                // one that was there first stays before those of as many calls
                let calls = self.differences[place].calls;
                let to = self.differences.iter().position(|known| known.calls < calls);
                if let Some(to) = to.filter(|to| *to < place) {
                    self.differences[to..=place].rotate_right(1);
                }
            }
            None if self.differences.len() < MAX_KINDS => {
                self.differences.push(RehearsalDifference { what, calls: 1, first: named() });
            }
            None => self.other += 1,
        }
    }
}

/// One sentence: `812 recorded calls made again, 12 decided otherwise (9 times header Subject changed, first call 3 of …)`.
impl std::fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rehearsal { calls, different, cases, differences, left_out, .. } = self;
        write!(f, "{calls} recorded calls made again, {different} decided otherwise")?;
        let told = differences.iter().take(IN_A_SENTENCE);
        let mut words: Vec<String> = told
            .map(|RehearsalDifference { what, calls, first }| format!("{calls} times {what}, first {first}"))
            .collect();
        let further = differences.len().saturating_sub(IN_A_SENTENCE);
        if further > 0 || self.other > 0 {
            words.push("and others".into());
        }
        if !words.is_empty() {
            write!(f, " ({})", words.join("; "))?;
        }
        if *cases > 0 {
            write!(f, "; {cases} recorded cases hold")?;
        }
        match left_out.is_empty() {
            true => Ok(()),
            false => write!(f, "; left out: {}", left_out.join(", ")),
        }
    }
}

/// A call in words: `call 3 of calls.rec (INVITE request, Call-ID 1@example.org)`.
pub(super) fn named(file: &Path, number: usize, call: &Call) -> String {
    let what = match &call.asked {
        // a script chooses a token, and may put an identity into it
        Asked::Timer(_) => "timer".into(),
        asked => asked.title(),
    };
    let mut words = format!("call {number} of {} ({what}", name_of(file));
    if let Some(call_id) = call.asked.call_id() {
        let _ = write!(words, ", Call-ID {}", &call_id[..call_id.floor_char_boundary(MAX_CALL_ID)]);
    }
    words + ")"
}

/// Where a call first asks something else than it was recorded with, and whether it was answered as nobody knows, in words;
/// nothing where it does not.
pub(super) fn step(replayed: &Replayed) -> String {
    let Some(Step { number, asked, recorded }) = &replayed.step else { return String::new() };
    let told = |question: &Option<String>| question.as_deref().map_or("nothing", short).to_owned();
    let mut words =
        format!("; it parts at question {number}: asked {}, recorded {}", told(asked), told(recorded));
    if let Some(question) = guessed(replayed) {
        let _ = write!(words, "; there is no recorded answer to {question}");
    }
    words
}

/// The first question that the recording has no answer to. With what is put into a table and with a timer a script goes on as
/// it would have in the world.
pub(super) fn guessed(replayed: &Replayed) -> Option<&str> {
    let mut unknown = replayed.unknown.iter().map(|question| short(question));
    unknown.find(|question| !matches!(*question, "Put" | "StartTimer"))
}

/// A question without its values.
fn short(question: &str) -> &str {
    let end = question.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(question.len());
    &question[..end]
}

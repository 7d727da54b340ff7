//! Case files: one message, what the host answers to a script, and the decision that is expected.
//!
//! In: text. Out: [`Case`], and from a decision a list of [`Mismatch`]es. Running the script is the caller's: it hands
//! the real component [`Case::configuration`], answers its imports from [`Case::host`], asks [`Case::hook`] about
//! [`Case::message`], and gives what it said to [`Case::check`]. The format is described in `docs/case-files.md`, which
//! every new plugin gets a copy of.

mod check;
mod host;
mod parse;
#[cfg(test)]
mod tests;

use sip::Message;

pub use check::{Mismatch, Said};
pub use host::{Binding, HostAnswers, RegisterAnswer, VerdictAnswer};
pub use parse::CaseError;

/// One case file.
#[derive(Debug, Clone)]
pub struct Case {
    /// Text for the plugin's `init`.
    pub configuration: String,
    /// Which hook is asked.
    pub hook: node::Hook,
    /// About this.
    pub message: Message,
    /// What the imports answer.
    pub host: HostAnswers,
    /// What must hold of the decision, each with its line in the file.
    expectations: Vec<(usize, Expectation)>,
}

/// One line of `[expect]`; lines that belong together are one.
#[derive(Debug, Clone, PartialEq)]
enum Expectation {
    Decision(Kind),
    Status(u16),
    Reason(String),
    Targets(Vec<ExpectedTarget>),
    /// Targets: none were named.
    Onward,
    /// Targets: some were named, none is left.
    NoneLeft,
    RecordRoute(bool),
    AskReplies(bool),
    AskFailure(bool),
    Stateless(bool),
    Stale(bool),
    TimeoutMs(u64),
    Realm(String),
    Algorithms(Vec<auth::Algorithm>),
    RequestUri(String),
    /// All values of a header field, in order; none: it is not there.
    Header(String, Vec<String>),
    Body(String),
    Log(String),
}

#[derive(Debug, Clone, PartialEq)]
struct ExpectedTarget {
    uri: String,
    /// `None`: any.
    q: Option<u16>,
    /// `None`: any.
    route: Option<Vec<String>>,
}

/// What a script can end in, by the word for it in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Relay,
    Reply,
    Challenge,
    Next,
    Drop,
    Pass,
    Replace,
    Fault,
    Trap,
    Deadline,
    Invalid,
}

impl Kind {
    const ALL: [(Kind, &'static str); 11] = [
        (Kind::Relay, "relay"),
        (Kind::Reply, "reply"),
        (Kind::Challenge, "challenge"),
        (Kind::Next, "next"),
        (Kind::Drop, "drop"),
        (Kind::Pass, "pass"),
        (Kind::Replace, "replace"),
        (Kind::Fault, "fault"),
        (Kind::Trap, "trap"),
        (Kind::Deadline, "deadline"),
        (Kind::Invalid, "invalid"),
    ];

    fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, own)| *own == word).map(|(kind, _)| *kind)
    }

    fn word(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

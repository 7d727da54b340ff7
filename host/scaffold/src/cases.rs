//! Case files: one message, what the host answers to a script, and the decision that is expected.
//!
//! In: text. Out: [`Case`], and from a decision a list of [`Mismatch`]es. Running the script is the caller's: it hands
//! the real component [`Case::configuration`], answers its imports from [`Case::host`], asks [`Case::hook`] about
//! [`Case::message`], and gives what it said to [`Case::check`].
//!
//! ```text
//! # A call to Bob is refused at night.
//! hook: request                                 request (default), in-dialog, reply, failure
//!
//! [configuration]
//! closed_from = 20                              as it stands in the router's file
//!
//! [host]
//! source: udp 192.0.2.1:5060                    where the message came from
//! time: 1700000000000                           ms since 1970
//! binding: sip:bob@example.org = <sip:bob@192.0.2.7>;q=0.5;expires=60;path="<sip:p.example.org;lr>"
//! here: sip:alice@example.org                   has a binding from the message's source
//! credentials: accepted alice                   accepted NAME, absent (default), stale, rejected
//! register: ok                                  ok, outbound, too-brief N, too-many, malformed, out-of-order, unavailable
//! contact: <sip:alice@192.0.2.1>;expires=60     what `ok` returns
//! variable: name = value                        of the transaction; dialog-variable: of the dialog
//! key: name = value                             a row of the key-value table
//!
//! [message]
//! INVITE sip:bob@example.org SIP/2.0
//! From: <sip:alice@example.org>;tag=1           header fields that every message has may be left out
//!
//! [expect]
//! decision: reply                               relay, reply, challenge, next, drop, pass, replace; fault, trap, deadline, invalid
//! status: 480
//! ```
//!
//! Further expectations: `reason`, `target: URI [q=0.5]` (each, in order), `route` (of the target before it), `targets:
//! onward` (none named) or `empty` (named, none left), `record-route`, `ask-replies`, `ask-failure`, `stateless`,
//! `stale` (`yes` or `no`), `timeout` (ms), `realm`, `algorithms`, `request-uri`, `header: NAME: VALUE` (all header
//! fields of that name in the message that leaves, in order), `no-header: NAME`, `body`, `log` (part of a line).
//! What a file does not mention is not looked at.

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

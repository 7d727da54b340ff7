//! The ladder of a run: who sent what to whom, when, and what became of it.
//!
//! In: steps. Out: lines on the standard output if they are wanted, and always a number that two runs of one seed have
//! in common.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use sip::Message;
use transaction::Time;

use crate::network::Host;
use crate::scenario::{EDGE, TRANSIT};

/// Characters of a branch that are shown.
const BRANCH_END: usize = 6;

/// Where the ladder goes.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    is_printed: bool,
    /// What a host is called.
    name: fn(Host) -> String,
    hasher: DefaultHasher,
}

impl Trace {
    pub(crate) fn new(is_printed: bool, name: fn(Host) -> String) -> Self {
        Self { is_printed, name, hasher: DefaultHasher::new() }
    }

    /// A message leaves.
    pub(crate) fn sent(
        &mut self,
        now: Time,
        from: Host,
        to: &dyn Display,
        message: &Message,
        fate: &dyn Display,
    ) {
        (now.0, message.bytes()).hash(&mut self.hasher);
        if self.is_printed {
            let call_id = String::from_utf8_lossy(message.head().call_id().unwrap_or_default()).into_owned();
            let (clock, from, what) = (clock(now), (self.name)(from), what(message));
            show(format_args!("{clock} {from:>8} > {to:<24} {what:<48} {call_id} {fate}"));
        }
    }

    /// Something else happens.
    pub(crate) fn note(&mut self, now: Time, host: Option<Host>, what: &dyn Display) {
        now.0.hash(&mut self.hasher);
        if self.is_printed {
            show(format_args!("{} {:>8} : {what}", clock(now), host.map(self.name).unwrap_or_default()));
        }
    }

    /// The same for the same run.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.hasher.finish()
    }
}

/// Whoever reads the ladder may have seen enough of it.
fn show(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn clock(now: Time) -> String {
    format!("{:>11.6}", now.0 as f64 / 1e6)
}

/// "edge", "phone3"
pub(crate) fn name(host: Host) -> String {
    match host {
        Host::Element(EDGE) => "edge".into(),
        Host::Element(TRANSIT) => "transit".into(),
        Host::Element(number) => format!("node{number}"),
        Host::Phone(number) => format!("phone{number}"),
    }
}

/// "INVITE sip:u1@example.test", "200 (1 INVITE)"; behind it the end of its branch.
fn what(message: &Message) -> String {
    let head = message.head();
    let branch = head.via().ok().and_then(|via| via.branch()).unwrap_or_default();
    let branch = String::from_utf8_lossy(&branch[branch.len().saturating_sub(BRANCH_END)..]).into_owned();
    if head.is_request() {
        let uri = String::from_utf8_lossy(head.request_uri());
        return format!("{} {uri} ~{branch}", String::from_utf8_lossy(head.method_token()));
    }
    let cseq = head.cseq().map(|cseq| format!("{} {}", cseq.number, String::from_utf8_lossy(cseq.token)));
    format!("{} ({}) ~{branch}", head.status(), cseq.unwrap_or_default())
}

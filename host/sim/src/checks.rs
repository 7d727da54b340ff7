//! What must hold in every world, whatever the network does and whichever faults strike.
//!
//! In: every message that a node receives and sends, what phones tell, the nodes' own counts. Out: [`Violation`]s. Each
//! rule is a file; none of them looks into a node.
//!
//! | rule | file |
//! |---|---|
//! | what a node sends can be read and is valid | here |
//! | one final response to each request upstream; a 2xx to INVITE may be repeated, and another follow | `one_final.rs` |
//! | Max-Forwards strictly falls along the path | `max_forwards.rs` |
//! | responses retrace the Vias of their request, to where these say | `vias.rs` |
//! | an ACK to a 2xx goes on, and reaches who waits for it | `acks.rs` |
//! | every request is answered, unless the network ate it | `answered.rs` |
//! | a call that both ends have is in the dialogs of every node on its path | `calls.rs` |
//! | nothing is left when nothing is under way | `tables.rs` |

mod acks;
mod answered;
mod calls;
mod max_forwards;
mod one_final;
mod tables;
mod vias;

use sip::{Flow, Message};
use transaction::Time;

use crate::phone::Told;
pub use answered::Excuses;
pub use tables::Left;

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Rule {
    Readable,
    OneFinal,
    MaxForwards,
    Vias,
    Acks,
    Answered,
    Calls,
    Tables,
    Panic,
    // of an IMS
    Asserted,
    RecordRoute,
    Vectors,
    Chain,
    Identifiers,
    Registered,
    Reachable,
    Forgotten,
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// Which.
    pub rule: Rule,
    /// By what.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:.3} s: {}", self.rule, self.at.0 as f64 / 1e6, self.what)
    }
}

/// Names a transaction at a node's upstream side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Upstream {
    node: usize,
    branch: Vec<u8>,
    method: Vec<u8>,
}

/// A message at a node, its Vias read.
pub(crate) struct Seen<'m> {
    pub(crate) node: usize,
    pub(crate) flow: Flow,
    pub(crate) message: &'m Message,
    /// Branches of the Vias, top first.
    branches: Vec<&'m [u8]>,
    /// The method of CSeq.
    method: &'m [u8],
}

impl<'m> Seen<'m> {
    pub(crate) fn new(node: usize, flow: Flow, message: &'m Message) -> Self {
        let head = message.head();
        let branches =
            head.vias().map(|via| via.ok().and_then(|via| via.branch()).unwrap_or_default()).collect();
        let method = head.cseq().map(|cseq| cseq.token).unwrap_or_default();
        Self { node, flow, message, branches, method }
    }

    /// The transaction whose Via is at this place.
    fn upstream(&self, place: usize) -> Option<Upstream> {
        let branch = self.branches.get(place)?.to_vec();
        Some(Upstream { node: self.node, branch, method: self.method.to_vec() })
    }

    /// "node 0 sent 200 to INVITE of call-1"
    fn what(&self, verb: &str) -> String {
        let head = self.message.head();
        let (method, call_id) = (text(self.method), text(head.call_id().unwrap_or_default()));
        match self.message.status() {
            0 => format!("node {} {verb} {method} of {call_id}", self.node),
            status => format!("node {} {verb} {status} to {method} of {call_id}", self.node),
        }
    }
}

/// All rules with what they remember.
#[derive(Default)]
pub(crate) struct Checks {
    one_final: one_final::OneFinal,
    max_forwards: max_forwards::MaxForwards,
    vias: vias::Vias,
    acks: acks::Acks,
    calls: calls::Calls,
    violations: Vec<Violation>,
}

impl Checks {
    /// A node receives this; its top Via is stamped.
    pub(crate) fn received(&mut self, seen: &Seen<'_>) {
        if seen.message.is_request() {
            self.max_forwards.received(seen);
            self.vias.received(seen);
            self.acks.received(seen);
            self.calls.received(seen.node, seen.message.head().call_id().unwrap_or_default());
        }
    }

    /// A node sends this; `is_stateless`: no transaction remembers it.
    pub(crate) fn sent(&mut self, now: Time, seen: &Seen<'_>, is_stateless: bool) {
        if let Err(invalid) = sip::validate(&seen.message.head()) {
            self.add(now, Rule::Readable, format!("{}: {invalid}", seen.what("sent")));
        }
        let broken = if seen.message.is_request() {
            self.acks.sent(seen);
            [self.max_forwards.sent(seen).map(|what| (Rule::MaxForwards, what)), None]
        } else {
            self.acks.answered(seen);
            [
                self.one_final.sent(seen, is_stateless).map(|what| (Rule::OneFinal, what)),
                self.vias.sent(seen).map(|what| (Rule::Vias, what)),
            ]
        };
        broken.into_iter().flatten().for_each(|(rule, what)| self.add(now, rule, what));
    }

    /// A node has restarted: what it knew of transactions and dialogs is gone.
    pub(crate) fn restarted(&mut self, node: usize) {
        self.one_final.restarted(node);
        self.acks.restarted(node);
        self.calls.restarted(node);
    }

    /// A node sends something that is no message.
    pub(crate) fn unreadable(&mut self, now: Time, node: usize, why: &dyn std::fmt::Display) {
        self.add(now, Rule::Readable, format!("node {node} sent what cannot be read: {why}"));
    }

    /// A phone tells something. `dialogs`: how many each node has now.
    pub(crate) fn told(&mut self, now: Time, told: &Told, excuses: Excuses, dialogs: &[u64]) {
        if let Some((rule, what)) = answered::judge(told, excuses) {
            self.add(now, rule, what);
        }
        // Before BYE leaves the dialog must still be there, after the ACK it must be there already.
        for what in self.calls.told(told, dialogs) {
            self.add(now, Rule::Calls, what);
        }
    }

    /// All is over: what is left of it.
    pub(crate) fn ended(&mut self, now: Time, left: &[Left]) {
        for what in self.acks.ended() {
            self.add(now, Rule::Acks, what);
        }
        for what in left.iter().flat_map(tables::judge) {
            self.add(now, Rule::Tables, what);
        }
    }

    /// A rule of the world's own was broken.
    pub(crate) fn add(&mut self, at: Time, rule: Rule, what: String) {
        self.violations.push(Violation { at, rule, what });
    }

    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

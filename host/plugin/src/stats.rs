//! What a version of a plugin has done, counted.
//!
//! In: one event per call and per final answer, as relaxed atomic additions. Out: [`StatsSnapshot`] for metrics and for the console. What
//! follows from the figures (taking a candidate out) belongs to others.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use node::{ConsultError, Hook};
use sip::Method;

use crate::answers::{AnswerClass, AnswerCounts, AnswerGroup, Answers};
use crate::guest::Ended;
use crate::times::{Histogram, Times};

/// Hooks whose calls are timed, with their label in metrics, in the order of [`StatsSnapshot::times`].
pub const HOOKS: [(Hook, &str); 4] = [
    (Hook::Request, Hook::Request.name()),
    (Hook::InDialogRequest, Hook::InDialogRequest.name()),
    (Hook::Reply, Hook::Reply.name()),
    (Hook::Failure, Hook::Failure.name()),
];

/// How a call ended that ended with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DecisionKind {
    /// `relay`
    Relay,
    /// `reply`
    Reply,
    /// `challenge`
    Challenge,
    /// `next`
    Next,
    /// `drop`
    Drop,
    /// `pass` of a reply hook
    Pass,
    /// `replace` of a reply hook
    Replace,
    /// `drop` of a reply hook
    DropReply,
    /// A timer, an event, or a call of another version was taken.
    Done,
}

impl DecisionKind {
    /// All, in the order of [`StatsSnapshot::decisions`].
    pub const ALL: [DecisionKind; 9] = [
        DecisionKind::Relay,
        DecisionKind::Reply,
        DecisionKind::Challenge,
        DecisionKind::Next,
        DecisionKind::Drop,
        DecisionKind::Pass,
        DecisionKind::Replace,
        DecisionKind::DropReply,
        DecisionKind::Done,
    ];

    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            DecisionKind::Relay => "relay",
            DecisionKind::Reply => "reply",
            DecisionKind::Challenge => "challenge",
            DecisionKind::Next => "next",
            DecisionKind::Drop => "drop",
            DecisionKind::Pass => "pass",
            DecisionKind::Replace => "replace",
            DecisionKind::DropReply => "drop-reply",
            DecisionKind::Done => "done",
        }
    }
}

/// Why a guest was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TrapKind {
    /// It gave up by itself: a panic, an `unreachable`.
    Panic,
    /// It recursed beyond its stack.
    Stack,
    /// It wanted more memory than it may have, and gave up.
    Memory,
    /// It reached outside its memory or tables.
    Bounds,
    /// It used an import against the contract.
    Misuse,
    /// What it returned or passed is not a value of the contract's types, or larger than allowed.
    Value,
    /// Anything else (a division by zero, for example).
    Other,
}

impl TrapKind {
    /// All, in the order of [`StatsSnapshot::traps`].
    pub const ALL: [TrapKind; 7] = [
        TrapKind::Panic,
        TrapKind::Stack,
        TrapKind::Memory,
        TrapKind::Bounds,
        TrapKind::Misuse,
        TrapKind::Value,
        TrapKind::Other,
    ];

    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            TrapKind::Panic => "panic",
            TrapKind::Stack => "stack",
            TrapKind::Memory => "memory",
            TrapKind::Bounds => "bounds",
            TrapKind::Misuse => "misuse",
            TrapKind::Value => "value",
            TrapKind::Other => "other",
        }
    }
}

/// The counters of one version. All methods are cheap and may be called from any thread.
#[derive(Debug, Default)]
pub struct Stats {
    calls: AtomicU64,
    decisions: [AtomicU64; DecisionKind::ALL.len()],
    traps: [AtomicU64; TrapKind::ALL.len()],
    server_failures: AtomicU64,
    faults: AtomicU64,
    invalid: AtomicU64,
    deadlines: AtomicU64,
    busy: AtomicU64,
    abandoned: AtomicU64,
    log_lines_dropped: AtomicU64,
    guests_started: AtomicU64,
    cpu_ns: AtomicU64,
    times: [Histogram; HOOKS.len()],
    answers: AnswerCounts,
}

/// [`Stats`] at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatsSnapshot {
    /// Calls that began.
    pub calls: u64,
    /// Decisions by kind, in the order of [`DecisionKind::ALL`].
    pub decisions: [u64; DecisionKind::ALL.len()],
    /// Traps by kind, in the order of [`TrapKind::ALL`].
    pub traps: [u64; TrapKind::ALL.len()],
    /// Those of the decisions that answer 5xx (RFC 3261 §21.5).
    pub server_failures: u64,
    /// Faults that the script returned.
    pub faults: u64,
    /// Decisions that broke the contract.
    pub invalid: u64,
    /// Calls that did not end in time.
    pub deadlines: u64,
    /// Calls for which no guest was free.
    pub busy: u64,
    /// Calls whose caller went away before they ended.
    pub abandoned: u64,
    /// Log lines beyond the bound of a call.
    pub log_lines_dropped: u64,
    /// Guests instantiated.
    pub guests_started: u64,
    /// Time that guests had the thread.
    pub cpu: Duration,
    /// How long calls lasted, with what they waited for, in the order of [`HOOKS`].
    pub times: Box<[Times; HOOKS.len()]>,
    /// Final answers to the transactions that it took.
    pub answers: Answers,
}

impl StatsSnapshot {
    /// Decisions of one kind.
    pub fn decided(&self, kind: DecisionKind) -> u64 {
        self.decisions[kind as usize]
    }

    /// Traps of one kind.
    pub fn trapped(&self, kind: TrapKind) -> u64 {
        self.traps[kind as usize]
    }

    /// How long the first question about a request took.
    pub fn request_times(&self) -> &Times {
        &self.times[place(Hook::Request)]
    }

    /// Traps of all kinds.
    pub fn all_traps(&self) -> u64 {
        self.traps.iter().sum()
    }
}

impl Stats {
    /// The figures now. They are read one after the other, so they may be a call apart.
    pub fn snapshot(&self) -> StatsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        StatsSnapshot {
            calls: read(&self.calls),
            decisions: self.decisions.each_ref().map(read),
            traps: self.traps.each_ref().map(read),
            server_failures: read(&self.server_failures),
            faults: read(&self.faults),
            invalid: read(&self.invalid),
            deadlines: read(&self.deadlines),
            busy: read(&self.busy),
            abandoned: read(&self.abandoned),
            log_lines_dropped: read(&self.log_lines_dropped),
            guests_started: read(&self.guests_started),
            cpu: Duration::from_nanos(read(&self.cpu_ns)),
            times: Box::new(self.times.each_ref().map(Histogram::times)),
            answers: self.answers.answers(),
        }
    }

    /// A transaction that this version took has its final answer, so long after the request.
    pub fn answered(&self, method: Method, in_dialog: bool, status: u16, took: Duration) {
        if let Some(class) = AnswerClass::of(status) {
            self.answers.add(AnswerGroup::of(method, in_dialog), class, took);
        }
    }

    /// A call ended without returning: what that is to whoever asked.
    pub(crate) fn ended(&self, ended: Ended) -> ConsultError {
        match ended {
            Ended::Deadline => {
                self.deadline();
                ConsultError::Deadline
            }
            Ended::Trap(kind) => {
                self.trapped(kind);
                ConsultError::Trap
            }
        }
    }

    pub(crate) fn called(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(crate) fn decided(&self, kind: DecisionKind) {
        self.decisions[kind as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn server_failure(&self) {
        self.server_failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn trapped(&self, kind: TrapKind) {
        self.traps[kind as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn faulted(&self) {
        self.faults.fetch_add(1, Relaxed);
    }

    pub(crate) fn invalid(&self) {
        self.invalid.fetch_add(1, Relaxed);
    }

    pub(crate) fn deadline(&self) {
        self.deadlines.fetch_add(1, Relaxed);
    }

    pub(crate) fn busy(&self) {
        self.busy.fetch_add(1, Relaxed);
    }

    pub(crate) fn abandoned(&self) {
        self.abandoned.fetch_add(1, Relaxed);
    }

    pub(crate) fn log_lines_dropped(&self, lines: u32) {
        if lines > 0 {
            self.log_lines_dropped.fetch_add(lines.into(), Relaxed);
        }
    }

    pub(crate) fn guest_started(&self) {
        self.guests_started.fetch_add(1, Relaxed);
    }

    /// A call of this hook has ended, well or not, after this time.
    pub(crate) fn took(&self, hook: Hook, time: Duration) {
        self.times[place(hook)].took(time);
    }

    pub(crate) fn spent(&self, cpu: Duration) {
        self.cpu_ns.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Of a hook in [`HOOKS`].
fn place(hook: Hook) -> usize {
    match hook {
        Hook::Request => 0,
        Hook::InDialogRequest => 1,
        Hook::Reply => 2,
        Hook::Failure => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_at_their_own_number() {
        for (n, kind) in DecisionKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, n, "{}", kind.name());
        }
        for (n, kind) in TrapKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, n, "{}", kind.name());
        }
        for (n, (hook, name)) in HOOKS.into_iter().enumerate() {
            assert_eq!(place(hook), n, "{name}");
        }
    }
}

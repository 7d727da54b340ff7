//! What happened how often, as plain values: by peer, command and result.
//!
//! In: what happened. Out: numbers, for whoever prints them. Bounded: what does not fit is counted together.

use std::collections::BTreeMap;

use crate::failure::FailureKind;
use crate::header::CommandCode;
use crate::node::PeerId;
use crate::result::Outcome;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A request of ours went out for the first time.
    RequestSent,
    /// It went out again, to this peer.
    RequestSentAgain,
    /// An answer came. `None`: it does not say how it ended.
    AnswerReceived(Option<Outcome>),
    /// An answer came to nothing that was asked, or too late.
    AnswerUnmatched,
    /// No answer came in time.
    Deadline,
    /// A request came.
    RequestReceived,
    /// A request came again.
    Duplicate,
    /// An answer went out.
    AnswerSent(Option<Outcome>),
    /// The host did not answer in time.
    Unanswered,
    /// A message was refused before anybody saw it.
    Refused(FailureKind),
}

/// What is counted, of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    /// With which peer.
    pub peer: PeerId,
    /// Of which command.
    pub command: CommandCode,
    /// What.
    pub what: What,
}

/// All counters of a node.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    counts: BTreeMap<Counter, u64>,
    most: usize,
    /// What came when there was no room for another counter.
    pub beyond: u64,
    /// Accepted connections that were closed because there were too many, or no CER came, or something else.
    pub strangers: u64,
    /// CERs of nodes that are no peers.
    pub unknown_peers: u64,
    /// Streams that could not be cut into messages.
    pub broken_streams: u64,
}

impl Counters {
    pub(super) fn new(most: usize) -> Counters {
        Counters { most, ..Counters::default() }
    }

    pub(super) fn count(&mut self, peer: PeerId, command: CommandCode, what: What) {
        let counter = Counter { peer, command, what };
        let is_full = self.counts.len() >= self.most;
        match self.counts.get_mut(&counter) {
            Some(count) => *count += 1,
            None if is_full => self.beyond += 1,
            None => {
                self.counts.insert(counter, 1);
            }
        }
    }

    /// Every counter that is not zero, by peer, command and what.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> + '_ {
        self.counts.iter().map(|(counter, count)| (*counter, *count))
    }

    /// One of them.
    pub fn get(&self, peer: PeerId, command: CommandCode, what: What) -> u64 {
        self.counts.get(&Counter { peer, command, what }).copied().unwrap_or(0)
    }

    /// The sum over peers and commands.
    pub fn sum(&self, is_meant: impl Fn(What) -> bool) -> u64 {
        self.counts.iter().filter(|(counter, _)| is_meant(counter.what)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_bounded() {
        let mut counters = Counters::new(2);
        for code in [300, 301, 302, 300, 302] {
            counters.count(PeerId(0), CommandCode(code), What::RequestSent);
        }
        assert_eq!(counters.get(PeerId(0), CommandCode(300), What::RequestSent), 2);
        assert_eq!((counters.iter().count(), counters.beyond), (2, 2));
        assert_eq!(counters.sum(|what| what == What::RequestSent), 3);
    }
}

//! Figures for a status page and for metrics, as plain values.
//!
//! In: what happened. Out: numbers. Bounded: commands beyond [`MAX_LATENCIES`] are not timed.

use std::collections::BTreeMap;
use std::time::Duration;

use ::diameter::node::What;
use ::diameter::peer::CloseReason;
use ::diameter::peer::state::State;
use ::diameter::peer::watchdog::Watch;
use ::diameter::{CommandCode, DiameterIdentity};

use crate::counter::Counter;

/// A peer, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Who it is.
    pub identity: DiameterIdentity,
    /// Its realm.
    pub realm: DiameterIdentity,
    /// Its machine (RFC 6733 §5.6).
    pub state: State,
    /// Its watchdog (RFC 3539 §3.4.1).
    pub watch: Watch,
    /// Our requests there without an answer.
    pub outstanding: usize,
    /// How often it has opened since the start.
    pub opened: u64,
    /// Why it was last closed, or could not be opened.
    pub last_closed: Option<CloseReason>,
}

impl PeerStatus {
    /// Whether messages can be sent to it.
    pub const fn is_open(&self) -> bool {
        self.state.open_side().is_some()
    }
}

/// How often something happened with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCounter {
    /// With which peer.
    pub peer: DiameterIdentity,
    /// With which command.
    pub command: CommandCode,
    /// What.
    pub what: What,
    /// How often since the start.
    pub count: u64,
}

/// What happened to connections since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Connections there are now, also those that are being made.
    pub live: usize,
    /// Accepted, their handshake done.
    pub accepted: u64,
    /// Reset, being one too many.
    pub refused: u64,
    /// Accepted, and no TLS came of it.
    pub handshakes_failed: u64,
    /// Made by us.
    pub connected: u64,
    /// Not made: no address, nobody there, no TLS.
    pub connects_failed: u64,
    /// Closed because more waited to be written than may.
    pub overfull: u64,
    /// Closed because no CER came in time, or something else, or too many were waited for.
    pub strangers: u64,
    /// CERs of nodes that are no peers.
    pub unknown_peers: u64,
    /// Streams that could not be cut into messages.
    pub broken_streams: u64,
    /// What the node counted when there was no room for another counter.
    pub beyond: u64,
}

/// Live counters of the sockets.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: Counter,
    pub(super) refused: Counter,
    pub(super) handshakes_failed: Counter,
    pub(super) connected: Counter,
    pub(super) connects_failed: Counter,
    pub(super) overfull: Counter,
}

impl Counters {
    pub(super) fn snapshot(&self, live: usize, node: &::diameter::node::Counters) -> ConnectionCounts {
        ConnectionCounts {
            live,
            accepted: self.accepted.get(),
            refused: self.refused.get(),
            handshakes_failed: self.handshakes_failed.get(),
            connected: self.connected.get(),
            connects_failed: self.connects_failed.get(),
            overfull: self.overfull.get(),
            strangers: node.strangers,
            unknown_peers: node.unknown_peers,
            broken_streams: node.broken_streams,
            beyond: node.beyond,
        }
    }
}

/// Commands that are timed.
pub const MAX_LATENCIES: usize = 64;

/// How long requests of one command waited for their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Answers by the first of [`Latency::BOUNDS`] that they did not exceed; the last place is for those beyond all.
    pub counts: [u64; Latency::BOUNDS.len() + 1],
    /// The sum of all.
    pub sum: Duration,
}

impl Latency {
    /// The upper bounds of the buckets, ascending.
    pub const BOUNDS: [Duration; 15] = [
        Duration::from_micros(100),
        Duration::from_micros(250),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
        Duration::from_secs(5),
    ];

    /// Answers in all.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn add(&mut self, latency: Duration) {
        let at = Latency::BOUNDS.partition_point(|bound| *bound < latency);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(latency);
    }
}

/// The latencies of all commands.
#[derive(Debug, Default)]
pub(super) struct Latencies(BTreeMap<CommandCode, Latency>);

impl Latencies {
    pub(super) fn count(&mut self, command: CommandCode, latency: Duration) {
        let has_room = self.0.len() < MAX_LATENCIES;
        match self.0.get_mut(&command) {
            Some(known) => known.add(latency),
            None if has_room => self.0.entry(command).or_default().add(latency),
            None => {}
        }
    }

    pub(super) fn all(&self) -> Vec<(CommandCode, Latency)> {
        self.0.iter().map(|(command, latency)| (*command, *latency)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_first_bucket_that_holds_it() {
        let mut latency = Latency::default();
        for micros in [0, 100, 101, 5_000_000, 5_000_001] {
            latency.add(Duration::from_micros(micros));
        }
        assert_eq!(
            (latency.counts[0], latency.counts[1], latency.counts[14], latency.counts[15]),
            (2, 1, 1, 1)
        );
        assert_eq!((latency.count(), latency.sum), (5, Duration::from_micros(10_000_202)));
        assert!(Latency::BOUNDS.is_sorted());
    }

    #[test]
    fn commands_that_are_timed_are_bounded() {
        let mut latencies = Latencies::default();
        for command in 0..2 * MAX_LATENCIES as u32 {
            latencies.count(CommandCode(command), Duration::ZERO);
        }
        assert_eq!(latencies.all().len(), MAX_LATENCIES);
    }
}

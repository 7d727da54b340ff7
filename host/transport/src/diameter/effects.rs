//! What follows from the node's outputs and is done when its mutex is free again.
//!
//! In: lists. Out: writes, connections being made, answers in their places with those who wait for them woken, requests
//! handed out, a timers' task that comes earlier.

use std::sync::Arc;
use std::task::Waker;

use ::diameter::Message;
use ::diameter::node::{IncomingId, PeerId};
use ::diameter::peer::CloseReason;
use smallvec::SmallVec;

use super::connection::Connection;
use super::incoming::Incoming;
use super::pending::{DiameterFailure, Slot};
use super::{Shared, connect};

#[derive(Default)]
pub(super) struct Effects {
    /// Connections that are ours to write on.
    pub(super) writes: SmallVec<[Arc<Connection>; 2]>,
    pub(super) connects: Vec<(Arc<Connection>, PeerId)>,
    /// Requests of ours, and how they ended.
    pub(super) ended: Vec<(Arc<Slot>, Result<Message, DiameterFailure>)>,
    /// Requests of others.
    pub(super) requests: Vec<(IncomingId, PeerId, Message)>,
    /// Peers that opened, or closed: why, and whether they were open.
    pub(super) peers: Vec<(PeerId, Option<(CloseReason, bool)>)>,
    /// Connections that were closed because too much waited there.
    pub(super) overfull: u64,
    pub(super) wakes_timer: bool,
}

impl Effects {
    /// Does it all.
    pub(super) fn run(self, shared: &Arc<Shared>) {
        let Effects { writes, connects, ended, requests, peers, overfull, wakes_timer } = self;
        // bytes first: peers wait for them, and so do others who want to write
        writes.iter().for_each(|connection| connection.outbox.write());
        if wakes_timer {
            shared.timer.notify_one();
        }
        if overfull > 0 {
            shared.counters.overfull.add(overfull);
        }
        peers.into_iter().for_each(|(peer, closed)| note(shared, peer, closed));
        for (connection, peer) in connects {
            shared.handle.spawn(connect::run(connection, peer, shared.clone()));
        }
        // everything is in its place before anybody is woken, so that who waits for several wakes once
        let mut wakers: SmallVec<[Waker; 8]> = SmallVec::new();
        for (slot, end) in ended {
            if let Some(waker) = slot.end(end)
                && !wakers.last().is_some_and(|last| last.will_wake(&waker))
            {
                wakers.push(waker);
            }
        }
        wakers.into_iter().for_each(Waker::wake);
        for (id, peer, message) in requests {
            if let Some(identity) = shared.identities.get(usize::from(peer.0)) {
                let incoming = Incoming::new(shared.clone(), id, identity.clone(), message);
                shared.requests.request(incoming);
            }
        }
    }
}

fn note(shared: &Shared, peer: PeerId, closed: Option<(CloseReason, bool)>) {
    let Some(identity) = shared.identities.get(usize::from(peer.0)) else { return };
    match closed {
        None => tracing::info!(%identity, "a Diameter peer is open"),
        Some((reason, true)) => tracing::warn!(%identity, ?reason, "a Diameter peer is closed"),
        Some((reason, false)) => tracing::debug!(%identity, ?reason, "a Diameter peer cannot be opened"),
    }
    shared.changes.send_modify(|changes| *changes += 1);
}

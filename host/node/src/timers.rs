//! Timers of branches: Timer C (RFC 3261 §16.6 item 11, §16.8) and the time a script gave to a target. And of requests
//! that are no INVITE: when a 100 is due (RFC 4320 §4.1).
//!
//! In: branches that begin or get a provisional response. Out: events to the forking machine. A wheel entry is never
//! taken back: when it comes up, the branch's own deadline tells whether it is still meant.

use std::sync::Arc;
use std::time::Duration;

use proxy::{BranchIndex, BranchState, Event, Kind};
use transaction::{ServerId, Time, Timers};

use crate::context::Active;
use crate::decision::Until;
use crate::io::ContextId;
use crate::node::Node;

/// The entry of a request itself instead of one of its branches: a context has fewer.
const REQUEST: BranchIndex = BranchIndex::MAX;

impl Node {
    /// The transaction that a context's request came by; `None`: none, or it is over.
    pub(crate) fn server_of(&mut self, id: ContextId) -> Option<ServerId> {
        self.contexts.get_mut(id)?.server
    }

    /// Its timers, which tell how long its sender waits.
    pub(crate) fn server_timers(&mut self, id: ContextId) -> Timers {
        let server = self.server_of(id);
        server.and_then(|server| self.transactions.server_timers(server)).unwrap_or(self.config.timers)
    }

    /// Starts the wait for the 100 of a request that is no INVITE.
    pub(crate) fn start_trying_timer(&mut self, now: Time, id: ContextId) {
        let at = now + until_trying(self.server_timers(id));
        self.timers.catch_up(now);
        self.timers.insert(at, (id, REQUEST));
    }

    /// A request without an answer for so long gets a 100: the client's retransmissions are slow from now on, and its
    /// Timer F is far.
    fn trying_is_due(&mut self, now: Time, id: ContextId) {
        let Some(context) = self.contexts.get_mut(id).filter(|context| !context.answered) else { return };
        let Some(active) = context.active.as_ref() else { return };
        let request = Arc::clone(&active.request);
        self.trying(now, id, &request);
    }

    /// The script's time-out of a branch is over without having come: the ordinary one counts.
    pub(crate) fn end_patience(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
    ) {
        active.branches[usize::from(branch)].in_time = true;
        self.start_timer(now, id, active, branch);
    }

    /// A response has come on a branch: it may be what the script wanted to see in time, or what makes the target's failure
    /// an answer.
    pub(crate) fn heard(
        &mut self,
        now: Time,
        id: ContextId,
        active: &mut Active,
        branch: BranchIndex,
        status: u16,
    ) {
        if status >= 200 || !is_tried(active, branch) {
            return;
        }
        let entry = &active.branches[usize::from(branch)];
        let Some(relay) = active.relays.get_mut(entry.relay) else { return };
        if relay.ask_failure_unless_heard && status > 100 {
            relay.ask_failure = false;
        }
        if relay.timeout.is_some() && !entry.in_time && relay.until.is_over(status) {
            self.end_patience(now, id, active, branch);
        }
    }

    /// Starts a branch's timer, or starts it anew. The script's own time-out runs from the beginning only.
    pub(crate) fn start_timer(&mut self, now: Time, id: ContextId, active: &mut Active, branch: BranchIndex) {
        let kind = active.forking.kind();
        let entry = &mut active.branches[usize::from(branch)];
        let relay = active.relays.get(entry.relay);
        let given = relay.and_then(|relay| relay.timeout).filter(|_| !entry.in_time);
        let after = match (given, kind) {
            (Some(_), _) if entry.deadline.is_some() => return,
            (Some(given), _) => given,
            (None, Kind::Invite) => self.config.timer_c,
            (None, Kind::NonInvite) => return entry.deadline = None,
        };
        let at = now + after;
        let running = entry.deadline.is_some();
        entry.deadline = Some(at);
        if !running {
            self.timers.catch_up(now);
            self.timers.insert(at, (id, branch));
        }
    }

    pub(crate) fn handle_timers(&mut self, now: Time) {
        while let Some((id, branch)) = self.timers.pop_due(now) {
            if branch == REQUEST {
                self.trying_is_due(now, id);
                continue;
            }
            let Some(context) = self.contexts.get_mut(id) else { continue };
            let Some(mut active) = context.active.take() else { continue };
            let deadline = active.branches.get(usize::from(branch)).and_then(|branch| branch.deadline);
            match deadline {
                Some(deadline) if deadline > now => {
                    self.timers.insert(deadline, (id, branch));
                    self.keep(id, active);
                }
                Some(_) if self.is_alive(now, &active, branch) => {
                    active.branches[usize::from(branch)].deadline = None;
                    self.end_patience(now, id, &mut active, branch);
                    self.keep(id, active);
                }
                Some(_) => {
                    active.branches[usize::from(branch)].deadline = None;
                    if active.forking.kind() == Kind::NonInvite && is_tried(&active, branch) {
                        self.give_up(&active, branch);
                    }
                    let actions = active.forking.handle(Event::TimerC(branch));
                    self.carry_out(now, id, active, actions);
                }
                None => self.keep(id, active),
            }
        }
    }

    /// Whether a branch whose target had time to give any sign is not to be given up: the target has given others one
    /// meanwhile, so that only what it says to this request is lost.
    fn is_alive(&self, now: Time, active: &Active, branch: BranchIndex) -> bool {
        let place = &active.branches[usize::from(branch)];
        let Some(relay) = active.relays.get(place.relay) else { return false };
        let (Some(timeout), Until::Trying, false) = (relay.timeout, relay.until, place.in_time) else {
            return false;
        };
        let flow = place.client.and_then(|client| self.transactions.client_flow(client));
        let since = Time(now.0.saturating_sub(timeout.as_micros() as u64));
        flow.is_some_and(|flow| is_tried(active, branch) && self.alive.has_spoken_since(flow.remote, since))
    }

    /// What is no INVITE cannot be cancelled (RFC 3261 §9.1): the transaction ends, and with it what it would send.
    fn give_up(&mut self, active: &Active, branch: BranchIndex) {
        if let Some(client) = active.branches[usize::from(branch)].client {
            self.transactions.forget_client(client);
            self.clients.clear(client.slot());
            self.server_names.remove(&client);
        }
    }
}

/// A final response on this branch is waited for.
pub(crate) fn is_tried(active: &Active, branch: BranchIndex) -> bool {
    matches!(active.forking.state(branch), Some(BranchState::Trying | BranchState::Proceeding))
}

/// How long a client's Timer E takes to reach T2: no 100 to a request that is no INVITE may leave before over UDP, and
/// one must afterwards (RFC 4320 §4.1).
fn until_trying(timers: Timers) -> Duration {
    let (mut passed, mut interval) = (Duration::ZERO, timers.t1());
    while interval < timers.t2() {
        passed += interval;
        interval *= 2;
    }
    passed
}

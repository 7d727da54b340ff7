//! Timers of branches: Timer C (RFC 3261 §16.6 item 11, §16.8) and the time a script gave to a target.
//!
//! In: branches that begin or get a provisional response. Out: events to the forking machine. A wheel entry is never
//! taken back: when it comes up, the branch's own deadline tells whether it is still meant.

use proxy::{BranchIndex, Event, Kind};
use transaction::Time;

use crate::context::Active;
use crate::io::ContextId;
use crate::node::Node;

impl Node {
    /// Starts a branch's timer, or starts it anew. The script's own time-out runs from the beginning only.
    pub(crate) fn start_timer(&mut self, now: Time, id: ContextId, active: &mut Active, branch: BranchIndex) {
        let kind = active.forking.kind();
        let entry = &mut active.branches[usize::from(branch)];
        let given = active.relays.get(entry.relay).and_then(|relay| relay.timeout);
        let after = match (given, kind) {
            (Some(_), _) if entry.deadline.is_some() => return,
            (Some(given), _) => given,
            (None, Kind::Invite) => self.config.timer_c,
            (None, Kind::NonInvite) => return,
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
            let Some(context) = self.contexts.get_mut(id) else { continue };
            let Some(mut active) = context.active.take() else { continue };
            let deadline = active.branches.get(usize::from(branch)).and_then(|branch| branch.deadline);
            match deadline {
                Some(deadline) if deadline > now => {
                    self.timers.insert(deadline, (id, branch));
                    self.keep(id, active);
                }
                Some(_) => {
                    active.branches[usize::from(branch)].deadline = None;
                    let actions = active.forking.handle(Event::TimerC(branch));
                    self.carry_out(now, id, active, actions);
                }
                None => self.keep(id, active),
            }
        }
    }
}

//! The response context of a stateful proxy, the forking machine: RFC 3261 §16.7 with §16.8 (Timer C), §16.9
//! (transport errors), §16.10 (CANCEL) and RFC 5393 §5 (Max-Breadth).
//!
//! In: [`Event`]s about the branches of one request. Out: [`Action`]s, in the order in which they are to be done.
//! It holds no bytes, no clock and no addresses: `K` is whatever names a client transaction, `R` whatever holds a
//! response (an `Arc`, usually). Which response is best is `best_response.rs`; timers are the caller's.
//!
//! A branch:
//! ```text
//!            Begin            101-199, 100            300-699, timeout, unreachable
//!  Waiting ────────▶ Trying ─────────────▶ Proceeding ────────────────────────────▶ Completed
//!     │                 │ └───────────────────────────────────────────────────────▶    ▲ │
//!     │ 2xx, 6xx or     │ 2xx or 6xx elsewhere, CANCEL, Timer C (INVITE)    │          │ └─ 2xx to INVITE:
//!     │ CANCEL          └────────────────────▶ Cancelling ◀─────────────────┘          │    forwarded again
//!     └▶ dropped                                    └────────── any final ─────────────┘
//! ```
//! The context:
//! ```text
//!  Open ── every branch Completed and none Waiting ──▶ Answered (the best response went out; can be resumed)
//!    └──── the first 2xx ────────────────────────────▶ Accepted (later 2xx to INVITE are still forwarded)
//! ```

use smallvec::SmallVec;

use crate::best_response::{rank, upstream_status};
use crate::max_breadth::share;

mod event;

pub use event::{Action, Actions, Best, BranchIndex, Event, Kind};

/// Most branches in one response context, of all groups together. One more is refused by
/// [`ResponseContext::add_target`].
pub const MAX_BRANCHES: usize = 64;

/// Where a branch is; see the drawing above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchState {
    /// In a later group.
    Waiting,
    /// Begun; no response yet.
    Trying,
    /// A provisional response has come.
    Proceeding,
    /// Cancelled; its final response has not come.
    Cancelling,
    /// A final response came or was made, or the branch was dropped before it began.
    Completed,
}

#[derive(Debug, Clone, Copy)]
struct Branch<K> {
    key: Option<K>,
    q: u16,
    state: BranchState,
    /// Cancelled by Timer C: its 487 stands for 408, since the caller has cancelled nothing.
    expired: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Answered,
    Accepted,
}

/// No further target fits into a context ([`MAX_BRANCHES`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a response context holds at most {MAX_BRANCHES} branches")]
pub struct TooManyBranches;

/// One request's branches and what has come back. See the module.
#[derive(Debug, Clone)]
pub struct ResponseContext<K, R> {
    branches: SmallVec<[Branch<K>; 1]>,
    /// Of all final responses that can still go upstream, the best one; status 0: none yet.
    best: Option<R>,
    best_status: u16,
    /// 401 and 407 responses other than `best`.
    challenges: Vec<R>,
    max_breadth: u16,
    kind: Kind,
    phase: Phase,
    /// A CANCEL came from upstream.
    cancelled: bool,
    /// A 6xx came: no new branches (§16.7 item 5).
    declined: bool,
}

impl<K: Copy + PartialEq, R> ResponseContext<K, R> {
    /// An empty context. `max_breadth` is the request's Max-Breadth, or
    /// [`DEFAULT_MAX_BREADTH`](crate::DEFAULT_MAX_BREADTH) where it has none; a request with 0 was answered
    /// with 440 by [`max_breadth`](crate::max_breadth::incoming), and here 0 counts as 1.
    #[must_use]
    pub fn new(kind: Kind, max_breadth: u16) -> Self {
        Self {
            branches: SmallVec::new(),
            best: None,
            best_status: 0,
            challenges: Vec::new(),
            max_breadth: max_breadth.max(1),
            kind,
            phase: Phase::Open,
            cancelled: false,
            declined: false,
        }
    }

    /// Add a target of preference `q` in thousandths (§16.5); equal ones are tried in parallel, greater ones first.
    /// It begins with the next [`Event::Start`], or when its turn comes.
    ///
    /// # Errors
    /// [`TooManyBranches`] when there are [`MAX_BRANCHES`] already.
    pub fn add_target(&mut self, q: u16) -> Result<BranchIndex, TooManyBranches> {
        if self.branches.len() >= MAX_BRANCHES {
            return Err(TooManyBranches);
        }
        let index = self.branches.len() as BranchIndex;
        self.branches.push(Branch { key: None, q, state: BranchState::Waiting, expired: false });
        Ok(index)
    }

    /// The branch has been sent as client transaction `key`. A second call replaces the key: the next hop failed
    /// and the same target is tried at another address (RFC 3263 §4.3).
    pub fn started(&mut self, branch: BranchIndex, key: K) {
        if let Some(branch) = self.branches.get_mut(usize::from(branch)) {
            branch.key = Some(key);
        }
    }

    /// The client transaction of a branch, once [`started`](Self::started).
    #[must_use]
    pub fn key(&self, branch: BranchIndex) -> Option<K> {
        self.branches.get(usize::from(branch)).and_then(|branch| branch.key)
    }

    /// The branch with this client transaction.
    #[must_use]
    pub fn branch_of(&self, key: K) -> Option<BranchIndex> {
        self.branches.iter().position(|branch| branch.key == Some(key)).map(|index| index as BranchIndex)
    }

    /// Where a branch is; `None`: there is no such branch.
    #[must_use]
    pub fn state(&self, branch: BranchIndex) -> Option<BranchState> {
        self.branches.get(usize::from(branch)).map(|branch| branch.state)
    }

    /// How many branches there are, begun or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// No target has been added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// The method's rules.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The request's Max-Breadth.
    #[must_use]
    pub fn max_breadth(&self) -> u16 {
        self.max_breadth
    }

    /// A final response has gone upstream.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.phase != Phase::Open
    }

    /// A final response has gone upstream and every branch has completed. What can still come is a further 2xx to
    /// an INVITE, for as long as the client transactions live.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_answered() && !self.branches.iter().any(|branch| branch.state != BranchState::Completed)
    }

    /// Take back an [`Action::Answer`] that has not been sent, so that further targets can be tried: add them, then
    /// handle [`Event::Start`]. Afterwards it competes with what they bring. No targets begin after a CANCEL or a
    /// 6xx: then [`Event::Start`] gives the answer again.
    pub fn resume(&mut self, best: Best<R>) {
        if self.phase != Phase::Answered {
            return;
        }
        self.phase = Phase::Open;
        self.best = best.response;
        self.best_status = best.chosen;
        self.challenges = best.challenges.into_vec();
    }

    /// Take in one event. An event for a branch that does not exist, or that its state has no use for, does
    /// nothing.
    pub fn handle(&mut self, event: Event<R>) -> Actions<R> {
        let mut actions = Actions::new();
        match event {
            Event::Start => self.advance(&mut actions),
            Event::Provisional { branch, status, response } => {
                self.on_provisional(branch, status, response, &mut actions);
            }
            Event::Final { branch, status: status @ 200..=299, response: Some(response) } => {
                self.on_success(branch, status, response, &mut actions);
            }
            Event::Final { status: ..=299, .. } => {}
            Event::Final { branch, status, response } => {
                self.on_failure(branch, status, response, &mut actions);
            }
            Event::TimedOut(branch) => self.on_failure(branch, 408, None, &mut actions),
            Event::Unreachable(branch) => self.on_failure(branch, 503, None, &mut actions),
            Event::TimerC(branch) => self.on_timer_c(branch, &mut actions),
            Event::Cancel => self.on_cancel(&mut actions),
        }
        actions
    }

    fn branch_mut(&mut self, branch: BranchIndex) -> Option<&mut Branch<K>> {
        self.branches.get_mut(usize::from(branch))
    }

    fn on_provisional(&mut self, index: BranchIndex, status: u16, response: R, actions: &mut Actions<R>) {
        let (answered, invite) = (self.is_answered(), self.kind == Kind::Invite);
        let Some(branch) = self.branch_mut(index) else { return };
        match branch.state {
            BranchState::Waiting | BranchState::Completed => return,
            BranchState::Trying => branch.state = BranchState::Proceeding,
            BranchState::Proceeding | BranchState::Cancelling => {}
        }
        if status == 100 {
            return;
        }
        // A cancelled branch must not ring on for ever: only its own end is waited for.
        if invite && branch.state == BranchState::Proceeding {
            actions.push(Action::ResetTimerC(index));
        }
        if !answered {
            actions.push(Action::Forward { branch: index, status, response });
        }
    }

    fn on_success(&mut self, index: BranchIndex, status: u16, response: R, actions: &mut Actions<R>) {
        let Some(branch) = self.branch_mut(index) else { return };
        if branch.state == BranchState::Waiting {
            return;
        }
        branch.state = BranchState::Completed;
        match (self.kind, self.phase) {
            (Kind::Invite, _) | (Kind::NonInvite, Phase::Open) => {
                actions.push(Action::Forward { branch: index, status, response });
            }
            (Kind::NonInvite, _) => return,
        }
        if self.phase == Phase::Open {
            self.best = None;
            self.best_status = 0;
            self.challenges = Vec::new();
            self.drop_waiting();
            self.cancel_pending(actions);
        }
        self.phase = Phase::Accepted;
    }

    fn on_failure(&mut self, index: BranchIndex, status: u16, response: Option<R>, actions: &mut Actions<R>) {
        let cancelled = self.cancelled;
        let Some(branch) = self.branch_mut(index) else { return };
        let (status, response) = match branch.state {
            BranchState::Waiting | BranchState::Completed => return,
            BranchState::Trying | BranchState::Proceeding => (status, response),
            // Cancelled and never heard of again: §9.1 takes the transaction as cancelled.
            BranchState::Cancelling if response.is_none() && !branch.expired => (487, None),
            BranchState::Cancelling if branch.expired && !cancelled && matches!(status, 487 | 503) => {
                (408, None)
            }
            BranchState::Cancelling => (status, response),
        };
        branch.state = BranchState::Completed;
        if self.phase != Phase::Open {
            return;
        }
        self.store(status, response);
        if status >= 600 {
            self.declined = true;
            self.drop_waiting();
            self.cancel_pending(actions);
        }
        self.advance(actions);
    }

    fn on_timer_c(&mut self, index: BranchIndex, actions: &mut Actions<R>) {
        let invite = self.kind == Kind::Invite;
        let Some(branch) = self.branch_mut(index) else { return };
        match branch.state {
            BranchState::Waiting | BranchState::Completed => {}
            BranchState::Proceeding if invite => {
                branch.state = BranchState::Cancelling;
                branch.expired = true;
                actions.push(Action::Cancel(index));
            }
            BranchState::Trying if invite => {
                // 408 at once (§16.8); the CANCEL stays behind in case that the callee still begins to ring.
                actions.push(Action::Cancel(index));
                self.on_failure(index, 408, None, actions);
            }
            // the CANCEL had no effect either
            BranchState::Cancelling | BranchState::Trying | BranchState::Proceeding => {
                self.on_failure(index, 408, None, actions);
            }
        }
    }

    fn on_cancel(&mut self, actions: &mut Actions<R>) {
        // CANCEL has no effect on a request that is not an INVITE (§9.2), nor after the final response.
        if self.kind == Kind::NonInvite || self.cancelled || self.phase == Phase::Accepted {
            return;
        }
        self.cancelled = true;
        if self.phase == Phase::Answered {
            return;
        }
        self.drop_waiting();
        self.cancel_pending(actions);
        if !self.is_under_way() {
            self.answer(actions);
        }
    }

    /// Begin the next group if none is under way, or give the best response.
    fn advance(&mut self, actions: &mut Actions<R>) {
        if self.phase != Phase::Open || self.is_under_way() {
            return;
        }
        if self.cancelled || self.declined {
            self.drop_waiting();
        }
        let waiting = |branch: &&Branch<K>| branch.state == BranchState::Waiting;
        let Some(q) = self.branches.iter().filter(waiting).map(|branch| branch.q).max() else {
            self.answer(actions);
            return;
        };
        let of_group = |branch: &Branch<K>| branch.state == BranchState::Waiting && branch.q == q;
        // More targets than breadth: those left over come when these have answered (RFC 5393 §5.3.3.1).
        let size =
            self.branches.iter().filter(|branch| of_group(branch)).count().min(usize::from(self.max_breadth));
        let (total, mut begun) = (self.max_breadth, 0);
        for (index, branch) in self.branches.iter_mut().enumerate() {
            if begun == size {
                break;
            }
            if branch.state == BranchState::Waiting && branch.q == q {
                branch.state = BranchState::Trying;
                let max_breadth = share(total, size as u16, begun as u16);
                actions.push(Action::Begin { branch: index as BranchIndex, max_breadth });
                begun += 1;
            }
        }
    }

    fn is_under_way(&self) -> bool {
        use BranchState::{Cancelling, Proceeding, Trying};
        self.branches.iter().any(|branch| matches!(branch.state, Trying | Proceeding | Cancelling))
    }

    fn drop_waiting(&mut self) {
        for branch in &mut self.branches {
            if branch.state == BranchState::Waiting {
                branch.state = BranchState::Completed;
            }
        }
    }

    /// §16.7 item 10. Only an INVITE can be cancelled; branches of other requests run to their end.
    fn cancel_pending(&mut self, actions: &mut Actions<R>) {
        if self.kind == Kind::NonInvite {
            return;
        }
        for (index, branch) in self.branches.iter_mut().enumerate() {
            match branch.state {
                BranchState::Trying | BranchState::Proceeding => {
                    branch.state = BranchState::Cancelling;
                    actions.push(Action::Cancel(index as BranchIndex));
                }
                // already cancelled by Timer C; from now on for a better reason
                BranchState::Cancelling => branch.expired = false,
                BranchState::Waiting | BranchState::Completed => {}
            }
        }
    }

    /// Keep a final response only if it can still matter: as the best one, or for its challenges.
    fn store(&mut self, status: u16, response: Option<R>) {
        let better =
            self.best_status == 0 || rank(status, self.cancelled) < rank(self.best_status, self.cancelled);
        let (loser, loser_status) = if better {
            (std::mem::replace(&mut self.best, response), std::mem::replace(&mut self.best_status, status))
        } else {
            (response, status)
        };
        if let (Some(loser), 401 | 407) = (loser, loser_status) {
            self.challenges.push(loser);
        }
    }

    fn answer(&mut self, actions: &mut Actions<R>) {
        self.phase = Phase::Answered;
        let (chosen, response) = match std::mem::take(&mut self.best_status) {
            0 if self.cancelled => (487, None),
            // an empty target set (§16.5)
            0 if self.branches.is_empty() => (480, None),
            0 => (408, None),
            status => (status, self.best.take()),
        };
        let challenges = std::mem::take(&mut self.challenges);
        let challenges =
            if matches!(chosen, 401 | 407) { challenges.into_boxed_slice() } else { Box::default() };
        actions.push(Action::Answer(Best { status: upstream_status(chosen), chosen, response, challenges }));
    }
}

#[cfg(test)]
mod tests;

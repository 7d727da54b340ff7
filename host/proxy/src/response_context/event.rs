//! What goes into a response context and what comes out: RFC 3261 §16.7 to §16.10.
//!
//! In: [`Event`]s. Out: [`Action`]s, and [`Best`], the response of item 6. The machine between them is
//! `response_context.rs`.

use smallvec::SmallVec;

/// Number of a branch within its context, from 0 in the order of
/// [`ResponseContext::add_target`](crate::ResponseContext::add_target).
pub type BranchIndex = u16;

/// What one event asks for; more than four only when branches are forked or cancelled in parallel.
pub type Actions<R> = SmallVec<[Action<R>; 4]>;

/// Which rules hold: only an INVITE has Timer C, can be cancelled, and may be answered by several 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// INVITE.
    Invite,
    /// Every other method that makes a transaction.
    NonInvite,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<R> {
    /// The target set is complete: begin the first group (§16.6), or go on after
    /// [`ResponseContext::resume`](crate::ResponseContext::resume).
    Start,
    /// A provisional response, 100 to 199, came on a branch.
    Provisional {
        /// The branch it came on.
        branch: BranchIndex,
        /// 100 to 199.
        status: u16,
        /// The response.
        response: R,
    },
    /// A final response came on a branch, or the caller made one for it (then without `response`).
    Final {
        /// The branch it came on.
        branch: BranchIndex,
        /// 200 to 699.
        status: u16,
        /// The response; `None` when made here. A 2xx without a response is not forwarded and counts as nothing.
        response: Option<R>,
    },
    /// The client transaction gave up: Timer B or F (§16.7 item 2, §17.1: as if 408).
    TimedOut(BranchIndex),
    /// The request could not be sent, or its next hop not be found (§16.9: as if 503).
    Unreachable(BranchIndex),
    /// Timer C fired (§16.8), or the time that the script gave to this target is over.
    TimerC(BranchIndex),
    /// A CANCEL for this request came from upstream (§16.10). It has been answered with 200 already.
    Cancel,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<R> {
    /// Forward the request to the target of this branch (§16.6), and start Timer C if it is an INVITE. Answer
    /// with [`ResponseContext::started`](crate::ResponseContext::started), or with [`Event::Unreachable`].
    Begin {
        /// The branch.
        branch: BranchIndex,
        /// Its Max-Breadth (RFC 5393 §5.3.3), at least 1.
        max_breadth: u16,
    },
    /// Forward this response upstream now (§16.7 item 5). A final one is a 2xx.
    Forward {
        /// The branch it came on.
        branch: BranchIndex,
        /// 101 to 299.
        status: u16,
        /// The response.
        response: R,
    },
    /// Start Timer C of this branch anew (§16.7 item 2).
    ResetTimerC(BranchIndex),
    /// Cancel this branch (§9.1): the client transaction waits for a provisional response first, and a branch that
    /// has not been sent yet is dropped and reported as [`Event::Unreachable`].
    Cancel(BranchIndex),
    /// Nothing else can come: send the best response upstream (§16.7 item 6).
    Answer(Best<R>),
}

/// The best response, as it goes upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Best<R> {
    /// The status to send, 300 to 699. Where it differs from that of `response` (503 became 500), or `response` is
    /// `None`, a response is to be made here.
    pub status: u16,
    /// The status that was chosen, before [`upstream_status`](crate::best_response::upstream_status).
    pub chosen: u16,
    /// The response received with `chosen`; `None`: it was made here.
    pub response: Option<R>,
    /// Other 401 and 407 responses whose challenges are to be added (§16.7 item 7); empty unless `status` is one.
    pub challenges: Box<[R]>,
}

impl<R> Best<R> {
    /// The response to forward unchanged in status; `None`: make one of [`Best::status`].
    #[must_use]
    pub fn forwarded(&self) -> Option<&R> {
        if self.status == self.chosen { self.response.as_ref() } else { None }
    }

    /// A 408 to a request that is not an INVITE would reach a client that has given up at the same time, or worse
    /// be taken for an answer of the server: it must not be sent (RFC 4320 §4.2). The server transaction ends
    /// silently instead.
    #[must_use]
    pub fn is_withheld(&self, kind: Kind) -> bool {
        kind == Kind::NonInvite && self.status == 408
    }
}

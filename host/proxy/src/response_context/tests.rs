//! Every (state, event) pair of a branch, and the size of a context.

use super::*;

type Context = ResponseContext<u64, u32>;

const STATES: [BranchState; 5] = [
    BranchState::Waiting,
    BranchState::Trying,
    BranchState::Proceeding,
    BranchState::Cancelling,
    BranchState::Completed,
];

/// A context of two branches: the first in `state`, the second Proceeding and of a higher q, so that it keeps the
/// context open.
fn context(kind: Kind, state: BranchState) -> Context {
    let mut context = Context::new(kind, 60);
    context.branches.push(Branch { key: Some(1), q: 500, state, expired: false });
    context.branches.push(Branch { key: Some(2), q: 1000, state: BranchState::Proceeding, expired: false });
    context
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Trying100,
    Ringing180,
    Success200,
    Busy486,
    Decline603,
    TimedOut,
    Unreachable,
    TimerC,
    Cancel,
    Start,
}

impl Input {
    const ALL: [Self; 10] = [
        Self::Trying100,
        Self::Ringing180,
        Self::Success200,
        Self::Busy486,
        Self::Decline603,
        Self::TimedOut,
        Self::Unreachable,
        Self::TimerC,
        Self::Cancel,
        Self::Start,
    ];

    fn event(self) -> Event<u32> {
        let last = |status: u16| Event::Final { branch: 0, status, response: Some(u32::from(status)) };
        match self {
            Self::Trying100 => Event::Provisional { branch: 0, status: 100, response: 100 },
            Self::Ringing180 => Event::Provisional { branch: 0, status: 180, response: 180 },
            Self::Success200 => last(200),
            Self::Busy486 => last(486),
            Self::Decline603 => last(603),
            Self::TimedOut => Event::TimedOut(0),
            Self::Unreachable => Event::Unreachable(0),
            Self::TimerC => Event::TimerC(0),
            Self::Cancel => Event::Cancel,
            Self::Start => Event::Start,
        }
    }
}

/// What the pair leads to: the branch's next state, the status that is best afterwards (0: none), and the actions
/// in short: `F` forward, `R` reset Timer C, `c0`/`c1` cancel that branch.
fn expected(kind: Kind, state: BranchState, input: Input) -> (BranchState, u16, &'static str) {
    use BranchState::{Cancelling, Completed, Proceeding, Trying, Waiting};
    use Kind::{Invite, NonInvite};
    match (kind, state, input) {
        // another branch is under way: the group is not over
        (_, _, Input::Start) => (state, 0, ""),
        // CANCEL: everything pending of an INVITE, nothing of others
        (NonInvite, _, Input::Cancel) => (state, 0, ""),
        (Invite, Waiting, Input::Cancel) => (Completed, 0, "c1"),
        (Invite, Trying | Proceeding, Input::Cancel) => (Cancelling, 0, "c0 c1"),
        (Invite, Cancelling | Completed, Input::Cancel) => (state, 0, "c1"),
        // a branch that has not begun hears nothing
        (_, Waiting, _) => (Waiting, 0, ""),
        // 100 stays here
        (_, Trying, Input::Trying100) => (Proceeding, 0, ""),
        (_, _, Input::Trying100) => (state, 0, ""),
        (Invite, Trying | Proceeding, Input::Ringing180) => (Proceeding, 0, "R F"),
        (NonInvite, Trying | Proceeding, Input::Ringing180) => (Proceeding, 0, "F"),
        (_, Cancelling, Input::Ringing180) => (Cancelling, 0, "F"),
        (_, Completed, Input::Ringing180) => (Completed, 0, ""),
        // 2xx
        (Invite, _, Input::Success200) => (Completed, 0, "F c1"),
        (NonInvite, _, Input::Success200) => (Completed, 0, "F"),
        // Completed ends it for everything else
        (_, Completed, _) => (Completed, 0, ""),
        (_, _, Input::Busy486) => (Completed, 486, ""),
        (Invite, _, Input::Decline603) => (Completed, 603, "c1"),
        (NonInvite, _, Input::Decline603) => (Completed, 603, ""),
        (_, Cancelling, Input::TimedOut | Input::Unreachable | Input::TimerC) => (Completed, 487, ""),
        (_, Trying | Proceeding, Input::TimedOut) => (Completed, 408, ""),
        (_, Trying | Proceeding, Input::Unreachable) => (Completed, 503, ""),
        (Invite, Trying, Input::TimerC) => (Completed, 408, "c0"),
        (Invite, Proceeding, Input::TimerC) => (Cancelling, 0, "c0"),
        (NonInvite, Trying | Proceeding, Input::TimerC) => (Completed, 408, ""),
    }
}

fn in_short(actions: &Actions<u32>) -> String {
    let words: Vec<String> = actions
        .iter()
        .map(|action| match action {
            Action::Begin { branch, .. } => format!("b{branch}"),
            Action::Forward { .. } => "F".to_owned(),
            Action::ResetTimerC(_) => "R".to_owned(),
            Action::Cancel(branch) => format!("c{branch}"),
            Action::Answer(best) => format!("A{}", best.status),
        })
        .collect();
    words.join(" ")
}

#[test]
fn every_state_and_event_of_a_branch() {
    for kind in [Kind::Invite, Kind::NonInvite] {
        for state in STATES {
            for input in Input::ALL {
                let mut context = context(kind, state);
                let actions = context.handle(input.event());
                let (next, best, short) = expected(kind, state, input);
                let case = format!("{kind:?} {state:?} {input:?}");
                assert_eq!(context.state(0), Some(next), "{case}");
                assert_eq!(context.best_status, best, "{case}");
                assert_eq!(in_short(&actions), short, "{case}");
            }
        }
    }
}

#[test]
fn every_event_of_a_branch_after_the_final_response() {
    for kind in [Kind::Invite, Kind::NonInvite] {
        for phase in [Phase::Answered, Phase::Accepted] {
            for state in STATES {
                for input in Input::ALL {
                    let mut context = context(kind, state);
                    context.phase = phase;
                    let actions = context.handle(input.event());
                    let case = format!("{kind:?} {phase:?} {state:?} {input:?}");
                    let forwarded =
                        actions.iter().filter(|action| matches!(action, Action::Forward { .. })).count();
                    let late_2xx =
                        kind == Kind::Invite && input == Input::Success200 && state != BranchState::Waiting;
                    assert_eq!(forwarded, usize::from(late_2xx), "{case}");
                    assert!(
                        !actions
                            .iter()
                            .any(|action| matches!(action, Action::Answer(_) | Action::Begin { .. })),
                        "{case}"
                    );
                }
            }
        }
    }
}

#[test]
fn events_of_branches_that_do_not_exist_do_nothing() {
    for input in Input::ALL {
        if matches!(input, Input::Cancel | Input::Start) {
            continue;
        }
        let mut context = Context::new(Kind::Invite, 60);
        assert!(context.handle(input.event()).is_empty(), "{input:?}");
    }
}

#[test]
fn a_context_is_small_and_one_branch_allocates_nothing() {
    use std::sync::Arc;
    assert!(size_of::<ResponseContext<u64, Arc<[u8; 9]>>>() <= 128);
    let mut context = Context::new(Kind::Invite, 60);
    context.add_target(1000).unwrap();
    assert!(!context.branches.spilled());
    assert_eq!(context.challenges.capacity(), 0);
    assert!(!context.handle(Event::Start).spilled());
}

#[test]
fn targets_have_a_bound() {
    let mut context = Context::new(Kind::Invite, 60);
    for _ in 0..MAX_BRANCHES {
        context.add_target(0).unwrap();
    }
    assert_eq!(context.add_target(0), Err(TooManyBranches));
    assert_eq!(context.len(), MAX_BRANCHES);
}

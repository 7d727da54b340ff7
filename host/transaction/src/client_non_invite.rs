//! The non-INVITE client transaction: RFC 3261 §17.1.2 and figure 6.
//!
//! In: a state and an input. Out: a [`Step`]. Bytes, timers' values and matching do not belong here.
//!
//! ```text
//!                      start: send the request, start E (unreliable) and F
//!                         |
//!                         v
//!   Timer E: send +-------------+
//!   (doubled, up  |   Trying    |--- Timer F: timeout --------------->+
//!   to T2)        |             |--- transport error: failed -------->|
//!        +--------|             |                                     |
//!        +------->+-------------+                                     |
//!          1xx: pass |    | 200-699: pass                             |
//!                    v    +-------------------+                       |
//!   1xx: pass     +-------------+             |                       |
//!   Timer E: send | Proceeding  |             |                       |
//!   (every T2)    |             |--- Timer F: timeout --------------->|
//!        +--------|             |--- transport error: failed -------->|
//!        +------->+-------------+             |                       |
//!      200-699: pass |                        |                       |
//!                    v                        |                       |
//!   any response: +-------------+             |                       |
//!   nothing       |  Completed  |<------------+                       |
//!                 +-------------+                                     |
//!                    | Timer K                                        |
//!                    v                                                |
//!                 +-------------+                                     |
//!                 | Terminated  |<------------------------------------+
//!                 +-------------+
//! ```
//!
//! Over a reliable transport Timer E never starts and Timer K is 0 (§17.1.2.2): a final response leads to
//! Terminated at once.

use crate::actions::{Actions, Step};

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The request was sent, nothing came back.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A final response came; it may come again.
    Completed,
    /// Over.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A 1xx.
    Provisional,
    /// A 200-699.
    Final,
    /// The transport could not send.
    TransportError,
    /// Timer E fired: the request may be lost.
    TimerE,
    /// Timer F fired: nobody answers.
    TimerF,
    /// Timer K fired: no response can come again.
    TimerK,
}

/// The first step: the TU gives the request. Over a reliable transport it is never sent again, so nothing
/// is kept.
pub const fn start(reliable: bool) -> Step<State> {
    let actions = Actions::SEND.union(Actions::START_F);
    let actions = if reliable { actions } else { actions.union(Actions::KEEP).union(Actions::START_E) };
    Step::new(State::Trying, actions)
}

/// One step.
pub fn step(state: State, input: Input, reliable: bool) -> Step<State> {
    use {Actions as Do, Input::*, State::*};
    match (state, input) {
        (Trying, TimerE) => Step::new(Trying, Do::RESEND | Do::DOUBLE_E),
        (Proceeding, TimerE) => Step::new(Proceeding, Do::RESEND | Do::E_AT_T2),

        (Trying | Proceeding, Provisional) => Step::new(Proceeding, Do::PASS),
        (Trying | Proceeding, Final) if reliable => Step::new(Terminated, Do::PASS),
        (Trying | Proceeding, Final) => Step::new(Completed, Do::DROP | Do::PASS | Do::STOP_E | Do::START_K),
        (Trying | Proceeding, TransportError) => Step::new(Terminated, Do::FAILED),
        (Trying | Proceeding, TimerF) => Step::new(Terminated, Do::TIMEOUT),

        (Completed, TimerK) => Step::new(Terminated, Do::empty()),

        (Trying | Proceeding, TimerK)
        | (Completed, Provisional | Final | TransportError | TimerE | TimerF)
        | (Terminated, _) => Step::ignore(state),
    }
}

#[cfg(test)]
mod tests {
    use super::{Actions as Do, Input::*, State::*, *};

    const INPUTS: [Input; 6] = [Provisional, Final, TransportError, TimerE, TimerF, TimerK];

    type Row = (State, [Option<(State, Actions)>; 6]);

    fn check(rows: &[Row], reliable: bool) {
        assert_eq!(rows.len(), 4);
        for (state, row) in rows {
            for (input, expected) in INPUTS.into_iter().zip(row) {
                let (next, actions) = expected.unwrap_or((*state, Do::empty()));
                let seen = step(*state, input, reliable);
                assert_eq!(seen, Step::new(next, actions), "{state:?} x {input:?}, reliable: {reliable}");
            }
        }
    }

    fn table(answered: (State, Actions)) -> [Row; 4] {
        let failed = Some((Terminated, Do::FAILED));
        let timeout = Some((Terminated, Do::TIMEOUT));
        let provisional = Some((Proceeding, Do::PASS));
        [
            (
                Trying,
                [
                    provisional,
                    Some(answered),
                    failed,
                    Some((Trying, Do::RESEND | Do::DOUBLE_E)),
                    timeout,
                    None,
                ],
            ),
            (
                Proceeding,
                [
                    provisional,
                    Some(answered),
                    failed,
                    Some((Proceeding, Do::RESEND | Do::E_AT_T2)),
                    timeout,
                    None,
                ],
            ),
            (Completed, [None, None, None, None, None, Some((Terminated, Do::empty()))]),
            (Terminated, [None; 6]),
        ]
    }

    #[test]
    fn every_pair_over_an_unreliable_transport() {
        check(&table((Completed, Do::DROP | Do::PASS | Do::STOP_E | Do::START_K)), false);
        assert_eq!(start(false), Step::new(Trying, Do::SEND | Do::KEEP | Do::START_E | Do::START_F));
    }

    #[test]
    fn every_pair_over_a_reliable_transport() {
        check(&table((Terminated, Do::PASS)), true);
        assert_eq!(start(true), Step::new(Trying, Do::SEND | Do::START_F));
    }
}

//! The non-INVITE server transaction: RFC 3261 §17.2.2 and figure 8.
//!
//! In: a state and an input. Out: a [`Step`]. Bytes, timers' values and matching do not belong here.
//!
//! ```text
//!                      start: the request goes to the TU
//!                         |
//!                         v
//!       request:  +-------------+
//!       nothing   |   Trying    |
//!                 +-------------+
//!     1xx from TU: |    | 200-699 from TU: send
//!     send         |    +--------------------+
//!                  v                         |
//!   request: send +-------------+            |
//!   last response | Proceeding  |            |
//!   1xx from TU:  |             |--- transport error: failed --+
//!   send          +-------------+            |                 |
//!    200-699 from TU: |                      |                 |
//!    send             v                      |                 |
//!   request: send +-------------+            |                 |
//!   last response |  Completed  |<-----------+                 |
//!                 |             |--- transport error: failed ->|
//!                 +-------------+                              |
//!                     | Timer J                                |
//!                     v                                        |
//!                 +-------------+                              |
//!                 | Terminated  |<-----------------------------+
//!                 +-------------+
//! ```
//!
//! Over a reliable transport Timer J is 0 (§17.2.2): a final response leads to Terminated at once, and
//! nothing is kept to repeat.

use crate::actions::{Actions, Step};

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The TU has the request and has said nothing.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// A final response was sent; the request may come again.
    Completed,
    /// Over.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The request again.
    Request,
    /// A 1xx from the TU.
    Provisional,
    /// A 200-699 from the TU.
    Final,
    /// The transport could not send.
    TransportError,
    /// Timer J fired: the request cannot come again.
    TimerJ,
}

/// The first step: the request is the TU's.
pub const fn start() -> Step<State> {
    Step::new(State::Trying, Actions::PASS)
}

/// One step.
pub fn step(state: State, input: Input, reliable: bool) -> Step<State> {
    use {Actions as Do, Input::*, State::*};
    match (state, input) {
        (Trying | Proceeding, Provisional) if reliable => Step::new(Proceeding, Do::SEND),
        (Trying | Proceeding, Provisional) => Step::new(Proceeding, Do::SEND | Do::KEEP),
        (Trying | Proceeding, Final) if reliable => Step::new(Terminated, Do::SEND),
        (Trying | Proceeding, Final) => Step::new(Completed, Do::SEND | Do::KEEP | Do::START_J),

        (Proceeding | Completed, Request) => Step::new(state, Do::RESEND),
        (Proceeding | Completed, TransportError) => Step::new(Terminated, Do::FAILED),
        (Completed, TimerJ) => Step::new(Terminated, Do::empty()),

        (Trying, Request | TransportError | TimerJ)
        | (Proceeding, TimerJ)
        | (Completed, Provisional | Final)
        | (Terminated, _) => Step::ignore(state),
    }
}

#[cfg(test)]
mod tests {
    use super::{Actions as Do, Input::*, State::*, *};

    const INPUTS: [Input; 5] = [Request, Provisional, Final, TransportError, TimerJ];

    type Row = (State, [Option<(State, Actions)>; 5]);

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

    fn table(provisional: Actions, answered: (State, Actions)) -> [Row; 4] {
        let failed = Some((Terminated, Do::FAILED));
        let provisional = Some((Proceeding, provisional));
        [
            (Trying, [None, provisional, Some(answered), None, None]),
            (Proceeding, [Some((Proceeding, Do::RESEND)), provisional, Some(answered), failed, None]),
            (Completed, [Some((Completed, Do::RESEND)), None, None, failed, Some((Terminated, Do::empty()))]),
            (Terminated, [None; 5]),
        ]
    }

    #[test]
    fn every_pair_over_an_unreliable_transport() {
        check(&table(Do::SEND | Do::KEEP, (Completed, Do::SEND | Do::KEEP | Do::START_J)), false);
        assert_eq!(start(), Step::new(Trying, Do::PASS));
    }

    #[test]
    fn every_pair_over_a_reliable_transport() {
        check(&table(Do::SEND, (Terminated, Do::SEND)), true);
    }
}

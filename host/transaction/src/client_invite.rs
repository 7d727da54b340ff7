//! The INVITE client transaction: RFC 3261 §17.1.1 and figure 5, as corrected by RFC 6026 §7.2 (state
//! Accepted, Timer M). §9.1 adds CANCEL.
//!
//! In: a state and an input. Out: a [`Step`]. Bytes, timers' values and matching do not belong here.
//!
//! ```text
//!                      start: send INVITE, start A (unreliable) and B
//!                         |
//!                         v
//!   Timer A: send +-------------+  300-699: ACK, pass
//!        +--------|   Calling   |---------------------------------------+
//!        +------->|             |--- Timer B: timeout ----------------+ |
//!                 |             |--- transport error: failed -------->| |
//!                 +-------------+                                     | |
//!          1xx: pass |    | 2xx: pass                                 | |
//!                    v    +-------------------+                       | |
//!   1xx: pass     +-------------+             |                       | |
//!        +--------| Proceeding  |             |                       | |
//!        +------->|             |--- Timer B after CANCEL: timeout -->| |
//!                 +-------------+             |                       | |
//!      300-699: ACK, |    | 2xx: pass         |                       | |
//!      pass          |    +-----------------+ |                       | |
//!                    | +--------------------|-|-----------------------|-+
//!                    v v                    v v                       |
//!   300-699: ACK  +-------------+     +-------------+ 2xx: pass       |
//!        +--------|  Completed  |     |  Accepted   |---+             |
//!        +------->|             |     |             |<--+             |
//!                 +-------------+     +-------------+                 |
//!     Timer D, or  |                     | Timer M                    |
//!     transport    |                     v                            |
//!     error: failed|                  +-------------+                 |
//!                  +----------------->| Terminated  |<----------------+
//!                                     +-------------+
//! ```
//!
//! Over a reliable transport Timer D is 0 (§17.1.1.2): a 300-699 leads to Terminated at once.

use crate::actions::{Actions, Step};

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The INVITE was sent, nothing came back.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A 300-699 came and was acknowledged; it may come again.
    Completed,
    /// A 2xx came; it may come again, and others from other forks.
    Accepted,
    /// Over.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A 1xx.
    Provisional,
    /// A 2xx.
    Success,
    /// A 300-699.
    Failure,
    /// The TU wants it cancelled.
    Cancel,
    /// The transport could not send.
    TransportError,
    /// Timer A fired: the INVITE may be lost.
    TimerA,
    /// Timer B fired: nobody answers.
    TimerB,
    /// Timer D fired: no 300-699 can come again.
    TimerD,
    /// Timer M fired: no 2xx can come any more.
    TimerM,
}

/// The first step: the TU gives the INVITE. Over a reliable transport only its head is kept.
pub const fn start(reliable: bool) -> Step<State> {
    let actions = Actions::SEND.union(Actions::KEEP).union(Actions::START_B);
    let actions = actions.union(if reliable { Actions::TRIM } else { Actions::START_A });
    Step::new(State::Calling, actions)
}

/// One step.
pub fn step(state: State, input: Input, reliable: bool) -> Step<State> {
    use {Actions as Do, Input::*, State::*};
    let refused = || match reliable {
        true => Step::new(Terminated, Do::SEND_ACK | Do::PASS),
        false => Step::new(Completed, Do::SEND_ACK | Do::PASS | Do::STOP_A | Do::START_D),
    };
    match (state, input) {
        (Calling, Provisional) => Step::new(Proceeding, Do::TRIM | Do::PASS | Do::STOP_A | Do::STOP_B),
        (Calling, Cancel) => Step::new(Calling, Do::HOLD_CANCEL),
        (Calling, TransportError) => Step::new(Terminated, Do::FAILED),
        (Calling, TimerA) => Step::new(Calling, Do::RESEND | Do::DOUBLE_A),

        (Proceeding, Provisional) => Step::new(Proceeding, Do::PASS),
        (Proceeding, Cancel) => Step::new(Proceeding, Do::SEND_CANCEL | Do::START_B),

        (Calling | Proceeding, Success) => {
            Step::new(Accepted, Do::DROP | Do::PASS | Do::STOP_A | Do::START_M)
        }
        (Calling | Proceeding, Failure) => refused(),
        (Calling | Proceeding, TimerB) => Step::new(Terminated, Do::TIMEOUT),

        (Completed, Failure) => Step::new(Completed, Do::RESEND),
        (Completed, TransportError) => Step::new(Terminated, Do::FAILED),
        (Completed, TimerD) => Step::new(Terminated, Do::empty()),

        (Accepted, Success) => Step::new(Accepted, Do::PASS),
        (Accepted, TimerM) => Step::new(Terminated, Do::empty()),

        // §17.1.1.2: an error of the transport concerns only what was just sent, and Proceeding sends
        // nothing; RFC 6026 §7.2: Accepted sends nothing either. The rest is late, double or stale.
        (Calling, TimerD | TimerM)
        | (Proceeding, TransportError | TimerA | TimerD | TimerM)
        | (Completed, Provisional | Success | Cancel | TimerA | TimerB | TimerM)
        | (Accepted, Provisional | Failure | Cancel | TransportError | TimerA | TimerB | TimerD)
        | (Terminated, _) => Step::ignore(state),
    }
}

#[cfg(test)]
mod tests {
    use super::{Actions as Do, Input::*, State::*, *};

    const INPUTS: [Input; 9] =
        [Provisional, Success, Failure, Cancel, TransportError, TimerA, TimerB, TimerD, TimerM];

    /// A row per state, a column per input as in `INPUTS`; `None`: ignored.
    type Row = (State, [Option<(State, Actions)>; 9]);

    fn check(rows: &[Row], reliable: bool) {
        assert_eq!(rows.len(), 5);
        for (state, row) in rows {
            for (input, expected) in INPUTS.into_iter().zip(row) {
                let (next, actions) = expected.unwrap_or((*state, Do::empty()));
                let seen = step(*state, input, reliable);
                assert_eq!(seen, Step::new(next, actions), "{state:?} x {input:?}, reliable: {reliable}");
            }
        }
    }

    fn table(refused: (State, Actions)) -> [Row; 5] {
        let accepted = (Accepted, Do::DROP | Do::PASS | Do::STOP_A | Do::START_M);
        [
            (
                Calling,
                [
                    Some((Proceeding, Do::TRIM | Do::PASS | Do::STOP_A | Do::STOP_B)),
                    Some(accepted),
                    Some(refused),
                    Some((Calling, Do::HOLD_CANCEL)),
                    Some((Terminated, Do::FAILED)),
                    Some((Calling, Do::RESEND | Do::DOUBLE_A)),
                    Some((Terminated, Do::TIMEOUT)),
                    None,
                    None,
                ],
            ),
            (
                Proceeding,
                [
                    Some((Proceeding, Do::PASS)),
                    Some(accepted),
                    Some(refused),
                    Some((Proceeding, Do::SEND_CANCEL | Do::START_B)),
                    None,
                    None,
                    Some((Terminated, Do::TIMEOUT)),
                    None,
                    None,
                ],
            ),
            (
                Completed,
                [
                    None,
                    None,
                    Some((Completed, Do::RESEND)),
                    None,
                    Some((Terminated, Do::FAILED)),
                    None,
                    None,
                    Some((Terminated, Do::empty())),
                    None,
                ],
            ),
            (
                Accepted,
                [
                    None,
                    Some((Accepted, Do::PASS)),
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    Some((Terminated, Do::empty())),
                ],
            ),
            (Terminated, [None; 9]),
        ]
    }

    #[test]
    fn every_pair_over_an_unreliable_transport() {
        let refused = (Completed, Do::SEND_ACK | Do::PASS | Do::STOP_A | Do::START_D);
        check(&table(refused), false);
        let start = start(false);
        assert_eq!(start, Step::new(Calling, Do::SEND | Do::KEEP | Do::START_A | Do::START_B));
    }

    #[test]
    fn every_pair_over_a_reliable_transport() {
        check(&table((Terminated, Do::SEND_ACK | Do::PASS)), true);
        assert_eq!(start(true), Step::new(Calling, Do::SEND | Do::KEEP | Do::TRIM | Do::START_B));
    }
}

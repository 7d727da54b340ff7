//! The INVITE server transaction: RFC 3261 §17.2.1 and figure 7, as corrected by RFC 6026 §7.1 (state
//! Accepted, Timer L).
//!
//! In: a state and an input. Out: a [`Step`]. Bytes, timers' values and matching do not belong here; the
//! 100 within 200 ms is the TU's.
//!
//! ```text
//!                      start: the INVITE goes to the TU
//!                         |
//!   INVITE: send          v
//!   last response +-------------+ 1xx from TU: send
//!        +--------| Proceeding  |--------+
//!        +------->|             |<-------+   transport error: failed (stays)
//!                 +-------------+
//!  300-699 from TU: |     | 2xx from TU: send, keep nothing
//!  send             |     +--------------------------+
//!                   v                                v
//!   INVITE, Timer G: send               INVITE: nothing; ACK: pass
//!                 +-------------+       2xx from TU: send
//!        +--------|  Completed  |     +-------------+
//!        +------->|             |     |  Accepted   |---+
//!                 +-------------+     |             |<--+ transport error: failed (stays)
//!             ACK |     | Timer H:    +-------------+
//!                 v     | timeout        | Timer L
//!    INVITE, ACK: +-----|-------+        |
//!    nothing      | Confirmed   |        |
//!                 +-----|-------+        |
//!          Timer I |    |                |
//!                  v    v                v
//!                 +-----------------------------+
//!                 |         Terminated          |
//!                 +-----------------------------+
//! ```
//!
//! Over a reliable transport Timer G never starts and Timer I is 0 (§17.2.1): the ACK leads to Terminated
//! at once. No INVITE comes twice there, so nothing is kept to repeat. An ACK while Proceeding can only be
//! an error of the peer, and ends here.

use crate::actions::{Actions, Step};

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The TU has the INVITE and has given no final response.
    Proceeding,
    /// A 300-699 was sent and waits for its ACK.
    Completed,
    /// The ACK came; it may come again.
    Confirmed,
    /// A 2xx was sent; the TU may send it again, and the INVITE may come again.
    Accepted,
    /// Over.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The INVITE again.
    Invite,
    /// An ACK that matches.
    Ack,
    /// A 1xx from the TU.
    Provisional,
    /// A 2xx from the TU.
    Success,
    /// A 300-699 from the TU.
    Failure,
    /// The transport could not send.
    TransportError,
    /// Timer G fired: the response or its ACK may be lost.
    TimerG,
    /// Timer H fired: no ACK comes.
    TimerH,
    /// Timer I fired: no ACK can come again.
    TimerI,
    /// Timer L fired: no INVITE can come again.
    TimerL,
}

/// The first step: the INVITE is the TU's.
pub const fn start() -> Step<State> {
    Step::new(State::Proceeding, Actions::PASS)
}

/// One step.
pub fn step(state: State, input: Input, reliable: bool) -> Step<State> {
    use {Actions as Do, Input::*, State::*};
    match (state, input) {
        (Proceeding, Invite) => Step::new(Proceeding, Do::RESEND),
        (Proceeding, Provisional) if reliable => Step::new(Proceeding, Do::SEND),
        (Proceeding, Provisional) => Step::new(Proceeding, Do::SEND | Do::KEEP),
        (Proceeding, Success) => Step::new(Accepted, Do::SEND | Do::DROP | Do::START_L),
        (Proceeding, Failure) if reliable => Step::new(Completed, Do::SEND | Do::START_H),
        (Proceeding, Failure) => Step::new(Completed, Do::SEND | Do::KEEP | Do::START_G | Do::START_H),

        (Completed, Invite) => Step::new(Completed, Do::RESEND),
        (Completed, TimerG) => Step::new(Completed, Do::RESEND | Do::DOUBLE_G),
        (Completed, TimerH) => Step::new(Terminated, Do::TIMEOUT),
        (Completed, Ack) if reliable => Step::new(Terminated, Do::empty()),
        (Completed, Ack) => Step::new(Confirmed, Do::DROP | Do::STOP_G | Do::START_I),

        (Confirmed, TimerI) => Step::new(Terminated, Do::empty()),

        (Accepted, Ack) => Step::new(Accepted, Do::PASS),
        (Accepted, Success) => Step::new(Accepted, Do::SEND),
        (Accepted, TimerL) => Step::new(Terminated, Do::empty()),

        (Proceeding | Completed | Accepted, TransportError) => Step::new(state, Do::FAILED),

        (Proceeding, Ack | TimerG | TimerH | TimerI | TimerL)
        | (Completed, Provisional | Success | Failure | TimerI | TimerL)
        | (
            Confirmed,
            Invite | Ack | Provisional | Success | Failure | TransportError | TimerG | TimerH | TimerL,
        )
        | (Accepted, Invite | Provisional | Failure | TimerG | TimerH | TimerI)
        | (Terminated, _) => Step::ignore(state),
    }
}

#[cfg(test)]
mod tests {
    use super::{Actions as Do, Input::*, State::*, *};

    const INPUTS: [Input; 10] =
        [Invite, Ack, Provisional, Success, Failure, TransportError, TimerG, TimerH, TimerI, TimerL];

    type Row = (State, [Option<(State, Actions)>; 10]);

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

    fn table(provisional: Actions, refused: Actions, acknowledged: (State, Actions)) -> [Row; 5] {
        [
            (
                Proceeding,
                [
                    Some((Proceeding, Do::RESEND)),
                    None,
                    Some((Proceeding, provisional)),
                    Some((Accepted, Do::SEND | Do::DROP | Do::START_L)),
                    Some((Completed, refused)),
                    Some((Proceeding, Do::FAILED)),
                    None,
                    None,
                    None,
                    None,
                ],
            ),
            (
                Completed,
                [
                    Some((Completed, Do::RESEND)),
                    Some(acknowledged),
                    None,
                    None,
                    None,
                    Some((Completed, Do::FAILED)),
                    Some((Completed, Do::RESEND | Do::DOUBLE_G)),
                    Some((Terminated, Do::TIMEOUT)),
                    None,
                    None,
                ],
            ),
            (
                Confirmed,
                [None, None, None, None, None, None, None, None, Some((Terminated, Do::empty())), None],
            ),
            (
                Accepted,
                [
                    None,
                    Some((Accepted, Do::PASS)),
                    None,
                    Some((Accepted, Do::SEND)),
                    None,
                    Some((Accepted, Do::FAILED)),
                    None,
                    None,
                    None,
                    Some((Terminated, Do::empty())),
                ],
            ),
            (Terminated, [None; 10]),
        ]
    }

    #[test]
    fn every_pair_over_an_unreliable_transport() {
        let refused = Do::SEND | Do::KEEP | Do::START_G | Do::START_H;
        let acknowledged = (Confirmed, Do::DROP | Do::STOP_G | Do::START_I);
        check(&table(Do::SEND | Do::KEEP, refused, acknowledged), false);
        assert_eq!(start(), Step::new(Proceeding, Do::PASS));
    }

    #[test]
    fn every_pair_over_a_reliable_transport() {
        check(&table(Do::SEND, Do::SEND | Do::START_H, (Terminated, Do::empty())), true);
    }
}

//! What a step of a machine asks for.
//!
//! In: nothing. Out: [`Step`], which the machines return and the table carries out. How an action is done
//! (whose bytes, which flow, when exactly) does not belong here.

use bitflags::bitflags;

/// One transition: where to, and what to do on the way. A step to a `Terminated` state also ends the
/// transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<S> {
    /// The state after.
    pub next: S,
    /// What to do, in the order of the flags.
    pub actions: Actions,
}

impl<S> Step<S> {
    /// Go to `next` and do `actions`.
    pub const fn new(next: S, actions: Actions) -> Step<S> {
        Step { next, actions }
    }

    /// Stay in the state and do nothing: the input is ignored.
    pub const fn ignore(state: S) -> Step<S> {
        Step { next: state, actions: Actions::empty() }
    }
}

bitflags! {
    /// What a step asks for. A transaction has at most two timers at a time: one that retransmits (A, E, G)
    /// and one that ends its state (the others); starting one replaces the other of its sort.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Actions: u32 {
        /// Transmit what the TU gave: a request, a response.
        const SEND = 1;
        /// Transmit again what is kept.
        const RESEND = 1 << 1;
        /// Keep what the TU gave in the place of what was kept.
        const KEEP = 1 << 2;
        /// Of what is kept, only the head is needed from now on (to build ACK and CANCEL).
        const TRIM = 1 << 3;
        /// Nothing that is kept is needed any more.
        const DROP = 1 << 4;
        /// Build the ACK (§17.1.1.3), transmit it, and keep it in the place of the request.
        const SEND_ACK = 1 << 5;
        /// A CANCEL has to wait for a provisional response (§9.1).
        const HOLD_CANCEL = 1 << 6;
        /// Send the CANCEL, in a transaction of its own (§9.1).
        const SEND_CANCEL = 1 << 7;
        /// Hand the message to the TU.
        const PASS = 1 << 8;
        /// Tell the TU that the transaction timed out.
        const TIMEOUT = 1 << 9;
        /// Tell the TU that the transport failed.
        const FAILED = 1 << 10;

        /// Start Timer A at T1.
        const START_A = 1 << 11;
        /// Start Timer A again, twice as long as before.
        const DOUBLE_A = 1 << 12;
        /// Stop Timer A.
        const STOP_A = 1 << 13;
        /// Start Timer E at T1.
        const START_E = 1 << 14;
        /// Start Timer E again, twice as long as before but no longer than T2.
        const DOUBLE_E = 1 << 15;
        /// Start Timer E again at T2.
        const E_AT_T2 = 1 << 16;
        /// Stop Timer E.
        const STOP_E = 1 << 17;
        /// Start Timer G at T1.
        const START_G = 1 << 18;
        /// Start Timer G again, twice as long as before but no longer than T2.
        const DOUBLE_G = 1 << 19;
        /// Stop Timer G.
        const STOP_G = 1 << 20;

        /// Start Timer B.
        const START_B = 1 << 21;
        /// Stop Timer B.
        const STOP_B = 1 << 22;
        /// Start Timer D.
        const START_D = 1 << 23;
        /// Start Timer F.
        const START_F = 1 << 24;
        /// Start Timer H.
        const START_H = 1 << 25;
        /// Start Timer I.
        const START_I = 1 << 26;
        /// Start Timer J.
        const START_J = 1 << 27;
        /// Start Timer K.
        const START_K = 1 << 28;
        /// Start Timer L.
        const START_L = 1 << 29;
        /// Start Timer M.
        const START_M = 1 << 30;
    }
}

//! The watchdog of a peer: RFC 3539 §3.4.1, with DWR and DWA as its messages (RFC 6733 §5.5.3).
//!
//! In: what was received, that Tw ran out, that the connection came or went. Out: [`WatchActions`]. Time and messages do not
//! belong here.
//!
//! ```text
//!   INITIAL --up--> OKAY --Tw, a DWR is out: failover--> SUSPECT --Tw: close--> DOWN
//!                    ^ ^                                    |                    |
//!                    | +------- anything: failback ---------+                    | up: DWR
//!                    +---------- third DWA: failback -------------- REOPEN <-----+
//! ```
//! AttemptOpen is not asked for: in INITIAL and DOWN no Tw runs, and reconnection is Tc's (`backoff.rs`). A message
//! that comes in REOPEN is not thrown away, as §3.4.1 has it: RFC 6733 §5.6 processes what comes in an open state,
//! and both ends of one failure are in REOPEN, waiting for each other.

use bitflags::bitflags;

/// Where it is (§3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Watch {
    /// There was no connection yet.
    Initial,
    /// The connection is in use.
    Okay,
    /// Nothing came for two Tw: new requests go elsewhere.
    Suspect,
    /// There is no connection.
    Down,
    /// There is one again, and it is not trusted before three DWAs.
    Reopen,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WatchEvent {
    /// The peer is open.
    ConnectionUp,
    /// It is not.
    ConnectionDown,
    /// A DWA came.
    ReceiveDwa,
    /// Any other message came.
    ReceiveNonDwa,
    /// Tw ran out.
    TimerExpires,
}

bitflags! {
    /// What is to be done.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct WatchActions: u8 {
        /// SetWatchdog: Tw runs from now.
        const SET_TIMER = 1;
        /// SendWatchdog: a DWR.
        const SEND_WATCHDOG = 1 << 1;
        /// Failover: outstanding requests go to another peer.
        const FAILOVER = 1 << 2;
        /// Failback: requests may come here again.
        const FAILBACK = 1 << 3;
        /// CloseConnection.
        const CLOSE_CONNECTION = 1 << 4;
        /// No timer while there is no connection.
        const STOP_TIMER = 1 << 5;
    }
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// Where it is.
    pub state: Watch,
    /// A DWR is out.
    pub pending: bool,
    /// DWAs since the connection came again; -1 after one was missed.
    pub answers: i8,
}

/// DWAs after which a connection that came again is trusted.
const ENOUGH_ANSWERS: i8 = 3;

impl Default for Watchdog {
    fn default() -> Self {
        Watchdog::new()
    }
}

impl Watchdog {
    /// Before the first connection.
    pub const fn new() -> Watchdog {
        Watchdog { state: Watch::Initial, pending: false, answers: 0 }
    }

    /// One step.
    pub fn handle(&mut self, event: WatchEvent) -> WatchActions {
        use {Watch::*, WatchActions as Do, WatchEvent::*};
        match (self.state, event) {
            (Initial, ConnectionUp) => {
                (self.state, self.pending) = (Okay, false);
                Do::SET_TIMER
            }
            (Down, ConnectionUp) => {
                *self = Watchdog { state: Reopen, pending: true, answers: 0 };
                Do::SEND_WATCHDOG | Do::SET_TIMER
            }

            (Okay, ReceiveDwa) => {
                self.pending = false;
                Do::SET_TIMER
            }
            (Okay, ReceiveNonDwa) => Do::SET_TIMER,
            (Okay, TimerExpires) if self.pending => {
                self.state = Suspect;
                Do::FAILOVER | Do::SET_TIMER
            }
            (Okay | Reopen, TimerExpires) if !self.pending => {
                self.pending = true;
                Do::SEND_WATCHDOG | Do::SET_TIMER
            }
            (Okay, ConnectionDown) => {
                self.state = Down;
                Do::FAILOVER | Do::STOP_TIMER
            }

            (Suspect, ReceiveDwa) => {
                (self.state, self.pending) = (Okay, false);
                Do::FAILBACK | Do::SET_TIMER
            }
            (Suspect, ReceiveNonDwa) => {
                self.state = Okay;
                Do::FAILBACK | Do::SET_TIMER
            }
            (Suspect, TimerExpires) => {
                self.state = Down;
                Do::CLOSE_CONNECTION | Do::STOP_TIMER
            }

            (Reopen, ReceiveDwa) => {
                self.pending = false;
                self.answers += 1;
                if self.answers < ENOUGH_ANSWERS {
                    return Do::empty();
                }
                self.state = Okay;
                Do::FAILBACK | Do::SET_TIMER
            }
            (Reopen, TimerExpires) if self.answers >= 0 => {
                self.answers = -1;
                Do::SET_TIMER
            }
            (Reopen, TimerExpires) => {
                self.state = Down;
                Do::CLOSE_CONNECTION | Do::STOP_TIMER
            }
            (Suspect | Reopen, ConnectionDown) => {
                self.state = Down;
                Do::STOP_TIMER
            }

            // A connection that never came is no failure.
            (Initial | Down, ConnectionDown | ReceiveDwa | ReceiveNonDwa | TimerExpires)
            | (Okay | Suspect | Reopen, ConnectionUp)
            | (Okay, TimerExpires)
            | (Reopen, ReceiveNonDwa) => Do::empty(),
        }
    }

    /// Forgets a failure: both sides agreed to part, so the next connection is as good as the first.
    pub const fn reset(&mut self) {
        *self = Watchdog::new();
    }
}

#[cfg(test)]
mod tests;

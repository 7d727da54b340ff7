//! The peer state machine: RFC 6733 §5.6, as a table.
//!
//! In: a state and an event. Out: a [`Step`]: the next state and what to do. Connections, timers' values and messages
//! do not belong here.
//!
//! ```text
//!            Start                    I-Conn-Ack              I-CEA
//!   Closed ----------> Wait-Conn-Ack -----------> Wait-I-CEA --------> I-Open
//!     |                     | R-Conn-CER              | R-Conn-CER        | Stop, DPR
//!     |                     v          I-Conn-Ack     v                   v
//!     |            Wait-Conn-Ack/Elect ---------> Wait-Returns         Closing --> Closed
//!     |                     | I-Conn-Nack             | election won      ^
//!     | R-Conn-CER          v                         v                   | Stop, DPR
//!     +---------------------------> R-Open <----------+-------------------+
//! ```
//! I- is the connection that we opened, R- the one that the peer opened. Where the table of §5.6 is silent, what is
//! done here says why.

use bitflags::bitflags;

/// Which of a peer's two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// I-: we opened it.
    Initiator,
    /// R-: the peer opened it.
    Responder,
}

impl Side {
    /// Both.
    pub const BOTH: [Side; 2] = [Side::Initiator, Side::Responder];
}

/// Where the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No connection.
    Closed,
    /// A connection is being opened.
    WaitConnAck,
    /// It is open, and the CER was sent.
    WaitICea,
    /// A connection is being opened, and the peer opened one too.
    WaitConnAckElect,
    /// Both are open: one of them is to go.
    WaitReturns,
    /// Open, on the peer's connection.
    ROpen,
    /// Open, on our connection.
    IOpen,
    /// DPR was sent or answered.
    Closing,
}

impl State {
    /// Every state.
    pub const ALL: [State; 8] = [
        State::Closed,
        State::WaitConnAck,
        State::WaitICea,
        State::WaitConnAckElect,
        State::WaitReturns,
        State::ROpen,
        State::IOpen,
        State::Closing,
    ];

    /// The connection that carries messages.
    pub const fn open_side(self) -> Option<Side> {
        match self {
            State::ROpen => Some(Side::Responder),
            State::IOpen => Some(Side::Initiator),
            _ => None,
        }
    }
}

/// What a received message is to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Capabilities-Exchange-Request, on a connection that has had one.
    Cer,
    /// Capabilities-Exchange-Answer that lets us in.
    Cea,
    /// Device-Watchdog-Request.
    Dwr,
    /// Device-Watchdog-Answer.
    Dwa,
    /// Disconnect-Peer-Request.
    Dpr,
    /// Disconnect-Peer-Answer.
    Dpa,
    /// Any other, and a CEA that does not let us in.
    Message,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] =
        [Kind::Cer, Kind::Cea, Kind::Dwr, Kind::Dwa, Kind::Dpr, Kind::Dpa, Kind::Message];
}

/// What can happen (§5.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A connection is wanted.
    Start,
    /// The connection is not wanted any more.
    Stop,
    /// R-Conn-CER: a connection was accepted, and a CER of this peer came on it that we have nothing against.
    RConnCer,
    /// I-Rcv-Conn-Ack: our connection is open.
    IRcvConnAck,
    /// I-Rcv-Conn-Nack: it could not be opened.
    IRcvConnNack,
    /// A message came.
    Received(Side, Kind),
    /// Peer-Disc: a connection was closed.
    PeerDisc(Side),
    /// We won the election (§5.6.4).
    WinElection,
    /// We waited too long.
    Timeout,
    /// A message is to be sent.
    SendMessage,
}

bitflags! {
    /// What a step asks for (§5.6.3). On the connection that is open, where no side is named.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Actions: u32 {
        /// I-Snd-Conn-Req: open a connection.
        const CONNECT = 1;
        /// R-Accept: the accepted connection is this peer's.
        const ACCEPT = 1 << 1;
        /// R-Reject: the accepted connection is closed.
        const REJECT = 1 << 2;
        /// Process-CER: remember what the peer says of itself.
        const PROCESS_CER = 1 << 3;
        /// Elect: hold the names against each other; the winner gets WinElection.
        const ELECT = 1 << 4;
        /// I-Snd-CER.
        const SEND_CER = 1 << 5;
        /// Snd-CEA, on the peer's connection or on the one that is open.
        const SEND_CEA = 1 << 6;
        /// Process-CEA.
        const PROCESS_CEA = 1 << 7;
        /// I-Disc.
        const DISCONNECT_INITIATOR = 1 << 8;
        /// R-Disc.
        const DISCONNECT_RESPONDER = 1 << 9;
        /// Error: close whatever there is.
        const ERROR = 1 << 10;
        /// Cleanup: our connection does not exist.
        const CLEANUP = 1 << 11;
        /// Snd-Message.
        const SEND_MESSAGE = 1 << 12;
        /// Process.
        const PROCESS = 1 << 13;
        /// Process-DWR, Snd-DWA.
        const SEND_DWA = 1 << 14;
        /// Process-DWA.
        const PROCESS_DWA = 1 << 15;
        /// Snd-DPR.
        const SEND_DPR = 1 << 16;
        /// Snd-DPA.
        const SEND_DPA = 1 << 17;
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it leads.
    pub next: State,
    /// What it asks for, in the order of [`Actions`].
    pub actions: Actions,
}

/// The table.
pub fn step(state: State, event: Event) -> Step {
    use {Actions as Do, Event::*, Kind::*, Side::*, State::*};
    let to = |next, actions| Step { next, actions };
    let stay = |actions| Step { next: state, actions };
    match (state, event) {
        (Closed, Start) => to(WaitConnAck, Do::CONNECT),
        (Closed, RConnCer) => to(ROpen, Do::ACCEPT | Do::PROCESS_CER | Do::SEND_CEA),

        (WaitConnAck, IRcvConnAck) => to(WaitICea, Do::SEND_CER),
        (WaitConnAck, IRcvConnNack) => to(Closed, Do::CLEANUP),
        (WaitConnAck, RConnCer) => to(WaitConnAckElect, Do::ACCEPT | Do::PROCESS_CER),

        (WaitICea, Received(Initiator, Cea)) => to(IOpen, Do::PROCESS_CEA),
        (WaitICea, RConnCer) => to(WaitReturns, Do::ACCEPT | Do::PROCESS_CER | Do::ELECT),
        (WaitICea, PeerDisc(Initiator)) => to(Closed, Do::DISCONNECT_INITIATOR),
        // I-Rcv-Non-CEA.
        (WaitICea, Received(Initiator, _)) => to(Closed, Do::ERROR),

        (WaitConnAckElect, IRcvConnAck) => to(WaitReturns, Do::SEND_CER | Do::ELECT),
        (WaitConnAckElect, IRcvConnNack) => to(ROpen, Do::SEND_CEA),
        (WaitConnAckElect, PeerDisc(Responder)) => to(WaitConnAck, Do::DISCONNECT_RESPONDER),
        (WaitConnAckElect, RConnCer) => stay(Do::REJECT),

        (WaitReturns, WinElection) => to(ROpen, Do::DISCONNECT_INITIATOR | Do::SEND_CEA),
        (WaitReturns, PeerDisc(Initiator)) => to(ROpen, Do::DISCONNECT_INITIATOR | Do::SEND_CEA),
        (WaitReturns, Received(Initiator, Cea)) => to(IOpen, Do::PROCESS_CEA | Do::DISCONNECT_RESPONDER),
        (WaitReturns, PeerDisc(Responder)) => to(WaitICea, Do::DISCONNECT_RESPONDER),
        (WaitReturns, RConnCer) => stay(Do::REJECT),
        // The table is silent. A CEA that refuses us, on the connection that the peer wants to keep: as I-Rcv-Non-CEA.
        (WaitReturns, Received(Initiator, _)) => to(Closed, Do::ERROR),
        // A CER was received here and not yet answered, so nothing may follow it (§5.6.1).
        (WaitConnAckElect | WaitReturns, Received(Responder, _)) => to(Closed, Do::ERROR),

        (WaitConnAck | WaitICea | WaitConnAckElect | WaitReturns, Timeout) => to(Closed, Do::ERROR),
        // The table knows Stop where there is something to stop politely. Here nobody has let us in yet.
        (WaitConnAck | WaitICea | WaitConnAckElect | WaitReturns, Stop) => to(Closed, Do::ERROR),

        (ROpen | IOpen, SendMessage) => stay(Do::SEND_MESSAGE),
        (ROpen | IOpen, Stop) => to(Closing, Do::SEND_DPR),
        (ROpen | IOpen, RConnCer) => stay(Do::REJECT),
        (ROpen, Received(Responder, kind)) | (IOpen, Received(Initiator, kind)) => match kind {
            Message => stay(Do::PROCESS),
            Dwr => stay(Do::SEND_DWA),
            Dwa => stay(Do::PROCESS_DWA),
            Dpr => to(Closing, Do::SEND_DPA),
            // RFC 3588 had these two lines, RFC 6733 has not; a peer that tells its capabilities anew is answered.
            Cer => stay(Do::PROCESS_CER | Do::SEND_CEA),
            // Answers to nothing that we asked.
            Cea | Dpa => stay(Do::empty()),
        },
        (ROpen, PeerDisc(Responder)) => to(Closed, Do::DISCONNECT_RESPONDER),
        (IOpen, PeerDisc(Initiator)) => to(Closed, Do::DISCONNECT_INITIATOR),
        // Not a timer of this machine but of the watchdog's (RFC 3539 §3.4.1, CloseConnection).
        (ROpen | IOpen, Timeout) => to(Closed, Do::ERROR),

        (Closing, Received(Initiator, Dpa)) => to(Closed, Do::DISCONNECT_INITIATOR),
        (Closing, Received(Responder, Dpa)) => to(Closed, Do::DISCONNECT_RESPONDER),
        (Closing, Timeout) => to(Closed, Do::ERROR),
        (Closing, PeerDisc(Initiator)) => to(Closed, Do::DISCONNECT_INITIATOR),
        (Closing, PeerDisc(Responder)) => to(Closed, Do::DISCONNECT_RESPONDER),
        // Answers that were under way when DPR was sent still count; a watchdog and a DPR that crossed ours are
        // answered.
        (Closing, Received(_, Message)) => stay(Do::PROCESS),
        (Closing, Received(_, Dwr)) => stay(Do::SEND_DWA),
        (Closing, Received(_, Dpr)) => stay(Do::SEND_DPA),
        (Closing, RConnCer) => stay(Do::REJECT),

        // Late, double or stale: news of a connection that was given up, or a wish that is fulfilled or impossible.
        (
            Closed,
            Stop | IRcvConnAck | IRcvConnNack | Received(..) | PeerDisc(_) | WinElection | Timeout
            | SendMessage,
        )
        | (WaitConnAck, Start | Received(..) | PeerDisc(_) | WinElection | SendMessage)
        | (
            WaitICea,
            Start
            | IRcvConnAck
            | IRcvConnNack
            | Received(Responder, _)
            | PeerDisc(Responder)
            | WinElection
            | SendMessage,
        )
        | (
            WaitConnAckElect,
            Start | Received(Initiator, _) | PeerDisc(Initiator) | WinElection | SendMessage,
        )
        | (WaitReturns, Start | IRcvConnAck | IRcvConnNack | SendMessage)
        | (
            ROpen,
            Start | IRcvConnAck | IRcvConnNack | Received(Initiator, _) | PeerDisc(Initiator) | WinElection,
        )
        | (
            IOpen,
            Start | IRcvConnAck | IRcvConnNack | Received(Responder, _) | PeerDisc(Responder) | WinElection,
        )
        | (
            Closing,
            Start
            | Stop
            | IRcvConnAck
            | IRcvConnNack
            | Received(_, Cer | Cea | Dwa)
            | WinElection
            | SendMessage,
        ) => stay(Do::empty()),
    }
}

#[cfg(test)]
mod tests;

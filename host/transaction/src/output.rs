//! What the table answers and puts out.
//!
//! In: nothing. Out: the closed sets of what can have become of a request or a response, and what the
//! caller has to do afterwards.

use bytes::Bytes;
use sip::Flow;

use crate::id::{ClientId, ServerId, TransactionId};

/// What became of a request from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A new server transaction was made for it: the TU's turn. For INVITE the TU should see to it that a
    /// 100 leaves within 200 ms (§17.2.1).
    New(ServerId),
    /// A request again that has its transaction. Done with: its last response was put out again, if there
    /// is one to repeat.
    Retransmission,
    /// The ACK for a final response other than 2xx, which ends here (§17.2.1).
    Ack(ServerId),
    /// An ACK that no transaction absorbs: it is for a 2xx, and goes on without a transaction (§16.11,
    /// RFC 6026 §7.1).
    AckFor2xx,
    /// A CANCEL, which is a transaction of its own (§9.2): answer `id` with 200 or, without a target, 481.
    Cancel {
        /// The CANCEL's own server transaction.
        id: ServerId,
        /// The transaction to be cancelled; only an INVITE ([`crate::Transactions::is_invite`]) that has
        /// no final response yet is affected.
        target: Option<ServerId>,
    },
    /// The table is full; nothing was made. The TU may answer statelessly, 503.
    Full,
    /// It has no Via, Call-ID or CSeq to find a transaction by; nothing was made.
    Unmatchable,
}

/// What became of a response from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// For the TU, from this client transaction: provisional, final, a 2xx again, or the 2xx of another fork.
    Pass(ClientId),
    /// It ends here: a final response again, or the answer to a CANCEL that this table sent.
    Absorbed,
    /// No client transaction of this table made the branch, or it ended long ago (§18.1.2). RFC 6026 §7.3
    /// says: drop it.
    Stray,
}

/// What became of the wish to cancel an INVITE (§9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The CANCEL is among the outputs. A final response follows, or [`Output::ClientTimeout`] after 64*T1.
    Sent,
    /// There was no provisional response yet; the CANCEL follows the first one.
    Held,
    /// Nothing to do: not an INVITE, already answered, already cancelled, or gone.
    NotNeeded,
}

/// What has to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes on this flow. If that fails, say so by [`crate::Transactions::transport_error`].
    Transmit {
        /// Where to.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
        /// The transaction that sends it.
        of: TransactionId,
    },
    /// Timer H: no ACK came for the final response to an INVITE. [`Output::ServerEnded`] follows.
    ServerTimeout(ServerId),
    /// A response could not be sent. Only for a non-INVITE does [`Output::ServerEnded`] follow.
    ServerFailed(ServerId),
    /// The server transaction is gone, its id names nothing any more. Said once for each that was not
    /// forgotten by the TU.
    ServerEnded(ServerId),
    /// Timer B or F: no final response came; treat as 408 (§16.9, §8.1.3.1). [`Output::ClientEnded`] follows.
    ClientTimeout(ClientId),
    /// The request or the ACK could not be sent; treat as 503 (§8.1.3.1). [`Output::ClientEnded`] follows.
    ClientFailed(ClientId),
    /// The client transaction is gone, its id names nothing any more. Said once for each that sent
    /// something and was not abandoned by the TU.
    ClientEnded(ClientId),
}

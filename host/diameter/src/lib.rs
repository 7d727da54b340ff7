//! Diameter without a socket: RFC 6733 (base protocol), RFC 3539 (watchdog), TS 29.228 and 29.229 (Cx).
//!
//! In: bytes of streams, requests and answers of the host, the time. Out: bytes to send, connections to open and to
//! close, requests and answers of others. No clock: every call has the time. No entropy: luck is a seed. It knows no
//! other crate of the house.
//!
//! The listing, bottom up:
//!
//! | file | what | section |
//! |---|---|---|
//! | `header.rs`, `avp.rs`, `message.rs` | bytes as they lie | RFC 6733 §3, §4.1 |
//! | `frame.rs` | a stream into messages | §2.1 |
//! | `format.rs`, `format/`, `value.rs` | what data means | §4.2, §4.3 |
//! | `dictionary.rs`, `dictionary/` | which AVPs there are | §4.5, TS 29.229 §6.3 |
//! | `fields.rs`, `tree.rs` | AVPs against a grammar, or against the dictionary alone | §3.2, §4.4 |
//! | `builder.rs` | printing | §3, §4 |
//! | `result.rs`, `failure.rs`, `answer.rs` | how a request ends, what is wrong with one, what it is answered | §7 |
//! | `command.rs`, `base/`, `cx/` | typed commands, one to a file | §5, TS 29.229 §6.1 |
//! | `peer.rs`, `peer/` | one peer: its state machine, election, watchdog, reconnection | §5.6, RFC 3539 §3.4 |
//! | `node.rs`, `node/` | every peer of one identity: routing, failover, duplicates | §6, §5.5.4 |
//! | `session_id.rs` | Session-Ids | §8.8 |
//!
//! What does not belong here: sockets, TLS and SCTP (the shell), finding peers in DNS (§5.2), sessions and accounting
//! (§8, §9: Cx has none), relaying and proxying for others (§6.1.9): a request for somebody else is answered
//! UNABLE_TO_DELIVER.

pub mod avp;
pub mod base;
pub mod bounds;
pub mod cx;
pub mod dictionary;
#[doc(hidden)]
pub mod fuzzing;
pub mod node;
pub mod peer;
pub mod tree;

mod answer;
mod builder;
mod command;
mod failure;
mod fields;
mod format;
mod frame;
mod header;
mod luck;
mod message;
mod result;
mod secret;
mod session_id;
mod value;

pub use answer::refusal;
pub use avp::{Avp, AvpError, AvpFlags, AvpId, Avps, OtherAvp, vendor};
pub use base::Origin;
pub use builder::{Builder, TooLong};
pub use command::Command;
pub use dictionary::{Definition, Dictionary, DictionaryError, MandatoryBit};
pub use failure::{Failure, FailureKind};
pub use format::{
    AaaProtocol, Address, DiameterIdentity, DiameterUri, Format, FormatError, NtpTime, UriTransport,
};
pub use frame::{FrameError, Framer};
pub use header::{ApplicationId, CommandCode, Flags, Header};
pub use message::{Message, Refused};
pub use node::Node;
pub use peer::Peer;
pub use result::{CxResult, Outcome, ResultClass, ResultCode};
pub use secret::Secret;
pub use session_id::SessionIds;
pub use value::{AvpBits, AvpValue, Reading};

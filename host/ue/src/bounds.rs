//! Every bound of this crate, by name. Reaching one is an ordinary refusal, never a panic.

use std::time::Duration;

/// Transactions of either side, lingering ones among them: a phone has a handful.
pub const MAX_TRANSACTIONS: u32 = 256;

/// Calls at a time: no more addresses for media are taken.
pub const MAX_CALLS: usize = 16;

/// Early dialogs of one INVITE that are followed; provisional responses of further ones are passed over.
pub const MAX_FORKS: usize = 8;

/// Times that one request is sent again with credentials.
pub const MAX_PROOFS: u8 = 2;

/// Invalid challenges in a row that are answered (TS 24.229 §5.1.1.5.3).
pub const MAX_INVALID_CHALLENGES: u8 = 2;

/// Times that one request is sent again with another interval (423, 422).
pub const MAX_INTERVALS: u8 = 2;

/// The longest wait that a Retry-After is believed.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Bytes of a session description.
pub const MAX_SESSION_DESCRIPTION: usize = 16_384;
/// Media streams of one session description.
pub const MAX_STREAMS: usize = 16;
/// Formats of one stream.
pub const MAX_FORMATS: usize = 64;

/// Bytes of the body of a MESSAGE that is sent.
pub const MAX_PAGE: usize = 32_768;

/// Bytes of a script.
pub const MAX_SCRIPT: usize = 65_536;
/// Steps of a script.
pub const MAX_STEPS: usize = 1_000;
/// The longest time that a step of a script may name.
pub const MAX_STEP_TIME: Duration = Duration::from_secs(86_400);
/// Events that a report keeps; later ones are counted only.
pub const MAX_REPORTED: usize = 10_000;

/// Media reports that are kept of calls that are over; the oldest go.
pub const MAX_MEDIA_REPORTS: usize = 1_000;

/// Connections of the shell; further ones are not accepted, and not opened.
pub const MAX_CONNECTIONS: usize = 16;
/// Messages that wait to be written to one connection, and messages that wait to be read by the phone.
pub const MAX_WAITING: usize = 64;
/// Bytes of a datagram of media that are looked at.
pub const MAX_RTP: usize = 2_048;

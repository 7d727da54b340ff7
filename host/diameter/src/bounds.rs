//! The bounds of the codec and the longest wait, by name. What a node bounds is in `node/config.rs`, because an
//! operator sets it.
//!
//! Reaching one is ordinary: the message is refused or answered with a Result-Code, and nothing grows.

use std::time::Duration;

/// Bytes of a Diameter header (RFC 6733 §3).
pub const HEADER_LENGTH: usize = 20;

/// Bytes that the 24 bits of a length field can name (§3, §4.1).
pub const MAX_LENGTH: usize = 0x00ff_ffff;

/// Bytes of one message that are taken from a stream, unless a node says otherwise. RFC 6733 names no bound below the
/// 16 MB of the length field; Cx's greatest message is a Server-Assignment-Answer with a user profile of some 10 KB.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// AVPs that lie directly in a message, or directly in a group, and are looked at.
pub const MAX_AVPS: usize = 1024;

/// Groups in groups. The deepest of Cx is three: SCSCF-Restoration-Info, Restoration-Info, Subscription-Info.
pub const MAX_DEPTH: usize = 8;

/// Bytes of a DiameterIdentity: a domain name (RFC 1035 §2.3.4).
pub const MAX_IDENTITY: usize = 255;

/// Bytes of an offending AVP that are sent back in Failed-AVP.
pub const MAX_FAILED_AVP: usize = 1024;

/// AVPs that may be named at run time beside the tables.
pub const MAX_NAMED_AVPS: usize = 4096;

/// The longest time anything waits, whatever is configured: a moment so far away must still be a moment.
pub const MAX_WAIT: Duration = Duration::from_secs(86_400);

//! Every bound of this crate, by name. Reaching one is an ordinary error, never a panic.
//!
//! RFC 3261 sets none of these but the datagram size (§18.1.1); they keep the cost of one message in proportion
//! to its size. No bound belongs anywhere else in this crate.

/// Bytes of a whole message, head and body: the largest UDP datagram (RFC 3261 §18.1.1).
pub const MAX_MESSAGE: usize = 65_535;

/// Bytes of a head: start line, header fields and the empty line after them.
pub const MAX_HEAD: usize = 32_768;

/// Header fields that an answer may have beside those that it copies from an excerpt of a request.
pub(crate) const ANSWER_HEADERS: usize = 15;
/// Header fields in one message; a comma-separated list counts as one.
pub const MAX_HEADERS: usize = 255;

/// Bytes of a method token (RFC 3261 §25.1 `Method`).
pub const MAX_METHOD: usize = 128;

/// Bytes of a URI.
pub const MAX_URI: usize = 4_096;

/// Bytes of a host name (RFC 1035 §2.3.4).
pub const MAX_HOST: usize = 255;

/// Parameters of one URI, one header field value or one set of credentials.
pub const MAX_PARAMS: usize = 64;

/// Header components of one URI (`?name=value&…`, RFC 3261 §19.1.1).
pub const MAX_URI_HEADERS: usize = 32;

/// CRLFs tolerated before a start line (RFC 3261 §7.5).
pub const MAX_LEADING_CRLF: usize = 16;

/// Edits that one [`Draft`](crate::Draft) takes; further ones are ignored and `Draft::is_full` says so.
pub const MAX_CHANGES: usize = 512;

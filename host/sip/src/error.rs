//! What can be wrong with bytes on the wire (RFC 3261 §7, §18.3, §25.1).
//!
//! In: nothing. Out: [`ParseError`] (the message cannot be framed or indexed), [`HeaderError`] (one header field
//! value cannot be read as its type). Both carry where and what was expected, never the bytes (they are
//! someone's identity). What a whole message lacks is `validate.rs`; status codes are there too.

use crate::HeaderId;

/// The bytes cannot be framed or indexed as a SIP message: drop the datagram. [`Excerpt`](crate::Excerpt)
/// may still find enough for an answer, and where the framing is lost the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Nothing but CRLFs: a keepalive (RFC 5626 §4.4.1), not a message.
    #[error("no message, only line breaks")]
    Empty,
    /// The bytes at `offset` are not what the grammar wants there.
    #[error("at byte {offset}: expected {expected}")]
    Syntax {
        /// Bytes from the start of the input.
        offset: usize,
        /// What the grammar wants at that place.
        expected: &'static str,
    },
    /// The input ends within the head.
    #[error("the head ends at byte {offset} without an empty line")]
    Truncated {
        /// Length of the input.
        offset: usize,
    },
    /// A named bound of [`bounds`](crate::bounds) is exceeded.
    #[error("at byte {offset}: more than {limit} {what}")]
    TooLarge {
        /// Bytes from the start of the input.
        offset: usize,
        /// The unit that is bounded.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// On a stream the end of the message depends on Content-Length (§18.3), and it is unreadable or contradicts
    /// itself or the bytes.
    #[error("at byte {offset}: the Content-Length does not frame the message")]
    ContentLength {
        /// Bytes from the start of the input.
        offset: usize,
    },
}

/// One header field cannot be read as its type. In a request this is a 400, in a response a reason to drop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The header field is not there.
    #[error("{} is missing", .0.name())]
    Missing(HeaderId),
    /// The value does not follow its grammar.
    #[error("{}: expected {expected} at byte {offset} of the value", header.name())]
    Malformed {
        /// The header field; `HeaderId::OTHER` where the grammar was read on its own.
        header: HeaderId,
        /// Bytes from the start of the value.
        offset: usize,
        /// What the grammar wants at that place.
        expected: &'static str,
    },
}

impl HeaderError {
    pub(crate) fn syntax(offset: usize, expected: &'static str) -> Self {
        HeaderError::Malformed { header: HeaderId::OTHER, offset, expected }
    }

    /// The same error in a value that has `by` more bytes before.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        if let HeaderError::Malformed { offset, .. } = &mut self {
            *offset += by;
        }
        self
    }

    /// The same error, about this header field.
    #[must_use]
    pub fn of(self, header: HeaderId) -> Self {
        match self {
            HeaderError::Malformed { offset, expected, .. } => {
                HeaderError::Malformed { header, offset, expected }
            }
            HeaderError::Missing(_) => HeaderError::Missing(header),
        }
    }

    /// The header field this is about.
    #[must_use]
    pub fn header(&self) -> HeaderId {
        match self {
            HeaderError::Missing(header) | HeaderError::Malformed { header, .. } => *header,
        }
    }
}

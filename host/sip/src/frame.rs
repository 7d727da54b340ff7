//! Where a message ends on a stream (RFC 3261 §18.3, §7.5; keepalives of RFC 5626 §4.4.1).
//!
//! In: the bytes received so far. Out: [`Frame`]: more is needed, a keepalive, or the length of a message for
//! `Message::parse_stream`. Nothing is copied or kept; the caller holds the bytes. The bounds hold whatever a peer
//! sends: an error means that the connection cannot be read any further.

use crate::bounds::{MAX_HEAD, MAX_MESSAGE};
use crate::scan::{self, Length};
use crate::{HeaderId, ParseError, grammar, start_line};

/// What the bytes of a stream begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// Not all of a message yet: ask again when there are at least this many bytes.
    Partial {
        /// More than there are now, at most [`MAX_MESSAGE`].
        need_at_least: usize,
    },
    /// Line breaks instead of a message.
    Keepalive {
        /// Bytes to take out of the stream: 2 or 4.
        consumed: usize,
        /// A double CRLF, which wants a single one as answer. A ping that the stream cut in two is seen as two single
        /// ones.
        ping: bool,
    },
    /// A whole message.
    Message {
        /// Its bytes, from the first on.
        length: usize,
    },
}

/// Looks at what a stream begins with.
///
/// # Errors
/// The bytes do not begin a SIP message, its head or whole is beyond [`MAX_HEAD`] or [`MAX_MESSAGE`], or its
/// Content-Length cannot be read or contradicts itself.
pub fn frame(bytes: &[u8]) -> Result<Frame, ParseError> {
    match bytes {
        [b'\r', b'\n', b'\r', b'\n', ..] => return Ok(Frame::Keepalive { consumed: 4, ping: true }),
        [b'\r', b'\n', ..] => return Ok(Frame::Keepalive { consumed: 2, ping: false }),
        [] | [b'\r'] => return Ok(Frame::Partial { need_at_least: bytes.len() + 1 }),
        _ => {}
    }
    let within = &bytes[..bytes.len().min(MAX_HEAD)];
    check_first_word(within)?;
    let Some(Outline { head, length, offset }) = outline(within) else {
        check_beginning(within)?;
        if bytes.len() >= MAX_HEAD {
            return Err(ParseError::TooLarge { offset: MAX_HEAD, what: "bytes of a head", limit: MAX_HEAD });
        }
        return Ok(Frame::Partial { need_at_least: bytes.len() + 1 });
    };
    let body = match length {
        Length::Absent => 0,
        Length::Octets(octets) => octets as usize,
        Length::Unreadable => return Err(ParseError::ContentLength { offset }),
    };
    if body > MAX_MESSAGE - head {
        let what = "bytes of a message";
        return Err(ParseError::TooLarge { offset: head, what, limit: MAX_MESSAGE });
    }
    let length = head + body;
    if bytes.len() < length {
        Ok(Frame::Partial { need_at_least: length })
    } else {
        Ok(Frame::Message { length })
    }
}

/// A whole head, as far as framing cares.
struct Outline {
    /// Bytes up to the end of the empty line.
    head: usize,
    length: Length,
    /// Where the line of the last Content-Length begins.
    offset: usize,
}

/// Walks over the lines to the empty one. Content-Length is read here as the scanner reads it, folds and all, so
/// that both see the same message.
fn outline(bytes: &[u8]) -> Option<Outline> {
    let mut length = Length::Absent;
    let mut offset = 0;
    let mut at = memchr::memchr(b'\n', bytes)? + 1;
    loop {
        let line = at;
        match bytes.get(at..)? {
            [b'\r', b'\n', ..] => return Some(Outline { head: at + 2, length, offset }),
            rest => at += memchr::memchr(b'\n', rest)? + 1,
        }
        if matches!(bytes[line] | 0x20, b'c' | b'l')
            && let Some(colon) = content_length_colon(&bytes[line..at])
        {
            while let b' ' | b'\t' = *bytes.get(at)? {
                at += memchr::memchr(b'\n', &bytes[at..])? + 1;
            }
            offset = line;
            length = scan::merge(length, scan::octets(grammar::trim(&bytes[line + colon + 1..at])));
        }
    }
}

/// Where the colon is, if the line's name is Content-Length.
fn content_length_colon(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    (HeaderId::from_name(grammar::trim(&line[..colon])) == HeaderId::CONTENT_LENGTH).then_some(colon)
}

/// Refuses what no start line begins with, such as the rest of a body that is longer than its Content-Length: as a
/// message it would run up to the end of the next one.
fn check_first_word(bytes: &[u8]) -> Result<(), ParseError> {
    let end = grammar::run(grammar::TOKEN, bytes, 0);
    match bytes.get(end) {
        None => Ok(()),
        Some(b' ') if end > 0 => Ok(()),
        Some(b'/') if bytes[..end].eq_ignore_ascii_case(b"SIP") => Ok(()),
        Some(_) => Err(ParseError::Syntax { offset: end, expected: "a start line" }),
    }
}

/// Refuses early what cannot become a start line, so that a peer of another protocol does not fill the buffer.
fn check_beginning(bytes: &[u8]) -> Result<(), ParseError> {
    let Some(end) = memchr::memchr(b'\n', bytes) else { return Ok(()) };
    let line = bytes[..end].strip_suffix(b"\r");
    let line = line.ok_or(ParseError::Syntax { offset: end, expected: "CR before LF" })?;
    start_line::parse(line).map(drop)
}

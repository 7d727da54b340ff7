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
    let Some(head) = head_length(within) else {
        check_beginning(within)?;
        if bytes.len() >= MAX_HEAD {
            return Err(ParseError::TooLarge { offset: MAX_HEAD, what: "bytes of a head", limit: MAX_HEAD });
        }
        return Ok(Frame::Partial { need_at_least: bytes.len() + 1 });
    };
    let body = content_length(&within[..head])?;
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

/// Bytes up to the end of the empty line.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        if bytes.get(at..at + 2) == Some(b"\r\n") {
            return Some(at + 2);
        }
    }
}

/// Refuses early what cannot become a start line, so that a peer of another protocol does not fill the buffer.
fn check_beginning(bytes: &[u8]) -> Result<(), ParseError> {
    match memchr::memchr(b'\n', bytes) {
        Some(end) => {
            let line = bytes[..end].strip_suffix(b"\r");
            let line = line.ok_or(ParseError::Syntax { offset: end, expected: "CR before LF" })?;
            start_line::parse(line).map(drop)
        }
        None => {
            let token = grammar::run(grammar::TOKEN, bytes, 0);
            match bytes.get(token) {
                None => Ok(()),
                Some(b' ' | b'/') if token > 0 => Ok(()),
                Some(_) => Err(ParseError::Syntax { offset: token, expected: "a start line" }),
            }
        }
    }
}

/// The body's bytes that the head announces. It is read here as the scanner reads it, folds and all, so that both
/// see the same message.
fn content_length(head: &[u8]) -> Result<usize, ParseError> {
    let mut length = Length::Absent;
    let mut at = 0;
    let mut found = 0;
    while let Some(end) = memchr::memchr(b'\n', &head[at..]) {
        let line = at;
        at += end + 1;
        if !matches!(head[line] | 0x20, b'c' | b'l') || at >= head.len() {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', &head[line..at]) else { continue };
        let name = grammar::trim(&head[line..line + colon]);
        if HeaderId::from_name(name) != HeaderId::CONTENT_LENGTH {
            continue;
        }
        while matches!(head[at], b' ' | b'\t') {
            at += memchr::memchr(b'\n', &head[at..]).map_or(head.len() - at, |end| end + 1);
        }
        found = line;
        length = scan::merge(length, scan::octets(grammar::trim(&head[line + colon + 1..at])));
    }
    match length {
        Length::Absent => Ok(0),
        Length::Octets(octets) => Ok(octets as usize),
        Length::Unreadable => Err(ParseError::ContentLength { offset: found }),
    }
}

//! What is left of a request that cannot be parsed, so that it can be refused (RFC 3261 §8.2.6.2, §16.3 item 1, §21.4.1,
//! §21.5.7).
//!
//! In: the bytes of a datagram or of a framed message, and why they are none. Out: [`Excerpt`]: a message of the start
//! line and those header fields that a response copies, and the status of that response. Nothing else may be done with
//! it. This is read for the few that are broken; how messages are read that are not is `scan.rs`.

use std::net::SocketAddr;

use crate::bounds::{ANSWER_HEADERS, MAX_HEAD, MAX_HEADERS};
use crate::{HeaderId, Message, ParseError, grammar};

/// The header fields that every response copies, all of them or the first.
const COPIED: [HeaderId; 5] =
    [HeaderId::VIA, HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::CSEQ];

/// A request that is only good for being refused.
#[derive(Debug)]
pub struct Excerpt {
    /// Start line, every Via, the first From, To, Call-ID and CSeq as they came, the top Via stamped with the source.
    pub request: Message,
    /// 400, or 513 where a bound was exceeded.
    pub status: u16,
}

impl Excerpt {
    /// Out of bytes that `error` keeps from being a message. `None`: not even that much can be read, or it is no
    /// request, there is no Via to answer to, or there are so many that no answer could hold them.
    #[must_use]
    pub fn of(bytes: &[u8], error: ParseError, source: SocketAddr) -> Option<Excerpt> {
        let within = &bytes[..bytes.len().min(MAX_HEAD)];
        let mut lines =
            within.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start_line = lines.find(|line| !line.is_empty())?;
        let mut text = Vec::with_capacity(1024);
        push(&mut text, start_line)?;
        let (mut copying, mut seen) = (false, [false; COPIED.len()]);
        for line in lines {
            match line.first() {
                None => break,
                Some(b' ' | b'\t') => {}
                Some(_) => copying = is_copied(line, &mut seen),
            }
            if copying {
                push(&mut text, line)?;
            }
        }
        text.extend_from_slice(b"\r\n");
        let request = Message::parse_datagram_from(&text, source).ok()?;
        let status = if matches!(error, ParseError::TooLarge { .. }) { 513 } else { 400 };
        let has_room = request.spans().len() + ANSWER_HEADERS <= MAX_HEADERS;
        (request.is_request() && has_room && request.head().via().is_ok())
            .then_some(Excerpt { request, status })
    }
}

/// `None` for a line that could be read as another one by somebody else.
fn push(text: &mut Vec<u8>, line: &[u8]) -> Option<()> {
    if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
        return None;
    }
    text.extend_from_slice(line);
    text.extend_from_slice(b"\r\n");
    Some(())
}

/// Only Via may be there more than once: what follows of another is not what its sender means, and would swell the answer.
fn is_copied(line: &[u8], seen: &mut [bool; COPIED.len()]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let id = HeaderId::from_name(grammar::trim(&line[..colon]));
    let Some(place) = COPIED.iter().position(|copied| *copied == id) else { return false };
    !std::mem::replace(&mut seen[place], true) || id == HeaderId::VIA
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "192.0.2.9:5062";

    fn excerpt(text: &str) -> Option<Excerpt> {
        let source = SOURCE.parse().expect("an address");
        let error = Message::parse_datagram(text.as_bytes()).expect_err("not a message");
        Excerpt::of(text.as_bytes(), error, source)
    }

    const HEAD: &str = "MESSAGE sip:bob@example.com SIP/2.0\r\n\
        v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport,\r\n SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2\r\n\
        Subject: something\r\n else\r\n\
        From: <sip:alice@example.com>;tag=1\r\nt: <sip:bob@example.com>\r\nCALL-ID: 1@a\r\nCSeq: 7 MESSAGE\r\n";

    const KEPT: &str = "MESSAGE sip:bob@example.com SIP/2.0\r\n\
        v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport=5062;received=192.0.2.9,\r\n \
        SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2\r\n\
        From: <sip:alice@example.com>;tag=1\r\nt: <sip:bob@example.com>\r\nCALL-ID: 1@a\r\nCSeq: 7 MESSAGE\r\n\r\n";

    #[test]
    fn what_a_response_copies_is_left() {
        for spoiled in [
            format!("{HEAD}no header field\r\n\r\nbody"),
            format!("{HEAD}: no name\r\n\r\n"),
            format!("{HEAD}X: no\0thing\r\n\r\n"),
            HEAD.to_owned(),
            format!("{HEAD}\r\n").replace("\r\n", "\n"),
        ] {
            let excerpt = excerpt(&spoiled).expect("enough is left");
            assert_eq!(String::from_utf8_lossy(excerpt.request.bytes()), KEPT, "{spoiled:?}");
            assert_eq!(excerpt.status, 400);
        }
    }

    #[test]
    fn what_is_too_large_is_said_to_be() {
        let many = format!("{HEAD}{}\r\n", "X: y\r\n".repeat(300));
        assert_eq!(excerpt(&many).expect("enough is left").status, 513);
        let long = format!("{HEAD}X: {}\r\n\r\n", "y".repeat(MAX_HEAD));
        assert_eq!(excerpt(&long).expect("enough is left").status, 513);
    }

    #[test]
    fn of_what_must_be_there_once_the_first_is_left() {
        let more = "From: <sip:mallory@example.com>;tag=2\r\n folded\r\nTo: x\r\nCSeq: 8 BYE\r\ni: 2@a\r\n";
        let spoiled = format!("{HEAD}{}no header field\r\n\r\n", more.repeat(60));
        assert_eq!(String::from_utf8_lossy(excerpt(&spoiled).expect("enough is left").request.bytes()), KEPT);
    }

    #[test]
    fn what_no_answer_could_hold_is_nothing() {
        let vias = |count| format!("{HEAD}{}no header field\r\n\r\n", "Via: SIP/2.0/UDP a\r\n".repeat(count));
        assert!(excerpt(&vias(MAX_HEADERS - ANSWER_HEADERS - 5)).is_some());
        assert!(excerpt(&vias(MAX_HEADERS - ANSWER_HEADERS - 4)).is_none());
    }

    #[test]
    fn what_cannot_be_answered_is_nothing() {
        for text in [
            "",
            "\r\n\r\n",
            "hello\r\n\r\n",
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nno header field\r\n\r\n",
            "MESSAGE sip:bob@example.com SIP/2.0\r\nno header field\r\n\r\n",
            "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: nonsense\r\nno header field\r\n\r\n",
            "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\rX: y\r\nno header field\r\n\r\n",
        ] {
            assert!(excerpt(text).is_none(), "{text:?}");
        }
    }
}

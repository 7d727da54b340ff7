//! The start line (RFC 3261 §7.1, §7.2).
//!
//! In: the line without its CRLF. Out: [`Start`]: what kind of message it is and where its parts lie. A
//! Request-URI is only located, white space and all; whether it is one is decided in `validate.rs`, so that the
//! request can be answered.

use crate::bounds::{MAX_HEADERS, MAX_METHOD};
use crate::grammar::{self, TOKEN};
use crate::{HeaderId, Method, ParseError};

/// The start line's parts and the body's place. Offsets count from the first byte of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) method: Method,
    /// 0 for requests.
    pub(crate) status: u16,
    /// The Request-URI, or the reason phrase.
    pub(crate) text_offset: u32,
    pub(crate) text_length: u32,
    pub(crate) body_offset: u32,
    pub(crate) body_length: u32,
    pub(crate) first: First,
}

/// Index of the first header field of each number below [`First::COUNT`]: those that every request is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First([u8; First::COUNT]);

impl First {
    pub(crate) const COUNT: usize = 16;
    const NONE: u8 = u8::MAX;

    pub(crate) const fn none() -> First {
        First([First::NONE; First::COUNT])
    }

    /// Notes the header field of this index, in the order of the message. [`MAX_HEADERS`] indexes fit a byte.
    #[inline]
    pub(crate) fn note(&mut self, id: HeaderId, index: usize) {
        const { assert!(MAX_HEADERS <= First::NONE as usize) };
        if let Some(first) = self.0.get_mut(usize::from(id.0))
            && *first == First::NONE
        {
            *first = index as u8;
        }
    }

    /// `None`: not a number that is noted.
    #[inline]
    pub(crate) fn of(&self, id: HeaderId) -> Option<Option<usize>> {
        self.0.get(usize::from(id.0)).map(|first| (*first != First::NONE).then_some(usize::from(*first)))
    }
}

/// Reads a start line; the body's place is not known yet.
pub(crate) fn parse(line: &[u8]) -> Result<Start, ParseError> {
    if is_sip(line) { status_line(line) } else { request_line(line) }
}

/// Whether the bytes begin with `SIP/`, in any case.
pub(crate) fn is_sip(bytes: &[u8]) -> bool {
    bytes.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"))
}

fn request_line(line: &[u8]) -> Result<Start, ParseError> {
    let method_end = memchr::memchr(b' ', line).ok_or(syntax(line.len(), "a method and a space"))?;
    if method_end > MAX_METHOD {
        return Err(ParseError::TooLarge { offset: 0, what: "bytes of a method", limit: MAX_METHOD });
    }
    let token = &line[..method_end];
    let method = Method::from_token(token);
    if method == Method::Other && !grammar::all(TOKEN, token) {
        return Err(syntax(0, "a method"));
    }
    let mut end = line.len();
    while line[..end].ends_with(b" ") {
        end -= 1;
    }
    let version = memchr::memrchr(b' ', &line[..end]).map_or(0, |space| space + 1);
    if version <= method_end + 1 {
        return Err(syntax(method_end, "a Request-URI"));
    }
    if !is_sip(&line[version..end]) {
        return Err(syntax(version, "SIP-Version"));
    }
    Ok(Start {
        method,
        status: 0,
        text_offset: method_end as u32 + 1,
        text_length: (version - 1 - (method_end + 1)) as u32,
        body_offset: 0,
        body_length: 0,
        first: First::none(),
    })
}

fn status_line(line: &[u8]) -> Result<Start, ParseError> {
    let version_end = memchr::memchr(b' ', line).ok_or(syntax(line.len(), "a space and a status code"))?;
    let (code, reason) = match &line[version_end + 1..] {
        [a, b, c] => ([*a, *b, *c], line.len()),
        [a, b, c, b' ', ..] => ([*a, *b, *c], version_end + 5),
        _ => return Err(syntax(version_end + 1, "a status code of three digits")),
    };
    let status = grammar::number(&code).filter(|code| (100..=699).contains(code));
    let status = status.ok_or(syntax(version_end + 1, "a status code from 100 to 699"))?;
    Ok(Start {
        method: Method::Other,
        status: status as u16,
        text_offset: reason as u32,
        text_length: (line.len() - reason) as u32,
        body_offset: 0,
        body_length: 0,
        first: First::none(),
    })
}

const fn syntax(offset: usize, expected: &'static str) -> ParseError {
    ParseError::Syntax { offset, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &[u8]) -> &[u8] {
        let start = parse(line).unwrap();
        &line[start.text_offset as usize..][..start.text_length as usize]
    }

    #[test]
    fn request_lines() {
        assert_eq!(text(b"INVITE sip:a@b SIP/2.0"), b"sip:a@b");
        assert_eq!(text(b"INVITE  sip:a@b  SIP/2.0"), b" sip:a@b ");
        assert_eq!(text(b"INVITE sip:a@b; lr SIP/2.0  "), b"sip:a@b; lr");
        assert_eq!(text(b"INVITE  SIP/2.0"), b"", "a Request-URI that validate refuses");
        assert_eq!(text(b"NEW.method-1 tel:+1 sip/7.0"), b"tel:+1");
        assert_eq!(parse(b"INVITE sip:a@b SIP/2.0").unwrap().method, Method::Invite);
        assert_eq!(parse(b"invite sip:a@b SIP/2.0").unwrap().method, Method::Other);
    }

    #[test]
    fn status_lines() {
        assert_eq!(text(b"SIP/2.0 200 OK then"), b"OK then");
        assert_eq!(text(b"SIP/2.0 100 "), b"");
        assert_eq!(text(b"SIP/2.0 100"), b"");
        assert_eq!(parse(b"SIP/2.0 699 x").unwrap().status, 699);
    }

    #[test]
    fn what_is_no_start_line() {
        let wrong: [&[u8]; 10] = [
            b"",
            b"INVITE",
            b"INVITE SIP/2.0",
            b"GET / HTTP/1.1",
            b"IN@VITE sip:a SIP/2.0",
            b"SIP/2.0",
            b"SIP/2.0 4294967301 x",
            b"SIP/2.0 20 x",
            b"SIP/2.0 099 x",
            b"SIP/2.0 700 x",
        ];
        for line in wrong {
            assert!(parse(line).is_err(), "{}", String::from_utf8_lossy(line));
        }
        let long = [vec![b'M'; MAX_METHOD + 1], b" sip:a SIP/2.0".to_vec()].concat();
        assert!(matches!(parse(&long), Err(ParseError::TooLarge { .. })));
    }
}

//! The small pieces of grammar that header fields and URIs share (RFC 3261 §25.1).
//!
//! In: bytes and a place in them. Out: where a piece ends. Everything here is total: no input panics, and every
//! function moves forward only. What a header field means is `header/`; what a URI is made of is `uri.rs`.
//!
//! A value keeps its folding (§7.3.1): CR and LF occur in it only as part of a fold, so they count as white space
//! here.

use std::borrow::Cow;

/// `token`.
pub(crate) const TOKEN: u16 = 1;
/// `alphanum`, `-`, `.`, and `_`, which no standard allows and many networks use: a host name or IPv4 address.
pub(crate) const HOST: u16 = 2;
/// `user` without escapes; bytes that are not ASCII are let through.
pub(crate) const USER: u16 = 4;
/// `paramchar` without escapes, likewise.
pub(crate) const PARAM: u16 = 8;
/// `hname` and `hvalue` without escapes, likewise.
pub(crate) const URI_HEADER: u16 = 16;
/// What an absolute URI of any scheme may hold, escapes and all.
pub(crate) const ABSOLUTE: u16 = 32;
/// A parameter's unquoted value: `token`, `host` and what is seen in the wild.
pub(crate) const GEN_VALUE: u16 = 64;
/// Anything but white space.
pub(crate) const BLACK: u16 = 128;
/// Anything but what ends or shields an element of a list: comma, quote, `<`.
const ELEMENT: u16 = 256;
/// The unquoted value of a pair in credentials: anything but white space, comma and quote.
pub(crate) const UNQUOTED: u16 = 512;

static CLASSES: [u16; 256] = classes();

const fn classes() -> [u16; 256] {
    const fn has(set: &[u8], byte: u8) -> bool {
        let mut i = 0;
        while i < set.len() {
            if set[i] == byte {
                return true;
            }
            i += 1;
        }
        false
    }
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        let alphanum = byte.is_ascii_alphanumeric();
        let unreserved = alphanum || has(b"-_.!~*'()", byte);
        let beyond = byte >= 0x80;
        let mut class = 0;
        if alphanum || has(b"-.!%*_+`'~", byte) {
            class |= TOKEN;
        }
        if alphanum || has(b"-._", byte) {
            class |= HOST;
        }
        if unreserved || beyond || has(b"&=+$,;?/", byte) {
            class |= USER;
        }
        if unreserved || beyond || has(b"[]/:&+$", byte) {
            class |= PARAM;
        }
        if unreserved || beyond || has(b"[]/?:+$", byte) {
            class |= URI_HEADER;
        }
        if unreserved || beyond || has(b"%;/?:@&=+$,[]#", byte) {
            class |= ABSOLUTE;
        }
        if byte > b' ' && byte != 0x7f && !has(b";,\"<>", byte) {
            class |= GEN_VALUE;
        }
        if !is_white(byte) {
            class |= BLACK;
        }
        if !has(b",\"<", byte) {
            class |= ELEMENT;
        }
        if !is_white(byte) && !has(b",\"", byte) {
            class |= UNQUOTED;
        }
        table[i] = class;
        i += 1;
    }
    table
}

/// Whether the byte is of this class.
#[inline]
pub(crate) fn is(class: u16, byte: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Whether there are bytes and all are of this class.
#[inline]
pub(crate) fn all(class: u16, bytes: &[u8]) -> bool {
    !bytes.is_empty() && run(class, bytes, 0) == bytes.len()
}

/// Where the run of bytes of this class that begins at `at` ends. Four bytes at a time: most runs are names,
/// numbers and branches of ten to forty bytes.
#[inline]
pub(crate) fn run(class: u16, bytes: &[u8], mut at: usize) -> usize {
    let of = |byte: u8| CLASSES[usize::from(byte)];
    while let Some([a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        if of(*a) & of(*b) & of(*c) & of(*d) & class == 0 {
            break;
        }
        at += 4;
    }
    while bytes.get(at).is_some_and(|byte| is(class, *byte)) {
        at += 1;
    }
    at
}

/// White space within a value, folds included.
#[inline]
pub(crate) const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Where the white space that begins at `at` ends (`SWS`).
#[inline]
pub(crate) fn skip_white(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_white(*byte)) {
        at += 1;
    }
    at
}

/// Without white space at both ends.
#[inline]
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_white(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_white(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Where the quoted string that begins at `at` ends, behind its closing quote. `None`: it has no end, or a
/// backslash before a line break.
#[inline]
pub(crate) fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    debug_assert_eq!(bytes.get(at), Some(&b'"'));
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        match bytes.get(at + 1) {
            None | Some(b'\r' | b'\n') => return None,
            Some(_) => at += 2,
        }
    }
}

/// Where the element of a comma-separated list that begins at `at` ends: at a comma that is not within a quoted
/// string or angle brackets, or at the end. An open quote or bracket reaches to the end.
#[inline]
pub(crate) fn element_end(bytes: &[u8], at: usize) -> usize {
    // Most values are no list, or one of one element.
    match bytes.get(at..).map(|rest| memchr::memchr(b',', rest)) {
        Some(Some(_)) => next_comma(bytes, at),
        _ => bytes.len(),
    }
}

fn next_comma(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = run(ELEMENT, bytes, at);
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b',') => return at,
            Some(b'"') => match quoted_end(bytes, at) {
                Some(end) => at = end,
                None => return bytes.len(),
            },
            Some(_) => match memchr::memchr(b'>', &bytes[at..]) {
                Some(length) => at += length + 1,
                None => return bytes.len(),
            },
        }
    }
}

/// The elements of a comma-separated list with their offsets, without white space at their ends; empty ones are left
/// out. Commas in quoted strings and angle brackets are no separators; an open quote or bracket reaches to the end.
pub fn elements(value: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < value.len() {
            let begin = skip_white(value, at);
            let end = element_end(value, begin);
            at = end + 1;
            let element = trim(value.get(begin..end).unwrap_or_default());
            if !element.is_empty() {
                return Some((begin, element));
            }
        }
        None
    })
}

/// Whether these bytes are a `token`: at least one, and none but letters, digits and ``-.!%*_+`'~``.
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    all(TOKEN, bytes)
}

/// How many bytes of a `token` these begin with.
#[must_use]
pub fn token_length(bytes: &[u8]) -> usize {
    run(TOKEN, bytes, 0)
}

/// An unsigned number of digits only; numbers too large for 32 bits are `None`.
#[inline]
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let mut value: u32 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
    }
    Some(value)
}

/// A value without its folding: each line break with the white space around it becomes one space (§7.3.1).
#[must_use]
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let byte = value[at];
        if matches!(byte, b'\r' | b'\n') {
            while out.last().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                out.pop();
            }
            out.push(b' ');
            at = skip_white(value, at);
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Cow::Owned(out)
}

/// The content of a quoted string: without its quotes, escapes and folds taken out. Anything else is returned as
/// it is.
#[must_use]
pub fn unquote(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', content @ .., b'"'] = value else { return Cow::Borrowed(value) };
    if memchr::memchr3(b'\\', b'\r', b'\n', content).is_none() {
        return Cow::Borrowed(content);
    }
    let unfolded = unfold(content);
    let mut out = Vec::with_capacity(unfolded.len());
    let mut bytes = unfolded.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(*byte),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_at_commas_of_their_own_level() {
        let list = b"\"a, \\\" b\" <sip:x,y@z>;q=1, <sip:two>";
        assert_eq!(&list[..element_end(list, 0)], b"\"a, \\\" b\" <sip:x,y@z>;q=1");
        assert_eq!(element_end(b"\"open, b", 0), 8);
        assert_eq!(element_end(b"<open, b", 0), 8);
        assert_eq!(element_end(b"", 0), 0);
        assert_eq!(element_end(b"a", 5), 1);
    }

    #[test]
    fn elements_and_their_places() {
        let list = b" a ,, \"b,\\\",c\" <sip:x,y>;z , d\\,";
        let found = elements(list).collect::<Vec<_>>();
        assert_eq!(found, [(1, &b"a"[..]), (6, b"\"b,\\\",c\" <sip:x,y>;z"), (29, b"d\\")]);
        assert_eq!(elements(b"").collect::<Vec<_>>(), []);
        assert_eq!(elements(b"\"open, b").collect::<Vec<_>>(), [(0, &b"\"open, b"[..])]);
        assert_eq!(elements(b"\"open\\").collect::<Vec<_>>(), [(0, &b"\"open\\"[..])]);
    }

    #[test]
    fn quoted_strings_end_at_their_quote() {
        assert_eq!(quoted_end(b"\"a\" b", 0), Some(3));
        assert_eq!(quoted_end(b"\"a\\\"b\"", 0), Some(6));
        assert_eq!(quoted_end(b"\"a\\\\\"b", 0), Some(5));
        assert_eq!(quoted_end(b"\"a\\", 0), None);
        assert_eq!(quoted_end(b"\"a\\\r\n b\"", 0), None);
        assert_eq!(quoted_end(b"\"", 0), None);
    }

    #[test]
    fn numbers_are_digits_within_32_bits() {
        assert_eq!(number(b"0068"), Some(68));
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        assert_eq!(number(b"4294967296"), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b""), None);
        assert_eq!(number(b"36893488147419103232"), None);
    }

    #[test]
    fn folds_become_one_space() {
        assert_eq!(unfold(b"a \r\n\t b\r\n  c").as_ref(), b"a b c");
        assert!(matches!(unfold(b"a b"), Cow::Borrowed(_)));
        assert_eq!(unquote(b"\"a\\\"b\r\n c\\\\\"").as_ref(), b"a\"b c\\");
        assert_eq!(unquote(b"plain").as_ref(), b"plain");
        assert_eq!(unquote(b"\"").as_ref(), b"\"");
    }
}

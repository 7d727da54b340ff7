//! `%XX` escapes in URIs (RFC 3261 §19.1.2, §25.1 `escaped`).
//!
//! In: bytes with escapes. Out: bytes without, or with those that a canonical form needs. Escapes anywhere else in
//! a message mean nothing (RFC 4475 §3.1.1.5) and are not looked at.

use std::borrow::Cow;

use super::UriError;
use crate::grammar;

/// Where the run of bytes of this class, escapes among them, ends.
#[inline]
pub(super) fn run(class: u16, bytes: &[u8], at: usize) -> Result<usize, UriError> {
    let mut at = at;
    loop {
        at = grammar::run(class, bytes, at);
        if bytes.get(at) != Some(&b'%') {
            return Ok(at);
        }
        if octet(bytes, at).is_none() {
            return Err(UriError::new(at, "two hexadecimal digits behind %"));
        }
        at += 3;
    }
}

/// The byte that the escape at `at` stands for.
fn octet(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    match bytes.get(at..at + 3)? {
        [b'%', high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    }
}

/// The bytes that an escaped text stands for, one by one.
pub(super) fn decoded(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        match octet(bytes, at) {
            Some(octet) => {
                at += 3;
                Some(octet)
            }
            None => {
                at += 1;
                Some(byte)
            }
        }
    })
}

/// The bytes that an escaped text stands for where URIs are compared: an escape of a reserved character is not that
/// character (RFC 3261 §19.1.4), so it is given apart.
fn compared(bytes: &[u8]) -> impl Iterator<Item = (u8, bool)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        match octet(bytes, at) {
            Some(octet) => {
                at += 3;
                Some((octet, is_reserved(octet)))
            }
            None => {
                at += 1;
                Some((byte, false))
            }
        }
    })
}

/// RFC 2396 §2.2.
const fn is_reserved(byte: u8) -> bool {
    matches!(byte, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',')
}

/// Whether two texts are the same but for the case of letters and needless escapes.
pub(super) fn same(one: &[u8], two: &[u8]) -> bool {
    compared(one).map(lower).eq(compared(two).map(lower))
}

/// Whether two texts are the same but for needless escapes.
pub(super) fn same_exactly(one: &[u8], two: &[u8]) -> bool {
    one == two || compared(one).eq(compared(two))
}

fn lower((byte, apart): (u8, bool)) -> (u8, bool) {
    (byte.to_ascii_lowercase(), apart)
}

pub(super) fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(decoded(bytes).collect())
}

/// Writes the text in its one canonical form: escaped only where the class does not hold the byte itself, in
/// upper case.
pub(super) fn canonical(class: u16, bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in decoded(bytes) {
        if byte.is_ascii() && grammar::is(class, byte) {
            out.push(byte as char);
        } else {
            out.push('%');
            out.push(DIGITS[usize::from(byte >> 4)] as char);
            out.push(DIGITS[usize::from(byte & 15)] as char);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::USER;

    #[test]
    fn escapes_are_taken_out_once() {
        assert_eq!(unescape(b"%61lice").as_ref(), b"alice");
        assert_eq!(unescape(b"%2541").as_ref(), b"%41");
        assert_eq!(unescape(b"null-%00").as_ref(), b"null-\0");
        assert_eq!(unescape(b"%zz%4").as_ref(), b"%zz%4");
        assert!(matches!(unescape(b"alice"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_escape_of_a_reserved_character_is_not_that_character() {
        assert!(same(b"%6C%72", b"LR"));
        assert!(!same(b"a%3Bb", b"a;b"));
        assert!(same_exactly(b"a%3bb", b"a%3Bb"));
        assert!(!same_exactly(b"a", b"A"));
        assert!(!same_exactly(b"ab", b"a"));
    }

    #[test]
    fn runs_end_where_an_escape_is_none() {
        assert_eq!(run(USER, b"a%41@", 0), Ok(4));
        assert_eq!(run(USER, b"a%4", 0), Err(UriError::new(1, "two hexadecimal digits behind %")));
    }

    #[test]
    fn the_canonical_form_is_one() {
        for written in [&b"j@s\xc3\xa9n"[..], b"%6a%40s%c3%a9n", b"%6A%40s%C3%A9%6E"] {
            let mut out = String::new();
            canonical(USER, written, &mut out);
            assert_eq!(out, "j%40s%C3%A9n");
        }
    }
}

//! Octets as text, and text as one line: what every hook does with some dozens of values.
//!
//! In: octets of header fields, random ones. Out: strings. A compiler of components does not turn loops over octets into
//! vector instructions, and the standard library's lossy reading looks at them one by one: here they are taken eight at
//! a time where that says the same.

use std::borrow::Cow;

/// The octets as text; what is not UTF-8 becomes U+FFFD. A value of a message is UTF-8, or its sender is at fault (RFC
/// 3261 §7.3.1).
#[must_use]
pub fn text(octets: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(octets).map_or_else(|_| String::from_utf8_lossy(octets), Cow::Borrowed)
}

/// A value as text on one line, its folding taken out (RFC 3261 §7.3.1); see [`text`].
#[must_use]
pub fn line(value: &[u8]) -> String {
    text(&sip::unfold(value)).into_owned()
}

/// The octets as hexadecimal digits in lower case: a tag, a charging identifier, from [`Host::random`](crate::Host::random).
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * octets.len());
    for octet in octets {
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
    text
}

/// Whether there is a CR or LF.
pub(crate) fn has_line_break(octets: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let (words, rest) = octets.as_chunks::<8>();
    // An octet below 14 borrows from its own highest bit; one of 128 and more is masked out.
    let has_control = words.iter().any(|word| {
        let word = u64::from_le_bytes(*word);
        word.wrapping_sub(ONES * 14) & !word & (ONES << 7) != 0
    });
    let is_break = |octet: &u8| matches!(octet, b'\r' | b'\n');
    // Below 14 is more than line breaks: a tab, say.
    rest.iter().any(is_break) || has_control && octets.iter().any(is_break)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        assert!(matches!(text("sip:jürgen@a".as_bytes()), Cow::Borrowed("sip:jürgen@a")));
        assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
    }

    #[test]
    fn hexadecimal_digits() {
        assert_eq!(hex(&[0, 0x9a, 0xff]), "009aff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn a_line_break_is_found_wherever_it_is() {
        for length in 0..40 {
            for at in 0..length {
                for other in [b'a', b'\t', 0, 0x0e, 0x7f, 0x80, 0x8d, 0xff] {
                    let mut octets = vec![other; length];
                    assert!(!has_line_break(&octets), "{octets:?}");
                    for octet in [b'\r', b'\n'] {
                        octets[at] = octet;
                        assert!(has_line_break(&octets), "{octets:?}");
                    }
                }
            }
        }
    }
}

//! A piece of text to be printed: borrowed where it can be, owned where it must be.
//!
//! In: bytes, text or a number. Out: [`Piece`], written without line breaks or NUL, whatever it holds: no value can
//! end its header field early.

use std::borrow::Cow;

/// A header field value or part of a start line, to be printed.
#[derive(Clone)]
pub enum Piece<'a> {
    /// Bytes of someone else.
    Borrowed(&'a [u8]),
    /// Bytes of its own.
    Owned(Vec<u8>),
    /// A decimal number.
    Number(u32),
}

impl Piece<'_> {
    /// Appends the text; CR, LF and NUL become spaces.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Piece::Borrowed(bytes) => write_value(bytes, out),
            Piece::Owned(bytes) => write_value(bytes, out),
            Piece::Number(number) => write_number(*number, out),
        }
    }

    /// Bytes it will take at most.
    pub(crate) fn length(&self) -> usize {
        match self {
            Piece::Borrowed(bytes) => bytes.len(),
            Piece::Owned(bytes) => bytes.len(),
            Piece::Number(_) => 10,
        }
    }
}

/// Appends bytes; CR, LF and NUL become spaces.
pub(crate) fn write_value(value: &[u8], out: &mut Vec<u8>) {
    let from = out.len();
    out.extend_from_slice(value);
    if memchr::memchr3(b'\r', b'\n', 0, value).is_some() {
        for byte in &mut out[from..] {
            if matches!(*byte, b'\r' | b'\n' | 0) {
                *byte = b' ';
            }
        }
    }
}

/// Appends a decimal number.
pub(crate) fn write_number(number: u32, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

impl<'a> From<&'a [u8]> for Piece<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Piece::Borrowed(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Piece<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Piece::Borrowed(bytes)
    }
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(text: &'a str) -> Self {
        Piece::Borrowed(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Piece<'a> {
    fn from(text: &'a String) -> Self {
        Piece::Borrowed(text.as_bytes())
    }
}

impl From<String> for Piece<'_> {
    fn from(text: String) -> Self {
        Piece::Owned(text.into_bytes())
    }
}

impl<'a> From<&'a Vec<u8>> for Piece<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Piece::Borrowed(bytes)
    }
}

impl From<Vec<u8>> for Piece<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Piece::Owned(bytes)
    }
}

impl<'a> From<Cow<'a, [u8]>> for Piece<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Piece::Borrowed(bytes),
            Cow::Owned(bytes) => Piece::Owned(bytes),
        }
    }
}

impl<'a> From<Cow<'a, str>> for Piece<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<u32> for Piece<'_> {
    fn from(number: u32) -> Self {
        Piece::Number(number)
    }
}

impl From<u8> for Piece<'_> {
    fn from(number: u8) -> Self {
        Piece::Number(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a>(piece: impl Into<Piece<'a>>) -> Vec<u8> {
        let mut out = Vec::new();
        piece.into().write(&mut out);
        out
    }

    #[test]
    fn numbers_and_texts() {
        assert_eq!(written(0_u32), b"0");
        assert_eq!(written(u32::MAX), b"4294967295");
        assert_eq!(written("text"), b"text");
        assert_eq!(written(b"bytes"), b"bytes");
    }

    #[test]
    fn no_piece_ends_its_line() {
        assert_eq!(written(b"a\r\nVia: x\0"), b"a  Via: x ");
        assert_eq!(written(String::from("a\nb")), b"a b");
    }
}

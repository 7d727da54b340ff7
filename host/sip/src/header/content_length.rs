//! `Content-Length` (RFC 3261 §20.14): bytes of the body.
//!
//! In: the value. Out: a number. Framing by it is `frame.rs` and `message.rs`.

use crate::HeaderError;
use crate::grammar;

/// Reads a value.
///
/// # Errors
/// It is not a number within 32 bits.
pub fn parse(value: &[u8]) -> Result<u32, HeaderError> {
    grammar::number(value).ok_or(HeaderError::syntax(0, "a number of bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_only() {
        assert_eq!(parse(b"150"), Ok(150));
        for wrong in [&b"-999"[..], b"", b"1 2", b"18446744073709551615"] {
            assert!(parse(wrong).is_err());
        }
    }
}

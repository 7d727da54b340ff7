//! `Max-Forwards` (RFC 3261 §20.22) and `Max-Breadth` (RFC 5393 §5.3.2): what limits forwarding.
//!
//! In: the value. Out: a number. Counting down is `strowger-proxy`'s.

use crate::HeaderError;
use crate::grammar;

/// Reads Max-Forwards, 0 to 255.
///
/// # Errors
/// It is not a number, or larger.
pub fn parse(value: &[u8]) -> Result<u8, HeaderError> {
    grammar::number(value)
        .and_then(|number| u8::try_from(number).ok())
        .ok_or(HeaderError::syntax(0, "a number from 0 to 255"))
}

/// Reads Max-Breadth.
///
/// # Errors
/// It is not a number within 32 bits.
pub fn parse_breadth(value: &[u8]) -> Result<u32, HeaderError> {
    grammar::number(value).ok_or(HeaderError::syntax(0, "a number within 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_their_range() {
        assert_eq!(parse(b"0068"), Ok(68));
        assert_eq!(parse(b"255"), Ok(255));
        assert!(parse(b"256").is_err() && parse(b"").is_err() && parse(b"7x").is_err());
        assert_eq!(parse_breadth(b"60"), Ok(60));
    }
}

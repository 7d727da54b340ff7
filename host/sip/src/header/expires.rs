//! `Expires` (RFC 3261 §20.19) and `Min-Expires` (§20.23): seconds.
//!
//! In: the value. Out: a number. Which lifetime a registration gets is the registrar's.

use crate::HeaderError;
use crate::grammar;

/// Reads a value in seconds.
///
/// # Errors
/// It is not a number within 32 bits. A registrar may then take its default (§10.2.1.1, RFC 4475 §3.1.2.4).
pub fn parse(value: &[u8]) -> Result<u32, HeaderError> {
    grammar::number(value).ok_or(HeaderError::syntax(0, "a number of seconds within 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        assert_eq!(parse(b"3600"), Ok(3600));
        assert_eq!(parse(b"4294967295"), Ok(u32::MAX));
        assert!(parse(b"10000000000000000000000000000000").is_err());
        assert!(parse(b"Thu, 01 Dec 1994 16:00:00 GMT").is_err());
    }
}

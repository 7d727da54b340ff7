//! `CSeq` (RFC 3261 §20.16): a number and a method.
//!
//! In: the value. Out: [`CSeq`]. The standard bounds the number a client may choose to 2^31 (§8.1.1.5); any that
//! fits 32 bits is read.

use crate::grammar::{self, TOKEN};
use crate::{HeaderError, Method};

/// A request's place in its sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CSeq<'a> {
    /// The sequence number.
    pub number: u32,
    /// The method.
    pub method: Method,
    /// The method as it came.
    pub token: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It is not a number within 32 bits, white space and a method.
    pub fn parse(value: &'a [u8]) -> Result<CSeq<'a>, HeaderError> {
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number =
            grammar::number(&value[..digits]).ok_or(HeaderError::syntax(0, "a number within 32 bits"))?;
        let at = grammar::skip_white(value, digits);
        let token = &value[at..];
        if at == digits || !grammar::all(TOKEN, token) {
            return Err(HeaderError::syntax(digits, "white space and a method"));
        }
        Ok(CSeq { number, method: Method::from_token(token), token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_method() {
        let cseq = CSeq::parse(b"0009\r\n  INVITE").unwrap();
        assert_eq!((cseq.number, cseq.method, cseq.token), (9, Method::Invite, &b"INVITE"[..]));
        assert_eq!(CSeq::parse(b"4294967295 NEW").unwrap().method, Method::Other);
    }

    #[test]
    fn what_is_no_cseq() {
        let wrong: [&[u8]; 7] =
            [b"", b"1", b"1INVITE", b"INVITE", b"-1 INVITE", b"36893488147419103232 REGISTER", b"1 IN VITE"];
        for value in wrong {
            assert!(CSeq::parse(value).is_err(), "{}", String::from_utf8_lossy(value));
        }
    }
}

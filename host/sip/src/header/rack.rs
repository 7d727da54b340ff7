//! `RAck` and `RSeq` (RFC 3262 §7): provisional responses that are acknowledged.
//!
//! In: the value. Out: [`RAck`], or RSeq's number.

use super::cseq::CSeq;
use super::session_expires::leading_number;
use crate::{HeaderError, grammar};

/// Which provisional response a PRACK acknowledges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RAck<'a> {
    /// The response's RSeq.
    pub response: u32,
    /// The response's CSeq.
    pub cseq: CSeq<'a>,
}

impl<'a> RAck<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It is not two numbers within 32 bits and a method.
    pub fn parse(value: &'a [u8]) -> Result<RAck<'a>, HeaderError> {
        let (response, end) = leading_number(value)?;
        let at = grammar::skip_white(value, end);
        if at == end {
            return Err(HeaderError::syntax(end, "white space"));
        }
        let cseq = CSeq::parse(&value[at..]).map_err(|error| error.shifted(at))?;
        Ok(RAck { response, cseq })
    }
}

/// Reads RSeq.
///
/// # Errors
/// It is not a number within 32 bits.
pub fn parse_rseq(value: &[u8]) -> Result<u32, HeaderError> {
    grammar::number(value).ok_or(HeaderError::syntax(0, "a number within 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_and_a_method() {
        let rack = RAck::parse(b"776656 1 INVITE").unwrap();
        assert_eq!((rack.response, rack.cseq.number), (776_656, 1));
        assert!(RAck::parse(b"1 INVITE").is_err() && RAck::parse(b"1").is_err());
        assert_eq!(parse_rseq(b"988789"), Ok(988_789));
    }
}

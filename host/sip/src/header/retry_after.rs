//! `Retry-After` (RFC 3261 §20.33): when to try again.
//!
//! In: the value. Out: [`RetryAfter`].

use super::session_expires::leading_number;
use crate::{HeaderError, Params, grammar};

/// A delay and its parameters. A comment between them is allowed and skipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryAfter<'a> {
    /// Seconds.
    pub delay: u32,
    /// `duration` and others.
    pub params: Params<'a>,
}

impl<'a> RetryAfter<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It does not begin with a number within 32 bits, its comment has no end, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<RetryAfter<'a>, HeaderError> {
        let (delay, end) = leading_number(value)?;
        let open = grammar::skip_white(value, end);
        let end = if value.get(open) == Some(&b'(') { comment_end(value, open)? } else { end };
        let params = Params::parse(&value[end..]).map_err(|error| error.shifted(end))?;
        Ok(RetryAfter { delay, params })
    }

    /// The `duration` parameter in seconds: how long the callee will be there, once it is.
    #[must_use]
    pub fn duration(&self) -> Option<u32> {
        self.params.value("duration").and_then(grammar::number)
    }
}

/// Where the comment that begins at `at` ends; comments nest (§25.1).
fn comment_end(value: &[u8], at: usize) -> Result<usize, HeaderError> {
    let mut depth = 0;
    let mut i = at;
    while let Some(byte) = value.get(i) {
        match byte {
            b'\\' => i += 1,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        i += 1;
        if depth == 0 {
            return Ok(i);
        }
    }
    Err(HeaderError::syntax(at, "the end of a comment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_a_comment_and_a_duration() {
        assert_eq!(RetryAfter::parse(b"18000;duration=3600").unwrap().duration(), Some(3600));
        let two = RetryAfter::parse(b"120 (I'm in a (long\\)) meeting);duration=5").unwrap();
        assert_eq!((two.delay, two.duration()), (120, Some(5)));
        assert!(RetryAfter::parse(b"949302838503028349304023988").is_err());
        assert!(RetryAfter::parse(b"1 (open").is_err() && RetryAfter::parse(b"1 (open\\").is_err());
    }
}

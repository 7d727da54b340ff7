//! `Reason` (RFC 3326 §2): why a request was sent.
//!
//! In: one list element. Out: [`Reason`].

use std::borrow::Cow;

use super::event::token_and_params;
use crate::{HeaderError, Params, grammar};

/// One reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850` or another protocol, as it came.
    pub protocol: &'a [u8],
    /// `cause`, `text` and others.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    /// Reads one list element.
    ///
    /// # Errors
    /// It does not begin with a token, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<Reason<'a>, HeaderError> {
        let (protocol, params) = token_and_params(value)?;
        Ok(Reason { protocol, params })
    }

    /// The `cause` parameter: a status code for protocol `SIP`.
    #[must_use]
    pub fn cause(&self) -> Option<u32> {
        self.params.value("cause").and_then(grammar::number)
    }

    /// The `text` parameter without its quotes.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        self.params.value("text").map(grammar::unquote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_and_a_text() {
        let reason = Reason::parse(b"SIP ;cause=200 ;text=\"Call completed, elsewhere\"").unwrap();
        assert_eq!((reason.protocol, reason.cause()), (&b"SIP"[..], Some(200)));
        assert_eq!(reason.text().unwrap().as_ref(), b"Call completed, elsewhere");
        assert_eq!(Reason::parse(b"Q.850;cause=16").unwrap().text(), None);
        assert!(Reason::parse(b"").is_err());
    }
}

//! `Event` (RFC 6665 §8.2.1): what is subscribed to.
//!
//! In: the value, or one element of an Allow-Events list. Out: [`Event`].

use crate::grammar::{self, TOKEN};
use crate::{HeaderError, Params};

/// An event package, its templates, and parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event<'a> {
    /// For instance `reg` or `presence.winfo`. Compare it exactly.
    pub package: &'a [u8],
    /// For instance `id`.
    pub params: Params<'a>,
}

impl<'a> Event<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It does not begin with a token, or its parameters are broken.
    pub fn parse(value: &'a [u8]) -> Result<Event<'a>, HeaderError> {
        let (package, params) = token_and_params(value)?;
        Ok(Event { package, params })
    }

    /// The `id` parameter.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        self.params.value("id")
    }
}

/// `token;params`, the form of several header fields.
pub(crate) fn token_and_params(value: &[u8]) -> Result<(&[u8], Params<'_>), HeaderError> {
    let end = grammar::run(TOKEN, value, 0);
    if end == 0 {
        return Err(HeaderError::syntax(0, "a token"));
    }
    let params = Params::parse(&value[end..]).map_err(|error| error.shifted(end))?;
    Ok((&value[..end], params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_and_its_id() {
        let event = Event::parse(b"presence.winfo;id=17").unwrap();
        assert_eq!((event.package, event.id()), (&b"presence.winfo"[..], Some(&b"17"[..])));
        assert!(Event::parse(b"").is_err() && Event::parse(b"reg x").is_err());
    }
}

//! `Content-Type` (RFC 3261 §20.15): what the body is.
//!
//! In: the value. Out: [`ContentType`]. Bodies themselves are nobody's here.

use crate::grammar::{self, TOKEN};
use crate::{HeaderError, Params};

/// A media type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentType<'a> {
    /// For instance `application`.
    pub kind: &'a [u8],
    /// For instance `sdp`.
    pub subtype: &'a [u8],
    /// For instance `boundary`.
    pub params: Params<'a>,
}

impl<'a> ContentType<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// It is not `token/token;params`.
    pub fn parse(value: &'a [u8]) -> Result<ContentType<'a>, HeaderError> {
        let kind_end = grammar::run(TOKEN, value, 0);
        let slash = grammar::skip_white(value, kind_end);
        if kind_end == 0 || value.get(slash) != Some(&b'/') {
            return Err(HeaderError::syntax(slash, "a media type and a slash"));
        }
        let at = grammar::skip_white(value, slash + 1);
        let end = grammar::run(TOKEN, value, at);
        if end == at {
            return Err(HeaderError::syntax(at, "a media subtype"));
        }
        let params = Params::parse(&value[end..]).map_err(|error| error.shifted(end))?;
        Ok(ContentType { kind: &value[..kind_end], subtype: &value[at..end], params })
    }

    /// Whether it is this type, written `kind/subtype`, in any case and with any parameters.
    #[must_use]
    pub fn is(&self, media_type: &str) -> bool {
        media_type.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind.as_bytes())
                && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_parameters() {
        let one = ContentType::parse(b"multipart/mixed;boundary=7a9cbec02ceef655").unwrap();
        assert!(one.is("Multipart/Mixed") && !one.is("multipart/signed"));
        assert_eq!(one.params.value("boundary"), Some(&b"7a9cbec02ceef655"[..]));
        assert!(ContentType::parse(b"application / sdp").unwrap().is("application/sdp"));
        for wrong in [&b""[..], b"text", b"/plain", b"text/", b"text/plain x"] {
            assert!(ContentType::parse(wrong).is_err());
        }
    }
}

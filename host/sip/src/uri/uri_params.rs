//! A URI's own parameters (RFC 3261 §19.1.1, RFC 3966 §3): `;name=value` without white space or quotes.
//!
//! In: the part of a URI from its first `;` to its `?` or end. Out: [`UriParams`], checked once and then read
//! without errors. Header field parameters have another grammar: `params.rs`.

use super::{UriError, escape};
use crate::Param;
use crate::bounds::MAX_PARAMS;
use crate::grammar::PARAM;

/// The parameters of a URI, in order.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct UriParams<'a> {
    bytes: &'a [u8],
}

impl<'a> UriParams<'a> {
    /// `bytes` is empty or begins with `;`.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<UriParams<'a>, UriError> {
        let mut at = 0;
        let mut count = 0;
        while at < bytes.len() {
            let name_at = at + 1;
            let name_end = escape::run(PARAM, bytes, name_at)?;
            if name_end == name_at {
                return Err(UriError::new(name_at, "the name of a parameter"));
            }
            at = name_end;
            if bytes.get(at) == Some(&b'=') {
                at = escape::run(PARAM, bytes, name_end + 1)?;
                // `;user=` is seen on the wire, and means no more than `;user`.
            }
            if !matches!(bytes.get(at), None | Some(b';')) {
                return Err(UriError::new(at, "what a parameter may hold"));
            }
            count += 1;
            if count > MAX_PARAMS {
                return Err(UriError::new(at, "fewer parameters"));
            }
        }
        Ok(UriParams { bytes })
    }

    /// The parameters as they came, from the first `;` on; may be empty.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Every parameter, in order, escapes and all.
    #[must_use]
    pub fn iter(&self) -> UriParamsIter<'a> {
        UriParamsIter { rest: self.bytes }
    }

    /// The parameter of this name, in any case and however escaped: `None` where there is none, `Some(None)` without
    /// a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.iter().find(|param| escape::same(param.name, name.as_bytes())).map(|param| param.value)
    }

    /// The value of the parameter of this name; `None` also where it has no value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name).flatten()
    }
}

impl std::fmt::Debug for UriParams<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UriParams({})", self.iter().count())
    }
}

impl<'a> IntoIterator for UriParams<'a> {
    type Item = Param<'a>;
    type IntoIter = UriParamsIter<'a>;

    fn into_iter(self) -> UriParamsIter<'a> {
        self.iter()
    }
}

/// Iterator over a URI's parameters.
#[derive(Clone)]
pub struct UriParamsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for UriParamsIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        let rest = self.rest.get(1..)?;
        let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let piece = &rest[..end];
        self.rest = &rest[end..];
        Some(match memchr::memchr(b'=', piece) {
            Some(equal) => Param { name: &piece[..equal], value: Some(&piece[equal + 1..]) },
            None => Param { name: piece, value: None },
        })
    }
}

impl UriError {
    /// The same error in a URI that has `by` more bytes before.
    pub(super) fn shifted(self, by: usize) -> Self {
        UriError { offset: self.offset + by, ..self }
    }
}

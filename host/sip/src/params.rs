//! Header field parameters (RFC 3261 §25.1 `generic-param`): `;name`, `;name=value`, `;name="quoted value"`.
//!
//! In: the part of a value from its first `;` on. Out: [`Params`], checked once and then read without errors, and
//! [`Param`]. A URI's own parameters have another grammar: `uri/uri_params.rs`.

use std::borrow::Cow;

use crate::HeaderError;
use crate::bounds::MAX_PARAMS;
use crate::grammar::{self, GEN_VALUE, TOKEN};

/// One parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as it came; compare it without regard to case (§7.3.1).
    pub name: &'a [u8],
    /// The value as it came, quotes and all; `None` where there is no `=`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Param<'a> {
    /// Whether the name is this one, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value without quotes and escapes; empty where there is none.
    #[must_use]
    pub fn unquoted(&self) -> Cow<'a, [u8]> {
        grammar::unquote(self.value.unwrap_or_default())
    }
}

impl std::fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Param({} bytes)", self.name.len() + self.value.map_or(0, <[u8]>::len))
    }
}

/// The parameters of one header field value, in order.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    bytes: &'a [u8],
}

impl<'a> Params<'a> {
    /// Checks parameters from the first `;` (white space may stand before it) to the end of the value.
    ///
    /// # Errors
    /// A parameter without a name, a quoted string without an end, a byte that belongs to neither, or more than
    /// [`MAX_PARAMS`].
    pub fn parse(bytes: &'a [u8]) -> Result<Params<'a>, HeaderError> {
        Params::parse_each(bytes, |_| {})
    }

    /// The same, and shows each parameter on the way: what is wanted most need not be looked for again.
    #[inline]
    pub(crate) fn parse_each(
        bytes: &'a [u8],
        mut each: impl FnMut(Param<'a>),
    ) -> Result<Params<'a>, HeaderError> {
        let mut at = 0;
        let mut count = 0;
        while let Some(piece) = read(bytes, at)? {
            at = piece.end;
            count += 1;
            if count > MAX_PARAMS {
                return Err(HeaderError::syntax(at, "fewer parameters"));
            }
            each(piece.param);
        }
        Ok(Params { bytes })
    }

    /// Parameters that were checked before.
    pub(crate) fn checked(bytes: &'a [u8]) -> Params<'a> {
        Params { bytes }
    }

    /// The parameters as they came, from the first `;` on; may be empty.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Every parameter, in order.
    #[must_use]
    pub fn iter(&self) -> ParamsIter<'a> {
        ParamsIter { pieces: self.pieces() }
    }

    /// The first parameter of this name, in any case: `None` where there is none, `Some(None)` without a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.iter().find(|param| param.is(name)).map(|param| param.value)
    }

    /// The value of the first parameter of this name; `None` also where it has no value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name).flatten()
    }

    /// Whether there is a parameter of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn pieces(&self) -> Pieces<'a> {
        Pieces { bytes: self.bytes, at: 0 }
    }
}

impl std::fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Params({})", self.iter().count())
    }
}

impl<'a> IntoIterator for Params<'a> {
    type Item = Param<'a>;
    type IntoIter = ParamsIter<'a>;

    fn into_iter(self) -> ParamsIter<'a> {
        self.iter()
    }
}

/// Iterator over parameters.
#[derive(Clone)]
pub struct ParamsIter<'a> {
    pieces: Pieces<'a>,
}

impl<'a> Iterator for ParamsIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        self.pieces.next().map(|piece| piece.param)
    }
}

/// A parameter and where it stands: from its `;` to its last byte.
pub(crate) struct Piece<'a> {
    pub(crate) param: Param<'a>,
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

/// Iterator over parameters with their places.
#[derive(Clone)]
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let piece = read(self.bytes, self.at).ok().flatten()?;
        self.at = piece.end;
        Some(piece)
    }
}

/// The parameter whose `;` comes next; `None` at the end.
fn read(bytes: &[u8], at: usize) -> Result<Option<Piece<'_>>, HeaderError> {
    let begin = grammar::skip_white(bytes, at);
    match bytes.get(begin) {
        None => return Ok(None),
        Some(b';') => {}
        Some(_) => return Err(HeaderError::syntax(begin, "a semicolon")),
    }
    let name_at = grammar::skip_white(bytes, begin + 1);
    let name_end = grammar::run(TOKEN, bytes, name_at);
    if name_end == name_at {
        return Err(HeaderError::syntax(name_at, "the name of a parameter"));
    }
    let name = &bytes[name_at..name_end];
    let equal = grammar::skip_white(bytes, name_end);
    if bytes.get(equal) != Some(&b'=') {
        return Ok(Some(Piece { param: Param { name, value: None }, begin, end: name_end }));
    }
    let value_at = grammar::skip_white(bytes, equal + 1);
    let end = if bytes.get(value_at) == Some(&b'"') {
        grammar::quoted_end(bytes, value_at)
            .ok_or(HeaderError::syntax(value_at, "the end of a quoted string"))?
    } else {
        grammar::run(GEN_VALUE, bytes, value_at)
    };
    if end == value_at {
        return Err(HeaderError::syntax(value_at, "the value of a parameter"));
    }
    let value = Some(&bytes[value_at..end]);
    Ok(Some(Piece { param: Param { name, value }, begin, end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_white_space_quotes_and_folds() {
        let params = Params::parse(b" ; a ;\r\n B = \"x;y\\\"\" ;c=1.5;d=[::1]").unwrap();
        let names: Vec<_> = params.iter().map(|param| param.name).collect();
        assert_eq!(names, [b"a", b"B", b"c", b"d"]);
        assert_eq!(params.get("a"), Some(None));
        assert_eq!(params.value("b"), Some(&b"\"x;y\\\"\""[..]));
        assert_eq!(params.iter().nth(1).unwrap().unquoted().as_ref(), b"x;y\"");
        assert_eq!(params.value("D"), Some(&b"[::1]"[..]));
        assert_eq!(params.get("e"), None);
        assert_eq!(Params::parse(b"").unwrap().iter().count(), 0);
    }

    #[test]
    fn what_is_no_parameter() {
        let wrong: [&[u8]; 8] =
            [b";", b";;", b";=x", b"; a=", b";a=\"x", b";a b", b";a=x\"y\"", b";a=<sip:x>"];
        for bytes in wrong {
            assert!(Params::parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
        assert!(Params::parse(&b";a".repeat(MAX_PARAMS)).is_ok());
        assert!(Params::parse(&b";a".repeat(MAX_PARAMS + 1)).is_err());
    }
}

//! Pieces that the header fields of this crate share: lists, parameters, quoted strings (RFC 3261 §25.1).
//!
//! In: values as they stand in a message, or texts of ours. Out: owned texts without quotes and escapes, and values
//! that are safe to put into a message: what cannot stand somewhere as it is gets quotes, and no line break ever comes
//! out.

use std::fmt::{self, Write};

use sip::{HeaderError, HeaderId, Host, Params, elements, is_token, token_length, unquote};

use crate::bounds::{MAX_ELEMENTS, MAX_VALUE};

pub(crate) type Result<T> = std::result::Result<T, HeaderError>;

/// A parameter that has no field of its own: it is kept and passed on.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    value: Option<String>,
}

impl Parameter {
    /// A parameter; `None` where the name is no token. The value is written with quotes where it needs them.
    #[must_use]
    pub fn new(name: &str, value: Option<&str>) -> Option<Parameter> {
        let name = is_token(name.as_bytes()).then(|| name.to_owned())?;
        Some(Parameter { name, value: value.map(str::to_owned) })
    }

    /// The name as it came.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value without quotes and escapes; `None` where there is no `=`.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether the name is this one, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// As it stands in a message, without the semicolon before it.
impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.value {
            Some(value) => write!(f, "={}", GenValue(value)),
            None => Ok(()),
        }
    }
}

/// Says nothing about people.
impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter({})", self.name)
    }
}

/// The value of the first parameter of this name.
pub(crate) fn find<'p>(parameters: &'p [Parameter], name: &str) -> Option<&'p str> {
    parameters.iter().find(|parameter| parameter.is(name)).and_then(Parameter::value)
}

/// Each with a semicolon before it.
pub(crate) fn write_all(parameters: &[Parameter], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    parameters.iter().try_for_each(|parameter| write!(f, ";{parameter}"))
}

/// `gen-value`: bare where it is a token or a host, else in quotes.
pub(crate) struct GenValue<'a>(pub(crate) &'a str);

impl fmt::Display for GenValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_token(self.0.as_bytes()) || Host::parse(self.0.as_bytes()).is_some() {
            f.write_str(self.0)
        } else {
            write!(f, "{}", Quoted(self.0))
        }
    }
}

/// `quoted-string`. A control character becomes a space: it could end the header field.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

pub(crate) fn malformed(header: HeaderId, offset: usize, expected: &'static str) -> HeaderError {
    HeaderError::Malformed { header, offset, expected }
}

/// Text without controls, of a value without quotes.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.contains(char::is_control)).then(|| text.to_owned())
}

/// Checks the length of a value before anything else looks at it.
pub(crate) fn bounded(header: HeaderId, value: &[u8]) -> Result<&[u8]> {
    if value.len() > MAX_VALUE { Err(malformed(header, MAX_VALUE, "fewer bytes")) } else { Ok(value) }
}

/// Every element of comma-separated lists, empty ones left out, read to its type.
pub(crate) fn each<'a, T>(
    header: HeaderId,
    values: impl IntoIterator<Item = &'a [u8]>,
    read: impl Fn(&'a [u8]) -> Result<T>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for value in values {
        for (offset, element) in elements(bounded(header, value)?) {
            if all.len() == MAX_ELEMENTS {
                return Err(malformed(header, offset, "fewer elements"));
            }
            all.push(read(element).map_err(|error| shifted(error, offset).of(header))?);
        }
    }
    Ok(all)
}

/// The same error in a value that has `by` more bytes before.
pub(crate) fn shifted(error: HeaderError, by: usize) -> HeaderError {
    match error {
        HeaderError::Malformed { header, offset, expected } => malformed(header, offset + by, expected),
        other => other,
    }
}

/// `token *(";" param)`.
pub(crate) fn token_and_params(header: HeaderId, value: &[u8]) -> Result<(String, Vec<Parameter>)> {
    let end = token_length(value);
    let (token, rest) = value.split_at(end);
    let token = text(token).filter(|token| !token.is_empty()).ok_or(malformed(header, 0, "a token"))?;
    Ok((token, params(header, rest).map_err(|error| shifted(error, end))?))
}

/// `*(";" param)`.
pub(crate) fn params(header: HeaderId, value: &[u8]) -> Result<Vec<Parameter>> {
    let params = Params::parse(value).map_err(|error| error.of(header))?;
    owned(header, &params)
}

/// `param *(";" param)`: no semicolon stands before the first.
pub(crate) fn bare_params(header: HeaderId, value: &[u8]) -> Result<Vec<Parameter>> {
    let with_semicolon = [b";", bounded(header, value)?].concat();
    params(header, &with_semicolon).map_err(|error| match error {
        HeaderError::Malformed { header, offset, expected } => {
            malformed(header, offset.saturating_sub(1), expected)
        }
        other => other,
    })
}

/// Parameters that were read before, as texts.
pub(crate) fn owned(header: HeaderId, params: &Params<'_>) -> Result<Vec<Parameter>> {
    let mut all = Vec::new();
    for param in params.iter() {
        let value = match param.value {
            Some(value) => Some(text(&unquote(value)).ok_or(malformed(
                header,
                0,
                "parameters of UTF-8 without controls",
            ))?),
            None => None,
        };
        let name = text(param.name).ok_or(malformed(header, 0, "the name of a parameter"))?;
        all.push(Parameter { name, value });
    }
    Ok(all)
}

/// Takes the first parameter of this name out, with its value, which it must have.
pub(crate) fn take(header: HeaderId, parameters: &mut Vec<Parameter>, name: &str) -> Result<Option<String>> {
    match take_any(parameters, name) {
        None => Ok(None),
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => Err(malformed(header, 0, "a value for each parameter that wants one")),
    }
}

/// Takes the first parameter of this name out, with its value where it has one.
pub(crate) fn take_any(parameters: &mut Vec<Parameter>, name: &str) -> Option<Option<String>> {
    let index = parameters.iter().position(|parameter| parameter.is(name))?;
    Some(parameters.remove(index).value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_safe_to_write() {
        assert_eq!(GenValue("a.b").to_string(), "a.b");
        assert_eq!(GenValue("[2001:db8::1]").to_string(), "[2001:db8::1]");
        assert_eq!(GenValue("a b\"c\\").to_string(), "\"a b\\\"c\\\\\"");
        assert_eq!(GenValue("").to_string(), "\"\"");
        assert_eq!(GenValue("x\r\nVia: y").to_string(), "\"x  Via: y\"");
        assert!(Parameter::new("a b", None).is_none() && Parameter::new("", None).is_none());
        assert_eq!(Parameter::new("a", Some("b;c")).unwrap().to_string(), "a=\"b;c\"");
    }

    #[test]
    fn bare_parameters() {
        let read = bare_params(HeaderId::OTHER, b"a=1; b ;c=\"x;\\\"y\"").unwrap();
        assert_eq!(read.iter().map(Parameter::to_string).collect::<Vec<_>>(), ["a=1", "b", "c=\"x;\\\"y\""]);
        assert_eq!(find(&read, "C"), Some("x;\"y"));
        for wrong in [&b""[..], b";a", b"a;", b"a=", b"a=\"\x01\"", b"a=\xff"] {
            assert!(bare_params(HeaderId::OTHER, wrong).is_err(), "{}", wrong.escape_ascii());
        }
    }
}

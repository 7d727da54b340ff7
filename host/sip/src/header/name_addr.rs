//! `From`, `To`, `Route` and every other value of the form `"name" <uri>;params` (RFC 3261 §20.10, §20.20, §25.1
//! `name-addr`, `addr-spec`).
//!
//! In: one value or list element. Out: [`NameAddr`]. Where there are no angle brackets, `;` begins the header
//! field's parameters, and the URI may hold neither `?` nor `,` (§20). The URI is only located: read it with
//! [`NameAddr::uri`].

use std::borrow::Cow;

use crate::grammar::{self, TOKEN};
use crate::uri::UriError;
use crate::{HeaderError, Params, Uri};

/// A display name, a URI and parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as it came, quotes and all; empty where there is none.
    pub display: &'a [u8],
    /// The URI as it came, without angle brackets.
    pub uri_bytes: &'a [u8],
    /// Whether the URI stands in angle brackets.
    pub is_bracketed: bool,
    /// The header field's parameters.
    pub params: Params<'a>,
    tag: Option<&'a [u8]>,
}

impl<'a> NameAddr<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// A quoted string without an end, a display name that is neither tokens nor a quoted string, a URI with `?` or
    /// `,` without angle brackets, or broken parameters.
    pub fn parse(value: &'a [u8]) -> Result<NameAddr<'a>, HeaderError> {
        let begin = grammar::skip_white(value, 0);
        let display_end = display_end(value, begin)?;
        let open = grammar::skip_white(value, display_end);
        if value.get(open) != Some(&b'<') {
            return NameAddr::addr_spec(value, begin);
        }
        let close = memchr::memchr(b'>', &value[open..])
            .ok_or(HeaderError::syntax(value.len(), "a closing angle bracket"))?;
        let close = open + close;
        let (params, tag) = params_and_tag(value, close + 1)?;
        Ok(NameAddr {
            display: &value[begin..display_end],
            uri_bytes: &value[open + 1..close],
            is_bracketed: true,
            params,
            tag,
        })
    }

    /// A URI without angle brackets.
    fn addr_spec(value: &'a [u8], begin: usize) -> Result<NameAddr<'a>, HeaderError> {
        let rest = &value[begin..];
        let end = begin + memchr::memchr(b';', rest).unwrap_or(rest.len());
        let uri_bytes = grammar::trim(&value[begin..end]);
        if uri_bytes.is_empty() {
            return Err(HeaderError::syntax(begin, "a URI"));
        }
        if let Some(at) = memchr::memchr3(b'?', b',', b'"', uri_bytes) {
            return Err(HeaderError::syntax(begin + at, "angle brackets around this URI"));
        }
        let (params, tag) = params_and_tag(value, end)?;
        Ok(NameAddr { display: &[], uri_bytes, is_bracketed: false, params, tag })
    }

    /// The URI.
    ///
    /// # Errors
    /// It is none.
    pub fn uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri_bytes)
    }

    /// The display name without quotes and escapes; empty where there is none.
    #[must_use]
    pub fn display_name(&self) -> Cow<'a, [u8]> {
        grammar::unquote(self.display)
    }

    /// The `tag` parameter (§19.3).
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.tag
    }

    /// The header field parameter of this name, in any case: `None` where there is none, `Some(None)` without a
    /// value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.params.get(name)
    }

    /// The `q` parameter in thousandths, 0 to 1000 (§25.1 `qvalue`); `None` where there is none or it is no such
    /// number.
    #[must_use]
    pub fn q(&self) -> Option<u16> {
        self.params.value("q").and_then(q_thousandths)
    }

    /// The `expires` parameter in seconds; `None` where there is none or it is not a number of 32 bits (§10.2.1.1:
    /// then the Expires header field counts, or the registrar's default).
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(grammar::number)
    }
}

impl std::fmt::Debug for NameAddr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameAddr({} bytes of URI, {:?})", self.uri_bytes.len(), self.params)
    }
}

fn params_and_tag(value: &[u8], at: usize) -> Result<(Params<'_>, Option<&[u8]>), HeaderError> {
    let mut tag = None;
    let params = Params::parse_each(&value[at..], |param| {
        if tag.is_none() && param.is("tag") {
            tag = param.value;
        }
    });
    Ok((params.map_err(|error| error.shifted(at))?, tag))
}

/// Where the display name that begins at `begin` ends; at `begin` where there is none.
#[inline]
fn display_end(value: &[u8], begin: usize) -> Result<usize, HeaderError> {
    match value.get(begin) {
        Some(b'<') => Ok(begin),
        Some(b'"') => {
            let end = grammar::quoted_end(value, begin)
                .ok_or(HeaderError::syntax(begin, "the end of a quoted string"))?;
            if value.get(grammar::skip_white(value, end)) != Some(&b'<') {
                return Err(HeaderError::syntax(end, "an opening angle bracket"));
            }
            Ok(end)
        }
        _ => {
            let Some(open) = memchr::memchr2(b'<', b';', &value[begin..]) else { return Ok(begin) };
            let open = begin + open;
            if value[open] == b';' {
                return Ok(begin);
            }
            let name = grammar::trim(&value[begin..open]);
            match name.iter().position(|byte| !is_display(*byte)) {
                Some(at) => Err(HeaderError::syntax(begin + at, "a display name in quotes")),
                None => Ok(begin + name.len()),
            }
        }
    }
}

/// Tokens and white space between them; bytes that are not ASCII are let through.
fn is_display(byte: u8) -> bool {
    grammar::is(TOKEN, byte) || grammar::is_white(byte) || byte >= 0x80
}

/// A `qvalue` (§25.1), `0`, `0.5`, `0.333`, `1`, `1.000`, in thousandths; `.5` is taken as well. `None` where it is no such
/// number.
#[must_use]
pub fn q_thousandths(value: &[u8]) -> Option<u16> {
    let (whole, fraction) = match value {
        [whole @ (b'0' | b'1')] => (*whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (*whole, fraction),
        [b'.', fraction @ ..] if (1..=3).contains(&fraction.len()) => (b'0', fraction),
        _ => return None,
    };
    let mut thousandths = u16::from(whole - b'0') * 1000;
    let mut weight = 100;
    for digit in fraction {
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths += u16::from(digit - b'0') * weight;
        weight /= 10;
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> NameAddr<'_> {
        NameAddr::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn all_three_forms() {
        let one = parse("\"J Rosenberg \\\\\\\"\"  <sip:j@example.com>\r\n ;\r\n tag = 98asjd8");
        assert_eq!(one.display_name().as_ref(), b"J Rosenberg \\\"");
        assert_eq!(one.uri_bytes, b"sip:j@example.com");
        assert_eq!(one.tag(), Some(&b"98asjd8"[..]));

        let two = parse("caller<sip:caller@example.com;x=y>;tag=323");
        assert_eq!((two.display, two.uri_bytes), (&b"caller"[..], &b"sip:caller@example.com;x=y"[..]));

        let three = parse("sip:+16505552222@ss1.example.net;user=phone");
        assert_eq!(three.uri_bytes, b"sip:+16505552222@ss1.example.net");
        assert_eq!(three.param("user"), Some(Some(&b"phone"[..])));
        assert!(!three.is_bracketed);

        let four = parse("token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;a=\"<;>\"");
        assert_eq!(four.display, b"token1~` token2'+_ token3*%!.-");
        assert_eq!(parse("tel:+1 ; tag=x").uri_bytes, b"tel:+1");
        assert_eq!(parse("sip:a@b;x=\"<\"").uri_bytes, b"sip:a@b");
    }

    #[test]
    fn what_is_no_name_addr() {
        let wrong = [
            "",
            "\"Mr. J. User <sip:j.user@example.com>",
            "Bell, Alexander <sip:a@b>;tag=43",
            "<sip:a@b",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "sip:a,b@c",
            "\"x\" sip:a@b",
            "<sip:a>;;;;",
            "<sip:a> x",
            ";tag=1",
            "\"x\"",
            "a@b <sip:a>",
        ];
        for text in wrong {
            assert!(NameAddr::parse(text.as_bytes()).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn q_values_are_thousandths() {
        let expected = [
            ("1", Some(1000)),
            ("0", Some(0)),
            ("0.5", Some(500)),
            ("1.000", Some(1000)),
            ("0.33", Some(330)),
            ("0.", Some(0)),
            (".7", Some(700)),
            ("1.001", None),
            ("2", None),
            ("0.1234", None),
            ("-1", None),
            ("", None),
            ("0.x", None),
            ("z.5", None),
            ("\u{8b}.3", None),
        ];
        for (text, q) in expected {
            assert_eq!(q_thousandths(text.as_bytes()), q, "{text}");
        }
        assert_eq!(parse("<sip:a>;q=0.7;expires=60").q(), Some(700));
        assert_eq!(parse("<sip:a>;expires=60").expires(), Some(60));
        assert_eq!(parse("<sip:a>;expires=280297596632815").expires(), None);
    }
}

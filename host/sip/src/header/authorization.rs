//! `Authorization`, `Proxy-Authorization` (RFC 3261 §20.7, §20.28, §25.1 `credentials`) and `Authentication-Info`
//! (§20.6).
//!
//! In: the whole value (its commas are no list). Out: [`Credentials`]: a scheme and named parameters. What they
//! prove is `strowger-auth`'s.

use std::borrow::Cow;

use crate::HeaderError;
use crate::bounds::MAX_PARAMS;
use crate::grammar::{self, TOKEN, UNQUOTED};

/// A scheme and `name=value` pairs with commas between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// For instance `Digest`; empty for Authentication-Info. Compare it without regard to case.
    pub scheme: &'a [u8],
    pairs: &'a [u8],
}

impl<'a> Credentials<'a> {
    /// Reads the value of Authorization or Proxy-Authorization.
    ///
    /// # Errors
    /// It is not a scheme and pairs, a quoted string has no end, or there are more than [`MAX_PARAMS`].
    pub fn parse(value: &'a [u8]) -> Result<Credentials<'a>, HeaderError> {
        Credentials::parse_each(value, |_, _| {})
    }

    /// The same, and shows each name and its value as it came on the way. Where an error follows, what was shown counts
    /// for nothing.
    ///
    /// # Errors
    /// As [`Credentials::parse`].
    #[inline]
    pub fn parse_each(
        value: &'a [u8],
        each: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<Credentials<'a>, HeaderError> {
        let end = grammar::run(TOKEN, value, 0);
        let at = grammar::skip_white(value, end);
        if end == 0 || at == end {
            return Err(HeaderError::syntax(end, "a scheme and white space"));
        }
        let pairs = &value[at..];
        check(pairs, each).map_err(|error| error.shifted(at))?;
        Ok(Credentials { scheme: &value[..end], pairs })
    }

    /// Reads the value of Authentication-Info or Proxy-Authentication-Info.
    ///
    /// # Errors
    /// As [`Credentials::parse`].
    pub fn parse_info(value: &'a [u8]) -> Result<Credentials<'a>, HeaderError> {
        check(value, |_, _| {})?;
        Ok(Credentials { scheme: &[], pairs: value })
    }

    /// Whether the scheme is this one, in any case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme.as_bytes())
    }

    /// The value of this name, in any case, without quotes and escapes.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.raw_param(name).map(grammar::unquote)
    }

    /// The value of this name, in any case, as it came.
    #[must_use]
    pub fn raw_param(&self, name: &str) -> Option<&'a [u8]> {
        self.params().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Every name and its value as it came.
    pub fn params(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let pairs = self.pairs;
        let mut at = 0;
        std::iter::from_fn(move || {
            let (name, value, end) = pair(pairs, at).ok().flatten()?;
            at = end;
            Some((name, value))
        })
    }
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, {} parameters)", self.scheme.escape_ascii(), self.params().count())
    }
}

#[inline]
fn check<'a>(pairs: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> Result<(), HeaderError> {
    let mut at = 0;
    let mut count = 0;
    while let Some((name, value, end)) = pair(pairs, at)? {
        at = end;
        each(name, value);
        count += 1;
        if count > MAX_PARAMS {
            return Err(HeaderError::syntax(at, "fewer parameters"));
        }
    }
    if count == 0 { Err(HeaderError::syntax(0, "name=value")) } else { Ok(()) }
}

type Pair<'a> = (&'a [u8], &'a [u8], usize);

/// The pair that begins at `at`, and where the next begins: behind the comma.
pub(super) fn pair(pairs: &[u8], at: usize) -> Result<Option<Pair<'_>>, HeaderError> {
    let mut at = grammar::skip_white(pairs, at);
    while pairs.get(at) == Some(&b',') {
        at = grammar::skip_white(pairs, at + 1);
    }
    if at == pairs.len() {
        return Ok(None);
    }
    let name_end = grammar::run(TOKEN, pairs, at);
    let equal = grammar::skip_white(pairs, name_end);
    if name_end == at || pairs.get(equal) != Some(&b'=') {
        return Err(HeaderError::syntax(at, "name=value"));
    }
    let value_at = grammar::skip_white(pairs, equal + 1);
    let value_end = if pairs.get(value_at) == Some(&b'"') {
        grammar::quoted_end(pairs, value_at)
            .ok_or(HeaderError::syntax(value_at, "the end of a quoted string"))?
    } else {
        grammar::run(UNQUOTED, pairs, value_at)
    };
    let next = grammar::skip_white(pairs, value_end);
    match pairs.get(next) {
        None => {}
        Some(b',') => {}
        Some(_) => return Err(HeaderError::syntax(next, "a comma")),
    }
    Ok(Some((&pairs[at..name_end], &pairs[value_at..value_end], next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_credentials() {
        let value = b"Digest username=\"bob\",\r\n realm=\"bilo\\\"xi, com\", nonce=\"dcd98b==\",uri=\"sip:bob@biloxi.com\", \
            qop=auth, nc=00000001 , cnonce=\"\", response=\"66\",opaque=\"5ccc\"";
        let credentials = Credentials::parse(value).unwrap();
        assert!(credentials.is("digest") && !credentials.is("Basic"));
        assert_eq!(credentials.param("Username").unwrap().as_ref(), b"bob");
        assert_eq!(credentials.param("realm").unwrap().as_ref(), b"bilo\"xi, com");
        assert_eq!(credentials.param("qop").unwrap().as_ref(), b"auth");
        assert_eq!(credentials.param("cnonce").unwrap().as_ref(), b"");
        assert_eq!(credentials.raw_param("opaque"), Some(&b"\"5ccc\""[..]));
        assert_eq!(credentials.param("algorithm"), None);
        assert_eq!(credentials.params().count(), 9);
    }

    /// RFC 4475 §3.3.7.
    #[test]
    fn a_scheme_that_nobody_knows() {
        let credentials = Credentials::parse(b"NoOneKnowsThisScheme opaque-data=here").unwrap();
        assert_eq!(credentials.param("opaque-data").unwrap().as_ref(), b"here");
        assert_eq!(
            Credentials::parse_info(b"nextnonce=\"47\"").unwrap().param("nextnonce").unwrap().as_ref(),
            b"47"
        );
    }

    #[test]
    fn what_is_no_credentials() {
        for wrong in
            [&b""[..], b"Digest", b"Digest ", b"Digest a", b"Digest a=\"x", b"Digest a=b c=d", b"Digest =x"]
        {
            assert!(Credentials::parse(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
        let many = [&b"Digest "[..], &b"a=b,".repeat(MAX_PARAMS + 1)].concat();
        assert!(Credentials::parse(&many).is_err());
    }
}

//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 3261 §20.44, §20.27, §25.1 `challenge`).
//!
//! In: the whole value. Out: [`Challenge`]. Each challenge has a header field of its own (§7.3.1 names these as
//! header fields that are not joined with commas).

use std::borrow::Cow;

use super::authorization::Credentials;
use crate::HeaderError;

/// A scheme and named parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Challenge<'a>(Credentials<'a>);

impl<'a> Challenge<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// As [`Credentials::parse`].
    pub fn parse(value: &'a [u8]) -> Result<Challenge<'a>, HeaderError> {
        Credentials::parse(value).map(Challenge)
    }

    /// For instance `Digest`. Compare it without regard to case.
    #[must_use]
    pub fn scheme(&self) -> &'a [u8] {
        self.0.scheme
    }

    /// Whether the scheme is this one, in any case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.0.is(scheme)
    }

    /// The value of this name, in any case, without quotes and escapes.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.0.param(name)
    }

    /// The protection space.
    #[must_use]
    pub fn realm(&self) -> Option<Cow<'a, [u8]>> {
        self.param("realm")
    }

    /// Whether the nonce was only too old (RFC 7616 §3.3 `stale`).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.param("stale").is_some_and(|value| value.eq_ignore_ascii_case(b"true"))
    }

    /// Every name and its value as it came.
    pub fn params(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.0.params()
    }
}

impl std::fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Challenge({}, {} parameters)", self.scheme().escape_ascii(), self.params().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_challenge() {
        let value =
            b"Digest realm=\"atlanta.com\", qop=\"auth,auth-int\", nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", \
            stale=FALSE, algorithm=AKAv1-MD5";
        let challenge = Challenge::parse(value).unwrap();
        assert_eq!(challenge.realm().unwrap().as_ref(), b"atlanta.com");
        assert_eq!(challenge.param("qop").unwrap().as_ref(), b"auth,auth-int");
        assert_eq!(challenge.param("algorithm").unwrap().as_ref(), b"AKAv1-MD5");
        assert!(!challenge.is_stale() && challenge.is("DIGEST"));
        assert!(Challenge::parse(b"Digest").is_err());
    }
}

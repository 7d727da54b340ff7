//! Who may change something. In: the caller's address and its header fields. Out: yes, or why not.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::site;

/// The rule: a bearer token where one is configured; where none is, loopback addresses, but no web pages of others.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Access {
    token: Option<Box<str>>,
}

/// A token is nobody's business.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("has_token", &self.token.is_some()).finish()
    }
}

impl Access {
    /// Access by this token, or, without one, from loopback addresses.
    #[must_use]
    pub fn new(token: Option<String>) -> Self {
        Self { token: token.map(Into::into) }
    }

    /// Whether this caller may change something; the error is a sentence for it.
    ///
    /// # Errors
    /// The token is missing or wrong; or none is configured, and the caller is not on a loopback address or may be a foreign
    /// page in a browser there.
    pub fn may_change(&self, from: SocketAddr, headers: &HeaderMap) -> Result<(), &'static str> {
        let Some(token) = &self.token else {
            return if from.ip().to_canonical().is_loopback() {
                site::may_be_own(headers)
            } else {
                Err("changes are taken from loopback addresses only, unless admin.token is configured")
            };
        };
        let given =
            headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
        match given {
            Some(given) if equal(given.as_bytes(), token.as_bytes()) => Ok(()),
            Some(_) => Err("the bearer token is not the configured one"),
            None => Err("a bearer token is needed (Authorization: Bearer ...)"),
        }
    }
}

/// Compares in a time that tells nothing of where two texts of one length differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(value: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn without_a_token_only_loopback_may() {
        let access = Access::new(None);
        for (address, may) in
            [("127.0.0.1:1", true), ("[::1]:1", true), ("[::ffff:127.0.0.1]:1", true), ("192.0.2.1:1", false)]
        {
            assert_eq!(access.may_change(address.parse().unwrap(), &headers(None)).is_ok(), may, "{address}");
        }
    }

    #[test]
    fn without_a_token_no_foreign_page_may_and_with_one_it_is_the_token_alone() {
        let here = "127.0.0.1:1".parse().unwrap();
        let mut foreign = headers(Some("Bearer s3cret"));
        foreign.insert("origin", HeaderValue::from_static("http://evil.example"));
        assert!(Access::new(None).may_change(here, &foreign).is_err());
        assert!(Access::new(Some("s3cret".into())).may_change(here, &foreign).is_ok());
    }

    #[test]
    fn with_a_token_only_its_bearer_may() {
        let access = Access::new(Some("s3cret".into()));
        let here = "127.0.0.1:1".parse().unwrap();
        assert!(access.may_change(here, &headers(Some("Bearer s3cret"))).is_ok());
        for wrong in [None, Some("Bearer s3creT"), Some("Bearer s3cre"), Some("Basic s3cret"), Some("s3cret")]
        {
            assert!(access.may_change(here, &headers(wrong)).is_err(), "{wrong:?}");
        }
    }
}

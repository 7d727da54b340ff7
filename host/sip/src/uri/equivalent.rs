//! Whether two URIs are the same (RFC 3261 §19.1.4; RFC 3966 §4 for `tel:`; RFC 8141 §3 for `urn:`).
//!
//! In: two URIs. Out: yes or no. The relation is not transitive: a parameter that only one of two has is ignored,
//! unless it is one that decides where a request goes.

use super::{Scheme, Uri, UriParams, escape, is_visual_separator};

/// Parameters that never match where only one URI has them, not even with their default value. §19.1.4 names
/// `user`, `ttl`, `method` and `maddr`; its examples add `transport`.
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri<'_> {
    /// Whether both URIs mean the same resource, by the rules of their scheme. URIs of different schemes never
    /// do, nor do `sip:` and `sips:`.
    #[must_use]
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        if self.scheme() != other.scheme() {
            return false;
        }
        match self.scheme() {
            Scheme::Sip | Scheme::Sips => sip(self, other),
            Scheme::Tel => tel(self, other),
            Scheme::Urn => urn(self.rest(), other.rest()),
            Scheme::Other => {
                self.scheme_token().eq_ignore_ascii_case(other.scheme_token())
                    && escape::same_exactly(self.rest(), other.rest())
            }
        }
    }
}

fn sip(one: &Uri<'_>, two: &Uri<'_>) -> bool {
    one.host() == two.host()
        && one.port() == two.port()
        && same_option(one.user(), two.user())
        && same_option(one.password(), two.password())
        && same_where_both(one.params(), two.params())
        && same_where_both(two.params(), one.params())
        && same_headers(one, two)
}

fn same_option(one: Option<&[u8]>, two: Option<&[u8]>) -> bool {
    match (one, two) {
        (None, None) => true,
        (Some(one), Some(two)) => escape::same_exactly(one, two),
        _ => false,
    }
}

/// Whether each parameter of `one` has its equal in `two`, or none that matters. A name that stands twice, against
/// §19.1.1, has its equal in any of its values.
fn same_where_both(one: UriParams<'_>, two: UriParams<'_>) -> bool {
    one.iter().all(|param| {
        let mut namesakes = two.iter().filter(|other| escape::same(param.name, other.name)).peekable();
        if namesakes.peek().is_none() {
            return !DECISIVE.iter().any(|name| escape::same(param.name, name.as_bytes()));
        }
        namesakes.any(|other| match (param.value, other.value) {
            (Some(one), Some(two)) => escape::same(one, two),
            (one, two) => one == two,
        })
    })
}

/// Header components are never ignored, and their order does not matter.
fn same_headers(one: &Uri<'_>, two: &Uri<'_>) -> bool {
    let has = |uri: &Uri<'_>, header: (&[u8], &[u8])| {
        uri.header_components().any(|(name, value)| {
            escape::same(name, header.0) && escape::unescape(value) == escape::unescape(header.1)
        })
    };
    one.header_components().count() == two.header_components().count()
        && one.header_components().all(|header| has(two, header))
        && two.header_components().all(|header| has(one, header))
}

/// Both global or both local, the same digits without visual separators, and the same parameters, all of them.
fn tel(one: &Uri<'_>, two: &Uri<'_>) -> bool {
    let digits = |uri: &Uri<'_>| {
        let number = uri.number().unwrap_or_default();
        number
            .iter()
            .copied()
            .filter(|byte| !is_visual_separator(*byte))
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let all_in = |one: UriParams<'_>, two: UriParams<'_>| {
        one.iter().all(|param| {
            two.iter().any(|other| {
                escape::same(param.name, other.name)
                    && escape::same(param.value.unwrap_or_default(), other.value.unwrap_or_default())
            })
        })
    };
    digits(one) == digits(two) && all_in(one.params(), two.params()) && all_in(two.params(), one.params())
}

/// The namespace compares without regard to case, what follows it exactly, but for the case of escapes.
fn urn(one: &[u8], two: &[u8]) -> bool {
    let split = |rest: &[u8]| memchr::memchr(b':', rest).unwrap_or(rest.len());
    let (one, one_specific) = one.split_at(split(one));
    let (two, two_specific) = two.split_at(split(two));
    one.eq_ignore_ascii_case(two) && escape::same_exactly(one_specific, two_specific)
}

//! Whether a request can be the work of a foreign web page in the browser of somebody who may change things.
//!
//! In: header fields. Out: no, or why it may be. A browser says in Origin and Sec-Fetch-Site whose page asks (Fetch, W3C
//! Fetch Metadata), and no page can forge these. A page whose own name is made to resolve to this host (DNS rebinding) is
//! of one origin with it; but then Host has that name, and an address or `localhost` cannot be such a name.
//!
//! This is for requests that are believed for where they come from. Who has a token says it himself, and no foreign page
//! knows it. Programs that are no browsers send none of these header fields but Host.

use std::net::{Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{HOST, HeaderName, ORIGIN};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

const UNREADABLE: &str = "Host, Origin or Sec-Fetch-Site comes twice or is not text";
const FOREIGN: &str =
    "a page of another site asks; without admin.token only this host's own pages may change something";
const NAME: &str =
    "without admin.token, changes are taken under an address or as localhost, not under another name";

/// The error is a sentence for who asks.
///
/// # Errors
/// A browser says that another site's page asks, or the host is not addressed by an address or as `localhost`.
pub(crate) fn may_be_own(headers: &HeaderMap) -> Result<(), &'static str> {
    let host = text(headers, &HOST)?;
    if host.is_some_and(|host| !cannot_be_rebound(host)) {
        return Err(NAME);
    }
    // `none`: the operator typed the address.
    if !matches!(
        text(headers, &HeaderName::from_static(SEC_FETCH_SITE))?,
        None | Some("same-origin" | "none")
    ) {
        return Err(FOREIGN);
    }
    match text(headers, &ORIGIN)? {
        Some(origin) if origin.split_once("://").map(|(_, authority)| authority) != host => Err(FOREIGN),
        _ => Ok(()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| UNREADABLE),
        (Some(_), Some(_)) => Err(UNREADABLE),
    }
}

/// Whether `host[:port]` is an address or `localhost`: nobody's name server answers for these.
fn cannot_be_rebound(host: &str) -> bool {
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_port = port.parse::<u16>().is_ok();
    is_port && (name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[(&'static str, &'static str)]) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        may_be_own(&headers)
    }

    #[test]
    fn programs_that_are_no_browsers_may() {
        assert_eq!(asked(&[]), Ok(()));
        assert_eq!(asked(&[("host", "127.0.0.1:9060")]), Ok(()));
    }

    #[test]
    fn an_own_page_may() {
        let own = [
            ("host", "127.0.0.1:9060"),
            ("origin", "http://127.0.0.1:9060"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(asked(&own), Ok(()));
        assert_eq!(asked(&[("host", "[::1]:9060"), ("origin", "http://[::1]:9060")]), Ok(()));
        assert_eq!(asked(&[("host", "localhost"), ("sec-fetch-site", "none")]), Ok(()));
    }

    #[test]
    fn a_foreign_page_may_not() {
        let host = ("host", "127.0.0.1:9060");
        for origin in ["http://evil.example", "null", "http://127.0.0.1:9061", "http://127.0.0.1", ""] {
            assert_eq!(asked(&[host, ("origin", origin)]), Err(FOREIGN), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert_eq!(asked(&[host, ("sec-fetch-site", site)]), Err(FOREIGN), "{site}");
        }
        assert_eq!(asked(&[("origin", "http://evil.example")]), Err(FOREIGN), "no Host at all");
    }

    /// It is of one origin with this host, as the browser sees it.
    #[test]
    fn a_page_whose_name_was_made_to_lead_here_may_not() {
        let rebound = [
            ("host", "evil.example:9060"),
            ("origin", "http://evil.example:9060"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(asked(&rebound), Err(NAME));
        for (host, may) in [
            ("127.0.0.1", true),
            ("[::1]", true),
            ("[::1]:80", true),
            ("LOCALHOST:9060", true),
            ("192.0.2.1:9060", true),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:9060", false),
            ("localhost:", false),
            ("localhost:x", false),
            ("[evil.example]", false),
            ("::1", false),
            ("", false),
        ] {
            assert_eq!(asked(&[("host", host)]), if may { Ok(()) } else { Err(NAME) }, "{host}");
        }
    }

    #[test]
    fn what_comes_twice_is_not_believed() {
        assert_eq!(asked(&[("host", "127.0.0.1"), ("host", "evil.example")]), Err(UNREADABLE));
        let twice =
            [("host", "127.0.0.1"), ("origin", "http://127.0.0.1"), ("origin", "http://evil.example")];
        assert_eq!(asked(&twice), Err(UNREADABLE));
    }
}

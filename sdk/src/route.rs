//! Route header field values (RFC 3261 §20.34) and the elements that they name.
//!
//! In: URIs as text, such as those of a configuration. Out: values with `lr`, and whether two URIs are one element.

use sip::Uri;

/// A Route value of this URI; `lr` is added where it is not there (§19.1.1).
#[must_use]
pub fn loose(uri: &str) -> String {
    match Uri::parse(uri.as_bytes()).is_ok_and(|uri| uri.param("lr").is_some()) {
        true => ["<", uri, ">"].concat(),
        false => ["<", uri, ";lr>"].concat(),
    }
}

/// A Route value of an element, with a user part (empty: none) and with parameters behind `lr`. `element`: its URI without
/// a user part.
#[must_use]
pub fn with_user(element: &str, user: &str, parameters: &str) -> String {
    let (scheme, rest) = element.split_once(':').unwrap_or(("sip", element));
    let at = if user.is_empty() { "" } else { "@" };
    ["<", scheme, ":", user, at, rest, ";lr", parameters, ">"].concat()
}

/// Whether a URI is that of an element: the same host and port.
#[must_use]
pub fn names(uri: &Uri<'_>, element: &str) -> bool {
    Uri::parse(element.as_bytes()).is_ok_and(|own| own.host() == uri.host() && own.port() == uri.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lr_comes_once() {
        assert_eq!(loose("sip:192.0.2.1:6060"), "<sip:192.0.2.1:6060;lr>");
        assert_eq!(loose("sip:192.0.2.1;lr"), "<sip:192.0.2.1;lr>");
    }

    #[test]
    fn a_user_part_and_parameters_have_their_places() {
        assert_eq!(with_user("sips:192.0.2.1:6060", "", ""), "<sips:192.0.2.1:6060;lr>");
        assert_eq!(with_user("sip:192.0.2.1", "orig", ";ob"), "<sip:orig@192.0.2.1;lr;ob>");
    }

    #[test]
    fn an_element_is_its_host_and_port() {
        let uri = Uri::parse(b"sip:anybody@192.0.2.1:5060;lr").expect("a URI");
        assert!(names(&uri, "sip:192.0.2.1:5060"));
        assert!(!names(&uri, "sip:192.0.2.1"));
        assert!(!names(&uri, "sip:192.0.2.2:5060"));
    }
}

//! Whose request it is: the key by which candidates of a plugin get their share (`plugin::Place`).
//!
//! | request | whose |
//! |---|---|
//! | REGISTER | To (RFC 3261 §10.2): who is registered |
//! | with P-Served-User (RFC 5502) | that user |
//! | with P-Called-Party-ID (RFC 7315 §4.2) | that user: the request is on its way to the phone |
//! | by a Route of ours with `orig` (TS 24.229 §5.4.3.1), as user part or parameter | the caller |
//! | at a role that is the caller's own edge | the caller |
//! | any other | the callee: Request-URI |
//!
//! The caller is P-Asserted-Identity (RFC 3325 §9.1), else P-Preferred-Identity, else From; of two identities the SIP URI.
//! Identities are in canonical form (RFC 3261 §10.3 item 5), and where their implicit registration set is known it is its
//! default one that counts, so that a subscriber's telephone number is no other subscriber. In: a request, the URIs of
//! ours by which it came. Out: a public identity. Requests inside dialogs have their dialog's version, whosever they are.

use plugin::Place;
use sip::{Head, HeaderId, Method, NameAddr, Scheme, Uri};

use crate::ims::Ims;

/// Where a subscriber is on the scale of shares, by a public identity in canonical form.
pub(crate) fn place(public_identity: &str, ims: Option<&Ims>) -> Place {
    let default = ims.and_then(|ims| ims.default_identity(public_identity));
    Place::of(default.as_deref().unwrap_or(public_identity).as_bytes())
}

/// The public identity, in canonical form; `None`: none can be read.
pub(crate) fn of(request: &Head<'_>, own_routes: &[Box<str>], is_callers_edge: bool) -> Option<String> {
    if request.method() == Method::Register {
        return named(request, HeaderId::TO);
    }
    if let Some(served) = named(request, HeaderId::P_SERVED_USER) {
        return Some(served);
    }
    if let Some(called) = named(request, HeaderId::P_CALLED_PARTY_ID) {
        return Some(called);
    }
    if is_callers_edge || own_routes.iter().any(|route| is_originating(route)) {
        return named(request, HeaderId::P_ASSERTED_IDENTITY)
            .or_else(|| named(request, HeaderId::P_PREFERRED_IDENTITY))
            .or_else(|| named(request, HeaderId::FROM));
    }
    Some(Uri::parse(request.request_uri()).ok()?.aor())
}

fn is_originating(route: &str) -> bool {
    Uri::parse(route.as_bytes())
        .is_ok_and(|uri| uri.param("orig").is_some() || uri.user().is_some_and(|user| *user == *b"orig"))
}

/// The identity in this header field: of several the first SIP URI, else the first.
fn named(request: &Head<'_>, id: HeaderId) -> Option<String> {
    let uris = || request.values(id).filter_map(|value| NameAddr::parse(value.bytes).ok()?.uri().ok());
    let is_sip = |uri: &Uri<'_>| matches!(uri.scheme(), Scheme::Sip | Scheme::Sips);
    Some(uris().find(is_sip).or_else(|| uris().next())?.aor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Message;

    fn request(line: &str, headers: &str) -> Message {
        let text = format!(
            "{line} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\nFrom: <sip:Alice@ims.test>;tag=1\r\n\
             To: <sip:bob@IMS.test:5060>\r\nCall-ID: c\r\nCSeq: 1 {}\r\n{headers}Content-Length: 0\r\n\r\n",
            line.split(' ').next().unwrap()
        );
        Message::parse_datagram(text.as_bytes()).unwrap()
    }

    fn whose(line: &str, headers: &str, routes: &[&str], is_callers_edge: bool) -> Option<String> {
        let routes: Vec<Box<str>> = routes.iter().map(|route| (*route).into()).collect();
        of(&request(line, headers).head(), &routes, is_callers_edge)
    }

    #[test]
    fn a_registration_is_whose_address_of_record_it_is() {
        let key = whose("REGISTER sip:ims.test", "P-Asserted-Identity: <sip:x@y>\r\n", &[], true);
        assert_eq!(key.as_deref(), Some("sip:bob@ims.test"));
    }

    #[test]
    fn who_is_served_is_said_or_follows_from_the_way() {
        let invite = "INVITE sip:bob@ims.test";
        let cases: [(&str, &[&str], bool, &str); 8] = [
            ("", &[], false, "sip:bob@ims.test"),
            ("", &[], true, "sip:Alice@ims.test"),
            ("", &["sip:orig@scscf.ims.test"], false, "sip:Alice@ims.test"),
            ("", &["sip:scscf.ims.test;orig"], false, "sip:Alice@ims.test"),
            ("", &["sip:scscf.ims.test"], false, "sip:bob@ims.test"),
            ("P-Served-User: <sip:carol@ims.test>;sescase=orig\r\n", &[], true, "sip:carol@ims.test"),
            ("P-Called-Party-ID: <sip:dan@ims.test>\r\n", &[], true, "sip:dan@ims.test"),
            (
                "P-Asserted-Identity: <tel:+49301>, <sip:eve@ims.test>\r\n",
                &["sip:orig@scscf.ims.test"],
                false,
                "sip:eve@ims.test",
            ),
        ];
        for (headers, routes, is_callers_edge, expected) in cases {
            assert_eq!(
                whose(invite, headers, routes, is_callers_edge).as_deref(),
                Some(expected),
                "{headers}"
            );
        }
    }

    /// Its REGISTER, INVITE and MESSAGE, to it and from it, are one subscriber's.
    #[test]
    fn a_subscriber_is_one_in_all_its_requests() {
        let orig = ["sip:orig@scscf.ims.test"];
        let from_alice = whose("MESSAGE sip:bob@ims.test", "", &orig, false);
        let to_alice = whose("INVITE sip:Alice@ims.test;user=ip", "", &[], false);
        assert_eq!((from_alice.as_deref(), from_alice == to_alice), (Some("sip:Alice@ims.test"), true));
    }
}

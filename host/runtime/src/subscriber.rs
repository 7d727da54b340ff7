//! Whose request it is, and by which edge he is registered: what candidates of a plugin are given by (`plugin::Split`).
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
//!
//! A subscriber's edge, his P-CSCF, is the host of the last Path value (RFC 3327: the one nearest to the phone) of a REGISTER
//! or of one of his bindings here. Via, Route and P-Visited-Network-ID would be cheaper, but in a request to him they are the
//! caller's or say nothing, and one subscriber would see two versions. Where nothing is registered (I-CSCF) only REGISTER has it.

use std::cell::OnceCell;
use std::net::IpAddr;

use plugin::Asked;
use sip::{Head, HeaderId, Message, Method, NameAddr, Scheme, Uri};
use storage::Registrations;

use crate::clock::wall_ms;
use crate::ims::Ims;

/// The identity that counts for one in canonical form: the default one of its set, where that is known.
pub(crate) fn counts(public_identity: String, ims: Option<&Ims>) -> String {
    ims.and_then(|ims| ims.default_identity(&public_identity)).unwrap_or(public_identity)
}

/// A request that a version is to be chosen for; what is asked of it is looked for then.
pub(crate) struct Request<'a> {
    request: &'a Message,
    own_routes: &'a [Box<str>],
    is_callers_edge: bool,
    source: IpAddr,
    ims: Option<&'a Ims>,
    registrations: &'a Registrations,
    identity: OnceCell<Option<String>>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        request: &'a Message,
        own_routes: &'a [Box<str>],
        is_callers_edge: bool,
        source: IpAddr,
        ims: Option<&'a Ims>,
        registrations: &'a Registrations,
    ) -> Request<'a> {
        let identity = OnceCell::new();
        Request { request, own_routes, is_callers_edge, source, ims, registrations, identity }
    }
}

impl Asked for Request<'_> {
    fn identity(&self) -> Option<&str> {
        let find =
            || Some(counts(of(&self.request.head(), self.own_routes, self.is_callers_edge)?, self.ims));
        self.identity.get_or_init(find).as_deref()
    }

    fn call_id(&self) -> Option<&[u8]> {
        self.request.header(HeaderId::CALL_ID)
    }

    fn source(&self) -> Option<IpAddr> {
        Some(self.source)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.request.head().header_named(name)
    }

    fn method(&self) -> Option<&[u8]> {
        Some(self.request.method_token())
    }

    fn is_by_edge(&self, edges: &[Box<str>]) -> bool {
        let nearest = || self.request.values(HeaderId::PATH).last();
        if self.request.method() == Method::Register
            && nearest().is_some_and(|path| is_edge(path.bytes, edges))
        {
            return true;
        }
        let Some(identity) = self.identity() else { return false };
        let bindings = self.registrations.lookup(identity, wall_ms());
        bindings.iter().filter_map(|one| one.path.last()).any(|path| is_edge(path.as_bytes(), edges))
    }
}

/// Somebody of whom nothing but the identity is known.
pub(crate) struct Subscriber<'a> {
    public_identity: &'a str,
    ims: Option<&'a Ims>,
    counts: OnceCell<String>,
}

impl<'a> Subscriber<'a> {
    /// By a public identity in canonical form.
    pub(crate) fn of(public_identity: &'a str, ims: Option<&'a Ims>) -> Subscriber<'a> {
        Subscriber { public_identity, ims, counts: OnceCell::new() }
    }
}

impl Asked for Subscriber<'_> {
    fn identity(&self) -> Option<&str> {
        Some(self.counts.get_or_init(|| counts(self.public_identity.into(), self.ims)))
    }
    fn call_id(&self) -> Option<&[u8]> {
        None
    }
    fn source(&self) -> Option<IpAddr> {
        None
    }
    fn header(&self, _: &str) -> Option<&[u8]> {
        None
    }
    fn method(&self) -> Option<&[u8]> {
        None
    }
    fn is_by_edge(&self, _: &[Box<str>]) -> bool {
        false
    }
}

/// Whether a Path value is of one of these hosts, with or without its port.
fn is_edge(path: &[u8], edges: &[Box<str>]) -> bool {
    let Some(uri) = NameAddr::parse(path).ok().and_then(|value| value.uri().ok()) else { return false };
    let host = uri.host().to_string();
    let with_port = uri.port().map(|port| format!("{host}:{port}"));
    let is = |edge: &str| {
        edge.eq_ignore_ascii_case(&host)
            || with_port.as_deref().is_some_and(|own| edge.eq_ignore_ascii_case(own))
    };
    edges.iter().any(|edge| is(edge))
}

/// Whether a role stands at the caller's edge of the network: there a request is its caller's, if nothing else is said.
pub(crate) fn is_callers_edge(role: &str) -> bool {
    !matches!(role, "icscf" | "scscf")
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

    #[test]
    fn an_edge_is_a_host_with_or_without_its_port() {
        let edges: [Box<str>; 2] = ["pcscf1.ims.test".into(), "192.0.2.7:5070".into()];
        for (path, is) in [
            ("<sip:term@PCSCF1.ims.test;lr>", true),
            ("<sip:pcscf1.ims.test:5062;lr>", true),
            ("<sip:term@192.0.2.7:5070;lr>", true),
            ("<sip:192.0.2.7;lr>", false),
            ("<sip:pcscf1.ims.test@pcscf2.ims.test;lr>", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_edge(path.as_bytes(), &edges), is, "{path}");
        }
    }

    /// Where nothing is registered yet it is the Path value nearest to the phone that says it.
    #[test]
    fn a_registration_comes_by_the_edge_nearest_to_the_phone() {
        let store = storage::Store::in_memory(&storage::Options::default());
        let is_by = |method: &str, edge: &str| {
            let paths = "Path: <sip:border.ims.test;lr>, <sip:term@pcscf.ims.test;lr>\r\n";
            let message = request(&format!("{method} sip:ims.test"), paths);
            let source = [192, 0, 2, 4].into();
            let request = Request::new(&message, &[], false, source, None, store.registrations());
            request.is_by_edge(&[edge.into()])
        };
        assert!(is_by("REGISTER", "pcscf.ims.test"));
        assert!(!is_by("REGISTER", "border.ims.test"));
        assert!(!is_by("MESSAGE", "pcscf.ims.test"), "anybody can write that into a request");
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

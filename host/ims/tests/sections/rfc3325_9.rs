//! RFC 3325 §9, RFC 3323 §4.2, RFC 3608 §5, RFC 5502 §6 and RFC 8498 §4: identities, privacy, routes, served users.

use proptest::prelude::*;
use sip::NameAddr;
use strowger_ims::asserted_identity::AssertedIdentity;
use strowger_ims::bounds::MAX_ELEMENTS;
use strowger_ims::privacy::Privacy;
use strowger_ims::served_user::ServedUser;
use strowger_ims::service_profile::SessionCase;
use strowger_ims::service_route::ServiceRoute;
use strowger_ims::{Address, Parameter};

fn address(uri: &str) -> Address {
    Address::new(uri).unwrap()
}

/// Values; and the SIP URI and the tel URI in them, or that they are none.
type Row = (&'static [&'static str], Option<(Option<&'static str>, Option<&'static str>)>);

/// RFC 3325 §9.1: one or two values; of two, one is a SIP URI and the other a tel URI.
#[test]
fn asserted_identities() {
    let rows: [Row; 13] = [
        (
            &["\"Cullen Jennings\" <sip:fluffy@cisco.com>", "tel:+14085264000"],
            Some((Some("sip:fluffy@cisco.com"), Some("tel:+14085264000"))),
        ),
        (&["<tel:+1>, <sips:a@b>"], Some((Some("sips:a@b"), Some("tel:+1")))),
        (&["<sip:a@b>"], Some((Some("sip:a@b"), None))),
        (&["sip:a@b"], Some((Some("sip:a@b"), None))),
        (&["tel:+1"], Some((None, Some("tel:+1")))),
        (&[], Some((None, None))),
        (&["<sip:a@b>", "<sip:a@b>"], None),
        (&["<sip:a@b>, <sips:a@b>"], None),
        (&["<tel:+1>", "<tel:+2>"], None),
        (&["<sip:a@b>", "<tel:+1>", "<tel:+2>"], None),
        (&["<urn:service:sos>"], None),
        (&["<a@b>"], None),
        (&["\"open <sip:a@b>"], None),
    ];
    for (values, expected) in rows {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let read = AssertedIdentity::parse_all(values.iter().copied());
        assert_eq!(AssertedIdentity::parse_preferred(values).is_ok(), read.is_ok());
        match (read, expected) {
            (Ok(read), Some((sip, tel))) => {
                assert_eq!(read.sip.as_ref().map(Address::uri_text), sip);
                assert_eq!(read.tel.as_ref().map(Address::uri_text), tel);
                assert_eq!(read.is_empty(), sip.is_none() && tel.is_none());
                assert_eq!(AssertedIdentity::parse_all([read.to_string().as_bytes()]), Ok(read));
            }
            (Err(_), None) => {}
            (read, expected) => panic!("{read:?} {expected:?}"),
        }
    }
    let read = AssertedIdentity::parse_all([&b"\"Cullen \\\"C\\\"\" <sip:a@b>"[..]]).unwrap();
    assert_eq!(read.sip.as_ref().unwrap().display_name(), Some("Cullen \"C\""));
    assert_eq!(read.to_string(), "\"Cullen \\\"C\\\"\" <sip:a@b>");
    assert!(!format!("{read:?}").contains("Cullen"));
}

#[test]
fn wishes_for_privacy() {
    let read = Privacy::parse_all([&b"id; Header ,x-own"[..], b"critical;x-OWN"]).unwrap();
    assert!(
        read.id && read.header && read.critical && !read.user && !read.session && !read.history && !read.none
    );
    assert_eq!(read.others().collect::<Vec<_>>(), ["x-own"]);
    assert_eq!(read.to_string(), "header;id;critical;x-own");
    assert!(read.hides_identity());
    assert!(!Privacy::parse_all([&b"id;none"[..]]).unwrap().hides_identity());
    assert!(!Privacy::parse_all([&b"user"[..]]).unwrap().hides_identity());
    assert!(Privacy::parse_all([&b" ;, "[..]]).unwrap().is_empty());
    let all = "header;session;user;id;history;none;critical";
    assert_eq!(Privacy::parse_all([all.as_bytes()]).unwrap().to_string(), all);
    for wrong in [&b"i d"[..], b"\"id\"", b"id=1", b"\xff", &b"a;".repeat(MAX_ELEMENTS + 1)] {
        assert!(Privacy::parse_all([wrong]).is_err(), "{}", wrong.escape_ascii());
    }
}

/// RFC 5502 §6 and RFC 8498 §4: every session case there and back.
#[test]
fn served_users() {
    let rows = [
        (SessionCase::OriginatingRegistered, "<sip:a@b>;sescase=orig;regstate=reg"),
        (SessionCase::OriginatingUnregistered, "<sip:a@b>;sescase=orig;regstate=unreg"),
        (SessionCase::TerminatingRegistered, "<sip:a@b>;sescase=term;regstate=reg"),
        (SessionCase::TerminatingUnregistered, "<sip:a@b>;sescase=term;regstate=unreg"),
        (SessionCase::OriginatingCdiv, "<sip:a@b>;orig-cdiv"),
    ];
    for (case, written) in rows {
        let user = ServedUser::new(address("sip:a@b"), case);
        assert_eq!(user.to_string(), written);
        let read = ServedUser::parse(written.as_bytes()).unwrap();
        assert_eq!(read.session_case(), Some(case));
        assert_eq!(read, user);
    }
    let rows = [
        ("sip:a@b;SESCASE=Orig", Some(SessionCase::OriginatingRegistered)),
        ("<sip:a@b>;sescase=term;regstate=what", Some(SessionCase::TerminatingRegistered)),
        ("<sip:a@b>;sescase=both", None),
        ("<sip:a@b>;regstate=unreg", None),
        ("<sip:a@b>;sescase=orig;regstate=reg;orig-cdiv", Some(SessionCase::OriginatingCdiv)),
    ];
    for (written, case) in rows {
        assert_eq!(ServedUser::parse(written.as_bytes()).unwrap().session_case(), case, "{written}");
    }
    let twice = "<sip:a@b>;sescase=both;sescase=orig";
    for wrong in
        [twice, "", "<sip:a@b>;sescase", "<sip:a@b>;regstate", "<sip:a@b>;orig-cdiv=1", "<sip:a@b", "<x>"]
    {
        assert!(ServedUser::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

/// RFC 3608 §5 and TS 24.229 §5.2.6.3.2A.
#[test]
fn a_route_is_followed_or_not() {
    let values = [&b"<sip:orig@scscf.home.net:6060;lr>;p=1, <sip:x.home.net;lr>"[..]];
    let route = ServiceRoute::parse_all(values).unwrap();
    assert_eq!(route.to_string(), "<sip:orig@scscf.home.net:6060;lr>;p=1, <sip:x.home.net;lr>");
    assert_eq!(route.hops().count(), 2);
    let follows = |routes: &[&str]| {
        route.is_followed_by(routes.iter().map(|route| NameAddr::parse(route.as_bytes()).unwrap()))
    };
    let (first, second) = ("<sip:orig@SCSCF.home.net:6060;lr>", "<sip:x.home.net;lr>");
    assert!(follows(&[first, second]));
    for routes in [
        &[][..],
        &[first],
        &[second, first],
        &[first, second, second],
        &["<sip:scscf.home.net:6060;lr>", second],
        &["<sip:orig@scscf.home.net;lr>", second],
        &["<nonsense>", second],
    ] {
        assert!(!follows(routes), "{routes:?}");
    }
    let none = ServiceRoute::default();
    assert!(none.is_empty() && none.is_followed_by([]) && none.to_string().is_empty());
    assert_eq!(ServiceRoute::new([address("sip:a;lr")]).to_string(), "<sip:a;lr>");
    assert!(ServiceRoute::parse_all([&b"<sip:a"[..]]).is_err());
}

fn any_address() -> impl Strategy<Value = Address> {
    ("(sip|sips):[a-z0-9]{1,8}@[a-z]{1,8}(;[a-z]{1,3}=[a-z]{1,3})?", prop::option::of("[ -~é]{1,8}"))
        .prop_map(|(uri, name)| match name {
            Some(name) => address(&uri).named(&name),
            None => address(&uri),
        })
}

proptest! {
    #[test]
    fn identities_come_back(sip in prop::option::of(any_address()), tel in prop::option::of("tel:\\+[0-9]{1,10}")) {
        let identity = AssertedIdentity { sip, tel: tel.map(|tel| address(&tel)) };
        prop_assert_eq!(AssertedIdentity::parse_all([identity.to_string().as_bytes()]), Ok(identity));
    }

    #[test]
    fn served_users_come_back(
        address in any_address(),
        is_originating in any::<Option<bool>>(),
        is_registered in any::<Option<bool>>(),
        is_orig_cdiv in any::<bool>(),
        value in prop::option::of("[ -~]{0,6}"),
    ) {
        let others = vec![Parameter::new("x-own", value.as_deref()).unwrap()];
        let user = ServedUser { address, is_originating, is_registered, is_orig_cdiv, others };
        prop_assert_eq!(ServedUser::parse(user.to_string().as_bytes()), Ok(user));
    }

    #[test]
    fn routes_come_back(hops in prop::collection::vec(any_address(), 0..4)) {
        let route = ServiceRoute::new(hops);
        prop_assert_eq!(ServiceRoute::parse_all([route.to_string().as_bytes()]), Ok(route));
    }

    #[test]
    fn privacy_comes_back(
        words in prop::collection::vec("header|session|user|id|history|none|critical|x[a-z]{1,3}", 0..6),
    ) {
        let read = Privacy::parse_all([words.join(";").as_bytes()]).unwrap();
        prop_assert_eq!(Privacy::parse_all([read.to_string().as_bytes()]), Ok(read));
    }
}

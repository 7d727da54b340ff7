//! URIs: RFC 3261 §19.1.3 and §19.1.4 with their examples, RFC 3966, RFC 8141.

use super::*;

fn uri(text: &str) -> Uri<'_> {
    Uri::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).unwrap())
}

/// §19.1.3.
#[test]
fn the_examples_of_the_standard_are_read() {
    let one = uri("sip:alice:secretword@atlanta.com;transport=tcp");
    assert_eq!((text(one.user()), text(one.password())), (Some("alice"), Some("secretword")));
    assert_eq!((one.host(), one.port()), (Host::Name("atlanta.com"), None));
    assert_eq!(text(one.transport()), Some("tcp"));

    let two = uri("sips:alice@atlanta.com?subject=project%20x&priority=urgent");
    assert_eq!(two.scheme(), Scheme::Sips);
    let headers: Vec<_> = two.header_components().collect();
    assert_eq!(headers, [(&b"subject"[..], &b"project%20x"[..]), (b"priority", b"urgent")]);

    let three = uri("sip:+1-212-555-1212:1234@gateway.com;user=phone");
    assert_eq!((text(three.user()), text(three.password())), (Some("+1-212-555-1212"), Some("1234")));

    assert_eq!(uri("sips:1212@gateway.com").scheme(), Scheme::Sips);
    assert_eq!(uri("sip:alice@192.0.2.4").host(), Host::V4([192, 0, 2, 4].into()));

    let six = uri("sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com");
    assert_eq!((six.user(), six.param("METHOD")), (None, Some(Some(&b"REGISTER"[..]))));
    assert_eq!(six.headers(), Some(&b"to=alice%40atlanta.com"[..]));

    assert_eq!(text(uri("sip:alice;day=tuesday@atlanta.com").user()), Some("alice;day=tuesday"));
}

#[test]
fn ipv6_hosts_and_ports() {
    let one = uri("sip:[2001:db8::10]:5070;lr");
    assert_eq!(one.host(), Host::V6("2001:db8::10".parse().unwrap()));
    assert_eq!(one.port(), Some(5070));
    assert!(one.is_loose());
    assert_eq!(uri("sip:[2001:db8::10:5070]").port(), None);
}

#[test]
fn telephone_numbers_and_urns() {
    let one = uri("tel:+1-201-555-0123;ext=5");
    assert_eq!((one.scheme(), text(one.number())), (Scheme::Tel, Some("+1-201-555-0123")));
    assert_eq!(one.param("ext"), Some(Some(&b"5"[..])));
    assert_eq!(text(uri("tel:7042;phone-context=example.com").number()), Some("7042"));
    assert_eq!(uri("tel:*#06#").scheme(), Scheme::Tel);
    assert_eq!(uri("URN:service:sos.police").rest(), b"service:sos.police");
    assert_eq!(uri("urn:service:sos").scheme(), Scheme::Urn);
    assert_eq!(uri("nobodyKnowsThisScheme:totallyopaquecontent").scheme(), Scheme::Other);
    assert_eq!(uri("soap.beep://192.0.2.103:3002").scheme(), Scheme::Other);
}

#[test]
fn bytes_that_are_not_ascii_pass() {
    let bytes = b"sip:jos\xe9@example.com;p=\xff";
    assert_eq!(Uri::parse(bytes).unwrap().user(), Some(&b"jos\xe9"[..]));
}

#[test]
fn what_is_no_uri() {
    let wrong = [
        "",
        "sip",
        "sip:",
        "sip:@a",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "<sip:a@b>",
        " sip:a@b",
        "sip:a@b ",
        "sip:a@b; lr",
        "sip:a@b;",
        "sip:a@b;=x",
        "sip:a@b;;lr",
        "sip:a@b:port",
        "sip:a@b:70000",
        "sip:2001:db8::10",
        "sip:a@[2001:db8:::1]",
        "sip:a@b?",
        "sip:a@b?x",
        "sip:a@b?=x",
        "sip:a@b?x=y&",
        "sip:%@b",
        "sip:%4@b",
        "sip:%zz@b",
        "sip:a@b;x=%g0",
        "tel:",
        "tel:+",
        "tel:---",
        "tel:12 34",
        "tel:+12a",
        "1sip:a",
        "urn:",
        "other:a b",
        "sip:\"a\"@b",
        "sip:a@b\0",
        "sip:a\\b@c",
    ];
    for text in wrong {
        assert!(Uri::parse(text.as_bytes()).is_err(), "{text:?} was read");
    }
    let long = format!("sip:{}@b", "a".repeat(MAX_URI));
    assert!(Uri::parse(long.as_bytes()).is_err());
    assert!(Uri::parse(format!("sip:a{}", ";p".repeat(crate::bounds::MAX_PARAMS + 1)).as_bytes()).is_err());
    assert!(Uri::parse(format!("sip:a?{}x=y", "a=b&".repeat(MAX_URI_HEADERS)).as_bytes()).is_err());
}

fn check(pairs: &[(&str, &str)], expected: bool) {
    for (one, two) in pairs {
        assert_eq!(uri(one).equivalent(&uri(two)), expected, "{one} and {two}");
        assert_eq!(uri(two).equivalent(&uri(one)), expected, "{two} and {one}");
    }
}

/// §19.1.4, "the URIs within each of the following sets are equivalent".
#[test]
fn the_examples_of_equivalent_uris() {
    check(
        &[
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ],
        true,
    );
}

/// §19.1.4, "the URIs within each of the following sets are not equivalent", and the note that equality is not
/// transitive.
#[test]
fn the_examples_of_uris_that_are_not_equivalent() {
    check(
        &[
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ],
        false,
    );
}

#[test]
fn what_else_tells_uris_apart() {
    check(
        &[
            ("sip:a@b", "sips:a@b"),
            ("sip:a@b", "sip:b"),
            ("sip:a:x@b", "sip:a@b"),
            ("sip:a%3Bb@c", "sip:a;b@c"),
            ("sip:a@b;user=phone", "sip:a@b"),
            ("sip:a@b;maddr=1.2.3.4", "sip:a@b"),
            ("sip:a@b?x=1&x=2", "sip:a@b?x=1"),
            ("tel:+12015550123", "tel:12015550123"),
            ("tel:7042;phone-context=a.com", "tel:7042;phone-context=b.com"),
            ("tel:+12015550123;ext=1", "tel:+12015550123"),
            ("urn:service:sos", "urn:service:SOS"),
            ("http://a", "https://a"),
        ],
        false,
    );
    check(
        &[
            ("tel:+1-201-555-0123", "tel:+1(201)555.0123"),
            ("tel:+1;a=1;b=2", "tel:+1;B=2;A=1"),
            ("urn:SERVICE:sos", "URN:service:sos"),
            ("HTTP://a", "http://a"),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
            ("sip:a;x=1;x=2", "sip:a;x=1;x=2"),
        ],
        true,
    );
}

/// §10.3 item 5.
#[test]
fn addresses_of_record() {
    let expected = [
        ("sips:Alice:pw@Example.COM:5061;transport=tcp?x=y", "sip:Alice@example.com"),
        ("sip:%61lice@example.com", "sip:alice@example.com"),
        ("sip:sips%3Auser%40example.com@example.net", "sip:sips%3Auser%40example.com@example.net"),
        ("sip:caf\u{e9}@h", "sip:caf%C3%A9@h"),
        ("sip:caf%c3%a9@h", "sip:caf%C3%A9@h"),
        ("sip:Example.com", "sip:example.com"),
        ("sip:alice@example.com.", "sip:alice@example.com"),
        ("sip:a@[2001:DB8:0:0::1]:5070", "sip:a@[2001:db8::1]"),
        ("tel:+1-201-555-0123;ext=5", "tel:+12015550123"),
        ("tel:70-42;phone-context=Example.COM", "tel:7042;phone-context=example.com"),
        ("URN:Service:sos", "urn:service:sos"),
        ("Name:John_Smith", "name:John_Smith"),
    ];
    for (written, aor) in expected {
        assert_eq!(uri(written).aor(), aor, "{written}");
    }
}

#[test]
fn debug_says_nothing_about_people() {
    assert_eq!(format!("{:?}", uri("sip:alice@atlanta.com")), "Uri(Sip, 21 bytes)");
}

//! Whose address is whose.

use super::*;

fn own() -> Own {
    Own::new(
        vec![
            ListenAddress::new(Transport::Udp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Tcp, "192.0.2.1", 5060),
            ListenAddress::new(Transport::Tls, "proxy.Example.com", 5061),
            ListenAddress::new(Transport::Udp, "2001:db8::1", 5060),
            ListenAddress::new(Transport::Wss, "192.0.2.1", 8443),
        ],
        [1; 16],
    )
    .with_alias("example.com", None)
    .with_alias("10.0.0.1", Some(5070))
}

fn uri(text: &str) -> Uri<'_> {
    Uri::parse(text.as_bytes()).expect(text)
}

#[test]
fn a_uri_is_own_by_host_and_port() {
    let own = own();
    for text in [
        "sip:192.0.2.1",
        "sip:alice@192.0.2.1:5060",
        "sip:192.0.2.1:8443;transport=ws",
        "sips:PROXY.example.com",
        "sip:proxy.example.com",
        "sip:proxy.example.com.:5061;transport=tls",
        "sip:[2001:DB8:0::1]",
        "sip:alice@example.com",
        "sip:Example.COM:5060",
        "sip:example.com:8443",
        "sip:10.0.0.1:5070",
    ] {
        assert!(own.is_own(&uri(text)), "{text}");
    }
    for text in [
        "sip:192.0.2.1:5062",
        "sips:192.0.2.1",
        "sip:192.0.2.2",
        "sip:proxy.example.com:5060",
        "sip:example.com:5999",
        "sip:sub.example.com",
        "sip:10.0.0.1",
        "sip:[2001:db8::2]",
        "tel:+1",
        "urn:service:sos",
    ] {
        assert!(!own.is_own(&uri(text)), "{text}");
    }
}

#[test]
fn a_uri_names_a_listener_by_transport_where_two_share_a_port() {
    let own = own();
    assert_eq!(own.listener_of(&uri("sip:192.0.2.1;lr")), Some(0));
    assert_eq!(own.listener_of(&uri("sip:192.0.2.1;transport=TCP;lr")), Some(1));
    assert_eq!(own.listener_of(&uri("sip:192.0.2.1;transport=sctp;lr")), Some(0));
    assert_eq!(own.listener_of(&uri("sips:proxy.example.com;transport=tcp")), Some(2));
    assert_eq!(own.listener_of(&uri("sip:192.0.2.1:8443;transport=ws;lr")), Some(4));
    assert_eq!(own.listener_of(&uri("sip:example.com")), None);
}

#[test]
fn every_record_route_leads_back_to_its_listener() {
    let own = own();
    for number in 0..own.listeners() as u16 {
        let plain = own.record_route(number).trim_matches(['<', '>']);
        assert_eq!(own.listener_of(&uri(plain)), Some(number), "{plain}");
        assert!(uri(plain).is_loose());
        let side = Side { listener: number, token: b"token" };
        let value = own.record_route_with(side, false, number % 2 == 1);
        let value = String::from_utf8(value).unwrap();
        let uri = uri(value.trim_matches(['<', '>']));
        assert_eq!(uri.user(), Some(&b"token"[..]));
        assert_eq!(own.listener_of(&uri), Some(number), "{value}");
    }
    assert_eq!(own.record_route(0), "<sip:192.0.2.1:5060;lr>");
    assert_eq!(own.record_route(3), "<sip:[2001:db8::1]:5060;lr>");
    let secure = Side { listener: 2, token: b"" };
    assert_eq!(own.record_route_with(secure, true, false), b"<sips:proxy.example.com:5061;transport=tcp;lr>");
    let half = Side { listener: 1, token: b"t" };
    assert_eq!(own.record_route_with(half, false, true), b"<sip:t@192.0.2.1:5060;transport=tcp;lr;half>");
    assert_eq!(own.record_route(99), "");
}

#[test]
fn a_via_is_own_by_sent_by() {
    let own = own();
    for number in 0..own.listeners() as u16 {
        assert!(own.is_own_sent_by(own.sent_by(number).as_bytes()));
    }
    assert!(own.is_own_sent_by(b"Proxy.Example.Com:5061"));
    assert!(!own.is_own_sent_by(b"192.0.2.1:5062"));
    assert!(!own.is_own_sent_by(b"192.0.2.1:50601"));
    assert!(!own.is_own_sent_by(b"example.com"));
    assert!(!own.is_own_sent_by(b""));
}

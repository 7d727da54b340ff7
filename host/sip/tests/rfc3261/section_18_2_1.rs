//! §18.2.1 A request's source in its top Via; RFC 3581 §4 for rport.

use std::net::SocketAddr;

use strowger_sip::{Draft, HeaderId, Message, via_edit};

/// The top Via header field of a request with this one, after it came from `source`.
fn stamped(via: &str, source: &str) -> String {
    let source: SocketAddr = source.parse().unwrap();
    let text = format!(
        "OPTIONS sip:bob@biloxi.com SIP/2.0\r\nX: y\r\nVia: {via}\r\nTo: <sip:b>\r\nCall-ID: 1\r\nVia: SIP/2.0/UDP last\r\n\r\nbody"
    );
    let message = Message::parse_datagram_from(text.as_bytes(), source).unwrap();
    let plain = Message::parse_datagram(text.as_bytes()).unwrap();
    let value = message.head().value_of(1);

    // The index moved along: everything else reads as before, and the bytes are what their index says.
    assert_eq!(message.body(), b"body");
    assert_eq!(message, Message::parse_datagram(message.bytes()).unwrap());
    for index in [0, 2, 3, 4] {
        assert_eq!(message.head().value_of(index), plain.head().value_of(index));
    }
    // The same as an edit.
    let edit = via_edit(plain.head(), source);
    assert_eq!(edit.as_deref().unwrap_or(via.as_bytes()), value);
    let mut draft = Draft::forward(plain.head());
    if let Some(edit) = &edit {
        draft.replace(plain.head().index_of(HeaderId::VIA).unwrap(), edit);
    }
    let mut printed = Vec::new();
    draft.print(&mut printed);
    assert_eq!(printed, message.bytes());
    String::from_utf8(value.to_vec()).unwrap()
}

/// The example of §18.2.1.
#[test]
fn a_host_name_gets_received() {
    assert_eq!(
        stamped("SIP/2.0/UDP bobspc.biloxi.com:5060", "192.0.2.4:5060"),
        "SIP/2.0/UDP bobspc.biloxi.com:5060;received=192.0.2.4"
    );
}

#[test]
fn an_address_gets_received_where_it_is_another() {
    assert_eq!(stamped("SIP/2.0/UDP 192.0.2.4;branch=x", "192.0.2.4:1"), "SIP/2.0/UDP 192.0.2.4;branch=x");
    assert_eq!(
        stamped("SIP/2.0/UDP 10.0.0.1;branch=x", "192.0.2.4:1"),
        "SIP/2.0/UDP 10.0.0.1;branch=x;received=192.0.2.4"
    );
}

/// RFC 3581 §4: with rport both are filled in, also where the address is right.
#[test]
fn rport_is_filled_in() {
    assert_eq!(
        stamped("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff", "192.0.2.1:9988"),
        "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=192.0.2.1"
    );
    assert_eq!(
        stamped("SIP/2.0/UDP 192.0.2.1;branch=x ; RPORT", "192.0.2.1:9988"),
        "SIP/2.0/UDP 192.0.2.1;branch=x ;rport=9988;received=192.0.2.1"
    );
}

#[test]
fn what_the_sender_claims_is_replaced() {
    assert_eq!(
        stamped("SIP/2.0/UDP a;received=1.1.1.1;branch=x;rport=7", "192.0.2.1:9988"),
        "SIP/2.0/UDP a;branch=x;rport=9988;received=192.0.2.1"
    );
    assert_eq!(stamped("SIP/2.0/UDP 192.0.2.1 ;received=1.1.1.1", "192.0.2.1:9988"), "SIP/2.0/UDP 192.0.2.1");
}

#[test]
fn only_the_first_of_a_list_is_touched() {
    assert_eq!(
        stamped("SIP/2.0/UDP a;branch=x , SIP/2.0/TCP b;rport", "192.0.2.1:9988"),
        "SIP/2.0/UDP a;branch=x;received=192.0.2.1 , SIP/2.0/TCP b;rport"
    );
}

#[test]
fn ipv6_stands_without_brackets_and_mapped_ipv4_is_ipv4() {
    assert_eq!(
        stamped("SIP/2.0/UDP [2001:db8::1];rport", "[2001:db8::9]:5070"),
        "SIP/2.0/UDP [2001:db8::1];rport=5070;received=2001:db8::9"
    );
    assert_eq!(stamped("SIP/2.0/UDP [2001:DB8:0::9]", "[2001:db8::9]:5070"), "SIP/2.0/UDP [2001:DB8:0::9]");
    assert_eq!(stamped("SIP/2.0/UDP 192.0.2.1", "[::ffff:192.0.2.1]:1"), "SIP/2.0/UDP 192.0.2.1");
}

#[test]
fn what_is_left_alone() {
    let broken = "SIP/2.0/UDP 192.0.2.15;;,;,,";
    assert_eq!(stamped(broken, "192.0.2.4:1"), broken);
    let source = "192.0.2.4:1".parse().unwrap();
    let response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;rport\r\n\r\n";
    assert_eq!(Message::parse_datagram_from(response, source), Message::parse_datagram(response));
    let without = b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r\n";
    assert_eq!(Message::parse_datagram_from(without, source), Message::parse_datagram(without));
}

#[test]
fn streams_do_the_same() {
    let source = "192.0.2.4:1".parse().unwrap();
    let bytes = b"OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/TCP h\r\nl: 2\r\n\r\nhi";
    let message = Message::parse_stream_from(bytes, source).unwrap();
    assert_eq!(message.header(HeaderId::VIA), Some(&b"SIP/2.0/TCP h;received=192.0.2.4"[..]));
    assert_eq!(message.body(), b"hi");
}

/// With one more it cannot be read, by us as by whoever gets it next.
#[test]
fn a_via_that_is_full_has_no_room_for_received() {
    use strowger_sip::bounds::MAX_PARAMS;
    for (params, is_read) in [
        (";p".repeat(MAX_PARAMS - 1), true),
        (";p".repeat(MAX_PARAMS), false),
        (format!(";received=192.0.2.1{}", ";p".repeat(MAX_PARAMS - 1)), true),
        (format!(";rport{}", ";p".repeat(MAX_PARAMS - 1)), false),
    ] {
        let text = format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a.example{params}\r\n\r\n");
        let source = "192.0.2.9:5060".parse().unwrap();
        let message = Message::parse_datagram_from(text.as_bytes(), source).unwrap();
        let head = message.head();
        assert_eq!(head.via().is_ok(), is_read, "{params}");
        assert_eq!(head.vias().next().unwrap().is_ok(), is_read, "as if it were read anew: {params}");
    }
}

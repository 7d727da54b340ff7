//! Properties of header field values that nobody wrote: lists come apart where they were joined, a name-addr and a Via
//! give back what was put in, a stamped Via tells the source, and a response holds what §8.2.6 copies.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, SocketAddr};

use proptest::collection::vec;
use proptest::prelude::*;
use strowger_sip::{Draft, Head, HeaderId, Host, Message, NameAddr, Via, respond};

/// A display name as it is meant, and as it is written.
fn display() -> impl Strategy<Value = (String, String)> {
    let quoted = "[ -~äß大]{0,12}".prop_map(|meant| {
        let escaped: String = meant
            .chars()
            .flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] })
            .collect();
        (meant, format!("\"{escaped}\" "))
    });
    let tokens = "[a-zA-Z]{1,6}( [a-zA-Z]{1,6}){0,2}".prop_map(|meant| (meant.clone(), format!("{meant} ")));
    prop_oneof![quoted, tokens, Just((String::new(), String::new()))]
}

fn uri() -> impl Strategy<Value = String> {
    let user = "[a-z0-9,;?&=+$/]{1,8}";
    (user, host(), proptest::option::of(1..u16::MAX), "(;[a-z]{1,4}(=[a-z0-9]{1,4})?){0,2}").prop_map(
        |(user, host, port, params)| {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            format!("sip:{user}@{host}{port}{params}")
        },
    )
}

fn host() -> impl Strategy<Value = String> {
    let name = "[a-z]{1,6}(\\.[a-z]{1,4}){0,2}";
    prop_oneof![
        name,
        any::<[u8; 4]>().prop_map(|ip| IpAddr::from(ip).to_string()),
        any::<[u16; 8]>().prop_map(|ip| format!("[{}]", IpAddr::from(ip))),
    ]
}

/// A value with what it was made of.
#[derive(Clone, Debug)]
struct Address {
    display: String,
    uri: String,
    tag: Option<String>,
    written: String,
}

fn address() -> impl Strategy<Value = Address> {
    let tag = proptest::option::of("[a-z0-9.!%*_+`'~-]{1,8}");
    (display(), uri(), tag, "[ \t]{0,2}").prop_map(|((display, before), uri, tag, space)| {
        let after =
            tag.as_ref().map_or(String::new(), |tag| format!("{space};{space}tag{space}={space}{tag}"));
        let written = format!("{before}<{uri}>{after}");
        Address { display, uri, tag, written }
    })
}

fn message(lines: &[String]) -> Message {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    Message::parse_datagram(format!("OPTIONS sip:a SIP/2.0\r\n{lines}\r\n").as_bytes()).unwrap()
}

fn values(head: Head<'_>, id: HeaderId) -> Vec<Vec<u8>> {
    head.values(id).map(|value| value.bytes.to_vec()).collect()
}

/// §18.2.1 and RFC 3581 §4 in the plainest words.
fn stamped(via: &Via<'_>, source: SocketAddr) -> (Option<IpAddr>, Option<Option<u16>>) {
    let rport = via.rport().map(|_| Some(source.port()));
    let is_same = via.host.is_ip(source.ip());
    ((rport.is_some() || !is_same).then(|| source.ip().to_canonical()), rport)
}

proptest! {
    // A failing case is printed; it becomes a test with a name, not a line in a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_address_gives_back_what_was_put_in(address in address()) {
        let read = NameAddr::parse(address.written.as_bytes()).unwrap();
        let display = read.display_name();
        prop_assert_eq!(std::str::from_utf8(&display).unwrap(), &address.display);
        prop_assert_eq!(read.uri_bytes, address.uri.as_bytes());
        prop_assert!(read.uri().is_ok());
        prop_assert_eq!(read.tag(), address.tag.as_deref().map(str::as_bytes));
    }

    /// §7.3.1: one header field with a list is many with one value each.
    #[test]
    fn a_list_is_the_same_joined_or_apart(
        addresses in vec(address(), 1..6),
        cuts in vec(any::<bool>(), 6),
        comma in "[ \t]{0,2},[ \t]{0,2}",
    ) {
        let written: Vec<&str> = addresses.iter().map(|address| address.written.as_str()).collect();
        let apart: Vec<String> = written.iter().map(|value| format!("Route: {value}")).collect();
        let mut mixed: Vec<String> = Vec::new();
        for (value, cut) in written.iter().zip(&cuts) {
            match mixed.last_mut().filter(|_| !cut) {
                Some(last) => last.push_str(&format!("{comma}{value}")),
                None => mixed.push(format!("Route: {value}")),
            }
        }
        let (apart, mixed) = (message(&apart), message(&mixed));
        let expected: Vec<Vec<u8>> = written.iter().map(|value| value.as_bytes().to_vec()).collect();
        prop_assert_eq!(&values(apart.head(), HeaderId::ROUTE), &expected);
        prop_assert_eq!(&values(mixed.head(), HeaderId::ROUTE), &expected);
        let uris: Vec<Vec<u8>> = mixed.head().routes().map(|route| route.unwrap().uri_bytes.to_vec()).collect();
        let expected: Vec<Vec<u8>> = addresses.iter().map(|address| address.uri.clone().into_bytes()).collect();
        prop_assert_eq!(uris, expected);
    }

    /// Each Via taken off gives the one below it, and the last one leaves none.
    #[test]
    fn vias_come_off_one_by_one(hosts in vec(host(), 1..6), cuts in vec(any::<bool>(), 6)) {
        let mut lines: Vec<String> = Vec::new();
        for (number, (host, cut)) in hosts.iter().zip(&cuts).enumerate() {
            let via = format!("SIP/2.0/UDP {host};branch=z9hG4bK{number}");
            match lines.last_mut().filter(|_| !cut) {
                Some(last) => last.push_str(&format!(", {via}")),
                None => lines.push(format!("Via: {via}")),
            }
        }
        let mut current = message(&lines);
        for left in (0..hosts.len()).rev() {
            let before = values(current.head(), HeaderId::VIA);
            let head = current.head();
            let top = head.values(HeaderId::VIA).next().unwrap();
            let mut draft = Draft::forward(head);
            match top.is_last_of_span {
                true => draft.remove(top.span_index as usize),
                false => draft.replace(top.span_index as usize, top.rest),
            }
            let mut out = Vec::new();
            draft.print(&mut out);
            drop(draft);
            current = Message::parse_datagram(&out).unwrap();
            prop_assert_eq!(values(current.head(), HeaderId::VIA), &before[1..]);
            prop_assert_eq!(current.head().vias().count(), left);
        }
    }

    #[test]
    fn a_via_gives_back_what_was_put_in_and_tells_the_source(
        transport in "(UDP|TCP|TLS|WS|SCTP|x-[a-z]{1,4})",
        host in host(),
        port in proptest::option::of(any::<u16>()),
        rport in prop_oneof![Just(""), Just(";rport"), Just(";rport=9"), Just(" ; rport ; rport")],
        received in prop_oneof![Just(""), Just(";received=192.0.2.99"), Just("; received = [2001:db8::1]")],
        branch in "[a-zA-Z0-9.]{1,20}",
        source in any::<(bool, [u8; 4], [u16; 8], u16)>(),
        second in any::<bool>(),
    ) {
        let port_text = port.map_or(String::new(), |port| format!(":{port}"));
        let more = if second { ", SIP/2.0/TCP other;received=192.0.2.98;rport" } else { "" };
        let value = format!("SIP/2.0/{transport} {host}{port_text}{received};branch={branch}{rport}");
        let via = Via::parse(value.as_bytes()).unwrap();
        prop_assert_eq!(via.transport, transport.as_bytes());
        prop_assert_eq!(Some(via.host), Host::parse(host.as_bytes()));
        prop_assert_eq!((via.port, via.branch()), (port, Some(branch.as_bytes())));

        let (is_v4, v4, v6, source_port) = source;
        let ip = if is_v4 { IpAddr::from(v4) } else { IpAddr::from(v6) };
        let source = SocketAddr::new(ip, source_port);
        let text = format!("OPTIONS sip:a SIP/2.0\r\nX: 1\r\nVia: {value}{more}\r\nY: 2\r\n\r\n");
        let message = Message::parse_datagram_from(text.as_bytes(), source).unwrap();
        let vias: Vec<Via<'_>> = message.head().vias().map(Result::unwrap).collect();
        prop_assert_eq!(vias.len(), 1 + usize::from(second));
        prop_assert_eq!((vias[0].received(), vias[0].rport()), stamped(&via, source));
        prop_assert_eq!((vias[0].sent_by, vias[0].branch()), (via.sent_by, via.branch()));
        if second {
            prop_assert_eq!(vias[1].received(), Some(IpAddr::from([192, 0, 2, 98])), "only the top one is ours");
        }
        // Stamping what is stamped says the same: the source has not changed.
        let again = Message::parse_datagram_from(message.bytes(), source).unwrap();
        let top = again.head().via().unwrap();
        prop_assert_eq!((top.received(), top.rport(), top.branch()), (vias[0].received(), vias[0].rport(), vias[0].branch()));
    }

    /// §8.2.6.2, §12.1.1.
    #[test]
    fn a_response_holds_what_is_copied_and_what_is_added(
        method in prop_oneof![Just("INVITE"), Just("OPTIONS"), Just("SUBSCRIBE"), Just("BYE")],
        status in 100..700_u16,
        from in address(),
        to in address(),
        vias in vec(host(), 1..4),
        record_routes in vec(uri(), 0..3),
        others in vec("[A-Z]-[a-z]{1,5}", 0..4),
        folded in any::<bool>(),
    ) {
        let fold = if folded { "\r\n " } else { "" };
        let mut lines: Vec<String> = others.iter().map(|name| format!("{name}: other\r\n")).collect();
        lines.extend(vias.iter().map(|host| format!("v: SIP/2.0/UDP {host};branch=z9hG4bK1\r\n")));
        lines.extend(record_routes.iter().map(|uri| format!("Record-Route: <{uri}>\r\n")));
        lines.push(format!("f:{fold} {}\r\nT:{fold} {}\r\n", from.written, to.written));
        lines.push(format!("Call-ID: c\r\nCSeq: 7 {method}\r\n"));
        let text = format!("{method} sip:a SIP/2.0\r\n{}\r\n", lines.concat());
        let request = Message::parse_datagram(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        respond(request.head(), status, "", Some("ours"), &mut out, |answer| answer.body("text/plain", b"hi"));
        let response = Message::parse_stream(&out).unwrap();
        let (response, request) = (response.head(), request.head());
        prop_assert_eq!(response.status(), status);
        for id in [HeaderId::VIA, HeaderId::FROM, HeaderId::CALL_ID, HeaderId::CSEQ] {
            prop_assert_eq!(values(response, id), values(request, id), "{}", id.name());
        }
        let expected = to.tag.as_deref().unwrap_or("ours");
        prop_assert_eq!(response.to_tag(), Some(expected.as_bytes()));
        prop_assert_eq!(response.to().unwrap().uri_bytes, to.uri.as_bytes());
        let makes_dialog = (101..300).contains(&status) && matches!(method, "INVITE" | "SUBSCRIBE");
        let routes = if makes_dialog { values(request, HeaderId::RECORD_ROUTE) } else { Vec::new() };
        prop_assert_eq!(values(response, HeaderId::RECORD_ROUTE), routes);
        prop_assert!(others.iter().all(|name| response.header_named(name).is_none()));
        prop_assert_eq!(response.body(), b"hi");
    }
}

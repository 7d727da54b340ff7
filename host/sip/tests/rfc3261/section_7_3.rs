//! §7.3 Header fields: names, folding, lists, order, compact forms; what a head may not hold.

use strowger_sip::{HeaderId, HeaderSpan, Message, ParseError, unfold};

use super::message;

/// §7.3.1: "these are all equivalent".
#[test]
fn white_space_around_the_colon_does_not_matter() {
    let lines = [
        "Subject:            lunch",
        "Subject      :      lunch",
        "Subject            :lunch",
        "Subject: lunch",
        "sUBJECT\t:\tlunch \t",
        "s:lunch",
        "Subject:\n lunch\n\t",
    ];
    for line in lines {
        let message = message(&format!("OPTIONS sip:a SIP/2.0\n{line}\n\n"));
        assert_eq!(message.header(HeaderId::SUBJECT), Some(&b"lunch"[..]), "{line:?}");
        assert_eq!(message.head().header_named("subject"), Some(&b"lunch"[..]), "{line:?}");
    }
}

/// §7.3.1: a folded value is the same value with a space.
#[test]
fn folds_are_kept_and_read_as_spaces() {
    let message = message(
        "OPTIONS sip:a SIP/2.0\nSubject: I know you're there,\n   pick up the phone\n and answer!\nTo: x\n\n",
    );
    let head = message.head();
    assert_eq!(head.spans()[0].flags & HeaderSpan::FOLDED, HeaderSpan::FOLDED);
    assert_eq!(head.spans()[1].flags & HeaderSpan::FOLDED, 0);
    assert_eq!(head.value_of(0), &b"I know you're there,\r\n   pick up the phone\r\n and answer!"[..]);
    assert_eq!(unfold(head.value_of(0)).as_ref(), b"I know you're there, pick up the phone and answer!");
}

/// §7.3.1: one list, however it is spread over lines.
#[test]
fn three_ways_to_write_one_route() {
    let ways = [
        "Route: <sip:alice@atlanta.com>\nSubject: Lunch\nRoute: <sip:bob@biloxi.com>\nRoute: <sip:carol@chicago.com>",
        "Route: <sip:alice@atlanta.com>, <sip:bob@biloxi.com>\nRoute: <sip:carol@chicago.com>\nSubject: Lunch",
        "Subject: Lunch\nRoute: <sip:alice@atlanta.com>, <sip:bob@biloxi.com>,\n <sip:carol@chicago.com>",
    ];
    for way in ways {
        let message = message(&format!("INVITE sip:a SIP/2.0\n{way}\n\n"));
        let routes: Vec<_> = message.head().routes().map(|route| route.unwrap().uri_bytes).collect();
        let expected = [&b"sip:alice@atlanta.com"[..], b"sip:bob@biloxi.com", b"sip:carol@chicago.com"];
        assert_eq!(routes, expected, "{way}");
    }
}

/// §7.3.1: commas in Authorization are no list.
#[test]
fn authorization_is_read_whole() {
    let message = message(
        "REGISTER sip:a SIP/2.0\nAuthorization: Digest username=\"Alice\", realm=\"atlanta.com\"\n\
         Authorization: Digest username=\"Bob\"\n\n",
    );
    let credentials: Vec<_> =
        message.head().credentials(HeaderId::AUTHORIZATION).map(Result::unwrap).collect();
    assert_eq!(credentials.len(), 2);
    assert_eq!(credentials[0].param("realm").unwrap().as_ref(), b"atlanta.com");
    assert_eq!(message.head().count(HeaderId::AUTHORIZATION), 2);
}

/// §7.3.3.
#[test]
fn compact_forms_stand_for_long_ones() {
    let pairs = [
        ("c", HeaderId::CONTENT_TYPE),
        ("e", HeaderId::CONTENT_ENCODING),
        ("f", HeaderId::FROM),
        ("i", HeaderId::CALL_ID),
        ("k", HeaderId::SUPPORTED),
        ("m", HeaderId::CONTACT),
        ("s", HeaderId::SUBJECT),
        ("t", HeaderId::TO),
        ("v", HeaderId::VIA),
        ("o", HeaderId::EVENT),
        ("u", HeaderId::ALLOW_EVENTS),
        ("r", HeaderId::REFER_TO),
        ("b", HeaderId::REFERRED_BY),
        ("x", HeaderId::SESSION_EXPIRES),
        ("a", HeaderId::ACCEPT_CONTACT),
        ("j", HeaderId::REJECT_CONTACT),
        ("d", HeaderId::REQUEST_DISPOSITION),
        ("y", HeaderId::IDENTITY),
    ];
    for (letter, id) in pairs {
        let message = message(&format!("OPTIONS sip:a SIP/2.0\n{letter}: value\n\n"));
        assert_eq!(message.spans()[0].id, id);
        assert_eq!(message.head().name_of(0), letter.as_bytes());
    }
}

/// An unknown name keeps its case and its place.
#[test]
fn unknown_header_fields_go_by_their_name() {
    let message = message("OPTIONS sip:a SIP/2.0\nX-Mine: 1\nNewFangledHeader: 2\nx-mine: 3\n\n");
    let head = message.head();
    assert_eq!(head.spans()[0].id, HeaderId::OTHER);
    assert_eq!(head.name_of(1), b"NewFangledHeader");
    assert_eq!(head.header_named("X-MINE"), Some(&b"1"[..]));
    assert!(head.is_named(2, HeaderId::OTHER, "X-Mine") && !head.is_named(1, HeaderId::OTHER, "X-Mine"));
    assert_eq!(head.header_named("X-Other"), None);
    assert_eq!((head.name_of(9), head.value_of(9)), (&b""[..], &b""[..]));
}

#[test]
fn what_a_head_may_not_hold() {
    let wrong: [(&[u8], &str); 9] = [
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\0b\r\n\r\n", "NUL"),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: \"a\" \\\0\r\n\r\n", "NUL behind a backslash that is not in quotes"),
        (b"OPTIONS sip:a\\\0 SIP/2.0\r\nTo: a\r\n\r\n", "NUL in the start line"),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\rb\r\n\r\n", "a bare CR"),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\nVia: b\r\n\r\n", "a bare LF"),
        (b"OPTIONS sip:a SIP/2.0\nTo: a\n\n", "only bare LFs"),
        (b"OPTIONS sip:a SIP/2.0\r\nTo a\r\n\r\n", "no colon"),
        (b"OPTIONS sip:a SIP/2.0\r\n: a\r\n\r\n", "no name"),
        (b"OPTIONS sip:a SIP/2.0\r\nT o: a\r\n\r\n", "a name of two words"),
    ];
    for (bytes, what) in wrong {
        let seen = Message::parse_datagram(bytes);
        assert!(matches!(seen, Err(ParseError::Syntax { .. })), "{what}: {seen:?}");
    }
    let quoted = b"OPTIONS sip:a SIP/2.0\r\nTo: \"a\\\0\" <sip:a>\r\nX: \"\\\\\\\0\"\r\n\r\n";
    assert!(Message::parse_datagram(quoted).is_ok(), "a quoted-pair may be NUL (§25.1)");
}

#[test]
fn a_head_that_does_not_end() {
    let whole = b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n b\r\n\r\n";
    for length in 1..whole.len() {
        let seen = Message::parse_datagram(&whole[..length]);
        assert_eq!(seen, Err(ParseError::Truncated { offset: length }), "{length} bytes");
    }
    assert!(Message::parse_datagram(whole).is_ok());
}

/// Bytes that are no UTF-8 pass untouched.
#[test]
fn any_byte_but_a_few_may_stand_in_a_value() {
    let mut bytes = b"OPTIONS sip:a SIP/2.0\r\nSubject: ".to_vec();
    bytes.extend((1..=255_u8).filter(|byte| !matches!(byte, b'\r' | b'\n')));
    bytes.extend(b"\r\n\r\n");
    let message = Message::parse_datagram(&bytes).unwrap();
    assert_eq!(message.header(HeaderId::SUBJECT).unwrap().len(), 253);
    assert_eq!(message.bytes(), bytes);
}

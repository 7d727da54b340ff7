//! §7.5 Framing: line breaks before a start line are ignored. And the bounds on what follows.

use strowger_sip::bounds::{MAX_HEAD, MAX_HEADERS, MAX_LEADING_CRLF, MAX_MESSAGE, MAX_METHOD};
use strowger_sip::{Message, ParseError};

fn limit(bytes: &[u8]) -> Option<usize> {
    match Message::parse_datagram(bytes) {
        Err(ParseError::TooLarge { limit, .. }) => Some(limit),
        other => other.err().map(|error| panic!("{error}")),
    }
}

#[test]
fn line_breaks_before_the_start_line() {
    let message = b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r\n";
    let with = |count: usize| [b"\r\n".repeat(count).as_slice(), message].concat();
    let parsed = Message::parse_datagram(&with(2)).unwrap();
    assert_eq!(parsed.bytes(), message);
    assert_eq!(parsed, Message::parse_datagram(message).unwrap());
    assert_eq!(limit(&with(MAX_LEADING_CRLF)), None);
    assert_eq!(limit(&with(MAX_LEADING_CRLF + 1)), Some(MAX_LEADING_CRLF));
    for nothing in [&b""[..], b"\r\n", b"\r\n\r\n"] {
        assert_eq!(Message::parse_datagram(nothing), Err(ParseError::Empty));
    }
}

#[test]
fn offsets_of_errors_count_from_the_first_byte() {
    let error = Message::parse_datagram(b"\r\n\r\nOPTIONS sip:a SIP/2.0\r\nbad line\r\n\r\n").unwrap_err();
    assert!(matches!(error, ParseError::Syntax { offset: 27, .. }), "{error}");
}

#[test]
fn the_number_of_header_fields_is_bounded() {
    let with =
        |count: usize| ["OPTIONS sip:a SIP/2.0\r\n", &"v: x\r\n".repeat(count), "\r\n"].concat().into_bytes();
    assert_eq!(limit(&with(MAX_HEADERS)), None);
    assert_eq!(limit(&with(MAX_HEADERS + 1)), Some(MAX_HEADERS));
}

#[test]
fn the_size_of_a_head_is_bounded() {
    let with = |size: usize| {
        let frame = "OPTIONS sip:a SIP/2.0\r\nX: \r\n\r\n".len();
        ["OPTIONS sip:a SIP/2.0\r\nX: ", &"y".repeat(size - frame), "\r\n\r\nbody"].concat().into_bytes()
    };
    assert_eq!(limit(&with(MAX_HEAD)), None);
    assert_eq!(limit(&with(MAX_HEAD + 1)), Some(MAX_HEAD));
}

#[test]
fn the_sizes_of_a_message_and_of_a_method_are_bounded() {
    let mut bytes = b"OPTIONS sip:a SIP/2.0\r\n\r\n".to_vec();
    bytes.resize(MAX_MESSAGE, b'x');
    assert_eq!(limit(&bytes), None);
    bytes.push(b'x');
    assert_eq!(limit(&bytes), Some(MAX_MESSAGE));
    let method =
        |length: usize| ["M".repeat(length).as_str(), " sip:a SIP/2.0\r\n\r\n"].concat().into_bytes();
    assert_eq!(limit(&method(MAX_METHOD)), None);
    assert_eq!(limit(&method(MAX_METHOD + 1)), Some(MAX_METHOD));
}

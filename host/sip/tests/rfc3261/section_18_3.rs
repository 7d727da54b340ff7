//! §18.3 Framing by Content-Length, on datagrams and streams; RFC 5626 §4.4.1 keepalives.

use strowger_sip::bounds::{MAX_HEAD, MAX_MESSAGE};
use strowger_sip::{Frame, Message, ParseError, Why, frame, validate};

const HEAD: &str =
    "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: <sip:a>\r\nf: <sip:b>\r\ni: 1\r\nCSeq: 1 OPTIONS\r\n";

fn bytes(headers: &str, body: &str) -> Vec<u8> {
    format!("{HEAD}{headers}\r\n{body}").into_bytes()
}

#[test]
fn a_datagram_is_cut_at_content_length() {
    let message = Message::parse_datagram(&bytes("l: 2\r\n", "hi there")).unwrap();
    assert_eq!((message.body(), message.head().body_length()), (&b"hi"[..], 2));
    assert!(message.bytes().ends_with(b"\r\n\r\nhi"));
    assert_eq!(Message::parse_datagram(&bytes("", "hi there")).unwrap().body(), b"hi there");
}

/// "If the transport packet ends before the end of the message body, this is considered an error": a request is
/// answered with 400, so it has to parse.
#[test]
fn a_datagram_that_ends_early_is_invalid() {
    for length in ["9", "4294967295", "99999999999999999999"] {
        let message = Message::parse_datagram(&bytes(&format!("l: {length}\r\n"), "hi there")).unwrap();
        assert_eq!(message.body(), b"hi there");
        assert_eq!(validate(&message.head()).unwrap_err().status, 400, "{length}");
    }
    let message = Message::parse_datagram(&bytes("l: 9\r\n", "hi there")).unwrap();
    assert_eq!(validate(&message.head()).unwrap_err().why, Why::BodyLength);
}

#[test]
fn a_stream_is_framed_byte_by_byte() {
    let whole = bytes("Content-Length: 5\r\n", "hello");
    let head = whole.len() - 5;
    for length in 0..whole.len() {
        let expected = if length < head { length + 1 } else { whole.len() };
        assert_eq!(frame(&whole[..length]), Ok(Frame::Partial { need_at_least: expected }), "{length} bytes");
    }
    let two = [whole.as_slice(), b"OPTIONS sip:next"].concat();
    assert_eq!(frame(&two), Ok(Frame::Message { length: whole.len() }));
    assert_eq!(Message::parse_stream(&whole).unwrap().body(), b"hello");
}

#[test]
fn content_length_in_every_shape() {
    let shapes = [
        "l:5",
        "Content-Length  :5",
        "CONTENT-LENGTH:\r\n 5",
        "l: 005 \t",
        "L :\r\n\t5\r\n ",
        "l: 5\r\nl: 5",
    ];
    for shape in shapes {
        let whole = bytes(&format!("{shape}\r\n"), "hello");
        assert_eq!(frame(&whole), Ok(Frame::Message { length: whole.len() }), "{shape:?}");
        assert_eq!(Message::parse_stream(&whole).unwrap().body(), b"hello", "{shape:?}");
    }
    let looks_like_it = bytes("Subject: x\r\n l: 3\r\nLx: 4\r\nX-Content-Length: 9\r\n", "");
    assert_eq!(frame(&looks_like_it), Ok(Frame::Message { length: looks_like_it.len() }));
}

#[test]
fn without_content_length_a_stream_has_no_body() {
    let whole = bytes("", "");
    assert_eq!(frame(&whole), Ok(Frame::Message { length: whole.len() }));
    assert!(Message::parse_stream(&whole).unwrap().body().is_empty());
}

#[test]
fn what_cannot_be_framed_on_a_stream() {
    for lengths in
        ["l: -1\r\n", "l: x\r\n", "l:\r\n", "l: 1, 1\r\n", "l: 1\r\nContent-Length: 2\r\n", "l: 1 2\r\n"]
    {
        let whole = bytes(lengths, "hello");
        assert!(matches!(frame(&whole), Err(ParseError::ContentLength { .. })), "{lengths:?}");
        assert!(Message::parse_stream(&whole).is_err(), "{lengths:?}");
    }
    for body in ["hell", "hello!"] {
        let whole = bytes("l: 5\r\n", body);
        assert!(matches!(Message::parse_stream(&whole), Err(ParseError::ContentLength { .. })), "{body}");
    }
}

#[test]
fn what_is_no_sip_is_refused_early() {
    let wrong: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
        b"<policy-file-request/>",
        b"hello\nworld",
        b" OPTIONS",
        b"SIP/2.0 20 x\r\n",
        // the rest of a body before the next message (RFC 4475 §3.1.1.8, RFC 5118 §4.6)
        b"C\r\n\r\n",
        b"98/90000\r\nOPTIONS sip:a SIP/2.0\r\n\r\n",
    ];
    for bytes in wrong {
        assert!(matches!(frame(bytes), Err(ParseError::Syntax { .. })), "{}", bytes.escape_ascii());
    }
    for begun in [&b"O"[..], b"OPTIONS", b"OPTIONS ", b"SIP/", b"OPTIONS sip:a SIP/2.0\r"] {
        assert!(matches!(frame(begun), Ok(Frame::Partial { .. })), "{}", begun.escape_ascii());
    }
}

#[test]
fn heads_and_messages_on_streams_are_bounded() {
    let mut endless = b"OPTIONS sip:a SIP/2.0\r\nX: ".to_vec();
    endless.resize(MAX_HEAD, b'y');
    assert!(matches!(frame(&endless), Err(ParseError::TooLarge { limit: MAX_HEAD, .. })));
    assert_eq!(frame(&endless[..MAX_HEAD - 1]), Ok(Frame::Partial { need_at_least: MAX_HEAD }));
    let room = MAX_MESSAGE - bytes("l: 65000\r\n", "").len();
    let largest = bytes(&format!("l: {room}\r\n"), "");
    assert_eq!(frame(&largest), Ok(Frame::Partial { need_at_least: MAX_MESSAGE }));
    for more in [room + 1, usize::MAX] {
        let more = bytes(&format!("l: {more}\r\n"), "");
        assert!(matches!(frame(&more), Err(ParseError::TooLarge { limit: MAX_MESSAGE, .. })));
    }
}

/// RFC 5626 §4.4.1.
#[test]
fn line_breaks_between_messages_are_keepalives() {
    assert_eq!(frame(b"\r\n\r\n"), Ok(Frame::Keepalive { consumed: 4, ping: true }));
    assert_eq!(frame(b"\r\n\r\nOPTIONS"), Ok(Frame::Keepalive { consumed: 4, ping: true }));
    assert_eq!(frame(b"\r\n"), Ok(Frame::Keepalive { consumed: 2, ping: false }));
    assert_eq!(frame(b"\r\nOPTIONS"), Ok(Frame::Keepalive { consumed: 2, ping: false }));
    assert_eq!(frame(b"\r"), Ok(Frame::Partial { need_at_least: 2 }));
    assert_eq!(frame(b""), Ok(Frame::Partial { need_at_least: 1 }));
    assert!(frame(b"\rx").is_err());
}

//! The view, layout 1: what is written is what is read, and no bytes make a reader panic.

use strowger_sip::view::{self, HEADER_LENGTH, LAYOUT, SPAN_LENGTH};
use strowger_sip::{HeaderId, Message, Method, View, ViewError};

const REQUEST: &[u8] = b"INVITE sip:bob@biloxi.com SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo :\r\n <sip:bob@biloxi.com>\r\nX-Mine:\r\nl: 5\r\n\r\nhello";
const RESPONSE: &[u8] = b"SIP/2.0 180 Ringing now\r\nCSeq: 1 INVITE\r\n\r\n";

fn written(message: &Message, with_body: bool) -> Vec<u8> {
    let mut out = Vec::new();
    view::write(message.head(), with_body, &mut out);
    assert_eq!(out.len(), view::length(message.head(), with_body));
    out
}

#[test]
fn the_layout_is_the_published_one() {
    let message = Message::parse_datagram(REQUEST).unwrap();
    let bytes = written(&message, false);
    let head = REQUEST.len() - 5;
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(bytes[..4], [LAYOUT, 0, Method::Invite as u8, 0]);
    assert_eq!((u16_at(4), u16_at(6)), (0, 4));
    assert_eq!((u32_at(8), u32_at(12)), (7, 18));
    assert_eq!((u32_at(16), u32_at(20)), (head as u32, 5));
    let via = HEADER_LENGTH;
    assert_eq!((u16_at(via), u16_at(via + 2)), (HeaderId::VIA.0, 0));
    assert_eq!((u32_at(via + 4), u16_at(via + 8)), (35, 1));
    assert_eq!((u16_at(via + 10), u32_at(via + 12)), (29, 38));
    assert_eq!(u16_at(via + SPAN_LENGTH + 2), 1, "To is folded");
    assert_eq!(bytes[HEADER_LENGTH + 4 * SPAN_LENGTH..], REQUEST[..head]);
    let response = written(&Message::parse_datagram(RESPONSE).unwrap(), true);
    assert_eq!(response[..6], [LAYOUT, 1, 0, 0, 180, 0]);
}

#[test]
fn a_view_reads_like_the_message() {
    for raw in [REQUEST, RESPONSE] {
        let message = Message::parse_datagram(raw).unwrap();
        let bytes = written(&message, true);
        let view = View::parse(&bytes).unwrap();
        assert_eq!(view.to_message(), message);
        let (one, two) = (view.head(), message.head());
        assert_eq!((one.spans(), one.start_line(), one.body()), (two.spans(), two.start_line(), two.body()));
        assert_eq!((one.request_uri(), one.reason()), (two.request_uri(), two.reason()));
        assert_eq!((one.method_token(), one.version()), (two.method_token(), two.version()));
        assert_eq!(format!("{view:?}"), format!("{message:?}"));
    }
}

#[test]
fn a_view_without_body_knows_its_length() {
    let message = Message::parse_datagram(REQUEST).unwrap();
    let bytes = written(&message, false);
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.head().body(), view.head().body_length()), (&b""[..], 5));
    assert_eq!(view.head().header(HeaderId::TO), Some(&b"<sip:bob@biloxi.com>"[..]));
}

#[test]
fn every_cut_and_every_layout_is_refused() {
    let message = Message::parse_datagram(REQUEST).unwrap();
    let bytes = written(&message, true);
    for length in 0..bytes.len() {
        let without_body = length == bytes.len() - 5;
        assert_eq!(View::parse(&bytes[..length]).is_ok(), without_body, "{length} bytes");
    }
    let mut other = bytes.clone();
    other[0] = 2;
    assert_eq!(View::parse(&other).err(), Some(ViewError::Layout(2)));
}

/// Every byte of header and index set to every value: refused, or readable without a panic.
#[test]
fn no_index_reads_out_of_its_bytes() {
    for raw in [REQUEST, RESPONSE] {
        let message = Message::parse_datagram(raw).unwrap();
        let bytes = written(&message, true);
        let index = HEADER_LENGTH + message.spans().len() * SPAN_LENGTH;
        for at in 0..index {
            let mut changed = bytes.clone();
            for value in 0..=255 {
                changed[at] = value;
                strowger_sip::fuzzing::view(&changed);
            }
        }
    }
}

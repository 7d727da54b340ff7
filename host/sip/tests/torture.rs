//! Every message of RFC 4475 and RFC 5118: what the table says is what is seen, no row aside.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

#[path = "torture/mod.rs"]
mod corpus;

use corpus::{Outcome, rows};
use strowger_sip::{Draft, Frame, Message, frame};

#[test]
fn every_message_comes_out_as_expected() {
    let mut wrong = Vec::new();
    for row in rows() {
        let (seen, why) = row.seen();
        if seen != row.expected {
            wrong.push(format!("{}: expected {}, seen {seen} ({why})", row.name, row.expected));
        }
        assert!(!row.reason.is_empty() && !row.rfc_expects.is_empty(), "{} is not explained", row.name);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_holds_every_message() {
    let count = |rfc| rows().filter(|row| row.rfc == rfc).count();
    assert_eq!((count(4475), count(5118)), (49, 12));
    let in_section =
        |section: &'static str| rows().filter(move |row| row.rfc == 4475 && row.section.starts_with(section));
    assert_eq!(in_section("3.1.1.").count(), 13);
    assert!(in_section("3.1.1.").all(|row| row.expected == Outcome::Accepted));
    assert_eq!(in_section("3.1.2.").count(), 19);
}

#[test]
fn what_parses_prints_back_byte_for_byte() {
    for row in rows() {
        let bytes = row.bytes();
        let Ok(message) = Message::parse_datagram(&bytes) else { continue };
        let mut out = Vec::new();
        Draft::forward(message.head()).print(&mut out);
        assert_eq!(out, message.bytes(), "{}", row.name);
        assert!(bytes.starts_with(&out), "{}", row.name);
    }
}

/// On a stream the same bytes frame the same message, unless their length cannot be told.
#[test]
fn streams_frame_what_datagrams_hold() {
    for row in rows() {
        let bytes = row.bytes();
        match (row.name, frame(&bytes)) {
            ("ncl" | "mcl01", framed) => assert!(framed.is_err(), "{}", row.name),
            ("clerr", framed) => assert!(matches!(framed, Ok(Frame::Partial { .. }))),
            ("inv2543", framed) => {
                let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
                assert_eq!(framed, Ok(Frame::Message { length: head }), "no Content-Length, so no body");
            }
            ("bigcode", framed) => {
                let Ok(Frame::Message { length }) = framed else { panic!("framed before it is parsed") };
                assert!(Message::parse_stream(&bytes[..length]).is_err());
            }
            (name, framed) => {
                let Ok(Frame::Message { length }) = framed else { panic!("{name}: {framed:?}") };
                let on_stream = Message::parse_stream(&bytes[..length]).unwrap();
                assert_eq!(on_stream, Message::parse_datagram(&bytes).unwrap(), "{name}");
            }
        }
    }
}

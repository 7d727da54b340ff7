//! Which edits of a script are refused, and why.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

use strowger_sip::bounds::{MAX_HEAD, MAX_MESSAGE};
use strowger_sip::{Edit, EditError, HeaderEdit, HeaderId, Message};

const MESSAGE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nVia: v\r\nTo: t\r\nl: 0\r\n\r\n";

fn check(edit: &Edit) -> Result<(), EditError> {
    let message = Message::parse_datagram(MESSAGE).unwrap();
    edit.check_in(message.head())
}

fn value(bytes: &[u8]) -> Edit {
    Edit::Append(HeaderEdit::new(HeaderId::SUBJECT, bytes))
}

#[test]
fn what_may_be_done() {
    let fine = [
        value(b"any \xff byte, \"quoted\""),
        value(b""),
        Edit::Prepend(HeaderEdit::named("X-Mine", *b"1")),
        Edit::Replace { index: 1, value: (*b"u").into() },
        Edit::Remove { index: 1 },
        Edit::RemoveAll(HeaderId::TO, "".into()),
        Edit::RemoveAll(HeaderId::OTHER, "X-Mine".into()),
        Edit::SetRequestUri("tel:+1".into()),
        Edit::SetBody { content_type: "".into(), content: [].into() },
    ];
    for edit in fine {
        assert_eq!(check(&edit), Ok(()), "{edit:?}");
    }
}

#[test]
fn values_hold_no_line_breaks_and_are_bounded() {
    for bytes in [&b"a\r\nVia: b"[..], b"a\n", b"\r", b"\0"] {
        assert_eq!(check(&value(bytes)), Err(EditError::LineBreak));
        assert_eq!(check(&Edit::Replace { index: 1, value: bytes.into() }), Err(EditError::LineBreak));
    }
    let content_type = Edit::SetBody { content_type: "a/b\r\n".into(), content: [].into() };
    assert_eq!(check(&content_type), Err(EditError::LineBreak));
    assert_eq!(check(&value(&vec![b'x'; MAX_HEAD])), Ok(()));
    assert_eq!(check(&value(&vec![b'x'; MAX_HEAD + 1])), Err(EditError::TooLarge));
    let body = |size: usize| Edit::SetBody { content_type: "a/b".into(), content: vec![0; size].into() };
    assert_eq!(check(&body(MAX_MESSAGE)), Ok(()));
    assert_eq!(check(&body(MAX_MESSAGE + 1)), Err(EditError::TooLarge));
}

#[test]
fn names_are_tokens_and_numbers_are_in_the_table() {
    for name in ["", "two words", "a:b", "\u{e9}", "a\r\nb"] {
        assert_eq!(check(&Edit::Append(HeaderEdit::named(name, *b"1"))), Err(EditError::Name), "{name:?}");
        assert_eq!(check(&Edit::RemoveAll(HeaderId::OTHER, name.into())), Err(EditError::Name), "{name:?}");
    }
    assert_eq!(check(&Edit::Append(HeaderEdit::new(HeaderId(9999), *b"1"))), Err(EditError::Name));
}

#[test]
fn indexes_are_in_range() {
    assert_eq!(check(&Edit::Remove { index: 3 }), Err(EditError::Index(3)));
    let far = Edit::Replace { index: u32::MAX, value: [].into() };
    assert_eq!(check(&far), Err(EditError::Index(3)));
}

#[test]
fn via_and_content_length_are_the_hosts() {
    let via = Err(EditError::Host(HeaderId::VIA));
    let length = Err(EditError::Host(HeaderId::CONTENT_LENGTH));
    assert_eq!(check(&Edit::Append(HeaderEdit::new(HeaderId::VIA, *b"x"))), via);
    assert_eq!(check(&Edit::Prepend(HeaderEdit::named("V", *b"x"))), via);
    let by_name = HeaderEdit { id: HeaderId::OTHER, name: "content-length".into(), value: (*b"1").into() };
    assert_eq!(check(&Edit::Append(by_name)), length);
    assert_eq!(check(&Edit::RemoveAll(HeaderId::OTHER, "l".into())), length);
    assert_eq!(check(&Edit::Remove { index: 0 }), via);
    assert_eq!(check(&Edit::Replace { index: 2, value: (*b"1").into() }), length);
}

#[test]
fn request_uris_are_uris() {
    for uri in ["", "bob", "sip:a b", "sip:a\r\n"] {
        assert_eq!(check(&Edit::SetRequestUri(uri.into())), Err(EditError::RequestUri), "{uri:?}");
    }
}

#[test]
fn debug_says_nothing_about_people() {
    let edit = Edit::Append(HeaderEdit::new(HeaderId::FROM, *b"<sip:alice@atlanta.com>"));
    assert_eq!(format!("{edit:?}"), "Append(From \"\", 23 bytes)");
    let edit = Edit::SetRequestUri("sip:alice@atlanta.com".into());
    assert_eq!(format!("{edit:?}"), "SetRequestUri(21 bytes)");
}

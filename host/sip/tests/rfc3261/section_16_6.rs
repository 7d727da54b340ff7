//! §16.6 A copy of the request, changed: what a draft prints.

use strowger_sip::bounds::MAX_CHANGES;
use strowger_sip::{Draft, Edit, HeaderEdit, HeaderId, Message};

use super::{INVITE, message, printed};

/// A sends INVITE; the proxy takes itself out of Route, adds Record-Route and Via, counts down.
#[test]
fn what_a_proxy_forwards() {
    let text = INVITE.replacen("Max-Forwards", "Route: <sip:p1;lr>,\n  <sip:p2;lr>\nmax-FORWARDS", 1);
    let request = message(&text);
    let head = request.head();
    let top = head.values(HeaderId::ROUTE).next().unwrap();
    let mut draft = Draft::forward(head);
    draft.set_request_uri("sip:bob@192.0.2.4");
    draft.prepend(HeaderId::RECORD_ROUTE, "<sip:p1;lr>");
    draft.prepend(HeaderId::VIA, b"SIP/2.0/TCP p1.biloxi.com;branch=z9hG4bK1");
    draft.put(HeaderId::MAX_FORWARDS, 69_u32);
    draft.replace(top.span_index as usize, top.rest);
    let expected = "\
INVITE sip:bob@192.0.2.4 SIP/2.0
Via: SIP/2.0/TCP p1.biloxi.com;branch=z9hG4bK1
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds
Record-Route: <sip:p1;lr>
Route: <sip:p2;lr>
max-FORWARDS: 69
To: Bob <sip:bob@biloxi.com>
";
    assert!(printed(&draft).starts_with(expected), "{}", printed(&draft));
    assert!(printed(&draft).ends_with("Content-Length: 4\n\nv=00"));
}

#[test]
fn nothing_changed_is_nothing_lost() {
    let request = message("OPTIONS   sip:a  SIP/2.0 \nTO :\n a  \nv:x,,y\nX-Y  :\n\nbody");
    assert_eq!(printed(&Draft::forward(request.head())).into_bytes(), {
        let text = String::from_utf8(request.bytes().to_vec()).unwrap();
        text.replace("\r\n", "\n").into_bytes()
    });
}

#[test]
fn prepends_stand_before_all_others_of_their_name() {
    let request = message("OPTIONS sip:a SIP/2.0\nVia: 1\nVia: 2\nTo: t\nRoute: r\n\n");
    let mut draft = Draft::forward(request.head());
    draft.append(HeaderId::ROUTE, "last");
    draft.prepend(HeaderId::ROUTE, "second");
    draft.prepend(HeaderId::ROUTE, "first");
    draft.append_named("X-New", "2");
    draft.prepend_named("x-new", "1");
    draft.prepend_named("v", "0");
    let expected = "OPTIONS sip:a SIP/2.0\nVia: 0\nVia: 1\nVia: 2\nx-new: 1\nTo: t\nRoute: first\nRoute: second\nRoute: r\n\
        Route: last\nX-New: 2\n\n";
    assert_eq!(printed(&draft), expected);
}

#[test]
fn the_last_change_of_a_header_field_counts() {
    let request = message("OPTIONS sip:a SIP/2.0\nA: 1\nB: 2\nC: 3\n\n");
    let mut draft = Draft::forward(request.head());
    draft.replace(0, "x");
    draft.remove(0);
    draft.remove(1);
    draft.replace(1, "y");
    draft.replace(9, "nowhere");
    draft.remove(9);
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nB: y\nC: 3\n\n");
}

#[test]
fn remove_all_also_takes_what_was_added() {
    let request = message("OPTIONS sip:a SIP/2.0\nQ: 1\nk: 100rel\nq: 2\nSupported: path\nTo: t\n\n");
    let mut draft = Draft::forward(request.head());
    draft.append_named("Q", "3");
    draft.prepend(HeaderId::SUPPORTED, "outbound");
    draft.remove_all_named("Q");
    draft.remove_all(HeaderId::SUPPORTED);
    draft.append(HeaderId::SUPPORTED, "timer");
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: t\nSupported: timer\n\n");
}

#[test]
fn put_replaces_or_adds() {
    let request = message("OPTIONS sip:a SIP/2.0\nTo: t\n\n");
    let mut draft = Draft::forward(request.head());
    draft.put(HeaderId::MAX_FORWARDS, 70_u32);
    draft.put(HeaderId::MAX_FORWARDS, 69_u32);
    draft.put(HeaderId::TO, String::from("u"));
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: u\nMax-Forwards: 69\n\n");
}

#[test]
fn content_length_follows_the_body() {
    let request = message("OPTIONS sip:a SIP/2.0\nl: 2\nc: text/plain\nTo: t\nContent-Length: 2\n\nhi");
    let mut draft = Draft::forward(request.head());
    draft.body("text/html", "hello");
    draft.remove_all(HeaderId::CONTENT_LENGTH);
    draft.replace(0, "9");
    draft.append(HeaderId::CONTENT_LENGTH, "9");
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nl: 5\nc: text/html\nTo: t\n\nhello");
    let mut draft = Draft::forward(request.head());
    draft.body("", "");
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nl: 0\nTo: t\n\n");
}

#[test]
fn a_stream_needs_content_length() {
    let request = message("OPTIONS sip:a SIP/2.0\nTo: t\n\nhello");
    let mut draft = Draft::forward(request.head());
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: t\n\nhello");
    draft.ensure_content_length();
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: t\nContent-Length: 5\n\nhello");
    draft.body("a/b", "12");
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: t\nContent-Type: a/b\nContent-Length: 2\n\n12");
    let has_it = message("OPTIONS sip:a SIP/2.0\nl: 5\n\nhello");
    let mut draft = Draft::forward(has_it.head());
    draft.ensure_content_length();
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nl: 5\n\nhello");
}

#[test]
fn messages_out_of_nothing() {
    let mut draft = Draft::request("MESSAGE", "sip:bob@biloxi.com");
    draft.append(HeaderId::TO, "<sip:bob@biloxi.com>");
    draft.prepend(HeaderId::VIA, "SIP/2.0/UDP a");
    draft.put(HeaderId::TO, "<sip:b>");
    draft.set_request_uri("sip:c");
    draft.body("text/plain", "hi");
    assert_eq!(
        printed(&draft),
        "MESSAGE sip:c SIP/2.0\nVia: SIP/2.0/UDP a\nTo: <sip:b>\nContent-Type: text/plain\nContent-Length: 2\n\nhi"
    );
    let mut draft = Draft::response(486, "");
    draft.set_request_uri("sip:c");
    assert_eq!(printed(&draft), "SIP/2.0 486 Busy Here\nContent-Length: 0\n\n");
    assert!(printed(&Draft::response(0, "x")).starts_with("SIP/2.0 500 x\n"));
}

/// No value can end its header field early, whatever it holds.
#[test]
fn values_hold_no_line_breaks() {
    let request = message("OPTIONS sip:a SIP/2.0\nTo: t\n\n");
    let mut draft = Draft::forward(request.head());
    draft.append(HeaderId::SUBJECT, "a\r\nVia: forged");
    draft.append_named("X\r\nY", "not a name");
    draft.prepend_named("two words", "not a name");
    draft.append_named("", "not a name");
    draft.append(HeaderId(9999), "not a number of the table");
    draft.append_named("X-Nul", "\0");
    draft.set_request_uri("sip:b SIP/2.0\r\nVia: forged");
    let mut out = Vec::new();
    draft.print(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("\r\n").count(), 5, "{text:?}");
    assert!(!text.contains("not a"), "{text:?}");
}

#[test]
fn the_number_of_changes_is_bounded() {
    let request = message("OPTIONS sip:a SIP/2.0\nTo: t\n\n");
    let mut draft = Draft::forward(request.head());
    for _ in 0..MAX_CHANGES {
        draft.append(HeaderId::SUBJECT, "x");
    }
    assert!(!draft.is_full());
    draft.append(HeaderId::SUBJECT, "y");
    assert!(draft.is_full() && !printed(&draft).contains("Subject: y"));
    draft.remove_all(HeaderId::SUBJECT);
    assert_eq!(printed(&draft), "OPTIONS sip:a SIP/2.0\nTo: t\n\n");
}

/// A script's edits do what the methods do.
#[test]
fn edits_are_applied() {
    let request = message("OPTIONS sip:a SIP/2.0\nVia: v\nTo: t\nQ: 1\nSubject: s\n\nhi");
    let edits = [
        Edit::Append(HeaderEdit::new(HeaderId::EXPIRES, *b"60")),
        Edit::Append(HeaderEdit::named("X-After", *b"a")),
        Edit::Prepend(HeaderEdit::named("q", *b"0")),
        Edit::Replace { index: 1, value: (*b"u").into() },
        Edit::Remove { index: 3 },
        Edit::RemoveAll(HeaderId::OTHER, "expires".into()),
        Edit::SetRequestUri("sip:b".into()),
        Edit::SetBody { content_type: "a/b".into(), content: (*b"hello").into() },
    ];
    let mut draft = Draft::forward(request.head());
    for edit in &edits {
        assert_eq!(edit.check_in(request.head()), Ok(()), "{edit:?}");
        draft.apply(edit);
    }
    let expected = "OPTIONS sip:b SIP/2.0\nVia: v\nTo: u\nq: 0\nQ: 1\nX-After: a\nContent-Type: a/b\nContent-Length: 5\n\nhello";
    assert_eq!(printed(&draft), expected);
    let again = Message::parse_stream(printed(&draft).replace('\n', "\r\n").as_bytes());
    assert!(again.is_ok());
}

//! §8.2.6 Responses to a request, §12.1.1 Record-Route in those that make a dialog.

use strowger_sip::{Edit, HeaderEdit, HeaderId, Message, respond};

use super::message;

const REQUEST: &str = "\
INVITE sip:bob@biloxi.com SIP/2.0
v: SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/UDP b
Record-Route: <sip:p1;lr>
Via : SIP/2.0/TCP c
To: Bob <sip:bob@biloxi.com>
From: Alice <sip:alice@atlanta.com>;tag=19
Timestamp: 54
Subject: private
Call-ID: a84b
CSeq: 1 INVITE

";

fn response(request: &Message, status: u16, tag: Option<&str>) -> String {
    let mut out = Vec::new();
    respond(request.head(), status, "", tag, &mut out, |_| {});
    let parsed = Message::parse_stream(&out).expect("a response parses");
    assert_eq!((parsed.status(), parsed.bytes()), (status, &out[..]));
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}

#[test]
fn what_every_response_copies() {
    let expected = "\
SIP/2.0 404 Not Found
v: SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/UDP b
Via : SIP/2.0/TCP c
To: Bob <sip:bob@biloxi.com>;tag=x1
From: Alice <sip:alice@atlanta.com>;tag=19
Call-ID: a84b
CSeq: 1 INVITE
Content-Length: 0

";
    assert_eq!(response(&message(REQUEST), 404, Some("x1")), expected);
    assert_eq!(response(&message(REQUEST), 404, None), expected.replace(";tag=x1", ""));
}

#[test]
fn a_to_tag_that_is_there_stays() {
    let request =
        message(&REQUEST.replace("To: Bob <sip:bob@biloxi.com>", "t: <sip:bob@biloxi.com>\n ;tag=old"));
    let text = response(&request, 200, Some("new"));
    assert!(text.contains("t: <sip:bob@biloxi.com>\n ;tag=old\n") && !text.contains("new"));
}

#[test]
fn timestamp_goes_into_100_and_record_route_into_what_makes_a_dialog() {
    let has = |status: u16, line: &str| response(&message(REQUEST), status, Some("x")).contains(line);
    assert!(has(100, "\nTimestamp: 54\n") && !has(180, "Timestamp"));
    assert!(has(180, "\nRecord-Route: <sip:p1;lr>\n") && has(200, "\nRecord-Route: <sip:p1;lr>\n"));
    assert!(!has(100, "Record-Route") && !has(404, "Record-Route") && !has(302, "Record-Route"));
    let options = message(&REQUEST.replace("INVITE", "OPTIONS"));
    assert!(!response(&options, 200, None).contains("Record-Route"));
}

#[test]
fn header_fields_and_a_body_are_added() {
    let request = message(REQUEST);
    let edits = [
        Edit::Append(HeaderEdit::named("x-mine", *b"1")),
        Edit::Prepend(HeaderEdit::named("s", *b"2")),
        Edit::Remove { index: 0 },
        Edit::SetBody { content_type: "text/plain".into(), content: b"hello".as_slice().into() },
    ];
    let mut out = Vec::new();
    respond(request.head(), 200, "Fine", None, &mut out, |response| {
        response.header(HeaderId::EXPIRES, 60_u32);
        response.header(HeaderId::CONTENT_LENGTH, "7");
        response.header_named("Server", "here\r\nVia: forged");
        edits.iter().for_each(|edit| response.apply(edit));
    });
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("SIP/2.0 200 Fine\r\nv: "));
    let added = "\r\nExpires: 60\r\nServer: here  Via: forged\r\nx-mine: 1\r\nSubject: 2\r\n\
        Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
    assert!(text.ends_with(added), "{text}");
}

#[test]
fn a_status_out_of_range_is_500() {
    let mut out = Vec::new();
    respond(message(REQUEST).head(), 999, "", None, &mut out, |_| {});
    assert!(out.starts_with(b"SIP/2.0 500 Server Internal Error\r\n"));
}

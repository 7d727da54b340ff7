//! §8.1.1 What a request must hold, §8.2.2 and §16.3 item 1: what is answered with which status.

use strowger_sip::{HeaderError, HeaderId, Why, validate};

use super::{INVITE, message};

fn why(text: &str) -> (u16, Why) {
    let invalid = validate(&message(text).head()).expect_err(text);
    (invalid.status, invalid.why)
}

#[test]
fn a_whole_request_and_a_whole_response_are_valid() {
    assert_eq!(validate(&message(INVITE).head()), Ok(()));
    let response = INVITE.replacen("INVITE sip:bob@biloxi.com SIP/2.0", "SIP/2.0 180 Ringing", 1);
    assert_eq!(validate(&message(&response).head()), Ok(()));
}

#[test]
fn what_makes_a_transaction_is_mandatory() {
    let mandatory = [HeaderId::VIA, HeaderId::TO, HeaderId::FROM, HeaderId::CALL_ID, HeaderId::CSEQ];
    for id in mandatory {
        let start = format!("\n{}: ", id.name());
        let without = INVITE.replacen(&start, "\nX-Was: ", 1);
        assert_eq!(why(&without), (400, Why::Header(HeaderError::Missing(id))));
    }
    for optional in ["Max-Forwards", "Contact", "Content-Length", "Content-Type"] {
        let without = INVITE.replacen(&format!("\n{optional}: "), "\nX-Was: ", 1);
        assert_eq!(validate(&message(&without).head()), Ok(()), "{optional}");
    }
}

#[test]
fn single_header_fields_stand_once() {
    for line in ["f: <sip:x>", "t: <sip:x>", "i: x", "CSeq: 1 INVITE", "Max-Forwards: 1", "c: a/b", "l: 4"] {
        let twice = INVITE.replacen("\nContact", &format!("\n{line}\nContact"), 1);
        assert!(matches!(why(&twice), (400, Why::Repeated(_))), "{line}");
    }
    let vias = INVITE.replacen("\nContact", "\nVia: SIP/2.0/TCP other\nContact", 1);
    assert_eq!(validate(&message(&vias).head()), Ok(()));
}

#[test]
fn each_error_has_its_status() {
    let replaced = |from: &str, to: &str| why(&INVITE.replacen(from, to, 1));
    assert_eq!(replaced("SIP/2.0\n", "SIP/3.0\n"), (505, Why::Version));
    assert_eq!(replaced("SIP/2.0\n", "SIP/two\n"), (400, Why::Version));
    assert_eq!(replaced("SIP/2.0\n", "SIP/2.0 \n"), (400, Why::StartLine));
    assert_eq!(replaced("INVITE sip", "INVITE  sip"), (400, Why::StartLine));
    assert!(matches!(replaced("sip:bob@biloxi.com SIP", "bob SIP"), (400, Why::RequestUri(_))));
    assert_eq!(replaced("com SIP", "com?a=b SIP"), (400, Why::RequestUriHeaders));
    assert_eq!(replaced("314159 INVITE", "314159 ACK"), (400, Why::Method));
    assert_eq!(replaced("Content-Length: 4", "Content-Length: 5"), (400, Why::BodyLength));
    let header = |from: &str, to: &str, id: HeaderId| match replaced(from, to) {
        (400, Why::Header(error)) => assert_eq!(error.header(), id, "{to}"),
        other => panic!("{to}: {other:?}"),
    };
    header("SIP/2.0/UDP", "SIP/3.0/UDP", HeaderId::VIA);
    header("Via: SIP", "Via: HTTP", HeaderId::VIA);
    header("To: Bob <", "To: Bob, B <", HeaderId::TO);
    header("From: Alice <", "From: \"Alice <", HeaderId::FROM);
    header("a84b4c76e66710@", "a84b 6710@", HeaderId::CALL_ID);
    header("314159 INVITE", "INVITE", HeaderId::CSEQ);
    header("Max-Forwards: 70", "Max-Forwards: 256", HeaderId::MAX_FORWARDS);
    header("Max-Forwards: 70", "Max-Breadth: x", HeaderId::MAX_BREADTH);
    header("Content-Length: 4", "Content-Length: four", HeaderId::CONTENT_LENGTH);
    header("Contact: <", "Contact: \"<", HeaderId::CONTACT);
    let to = replaced("To: Bob <sip:", "To: Bob < sip:");
    assert!(matches!(to, (400, Why::Uri { header: HeaderId::TO, .. })));
}

/// §7.1: the SIP-Version is compared without regard to case. §8.1.1.5: any method that CSeq repeats.
#[test]
fn what_is_odd_but_valid() {
    let lower = INVITE.replacen("com SIP/2.0\n", "com sip/2.0\n", 1);
    assert_eq!(validate(&message(&lower).head()), Ok(()));
    let odd = INVITE.replace("INVITE", "!odd*");
    assert_eq!(validate(&message(&odd).head()), Ok(()));
}

/// The error says where and what, and nothing about people.
#[test]
fn errors_keep_quiet_about_people() {
    let text = INVITE.replacen("From: Alice <", "From: \"Alice <", 1);
    let invalid = validate(&message(&text).head()).unwrap_err();
    assert_eq!(invalid.to_string(), "From: expected the end of a quoted string at byte 0 of the value");
    assert_eq!(
        format!("{:?}", message(INVITE)),
        "Request { method: Invite, header_fields: 9, head_bytes: 348, body_bytes: 4 }"
    );
}

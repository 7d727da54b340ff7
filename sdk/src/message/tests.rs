use super::*;
use crate::decision::Edit;
use crate::sip;
use crate::testing::TestMessage;
use ::sip::Method;

fn message() -> TestMessage {
    sip!(
        "
        INVITE sip:bob@example.org SIP/2.0
        From: \"Alice\" <sip:alice@example.org>;tag=a
        Supported: path, 100rel
        X-Note: first
        Supported: timer
        x-note: second
        "
    )
}

fn with_request<T>(test: impl FnOnce(&mut Request<'_>) -> T) -> T {
    let message = message();
    let view = message.view(true);
    let view = sip::view::View::parse(&view).unwrap();
    let ink = Ink::default();
    test(&mut Request::new(view.head(), &ink))
}

fn values<'n>(request: &Request<'_>, name: impl Into<FieldName<'n>>) -> Vec<String> {
    request.values(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[test]
fn a_message_is_read_by_name_and_by_type() {
    with_request(|request| {
        assert_eq!(request.method(), Method::Invite);
        assert_eq!(request.uri().unwrap().user(), Some(&b"bob"[..]));
        assert_eq!(request.from().unwrap().tag(), Some(&b"a"[..]));
        assert_eq!(request.from().unwrap().uri().unwrap().aor(), "sip:alice@example.org");
        assert_eq!(request.cseq().unwrap().method, Method::Invite);
        assert_eq!(request.text("X-NOTE"), Some("first"));
        assert_eq!(values(request, "k"), ["path", "100rel", "timer"]);
        assert!(request.has_option(HeaderId::SUPPORTED, "100REL"));
        assert!(!request.has("P-Asserted-Identity"));
        assert!(!request.is_in_dialog());
        assert_eq!(request.contacts().count(), 0);
        assert_eq!(
            request.name_addr(HeaderId::REFER_TO).unwrap_err(),
            HeaderError::Missing(HeaderId::REFER_TO)
        );
    });
}

#[test]
fn an_edit_is_seen_by_the_next_read_and_what_was_read_before_stays() {
    with_request(|request| {
        let before = request.from().unwrap();
        request.set_header(HeaderId::FROM, "<sip:anonymous@anonymous.invalid>;tag=a");
        assert_eq!(before.uri_bytes, b"sip:alice@example.org");
        assert_eq!(request.from().unwrap().uri_bytes, b"sip:anonymous@anonymous.invalid");

        request.append("X-Note", "third").prepend("x-NOTE", "zeroth");
        assert_eq!(values(request, "X-Note"), ["zeroth", "first", "second", "third"]);
        request.set_header("X-Note", "only");
        assert_eq!(values(request, "X-Note"), ["only"]);
        request.remove("X-Note");
        assert!(!request.has("X-Note"));
        request.append("X-Note", "again");
        assert_eq!(values(request, "X-Note"), ["again"]);

        request.set_uri("sip:carol@example.net");
        assert_eq!(request.uri().unwrap().aor(), "sip:carol@example.net");
        request.set_body("text/plain", "hello");
        assert_eq!(request.body(), b"hello");
    });
}

#[test]
fn edits_come_out_as_the_contract_counts_them() {
    let index_of = |name: &str| {
        let message = message();
        let head = message.message().head();
        (0..head.spans().len()).find(|index| head.name_of(*index) == name.as_bytes()).unwrap() as u32
    };
    let taken_back = with_request(|request| {
        request
            .append(HeaderId::PRIVACY, "id")
            .remove(HeaderId::PRIVACY)
            .append("X-New", "1")
            .set_header("X-New", "2");
        request.set_uri("sip:c").set_uri("sip:d");
        request.changes.len()
    });
    assert_eq!(taken_back, 2, "what was taken back leaves no trace");
    let message = message();
    let view = message.view(false);
    let view = sip::view::View::parse(&view).unwrap();
    let ink = Ink::default();
    let mut request = Request::new(view.head(), &ink);
    request.set_header("X-Note", "only").append("X-New", "folded\r\n  value");
    request.set_uri("sip:d");
    assert_eq!(
        request.into_edits(),
        [
            Edit::Remove(index_of("x-note")),
            Edit::Replace((index_of("X-Note"), "only".into())),
            Edit::Append(crate::decision::Header {
                id: 0,
                name: "X-New".into(),
                value: "folded value".into()
            }),
            Edit::SetRequestUri("sip:d".into()),
        ]
    );
}

#[test]
fn a_body_brings_its_content_type_and_the_script_sees_both() {
    with_request(|request| {
        request.set_body("text/plain", "hello");
        assert_eq!(request.text("Content-Type"), Some("text/plain"));
        request.set_body("application/sdp", "v=0");
        assert_eq!(values(request, HeaderId::CONTENT_TYPE), ["application/sdp"]);
        request.set_body("", "");
        assert!(!request.has(HeaderId::CONTENT_TYPE) && request.body().is_empty());
    });
    let edits = |edit: fn(&mut Request<'_>)| {
        let message = message();
        let view = message.view(false);
        let view = sip::view::View::parse(&view).unwrap();
        let ink = Ink::default();
        let mut request = Request::new(view.head(), &ink);
        edit(&mut request);
        request.into_edits()
    };
    let kinds = |edits: &[Edit]| -> Vec<&'static str> {
        let kind = |edit: &Edit| match edit {
            Edit::SetBody(_) => "body",
            Edit::RemoveAll(_) => "remove",
            Edit::Append(_) => "append",
            _ => "other",
        };
        edits.iter().map(kind).collect()
    };
    let plain = edits(|request| {
        request.set_body("text/plain", "hello");
    });
    assert_eq!(kinds(&plain), ["body"]);
    let changed = edits(|request| {
        request.set_body("text/plain", "hello").set_header("Content-Type", "text/html");
    });
    assert_eq!(kinds(&changed), ["body", "remove", "append"]);
    let removed = edits(|request| {
        request.set_body("text/plain", "hello").remove("Content-Type");
    });
    assert_eq!(kinds(&removed), ["body", "remove"]);
}

#[test]
fn some_of_several_header_fields_are_removed() {
    with_request(|request| {
        request.append("X-Note", "second").append("X-Note", "third");
        request.remove_where("X-Note", |value| value == b"second");
        assert_eq!(values(request, "X-Note"), ["first", "third"]);
        request.set_header("X-Note", "new").remove_where("X-Note", |value| value == b"new");
        assert!(!request.has("X-Note"));
    });
}

#[test]
fn a_response_knows_the_method_it_answers() {
    let message = sip!("SIP/2.0 486 Busy Here\nCSeq: 2 INVITE");
    let view = message.view(false);
    let view = sip::view::View::parse(&view).unwrap();
    let ink = Ink::default();
    let mut response = Response::new(view.head(), &ink);
    assert_eq!((response.status(), response.reason()), (486, &b"Busy Here"[..]));
    assert_eq!(response.method(), Method::Invite);
    response.append("Reason", "SIP;cause=486");
    assert_eq!(response.text("Reason"), Some("SIP;cause=486"));
}

//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. The targets themselves are in
//! `host/fuzz`; `tests/mutations.rs` runs the same bodies on mutated messages. Not part of the crate's interface.

mod choices;
mod mutants;

use std::net::SocketAddr;

pub use choices::Choices;
pub use mutants::Mutants;

use crate::bounds::MAX_URI;
use crate::{
    Draft, Excerpt, Frame, Head, HeaderId, Message, NameAddr, Params, ParseError, Uri, Via, View, frame,
    respond, unfold, unquote, validate, view as views,
};

/// A fuzz target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] =
    [("datagram", datagram), ("stream", stream), ("uri", uri), ("header", header), ("view", view)];

/// What a target takes, out of a message: the message, one of its values, or its view.
pub fn seed(message: &[u8], target: &str, mutants: &mut Mutants) -> Vec<u8> {
    let parsed = Message::parse_datagram(message);
    match (target, parsed) {
        ("uri", Ok(message)) if message.is_request() && mutants.below(3) == 0 => {
            message.request_uri().to_vec()
        }
        ("uri", Ok(message)) => {
            let contact = message.head().addresses(HeaderId::CONTACT).flatten().next();
            contact.map_or(b"sip:a@b;c=d?e=f".to_vec(), |address| address.uri_bytes.to_vec())
        }
        ("header", Ok(message)) => message.head().value_of(mutants.below(message.spans().len())).to_vec(),
        ("view", Ok(message)) => {
            let mut out = Vec::new();
            views::write(message.head(), mutants.below(2) == 0, &mut out);
            out
        }
        ("stream", _) => [message, b"\r\n\r\n", message].concat(),
        _ => message.to_vec(),
    }
}

/// A datagram: parsed, read, printed as it came, changed, answered; or, where it is no message, refused.
pub fn datagram(bytes: &[u8]) {
    let message = match Message::parse_datagram(bytes) {
        Ok(message) => message,
        Err(error) => return refused(bytes, error),
    };
    let head = message.head();
    read_all(head);
    let mut out = Vec::new();
    Draft::forward(head).print(&mut out);
    assert_eq!(out, message.bytes(), "what was not changed prints as it came");
    forward(head);
    stamp(bytes, &message);
    out.clear();
    respond(head, 200, "", Some("tag"), &mut out, |response| response.header(HeaderId::SERVER, "x"));
    // One to a message at its bounds may have grown beyond them.
    let is_at_bounds = head.spans().len() + 2 > crate::bounds::MAX_HEADERS
        || head.raw_head().len() + 100 > crate::bounds::MAX_HEAD;
    assert!(Message::parse_stream(&out).is_ok() || is_at_bounds, "a response parses");
    out.clear();
    views::write(head, true, &mut out);
    let view = View::parse(&out).expect("a view of a message is read");
    assert_eq!(view.to_message(), message, "a view reads like its message");
}

/// What is left of bytes that are no message can be answered.
fn refused(bytes: &[u8], error: ParseError) {
    let source = SocketAddr::from(([192, 0, 2, 1], 5060));
    let Some(Excerpt { request, status }) = Excerpt::of(bytes, error, source) else { return };
    assert!(request.is_request() && request.bytes().len() <= bytes.len() + 256, "an excerpt is no longer");
    let mut out = Vec::new();
    respond(request.head(), status, "", Some("tag"), &mut out, |_| {});
    assert!(Message::parse_stream(&out).is_ok(), "a refusal parses");
}

/// A stream, all at once and byte by byte: framing never goes beyond its input, and what it frames ends there.
pub fn stream(bytes: &[u8]) {
    let mut at = 0;
    while let Ok(framed) = frame(&bytes[at..]) {
        let rest = &bytes[at..];
        match framed {
            Frame::Partial { need_at_least } => {
                assert!(need_at_least > rest.len(), "a partial message needs more");
                return;
            }
            Frame::Keepalive { consumed, .. } => {
                assert!(consumed == 2 || consumed == 4);
                at += consumed;
            }
            Frame::Message { length } => {
                assert!(length > 0 && length <= rest.len(), "a frame lies within its input");
                let early = frame(&rest[..length - 1]);
                assert!(!matches!(early, Ok(Frame::Message { .. })), "a message ends with its last byte");
                if let Ok(message) = Message::parse_stream(&rest[..length]) {
                    assert_eq!(message.bytes().len(), length, "parser and framer see the same message");
                    read_all(message.head());
                }
                at += length;
            }
        }
    }
}

/// A URI: its pieces are pieces of it, and it equals itself.
pub fn uri(bytes: &[u8]) {
    let Ok(uri) = Uri::parse(bytes) else { return };
    assert_eq!(uri.as_bytes(), bytes);
    assert!(uri.equivalent(&uri), "a URI equals itself");
    let aor = uri.aor();
    assert!(aor.len() <= 3 * bytes.len() + 4, "an address-of-record grows by escapes only");
    if aor.len() <= MAX_URI {
        let again = Uri::parse(aor.as_bytes()).expect("an address-of-record is a URI");
        assert_eq!(again.aor(), aor, "the canonical form is canonical");
    }
    let _ = (uri.number(), uri.unescaped_user(), uri.transport(), uri.is_loose(), uri.port());
    assert!(uri.header_components().count() <= bytes.len());
    assert!(uri.params().iter().all(|param| !param.name.is_empty()));
}

/// One header field value, read as every type there is.
pub fn header(bytes: &[u8]) {
    let mut text = b"OPTIONS sip:a SIP/2.0\r\nX: ".to_vec();
    let _ = (unfold(bytes), unquote(bytes));
    if let Ok(params) = Params::parse(bytes) {
        assert!(params.iter().all(|param| !param.name.is_empty()));
    }
    if let Ok(address) = NameAddr::parse(bytes) {
        let _ = (address.uri().map(|uri| uri.aor()), address.display_name(), address.q(), address.expires());
    }
    let _ = Via::parse(bytes).map(|via| (via.received(), via.rport(), via.maddr(), via.ttl()));
    let value: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).collect();
    for id in HeaderId::all() {
        text.extend_from_slice(format!("\r\n{}: ", id.name()).as_bytes());
        text.extend_from_slice(value.get(..200).unwrap_or(&value));
    }
    text.extend_from_slice(b"\r\n\r\n");
    if let Ok(message) = Message::parse_datagram(&text) {
        read_all(message.head());
    }
}

/// A view out of any bytes: refused, or read within them.
pub fn view(bytes: &[u8]) {
    let Ok(view) = View::parse(bytes) else { return };
    let head = view.head();
    read_all(head);
    let mut out = Vec::new();
    Draft::forward(head).print(&mut out);
    views::write(head, true, &mut out);
}

/// Reads everything there is to read.
fn read_all(head: Head<'_>) {
    let _ = validate(&head);
    let _ = (head.version(), head.reason(), head.method_token(), head.uri().map(|uri| uri.aor()));
    let _ =
        (head.max_forwards(), head.max_breadth(), head.content_length(), head.content_type(), head.call_id());
    let _ = (head.expires(), head.min_expires(), head.session_expires(), head.min_se(), head.event());
    let _ = (head.subscription_state(), head.rack(), head.cseq(), head.from_tag(), head.to_tag());
    let _ = (head.vias().count(), head.contacts().count(), head.reasons().count());
    for id in [HeaderId::AUTHORIZATION, HeaderId::PROXY_AUTHORIZATION] {
        for credentials in head.credentials(id).flatten() {
            let _ = (credentials.param("nonce"), credentials.params().count());
        }
    }
    let _ = head
        .challenges(HeaderId::WWW_AUTHENTICATE)
        .flatten()
        .filter_map(|challenge| challenge.realm())
        .count();
    for id in [HeaderId::ROUTE, HeaderId::RECORD_ROUTE, HeaderId::PATH, HeaderId::P_ASSERTED_IDENTITY] {
        let _ = (head.addresses(id).count(), head.option_tags(id).count());
        for value in head.values(id) {
            let whole = head.value_of(value.span_index as usize);
            assert!(
                !value.bytes.is_empty() && value.bytes.len() <= whole.len(),
                "an element lies in its value"
            );
            assert_eq!(value.is_last_of_span, value.rest.is_empty());
        }
    }
    for index in 0..head.spans().len() {
        let (name, value) = (head.name_of(index), head.value_of(index));
        assert!(name.len() + value.len() <= head.raw_head().len());
        let _ = (unfold(value), unquote(value));
    }
    let _ = crate::header::date::parse(head.header(HeaderId::DATE).unwrap_or_default());
    let _ = crate::RetryAfter::parse(head.header(HeaderId::RETRY_AFTER).unwrap_or_default());
    let _ = crate::DialogReference::parse(head.header(HeaderId::REPLACES).unwrap_or_default());
}

/// Forwards as a proxy does, and finds in the result what was put in.
fn forward(head: Head<'_>) {
    let mut draft = Draft::forward(head);
    draft.prepend(HeaderId::VIA, "SIP/2.0/UDP proxy;branch=z9hG4bKfuzz");
    draft.prepend(HeaderId::RECORD_ROUTE, "<sip:proxy;lr>");
    draft.put(HeaderId::MAX_FORWARDS, 69_u32);
    draft.remove_all(HeaderId::SUBJECT);
    draft.body("text/plain", "fuzz");
    let mut out = Vec::new();
    draft.print(&mut out);
    // A message at its bounds may have grown beyond them; any other must parse.
    let is_at_bounds = head.spans().len() + 6 > crate::bounds::MAX_HEADERS
        || head.raw_head().len() + 300 > crate::bounds::MAX_HEAD;
    match Message::parse_stream(&out) {
        Ok(forwarded) => {
            let forwarded = forwarded.head();
            assert_eq!(forwarded.header(HeaderId::VIA), Some(&b"SIP/2.0/UDP proxy;branch=z9hG4bKfuzz"[..]));
            assert_eq!(forwarded.header(HeaderId::RECORD_ROUTE), Some(&b"<sip:proxy;lr>"[..]));
            assert_eq!(forwarded.count(HeaderId::VIA), head.count(HeaderId::VIA) + 1);
            assert_eq!((forwarded.max_forwards(), forwarded.count(HeaderId::SUBJECT)), (Ok(Some(69)), 0));
            assert_eq!((forwarded.body(), forwarded.request_uri()), (&b"fuzz"[..], head.request_uri()));
        }
        Err(error) => assert!(is_at_bounds, "what was forwarded does not parse: {error}"),
    }
}

/// Stamping the source changes the top Via at most.
fn stamp(bytes: &[u8], message: &Message) {
    let source = std::net::SocketAddr::from(([192, 0, 2, 1], 5060));
    let stamped = Message::parse_datagram_from(bytes, source).expect("it parsed before");
    let (one, two) = (stamped.head(), message.head());
    assert_eq!((one.spans().len(), one.body()), (two.spans().len(), two.body()));
    let via = two.index_of(HeaderId::VIA);
    for index in (0..one.spans().len()).filter(|index| Some(*index) != via) {
        assert_eq!(one.value_of(index), two.value_of(index), "only the top Via is stamped");
    }
    if let Ok(via) = one.via()
        && one.is_request()
    {
        let is_told = via.received() == Some(source.ip()) || via.host.is_ip(source.ip());
        assert!(is_told, "the top Via tells the source");
        assert_eq!(Some(Ok(via)), one.vias().next(), "the top Via that was kept is the one that is there");
    }
}

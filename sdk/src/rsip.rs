//! For those who know the types of the `rsip` crate (0.4): conversions both ways (feature `rsip`), for native tests and
//! tools. rsip itself does not compile to `wasm32-unknown-unknown` (its uuid 0.8 knows no random source there), so
//! enable the feature under `[dev-dependencies]`.
//!
//! In: messages, URIs and header fields of this crate, or rsip's. Out: the other's. Every conversion parses again and
//! copies. rsip refuses much that is allowed: `tel:` and `urn:` URIs, IPv6
//! addresses, folded header fields, SHA-256 challenges. Such a message is an error here, not a panic.

use crate::message::{Message, Request, Response};
use crate::testing::TestMessage;
use ::rsip as theirs;
use sip::{HeaderId, Uri};

/// The request as it stands, edits included.
impl TryFrom<&Request<'_>> for theirs::Request {
    type Error = theirs::Error;

    fn try_from(request: &Request<'_>) -> Result<Self, Self::Error> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(request.method_token());
        bytes.push(b' ');
        bytes.extend_from_slice(request.uri_bytes());
        bytes.extend_from_slice(b" SIP/2.0\r\n");
        request.print_fields(&mut bytes);
        theirs::Request::try_from(bytes)
    }
}

/// The response as it stands, edits included.
impl TryFrom<&Response<'_>> for theirs::Response {
    type Error = theirs::Error;

    fn try_from(response: &Response<'_>) -> Result<Self, Self::Error> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(b"SIP/2.0 ");
        bytes.extend_from_slice(response.status().to_string().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(response.reason());
        bytes.extend_from_slice(b"\r\n");
        response.print_fields(&mut bytes);
        theirs::Response::try_from(bytes)
    }
}

/// A message of rsip's, as a test's message.
impl TryFrom<theirs::SipMessage> for TestMessage {
    type Error = sip::ParseError;

    fn try_from(message: theirs::SipMessage) -> Result<Self, Self::Error> {
        TestMessage::from_bytes(String::from(message).as_bytes())
    }
}

/// A URI in rsip's terms.
///
/// # Errors
/// rsip cannot read it.
pub fn uri(uri: &Uri<'_>) -> Result<theirs::Uri, theirs::Error> {
    theirs::Uri::try_from(String::from_utf8_lossy(uri.as_bytes()).into_owned())
}

impl Message<'_> {
    /// Appends a header field of rsip's. Via and Content-Length are the host's and are left out.
    pub fn append_rsip(&mut self, header: &theirs::Header) -> &mut Self {
        let line = header.to_string();
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let id = HeaderId::from_name(name.as_bytes());
        if id != HeaderId::VIA && id != HeaderId::CONTENT_LENGTH {
            self.append(name, value.trim());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::Ink;
    use rsip::prelude::*;

    #[test]
    fn a_request_goes_over_with_its_edits_and_header_fields_come_back() {
        let message = crate::sip!(
            "
            INVITE sip:bob@example.org SIP/2.0
            Contact: <sip:alice@192.0.2.1>
            Content-Type: text/plain

            hello
            "
        );
        let view = message.view(true);
        let view = sip::view::View::parse(&view).unwrap();
        let ink = Ink::default();
        let mut request = Request::new(view.head(), &ink);
        request.append("Subject", "lunch").prepend("Route", "<sip:a.example.org;lr>").remove("Contact");
        request.set_uri("sip:carol@example.org");
        let theirs = rsip::Request::try_from(&request).unwrap();
        assert_eq!(theirs.method, rsip::Method::Invite);
        assert_eq!(theirs.uri.user(), Some("carol"));
        assert_eq!(theirs.body, b"hello\r\n");
        assert_eq!(theirs.from_header().unwrap().uri().unwrap().to_string(), "sip:alice@example.org");
        assert!(theirs.contact_header().is_err());
        assert_eq!(theirs.headers.iter().filter(|h| h.to_string() == "Subject: lunch").count(), 1);

        request.append_rsip(&rsip::headers::Organization::from("Example").into());
        request.append_rsip(&rsip::headers::ContentLength::from(7).into());
        assert_eq!(request.text("Organization"), Some("Example"));
        assert_eq!(request.headers(HeaderId::CONTENT_LENGTH).count(), 1);
    }

    #[test]
    fn a_response_goes_over_and_what_rsip_cannot_read_is_an_error() {
        let message = crate::sip!("SIP/2.0 486 Busy Here");
        let view = message.view(true);
        let view = sip::view::View::parse(&view).unwrap();
        let ink = Ink::default();
        let theirs = rsip::Response::try_from(&Response::new(view.head(), &ink)).unwrap();
        assert_eq!(theirs.status_code, rsip::StatusCode::BusyHere);
        let own = Uri::parse(b"sip:bob@example.org:5070").unwrap();
        assert_eq!(uri(&own).unwrap().port().map(|port| *port.value()), Some(5070));
        assert!(uri(&Uri::parse(b"sip:bob@[2001:db8::1]").unwrap()).is_err());
    }

    #[test]
    fn a_message_of_rsips_can_be_asked_about() {
        let theirs = rsip::SipMessage::try_from(
            "OPTIONS sip:example.org SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 2\r\n\r\nhi",
        );
        let message = TestMessage::try_from(theirs.unwrap()).unwrap();
        assert_eq!(message.message().method(), sip::Method::Options);
        assert_eq!(message.message().body(), b"hi");
    }
}

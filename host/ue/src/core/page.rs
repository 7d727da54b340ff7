//! MESSAGE: pages of text, and the short messages of TS 24.341 in their own media type (RFC 3428).
//!
//! In: a page to send, MESSAGEs that come. Out: MESSAGE, its answer, events. What a short message says (RP-DATA,
//! RP-ACK; TS 24.011) is the driver's: bytes go through as they are.

use std::fmt;

use sip::{HeaderId, Message, Method};
use transaction::{ServerId, Time};

use super::dialog::text;
use super::event::Event;
use super::line::{Line, Purpose};

/// What a phone reads.
const ACCEPT: [&str; 2] = ["text/plain", Page::SMS];

/// Names a MESSAGE of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}", self.0)
    }
}

/// A page to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whom: a URI.
    pub to: String,
    /// The media type.
    pub content_type: String,
    /// What, at most [`MAX_PAGE`](crate::bounds::MAX_PAGE) bytes.
    pub body: Vec<u8>,
    /// The Call-ID of the MESSAGE that it answers (TS 24.341 §5.3.2.4).
    pub in_reply_to: Option<String>,
}

impl Page {
    /// The media type of short messages (TS 24.341 §5.3.1.2).
    pub const SMS: &str = "application/vnd.3gpp.sms";

    /// A page of text.
    #[must_use]
    pub fn text(to: &str, text: &str) -> Page {
        let content_type = "text/plain;charset=UTF-8".to_owned();
        Page { to: to.to_owned(), content_type, body: text.as_bytes().to_vec(), in_reply_to: None }
    }

    /// A short message: RPDU bytes.
    #[must_use]
    pub fn sms(to: &str, rpdu: Vec<u8>) -> Page {
        Page { to: to.to_owned(), content_type: Page::SMS.to_owned(), body: rpdu, in_reply_to: None }
    }
}

/// Sends a page. False: there is no room for it.
pub(crate) fn send(line: &mut Line, now: Time, id: MessageId, page: Page) -> bool {
    let identity = line.standing.identity.clone();
    let is_sms = page.content_type.eq_ignore_ascii_case(Page::SMS);
    let mut request =
        line.request(Method::Message, &page.to).with(HeaderId::P_PREFERRED_IDENTITY, format!("<{identity}>"));
    if is_sms {
        request = request
            .with(HeaderId::ACCEPT_CONTACT, "*;+g.3gpp.smsip")
            .with(HeaderId::REQUEST_DISPOSITION, "no-fork");
    }
    if let Some(call_id) = page.in_reply_to {
        request = request.with(HeaderId::IN_REPLY_TO, call_id);
    }
    let request = request.with_body(&page.content_type, page.body);
    line.send(now, request, Purpose::Message(id)).is_some()
}

/// A MESSAGE came: answers it.
pub(crate) fn received(line: &mut Line, now: Time, id: ServerId, request: &Message) {
    let head = request.head();
    let kind = head.content_type().ok().flatten();
    // Without a body there is nothing to refuse (RFC 3428 §7).
    let is_known = head.body().is_empty()
        || kind.is_some_and(|kind| ACCEPT.into_iter().any(|accepted| kind.is(accepted)));
    if !is_known {
        let tag = line.luck.token();
        line.respond(now, id, request, (415, &tag), |response| {
            response.header(HeaderId::ACCEPT, ACCEPT.join(", "));
        });
        return;
    }
    line.answer(now, id, request, 200);
    line.tell(
        now,
        Event::Message {
            from: head.from().map(|from| text(from.uri_bytes)).unwrap_or_default(),
            content_type: head.header(HeaderId::CONTENT_TYPE).map(text).unwrap_or_default(),
            body: head.body().to_vec(),
            call_id: head.call_id().map(text).unwrap_or_default(),
        },
    );
}

//! A request as a value (RFC 3261 §8.1.1), until its Via is known.
//!
//! In: what it says. Out: its bytes. Which requests there are is the procedures' matter.

use bytes::Bytes;
use sip::{Draft, HeaderId, Method};

/// Max-Forwards of a request that begins here (§8.1.1.6).
const MAX_FORWARDS: u32 = 70;

/// A request without its Via.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: String,
    /// Values of Route, next hop first.
    pub(crate) routes: Vec<String>,
    /// The value of From.
    pub(crate) from: String,
    /// The value of To.
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) headers: Vec<(HeaderId, String)>,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Adds a header field.
    #[must_use]
    pub(crate) fn with(mut self, id: HeaderId, value: impl Into<String>) -> Request {
        self.headers.push((id, value.into()));
        self
    }

    /// Gives a header field this value, whether it was there before or not.
    pub(crate) fn set(&mut self, id: HeaderId, value: impl Into<String>) {
        self.headers.retain(|(own, _)| *own != id);
        self.headers.push((id, value.into()));
    }

    #[must_use]
    pub(crate) fn with_body(mut self, content_type: &str, body: Vec<u8>) -> Request {
        self.content_type = content_type.to_owned();
        self.body = body;
        self
    }

    /// The bytes, at their exact size.
    pub(crate) fn print(&self, via: &str) -> Bytes {
        let mut draft = Draft::request(self.method.as_str(), &self.uri);
        draft.append(HeaderId::VIA, via);
        draft.append(HeaderId::MAX_FORWARDS, MAX_FORWARDS);
        for route in &self.routes {
            draft.append(HeaderId::ROUTE, route);
        }
        draft.append(HeaderId::FROM, &self.from);
        draft.append(HeaderId::TO, &self.to);
        draft.append(HeaderId::CALL_ID, &self.call_id);
        draft.append(HeaderId::CSEQ, format!("{} {}", self.cseq, self.method.as_str()));
        for (id, value) in &self.headers {
            draft.append(*id, value);
        }
        if !self.body.is_empty() {
            draft.body(&*self.content_type, &*self.body);
        }
        let mut out = Vec::new();
        draft.print(&mut out);
        Bytes::from(out.into_boxed_slice())
    }
}

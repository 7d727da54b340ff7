//! Requests of a script's own (RFC 3261 §8.1): a SUBSCRIBE, a third-party REGISTER. In: what it is to say. Out:
//! [`OwnRequest`], for [`Host::send`](crate::Host::send). The answer comes to
//! [`Plugin::on_answer`](crate::Plugin::on_answer).

use crate::decision::{Attr, Body, Header};
use crate::field::FieldName;
use crate::ims::ApplicationServer;

/// The attribute of a third-party REGISTER's body (`docs/attributes.md`).
pub(crate) const THIRD_PARTY: u16 = 5;

/// A request, being put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnRequest {
    /// No INVITE, ACK or CANCEL.
    pub method: String,
    /// The Request-URI.
    pub uri: String,
    /// Route values, outermost first.
    pub route: Vec<String>,
    /// From, To, Contact and whatever else belongs into it.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: Option<Body>,
    /// `on_answer` is told with it; empty: nobody is.
    pub token: String,
    /// Give up after this many ms; 0: Timer F.
    pub timeout_ms: u32,
    /// Room to grow.
    pub attrs: Vec<Attr>,
}

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendRefusal {
    /// More than 32 in one call, or the host is busy.
    TooMany,
    /// It breaks the rules of the contract.
    Malformed,
}

impl OwnRequest {
    /// A request with From and To; From gets a tag, and Call-ID and CSeq are made, unless they are given.
    pub fn new(method: &str, uri: impl Into<String>, from: &str, to: &str) -> Self {
        Self { method: method.to_owned(), uri: uri.into(), ..Self::default() }
            .header(sip::HeaderId::FROM, from)
            .header(sip::HeaderId::TO, to)
    }

    /// Add a header field.
    #[must_use]
    pub fn header<'n>(mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> Self {
        self.headers.push(name.into().header(value.into()));
        self
    }

    /// A Route value, behind those that it has.
    #[must_use]
    pub fn via_route(mut self, route: impl Into<String>) -> Self {
        self.route.push(route.into());
        self
    }

    /// Give it a body.
    #[must_use]
    pub fn body(mut self, content_type: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body { content_type: content_type.into(), content: content.into() });
        self
    }

    /// Give it the body of a third-party REGISTER to this server (TS 24.229 §5.4.1.7), as its criteria want it: of
    /// ServiceInfo, the REGISTER in hand, and the answer that this hook decides on.
    #[must_use]
    pub fn third_party_body(mut self, server: &ApplicationServer) -> Self {
        let info = server.service_info.as_deref();
        let flags = u8::from(server.include_register_request)
            | u8::from(server.include_register_response) << 1
            | u8::from(info.is_some()) << 2;
        let mut value = vec![flags];
        value.extend_from_slice(info.unwrap_or_default().as_bytes());
        self.attrs.push(Attr { tag: THIRD_PARTY, value });
        self
    }

    /// Tell `on_answer` with this token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// Give up after this many ms.
    #[must_use]
    pub fn timeout_ms(mut self, timeout: u32) -> Self {
        self.timeout_ms = timeout;
        self
    }
}

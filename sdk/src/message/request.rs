//! A request in a script's hands (RFC 3261 §7.1).
//!
//! In: the host's view of a request. Out: what only requests have; the rest is [`Message`]'s.

use std::ops::{Deref, DerefMut};

use super::{Change, Message};
use crate::decision::Edit;
use crate::ink::Ink;
use sip::{Head, Method, Uri, UriError};

/// A request. Everything that concerns header fields is [`Message`]'s.
#[derive(Debug)]
pub struct Request<'a>(Message<'a>);

impl<'a> Request<'a> {
    pub(crate) fn new(head: Head<'a>, ink: &'a Ink) -> Self {
        Self(Message::new(head, ink))
    }

    /// The method; [`Method::Other`] for one without a name here.
    #[must_use]
    pub fn method(&self) -> Method {
        self.head.method()
    }

    /// The method as it came.
    #[must_use]
    pub fn method_token(&self) -> &'a [u8] {
        self.head.method_token()
    }

    /// The Request-URI.
    pub fn uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri_bytes())
    }

    /// The Request-URI, not looked at.
    #[must_use]
    pub fn uri_bytes(&self) -> &'a [u8] {
        let set = self.changes.iter().rev().find_map(|change| match *change {
            Change::SetRequestUri(uri) => Some(uri.as_bytes()),
            _ => None,
        });
        set.unwrap_or_else(|| self.head.request_uri())
    }

    /// Replaces the Request-URI.
    pub fn set_uri(&mut self, uri: impl Into<String>) -> &mut Self {
        let uri = self.pen.text(uri.into());
        self.changes.retain(|change| !matches!(change, Change::SetRequestUri(_)));
        self.changes.push(Change::SetRequestUri(uri));
        self
    }

    /// Whether it is inside a dialog: its To has a tag (§12.2).
    #[must_use]
    pub fn is_in_dialog(&self) -> bool {
        self.head.to_tag().is_some()
    }

    pub(crate) fn into_edits(self) -> Vec<Edit> {
        self.0.into_edits()
    }
}

impl<'a> Deref for Request<'a> {
    type Target = Message<'a>;
    fn deref(&self) -> &Message<'a> {
        &self.0
    }
}

impl DerefMut for Request<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

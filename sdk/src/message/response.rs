//! A response in a script's hands (RFC 3261 §7.2).
//!
//! In: the host's view of a response. Out: what only responses have; the rest is [`Message`]'s.

use std::ops::{Deref, DerefMut};

use super::Message;
use crate::decision::Edit;
use crate::ink::Ink;
use sip::{Head, Method};

/// A response. Everything that concerns header fields is [`Message`]'s.
#[derive(Debug)]
pub struct Response<'a>(Message<'a>);

impl<'a> Response<'a> {
    pub(crate) fn new(head: Head<'a>, ink: &'a Ink) -> Self {
        Self(Message::new(head, ink))
    }

    /// 100 to 699.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// The reason phrase; it may be empty.
    #[must_use]
    pub fn reason(&self) -> &'a [u8] {
        self.head.reason()
    }

    /// The method of the request it answers, from its CSeq.
    #[must_use]
    pub fn method(&self) -> Method {
        self.cseq().map_or(Method::Other, |cseq| cseq.method)
    }

    pub(crate) fn into_edits(self) -> Vec<Edit> {
        self.0.into_edits()
    }
}

impl<'a> Deref for Response<'a> {
    type Target = Message<'a>;
    fn deref(&self) -> &Message<'a> {
        &self.0
    }
}

impl DerefMut for Response<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

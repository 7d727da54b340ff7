//! A message in a script's hands (RFC 3261 §7): read without copying, edited, and read again as edited.
//!
//! In: the host's view of a message. Out: header fields as octets, URIs and typed values, which borrow from the view
//! and stay readable whatever is edited afterwards. Reading asks the host nothing. What may be edited the host decides:
//! Via, Content-Length and its own Route entries may not.

mod edit;
mod lines;
mod request;
mod response;
mod seen;
#[cfg(test)]
mod tests;

use crate::field::FieldName;
use crate::ink::{Ink, Pen};
use sip::{CSeq, Contact, Head, HeaderError, HeaderId, HeaderSpan, NameAddr, Via};

pub use lines::{Lines, Values};
pub use request::Request;
pub use response::Response;
use seen::Seen;

/// A change made by the script, its texts in ink.
#[derive(Debug, Clone, Copy)]
enum Change<'a> {
    Append(FieldName<'a>, &'a str),
    Prepend(FieldName<'a>, &'a str),
    Replace(u32, &'a str),
    Remove(u32),
    SetRequestUri(&'a str),
    SetBody(&'a str, &'a [u8]),
}

/// What requests and responses have in common: header fields and a body.
#[derive(Debug)]
pub struct Message<'a> {
    head: Head<'a>,
    pen: Pen<'a>,
    changes: Vec<Change<'a>>,
    seen: Seen,
}

/// Reading. Every method sees the edits made so far.
impl<'a> Message<'a> {
    fn new(head: Head<'a>, ink: &'a Ink) -> Self {
        Self { head, pen: ink.pen(), changes: Vec::new(), seen: Seen::of(head.spans()) }
    }

    /// The message as it came, without edits.
    #[must_use]
    pub fn received(&self) -> Head<'a> {
        self.head
    }

    /// The value of the first header field of this name. A folded value comes as it came; see [`sip::unfold`].
    pub fn header<'n>(&self, name: impl Into<FieldName<'n>>) -> Option<&'a [u8]> {
        self.headers(name).next()
    }

    /// The same as text; `None` also where it is not UTF-8.
    pub fn text<'n>(&self, name: impl Into<FieldName<'n>>) -> Option<&'a str> {
        std::str::from_utf8(self.header(name)?).ok()
    }

    /// Whether there is a header field of this name.
    pub fn has<'n>(&self, name: impl Into<FieldName<'n>>) -> bool {
        self.header(name).is_some()
    }

    /// The value of each header field of this name, from the top down; a comma-separated list is one value.
    pub fn headers<'n>(&self, name: impl Into<FieldName<'n>>) -> Lines<'_, 'a, 'n> {
        Lines::of(self, name.into())
    }

    /// Each element of the comma-separated lists in the header fields of this name, from the top down. Not for
    /// header fields whose commas mean something else: Authorization and its like, Date.
    pub fn values<'n>(&self, name: impl Into<FieldName<'n>>) -> Values<'_, 'a, 'n> {
        Values::of(self.headers(name))
    }

    /// Whether anything was edited.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Index of the first header field of this name at or behind `from`, in the message as it came.
    fn next_index(&self, name: FieldName<'_>, from: usize) -> Option<usize> {
        let spans = self.head.spans().get(from..)?;
        let found = match name {
            FieldName::Known(id) => spans.iter().position(|span| span.id == id),
            FieldName::Text(_) => {
                (from..).zip(spans).position(|(i, span)| name.is(span.id, self.head.name_of(i)))
            }
        };
        found.map(|distance| from + distance)
    }

    /// Indexes of the header fields of this name in the message as it came.
    fn indexes<'n>(&self, name: FieldName<'n>) -> impl Iterator<Item = u32> + use<'a, 'n> {
        let head = self.head;
        let spans = if self.seen.may_have(name) { head.spans() } else { &[] };
        let is_named =
            move |(index, span): &(u32, &HeaderSpan)| name.is(span.id, head.name_of(*index as usize));
        (0..).zip(spans).filter(is_named).map(|(index, _)| index)
    }

    /// The value of a header field as it came, or as it was replaced; `None` where it was removed.
    fn value_at(&self, index: u32) -> Option<&'a [u8]> {
        for change in self.changes.iter().rev() {
            match *change {
                Change::Replace(own, value) if own == index => return Some(value.as_bytes()),
                Change::Remove(own) if own == index => return None,
                _ => {}
            }
        }
        Some(self.head.value_of(index as usize))
    }

    /// From (§20.20).
    pub fn from(&self) -> Result<NameAddr<'a>, HeaderError> {
        self.single(HeaderId::FROM)
    }

    /// To (§20.39).
    pub fn to(&self) -> Result<NameAddr<'a>, HeaderError> {
        self.single(HeaderId::TO)
    }

    /// A header field that is no list.
    fn single(&self, id: HeaderId) -> Result<NameAddr<'a>, HeaderError> {
        let value = self.header(id).ok_or(HeaderError::Missing(id))?;
        NameAddr::parse(value).map_err(|error| error.of(id))
    }

    /// The first value of a header field that is a `name-addr` or `addr-spec` with parameters, such as From,
    /// P-Asserted-Identity, Refer-To or Path.
    pub fn name_addr<'n>(&self, name: impl Into<FieldName<'n>>) -> Result<NameAddr<'a>, HeaderError> {
        let name = name.into();
        let id = match name {
            FieldName::Known(id) => id,
            FieldName::Text(_) => HeaderId::OTHER,
        };
        let value = self.values(name).next().ok_or(HeaderError::Missing(id))?;
        NameAddr::parse(value).map_err(|error| error.of(id))
    }

    /// Every value of such a header field.
    pub fn name_addrs<'n>(
        &self,
        name: impl Into<FieldName<'n>>,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, HeaderError>> {
        self.values(name).map(NameAddr::parse)
    }

    /// Contact (§20.10): addresses, or `*`.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'a>, HeaderError>> {
        self.values(HeaderId::CONTACT).map(Contact::parse)
    }

    /// Call-ID (§20.8).
    #[must_use]
    pub fn call_id(&self) -> &'a [u8] {
        self.header(HeaderId::CALL_ID).unwrap_or_default()
    }

    /// CSeq (§20.16).
    pub fn cseq(&self) -> Result<CSeq<'a>, HeaderError> {
        let value = self.header(HeaderId::CSEQ).ok_or(HeaderError::Missing(HeaderId::CSEQ))?;
        CSeq::parse(value).map_err(|error| error.of(HeaderId::CSEQ))
    }

    /// The topmost Via (§20.42).
    pub fn via(&self) -> Result<Via<'a>, HeaderError> {
        self.head.via()
    }

    /// Whether the option tag is listed in this header field: Supported, Require, Proxy-Require (§19.2).
    pub fn has_option<'n>(&self, name: impl Into<FieldName<'n>>, tag: &str) -> bool {
        self.values(name).any(|own| own.eq_ignore_ascii_case(tag.as_bytes()))
    }

    /// The body; empty where there is none, and where the manifest does not want it (ask
    /// [`Host::body`](crate::Host::body) then).
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        let set = self.changes.iter().rev().find_map(|change| match *change {
            Change::SetBody(_, content) => Some(content),
            _ => None,
        });
        set.unwrap_or_else(|| self.head.body())
    }
}

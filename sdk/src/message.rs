//! A message in a script's hands (RFC 3261 §7): read without copying, edited, and read again as edited.
//!
//! In: the host's view of a message. Out: header fields as octets, URIs and typed values, which borrow from the view
//! and stay readable whatever is edited afterwards; and the edits, for the decision. Reading asks the host nothing.
//! What may be edited the host decides: Via, Content-Length and its own Route entries may not.

use std::ops::{Deref, DerefMut};

use crate::decision::{Body, Edit};
use crate::elements::elements;
use crate::field::FieldName;
use crate::ink::{Ink, Pen};
use sip::{CSeq, Contact, Head, HeaderError, HeaderId, Method, NameAddr, Uri, UriError, Via};

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
}

/// Reading. Every method sees the edits made so far.
impl<'a> Message<'a> {
    fn new(head: Head<'a>, ink: &'a Ink) -> Self {
        Self { head, pen: ink.pen(), changes: Vec::new() }
    }

    /// The message as it came, without edits.
    #[must_use]
    pub fn received(&self) -> Head<'a> {
        self.head
    }

    /// The value of the first header field of this name. A folded value comes as it came; see [`sip::unfold`].
    #[inline]
    pub fn header<'n>(&self, name: impl Into<FieldName<'n>>) -> Option<&'a [u8]> {
        self.lines(name.into()).next()
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
    pub fn headers<'n>(&self, name: impl Into<FieldName<'n>>) -> impl Iterator<Item = &'a [u8]> {
        self.lines(name.into())
    }

    /// Each element of the comma-separated lists in the header fields of this name, from the top down. Not for
    /// header fields whose commas mean something else: Authorization and its like, Date.
    pub fn values<'n>(&self, name: impl Into<FieldName<'n>>) -> impl Iterator<Item = &'a [u8]> {
        self.lines(name.into()).flat_map(elements)
    }

    fn lines<'n>(&self, name: FieldName<'n>) -> impl Iterator<Item = &'a [u8]> {
        let prepended = self.changes.iter().rev().filter_map(move |change| match *change {
            Change::Prepend(own, value) if own == name => Some(value.as_bytes()),
            _ => None,
        });
        let received = self.indexes(name).filter_map(|index| self.value_at(index));
        let appended = self.changes.iter().filter_map(move |change| match *change {
            Change::Append(own, value) if own == name => Some(value.as_bytes()),
            _ => None,
        });
        prepended.chain(received).chain(appended)
    }

    /// Indexes of the header fields of this name in the message as it came.
    #[inline]
    fn indexes<'n>(&self, name: FieldName<'n>) -> impl Iterator<Item = u32> + use<'a, 'n> {
        let head = self.head;
        let is_named = move |index: usize, id: HeaderId| match name {
            FieldName::Known(own) => own == id,
            FieldName::Text(_) => name.is(id, head.name_of(index)),
        };
        (0..).zip(head.spans()).filter(move |(index, span)| is_named(*index as usize, span.id)).map(|(index, _)| index)
    }

    /// The value of a header field as it came, or as it was replaced; `None` where it was removed.
    #[inline]
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
        self.name_addr(HeaderId::FROM)
    }

    /// To (§20.39).
    pub fn to(&self) -> Result<NameAddr<'a>, HeaderError> {
        self.name_addr(HeaderId::TO)
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

/// Editing. Later reads see it at once; it is done to the message when the hook has ended, and only where the
/// decision sends this message on (`relay`, `next`, `pass`).
impl<'a> Message<'a> {
    /// Gives the header field this one value: the first of its name gets it, others of its name are removed; without
    /// one it is appended.
    pub fn set_header<'n>(&mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> &mut Self {
        let name = name.into();
        let first = self.indexes(name).next();
        self.remove(name);
        match first {
            None => self.append(name, value),
            Some(first) => {
                let value = self.pen.text(crate::field::one_line(value.into()));
                self.changes.retain(|change| !matches!(change, Change::Remove(index) if *index == first));
                self.changes.push(Change::Replace(first, value));
                self
            }
        }
    }

    /// Adds a header field after all others.
    pub fn append<'n>(&mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> &mut Self {
        let (name, value) = self.write(name.into(), value.into());
        self.changes.push(Change::Append(name, value));
        self
    }

    /// Adds a header field before all others of its name.
    pub fn prepend<'n>(&mut self, name: impl Into<FieldName<'n>>, value: impl Into<String>) -> &mut Self {
        let (name, value) = self.write(name.into(), value.into());
        self.changes.push(Change::Prepend(name, value));
        self
    }

    /// Removes every header field of this name; nothing happens where there is none.
    pub fn remove<'n>(&mut self, name: impl Into<FieldName<'n>>) -> &mut Self {
        let name = name.into();
        if !self.changes.is_empty() {
            let head = self.head;
            self.changes.retain(|change| match *change {
                Change::Append(own, _) | Change::Prepend(own, _) => own != name,
                Change::Replace(index, _) | Change::Remove(index) => {
                    let index = index as usize;
                    !head.spans().get(index).is_some_and(|span| name.is(span.id, head.name_of(index)))
                }
                Change::SetRequestUri(_) | Change::SetBody(..) => true,
            });
        }
        for index in self.indexes(name) {
            self.changes.push(Change::Remove(index));
        }
        self
    }

    /// Removes the header fields of this name whose whole value is one of those: credentials of one realm, say.
    pub fn remove_where<'n>(
        &mut self,
        name: impl Into<FieldName<'n>>,
        unwanted: impl Fn(&'a [u8]) -> bool,
    ) -> &mut Self {
        let name = name.into();
        self.changes.retain(|change| match *change {
            Change::Append(own, value) | Change::Prepend(own, value) => own != name || !unwanted(value.as_bytes()),
            _ => true,
        });
        for index in self.indexes(name) {
            if self.value_at(index).is_some_and(&unwanted) {
                self.changes.push(Change::Remove(index));
            }
        }
        self
    }

    /// Replaces the body and Content-Type; an empty content removes both.
    pub fn set_body(&mut self, content_type: impl Into<String>, content: impl Into<Vec<u8>>) -> &mut Self {
        let (content_type, content) = self.pen.body(content_type.into(), content.into());
        self.changes.retain(|change| !matches!(change, Change::SetBody(..)));
        self.changes.push(Change::SetBody(content_type, content));
        self
    }

    fn write(&mut self, name: FieldName<'_>, value: String) -> (FieldName<'a>, &'a str) {
        let name = match name {
            FieldName::Known(id) => FieldName::Known(id),
            FieldName::Text(name) => FieldName::Text(self.pen.text(name.to_owned())),
        };
        (name, self.pen.text(crate::field::one_line(value)))
    }

    /// All header fields as they stand, the empty line, and the body.
    #[cfg(feature = "rsip")]
    pub(crate) fn print_fields(&self, out: &mut Vec<u8>) {
        fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
            for part in [name, b": ", value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
        fn name<'n>(name: &FieldName<'n>) -> &'n [u8] {
            match *name {
                FieldName::Known(id) => id.name().as_bytes(),
                FieldName::Text(name) => name.as_bytes(),
            }
        }
        for change in self.changes.iter().rev() {
            if let Change::Prepend(own, value) = change {
                line(name(own), value.as_bytes(), out);
            }
        }
        for index in 0..self.head.spans().len() {
            if let Some(value) = self.value_at(index as u32) {
                line(self.head.name_of(index), value, out);
            }
        }
        for change in &self.changes {
            if let Change::Append(own, value) = change {
                line(name(own), value.as_bytes(), out);
            }
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body());
    }

    /// The edits, in an order that means the same to whoever does them one by one.
    fn into_edits(self) -> Vec<Edit> {
        self.changes
            .into_iter()
            .map(|change| match change {
                Change::Append(name, value) => Edit::Append(name.header(value.to_owned())),
                Change::Prepend(name, value) => Edit::Prepend(name.header(value.to_owned())),
                Change::Replace(index, value) => Edit::Replace((index, value.to_owned())),
                Change::Remove(index) => Edit::Remove(index),
                Change::SetRequestUri(uri) => Edit::SetRequestUri(uri.to_owned()),
                Change::SetBody(content_type, content) => {
                    Edit::SetBody(Body { content_type: content_type.to_owned(), content: content.to_vec() })
                }
            })
            .collect()
    }
}

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

#[cfg(test)]
mod tests;

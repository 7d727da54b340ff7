//! How a script names a header field: `HeaderId::FROM`, `"From"`, `"X-Anything"` (RFC 3261 §7.3.1).
//!
//! In: an id or a name in any case, compact forms included. Out: [`FieldName`], and header fields to be written.
//! Reading and editing are `message.rs`'s.

use crate::decision::Header;
use crate::text::{has_line_break, line};
use sip::HeaderId;

/// The name of a header field. A `HeaderId` costs nothing to match; a name that has one is turned into it.
#[derive(Debug, Clone, Copy)]
pub enum FieldName<'n> {
    /// A well-known header field.
    Known(HeaderId),
    /// Any other, by name.
    Text(&'n str),
}

/// Names are equal in any case (§7.3.1).
impl PartialEq for FieldName<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (FieldName::Known(one), FieldName::Known(two)) => one == two,
            (FieldName::Text(one), FieldName::Text(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        }
    }
}

impl Eq for FieldName<'_> {}

impl From<HeaderId> for FieldName<'static> {
    fn from(id: HeaderId) -> Self {
        FieldName::Known(id)
    }
}

impl<'n> From<&'n str> for FieldName<'n> {
    fn from(name: &'n str) -> Self {
        match HeaderId::from_name(name.as_bytes()) {
            HeaderId::OTHER => FieldName::Text(name),
            id => FieldName::Known(id),
        }
    }
}

impl FieldName<'_> {
    /// Whether a header field with this id and name is meant.
    #[inline]
    pub(crate) fn is(&self, id: HeaderId, name: &[u8]) -> bool {
        match *self {
            FieldName::Known(own) => own == id,
            FieldName::Text(own) => id == HeaderId::OTHER && own.as_bytes().eq_ignore_ascii_case(name),
        }
    }

    /// A header field of this name. A folded value (copied from a message) becomes one line.
    #[must_use]
    pub fn header(&self, value: String) -> Header {
        self.header_of_line(one_line(value))
    }

    /// The same with a value that has no line break.
    pub(crate) fn header_of_line(&self, value: String) -> Header {
        match *self {
            FieldName::Known(id) => Header { id: id.0, name: String::new(), value },
            FieldName::Text(name) => Header { id: 0, name: name.to_owned(), value },
        }
    }
}

/// The value without its line folding (RFC 3261 §7.3.1). No line break is left in it, so that a value can never
/// begin another header field.
pub(crate) fn one_line(value: String) -> String {
    if has_line_break(value.as_bytes()) {
        return line(value.as_bytes());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_an_id_become_it_in_any_case_and_form() {
        assert_eq!(FieldName::from("From"), FieldName::Known(HeaderId::FROM));
        assert_eq!(FieldName::from("f"), FieldName::Known(HeaderId::FROM));
        assert_eq!(FieldName::from("CALL-ID"), FieldName::Known(HeaderId::CALL_ID));
        assert_eq!(FieldName::from("X-Mine"), FieldName::Text("X-Mine"));
        assert!(FieldName::Text("x-mine").is(HeaderId::OTHER, b"X-Mine"));
        assert!(!FieldName::Text("x-mine").is(HeaderId::FROM, b"X-Mine"));
    }

    #[test]
    fn a_line_break_never_gets_through() {
        assert_eq!(one_line("\"A\"\r\n  <sip:a@b>".into()), "\"A\" <sip:a@b>");
        assert_eq!(one_line("a\r\nEvil: yes".into()), "a Evil: yes");
        assert_eq!(one_line("plain".into()), "plain");
    }
}

//! Editing a message, and the edits for the decision.
//!
//! In: names and values. Out: changes that every later read sees, and in the end [`Edit`]s. A value never begins
//! another header field: folding is taken out of it when it is written.

use super::{Change, Message};
use crate::decision::{Body, Edit};
use crate::field::{FieldName, one_line};
use crate::text::text;
use sip::HeaderId;

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
                let value = self.pen.text(one_line(value.into()));
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
        if !self.seen.may_have(name) {
            return self;
        }
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
        if !self.seen.may_have(name) {
            return self;
        }
        self.changes.retain(|change| match *change {
            Change::Append(own, value) | Change::Prepend(own, value) => {
                own != name || !unwanted(value.as_bytes())
            }
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
        let (content_type, content) = (one_line(content_type.into()), content.into());
        match content.is_empty() {
            true => self.remove(HeaderId::CONTENT_TYPE),
            false => self.set_header(HeaderId::CONTENT_TYPE, content_type.clone()),
        };
        let (content_type, content) = self.pen.body(content_type, content);
        self.changes.retain(|change| !matches!(change, Change::SetBody(..)));
        self.changes.push(Change::SetBody(content_type, content));
        self
    }

    fn write(&mut self, name: FieldName<'_>, value: String) -> (FieldName<'a>, &'a str) {
        let name = match name {
            FieldName::Known(id) => FieldName::Known(id),
            FieldName::Text(name) => FieldName::Text(self.pen.text(name.to_owned())),
        };
        self.seen.note(name);
        (name, self.pen.text(one_line(value)))
    }

    /// All header fields as they stand, the empty line, and the body.
    #[cfg(all(feature = "rsip", not(target_arch = "wasm32")))]
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
    pub(super) fn into_edits(mut self) -> Vec<Edit> {
        let body = self.body_edits();
        if !body.is_empty() {
            self.forget_content_type();
        }
        self.changes
            .into_iter()
            .filter_map(|change| match change {
                Change::Append(name, value) => Some(Edit::Append(name.header_of_line(value.to_owned()))),
                Change::Prepend(name, value) => Some(Edit::Prepend(name.header_of_line(value.to_owned()))),
                Change::Replace(index, value) => Some(Edit::Replace((index, value.to_owned()))),
                Change::Remove(index) => Some(Edit::Remove(index)),
                Change::SetRequestUri(uri) => Some(Edit::SetRequestUri(uri.to_owned())),
                Change::SetBody(..) => None,
            })
            .chain(body)
            .collect()
    }

    /// A new body, and the Content-Type that goes with it as the script left that: mostly the one of the body.
    fn body_edits(&self) -> Vec<Edit> {
        let set = self.changes.iter().rev().find_map(|change| match *change {
            Change::SetBody(content_type, content) => Some((content_type, content)),
            _ => None,
        });
        let Some((content_type, content)) = set else { return Vec::new() };
        let body = Edit::SetBody(Body { content_type: content_type.to_owned(), content: content.to_vec() });
        let types: Vec<&[u8]> = self.headers(HeaderId::CONTENT_TYPE).collect();
        let is_expected = match content.is_empty() {
            true => types.is_empty(),
            false => types == [content_type.as_bytes()],
        };
        if is_expected {
            return vec![body];
        }
        let field = |value: &[u8]| FieldName::Known(HeaderId::CONTENT_TYPE).header(text(value).into_owned());
        let appended = types.iter().map(|value| Edit::Append(field(value)));
        [body, Edit::RemoveAll(field(b""))].into_iter().chain(appended).collect()
    }

    /// What was done to Content-Type: the edits of the body say it all.
    fn forget_content_type(&mut self) {
        let (head, name) = (self.head, FieldName::Known(HeaderId::CONTENT_TYPE));
        self.changes.retain(|change| match *change {
            Change::Append(own, _) | Change::Prepend(own, _) => own != name,
            Change::Replace(index, _) | Change::Remove(index) => {
                head.spans().get(index as usize).is_none_or(|span| span.id != HeaderId::CONTENT_TYPE)
            }
            Change::SetRequestUri(_) | Change::SetBody(..) => true,
        });
    }
}

//! Editing a message, and the edits for the decision.
//!
//! In: names and values. Out: changes that every later read sees, and in the end [`Edit`]s. A value never begins
//! another header field: folding is taken out of it when it is written.

use super::{Change, Message};
use crate::decision::{Body, Edit};
use crate::field::{FieldName, one_line};

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
    pub(super) fn into_edits(self) -> Vec<Edit> {
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

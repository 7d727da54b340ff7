//! Walking over the header fields of one name, as they stand after the edits so far.
//!
//! In: a message and a name. Out: [`Lines`], one value for each header field; [`Values`], one for each list element.

use super::{Change, Message};
use crate::elements::Elements;
use crate::field::FieldName;

/// Iterator over the header fields of one name: see [`Message::headers`].
#[derive(Debug, Clone)]
pub struct Lines<'m, 'a, 'n> {
    message: &'m Message<'a>,
    name: FieldName<'n>,
    stage: Stage,
    /// Where to go on: in the changes or in the header fields, as the stage says.
    at: usize,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Prepended,
    Received,
    Appended,
}

impl<'m, 'a, 'n> Lines<'m, 'a, 'n> {
    pub(super) fn of(message: &'m Message<'a>, name: FieldName<'n>) -> Self {
        let changes = message.changes.len();
        let stage = match (message.seen.may_have(name), changes) {
            // Nothing to find: at the end already.
            (false, _) => Stage::Appended,
            (true, 0) => return Self { message, name, stage: Stage::Received, at: 0 },
            (true, _) => Stage::Prepended,
        };
        Self { message, name, stage, at: changes }
    }
}

impl<'a> Iterator for Lines<'_, 'a, '_> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            match self.stage {
                // The one prepended last stands on top.
                Stage::Prepended => match self.at.checked_sub(1) {
                    None => (self.stage, self.at) = (Stage::Received, 0),
                    Some(at) => {
                        self.at = at;
                        if let Change::Prepend(name, value) = self.message.changes[at]
                            && name == self.name
                        {
                            return Some(value.as_bytes());
                        }
                    }
                },
                Stage::Received => match self.message.next_index(self.name, self.at) {
                    None => (self.stage, self.at) = (Stage::Appended, 0),
                    Some(index) => {
                        self.at = index + 1;
                        let value = self.message.value_at(index as u32);
                        if value.is_some() {
                            return value;
                        }
                    }
                },
                Stage::Appended => {
                    let change = *self.message.changes.get(self.at)?;
                    self.at += 1;
                    if let Change::Append(name, value) = change
                        && name == self.name
                    {
                        return Some(value.as_bytes());
                    }
                }
            }
        }
    }
}

/// Iterator over the list elements in the header fields of one name: see [`Message::values`].
#[derive(Debug, Clone)]
pub struct Values<'m, 'a, 'n> {
    lines: Lines<'m, 'a, 'n>,
    rest: Elements<'a>,
}

impl<'m, 'a, 'n> Values<'m, 'a, 'n> {
    pub(super) fn of(lines: Lines<'m, 'a, 'n>) -> Self {
        Self { lines, rest: Elements::default() }
    }
}

impl<'a> Iterator for Values<'_, 'a, '_> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.rest.next() {
                return Some(element);
            }
            self.rest = Elements::of(self.lines.next()?);
        }
    }
}

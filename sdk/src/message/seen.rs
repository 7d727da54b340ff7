//! Which header fields a message may have: most questions of a script are about one that is not there.
//!
//! In: header fields that came, and that are written. Out: whether it is worth looking for one of a name. Nothing is taken
//! out again: what was removed is looked for in vain.

use crate::field::FieldName;
use sip::{HeaderId, HeaderSpan};

/// A bit for each number of a header field below 128; of the others it says that they may be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen([u64; 2]);

impl Seen {
    pub(super) fn of(spans: &[HeaderSpan]) -> Self {
        let mut seen = Self([0; 2]);
        for span in spans {
            seen.note_id(span.id);
        }
        seen
    }

    pub(super) fn note(&mut self, name: FieldName<'_>) {
        self.note_id(id(name));
    }

    fn note_id(&mut self, id: HeaderId) {
        if let Some(word) = self.0.get_mut(usize::from(id.0 / 64)) {
            *word |= 1 << (id.0 % 64);
        }
    }

    /// `false`: none of this name came or was written.
    #[inline]
    pub(super) fn may_have(&self, name: FieldName<'_>) -> bool {
        let id = id(name);
        self.0.get(usize::from(id.0 / 64)).is_none_or(|word| word >> (id.0 % 64) & 1 == 1)
    }
}

/// A name without a number counts as [`HeaderId::OTHER`].
fn id(name: FieldName<'_>) -> HeaderId {
    match name {
        FieldName::Known(id) => id,
        FieldName::Text(_) => HeaderId::OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_may_be_there_and_nothing_else() {
        let mut seen = Seen::of(&[]);
        let numbers = [0, 1, 63, 64, 100, 127];
        for number in numbers {
            assert!(!seen.may_have(FieldName::Known(HeaderId(number))), "{number}");
            seen.note(FieldName::Known(HeaderId(number)));
            assert!(seen.may_have(FieldName::Known(HeaderId(number))), "{number}");
        }
        assert!(!seen.may_have(FieldName::Known(HeaderId(2))));
        assert!(seen.may_have(FieldName::Text("X-Mine")), "as OTHER");
        assert!(seen.may_have(FieldName::Known(HeaderId(128))), "beyond what is noted");
    }
}

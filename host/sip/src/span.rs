//! Where a header field lies in the raw message.
//!
//! In: nothing. Out: [`HeaderSpan`], 16 bytes, the same in memory and in a view (`view.rs`).

use crate::HeaderId;

/// One header field line: its number, and where its name and value lie. Offsets count from the first byte of the
/// message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct HeaderSpan {
    /// The number of the name; `HeaderId::OTHER`: read the name.
    pub id: HeaderId,
    /// [`HeaderSpan::FOLDED`] and others to come.
    pub flags: u16,
    /// First byte of the name.
    pub name_offset: u32,
    /// Bytes of the name, without white space before the colon.
    pub name_length: u16,
    /// Bytes of the value, without white space at its ends.
    pub value_length: u16,
    /// First byte of the value.
    pub value_offset: u32,
}

impl HeaderSpan {
    /// The value holds at least one fold (RFC 3261 §7.3.1): a line break followed by white space.
    pub const FOLDED: u16 = 1;

    /// Where the value ends.
    #[must_use]
    pub const fn value_end(&self) -> usize {
        self.value_offset as usize + self.value_length as usize
    }
}

// The size that views publish.
const _: () = assert!(size_of::<HeaderSpan>() == crate::view::SPAN_LENGTH);

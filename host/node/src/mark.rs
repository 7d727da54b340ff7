//! What a version of a script is known by in this element's Record-Routes: the first bits of its file's digest.
//!
//! In: digests. Out: marks, to be compared. Which version has one is the runtime's to know; how it is written is
//! `flow_token.rs`'s. Two files of one role whose first 32 bits are the same do not happen but by intent, and whoever can load
//! a plugin has better ways.

/// The beginning of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(pub(crate) [u8; Mark::BYTES]);

impl Mark {
    pub(crate) const BYTES: usize = 4;

    /// Of a version by its file's digest in hexadecimal. `None`: it is none.
    #[must_use]
    pub fn of(digest: &str) -> Option<Mark> {
        let digits = digest.get(..2 * Mark::BYTES)?;
        // A sign would be read, too.
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
        Some(Mark(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_eight_digits_count() {
        assert_eq!(Mark::of("01abCDef9999"), Some(Mark([0x01, 0xab, 0xcd, 0xef])));
        assert_eq!(Mark::of("01abcdef"), Mark::of("01abcdef0"));
        assert_eq!(["", "01abcde", "+1abcdef", "01abcdeg", "0éabcdef"].map(Mark::of), [None; 5]);
    }
}

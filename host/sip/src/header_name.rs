//! Finds a header field name in the table (RFC 3261 §7.3.1: case-insensitive; §7.3.3: compact forms).
//!
//! In: the bytes at the start of a header line. Out: the length of the name and its number. A name is read as four
//! words of eight bytes, lower-cased at once, hashed to one slot that is free of collisions (the compiler checks
//! that), and compared word by word: no loop over bytes on the way of a well-known name.
//!
//! Setting bit 5 lower-cases letters and maps no other byte of a header line onto a letter or a hyphen but CR,
//! and lines are cut at CR before their names are looked at.

use crate::header_id::{FIELDS, HeaderId};

/// Bytes of a name that are looked at; no known name is longer.
pub(crate) const WINDOW: usize = 32;

const WORDS: usize = WINDOW / 8;
const CASE: u64 = 0x2020_2020_2020_2020;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const COLONS: u64 = 0x3a3a_3a3a_3a3a_3a3a;
const SLOT_BITS: u32 = 10;

type Words = [u64; WORDS];

/// The words of every long name, by number; zeros for 0.
static LONG: [Words; FIELDS.len() + 1] = long_names();
/// Slot → number of the header field, 0 for none.
static SLOTS: [u8; 1 << SLOT_BITS] = slots();
/// Compact letter less `a` → number of the header field, 0 for none.
static COMPACT: [u8; 26] = compact_forms();

/// The number of a name that stands alone.
pub(crate) fn find(name: &[u8]) -> HeaderId {
    match name {
        [letter] => compact(*letter),
        _ if name.len() >= WINDOW => HeaderId::OTHER,
        _ => look_up(&words(name)),
    }
}

/// The name that a line begins with, up to its colon: its length and number. `None` where no colon is in the
/// window or the name is empty: the slow path has to look. Most names end in the first or second word.
#[inline]
pub(crate) fn at_line_start(window: &[u8; WINDOW]) -> Option<(usize, HeaderId)> {
    if window[1] == b':' {
        return Some((1, compact(window[0])));
    }
    let (words, _) = window.as_chunks::<8>();
    let mut name = [0; WORDS];
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let hit = colons(word);
        if hit != 0 {
            // `hit` is the colon's lowest bit, so the bits below it are those of the name.
            name[i] = (word | CASE) & (hit - 1);
            let length = i * 8 + (hit.trailing_zeros() / 8) as usize;
            return (length > 0).then(|| (length, look_up(&name)));
        }
        name[i] = word | CASE;
    }
    None
}

/// The lowest bit of the first byte that is a colon; 0 where none is.
#[inline]
const fn colons(word: u64) -> u64 {
    let differs = word ^ COLONS;
    let zeros = differs.wrapping_sub(ONES) & !differs & HIGHS;
    let lowest = zeros & zeros.wrapping_neg();
    lowest >> 7
}

#[inline]
fn compact(letter: u8) -> HeaderId {
    let index = (letter | 0x20).wrapping_sub(b'a');
    HeaderId(COMPACT.get(usize::from(index)).copied().unwrap_or(0).into())
}

/// The number of a name in lower case, zeros behind it.
#[inline]
fn look_up(name: &Words) -> HeaderId {
    let number = SLOTS[slot(name)];
    // An empty slot leads to the name 0, which is empty and so differs from every other.
    let found = &LONG[usize::from(number)];
    // Word by word: the words are in registers, and a comparison of arrays would take them through memory.
    let differs = (0..WORDS).fold(0, |differs, i| differs | (name[i] ^ found[i]));
    if differs == 0 { HeaderId(number.into()) } else { HeaderId::OTHER }
}

/// A name's words in lower case, zeros behind it.
const fn words(name: &[u8]) -> Words {
    let mut words = [0; WORDS];
    let mut at = 0;
    while at < name.len() {
        words[at / 8] |= ((name[at] | 0x20) as u64) << (at % 8 * 8);
        at += 1;
    }
    words
}

#[inline]
const fn slot(name: &Words) -> usize {
    let mixed = name[0] ^ name[1].rotate_left(21) ^ name[2].rotate_left(42) ^ name[3].rotate_left(11);
    (mixed.wrapping_mul(MULTIPLIER) >> (64 - SLOT_BITS)) as usize
}

const fn long_names() -> [Words; FIELDS.len() + 1] {
    let mut table = [[0; WORDS]; FIELDS.len() + 1];
    let mut i = 0;
    while i < FIELDS.len() {
        let name = FIELDS[i].name.as_bytes();
        assert!(name.len() < WINDOW, "a name is longer than the window");
        table[i + 1] = words(name);
        i += 1;
    }
    table
}

/// An odd number under which no two names share a slot. Found by trying; where a new name collides, take the next
/// one that compiles.
const MULTIPLIER: u64 = 0xe119_b3ec_7d7a_6b8b;

const fn slots() -> [u8; 1 << SLOT_BITS] {
    assert!(FIELDS.len() < 256, "the slots hold one byte each");
    let names = long_names();
    let mut table = [0; 1 << SLOT_BITS];
    let mut number = 1;
    while number < names.len() {
        let slot = slot(&names[number]);
        assert!(table[slot] == 0, "two header field names share a slot: choose another MULTIPLIER");
        table[slot] = number as u8;
        number += 1;
    }
    table
}

const fn compact_forms() -> [u8; 26] {
    let mut table = [0; 26];
    let mut i = 0;
    while i < FIELDS.len() {
        let letter = FIELDS[i].compact;
        if letter != 0 {
            let index = (letter - b'a') as usize;
            assert!(table[index] == 0, "two header fields share a compact form");
            table[index] = (i + 1) as u8;
        }
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(line: &str) -> [u8; WINDOW] {
        let mut window = [b'\n'; WINDOW];
        let length = line.len().min(WINDOW);
        window[..length].copy_from_slice(&line.as_bytes()[..length]);
        window
    }

    #[test]
    fn a_line_gives_its_name() {
        assert_eq!(at_line_start(&window("Via: SIP/2.0/UDP a")), Some((3, HeaderId::VIA)));
        assert_eq!(at_line_start(&window("v: SIP/2.0/UDP a")), Some((1, HeaderId::VIA)));
        assert_eq!(at_line_start(&window("Call-ID:x:y")), Some((7, HeaderId::CALL_ID)));
        assert_eq!(at_line_start(&window("P-Charging-Function-Addresses: x")), Some((29, HeaderId(63))));
        assert_eq!(at_line_start(&window("X-Mine: Via: a")), Some((6, HeaderId::OTHER)));
        assert_eq!(at_line_start(&window(":via")), None);
        assert_eq!(at_line_start(&window("no colon")), None);
        assert_eq!(at_line_start(&window("1: digit")), Some((1, HeaderId::OTHER)));
    }

    #[test]
    fn bytes_behind_the_colon_do_not_matter() {
        for tail in [b'\0', b'a', b'\xff', b' '] {
            let mut window = [tail; WINDOW];
            window[..13].copy_from_slice(b"Max-Forwards:");
            assert_eq!(at_line_start(&window), Some((12, HeaderId::MAX_FORWARDS)));
        }
    }
}

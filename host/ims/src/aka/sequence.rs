//! Sequence numbers: SQN = SEQ ‖ IND, their generation and their check (TS 33.102 Annex C, profile of §C.3.2: not
//! time-based, IND of 5 bits).
//!
//! ```text
//!   bit 47                     5 4      0
//!       │ SEQ, 43 bits          │ IND    │
//!
//!   home: each vector takes the next SEQ and the next IND.
//!   ISIM: for each IND the largest SEQ that was accepted. SEQ is fresh when it is larger than that one,
//!         and no more than DELTA ahead of the largest of all (§C.2.1: protection against wrapping around).
//! ```
//! In: what was used before. Out: the next number, or whether one is fresh. Not here: where a subscriber's numbers are
//! kept.

/// How many values IND has: vectors may arrive out of order by so many (§C.3.2 `a`).
pub const INDICES: usize = 32;
const INDEX_BITS: u32 = 5;
/// How far SEQ may jump ahead (§C.3.2).
pub const DELTA: u64 = 1 << 28;
const MAX_SEQ: u64 = (1 << 43) - 1;

/// A sequence number of 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sqn(u64);

impl Sqn {
    /// The largest.
    pub const MAX: Sqn = Sqn((1 << 48) - 1);

    /// From a number; `None` where it takes more than 48 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Sqn> {
        if number > Sqn::MAX.0 { None } else { Some(Sqn(number)) }
    }

    /// From six bytes, the first one the highest.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 6]) -> Sqn {
        Sqn(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// As six bytes, the first one the highest.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 6] {
        let [_, _, bytes @ ..] = self.0.to_be_bytes();
        bytes
    }

    /// As a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// SEQ and IND.
    #[must_use]
    pub const fn parts(self) -> (u64, usize) {
        (self.0 >> INDEX_BITS, (self.0 & (INDICES as u64 - 1)) as usize)
    }

    fn of(seq: u64, ind: usize) -> Sqn {
        Sqn((seq.min(MAX_SEQ)) << INDEX_BITS | (ind % INDICES) as u64)
    }
}

/// The home environment's counter for one subscriber: the number of the last vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequenceGenerator {
    last: Sqn,
}

impl SequenceGenerator {
    /// Goes on behind this number; zero for a subscriber who never had a vector.
    #[must_use]
    pub const fn after(last: Sqn) -> SequenceGenerator {
        SequenceGenerator { last }
    }

    /// What has to be kept.
    #[must_use]
    pub const fn last(&self) -> Sqn {
        self.last
    }

    /// The number of the next vector; `None` once all of them are used (§C.3.2: 2^43 vectors).
    pub fn next_sqn(&mut self) -> Option<Sqn> {
        let (seq, ind) = self.last.parts();
        if seq == MAX_SEQ {
            return None;
        }
        self.last = Sqn::of(seq + 1, ind + 1);
        Some(self.last)
    }

    /// The ISIM said which number it accepted last (§6.3.5 step 3 to 5). Where the next one of ours would be fresh to
    /// it nothing changes: an old AUTS must not turn the counter back. Whether it was turned.
    pub fn resynchronise(&mut self, sqn_ms: Sqn) -> bool {
        let next = self.last.parts().0 + 1;
        let theirs = sqn_ms.parts().0;
        if next > theirs && next - theirs <= DELTA {
            return false;
        }
        self.last = sqn_ms;
        true
    }
}

/// The ISIM's memory of accepted numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceChecker {
    accepted: [u64; INDICES],
    /// The largest of all, with its IND.
    sqn_ms: Sqn,
}

impl Default for SequenceChecker {
    fn default() -> SequenceChecker {
        SequenceChecker { accepted: [0; INDICES], sqn_ms: Sqn(0) }
    }
}

impl SequenceChecker {
    /// A memory that was kept: for each IND the largest SEQ that was accepted, 0 where none was.
    #[must_use]
    pub fn restore(accepted: [u64; INDICES]) -> SequenceChecker {
        let accepted = accepted.map(|seq| seq.min(MAX_SEQ));
        // Of several of the same SEQ the first: which one was last is not told, and does not matter.
        let mut sqn_ms = Sqn(0);
        for (ind, seq) in accepted.iter().enumerate() {
            if *seq > sqn_ms.parts().0 {
                sqn_ms = Sqn::of(*seq, ind);
            }
        }
        SequenceChecker { accepted, sqn_ms }
    }

    /// What has to be kept.
    #[must_use]
    pub const fn accepted(&self) -> &[u64; INDICES] {
        &self.accepted
    }

    /// The largest number that was accepted: SQN_MS.
    #[must_use]
    pub const fn sqn_ms(&self) -> Sqn {
        self.sqn_ms
    }

    /// Whether the number is fresh (§C.2.2); then it is remembered, and is not fresh again.
    pub fn accept(&mut self, sqn: Sqn) -> bool {
        let (seq, ind) = sqn.parts();
        let largest = self.sqn_ms.parts().0;
        let Some(accepted) = self.accepted.get_mut(ind) else { return false };
        if seq <= *accepted || seq.saturating_sub(largest) > DELTA {
            return false;
        }
        *accepted = seq;
        if seq > largest {
            self.sqn_ms = sqn;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqn(seq: u64, ind: usize) -> Sqn {
        Sqn::of(seq, ind)
    }

    #[test]
    fn parts_and_bytes() {
        let number = Sqn::from_bytes([0xff, 0x9b, 0xb4, 0xd0, 0xb6, 0x07]);
        assert_eq!((number.number(), number.parts()), (0xff9b_b4d0_b607, (0xff9b_b4d0_b607 >> 5, 7)));
        assert_eq!(number.to_bytes(), [0xff, 0x9b, 0xb4, 0xd0, 0xb6, 0x07]);
        assert_eq!(Sqn::new(1 << 48), None);
        assert_eq!(Sqn::new((1 << 48) - 1), Some(Sqn::MAX));
    }

    #[test]
    fn each_vector_takes_the_next_of_both() {
        let mut generator = SequenceGenerator::after(sqn(9, 30));
        let parts: Vec<_> = (0..3).map(|_| generator.next_sqn().unwrap().parts()).collect();
        assert_eq!(parts, [(10, 31), (11, 0), (12, 1)]);
        assert_eq!(SequenceGenerator::after(Sqn::MAX).next_sqn(), None);
    }

    #[test]
    fn fresh_is_what_is_larger_for_its_index_and_not_too_far_ahead() {
        let mut checker = SequenceChecker::default();
        let steps = [
            (sqn(0, 0), false),
            (sqn(1, 1), true),
            (sqn(1, 1), false),
            (sqn(1, 2), true),
            (sqn(40, 3), true),
            // Out of order: its index has not seen as much.
            (sqn(20, 4), true),
            (sqn(20, 4), false),
            (sqn(19, 4), false),
            (sqn(41 + DELTA, 5), false),
            (sqn(40 + DELTA, 5), true),
            (sqn(41, 6), true),
        ];
        for (number, fresh) in steps {
            assert_eq!(checker.accept(number), fresh, "{number:?}");
        }
        assert_eq!(checker.sqn_ms(), sqn(40 + DELTA, 5));
        assert_eq!(SequenceChecker::restore(*checker.accepted()), checker);
    }

    #[test]
    fn vectors_may_arrive_out_of_order() {
        let (mut generator, mut checker) = (SequenceGenerator::default(), SequenceChecker::default());
        let mut numbers: Vec<_> = (0..INDICES).map(|_| generator.next_sqn().unwrap()).collect();
        numbers.reverse();
        assert!(numbers.iter().all(|number| checker.accept(*number)));
        assert!(!numbers.iter().any(|number| checker.accept(*number)));
    }

    #[test]
    fn resynchronisation_turns_the_counter_only_where_it_must() {
        let rows = [
            // ours, theirs, turned
            (sqn(5, 5), sqn(90, 1), true),
            (sqn(90, 1), sqn(90, 1), false),
            (sqn(91, 1), sqn(90, 1), false),
            (sqn(89, 1), sqn(90, 1), true),
            (sqn(90 + DELTA, 1), sqn(90, 1), true),
            (sqn(89 + DELTA, 1), sqn(90, 1), false),
        ];
        for (ours, theirs, turned) in rows {
            let mut generator = SequenceGenerator::after(ours);
            assert_eq!(generator.resynchronise(theirs), turned, "{ours:?} {theirs:?}");
            assert_eq!(generator.last(), if turned { theirs } else { ours });
            let mut checker = SequenceChecker::restore([theirs.parts().0; INDICES]);
            assert!(checker.accept(generator.next_sqn().unwrap()), "the next vector is fresh");
        }
    }
}

//! How many lines a version of a script may still write into the log in this second.
//!
//! In: a clock's reading for each line. Out: whether it may be written. A script that logs every message, or panics at
//! every message, must not fill a disk, nor keep the threads of the calls busy with writing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::limits::MAX_LOG_LINES_A_SECOND;

/// The budget of one version. Guests on all threads share it.
#[derive(Debug, Default)]
pub(crate) struct LogBudget {
    /// The second in the upper half, the lines asked for in it in the lower half.
    spent: AtomicU64,
}

/// What is to be done with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Write,
    /// The first that is too much in this second: it is worth a sentence that lines are missing.
    DropAndSay,
    Drop,
}

impl LogBudget {
    /// Asks for one line.
    pub(crate) fn take(&self, now_ms: u64) -> Line {
        let second = (now_ms / 1_000) << 32;
        let next = |spent: u64| {
            let of_this_second = if spent >> 32 == second >> 32 { spent } else { second };
            // One more than the bound is enough to know that it was passed.
            Some(second | ((of_this_second + 1) & 0xffff_ffff).min(u64::from(MAX_LOG_LINES_A_SECOND) + 2))
        };
        let before = self.spent.fetch_update(Relaxed, Relaxed, next).unwrap_or_default();
        let lines = next(before).unwrap_or_default() & 0xffff_ffff;
        match lines.cmp(&(u64::from(MAX_LOG_LINES_A_SECOND) + 1)) {
            std::cmp::Ordering::Less => Line::Write,
            std::cmp::Ordering::Equal => Line::DropAndSay,
            std::cmp::Ordering::Greater => Line::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_lines_and_the_next_one_has_them_again() {
        let budget = LogBudget::default();
        for second in [7, 8, 4_000_000_000] {
            for _ in 0..MAX_LOG_LINES_A_SECOND {
                assert_eq!(budget.take(second * 1_000 + 999), Line::Write);
            }
            assert_eq!(budget.take(second * 1_000), Line::DropAndSay);
            for _ in 0..1_000 {
                assert_eq!(budget.take(second * 1_000 + 1), Line::Drop);
            }
        }
    }
}

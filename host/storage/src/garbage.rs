//! Rows that no longer count, until they are deleted.
//!
//! In: rows that were replaced, have expired or said that another is void. Out: slices of them in ascending order.
//!
//! The order is what keeps a removed contact from coming back: a row and the later one that replaces it both become
//! void, the older one first, and the older one is deleted first or in the same slice. Were the replacing row deleted
//! alone, a restart would find the replaced one and take it for good.
//!
//! Deleting waits until there is enough of it, because rows that lie together cost one page together; phones that
//! registered together a while ago mostly come again together.

/// Rows deleted by one statement.
const SLICE: usize = 1024;

/// Fewer than this wait for an idle moment.
const MIN_ROWS: usize = 8192;

/// Rows that await deletion.
#[derive(Default)]
pub(crate) struct Garbage {
    /// In the order in which they became void.
    waiting: Vec<u64>,
    /// Being deleted, descending, so that the smallest is popped first.
    sorted: Vec<u64>,
}

impl Garbage {
    pub(crate) fn extend(&mut self, rows: impl IntoIterator<Item = u64>) {
        self.waiting.extend(rows.into_iter().filter(|row| *row != 0));
    }

    /// Rows that await deletion.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.sorted.len()
    }

    /// The next slice, ascending, if it is time: enough has come together for a table with so many live rows, or the
    /// moment is idle.
    pub(crate) fn slice(&mut self, live: usize, idle: bool) -> Vec<u64> {
        if self.sorted.is_empty() && (idle || self.waiting.len() >= MIN_ROWS.max(live / 2)) {
            self.sorted = std::mem::take(&mut self.waiting);
            self.sorted.sort_unstable_by(|one, other| other.cmp(one));
        }
        let from = self.sorted.len().saturating_sub(SLICE);
        let mut slice = self.sorted.split_off(from);
        slice.reverse();
        if self.sorted.is_empty() {
            self.sorted = Vec::new();
        }
        slice
    }

    /// A slice could not be deleted.
    pub(crate) fn put_back(&mut self, slice: Vec<u64>) {
        self.sorted.extend(slice.into_iter().rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_deleted_until_there_is_enough_or_nothing_else_to_do() {
        let mut garbage = Garbage::default();
        garbage.extend(0..100);
        assert_eq!(garbage.len(), 99, "0 is no row");
        assert!(garbage.slice(1, false).is_empty());
        assert_eq!(garbage.slice(1, true).len(), 99);
        garbage.extend(1..=MIN_ROWS as u64);
        assert!(garbage.slice(MIN_ROWS * 4, false).is_empty());
        assert_eq!(garbage.slice(MIN_ROWS * 2, false).len(), SLICE);
    }

    #[test]
    fn older_rows_leave_first_even_if_new_ones_come_and_a_slice_fails() {
        let mut garbage = Garbage::default();
        garbage.extend((1..=3000).rev());
        let first = garbage.slice(0, true);
        assert_eq!(first, (1..=1024).collect::<Vec<_>>());
        garbage.extend([500, 4000]);
        garbage.put_back(first.clone());
        assert_eq!(garbage.slice(0, true), first);
        assert_eq!(garbage.slice(0, true), (1025..=2048).collect::<Vec<_>>());
        assert_eq!(garbage.slice(0, true), (2049..=3000).collect::<Vec<_>>());
        assert_eq!(garbage.slice(0, true), [500, 4000]);
        assert_eq!(garbage.len(), 0);
    }
}

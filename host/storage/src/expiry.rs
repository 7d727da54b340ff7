//! When bindings end: seconds, and who is to be looked at then.
//!
//! In: the hash of an address-of-record and a second. Out: hashes whose second has come. Eight bytes an entry; an
//! address-of-record has one, plus one for each time that its bindings began to end earlier than was known. Entries are
//! never taken out: whoever looks finds that nothing ends, or that it ends later. Not here: what ends (`table.rs`).

use std::collections::BTreeMap;

/// Seconds since 1970 and hashes.
#[derive(Default)]
pub(crate) struct Schedule {
    seconds: BTreeMap<u32, Vec<u64>>,
    length: usize,
}

impl Schedule {
    pub(crate) fn insert(&mut self, second: u32, hash: u64) {
        self.seconds.entry(second).or_default().push(hash);
        self.length += 1;
    }

    /// Takes at most `max` hashes whose second is not after `now_s`, each with its second.
    pub(crate) fn due(&mut self, now_s: u32, max: usize, due: &mut Vec<(u32, u64)>) {
        let mut left = max;
        while left > 0
            && let Some(mut first) = self.seconds.first_entry()
            && *first.key() <= now_s
        {
            let second = *first.key();
            let hashes = first.get_mut();
            let taken = hashes.len().min(left);
            due.extend(hashes.drain(hashes.len() - taken..).map(|hash| (second, hash)));
            left -= taken;
            self.length -= taken;
            if hashes.is_empty() {
                first.remove();
            }
        }
    }

    /// Entries, void ones too.
    pub(crate) fn len(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_ones_come_once_in_slices_and_no_others() {
        let mut schedule = Schedule::default();
        for hash in 0..10 {
            schedule.insert(100 + (hash / 4) as u32, hash);
        }
        let mut due = Vec::new();
        schedule.due(99, 100, &mut due);
        assert!(due.is_empty());
        schedule.due(101, 5, &mut due);
        assert_eq!(due.len(), 5);
        schedule.due(101, 5, &mut due);
        assert_eq!(due.len(), 8);
        schedule.due(101, 5, &mut due);
        assert_eq!((due.len(), schedule.len()), (8, 2));
        due.sort_unstable();
        assert_eq!(due, (0..8).map(|hash| (100 + (hash / 4) as u32, hash)).collect::<Vec<_>>());
    }
}

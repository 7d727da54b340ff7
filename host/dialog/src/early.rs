//! The early dialogs of each INVITE: RFC 3261 §12.3, §13.2.2.4.
//!
//! In: slots of the table, filed by the INVITE that made them. Out: the others of the same INVITE, who end with it.
//! A dialog is in here only while it is early.

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::key::InviteKey;

/// The early dialogs of one INVITE; rarely more than one.
pub(crate) type Siblings = SmallVec<[u32; 2]>;

/// All early dialogs, by INVITE.
#[derive(Default)]
pub(crate) struct EarlyDialogs(HashTable<(InviteKey, Siblings)>);

impl EarlyDialogs {
    pub(crate) fn insert(&mut self, invite: InviteKey, slot: u32) {
        self.0
            .entry(invite.0, |(known, _)| *known == invite, |(known, _)| known.0)
            .or_insert_with(|| (invite, Siblings::new()))
            .get_mut()
            .1
            .push(slot);
    }

    pub(crate) fn remove(&mut self, invite: InviteKey, slot: u32) {
        let Ok(mut entry) = self.0.find_entry(invite.0, |(known, _)| *known == invite) else { return };
        let siblings = &mut entry.get_mut().1;
        siblings.retain(|sibling| *sibling != slot);
        if siblings.is_empty() {
            entry.remove();
        }
    }

    /// Those of one INVITE.
    pub(crate) fn of(&self, invite: InviteKey) -> &[u32] {
        self.0.find(invite.0, |(known, _)| *known == invite).map_or(&[], |(_, siblings)| siblings)
    }

    /// Take out those of one INVITE.
    pub(crate) fn take(&mut self, invite: InviteKey) -> Siblings {
        match self.0.find_entry(invite.0, |(known, _)| *known == invite) {
            Ok(entry) => entry.remove().0.1,
            Err(_) => Siblings::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_are_filed_by_their_invite() {
        let (one, two) = (InviteKey(1), InviteKey(2));
        let mut early = EarlyDialogs::default();
        early.insert(one, 10);
        early.insert(one, 11);
        early.insert(two, 20);
        assert_eq!(early.of(one), [10, 11]);
        early.remove(one, 10);
        early.remove(one, 99);
        assert_eq!(early.of(one), [11]);
        assert_eq!(early.take(two).as_slice(), [20]);
        assert!(early.take(two).is_empty());
        early.remove(one, 11);
        assert_eq!(early.0.len(), 0, "nothing stays behind");
    }
}

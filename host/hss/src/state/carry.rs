//! A subscription was written anew: what becomes of its state.
//!
//! In: the old subscription and its state, the new one. Out: the new one's state, and what an S-CSCF has that is there
//! no longer. A set is the one that an identity of it was in before, whatever its default identity is now; so an
//! identity that comes into a registered set is registered, which the S-CSCF learns by PPR (TS 29.228 §6.5.1, §6.2).

use std::collections::BTreeSet;

use super::{SetState, State};
use crate::subscriber::ImplicitSet;
use crate::subscription::{Subscription, public_key, set_key};

/// What a change carries over and what it leaves.
pub(crate) struct Carried {
    pub(crate) state: State,
    /// Private identities that are gone.
    pub(crate) lost_private: Vec<String>,
    /// Sets, by their old key, none of whose identities is left.
    pub(crate) lost_sets: Vec<String>,
}

pub(crate) fn carry(old: &Subscription, state: &State, new: &Subscription) -> Carried {
    let mut next = State { server: state.server.clone(), former: state.former.clone(), ..State::default() };
    let mut inherited: BTreeSet<String> = BTreeSet::new();
    for set in &new.sets {
        let Some(before) = old.sets.iter().find(|before| is_akin(before, set)) else { continue };
        let key = set_key(before);
        if let Some(known) = state.set(&key) {
            next.sets.insert(set_key(set), of_associated(known, new, set));
        }
        inherited.insert(key);
    }
    let is_lost = |impi: &String| !new.private.iter().any(|private| private.impi == *impi);
    let lost_private = old.private.iter().map(|private| private.impi.clone()).filter(is_lost).collect();
    let lost_sets = state.sets.keys().filter(|key| !inherited.contains(*key)).cloned().collect();
    Carried { state: next.settled(), lost_private, lost_sets }
}

/// Whether an identity of the one is in the other.
fn is_akin(one: &ImplicitSet, other: &ImplicitSet) -> bool {
    let keys: BTreeSet<_> = one.identities.iter().filter_map(public_key).collect();
    other.identities.iter().filter_map(public_key).any(|key| keys.contains(&key))
}

/// The state without the private identities that may not register the set any more.
fn of_associated(state: &SetState, subscription: &Subscription, set: &ImplicitSet) -> SetState {
    let mut state = state.clone();
    let may = |impi: &String| subscription.is_associated(set, impi);
    state.registered.retain(may);
    state.pending.retain(may);
    state.restoration.retain(|impi, _| may(impi));
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Server;
    use crate::subscriber::Identity;
    use crate::subscription::PrivateIdentity;

    fn subscription(private: &[&str], sets: &[&[&str]]) -> Subscription {
        let identity = |text: &&str| Identity { identity: (*text).to_owned(), ..Identity::default() };
        Subscription {
            private: private
                .iter()
                .map(|impi| PrivateIdentity { impi: (*impi).to_owned(), imsi: None })
                .collect(),
            sets: sets
                .iter()
                .map(|set| ImplicitSet {
                    identities: set.iter().map(identity).collect(),
                    ..ImplicitSet::default()
                })
                .collect(),
            ..Subscription::default()
        }
    }

    fn registered(sets: &[(&str, &[&str])]) -> State {
        let server = Server { name: "sip:s".into(), host: "s".into(), realm: "r".into() };
        let mut state = State { server: Some(server), ..State::default() };
        for (key, private) in sets {
            state.set_mut(key).registered = private.iter().map(|impi| (*impi).to_owned()).collect();
        }
        state
    }

    #[test]
    fn a_set_keeps_its_state_under_another_default_identity() {
        let old = subscription(&["p@x"], &[&["sip:a@x", "sip:b@x"]]);
        let new = subscription(&["p@x"], &[&["sip:b@x", "sip:c@x"]]);
        let carried = carry(&old, &registered(&[("sip:a@x", &["p@x"])]), &new);
        assert!(carried.state == registered(&[("sip:b@x", &["p@x"])]));
        assert!(carried.lost_private.is_empty() && carried.lost_sets.is_empty());
    }

    #[test]
    fn what_is_gone_is_told() {
        let old = subscription(&["p@x", "q@x"], &[&["sip:a@x"], &["sip:b@x"]]);
        let new = subscription(&["q@x"], &[&["sip:a@x"]]);
        let state = registered(&[("sip:a@x", &["p@x", "q@x"]), ("sip:b@x", &["p@x"])]);
        let carried = carry(&old, &state, &new);
        assert!(carried.state == registered(&[("sip:a@x", &["q@x"])]));
        assert_eq!(
            (carried.lost_private, carried.lost_sets),
            (vec!["p@x".to_owned()], vec!["sip:b@x".to_owned()])
        );
    }

    #[test]
    fn nothing_left_is_nobodys() {
        let old = subscription(&["p@x"], &[&["sip:a@x"]]);
        let new = subscription(&["p@x"], &[&["sip:z@x"]]);
        let carried = carry(&old, &registered(&[("sip:a@x", &["p@x"])]), &new);
        assert!(carried.state == State::default());
        assert_eq!(carried.lost_sets, ["sip:a@x"]);
    }
}

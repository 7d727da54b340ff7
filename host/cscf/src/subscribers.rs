//! Whom this S-CSCF serves: implicit registration sets with their service profiles (TS 23.228 §5.2.1a; TS 29.228 Annex B;
//! TS 24.229 §5.4.1.2.2F, §5.4.3).
//!
//! ```text
//!   SAA, PPR ─▶ User-Data ─▶ put ─▶ by public identity, by wildcard, by private identity
//!                             └─▶ document for the disk ─▶ (restart) ─▶ load
//! ```
//! In: user data of the HSS, documents from the disk. Out: [`Set`]s, and which filter criteria come next. Filter criteria
//! that many have in common are compiled and kept once. Not here: bindings, and what a registration means.

mod document;
mod profiles;
mod set;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};

use ims::filter_criteria::FilterCriteria;
use ims::identity::WildcardedIdentity;
use ims::service_profile::{ImsSubscription, SharedIfcSets};
use smallvec::SmallVec;

use crate::words::CxFailure;
use set::{Held, impu};
pub use set::{Set, key_of, plain_register};

/// Sets that are served at once; more are refused.
pub const MAX_SETS: usize = 5_000_000;

/// Private identities of one set.
const MAX_PRIVATE: usize = 64;

/// Kinds of filter criteria that are looked through for those that nobody has any more.
const SWEEP_AT: usize = 64;

/// All sets.
#[derive(Debug)]
pub struct Subscribers {
    by_identity: HashMap<Arc<str>, Arc<Set>>,
    wildcards: Vec<(Arc<WildcardedIdentity>, Arc<Set>)>,
    by_private: HashMap<Box<str>, SmallVec<[Arc<str>; 1]>>,
    compiled: HashMap<Box<str>, Weak<FilterCriteria>>,
    shared: Arc<SharedIfcSets>,
    sets: usize,
    sweep_at: usize,
    max: usize,
}

impl Default for Subscribers {
    fn default() -> Subscribers {
        Subscribers::with_room(MAX_SETS)
    }
}

/// A set that was put, and what is to be on disk of it.
#[derive(Debug)]
pub struct Put {
    /// The set as it is now.
    pub set: Arc<Set>,
    /// Sets that it took the place of, but for one of the same key: their documents are void.
    pub replaced: Vec<Arc<Set>>,
    /// For [`Subscribers::load`] after a restart.
    pub document: Vec<u8>,
    /// Shared sets of filter criteria that its profiles name and that are not there: the profiles count without them.
    pub unknown_shared_sets: Vec<u32>,
}

impl Subscribers {
    /// With room for so many sets.
    #[must_use]
    pub fn with_room(max: usize) -> Subscribers {
        Subscribers {
            by_identity: HashMap::new(),
            wildcards: Vec::new(),
            by_private: HashMap::new(),
            compiled: HashMap::new(),
            shared: Arc::default(),
            sets: 0,
            sweep_at: 0,
            max,
        }
    }

    /// With sets of filter criteria that profiles may name; to be given before the first profile.
    #[must_use]
    pub fn with_shared(self, shared: SharedIfcSets) -> Subscribers {
        Subscribers { shared: Arc::new(shared), ..self }
    }

    /// Takes other shared sets of filter criteria; profiles that come from now on are served with them.
    pub fn share(&mut self, shared: SharedIfcSets) {
        self.shared = Arc::new(shared);
    }

    /// How many sets are served.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets == 0
    }

    /// The set of a public identity, also by a wildcard (TS 23.003 §13.4A: a distinct identity goes first).
    #[must_use]
    pub fn find(&self, identity: &str) -> Option<&Arc<Set>> {
        if let Some(set) = self.by_identity.get(identity) {
            return Some(set);
        }
        let key = impu(identity)?;
        let of_wildcard =
            || self.wildcards.iter().find(|(wildcard, _)| wildcard.matches(&key)).map(|(_, set)| set);
        self.by_identity.get(key.as_str()).or_else(of_wildcard)
    }

    /// The sets with registrations of a private identity.
    #[must_use]
    pub fn of_private(&self, private_identity: &str) -> Vec<Arc<Set>> {
        let keys = self.by_private.get(private_identity).into_iter().flatten();
        keys.filter_map(|key| self.by_identity.get(key)).cloned().collect()
    }

    /// Takes user data of the HSS for a set. Registrations of other private identities that share it stay.
    ///
    /// # Errors
    /// The user data cannot be used (TS 29.228 §6.1.2: too much, or not understood), or there are too many sets.
    pub fn put(
        &mut self,
        user_data: &[u8],
        private_identity: &str,
        charging: &str,
        is_registered: bool,
    ) -> Result<Put, CxFailure> {
        let (set, unknown_shared_sets) = self.parse(user_data)?;
        let replaced = self.replaced_by(&set);
        let set = Set { charging: charging.into(), is_registered, ..set };
        let put = self.take_in(set, replaced, private_identity, user_data)?;
        Ok(Put { unknown_shared_sets, ..put })
    }

    /// Takes user data that the HSS pushes (TS 29.228 §6.2.1) in the place of what there is: whoever is registered remains
    /// so. `charging`: `None`, where nothing was said of it.
    ///
    /// # Errors
    /// As for [`Subscribers::put`].
    pub fn exchange(
        &mut self,
        user_data: &[u8],
        private_identity: &str,
        charging: Option<&str>,
    ) -> Result<Put, CxFailure> {
        let (mut set, unknown_shared_sets) = self.parse(user_data)?;
        let replaced = self.replaced_by(&set);
        set.is_registered = replaced.iter().any(|before| before.is_registered);
        set.charging = match charging {
            Some(charging) => charging.into(),
            None => replaced.first().map(|before| before.charging.clone()).unwrap_or_default(),
        };
        let put = self.take_in(set, replaced, private_identity, user_data)?;
        Ok(Put { unknown_shared_sets, ..put })
    }

    /// The set, and the shared sets that are not there.
    fn parse(&mut self, user_data: &[u8]) -> Result<(Set, Vec<u32>), CxFailure> {
        let subscription = ImsSubscription::parse(user_data).map_err(|_| CxFailure::Malformed)?;
        let set = self.read(&subscription).ok_or(CxFailure::Malformed)?;
        let profiles = subscription.service_profiles.iter();
        Ok((set, profiles.flat_map(|profile| self.shared.unknown_to(profile)).collect()))
    }

    /// The sets that have an identity of this one.
    fn replaced_by(&self, set: &Set) -> Vec<Arc<Set>> {
        let mut replaced: Vec<Arc<Set>> = Vec::new();
        for held in &set.identities {
            if let Some(before) = self.by_identity.get(&*held.key)
                && !replaced.iter().any(|one| Arc::ptr_eq(one, before))
            {
                replaced.push(Arc::clone(before));
            }
        }
        replaced
    }

    fn take_in(
        &mut self,
        mut set: Set,
        mut replaced: Vec<Arc<Set>>,
        private_identity: &str,
        user_data: &[u8],
    ) -> Result<Put, CxFailure> {
        if replaced.is_empty() && self.sets >= self.max {
            return Err(CxFailure::Malformed);
        }
        let mut private: SmallVec<[Box<str>; 1]> = SmallVec::new();
        if !private_identity.is_empty() {
            private.push(private_identity.into());
        }
        for before in &replaced {
            for identity in before.private_identities() {
                if private.len() < MAX_PRIVATE && !private.iter().any(|own| **own == *identity) {
                    private.push(identity.into());
                }
            }
        }
        set.private_identities = private;
        set.registered_as = replaced.iter().find_map(|before| before.registered_as.clone());
        for before in &replaced {
            self.take_out(before);
        }
        let document = document::write(&set, user_data);
        let set = Arc::new(set);
        self.insert(&set);
        replaced.retain(|before| before.key() != set.key());
        Ok(Put { set, replaced, document, unknown_shared_sets: Vec::new() })
    }

    /// Puts back what a document says; `is_registered`: whether the set has a binding. False: it cannot be read.
    pub fn load(&mut self, document: &[u8], is_registered: bool) -> bool {
        let Some((private, charging, user_data)) = document::read(document) else { return false };
        let mut private = private.into_iter();
        let first = private.next().unwrap_or_default();
        let Ok(put) = self.put(user_data, &first, &charging, is_registered) else { return false };
        if private.len() > 0 {
            let more: Vec<Box<str>> = private.map(Into::into).collect();
            self.change(put.set.key(), |set| {
                for one in more {
                    if set.private_identities.len() < MAX_PRIVATE && !set.private_identities.contains(&one) {
                        set.private_identities.push(one);
                    }
                }
            });
        }
        true
    }

    /// Lets go of the set of this identity.
    pub fn remove(&mut self, identity: &str) -> Option<Arc<Set>> {
        let set = Arc::clone(self.find(identity)?);
        self.take_out(&set);
        Some(set)
    }

    /// Says whether somebody of the set is registered.
    pub fn set_registered(&mut self, identity: &str, is_registered: bool) {
        if self.find(identity).is_none_or(|set| set.is_registered == is_registered) {
            return;
        }
        self.change(identity, |set| set.is_registered = is_registered);
    }

    /// Says which identity of a set a REGISTER has named.
    pub fn set_registered_as(&mut self, set: &str, identity: &str) {
        let identity = key_of(identity).map(Into::into);
        if self.find(set).is_some_and(|set| set.registered_as != identity) {
            self.change(set, |set| set.registered_as = identity);
        }
    }

    /// Says where its charging records go.
    pub fn set_charging(&mut self, identity: &str, charging: &str) {
        self.change(identity, |set| set.charging = charging.into());
    }

    /// A set is shared: a change makes another one of it.
    fn change(&mut self, identity: &str, change: impl FnOnce(&mut Set)) {
        let Some(before) = self.find(identity).cloned() else { return };
        let held = |held: &Held| Held {
            key: Arc::clone(&held.key),
            display_name: held.display_name.clone(),
            wildcard: held.wildcard.clone(),
            ..*held
        };
        let mut set = Set {
            private_identities: before.private_identities.clone(),
            identities: before.identities.iter().map(held).collect(),
            criteria: before.criteria.clone(),
            charging: before.charging.clone(),
            is_registered: before.is_registered,
            registered_as: before.registered_as.clone(),
        };
        change(&mut set);
        self.take_out(&before);
        self.insert(&Arc::new(set));
    }

    fn insert(&mut self, set: &Arc<Set>) {
        for held in &set.identities {
            if let Some(wildcard) = &held.wildcard {
                self.wildcards.push((Arc::clone(wildcard), Arc::clone(set)));
            }
            // A wildcard also by its own name: so it is found when it is put again.
            self.by_identity.insert(Arc::clone(&held.key), Arc::clone(set));
        }
        let key: Arc<str> = self
            .by_identity
            .get_key_value(set.key())
            .map_or_else(|| set.key().into(), |(key, _)| Arc::clone(key));
        for private in &set.private_identities {
            let keys = self.by_private.entry(private.clone()).or_default();
            if !keys.contains(&key) {
                keys.push(Arc::clone(&key));
            }
        }
        self.sets += 1;
    }

    fn take_out(&mut self, set: &Arc<Set>) {
        for held in &set.identities {
            if self.by_identity.get(&*held.key).is_some_and(|there| Arc::ptr_eq(there, set)) {
                self.by_identity.remove(&*held.key);
            }
        }
        self.wildcards.retain(|(_, there)| !Arc::ptr_eq(there, set));
        for private in &set.private_identities {
            if let Entry::Occupied(mut keys) = self.by_private.entry(private.clone()) {
                keys.get_mut().retain(|key| **key != *set.key());
                if keys.get().is_empty() {
                    keys.remove();
                }
            }
        }
        self.sets -= 1;
    }
}

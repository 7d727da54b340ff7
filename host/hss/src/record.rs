//! A subscription as the commands see it: what was provisioned, what has become of it, and its service profiles; and
//! where in it a request's identities are.
//!
//! In: rows of the database, parsed (`store.rs`). Out: places, and what is to be known of them. Nothing is decided
//! here.

use std::collections::BTreeMap;

use ims::service_profile::ServiceProfile;

use crate::profile::serves_unregistered;
use crate::state::{Registration, State};
use crate::subscriber::{Identity, ImplicitSet};
use crate::subscription::{PublicKey, Subscription, public_key, set_key};

/// A subscription.
#[derive(Clone)]
pub(crate) struct Record {
    /// By what it is kept.
    pub(crate) name: String,
    /// How often it was changed: nobody may store a change of anything but the last revision.
    pub(crate) revision: i64,
    pub(crate) subscription: Subscription,
    pub(crate) state: State,
    /// By name, without public identities. Only loaded for the commands that need them.
    pub(crate) profiles: BTreeMap<String, ServiceProfile>,
}

/// Where a public identity is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Of the subscription's sets.
    pub(crate) set: usize,
    /// Of the set's identities.
    pub(crate) identity: usize,
    /// The identity itself, where a wildcarded one stands for it; in canonical form.
    pub(crate) matched: Option<String>,
}

/// Whom a request is about.
pub(crate) enum Parties {
    /// An identity does not exist.
    Unknown,
    /// They exist, and do not belong together.
    Mismatch,
    /// The subscription, and where in it the request's public identities are, in their order.
    Found(Record, Vec<Place>),
}

impl Record {
    /// Where an identity is that is there by itself: in canonical form, or as a wildcarded one was written down.
    pub(crate) fn place(&self, identity: &str) -> Option<Place> {
        for (set, found) in self.subscription.sets.iter().enumerate() {
            let is_it = |known: &Identity| public_key(known).is_some_and(|key| key.text() == identity);
            if let Some(identity) = found.identities.iter().position(is_it) {
                return Some(Place { set, identity, matched: None });
            }
        }
        None
    }

    /// The same of one for which a wildcarded identity of this subscription stands.
    pub(crate) fn place_by_wildcard(&self, wildcarded: &str, identity: String) -> Option<Place> {
        let place = self.place(wildcarded)?;
        Some(Place { matched: Some(identity), ..place })
    }

    pub(crate) fn set(&self, place: &Place) -> Option<&ImplicitSet> {
        self.subscription.sets.get(place.set)
    }

    pub(crate) fn identity(&self, place: &Place) -> Option<&Identity> {
        self.set(place)?.identities.get(place.identity)
    }

    /// The key of the state of the place's set.
    pub(crate) fn key(&self, place: &Place) -> String {
        self.set(place).map(set_key).unwrap_or_default()
    }

    pub(crate) fn registration(&self, place: &Place) -> Registration {
        self.state.registration(&self.key(place))
    }

    /// Whether a private identity may register the place's set.
    pub(crate) fn is_associated(&self, place: &Place, impi: &str) -> bool {
        self.set(place).is_some_and(|set| self.subscription.is_associated(set, impi))
    }

    /// The wildcarded identity that stands for the one that was asked for.
    pub(crate) fn wildcard(&self, place: &Place) -> Option<String> {
        place.matched.as_ref()?;
        match self.identity(place).and_then(public_key)? {
            PublicKey::Wildcarded { text, .. } => Some(text),
            PublicKey::Distinct(_) => None,
        }
    }

    /// Whether the identity has services while it is not registered (TS 29.228 §6.1.4).
    pub(crate) fn serves_unregistered(&self, place: &Place) -> bool {
        let name = self.identity(place).and_then(|identity| identity.profile.as_ref());
        name.and_then(|name| self.profiles.get(name)).is_some_and(serves_unregistered)
    }

    /// Whether the place is a public service identity that is switched off.
    pub(crate) fn is_inactive(&self, place: &Place) -> bool {
        self.identity(place).is_some_and(|identity| identity.kind.is_service() && identity.inactive)
    }

    /// The sets that a private identity may register, by their place.
    pub(crate) fn sets_of(&self, impi: &str) -> impl Iterator<Item = (usize, &ImplicitSet)> {
        let sets = self.subscription.sets.iter().enumerate();
        sets.filter(move |(_, set)| self.subscription.is_associated(set, impi))
    }
}

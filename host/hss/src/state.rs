//! What has become of a subscription: which S-CSCF serves it, and who is registered (TS 29.228 §6.1; TS 23.228
//! §5.2.1A).
//!
//! ```text
//!                 MAR: authentication pending          SAR REGISTRATION
//!   not registered ──────────────────────────▶ (pending) ─────────────▶ registered, by one or more private identities
//!         ▲    │                                                           │
//!         │    └── SAR UNREGISTERED_USER ──▶ unregistered ◀── store name ──┤
//!         └────────────── de-registration, RTA ◀──────┴────────────────────┘
//! ```
//! One S-CSCF serves a whole subscription (TS 23.228 §5.2.1A: all of a subscriber's identities that are registered have
//! the same one), so its name is kept once; the state is kept for each implicit registration set, whose identities go
//! together (§6.5.1). While an S-CSCF takes over from another one, which a registration under way does, the other one
//! is remembered: if the authentication fails it has its users back, and if it succeeds it is told to drop them.
//!
//! In: one state. Out: the next one. It is stored as a whole, guarded by the revision of its subscription. When to go
//! from one to the other is the business of the commands.

mod carry;

use std::collections::{BTreeMap, BTreeSet};

use diameter::base::Origin;
use serde::{Deserialize, Serialize};

pub(crate) use carry::carry;

/// The state of a subscription.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Who serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Server>,
    /// Who served it before `server` began to authenticate it, and will again if that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) former: Option<Server>,
    /// By the key of the set; none where there is nothing to say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sets: BTreeMap<String, SetState>,
}

/// An S-CSCF.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// Server-Name: a SIP URI.
    pub(crate) name: String,
    /// From where it asked, and where it is asked: Origin-Host and Origin-Realm.
    pub(crate) host: String,
    pub(crate) realm: String,
}

impl Server {
    /// Who asks.
    pub(crate) fn asking(name: &str, origin: &Origin) -> Server {
        Server {
            name: name.to_owned(),
            host: origin.host.as_str().to_owned(),
            realm: origin.realm.as_str().to_owned(),
        }
    }

    /// Whether it is the one of this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The state of an implicit registration set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SetState {
    /// The private identities with which it is registered.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) registered: BTreeSet<String>,
    /// The revision of the subscription at which the last of them was registered anew.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) since: i64,
    /// Served although it is not registered. Never along with a registration.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_unregistered: bool,
    /// The private identities that were challenged and have not answered.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) pending: BTreeSet<String>,
    /// What the S-CSCF laid down, by private identity: AVPs in hexadecimal digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) restoration: BTreeMap<String, String>,
}

/// By reference, as serde wants it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The registration state of a set and of every public identity in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    NotRegistered,
    /// Served although not registered.
    Unregistered,
    Registered,
}

impl SetState {
    pub(crate) fn registration(&self) -> Registration {
        match (self.registered.is_empty(), self.is_unregistered) {
            (false, _) => Registration::Registered,
            (true, true) => Registration::Unregistered,
            (true, false) => Registration::NotRegistered,
        }
    }

    /// Whether there is nothing to say.
    fn is_idle(&self) -> bool {
        self.registration() == Registration::NotRegistered && self.pending.is_empty()
    }

    /// This private identity is registered no longer.
    pub(crate) fn deregister(&mut self, impi: &str) {
        self.registered.remove(impi);
        self.restoration.remove(impi);
    }
}

impl State {
    /// The state of a set.
    pub(crate) fn set(&self, key: &str) -> Option<&SetState> {
        self.sets.get(key)
    }

    /// The state of a set, to be changed.
    pub(crate) fn set_mut(&mut self, key: &str) -> &mut SetState {
        self.sets.entry(key.to_owned()).or_default()
    }

    pub(crate) fn registration(&self, key: &str) -> Registration {
        self.set(key).map_or(Registration::NotRegistered, SetState::registration)
    }

    /// Whether an S-CSCF of this name serves it.
    pub(crate) fn is_served_by(&self, name: &str) -> bool {
        self.server.as_ref().is_some_and(|server| server.is(name))
    }

    /// Whether an S-CSCF of this name served it before the present one took over.
    pub(crate) fn was_served_by(&self, name: &str) -> bool {
        self.former.as_ref().is_some_and(|server| server.is(name))
    }

    /// Whether any set is registered or served although it is not.
    pub(crate) fn is_in_service(&self) -> bool {
        self.sets.values().any(|set| set.registration() != Registration::NotRegistered)
    }

    /// Every private identity with which something is registered.
    pub(crate) fn registered(&self) -> BTreeSet<&str> {
        self.sets.values().flat_map(|set| &set.registered).map(String::as_str).collect()
    }

    /// Forgets what there is nothing to say of. An S-CSCF that serves nothing is not assigned, and one that no
    /// challenge is under way for has not taken over.
    #[must_use]
    pub(crate) fn settled(mut self) -> State {
        self.sets.retain(|_, set| !set.is_idle());
        if self.sets.is_empty() {
            self.server = None;
        }
        if !self.is_in_service() {
            self.former = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str) -> Server {
        Server { name: name.to_owned(), host: "s.test".to_owned(), realm: "test".to_owned() }
    }

    #[test]
    fn a_set_is_registered_while_any_private_identity_is() {
        let mut set = SetState::default();
        assert_eq!(set.registration(), Registration::NotRegistered);
        set.is_unregistered = true;
        assert_eq!(set.registration(), Registration::Unregistered);
        set.registered = ["a".to_owned(), "b".to_owned()].into();
        set.deregister("a");
        assert_eq!(set.registration(), Registration::Registered);
        set.deregister("b");
        assert_eq!(set.registration(), Registration::Unregistered);
    }

    #[test]
    fn who_serves_nothing_is_not_assigned() {
        let mut state =
            State { server: Some(server("sip:s")), former: Some(server("sip:f")), ..State::default() };
        state.set_mut("a").pending.insert("p".to_owned());
        let settled = state.clone().settled();
        assert!(settled.server.is_some() && settled.former.is_none(), "it is being authenticated");
        state.set_mut("a").pending.clear();
        assert!(state.clone().settled() == State::default());
        state.set_mut("b").is_unregistered = true;
        let settled = state.settled();
        assert!(settled.server.is_some() && settled.former.is_some());
        assert_eq!(settled.sets.len(), 1);
    }

    #[test]
    fn it_is_stored_as_it_is() {
        let mut state = State { server: Some(server("sip:s")), ..State::default() };
        let set = state.set_mut("sip:a@b");
        (set.since, set.is_unregistered) = (7, false);
        set.registered.insert("a@b".to_owned());
        set.restoration.insert("a@b".to_owned(), "00ff".to_owned());
        let text = serde_json::to_string(&state).unwrap();
        assert!(serde_json::from_str::<State>(&text).unwrap() == state, "{text}");
        assert_eq!(serde_json::to_string(&State::default()).unwrap(), "{}");
    }
}

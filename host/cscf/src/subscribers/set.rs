//! An implicit registration set: its identities, and which filter criteria its requests meet (TS 23.228 §5.2.1a; TS 29.228
//! Annex B; TS 24.229 §5.4.3).
//!
//! In: an identity, a request. Out: criteria, and the set as scripts see it. It does not change: which sets there are, and
//! what takes whose place, is `subscribers.rs`.

use std::sync::Arc;

use ims::filter_criteria::{FilterCriteria, Position, Request};
use ims::identity::{Impu, WildcardedIdentity};
use ims::service_profile::{
    DefaultHandling, InitialFilterCriteria, ProfilePart, RegistrationType, SessionCase,
};
use sip::{Head, Message, Uri};
use smallvec::SmallVec;

use crate::words::{ApplicationServer, Identity, Subscriber, Triggered};

/// An implicit registration set.
#[derive(Debug)]
pub struct Set {
    pub(super) private_identities: SmallVec<[Box<str>; 1]>,
    pub(super) identities: Box<[Held]>,
    pub(super) criteria: SmallVec<[Arc<FilterCriteria>; 1]>,
    pub(super) charging: Box<str>,
    pub(super) is_registered: bool,
    /// The identity that was registered last; none: not known, or it is long ago.
    pub(super) registered_as: Option<Box<str>>,
}

/// A public identity of a set.
#[derive(Debug)]
pub(super) struct Held {
    /// In canonical form: its key.
    pub(super) key: Arc<str>,
    pub(super) is_barred: bool,
    pub(super) display_name: Option<Box<str>>,
    /// Its service profile.
    pub(super) profile: u16,
    /// It is a pattern and not an identity.
    pub(super) is_wildcard: bool,
    /// The pattern, where it can be used.
    pub(super) wildcard: Option<Arc<WildcardedIdentity>>,
}

impl Set {
    /// The name of the set: its default public user identity in canonical form, or its first identity where all are
    /// barred.
    #[must_use]
    pub fn key(&self) -> &str {
        let identities = || self.identities.iter().filter(|held| !held.is_wildcard);
        let first = identities().find(|held| !held.is_barred).or_else(|| identities().next());
        first.or(self.identities.first()).map_or("", |held| &held.key)
    }

    /// Somebody of the set is registered.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// The identity in canonical form whose REGISTER made the last contact; all others are registered implicitly. `None`:
    /// it is not known since a restart.
    #[must_use]
    pub fn registered_as(&self) -> Option<&str> {
        self.registered_as.as_deref()
    }

    /// Whose registrations it has.
    pub fn private_identities(&self) -> impl Iterator<Item = &str> {
        self.private_identities.iter().map(|identity| &**identity)
    }

    /// Identities that are no patterns, in canonical form, and whether they are barred.
    pub fn identities(&self) -> impl Iterator<Item = (&str, bool)> {
        self.identities.iter().filter(|held| !held.is_wildcard).map(|held| (&*held.key, held.is_barred))
    }

    /// As scripts see it.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        let identity = |held: &Held| Identity {
            uri: held.key.to_string(),
            is_barred: held.is_barred,
            display_name: held.display_name.as_deref().unwrap_or_default().to_owned(),
        };
        Subscriber {
            private_identity: self.private_identities.first().map(|one| one.to_string()).unwrap_or_default(),
            is_registered: self.is_registered,
            identities: self.identities.iter().filter(|held| !held.is_wildcard).map(identity).collect(),
            charging: self.charging.to_string(),
        }
    }

    /// The filter criteria of the profile that this identity has, or the wildcard that stands for it; of the first profile,
    /// where it is none of the set's.
    fn criteria_of(&self, identity: &str) -> Option<&FilterCriteria> {
        let identity = impu(identity)?;
        let held = self.identities.iter().find(|held| *held.key == *identity.as_str());
        let stands_for = |held: &&Held| held.wildcard.as_ref().is_some_and(|one| one.matches(&identity));
        let held = held.or_else(|| self.identities.iter().find(stands_for));
        let profile = held.map_or(0, |held| usize::from(held.profile));
        self.criteria.get(profile).map(|criteria| &**criteria)
    }

    /// The next criteria that a request meets (TS 24.229 §5.4.3.2 step 5, §5.4.3.3 step 4).
    #[must_use]
    pub fn next_criteria(
        &self,
        served_user: &str,
        head: Head<'_>,
        case: SessionCase,
        after: Option<Position>,
    ) -> Option<Triggered> {
        let criteria = self.criteria_of(served_user)?;
        let mut request = Request::new(head, case);
        if case == SessionCase::OriginatingCdiv && !self.is_registered {
            request.profile_part = ProfilePart::Unregistered;
        }
        let next = criteria.triggered(&request, after).next()?;
        Some(triggered(next.position, next.criteria))
    }

    /// All criteria that a registration meets (TS 24.229 §5.4.1.7).
    #[must_use]
    pub fn register_criteria(
        &self,
        served_user: &str,
        head: Head<'_>,
        registration_type: RegistrationType,
    ) -> Vec<Triggered> {
        let Some(criteria) = self.criteria_of(served_user) else { return Vec::new() };
        let request = Request::register(head, registration_type);
        criteria.triggered(&request, None).map(|next| triggered(next.position, next.criteria)).collect()
    }
}

/// A REGISTER with nothing particular in it, for [`Set::register_criteria`] where none is in hand. `None`: that can be
/// written into none.
#[must_use]
pub fn plain_register(public_identity: &str) -> Option<Message> {
    let text = format!(
        "REGISTER {public_identity} SIP/2.0\r\nFrom: <{public_identity}>\r\nTo: <{public_identity}>\r\n\
         CSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
    );
    Message::parse_stream(text.as_bytes()).ok()
}

fn triggered(position: Position, criteria: &InitialFilterCriteria) -> Triggered {
    let server = &criteria.application_server;
    Triggered {
        position,
        server: ApplicationServer {
            uri: server.server_name.clone(),
            terminates: server.handling() == DefaultHandling::SessionTerminated,
            service_info: server.service_info.clone(),
            include_register_request: server.include_register_request,
            include_register_response: server.include_register_response,
        },
    }
}

/// A public identity in canonical form; `None`: it is none.
#[must_use]
pub fn key_of(identity: &str) -> Option<String> {
    Some(impu(identity)?.as_str().to_owned())
}

pub(super) fn impu(identity: &str) -> Option<Impu> {
    Impu::of(&Uri::parse(identity.as_bytes()).ok()?).ok()
}

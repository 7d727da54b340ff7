//! What a subscriber knows: documents put together (RFC 3680 §5.2).
//!
//! ```text
//!   version        full              partial
//!   first one      taken             Gap: nothing to build on
//!   older or same  Old, passed over  Old, passed over
//!   the next       taken             taken
//!   further on     taken             Gap: one was lost, subscribe again
//! ```
//! In: documents as they come. Out: the registrations, and whether a refresh is needed. Contacts that ended are told
//! once and then forgotten.

use super::{ContactState, DocumentState, Reginfo, Registration, RegistrationState};
use crate::bounds::{MAX_CONTACTS, MAX_REGISTRATIONS};

/// Everything that the documents of one subscription said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrationView {
    version: Option<u32>,
    registrations: Vec<Registration>,
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It was taken.
    Taken,
    /// It came late: its version is not larger than the last one.
    Old,
    /// Documents are missing before it: a refresh of the subscription brings a full one.
    Gap,
    /// It would take more than the bounds allow.
    TooMany,
}

impl RegistrationView {
    /// The version of the last document that was taken.
    #[must_use]
    pub const fn version(&self) -> Option<u32> {
        self.version
    }

    /// The registrations; contacts that ended with the last document are still there.
    #[must_use]
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Takes a document.
    pub fn update(&mut self, document: Reginfo) -> Update {
        if self.version.is_some_and(|version| document.version <= version) {
            return Update::Old;
        }
        let is_next = self.version.is_some_and(|version| document.version == version.wrapping_add(1));
        if document.state == DocumentState::Full {
            self.registrations = document.registrations;
        } else if !is_next {
            return Update::Gap;
        } else {
            let mut registrations = self.registrations.clone();
            forget_ended(&mut registrations);
            for registration in document.registrations {
                if !merge(&mut registrations, registration) {
                    return Update::TooMany;
                }
            }
            self.registrations = registrations;
        }
        self.version = Some(document.version);
        Update::Taken
    }
}

fn forget_ended(registrations: &mut Vec<Registration>) {
    registrations.retain(|registration| registration.state != RegistrationState::Terminated);
    for registration in registrations {
        registration.contacts.retain(|contact| contact.state == ContactState::Active);
    }
}

/// Rows go by their identifiers (§5.2).
fn merge(registrations: &mut Vec<Registration>, news: Registration) -> bool {
    let Some(known) = registrations.iter_mut().find(|known| known.id == news.id) else {
        registrations.push(news);
        return registrations.len() <= MAX_REGISTRATIONS;
    };
    known.aor = news.aor;
    known.state = news.state;
    // §3.4.2: nothing is bound, though no contact is listed as ended.
    if news.state == RegistrationState::Terminated && news.contacts.is_empty() {
        known.contacts.clear();
    }
    for contact in news.contacts {
        match known.contacts.iter_mut().find(|known| known.id == contact.id) {
            Some(known) => *known = contact,
            None => known.contacts.push(contact),
        }
    }
    known.contacts.len() <= MAX_CONTACTS
}

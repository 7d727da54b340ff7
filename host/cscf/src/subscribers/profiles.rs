//! From user data to a set: its identities, and the filter criteria of its profiles with those of the shared sets that they
//! name (TS 29.228 §B.2.1), compiled once for all that have the same.

use std::sync::{Arc, Weak};

use ims::filter_criteria::FilterCriteria;
use ims::identity::WildcardedIdentity;
use ims::service_profile::{ImsSubscription, InitialFilterCriteria};
use smallvec::SmallVec;

use super::{Held, SWEEP_AT, Set, Subscribers, key_of};

impl Subscribers {
    /// `None`: there is no identity in it, or more profiles than can be numbered.
    pub(super) fn read(&mut self, subscription: &ImsSubscription) -> Option<Set> {
        let mut identities = Vec::new();
        let mut criteria = SmallVec::new();
        for (number, profile) in subscription.service_profiles.iter().enumerate() {
            let number = u16::try_from(number).ok()?;
            let shared = Arc::clone(&self.shared);
            criteria.push(self.compile(&shared.criteria_of(profile)));
            for identity in &profile.public_identities {
                let wildcard = identity.wildcarded_impu.as_ref().or(identity.wildcarded_psi.as_ref());
                let text = wildcard.unwrap_or(&identity.identity);
                let key = match wildcard {
                    Some(pattern) => pattern.clone(),
                    None => key_of(text)?,
                };
                identities.push(Held {
                    key: key.into(),
                    is_barred: identity.is_barred,
                    display_name: identity.display_name.as_deref().map(Into::into),
                    profile: number,
                    is_wildcard: wildcard.is_some(),
                    wildcard: wildcard.and_then(|text| WildcardedIdentity::parse(text).ok()).map(Arc::new),
                });
            }
        }
        (!identities.is_empty()).then(|| Set {
            private_identities: SmallVec::new(),
            identities: identities.into(),
            criteria,
            charging: "".into(),
            is_registered: false,
            registered_as: None,
        })
    }

    /// Compiled once for all that have the same.
    fn compile(&mut self, criteria: &[&InitialFilterCriteria]) -> Arc<FilterCriteria> {
        let text = format!("{criteria:?}");
        if let Some(compiled) = self.compiled.get(&*text).and_then(Weak::upgrade) {
            return compiled;
        }
        let compiled = Arc::new(FilterCriteria::compile(criteria.iter().copied()));
        if self.compiled.len() >= self.sweep_at.max(SWEEP_AT) {
            self.compiled.retain(|_, there| there.strong_count() > 0);
            self.sweep_at = 2 * self.compiled.len();
        }
        self.compiled.insert(text.into(), Arc::downgrade(&compiled));
        compiled
    }
}

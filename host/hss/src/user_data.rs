//! User-Data: the user profile that an S-CSCF gets (TS 29.228 §6.6, Annex B; TS 29.229 §6.3.7).
//!
//! In: a record, and which of its sets, or which identity. Out: the XML document. It holds all of an implicit
//! registration set, because the S-CSCF registers all of it (§6.5.1), the default identity first.

use ims::service_profile::{IdentityType, ImsSubscription, PublicIdentity, ServiceProfile};

use crate::record::{Place, Record};
use crate::subscriber::{Identity, IdentityKind};

/// The profile of a place's set.
pub(crate) fn of_place(record: &Record, place: &Place, private: &str) -> Vec<u8> {
    of_set(
        record,
        place.set,
        private,
        place.matched.as_ref().map(|matched| (place.identity, matched.as_str())),
    )
}

/// The profile of a set. `private`: whose it is; nobody's for a public service identity. `matched`: the place of a
/// wildcarded identity, and the one for which it stands in this request.
pub(crate) fn of_set(record: &Record, set: usize, private: &str, matched: Option<(usize, &str)>) -> Vec<u8> {
    let identities =
        record.subscription.sets.get(set).map(|set| set.identities.as_slice()).unwrap_or_default();
    // In the order of the identities, each profile once.
    let mut profiles: Vec<(Option<&str>, ServiceProfile)> = Vec::new();
    for (place, identity) in identities.iter().enumerate() {
        let asked_for = matched.filter(|(at, _)| *at == place).map(|(_, matched)| matched);
        let public = public_identity(identity, asked_for);
        let name = identity.profile.as_deref();
        match profiles.iter_mut().find(|(known, _)| *known == name) {
            Some((_, profile)) => profile.public_identities.push(public),
            None => {
                let known = name.and_then(|name| record.profiles.get(name)).cloned();
                let mut profile = known.unwrap_or_default();
                profile.public_identities.push(public);
                profiles.push((name, profile));
            }
        }
    }
    let known = record.subscription.private.iter().find(|known| known.impi == private);
    let subscription = ImsSubscription {
        private_identity: private.to_owned(),
        imsi: known.and_then(|known| known.imsi.clone()),
        service_profiles: profiles.into_iter().map(|(_, profile)| profile).collect(),
    };
    subscription.to_xml().into_bytes()
}

/// Of a wildcarded public service identity the one that is meant is named, with the wildcard beside it; a wildcarded
/// public user identity is told as it is (TS 29.228 §B.2.1).
fn public_identity(identity: &Identity, asked_for: Option<&str>) -> PublicIdentity {
    let text = identity.identity.clone();
    let (kind, named, wildcarded_psi, wildcarded_impu) = match identity.kind {
        IdentityKind::Distinct => (IdentityType::DistinctPublicUserIdentity, text, None, None),
        IdentityKind::Psi => (IdentityType::DistinctPsi, text, None, None),
        IdentityKind::WildcardedPsi => {
            let named = asked_for.map_or_else(|| text.clone(), str::to_owned);
            (IdentityType::WildcardedPsi, named, Some(text), None)
        }
        IdentityKind::Wildcarded => (IdentityType::WildcardedImpu, text.clone(), None, Some(text)),
    };
    PublicIdentity {
        identity: named,
        is_barred: identity.barred,
        identity_type: Some(kind),
        wildcarded_psi,
        wildcarded_impu,
        display_name: identity.display_name.clone(),
        alias_identity_group_id: identity.alias_group.clone(),
        ..PublicIdentity::default()
    }
}

//! The public identities of a subscriber and the sets in which they are registered (TS 23.003 §13.4; TS 23.228
//! §4.3.3.4).
//!
//! In: the private identities, numbers, identities. Out: implicit registration sets, in the first one what is derived.
//! A public service identity is registered by nobody and stands alone.

use std::collections::BTreeSet;

use super::{Entry, Private};
use crate::bounds::{MAX_IDENTITY, MAX_PUBLIC_IDENTITIES, MAX_SETS};
use crate::error::EntryError;
use crate::subscriber::{Identity, IdentityKind, ImplicitSet, Subscriber};
use crate::subscription::{canonical, canonical_private, public_key};

pub(super) fn sets(
    subscriber: &Subscriber,
    private: &[Private],
    entry: Entry<'_>,
) -> Result<Vec<ImplicitSet>, EntryError> {
    let first = ImplicitSet { identities: first_set(subscriber, private, entry)?, ..ImplicitSet::default() };
    let mut sets = Vec::new();
    let mut seen = BTreeSet::new();
    let more = subscriber.set.iter().enumerate();
    let more = more.map(|(place, set)| (format!("set.{place}."), set));
    for (path, set) in std::iter::once((String::new(), &first)).chain(more) {
        let key = format!("{path}identities");
        let profile = set.profile.as_ref().or(subscriber.profile.as_ref());
        let mut together = Vec::new();
        for identity in &set.identities {
            let identity =
                Identity { profile: identity.profile.clone().or(profile.cloned()), ..identity.clone() };
            check(&identity, &key, &mut seen, entry)?;
            if identity.kind.is_service() {
                sets.push(ImplicitSet { identities: vec![identity], ..ImplicitSet::default() });
            } else {
                together.push(identity);
            }
        }
        if !path.is_empty() && set.identities.is_empty() {
            return Err(entry.wrong(key, None, "expected at least one"));
        }
        if !together.is_empty() {
            let place = if path.is_empty() { 0 } else { sets.len() };
            let private = associated(set, private, &path, entry)?;
            sets.insert(place, ImplicitSet { private, identities: together, profile: None });
        }
    }
    entry.bounded("set", &sets, MAX_SETS)?;
    let count = sets.iter().map(|set| set.identities.len()).sum::<usize>();
    if count > MAX_PUBLIC_IDENTITIES {
        return Err(entry.wrong("identities", None, format!("more than {MAX_PUBLIC_IDENTITIES}")));
    }
    Ok(sets)
}

/// What is written, then what follows from numbers, then what follows from IMSIs.
fn first_set(
    subscriber: &Subscriber,
    private: &[Private],
    entry: Entry<'_>,
) -> Result<Vec<Identity>, EntryError> {
    let mut identities = subscriber.identities.clone();
    let written: BTreeSet<String> = identities
        .iter()
        .chain(subscriber.set.iter().flat_map(|set| &set.identities))
        .filter_map(|identity| canonical(&identity.identity))
        .collect();
    let mut add = |text: String, barred| {
        if canonical(&text).is_none_or(|canonical| !written.contains(&canonical)) {
            identities.push(Identity { identity: text, barred, ..Identity::default() });
        }
    };
    if !subscriber.msisdn.is_empty() {
        let domain = domain(subscriber, private).ok_or_else(|| {
            entry.wrong("domain", None, "expected with msisdn, because the impi has no realm")
        })?;
        for msisdn in &subscriber.msisdn {
            let digits = msisdn.strip_prefix('+').unwrap_or(msisdn);
            if !(3..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(entry.wrong(
                    "msisdn",
                    Some(msisdn),
                    "expected 3 to 15 digits behind an optional +",
                ));
            }
            add(format!("sip:+{digits}@{domain}"), false);
            add(format!("tel:+{digits}"), false);
        }
    }
    let has_other = !subscriber.msisdn.is_empty()
        || subscriber.identities.iter().any(|identity| !identity.barred && !identity.kind.is_service());
    for (user, domain) in private.iter().filter_map(|private| private.temporary.as_ref()) {
        add(format!("sip:{user}@{domain}"), has_other);
    }
    // Somebody with a name and a password and nothing else.
    let is_nameless = identities.is_empty() && subscriber.set.is_empty();
    if is_nameless && let Some(first) = private.first() {
        let text = format!("sip:{}", first.identity.impi);
        identities.push(Identity { identity: text, ..Identity::default() });
    }
    Ok(identities)
}

fn domain<'a>(subscriber: &'a Subscriber, private: &'a [Private]) -> Option<&'a str> {
    let realm = |private: &'a Private| private.identity.impi.rsplit_once('@').map(|(_, realm)| realm);
    subscriber.domain.as_deref().or_else(|| private.first().and_then(realm))
}

fn check(
    identity: &Identity,
    key: &str,
    seen: &mut BTreeSet<String>,
    entry: Entry<'_>,
) -> Result<(), EntryError> {
    let text = identity.identity.as_str();
    let wrong = |reason: &str| entry.wrong(key, Some(text), reason);
    if text.len() > MAX_IDENTITY {
        return Err(entry.wrong(key, None, format!("more than {MAX_IDENTITY} bytes")));
    }
    let expected = match identity.kind {
        IdentityKind::Distinct | IdentityKind::Psi => "expected a SIP or tel URI",
        IdentityKind::Wildcarded | IdentityKind::WildcardedPsi => {
            "expected a SIP or tel URI with a regular expression between two !"
        }
    };
    let found = public_key(identity).ok_or_else(|| wrong(expected))?;
    if !seen.insert(found.text().to_owned()) {
        return Err(wrong("is there twice"));
    }
    if !identity.kind.is_service() && (identity.application_server.is_some() || identity.inactive) {
        return Err(wrong("expected kind psi or wildcarded-psi with application_server or inactive"));
    }
    if let Some(server) = &identity.application_server {
        entry.server("application_server", server)?;
    }
    for (key, text) in [("display_name", &identity.display_name), ("alias_group", &identity.alias_group)] {
        if let Some(text) = text {
            entry.text(key, text)?;
        }
    }
    Ok(())
}

/// The private identities of a set, in canonical form.
fn associated(
    set: &ImplicitSet,
    private: &[Private],
    path: &str,
    entry: Entry<'_>,
) -> Result<Vec<String>, EntryError> {
    let ours = |impi: &String| private.iter().any(|private| private.identity.impi == *impi);
    let each = set.private.iter().map(|written| {
        let found = canonical_private(written).filter(ours);
        let wrong = || {
            let key = format!("{path}private");
            entry.wrong(key, Some(written), "is no private identity of this subscriber")
        };
        found.ok_or_else(wrong)
    });
    each.collect()
}

//! A subscription as it is stored: a [`Subscriber`](crate::Subscriber) with everything said that follows from it.
//!
//! ```text
//!   subscription ─┬─ private identities
//!                 └─ implicit registration sets ─── public identities ─── name of a service profile
//! ```
//! In: what `subscriber/resolve.rs` made. Out: JSON, and by which keys identities are found. What happens to it, who is
//! registered where, is `state.rs`. Neither keys nor sequence numbers are here.

use ims::identity::{Impi, Impu, WildcardedIdentity};
use serde::{Deserialize, Serialize};

use crate::bounds::MAX_IDENTITY;
use crate::subscriber::{Capabilities, Charging, Identity, ImplicitSet};

/// One IMS subscription.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    /// Its private identities.
    pub(crate) private: Vec<PrivateIdentity>,
    /// Its implicit registration sets, each public identity with its own profile.
    pub(crate) sets: Vec<ImplicitSet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) visited_networks: Vec<String>,
    #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
    pub(crate) capabilities: Capabilities,
    #[serde(default, skip_serializing_if = "Charging::is_empty")]
    pub(crate) charging: Charging,
}

/// A private identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivateIdentity {
    /// In canonical form.
    pub(crate) impi: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) imsi: Option<String>,
}

/// How a public identity is found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PublicKey {
    /// By its canonical form.
    Distinct(String),
    /// By matching.
    Wildcarded {
        /// As it was written down.
        text: String,
        /// What the canonical form of everything that matches begins with.
        prefix: String,
    },
}

impl PublicKey {
    /// The text by which no two are alike.
    pub(crate) fn text(&self) -> &str {
        match self {
            PublicKey::Distinct(text) | PublicKey::Wildcarded { text, .. } => text,
        }
    }
}

impl Subscription {
    /// By what it is kept: its first private identity, or where it has none its first public one.
    pub(crate) fn name(&self) -> Option<String> {
        let first = || self.sets.first().map(set_key);
        self.private.first().map(|private| private.impi.clone()).or_else(first)
    }

    /// The keys of all public identities.
    pub(crate) fn public_keys(&self) -> impl Iterator<Item = PublicKey> {
        self.sets.iter().flat_map(|set| &set.identities).filter_map(public_key)
    }

    /// The names of all service profiles, each once.
    pub(crate) fn profiles(&self) -> Vec<&str> {
        let identities = self.sets.iter().flat_map(|set| &set.identities);
        let mut names: Vec<&str> = identities.filter_map(|identity| identity.profile.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether this private identity may register a set.
    pub(crate) fn is_associated(&self, set: &ImplicitSet, impi: &str) -> bool {
        let is_ours = self.private.iter().any(|private| private.impi == impi);
        is_ours && (set.private.is_empty() || set.private.iter().any(|private| private == impi))
    }
}

/// The key of a public identity; `None` where it is none.
pub(crate) fn public_key(identity: &Identity) -> Option<PublicKey> {
    let text = identity.identity.as_str();
    if !identity.kind.is_wildcarded() {
        return canonical(text).map(PublicKey::Distinct);
    }
    WildcardedIdentity::parse(text).ok()?;
    Some(PublicKey::Wildcarded { text: text.to_owned(), prefix: literal_beginning(text)? })
}

/// By what the state of a set is kept: its default identity.
pub(crate) fn set_key(set: &ImplicitSet) -> String {
    let key = set.identities.first().and_then(public_key);
    key.map(|key| key.text().to_owned()).unwrap_or_default()
}

/// The form by which public identities are compared; `None` where it is none, or longer than a key may be.
pub(crate) fn canonical(identity: &str) -> Option<String> {
    let identity = Impu::parse(identity.as_bytes()).ok()?;
    (identity.as_str().len() <= MAX_IDENTITY).then(|| identity.as_str().to_owned())
}

/// The form by which private identities are compared.
pub(crate) fn canonical_private(identity: &str) -> Option<String> {
    let identity = Impi::parse(identity.as_bytes()).ok()?;
    (identity.as_str().len() <= MAX_IDENTITY).then(|| identity.as_str().to_owned())
}

/// Whether a wildcarded identity stands for one in canonical form.
pub(crate) fn matches(wildcarded: &str, identity: &str) -> bool {
    let Ok(identity) = Impu::parse(identity.as_bytes()) else { return false };
    WildcardedIdentity::parse(wildcarded).is_ok_and(|wildcarded| wildcarded.matches(&identity))
}

/// What stands before the pattern, in canonical form: what the canonical forms of two examples have in common.
fn literal_beginning(wildcarded: &str) -> Option<String> {
    let (before, rest) = wildcarded.split_once('!')?;
    let (_, behind) = rest.rsplit_once('!')?;
    let (one, other) = (canonical(&format!("{before}0{behind}"))?, canonical(&format!("{before}1{behind}"))?);
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    Some(alike.map(|(one, _)| one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriber::IdentityKind;

    #[test]
    fn the_beginning_of_a_wildcard_is_canonical() {
        for (text, beginning) in [
            ("sip:chatlist!.*!@Example.com", Some("sip:chatlist")),
            ("tel:+44-12-345!.*!", Some("tel:+4412345")),
            ("sip:!.*!@example.com", Some("sip:")),
            ("sip:chatlist@example.com", None),
        ] {
            assert_eq!(literal_beginning(text).as_deref(), beginning, "{text}");
        }
    }

    #[test]
    fn a_wildcard_is_kept_by_its_text_and_another_identity_by_its_canonical_form() {
        let identity =
            |kind, identity: &str| Identity { identity: identity.into(), kind, ..Identity::default() };
        let distinct = public_key(&identity(IdentityKind::Distinct, "sip:A@EXAMPLE.com;transport=udp"));
        assert_eq!(distinct.unwrap().text(), "sip:A@example.com");
        let wildcarded = public_key(&identity(IdentityKind::WildcardedPsi, "sip:a!.*!@EXAMPLE.com"));
        assert_eq!(wildcarded.unwrap().text(), "sip:a!.*!@EXAMPLE.com");
        assert!(public_key(&identity(IdentityKind::Wildcarded, "sip:a@example.com")).is_none());
        assert!(matches("sip:a!.*!@example.com", "sip:abc@example.com"));
        assert!(!matches("sip:a!.*!@example.com", "sip:b@example.com"));
    }
}

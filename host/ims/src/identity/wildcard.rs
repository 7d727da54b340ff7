//! Wildcarded public user identities (TS 23.003 §13.4A) and public service identities (§13.5): one entry for many.
//!
//! ```text
//!   sip:chatlist!.*!@example.com      any user that begins with chatlist
//!   tel:+4412345!.*!                  any number that begins so
//! ```
//! Between the outermost pair of exclamation marks stands an extended regular expression (`ere.rs`); what is around it
//! is literal. In: such an identity. Out: whether an [`Impu`] is one of those it stands for. An identity that is
//! provisioned itself goes before a wildcard (TS 29.228 §6.1.1): that is for whoever keeps both.

use sip::Uri;

use super::{IdentityError, Impu};
use crate::bounds::MAX_IDENTITY;
use crate::ere::{Ere, EreError};

/// A wildcarded identity, ready to be matched. Its `Debug` does not show it.
#[derive(Clone)]
pub struct WildcardedIdentity {
    text: String,
    ere: Ere,
}

/// A text is no wildcarded identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WildcardError {
    /// There is no pair of exclamation marks in its user part or number.
    #[error("no pair of exclamation marks")]
    NoWildcard,
    /// What is around the pattern is no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] EreError),
}

impl WildcardedIdentity {
    /// Reads a wildcarded identity.
    ///
    /// # Errors
    /// It has no pattern, or its pattern or what is around it cannot be used.
    pub fn parse(text: &str) -> Result<WildcardedIdentity, WildcardError> {
        if text.len() > MAX_IDENTITY {
            return Err(IdentityError::new(MAX_IDENTITY, "fewer bytes").into());
        }
        let (before, rest) = text.split_once('!').ok_or(WildcardError::NoWildcard)?;
        let (pattern, behind) = rest.rsplit_once('!').ok_or(WildcardError::NoWildcard)?;
        // With a digit for all that the pattern matches it must be an identity, whose canonical form says what the
        // literal text around the pattern is.
        let example = format!("{before}0{behind}");
        let uri = Uri::parse(example.as_bytes()).map_err(IdentityError::from)?;
        let misplaced = IdentityError::new(before.len(), "a user or number around the pattern");
        if uri.is_sip() && uri.user().is_none() {
            return Err(misplaced.into());
        }
        let example = Impu::of(&uri)?;
        let before = literal(before).ok_or(misplaced)?;
        let behind = example.as_str().strip_prefix(&before).and_then(|rest| rest.strip_prefix('0'));
        let behind = behind.ok_or(misplaced)?;
        Ok(WildcardedIdentity { text: text.to_owned(), ere: Ere::between(&before, pattern, behind)? })
    }

    /// The identity as it was provisioned.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it stands for this identity.
    #[must_use]
    pub fn matches(&self, identity: &Impu) -> bool {
        self.ere.matches(identity.as_str().as_bytes())
    }
}

/// The canonical form of what stands before the pattern: the scheme, and the beginning of a user part or number.
fn literal(before: &str) -> Option<String> {
    let (scheme, beginning) = before.split_once(':')?;
    if scheme.eq_ignore_ascii_case("tel") {
        let digits: String = beginning.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
        return Some(format!("tel:{}", digits.to_ascii_lowercase()));
    }
    if beginning.is_empty() {
        return Some("sip:".to_owned());
    }
    let alone = format!("sip:{beginning}@x");
    Uri::parse(alone.as_bytes()).ok()?.aor().strip_suffix("@x").map(str::to_owned)
}

/// Says nothing about people.
impl std::fmt::Debug for WildcardedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WildcardedIdentity({} bytes)", self.text.len())
    }
}

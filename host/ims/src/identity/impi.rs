//! The private user identity, IMPI (TS 23.003 §13.3): a network access identifier (RFC 4282 §2.1).
//!
//! In: `username@realm`. Out: [`Impi`], its realm in lower case, so that equal identities are equal values. It is never
//! routed on and never shown to other users.

use std::fmt;

use super::{IdentityError, Imsi};
use crate::bounds::MAX_IDENTITY;

/// A private user identity. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Impi(String);

impl Impi {
    /// Reads an identity. The realm may be missing: what a digest calls a username is taken as well.
    ///
    /// # Errors
    /// It is empty or too long, not UTF-8, holds white space or controls, or has an empty username or realm.
    pub fn parse(identity: &[u8]) -> Result<Impi, IdentityError> {
        if identity.len() > MAX_IDENTITY {
            return Err(IdentityError::new(MAX_IDENTITY, "fewer bytes"));
        }
        let text = std::str::from_utf8(identity)
            .map_err(|error| IdentityError::new(error.valid_up_to(), "UTF-8"))?;
        if let Some(offset) = text.find(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(IdentityError::new(offset, "no white space"));
        }
        let (username, realm) = match text.rsplit_once('@') {
            Some((username, realm)) => (username, Some(realm)),
            None => (text, None),
        };
        if username.is_empty() {
            return Err(IdentityError::new(0, "a username"));
        }
        match realm {
            None => Ok(Impi(text.to_owned())),
            Some("") => Err(IdentityError::new(text.len(), "a realm")),
            Some(realm) => Ok(Impi(format!("{username}@{}", realm.to_ascii_lowercase()))),
        }
    }

    pub(super) fn derived(identity: String) -> Impi {
        Impi(identity)
    }

    /// The identity.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn username(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(username, _)| username)
    }

    /// What stands behind it.
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, realm)| realm)
    }

    /// The IMSI, where the identity was derived from one (§13.3).
    #[must_use]
    pub fn imsi(&self) -> Option<Imsi> {
        let realm = self.realm()?;
        let is_derived = realm.starts_with("ims.mnc") && realm.ends_with(".3gppnetwork.org");
        if is_derived { Imsi::parse(self.username()).ok() } else { None }
    }
}

/// Says nothing about people.
impl fmt::Debug for Impi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Impi({} bytes)", self.0.len())
    }
}

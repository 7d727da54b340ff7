//! Who somebody is in IMS: private and public user identities, and what is derived from an IMSI (TS 23.003 §13).
//!
//! ```text
//!   home_network   PLMN and IMSI -> home network domain, private identity, temporary public identity   §13.2 to §13.4B
//!   impu           a URI -> the one form by which public identities are compared                       §13.4
//!   wildcard       a wildcarded identity -> which identities it stands for                             §13.4A, §13.5
//!   emergency      which requests are emergency calls                                        RFC 5031, TS 22.101 §10
//! ```
//! In: URIs and digits. Out: identities as values. None of them shows itself in a log. Not here: who is registered.

mod emergency;
mod home_network;
mod impi;
mod impu;
#[cfg(feature = "regex")]
mod wildcard;

pub use emergency::{EmergencyNumbers, is_emergency_urn};
pub use home_network::{Imsi, Plmn};
pub use impi::Impi;
pub use impu::{Impu, telephone_uri};
#[cfg(feature = "regex")]
pub use wildcard::{WildcardError, WildcardedIdentity};

/// A text that is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("identity: expected {expected} at byte {offset}")]
pub struct IdentityError {
    /// Bytes from the start of the text.
    pub offset: usize,
    /// What is wanted at that place.
    pub expected: &'static str,
}

impl IdentityError {
    const fn new(offset: usize, expected: &'static str) -> IdentityError {
        IdentityError { offset, expected }
    }
}

impl From<sip::UriError> for IdentityError {
    fn from(error: sip::UriError) -> IdentityError {
        IdentityError::new(error.offset, error.expected)
    }
}

//! `P-Asserted-Identity` and `P-Preferred-Identity` (RFC 3325 §9.1 and §9.2): who the network says, or the user wishes,
//! to be.
//!
//! In: the values. Out: [`AssertedIdentity`]: at most one SIP or SIPS URI and at most one tel URI, and back. Not here:
//! whether an identity is the user's own (TS 24.229 §5.2.6.3): that is a question to the registration.

use std::fmt;

use sip::{HeaderError, HeaderId, Scheme};

use crate::Address;
use crate::parameter::{self, malformed};

/// One or two identities of one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssertedIdentity {
    /// The SIP or SIPS URI.
    pub sip: Option<Address>,
    /// The tel URI.
    pub tel: Option<Address>,
}

impl AssertedIdentity {
    /// Reads every element of every value of P-Asserted-Identity.
    ///
    /// # Errors
    /// An element that is no address, of another scheme, or a second one of its kind.
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, HeaderError> {
        AssertedIdentity::parse_as(HeaderId::P_ASSERTED_IDENTITY, values)
    }

    /// The same for P-Preferred-Identity.
    ///
    /// # Errors
    /// As [`AssertedIdentity::parse_all`].
    pub fn parse_preferred<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, HeaderError> {
        AssertedIdentity::parse_as(HeaderId::P_PREFERRED_IDENTITY, values)
    }

    fn parse_as<'a>(
        header: HeaderId,
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<AssertedIdentity, HeaderError> {
        let addresses = parameter::each(header, values, |element| Address::parse(header, element))?;
        let mut identity = AssertedIdentity::default();
        for (address, _) in addresses {
            let place = match address.uri().map(|uri| uri.scheme()) {
                Ok(Scheme::Sip | Scheme::Sips) => &mut identity.sip,
                Ok(Scheme::Tel) => &mut identity.tel,
                _ => return Err(malformed(header, 0, "sip, sips or tel")),
            };
            if place.replace(address).is_some() {
                return Err(malformed(header, 0, "one SIP URI and one tel URI at most"));
            }
        }
        Ok(identity)
    }

    /// The identities, the SIP URI first.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.sip.iter().chain(&self.tel)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses().next().is_none()
    }
}

/// As it stands in a message, in one header field.
impl fmt::Display for AssertedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.addresses().map(Address::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

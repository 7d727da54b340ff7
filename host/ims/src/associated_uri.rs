//! `P-Associated-URI` (RFC 7315 §4.1 and §5.1; TS 24.229 §5.4.1.2.2F): the identities that a registration brought
//! along.
//!
//! In: the values. Out: [`AssociatedUri`]s, the default identity first, and back.

use std::fmt;

use sip::{HeaderError, HeaderId};

use crate::Address;
use crate::parameter::{self, Parameter};
use crate::service_profile::{IdentityType, ImsSubscription};

const HEADER: HeaderId = HeaderId::P_ASSOCIATED_URI;

/// One identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociatedUri {
    /// The identity.
    pub address: Address,
    /// Parameters.
    pub others: Vec<Parameter>,
}

impl AssociatedUri {
    /// Reads every element of every value.
    ///
    /// # Errors
    /// An element that is no address, or too many elements.
    pub fn parse_all<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<AssociatedUri>, HeaderError> {
        parameter::each(HEADER, values, |element| {
            let (address, others) = Address::parse(HEADER, element)?;
            Ok(AssociatedUri { address, others })
        })
    }

    /// Those of a subscription (TS 24.229 §5.4.1.2.2F): identities that are barred or stand for others are not told to
    /// the user. One that is no URI is left out.
    #[must_use]
    pub fn of(subscription: &ImsSubscription) -> Vec<AssociatedUri> {
        let told = subscription.public_identities().filter(|identity| {
            !identity.is_barred
                && matches!(
                    identity.kind(),
                    IdentityType::DistinctPublicUserIdentity | IdentityType::NonDistinctImpu
                )
        });
        told.filter_map(|identity| {
            let address = Address::new(&identity.identity).ok()?;
            let address = match &identity.display_name {
                Some(name) => address.named(name),
                None => address,
            };
            Some(AssociatedUri { address, others: Vec::new() })
        })
        .collect()
    }
}

/// As it stands in a message.
impl fmt::Display for AssociatedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        parameter::write_all(&self.others, f)
    }
}

//! What a home subscriber server says about a subscription: the user profile of TS 29.228 Annex B, in the XML of its
//! Annex D and E.
//!
//! ```text
//!  IMSSubscription ─┬─ PrivateID
//!                   └─ ServiceProfile* ─┬─ PublicIdentity*          public_identity.rs
//!                                       ├─ InitialFilterCriteria*   criteria.rs
//!                                       ├─ CoreNetworkServicesAuthorization
//!                                       └─ SharedIFCSetID*          shared.rs: what they stand for
//! ```
//! In: the User-Data AVP (TS 29.229 §6.3.7). Out: [`ImsSubscription`] (`parse.rs`), and back (`print.rs`). Which filter
//! criteria a request meets is `filter_criteria.rs`; what an identity is compared by is `identity.rs`.
//!
//! Read as servers write it: any or no namespace, elements in any order, unknown elements passed over, white space
//! around values, booleans as `0`, `1`, `true` or `false`. What the schema demands and a decision needs must be there.

mod criteria;
mod parse;
mod print;
mod public_identity;
mod shared;

pub use criteria::{
    ApplicationServer, ConditionType, DefaultHandling, InitialFilterCriteria, ProfilePart, RegistrationType,
    ServicePointTrigger, SessionCase, TriggerPoint, What,
};
pub use public_identity::{ExtendedPriority, IdentityType, PublicIdentity};
pub use shared::SharedIfcSets;

use crate::xml::XmlError;

/// A subscription (TS 29.228 §B.1): one private identity and its service profiles.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ImsSubscription {
    /// The private user identity; servers leave it empty for public service identities.
    pub private_identity: String,
    /// The IMSI, where the server tells it (Extension, Release 11).
    pub imsi: Option<String>,
    /// At least one.
    pub service_profiles: Vec<ServiceProfile>,
}

impl ImsSubscription {
    /// Reads a User-Data AVP.
    ///
    /// # Errors
    /// It is not XML, lacks what the schema demands, holds a value that is none, or exceeds a bound.
    pub fn parse(user_data: &[u8]) -> Result<ImsSubscription, ProfileError> {
        parse::subscription(user_data)
    }

    /// The XML document, as TS 29.228 Annex E has it.
    #[must_use]
    pub fn to_xml(&self) -> String {
        print::subscription(self)
    }

    /// Every public identity, the default one first (TS 24.229 §5.4.1.2.2F: in the order that the server gave).
    pub fn public_identities(&self) -> impl Iterator<Item = &PublicIdentity> {
        self.service_profiles.iter().flat_map(|profile| &profile.public_identities)
    }
}

/// Says nothing about people.
impl std::fmt::Debug for ImsSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let identities = self.public_identities().count();
        write!(f, "ImsSubscription({} profiles, {identities} identities)", self.service_profiles.len())
    }
}

/// A service profile (TS 29.228 §B.2.1): what holds for some of the public identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceProfile {
    /// At least one.
    pub public_identities: Vec<PublicIdentity>,
    /// In the order of the document; their priority decides, not their place.
    pub initial_filter_criteria: Vec<InitialFilterCriteria>,
    /// What the core network lets them do.
    pub core_network_services_authorization: Option<CoreNetworkServicesAuthorization>,
    /// Sets of filter criteria that the S-CSCF holds itself (§B.2.1, SharedIFCSetID).
    pub shared_ifc_set_ids: Vec<u32>,
}

/// TS 29.228 §B.2.1A.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoreNetworkServicesAuthorization {
    /// The number of a profile of media that the S-CSCF knows (TS 24.229 §5.4.3.2).
    pub subscribed_media_profile_id: Option<u32>,
    /// The communication services (ICSI) that are allowed; empty: no limit.
    pub service_ids: Vec<String>,
}

/// The user data cannot be used. An S-CSCF answers a PPR with it by DIAMETER_ERROR_NOT_SUPPORTED_USER_DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is no XML that is read here.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The document is about something else.
    #[error("user data at byte {offset}: expected {expected}")]
    Root {
        /// The element that was wanted.
        expected: &'static str,
        /// Bytes from the start of the document.
        offset: usize,
    },
    /// An element that a decision needs is not there.
    #[error("user data at byte {offset}: {element} is missing")]
    Missing {
        /// The element.
        element: &'static str,
        /// Where the element that should hold it begins.
        offset: usize,
    },
    /// A value is none of those that its element can have.
    #[error("user data at byte {offset}: {element} is not {expected}")]
    Value {
        /// The element.
        element: &'static str,
        /// What it should be.
        expected: &'static str,
        /// Where the element begins.
        offset: usize,
    },
    /// Two shared sets of one document have the same identifier.
    #[error("shared filter criteria at byte {offset}: the set {id} is there already")]
    Twice {
        /// Its identifier.
        id: u32,
        /// Where the second one begins.
        offset: usize,
    },
    /// A named bound of [`bounds`](crate::bounds) is exceeded.
    #[error("user data at byte {offset}: more than {limit} {what}")]
    TooMany {
        /// The unit that is bounded.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// Where the element that is too much begins.
        offset: usize,
    },
}

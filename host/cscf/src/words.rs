//! The words between CSCFs' scripts, their host and the HSS: what `wit/deps/ims` and `wit/deps/cx` say, as plain values.
//!
//! In and out: nothing but values. What `ims` has already is taken from there.

use serde::{Deserialize, Serialize};

pub use ims::filter_criteria::Position;
pub use ims::service_profile::{RegistrationType, SessionCase};

/// Why the HSS gave no answer to go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
pub enum CxFailure {
    /// No HSS is connected, or too much is asked of it.
    #[error("no HSS can be asked")]
    Unreachable,
    /// None answered in time.
    #[error("no answer in time")]
    Timeout,
    /// Result-Code.
    #[error("Result-Code {0}")]
    Result(u32),
    /// Experimental-Result-Code of 3GPP.
    #[error("Experimental-Result-Code {0}")]
    Experimental(u32),
    /// An answer that cannot be used.
    #[error("an answer that cannot be used")]
    Malformed,
}

/// User-Authorization-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizationKind {
    /// REGISTRATION
    Registration,
    /// DE_REGISTRATION
    DeRegistration,
    /// REGISTRATION_AND_CAPABILITIES
    RegistrationAndCapabilities,
}

/// What a User-Authorization-Request is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Public-Identity.
    pub public_identity: String,
    /// User-Name.
    pub private_identity: String,
    /// Visited-Network-Identifier.
    pub visited_network: String,
    /// User-Authorization-Type.
    pub kind: AuthorizationKind,
    /// UAR-Flags: an emergency registration.
    pub emergency: bool,
}

/// How the HSS sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocationOutcome {
    /// DIAMETER_SUCCESS
    Success,
    /// DIAMETER_FIRST_REGISTRATION
    FirstRegistration,
    /// DIAMETER_SUBSEQUENT_REGISTRATION
    SubsequentRegistration,
    /// DIAMETER_UNREGISTERED_SERVICE
    UnregisteredService,
    /// DIAMETER_SUCCESS_SERVER_NAME_NOT_STORED
    ServerNameNotStored,
}

/// Server-Capabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Mandatory-Capability.
    pub mandatory: Vec<u32>,
    /// Optional-Capability.
    pub optional: Vec<u32>,
    /// Server-Name.
    pub server_names: Vec<String>,
}

/// Where an identity is, or may be, served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// How the HSS sees it.
    pub outcome: LocationOutcome,
    /// Server-Name.
    pub server_name: Option<String>,
    /// Server-Capabilities.
    pub capabilities: Option<Capabilities>,
    /// Wildcarded-Public-Identity.
    pub wildcarded_public_identity: Option<String>,
}

/// SIP-Authentication-Scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthenticationScheme {
    /// Unknown
    Unknown,
    /// Digest-AKAv1-MD5
    AkaV1,
    /// Digest-AKAv2
    AkaV2,
    /// SIP Digest
    SipDigest,
}

/// What came of checking credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthenticationVerdict {
    /// Right.
    Accepted,
    /// There are none that answer a challenge.
    Absent,
    /// The phone does not believe in the network.
    NetworkRefused,
    /// It sends an AUTS.
    Resynchronise,
    /// A challenge that is unknown, too old or used.
    Stale,
    /// Anything else.
    Rejected,
}

/// Server-Assignment-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "TS 29.229 §6.3.15 says what each is")]
pub enum Assignment {
    NoAssignment,
    Registration,
    ReRegistration,
    UnregisteredUser,
    TimeoutDeregistration,
    UserDeregistration,
    TimeoutDeregistrationStoreServerName,
    UserDeregistrationStoreServerName,
    AdministrativeDeregistration,
    AuthenticationFailure,
    AuthenticationTimeout,
    DeregistrationTooMuchData,
}

/// A public identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its URI.
    pub uri: String,
    /// For registration only.
    pub is_barred: bool,
    /// As provisioned; empty: none.
    pub display_name: String,
}

/// An implicit registration set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// The private identity that brought the profile; empty: none.
    pub private_identity: String,
    /// Somebody of the set is registered.
    pub is_registered: bool,
    /// The set.
    pub identities: Vec<Identity>,
    /// A value for P-Charging-Function-Addresses; empty: none.
    pub charging: String,
}

/// An application server of filter criteria.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationServer {
    /// Its URI.
    pub uri: String,
    /// The session ends where it fails.
    pub terminates: bool,
    /// ServiceInfo.
    pub service_info: Option<String>,
    /// IncludeRegisterRequest.
    pub include_register_request: bool,
    /// IncludeRegisterResponse.
    pub include_register_response: bool,
}

/// Criteria that are met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triggered {
    /// Where the chain goes on.
    pub position: Position,
    /// Who is next.
    pub server: ApplicationServer,
}

/// Why a SUBSCRIBE is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscribeRefusal {
    /// Nobody of this identity is served here.
    Unknown,
    /// It cannot be read.
    Malformed,
    /// It is inside a dialog that is none of these.
    NoSubscription,
    /// Another request of its dialog has gone before it.
    OutOfOrder,
    /// There are too many.
    TooMany,
}

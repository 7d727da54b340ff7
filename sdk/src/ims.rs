//! The words of IMS (TS 24.229, TS 29.228) in a script's hands: the interfaces `strowger:ims` and `strowger:cx` of `wit/`.
//!
//! In: nothing. Out: plain values that [`Host`](crate::Host) takes and gives, and the modules of header fields and documents
//! of 3GPP, read and written without asking the host. What is decided is a plugin's.

pub use ::ims::service_profile::{RegistrationType, SessionCase};
pub use ::ims::{
    access_network_info, asserted_identity, associated_uri, charging_function_addresses, charging_vector,
    feature_tags, identity, privacy, reginfo, served_user, service_route, visited_network_id,
};

/// A public user identity of an implicit registration set (TS 23.228 §5.2.1a).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// In canonical form, as an address-of-record.
    pub uri: String,
    /// It may be used for registration only.
    pub barred: bool,
    /// As provisioned; empty: none.
    pub display_name: String,
}

/// Somebody whom this S-CSCF serves: an implicit registration set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscriber {
    /// The private identity that brought the profile; empty: none did.
    pub private_identity: String,
    /// Somebody of the set is registered; else the profile is here for services to unregistered users.
    pub registered: bool,
    /// The set in the HSS's order.
    pub identities: Vec<Identity>,
    /// A value for P-Charging-Function-Addresses; empty: the HSS named none.
    pub charging: String,
}

impl Subscriber {
    /// The default public user identity: the first that is not barred (TS 24.229 §5.4.1.2.2F).
    #[must_use]
    pub fn default_identity(&self) -> Option<&Identity> {
        self.identities.iter().find(|identity| !identity.barred)
    }

    /// The identity of this URI, in its canonical form ([`Uri::aor`](crate::Uri::aor)).
    #[must_use]
    pub fn identity(&self, uri: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.uri == uri)
    }
}

/// A place in a chain of filter criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The priority of the criteria.
    pub priority: u32,
    /// Which of several of that priority.
    pub ordinal: u16,
}

/// An application server of filter criteria.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationServer {
    /// Its URI.
    pub uri: String,
    /// SESSION_TERMINATED: the session ends where it fails; else it goes on without it.
    pub terminates: bool,
    /// ServiceInfo.
    pub service_info: Option<String>,
    /// IncludeRegisterRequest.
    pub include_register_request: bool,
    /// IncludeRegisterResponse.
    pub include_register_response: bool,
}

/// Criteria that a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggered {
    /// The chain goes on behind it.
    pub position: Position,
    /// Who is next.
    pub server: ApplicationServer,
}

/// Why the HSS gave no answer to go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CxFailure {
    /// No HSS is connected, or too much is asked of it already.
    Unreachable,
    /// None answered in time.
    Timeout,
    /// Result-Code (RFC 6733 §7.1).
    Result(u32),
    /// Experimental-Result-Code (TS 29.229 §6.2).
    Experimental(u32),
    /// The answer cannot be used.
    Malformed,
}

/// User-Authorization-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationType {
    /// REGISTRATION
    Registration,
    /// DE_REGISTRATION
    DeRegistration,
    /// REGISTRATION_AND_CAPABILITIES
    RegistrationAndCapabilities,
}

/// What a User-Authorization-Request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Whom the REGISTER registers.
    pub public_identity: String,
    /// Who registers.
    pub private_identity: String,
    /// From which network.
    pub visited_network: String,
    /// What it wants.
    pub kind: AuthorizationType,
    /// An emergency registration.
    pub emergency: bool,
}

/// How the HSS sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// What an S-CSCF must have.
    pub mandatory: Vec<u32>,
    /// What it should have.
    pub optional: Vec<u32>,
    /// Which ones there are.
    pub server_names: Vec<String>,
}

/// Where an identity is, or may be, served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// How the HSS sees it.
    pub outcome: LocationOutcome,
    /// The S-CSCF.
    pub server_name: Option<String>,
    /// What to choose one by.
    pub capabilities: Option<Capabilities>,
    /// The wildcard that the identity matched.
    pub wildcarded_public_identity: Option<String>,
}

/// SIP-Authentication-Scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationScheme {
    /// Whatever the HSS has for this user.
    Unknown,
    /// Digest-AKAv1-MD5
    AkaV1,
    /// Digest-AKAv2
    AkaV2,
    /// SIP Digest
    SipDigest,
}

/// What came of checking credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationVerdict {
    /// Right, on a challenge of ours that is neither too old nor used.
    Accepted,
    /// None that answer a challenge.
    Absent,
    /// The phone does not believe in the network.
    NetworkRefused,
    /// It sends an AUTS, which the next challenge takes along.
    Resynchronise,
    /// A challenge that is unknown here, too old, or used.
    Stale,
    /// Anything else.
    Rejected,
}

/// Server-Assignment-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // TS 29.229 §6.3.15 says what each is
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

/// Why a SUBSCRIBE to the reg event package is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscribeRefusal {
    /// Nobody of this identity is served here: 404 or 480.
    Unknown,
    /// It lacks something or cannot be read: 400.
    Malformed,
    /// Inside a dialog that is not one of these subscriptions: 481.
    NoSubscription,
    /// Its CSeq is not above the last one of its dialog (RFC 3261 §12.2.2): 500.
    OutOfOrder,
    /// There are too many: 503.
    TooMany,
}

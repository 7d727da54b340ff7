//! What a CSCF asks of the HSS (TS 29.228 §6.1, §6.3), and what the answers say.
//!
//! In: the words of scripts, a Session-Id; later an answer. Out: a request; later plain values, or why there are none
//! ([`CxFailure`]). Sending, deadlines and failover are `diameter::Node`'s. What an RTR or PPR wants is read here too; what
//! is done about it is the runtime's.

use diameter::base::Origin;
use diameter::cx::{
    self, AnswerHead, LocationInfoAnswer, LocationInfoRequest, MultimediaAuthAnswer, MultimediaAuthRequest,
    OriginatingRequest, RequestHead, ServerAssignmentAnswer, ServerAssignmentRequest, ServerAssignmentType,
    SipAuthDataItem, SupportedFeatures, UarFlags, UserAuthorizationAnswer, UserAuthorizationRequest,
    UserAuthorizationType, UserDataAlreadyAvailable,
};
use diameter::{Command, CxResult, DiameterIdentity, Message, Outcome, Reading, ResultCode};

use crate::challenges::Resynchronisation;
use crate::words::{
    Assignment, AuthenticationScheme, Authorization, AuthorizationKind, Capabilities, CxFailure, Location,
    LocationOutcome,
};

/// SIP-Authentication-Scheme of AKAv1 (TS 29.228 §6.3).
const AKA_V1: &str = "Digest-AKAv1-MD5";
const AKA_V2: &str = "Digest-AKAv2-SHA-256";
const SIP_DIGEST: &str = "SIP Digest";
const UNKNOWN: &str = "Unknown";

/// Who asks, and whom.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Our Origin-Host and Origin-Realm.
    pub origin: Origin,
    /// The HSS's realm.
    pub destination_realm: DiameterIdentity,
    /// One HSS alone; `None`: whichever serves the realm.
    pub destination_host: Option<DiameterIdentity>,
    /// The S-CSCF's SIP URI, as the HSS stores it.
    pub server_name: String,
    /// It holds shared sets of filter criteria, and says so with each SAR (TS 29.229 §7.1.1): then profiles may name them.
    pub shares_ifc: bool,
}

/// What an SAA brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// User-Data.
    pub user_data: Option<Vec<u8>>,
    /// A value for P-Charging-Function-Addresses; empty: none.
    pub charging: String,
    /// User-Name: the private identity that the HSS means.
    pub user_name: Option<String>,
}

impl Cx {
    fn head(&self, session_id: String) -> RequestHead {
        RequestHead {
            destination_host: self.destination_host.clone(),
            ..RequestHead::new(session_id, self.origin.clone(), self.destination_realm.clone())
        }
    }

    /// UAR.
    ///
    /// # Errors
    /// It would be longer than a message can be.
    pub fn user_authorization(&self, session_id: String, of: &Authorization) -> Result<Message, CxFailure> {
        print(&UserAuthorizationRequest {
            head: self.head(session_id),
            user_name: of.private_identity.clone(),
            public_identity: of.public_identity.clone(),
            visited_network_identifier: of.visited_network.clone().into_bytes(),
            user_authorization_type: Some(authorization_type(of.kind)),
            uar_flags: of.emergency.then_some(UarFlags::IMS_EMERGENCY_REGISTRATION),
            other: Vec::new(),
        })
    }

    /// LIR.
    ///
    /// # Errors
    /// It would be longer than a message can be.
    pub fn location_info(
        &self,
        session_id: String,
        public_identity: &str,
        originating: bool,
        kind: Option<AuthorizationKind>,
    ) -> Result<Message, CxFailure> {
        print(&LocationInfoRequest {
            head: self.head(session_id),
            originating_request: originating.then_some(OriginatingRequest::Originating),
            public_identity: public_identity.to_owned(),
            user_authorization_type: kind.map(authorization_type),
            session_priority: None,
            other: Vec::new(),
        })
    }

    /// MAR for one vector.
    ///
    /// # Errors
    /// It would be longer than a message can be.
    pub fn multimedia_auth(
        &self,
        session_id: String,
        private_identity: &str,
        public_identity: &str,
        scheme: AuthenticationScheme,
        resynchronisation: Option<&Resynchronisation>,
    ) -> Result<Message, CxFailure> {
        let scheme = match scheme {
            AuthenticationScheme::Unknown => UNKNOWN,
            AuthenticationScheme::AkaV1 => AKA_V1,
            AuthenticationScheme::AkaV2 => AKA_V2,
            AuthenticationScheme::SipDigest => SIP_DIGEST,
        };
        // §6.3.1: RAND and AUTS together.
        let authorization =
            resynchronisation.map(|one| diameter::Secret::new(&[&one.rand[..], &one.auts].concat()));
        print(&MultimediaAuthRequest {
            head: self.head(session_id),
            user_name: private_identity.to_owned(),
            public_identity: public_identity.to_owned(),
            sip_auth_data_item: SipAuthDataItem {
                sip_authentication_scheme: Some(scheme.to_owned()),
                sip_authorization: authorization,
                ..SipAuthDataItem::default()
            },
            sip_number_auth_items: 1,
            server_name: self.server_name.clone(),
            other: Vec::new(),
        })
    }

    /// SAR. An empty private identity is left out.
    ///
    /// # Errors
    /// It would be longer than a message can be.
    pub fn server_assignment(
        &self,
        session_id: String,
        public_identity: &str,
        private_identity: &str,
        kind: Assignment,
        has_profile: bool,
    ) -> Result<Message, CxFailure> {
        let available = match has_profile {
            true => UserDataAlreadyAvailable::AlreadyAvailable,
            false => UserDataAlreadyAvailable::NotAvailable,
        };
        // No M bit: an HSS that has no shared sets writes all criteria into the profile.
        let features = self.shares_ifc.then(|| SupportedFeatures::of_cx(SupportedFeatures::SIFC, false));
        let head =
            RequestHead { supported_features: features.into_iter().collect(), ..self.head(session_id) };
        print(&ServerAssignmentRequest {
            head,
            user_name: (!private_identity.is_empty()).then(|| private_identity.to_owned()),
            public_identities: match public_identity {
                "" => Vec::new(),
                identity => vec![identity.to_owned()],
            },
            wildcarded_public_identity: None,
            server_name: self.server_name.clone(),
            server_assignment_type: assignment_type(kind),
            user_data_already_available: available,
            scscf_restoration_info: None,
            multiple_registration_indication: None,
            session_priority: None,
            sar_flags: None,
            failed_pcscf: None,
            other: Vec::new(),
        })
    }
}

fn print(command: &impl Command) -> Result<Message, CxFailure> {
    command.print().map_err(|_| CxFailure::Malformed)
}

const fn authorization_type(kind: AuthorizationKind) -> UserAuthorizationType {
    match kind {
        AuthorizationKind::Registration => UserAuthorizationType::Registration,
        AuthorizationKind::DeRegistration => UserAuthorizationType::DeRegistration,
        AuthorizationKind::RegistrationAndCapabilities => UserAuthorizationType::RegistrationAndCapabilities,
    }
}

const fn assignment_type(kind: Assignment) -> ServerAssignmentType {
    match kind {
        Assignment::NoAssignment => ServerAssignmentType::NoAssignment,
        Assignment::Registration => ServerAssignmentType::Registration,
        Assignment::ReRegistration => ServerAssignmentType::ReRegistration,
        Assignment::UnregisteredUser => ServerAssignmentType::UnregisteredUser,
        Assignment::TimeoutDeregistration => ServerAssignmentType::TimeoutDeregistration,
        Assignment::UserDeregistration => ServerAssignmentType::UserDeregistration,
        Assignment::TimeoutDeregistrationStoreServerName => {
            ServerAssignmentType::TimeoutDeregistrationStoreServerName
        }
        Assignment::UserDeregistrationStoreServerName => {
            ServerAssignmentType::UserDeregistrationStoreServerName
        }
        Assignment::AdministrativeDeregistration => ServerAssignmentType::AdministrativeDeregistration,
        Assignment::AuthenticationFailure => ServerAssignmentType::AuthenticationFailure,
        Assignment::AuthenticationTimeout => ServerAssignmentType::AuthenticationTimeout,
        Assignment::DeregistrationTooMuchData => ServerAssignmentType::DeregistrationTooMuchData,
    }
}

/// How a request ended, where that is no success.
fn failure(outcome: Outcome) -> CxFailure {
    match outcome {
        // What a node on the way says when it can reach nobody (RFC 6733 §7.1.3): as if there were no HSS.
        Outcome::Result(ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY) => CxFailure::Unreachable,
        Outcome::Result(code) => CxFailure::Result(code.0),
        Outcome::Experimental { code, .. } => CxFailure::Experimental(code),
    }
}

/// The answer typed, if it is a success. An answer that is no success may lack what its grammar demands (RFC 6733 §7.1.5):
/// its result counts all the same.
fn read<A: Command>(message: &Message, reading: &Reading<'_>) -> Result<A, CxFailure> {
    match message.outcome() {
        Some(outcome) if !outcome.is_success() => Err(failure(outcome)),
        _ => A::parse(message, reading).map_err(|_| CxFailure::Malformed),
    }
}

fn location_outcome(head: &AnswerHead) -> Result<LocationOutcome, CxFailure> {
    Ok(match (head.outcome, head.outcome.cx()) {
        (Outcome::Result(_), _) => LocationOutcome::Success,
        (_, Some(CxResult::FIRST_REGISTRATION)) => LocationOutcome::FirstRegistration,
        (_, Some(CxResult::SUBSEQUENT_REGISTRATION)) => LocationOutcome::SubsequentRegistration,
        (_, Some(CxResult::UNREGISTERED_SERVICE)) => LocationOutcome::UnregisteredService,
        (_, Some(CxResult::SUCCESS_SERVER_NAME_NOT_STORED)) => LocationOutcome::ServerNameNotStored,
        (outcome, _) => return Err(failure(outcome)),
    })
}

fn capabilities(capabilities: cx::ServerCapabilities) -> Capabilities {
    Capabilities {
        mandatory: capabilities.mandatory_capabilities,
        optional: capabilities.optional_capabilities,
        server_names: capabilities.server_names,
    }
}

/// What a UAA says.
///
/// # Errors
/// It is no success, or cannot be read.
pub fn read_user_authorization(message: &Message, reading: &Reading<'_>) -> Result<Location, CxFailure> {
    let answer: UserAuthorizationAnswer = read(message, reading)?;
    Ok(Location {
        outcome: location_outcome(&answer.head)?,
        server_name: answer.server_name,
        capabilities: answer.server_capabilities.map(capabilities),
        wildcarded_public_identity: None,
    })
}

/// What an LIA says.
///
/// # Errors
/// It is no success, or cannot be read.
pub fn read_location_info(message: &Message, reading: &Reading<'_>) -> Result<Location, CxFailure> {
    let answer: LocationInfoAnswer = read(message, reading)?;
    Ok(Location {
        outcome: location_outcome(&answer.head)?,
        server_name: answer.server_name,
        capabilities: answer.server_capabilities.map(capabilities),
        wildcarded_public_identity: answer.wildcarded_public_identity,
    })
}

/// The first vector of an MAA.
///
/// # Errors
/// It is no success, has no vector, or cannot be read.
pub fn read_multimedia_auth(message: &Message, reading: &Reading<'_>) -> Result<SipAuthDataItem, CxFailure> {
    let answer: MultimediaAuthAnswer = read(message, reading)?;
    answer.sip_auth_data_items.into_iter().next().ok_or(CxFailure::Malformed)
}

/// What an SAA brings.
///
/// # Errors
/// It is no success, or cannot be read.
pub fn read_server_assignment(message: &Message, reading: &Reading<'_>) -> Result<Assigned, CxFailure> {
    let answer: ServerAssignmentAnswer = read(message, reading)?;
    Ok(Assigned {
        user_data: answer.user_data,
        charging: answer.charging_information.as_ref().map(charging).unwrap_or_default(),
        user_name: answer.user_name,
    })
}

/// The value of P-Charging-Function-Addresses for what the HSS names (TS 24.229 §5.4.1.2.2F, RFC 7315 §4.5).
#[must_use]
pub fn charging(information: &cx::ChargingInformation) -> String {
    let addresses = ims::charging_function_addresses::ChargingFunctionAddresses {
        ccf: information.primary_charging_collection_function_name.clone(),
        ccf_2: information.secondary_charging_collection_function_name.clone(),
        ecf: information.primary_event_charging_function_name.clone(),
        ecf_2: information.secondary_event_charging_function_name.clone(),
        others: Vec::new(),
    };
    if addresses.is_empty() { String::new() } else { addresses.to_string() }
}

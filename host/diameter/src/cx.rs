//! Cx: TS 29.228 (what it means) and TS 29.229 (how it is written): the six commands between CSCFs and the HSS.
//!
//! | file | command | who asks |
//! |---|---|---|
//! | `user_authorization.rs` | UAR, UAA: may this identity register, and where? | I-CSCF |
//! | `location_info.rs` | LIR, LIA: which S-CSCF serves it? | I-CSCF |
//! | `multimedia_auth.rs` | MAR, MAA: authentication vectors | S-CSCF |
//! | `server_assignment.rs` | SAR, SAA: I serve it (no longer); its profile | S-CSCF |
//! | `registration_termination.rs` | RTR, RTA: serve it no longer | HSS |
//! | `push_profile.rs` | PPR, PPA: its profile is another one | HSS |
//!
//! Groups and values that several commands have lie in `head.rs`, `values.rs`, `identities.rs`, `restoration.rs`,
//! `server_capabilities.rs`, `sip_auth_data_item.rs`, `charging_information.rs`, `supported_features.rs`.
//!
//! In and out: messages. Every struct keeps the AVPs it does not know in `other`. The XML in User-Data, and when to
//! ask, do not belong here.

mod charging_information;
mod head;
mod identities;
mod location_info;
mod multimedia_auth;
mod push_profile;
mod registration_termination;
mod restoration;
mod server_assignment;
mod server_capabilities;
mod sip_auth_data_item;
mod supported_features;
mod user_authorization;
mod values;

pub use charging_information::ChargingInformation;
pub use head::{AnswerHead, RequestHead};
pub use identities::{
    AllowedWafWwsfIdentities, AssociatedIdentities, FailedPcscf, IdentityWithEmergencyRegistration,
};
pub use location_info::{LocationInfoAnswer, LocationInfoRequest};
pub use multimedia_auth::{MultimediaAuthAnswer, MultimediaAuthRequest};
pub use push_profile::{PushProfileAnswer, PushProfileRequest};
pub use registration_termination::{
    DeregistrationReason, RegistrationTerminationAnswer, RegistrationTerminationRequest,
};
pub use restoration::{PcscfSubscriptionInfo, RestorationInfo, ScscfRestorationInfo, SubscriptionInfo};
pub use server_assignment::{ServerAssignmentAnswer, ServerAssignmentRequest};
pub use server_capabilities::ServerCapabilities;
pub use sip_auth_data_item::{SipAuthDataItem, SipDigestAuthenticate};
pub use supported_features::SupportedFeatures;
pub use user_authorization::{UserAuthorizationAnswer, UserAuthorizationRequest};
pub use values::{
    LiaFlags, LooseRouteIndication, MultipleRegistrationIndication, OriginatingRequest,
    PriviledgedSenderIndication, ReasonCode, RtrFlags, SarFlags, ServerAssignmentType, SessionPriority,
    UarFlags, UserAuthorizationType, UserDataAlreadyAvailable,
};

use crate::header::{CommandCode, Flags};

/// The flags of every request of Cx (TS 29.229 §6.1: REQ, PXY).
const REQUEST: Flags = Flags::REQUEST.union(Flags::PROXIABLE);
/// The flags of every answer of Cx.
const ANSWER: Flags = Flags::PROXIABLE;

/// The commands that an S-CSCF is asked.
pub const OF_AN_SCSCF: [CommandCode; 2] = [CommandCode::REGISTRATION_TERMINATION, CommandCode::PUSH_PROFILE];

/// The commands that an HSS is asked.
pub const OF_AN_HSS: [CommandCode; 4] = [
    CommandCode::USER_AUTHORIZATION,
    CommandCode::SERVER_ASSIGNMENT,
    CommandCode::LOCATION_INFO,
    CommandCode::MULTIMEDIA_AUTH,
];

#[cfg(test)]
mod tests;

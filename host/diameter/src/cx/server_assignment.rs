//! Server-Assignment-Request and -Answer: TS 29.229 §6.1.3, §6.1.4; TS 29.228 §6.1.2: an S-CSCF serves somebody, or no
//! longer, and gets the profile.
//!
//! In and out: messages. User-Data is XML (TS 29.228 Annex B, E), which is not read here. How many identities an
//! assignment type allows is the HSS's to check.

use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::cx::{
    AllowedWafWwsfIdentities, AssociatedIdentities, ChargingInformation, FailedPcscf, LooseRouteIndication,
    MultipleRegistrationIndication, PriviledgedSenderIndication, SarFlags, ScscfRestorationInfo,
    ServerAssignmentType, SessionPriority, UserDataAlreadyAvailable,
};
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, any, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::Reading;

/// SAR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAssignmentRequest {
    /// What every request has.
    pub head: RequestHead,
    /// The private identity. Absent for a user that is not registered.
    pub user_name: Option<String>,
    /// One; with a de-registration, all that are meant.
    pub public_identities: Vec<String>,
    /// The wildcard that the identity matched.
    pub wildcarded_public_identity: Option<String>,
    /// The S-CSCF: a SIP URI.
    pub server_name: String,
    /// What happened.
    pub server_assignment_type: ServerAssignmentType,
    /// Whether the profile is wanted.
    pub user_data_already_available: UserDataAlreadyAvailable,
    /// What is laid down at the HSS.
    pub scscf_restoration_info: Option<ScscfRestorationInfo>,
    /// Whether it is one of several.
    pub multiple_registration_indication: Option<MultipleRegistrationIndication>,
    /// How urgent the session is.
    pub session_priority: Option<SessionPriority>,
    /// Restoration of the P-CSCF.
    pub sar_flags: Option<SarFlags>,
    /// Which P-CSCF.
    pub failed_pcscf: Option<FailedPcscf>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for ServerAssignmentRequest {
    const COMMAND: CommandCode = CommandCode::SERVER_ASSIGNMENT;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(USER_NAME),
            any(PUBLIC_IDENTITY),
            optional(WILDCARDED_PUBLIC_IDENTITY),
            required(SERVER_NAME),
            required(SERVER_ASSIGNMENT_TYPE),
            required(USER_DATA_ALREADY_AVAILABLE),
            optional(SCSCF_RESTORATION_INFO),
            optional(MULTIPLE_REGISTRATION_INDICATION),
            optional(SESSION_PRIORITY),
            optional(SAR_FLAGS),
            optional(FAILED_PCSCF),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(ServerAssignmentRequest {
            head: RequestHead::take(&mut fields)?,
            user_name: fields.optional(USER_NAME)?,
            public_identities: fields.all(PUBLIC_IDENTITY)?,
            wildcarded_public_identity: fields.optional(WILDCARDED_PUBLIC_IDENTITY)?,
            server_name: fields.one(SERVER_NAME)?,
            server_assignment_type: fields.one(SERVER_ASSIGNMENT_TYPE)?,
            user_data_already_available: fields.one(USER_DATA_ALREADY_AVAILABLE)?,
            scscf_restoration_info: fields.optional(SCSCF_RESTORATION_INFO)?,
            multiple_registration_indication: fields.optional(MULTIPLE_REGISTRATION_INDICATION)?,
            session_priority: fields.optional(SESSION_PRIORITY)?,
            sar_flags: fields.optional(SAR_FLAGS)?,
            failed_pcscf: fields.optional(FAILED_PCSCF)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(USER_NAME, &self.user_name)
            .put_all(PUBLIC_IDENTITY, &self.public_identities)
            .put_optional(WILDCARDED_PUBLIC_IDENTITY, &self.wildcarded_public_identity)
            .put(SERVER_NAME, &self.server_name)
            .put(SERVER_ASSIGNMENT_TYPE, &self.server_assignment_type)
            .put(USER_DATA_ALREADY_AVAILABLE, &self.user_data_already_available)
            .put_optional(SCSCF_RESTORATION_INFO, &self.scscf_restoration_info)
            .put_optional(MULTIPLE_REGISTRATION_INDICATION, &self.multiple_registration_indication)
            .put_optional(SESSION_PRIORITY, &self.session_priority)
            .put_optional(SAR_FLAGS, &self.sar_flags)
            .put_optional(FAILED_PCSCF, &self.failed_pcscf);
        self.head.write_end(&self.other, out);
    }
}

/// SAA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAssignmentAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// The private identity.
    pub user_name: Option<String>,
    /// The profile: XML.
    pub user_data: Option<Vec<u8>>,
    /// Where to charge.
    pub charging_information: Option<ChargingInformation>,
    /// Every private identity of the subscription.
    pub associated_identities: Option<AssociatedIdentities>,
    /// How the user is reached.
    pub loose_route_indication: Option<LooseRouteIndication>,
    /// What was laid down.
    pub scscf_restoration_info: Vec<ScscfRestorationInfo>,
    /// The private identities with which the identity is registered.
    pub associated_registered_identities: Option<AssociatedIdentities>,
    /// The S-CSCF that has it, if another one.
    pub server_name: Option<String>,
    /// The wildcard that the identity matched.
    pub wildcarded_public_identity: Option<String>,
    /// Whether the sender is trusted in what it calls itself.
    pub priviledged_sender_indication: Option<PriviledgedSenderIndication>,
    /// The WebRTC servers that may register it.
    pub allowed_waf_wwsf_identities: Option<AllowedWafWwsfIdentities>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl ServerAssignmentAnswer {
    /// One that says nothing beyond its head.
    #[must_use]
    pub const fn bare(head: AnswerHead) -> ServerAssignmentAnswer {
        ServerAssignmentAnswer {
            head,
            user_name: None,
            user_data: None,
            charging_information: None,
            associated_identities: None,
            loose_route_indication: None,
            scscf_restoration_info: Vec::new(),
            associated_registered_identities: None,
            server_name: None,
            wildcarded_public_identity: None,
            priviledged_sender_indication: None,
            allowed_waf_wwsf_identities: None,
            other: Vec::new(),
        }
    }
}

impl Command for ServerAssignmentAnswer {
    const COMMAND: CommandCode = CommandCode::SERVER_ASSIGNMENT;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(USER_NAME),
            optional(USER_DATA),
            optional(CHARGING_INFORMATION),
            optional(ASSOCIATED_IDENTITIES),
            optional(LOOSE_ROUTE_INDICATION),
            any(SCSCF_RESTORATION_INFO),
            optional(ASSOCIATED_REGISTERED_IDENTITIES),
            optional(SERVER_NAME),
            optional(WILDCARDED_PUBLIC_IDENTITY),
            optional(PRIVILEDGED_SENDER_INDICATION),
            optional(ALLOWED_WAF_WWSF_IDENTITIES),
        ];
        let mut fields = Fields::read(avps, &[AnswerHead::RULES, &rules], reading)?;
        Ok(ServerAssignmentAnswer {
            head: AnswerHead::take(&mut fields)?,
            user_name: fields.optional(USER_NAME)?,
            user_data: fields.optional(USER_DATA)?,
            charging_information: fields.optional(CHARGING_INFORMATION)?,
            associated_identities: fields.optional(ASSOCIATED_IDENTITIES)?,
            loose_route_indication: fields.optional(LOOSE_ROUTE_INDICATION)?,
            scscf_restoration_info: fields.all(SCSCF_RESTORATION_INFO)?,
            associated_registered_identities: fields.optional(ASSOCIATED_REGISTERED_IDENTITIES)?,
            server_name: fields.optional(SERVER_NAME)?,
            wildcarded_public_identity: fields.optional(WILDCARDED_PUBLIC_IDENTITY)?,
            priviledged_sender_indication: fields.optional(PRIVILEDGED_SENDER_INDICATION)?,
            allowed_waf_wwsf_identities: fields.optional(ALLOWED_WAF_WWSF_IDENTITIES)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(USER_NAME, &self.user_name)
            .put_optional(USER_DATA, &self.user_data)
            .put_optional(CHARGING_INFORMATION, &self.charging_information)
            .put_optional(ASSOCIATED_IDENTITIES, &self.associated_identities)
            .put_optional(LOOSE_ROUTE_INDICATION, &self.loose_route_indication)
            .put_all(SCSCF_RESTORATION_INFO, &self.scscf_restoration_info)
            .put_optional(ASSOCIATED_REGISTERED_IDENTITIES, &self.associated_registered_identities)
            .put_optional(SERVER_NAME, &self.server_name)
            .put_optional(WILDCARDED_PUBLIC_IDENTITY, &self.wildcarded_public_identity)
            .put_optional(PRIVILEDGED_SENDER_INDICATION, &self.priviledged_sender_indication)
            .put_optional(ALLOWED_WAF_WWSF_IDENTITIES, &self.allowed_waf_wwsf_identities);
        self.head.write_end(&self.other, out);
    }
}

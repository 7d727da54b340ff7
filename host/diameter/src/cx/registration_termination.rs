//! Registration-Termination-Request and -Answer: TS 29.229 §6.1.9, §6.1.10; TS 29.228 §6.1.3: the HSS takes a
//! registration back.
//!
//! In and out: messages. A request without public identities means all of the private identity's. Always answered.

use crate::avp::{Avp, Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::cx::{AssociatedIdentities, IdentityWithEmergencyRegistration, ReasonCode, RtrFlags};
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, any, group, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::{AvpValue, Reading};

/// RTR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationTerminationRequest {
    /// What every request has.
    pub head: RequestHead,
    /// The private identity.
    pub user_name: String,
    /// Other private identities that are meant too.
    pub associated_identities: Option<AssociatedIdentities>,
    /// The identities. None: all of them.
    pub public_identities: Vec<String>,
    /// Why.
    pub deregistration_reason: DeregistrationReason,
    /// A change of the reference location.
    pub rtr_flags: Option<RtrFlags>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for RegistrationTerminationRequest {
    const COMMAND: CommandCode = CommandCode::REGISTRATION_TERMINATION;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(USER_NAME),
            optional(ASSOCIATED_IDENTITIES),
            any(PUBLIC_IDENTITY),
            required(DEREGISTRATION_REASON),
            optional(RTR_FLAGS),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(RegistrationTerminationRequest {
            head: RequestHead::take(&mut fields)?,
            user_name: fields.one(USER_NAME)?,
            associated_identities: fields.optional(ASSOCIATED_IDENTITIES)?,
            public_identities: fields.all(PUBLIC_IDENTITY)?,
            deregistration_reason: fields.one(DEREGISTRATION_REASON)?,
            rtr_flags: fields.optional(RTR_FLAGS)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put(USER_NAME, &self.user_name)
            .put_optional(ASSOCIATED_IDENTITIES, &self.associated_identities)
            .put_all(PUBLIC_IDENTITY, &self.public_identities)
            .put(DEREGISTRATION_REASON, &self.deregistration_reason)
            .put_optional(RTR_FLAGS, &self.rtr_flags);
        self.head.write_end(&self.other, out);
    }
}

/// RTA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationTerminationAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// The private identities that were de-registered, if more than one.
    pub associated_identities: Option<AssociatedIdentities>,
    /// What was not de-registered.
    pub identities_with_emergency_registration: Vec<IdentityWithEmergencyRegistration>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for RegistrationTerminationAnswer {
    const COMMAND: CommandCode = CommandCode::REGISTRATION_TERMINATION;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [optional(ASSOCIATED_IDENTITIES), any(IDENTITY_WITH_EMERGENCY_REGISTRATION)];
        let mut fields = Fields::read(avps, &[AnswerHead::RULES, &rules], reading)?;
        Ok(RegistrationTerminationAnswer {
            head: AnswerHead::take(&mut fields)?,
            associated_identities: fields.optional(ASSOCIATED_IDENTITIES)?,
            identities_with_emergency_registration: fields.all(IDENTITY_WITH_EMERGENCY_REGISTRATION)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(ASSOCIATED_IDENTITIES, &self.associated_identities)
            .put_all(IDENTITY_WITH_EMERGENCY_REGISTRATION, &self.identities_with_emergency_registration);
        self.head.write_end(&self.other, out);
    }
}

/// Deregistration-Reason (§6.3.16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeregistrationReason {
    /// Reason-Code.
    pub reason_code: ReasonCode,
    /// Reason-Info: for people.
    pub reason_info: Option<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for DeregistrationReason {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        group(avp, reading, &[required(REASON_CODE), optional(REASON_INFO)], |fields| {
            Ok(DeregistrationReason {
                reason_code: fields.one(REASON_CODE)?,
                reason_info: fields.optional(REASON_INFO)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(REASON_CODE, &self.reason_code)
            .put_optional(REASON_INFO, &self.reason_info)
            .put_others(&self.other);
    }
}

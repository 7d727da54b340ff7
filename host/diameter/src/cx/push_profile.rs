//! Push-Profile-Request and -Answer: TS 29.229 §6.1.11, §6.1.12; TS 29.228 §6.2: the HSS has another profile of
//! somebody.
//!
//! In and out: messages. Always answered.

use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::cx::{AllowedWafWwsfIdentities, ChargingInformation, SipAuthDataItem};
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::Reading;

/// PPR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushProfileRequest {
    /// What every request has.
    pub head: RequestHead,
    /// The private identity.
    pub user_name: String,
    /// The profile: XML.
    pub user_data: Option<Vec<u8>>,
    /// Where to charge.
    pub charging_information: Option<ChargingInformation>,
    /// Another password, with SIP Digest.
    pub sip_auth_data_item: Option<SipAuthDataItem>,
    /// The WebRTC servers that may register it.
    pub allowed_waf_wwsf_identities: Option<AllowedWafWwsfIdentities>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for PushProfileRequest {
    const COMMAND: CommandCode = CommandCode::PUSH_PROFILE;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(USER_NAME),
            optional(USER_DATA),
            optional(CHARGING_INFORMATION),
            optional(SIP_AUTH_DATA_ITEM),
            optional(ALLOWED_WAF_WWSF_IDENTITIES),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(PushProfileRequest {
            head: RequestHead::take(&mut fields)?,
            user_name: fields.one(USER_NAME)?,
            user_data: fields.optional(USER_DATA)?,
            charging_information: fields.optional(CHARGING_INFORMATION)?,
            sip_auth_data_item: fields.optional(SIP_AUTH_DATA_ITEM)?,
            allowed_waf_wwsf_identities: fields.optional(ALLOWED_WAF_WWSF_IDENTITIES)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put(USER_NAME, &self.user_name)
            .put_optional(USER_DATA, &self.user_data)
            .put_optional(CHARGING_INFORMATION, &self.charging_information)
            .put_optional(SIP_AUTH_DATA_ITEM, &self.sip_auth_data_item)
            .put_optional(ALLOWED_WAF_WWSF_IDENTITIES, &self.allowed_waf_wwsf_identities);
        self.head.write_end(&self.other, out);
    }
}

/// PPA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushProfileAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for PushProfileAnswer {
    const COMMAND: CommandCode = CommandCode::PUSH_PROFILE;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[AnswerHead::RULES], reading)?;
        Ok(PushProfileAnswer { head: AnswerHead::take(&mut fields)?, other: fields.other() })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        self.head.write_end(&self.other, out);
    }
}

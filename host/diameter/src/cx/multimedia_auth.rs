//! Multimedia-Auth-Request and -Answer: TS 29.229 §6.1.7, §6.1.8; TS 29.228 §6.3: an S-CSCF challenges.
//!
//! In and out: messages. Computing vectors does not belong here.

use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::SipAuthDataItem;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, any, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::Reading;

/// MAR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultimediaAuthRequest {
    /// What every request has.
    pub head: RequestHead,
    /// The private identity.
    pub user_name: String,
    /// The identity to be registered.
    pub public_identity: String,
    /// The scheme, and with AUTS the failure of synchronisation.
    pub sip_auth_data_item: SipAuthDataItem,
    /// How many vectors are wanted.
    pub sip_number_auth_items: u32,
    /// The S-CSCF: a SIP URI.
    pub server_name: String,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for MultimediaAuthRequest {
    const COMMAND: CommandCode = CommandCode::MULTIMEDIA_AUTH;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(USER_NAME),
            required(PUBLIC_IDENTITY),
            required(SIP_AUTH_DATA_ITEM),
            required(SIP_NUMBER_AUTH_ITEMS),
            required(SERVER_NAME),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(MultimediaAuthRequest {
            head: RequestHead::take(&mut fields)?,
            user_name: fields.one(USER_NAME)?,
            public_identity: fields.one(PUBLIC_IDENTITY)?,
            sip_auth_data_item: fields.one(SIP_AUTH_DATA_ITEM)?,
            sip_number_auth_items: fields.one(SIP_NUMBER_AUTH_ITEMS)?,
            server_name: fields.one(SERVER_NAME)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put(USER_NAME, &self.user_name)
            .put(PUBLIC_IDENTITY, &self.public_identity)
            .put(SIP_AUTH_DATA_ITEM, &self.sip_auth_data_item)
            .put(SIP_NUMBER_AUTH_ITEMS, &self.sip_number_auth_items)
            .put(SERVER_NAME, &self.server_name);
        self.head.write_end(&self.other, out);
    }
}

/// MAA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultimediaAuthAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// The private identity.
    pub user_name: Option<String>,
    /// The public identity.
    pub public_identity: Option<String>,
    /// How many vectors there are.
    pub sip_number_auth_items: Option<u32>,
    /// The vectors, in the order of their SIP-Item-Number, not of their place.
    pub sip_auth_data_items: Vec<SipAuthDataItem>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl MultimediaAuthAnswer {
    /// One that says nothing beyond its head.
    #[must_use]
    pub const fn bare(head: AnswerHead) -> MultimediaAuthAnswer {
        MultimediaAuthAnswer {
            head,
            user_name: None,
            public_identity: None,
            sip_number_auth_items: None,
            sip_auth_data_items: Vec::new(),
            other: Vec::new(),
        }
    }
}

impl Command for MultimediaAuthAnswer {
    const COMMAND: CommandCode = CommandCode::MULTIMEDIA_AUTH;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(USER_NAME),
            optional(PUBLIC_IDENTITY),
            optional(SIP_NUMBER_AUTH_ITEMS),
            any(SIP_AUTH_DATA_ITEM),
        ];
        let mut fields = Fields::read(avps, &[AnswerHead::RULES, &rules], reading)?;
        Ok(MultimediaAuthAnswer {
            head: AnswerHead::take(&mut fields)?,
            user_name: fields.optional(USER_NAME)?,
            public_identity: fields.optional(PUBLIC_IDENTITY)?,
            sip_number_auth_items: fields.optional(SIP_NUMBER_AUTH_ITEMS)?,
            sip_auth_data_items: fields.all(SIP_AUTH_DATA_ITEM)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(USER_NAME, &self.user_name)
            .put_optional(PUBLIC_IDENTITY, &self.public_identity)
            .put_optional(SIP_NUMBER_AUTH_ITEMS, &self.sip_number_auth_items)
            .put_all(SIP_AUTH_DATA_ITEM, &self.sip_auth_data_items);
        self.head.write_end(&self.other, out);
    }
}

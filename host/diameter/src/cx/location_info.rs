//! Location-Info-Request and -Answer: TS 29.229 §6.1.5, §6.1.6; TS 29.228 §6.1.4: an I-CSCF has a call for somebody.
//!
//! In and out: messages.

use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::cx::{LiaFlags, OriginatingRequest, ServerCapabilities, SessionPriority, UserAuthorizationType};
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::Reading;

/// LIR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationInfoRequest {
    /// What every request has.
    pub head: RequestHead,
    /// There, if an application server calls on the user's behalf.
    pub originating_request: Option<OriginatingRequest>,
    /// Whom.
    pub public_identity: String,
    /// REGISTRATION_AND_CAPABILITIES, if the S-CSCF did not answer.
    pub user_authorization_type: Option<UserAuthorizationType>,
    /// How urgent the session is.
    pub session_priority: Option<SessionPriority>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for LocationInfoRequest {
    const COMMAND: CommandCode = CommandCode::LOCATION_INFO;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(ORIGINATING_REQUEST),
            required(PUBLIC_IDENTITY),
            optional(USER_AUTHORIZATION_TYPE),
            optional(SESSION_PRIORITY),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(LocationInfoRequest {
            head: RequestHead::take(&mut fields)?,
            originating_request: fields.optional(ORIGINATING_REQUEST)?,
            public_identity: fields.one(PUBLIC_IDENTITY)?,
            user_authorization_type: fields.optional(USER_AUTHORIZATION_TYPE)?,
            session_priority: fields.optional(SESSION_PRIORITY)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(ORIGINATING_REQUEST, &self.originating_request)
            .put(PUBLIC_IDENTITY, &self.public_identity)
            .put_optional(USER_AUTHORIZATION_TYPE, &self.user_authorization_type)
            .put_optional(SESSION_PRIORITY, &self.session_priority);
        self.head.write_end(&self.other, out);
    }
}

/// LIA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationInfoAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// The S-CSCF, or an application server's name.
    pub server_name: Option<String>,
    /// What to choose an S-CSCF by.
    pub server_capabilities: Option<ServerCapabilities>,
    /// The wildcard that the identity matched.
    pub wildcarded_public_identity: Option<String>,
    /// Direct routing.
    pub lia_flags: Option<LiaFlags>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl LocationInfoAnswer {
    /// One that says nothing beyond its head.
    #[must_use]
    pub const fn bare(head: AnswerHead) -> LocationInfoAnswer {
        LocationInfoAnswer {
            head,
            server_name: None,
            server_capabilities: None,
            wildcarded_public_identity: None,
            lia_flags: None,
            other: Vec::new(),
        }
    }
}

impl Command for LocationInfoAnswer {
    const COMMAND: CommandCode = CommandCode::LOCATION_INFO;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(SERVER_NAME),
            optional(SERVER_CAPABILITIES),
            optional(WILDCARDED_PUBLIC_IDENTITY),
            optional(LIA_FLAGS),
        ];
        let mut fields = Fields::read(avps, &[AnswerHead::RULES, &rules], reading)?;
        Ok(LocationInfoAnswer {
            head: AnswerHead::take(&mut fields)?,
            server_name: fields.optional(SERVER_NAME)?,
            server_capabilities: fields.optional(SERVER_CAPABILITIES)?,
            wildcarded_public_identity: fields.optional(WILDCARDED_PUBLIC_IDENTITY)?,
            lia_flags: fields.optional(LIA_FLAGS)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(SERVER_NAME, &self.server_name)
            .put_optional(SERVER_CAPABILITIES, &self.server_capabilities)
            .put_optional(WILDCARDED_PUBLIC_IDENTITY, &self.wildcarded_public_identity)
            .put_optional(LIA_FLAGS, &self.lia_flags);
        self.head.write_end(&self.other, out);
    }
}

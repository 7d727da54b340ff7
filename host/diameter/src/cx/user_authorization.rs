//! User-Authorization-Request and -Answer: TS 29.229 §6.1.1, §6.1.2; TS 29.228 §6.1.1: an I-CSCF has a REGISTER.
//!
//! In and out: messages. The answer's outcome is FIRST_REGISTRATION, SUBSEQUENT_REGISTRATION or SUCCESS with where to
//! go, or an error; an HSS may give neither Server-Name nor Server-Capabilities, and then any S-CSCF will do.

use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::cx::{ANSWER, AnswerHead, REQUEST, RequestHead};
use crate::cx::{ServerCapabilities, UarFlags, UserAuthorizationType};
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{Fields, optional, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::value::Reading;

/// UAR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAuthorizationRequest {
    /// What every request has.
    pub head: RequestHead,
    /// The private identity.
    pub user_name: String,
    /// The identity to be registered.
    pub public_identity: String,
    /// Where the user is.
    pub visited_network_identifier: Vec<u8>,
    /// Absent: REGISTRATION.
    pub user_authorization_type: Option<UserAuthorizationType>,
    /// Emergency.
    pub uar_flags: Option<UarFlags>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for UserAuthorizationRequest {
    const COMMAND: CommandCode = CommandCode::USER_AUTHORIZATION;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(USER_NAME),
            required(PUBLIC_IDENTITY),
            required(VISITED_NETWORK_IDENTIFIER),
            optional(USER_AUTHORIZATION_TYPE),
            optional(UAR_FLAGS),
        ];
        let mut fields = Fields::read(avps, &[RequestHead::RULES, &rules], reading)?;
        Ok(UserAuthorizationRequest {
            head: RequestHead::take(&mut fields)?,
            user_name: fields.one(USER_NAME)?,
            public_identity: fields.one(PUBLIC_IDENTITY)?,
            visited_network_identifier: fields.one(VISITED_NETWORK_IDENTIFIER)?,
            user_authorization_type: fields.optional(USER_AUTHORIZATION_TYPE)?,
            uar_flags: fields.optional(UAR_FLAGS)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put(USER_NAME, &self.user_name)
            .put(PUBLIC_IDENTITY, &self.public_identity)
            .put(VISITED_NETWORK_IDENTIFIER, &self.visited_network_identifier)
            .put_optional(USER_AUTHORIZATION_TYPE, &self.user_authorization_type)
            .put_optional(UAR_FLAGS, &self.uar_flags);
        self.head.write_end(&self.other, out);
    }
}

/// UAA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAuthorizationAnswer {
    /// What every answer has.
    pub head: AnswerHead,
    /// The S-CSCF that has the user: a SIP URI.
    pub server_name: Option<String>,
    /// What to choose one by.
    pub server_capabilities: Option<ServerCapabilities>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl UserAuthorizationAnswer {
    /// One that says nothing beyond its head.
    #[must_use]
    pub const fn bare(head: AnswerHead) -> UserAuthorizationAnswer {
        UserAuthorizationAnswer { head, server_name: None, server_capabilities: None, other: Vec::new() }
    }
}

impl Command for UserAuthorizationAnswer {
    const COMMAND: CommandCode = CommandCode::USER_AUTHORIZATION;
    const APPLICATION: ApplicationId = ApplicationId::CX;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [optional(SERVER_NAME), optional(SERVER_CAPABILITIES)];
        let mut fields = Fields::read(avps, &[AnswerHead::RULES, &rules], reading)?;
        Ok(UserAuthorizationAnswer {
            head: AnswerHead::take(&mut fields)?,
            server_name: fields.optional(SERVER_NAME)?,
            server_capabilities: fields.optional(SERVER_CAPABILITIES)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.head.write(out);
        out.put_optional(SERVER_NAME, &self.server_name)
            .put_optional(SERVER_CAPABILITIES, &self.server_capabilities);
        self.head.write_end(&self.other, out);
    }
}

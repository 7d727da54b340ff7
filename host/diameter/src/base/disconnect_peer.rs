//! Disconnect-Peer-Request and -Answer: RFC 6733 §5.4.
//!
//! In and out: a message. What follows from a cause belongs to `peer.rs`.

use super::{ANSWER, ANSWER_RULES, NO_DESTINATION, Origin, REQUEST, take_result_code, write_outcome};
use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::dictionary::base::*;
use crate::failure::Failure;
use crate::fields::{Fields, required};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::result::ResultCode;
use crate::value::{Reading, enumerated};

enumerated! {
    /// Disconnect-Cause (§5.4.3).
    DisconnectCause {
        /// "A scheduled reboot is imminent." The receiver may connect again.
        Rebooting = 0,
        /// Resources are short. The receiver should not connect again.
        Busy = 1,
        /// Nothing to say in the near future. The receiver should not connect again.
        DoNotWantToTalkToYou = 2,
    }
}

/// DPR (§5.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectPeerRequest {
    /// Who leaves.
    pub origin: Origin,
    /// Why.
    pub disconnect_cause: DisconnectCause,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for DisconnectPeerRequest {
    const COMMAND: CommandCode = CommandCode::DISCONNECT_PEER;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields =
            Fields::read(avps, &[Origin::RULES, &[required(DISCONNECT_CAUSE)], NO_DESTINATION], reading)?;
        Ok(DisconnectPeerRequest {
            origin: Origin::take(&mut fields)?,
            disconnect_cause: fields.one(DISCONNECT_CAUSE)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.origin.write(out);
        out.put(DISCONNECT_CAUSE, &self.disconnect_cause).put_others(&self.other);
    }
}

/// DPA (§5.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectPeerAnswer {
    /// Success, or an error where messages are in flight. The connection is closed either way.
    pub result_code: ResultCode,
    /// Who answers.
    pub origin: Origin,
    /// For people.
    pub error_message: Option<String>,
    /// Failed-AVP and what no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for DisconnectPeerAnswer {
    const COMMAND: CommandCode = CommandCode::DISCONNECT_PEER;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[ANSWER_RULES, Origin::RULES], reading)?;
        Ok(DisconnectPeerAnswer {
            result_code: take_result_code(&mut fields)?,
            origin: Origin::take(&mut fields)?,
            error_message: fields.optional(ERROR_MESSAGE)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        write_outcome(self.result_code.into(), out);
        self.origin.write(out);
        out.put_optional(ERROR_MESSAGE, &self.error_message).put_others(&self.other);
    }
}

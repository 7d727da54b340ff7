//! Device-Watchdog-Request and -Answer: RFC 6733 §5.5.
//!
//! In and out: a message. When they are sent belongs to `peer/watchdog.rs`.

use super::{ANSWER, ANSWER_RULES, NO_DESTINATION, Origin, REQUEST, take_result_code, write_outcome};
use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::dictionary::base::*;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::result::ResultCode;
use crate::value::Reading;

/// DWR (§5.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceWatchdogRequest {
    /// Who asks.
    pub origin: Origin,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for DeviceWatchdogRequest {
    const COMMAND: CommandCode = CommandCode::DEVICE_WATCHDOG;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[Origin::RULES, NO_DESTINATION], reading)?;
        Ok(DeviceWatchdogRequest { origin: Origin::take(&mut fields)?, other: fields.other() })
    }

    fn write(&self, out: &mut Builder) {
        self.origin.write(out);
        out.put_others(&self.other);
    }
}

/// DWA (§5.5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceWatchdogAnswer {
    /// Success, from somebody who lives.
    pub result_code: ResultCode,
    /// Who answers.
    pub origin: Origin,
    /// For people.
    pub error_message: Option<String>,
    /// Failed-AVP and what no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for DeviceWatchdogAnswer {
    const COMMAND: CommandCode = CommandCode::DEVICE_WATCHDOG;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[ANSWER_RULES, Origin::RULES], reading)?;
        Ok(DeviceWatchdogAnswer {
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

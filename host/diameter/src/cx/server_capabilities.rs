//! Server-Capabilities: TS 29.229 §6.3.4: what the S-CSCF must and should be able to do, or who it may be.

use crate::avp::{Avp, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{any, group};
use crate::value::{AvpValue, Reading};

/// What the I-CSCF chooses an S-CSCF by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerCapabilities {
    /// Mandatory-Capability: all of them. The numbers are the operator's.
    pub mandatory_capabilities: Vec<u32>,
    /// Optional-Capability: as many as possible.
    pub optional_capabilities: Vec<u32>,
    /// Server-Name: S-CSCFs that have the mandatory ones.
    pub server_names: Vec<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for ServerCapabilities {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [any(MANDATORY_CAPABILITY), any(OPTIONAL_CAPABILITY), any(SERVER_NAME)];
        group(avp, reading, &rules, |fields| {
            Ok(ServerCapabilities {
                mandatory_capabilities: fields.all(MANDATORY_CAPABILITY)?,
                optional_capabilities: fields.all(OPTIONAL_CAPABILITY)?,
                server_names: fields.all(SERVER_NAME)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_all(MANDATORY_CAPABILITY, &self.mandatory_capabilities)
            .put_all(OPTIONAL_CAPABILITY, &self.optional_capabilities)
            .put_all(SERVER_NAME, &self.server_names)
            .put_others(&self.other);
    }
}

//! Capabilities-Exchange-Request and -Answer: RFC 6733 §5.3.
//!
//! In and out: a message. Who may connect, and the election, belong to `peer.rs`.

use super::{
    ANSWER, ANSWER_RULES, NO_DESTINATION, Origin, REQUEST, VendorSpecificApplicationId, take_result_code,
    write_outcome,
};
use crate::avp::{Avps, OtherAvp};
use crate::builder::Builder;
use crate::command::Command;
use crate::dictionary::base::*;
use crate::failure::{Failure, FailureKind};
use crate::fields::{Fields, Rule, any, optional, required, some};
use crate::format::Address;
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::result::ResultCode;
use crate::value::Reading;

/// What a node says of itself, in a CER and in a CEA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Who it is.
    pub origin: Origin,
    /// Host-IP-Address: at least one.
    pub host_ip_addresses: Vec<Address>,
    /// Vendor-Id of the software.
    pub vendor_id: u32,
    /// Product-Name.
    pub product_name: String,
    /// Supported-Vendor-Id: whose AVPs it knows.
    pub supported_vendor_ids: Vec<u32>,
    /// Auth-Application-Id.
    pub auth_application_ids: Vec<u32>,
    /// Inband-Security-Id: 0 none, 1 TLS. None at all is 0.
    pub inband_security_ids: Vec<u32>,
    /// Acct-Application-Id.
    pub acct_application_ids: Vec<u32>,
    /// Vendor-Specific-Application-Id.
    pub vendor_specific_application_ids: Vec<VendorSpecificApplicationId>,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
}

/// No security in band (§6.10).
const NO_INBAND_SECURITY: u32 = 0;

impl Capabilities {
    const RULES: &'static [Rule] = &[
        some(HOST_IP_ADDRESS),
        required(VENDOR_ID),
        required(PRODUCT_NAME),
        any(SUPPORTED_VENDOR_ID),
        any(AUTH_APPLICATION_ID),
        any(INBAND_SECURITY_ID),
        any(ACCT_APPLICATION_ID),
        any(VENDOR_SPECIFIC_APPLICATION_ID),
        optional(FIRMWARE_REVISION),
    ];

    fn take(fields: &mut Fields<'_, '_>) -> Result<Capabilities, Failure> {
        Ok(Capabilities {
            origin: Origin::take(fields)?,
            host_ip_addresses: fields.all(HOST_IP_ADDRESS)?,
            vendor_id: fields.one(VENDOR_ID)?,
            product_name: fields.one(PRODUCT_NAME)?,
            supported_vendor_ids: fields.all(SUPPORTED_VENDOR_ID)?,
            auth_application_ids: fields.all(AUTH_APPLICATION_ID)?,
            inband_security_ids: fields.all(INBAND_SECURITY_ID)?,
            acct_application_ids: fields.all(ACCT_APPLICATION_ID)?,
            vendor_specific_application_ids: fields.all(VENDOR_SPECIFIC_APPLICATION_ID)?,
            firmware_revision: fields.optional(FIRMWARE_REVISION)?,
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(ORIGIN_HOST, &self.origin.host)
            .put(ORIGIN_REALM, &self.origin.realm)
            .put_all(HOST_IP_ADDRESS, &self.host_ip_addresses)
            .put(VENDOR_ID, &self.vendor_id)
            .put(PRODUCT_NAME, &self.product_name)
            .put_optional(ORIGIN_STATE_ID, &self.origin.state_id)
            .put_all(SUPPORTED_VENDOR_ID, &self.supported_vendor_ids)
            .put_all(AUTH_APPLICATION_ID, &self.auth_application_ids)
            .put_all(INBAND_SECURITY_ID, &self.inband_security_ids)
            .put_all(ACCT_APPLICATION_ID, &self.acct_application_ids)
            .put_all(VENDOR_SPECIFIC_APPLICATION_ID, &self.vendor_specific_application_ids)
            .put_optional(FIRMWARE_REVISION, &self.firmware_revision);
    }

    /// Every application it names. "The value of the Vendor-Id AVP in the Vendor-Specific-Application-Id MUST NOT be
    /// used" (§5.3).
    pub fn applications(&self) -> impl Iterator<Item = ApplicationId> + '_ {
        let plain = self.auth_application_ids.iter().chain(&self.acct_application_ids);
        let vendors = self.vendor_specific_application_ids.iter().map(|id| id.application);
        plain.map(|id| ApplicationId(*id)).chain(vendors)
    }

    /// Whether a message of the application may be sent to it: it named it, or it is a relay.
    pub fn supports(&self, application: ApplicationId) -> bool {
        self.applications().any(|named| named == application || named == ApplicationId::RELAY)
    }

    /// What stands in the way of talking to the sender of `theirs` (§5.3).
    pub fn check(&self, theirs: &Capabilities) -> Result<(), FailureKind> {
        let is_relay = self.supports(ApplicationId::RELAY);
        if !is_relay && !self.applications().any(|ours| theirs.supports(ours)) {
            return Err(FailureKind::NoCommonApplication);
        }
        let security = &theirs.inband_security_ids;
        // TLS comes before the CER or not at all.
        if !security.is_empty() && !security.contains(&NO_INBAND_SECURITY) {
            return Err(FailureKind::NoCommonSecurity);
        }
        Ok(())
    }
}

/// CER (§5.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilitiesExchangeRequest {
    /// What the sender says of itself.
    pub capabilities: Capabilities,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for CapabilitiesExchangeRequest {
    const COMMAND: CommandCode = CommandCode::CAPABILITIES_EXCHANGE;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = REQUEST;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[Origin::RULES, Capabilities::RULES, NO_DESTINATION], reading)?;
        Ok(CapabilitiesExchangeRequest {
            capabilities: Capabilities::take(&mut fields)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        self.capabilities.write(out);
        out.put_others(&self.other);
    }
}

/// CEA (§5.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilitiesExchangeAnswer {
    /// Whether the sender talks to us.
    pub result_code: ResultCode,
    /// What the sender says of itself.
    pub capabilities: Capabilities,
    /// For people.
    pub error_message: Option<String>,
    /// Failed-AVP and what no type here knows.
    pub other: Vec<OtherAvp>,
}

impl Command for CapabilitiesExchangeAnswer {
    const COMMAND: CommandCode = CommandCode::CAPABILITIES_EXCHANGE;
    const APPLICATION: ApplicationId = ApplicationId::BASE;
    const FLAGS: Flags = ANSWER;

    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let mut fields = Fields::read(avps, &[ANSWER_RULES, Origin::RULES, Capabilities::RULES], reading)?;
        Ok(CapabilitiesExchangeAnswer {
            result_code: take_result_code(&mut fields)?,
            capabilities: Capabilities::take(&mut fields)?,
            error_message: fields.optional(ERROR_MESSAGE)?,
            other: fields.other(),
        })
    }

    fn write(&self, out: &mut Builder) {
        write_outcome(self.result_code.into(), out);
        self.capabilities.write(out);
        out.put_optional(ERROR_MESSAGE, &self.error_message).put_others(&self.other);
    }
}

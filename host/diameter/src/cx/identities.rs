//! Groups of identities: TS 29.229 §6.3.33, §6.3.50, §6.3.57, §6.3.64, and Failed-PCSCF.

use crate::avp::{Avp, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{any, group, optional, required};
use crate::format::{Address, DiameterIdentity};
use crate::value::{AvpValue, Reading};

/// Associated-Identities (§6.3.33) and Associated-Registered-Identities (§6.3.50): private identities of one
/// subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssociatedIdentities {
    /// User-Name: private identities.
    pub user_names: Vec<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for AssociatedIdentities {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        group(avp, reading, &[any(USER_NAME)], |fields| {
            Ok(AssociatedIdentities { user_names: fields.all(USER_NAME)?, other: fields.other() })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_all(USER_NAME, &self.user_names).put_others(&self.other);
    }
}

/// Identity-with-Emergency-Registration (§6.3.57): not de-registered, because it is registered for emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityWithEmergencyRegistration {
    /// The private identity.
    pub user_name: String,
    /// The public identity.
    pub public_identity: String,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for IdentityWithEmergencyRegistration {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        group(avp, reading, &[required(USER_NAME), required(PUBLIC_IDENTITY)], |fields| {
            Ok(IdentityWithEmergencyRegistration {
                user_name: fields.one(USER_NAME)?,
                public_identity: fields.one(PUBLIC_IDENTITY)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(USER_NAME, &self.user_name)
            .put(PUBLIC_IDENTITY, &self.public_identity)
            .put_others(&self.other);
    }
}

/// Allowed-WAF-WWSF-Identities (§6.3.64): the WebRTC servers that may register the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedWafWwsfIdentities {
    /// WebRTC-Authentication-Function-Name.
    pub webrtc_authentication_function_names: Vec<String>,
    /// WebRTC-Web-Server-Function-Name.
    pub webrtc_web_server_function_names: Vec<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for AllowedWafWwsfIdentities {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [any(WEBRTC_AUTHENTICATION_FUNCTION_NAME), any(WEBRTC_WEB_SERVER_FUNCTION_NAME)];
        group(avp, reading, &rules, |fields| {
            Ok(AllowedWafWwsfIdentities {
                webrtc_authentication_function_names: fields.all(WEBRTC_AUTHENTICATION_FUNCTION_NAME)?,
                webrtc_web_server_function_names: fields.all(WEBRTC_WEB_SERVER_FUNCTION_NAME)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_all(WEBRTC_AUTHENTICATION_FUNCTION_NAME, &self.webrtc_authentication_function_names)
            .put_all(WEBRTC_WEB_SERVER_FUNCTION_NAME, &self.webrtc_web_server_function_names)
            .put_others(&self.other);
    }
}

/// Failed-PCSCF: which P-CSCF an S-CSCF found dead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedPcscf {
    /// PCSCF-FQDN.
    pub fqdn: Option<DiameterIdentity>,
    /// PCSCF-IP-Address.
    pub ip_addresses: Vec<Address>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for FailedPcscf {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        group(avp, reading, &[optional(PCSCF_FQDN), any(PCSCF_IP_ADDRESS)], |fields| {
            Ok(FailedPcscf {
                fqdn: fields.optional(PCSCF_FQDN)?,
                ip_addresses: fields.all(PCSCF_IP_ADDRESS)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_optional(PCSCF_FQDN, &self.fqdn)
            .put_all(PCSCF_IP_ADDRESS, &self.ip_addresses)
            .put_others(&self.other);
    }
}

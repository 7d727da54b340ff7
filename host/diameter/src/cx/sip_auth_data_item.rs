//! SIP-Auth-Data-Item: TS 29.229 §6.3.13, with SIP-Digest-Authenticate (§6.3.36).
//!
//! What authenticates a user is in [`Secret`]s: the expected response, CK and IK, and the hashes of digest, which are
//! as good as the password.

use crate::avp::{Avp, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::base::*;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{any, group, optional, required};
use crate::secret::Secret;
use crate::value::{AvpValue, Reading};

/// In a MAR: what is wanted, or AUTS; in a MAA: one authentication vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SipAuthDataItem {
    /// SIP-Item-Number: the order in which vectors are used.
    pub sip_item_number: Option<u32>,
    /// SIP-Authentication-Scheme: "Digest-AKAv1-MD5", "SIP Digest", "Unknown" (§6.3.9).
    pub sip_authentication_scheme: Option<String>,
    /// SIP-Authenticate: RAND and AUTN, 32 bytes.
    pub sip_authenticate: Option<Vec<u8>>,
    /// SIP-Authorization: XRES in an answer, RAND and AUTS in a request for resynchronisation.
    pub sip_authorization: Option<Secret>,
    /// SIP-Authentication-Context.
    pub sip_authentication_context: Option<Vec<u8>>,
    /// CK.
    pub confidentiality_key: Option<Secret>,
    /// IK.
    pub integrity_key: Option<Secret>,
    /// Of SIP Digest.
    pub sip_digest_authenticate: Option<SipDigestAuthenticate>,
    /// Framed-IP-Address, of GIBA and NASS-IMS-bundled authentication.
    pub framed_ip_address: Option<Vec<u8>>,
    /// Framed-IPv6-Prefix.
    pub framed_ipv6_prefix: Option<Vec<u8>>,
    /// Framed-Interface-Id.
    pub framed_interface_id: Option<u64>,
    /// Line-Identifier, of NASS-IMS-bundled authentication.
    pub line_identifiers: Vec<Vec<u8>>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for SipAuthDataItem {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(SIP_ITEM_NUMBER),
            optional(SIP_AUTHENTICATION_SCHEME),
            optional(SIP_AUTHENTICATE),
            optional(SIP_AUTHORIZATION),
            optional(SIP_AUTHENTICATION_CONTEXT),
            optional(CONFIDENTIALITY_KEY),
            optional(INTEGRITY_KEY),
            optional(SIP_DIGEST_AUTHENTICATE),
            optional(FRAMED_IP_ADDRESS),
            optional(FRAMED_IPV6_PREFIX),
            optional(FRAMED_INTERFACE_ID),
            any(LINE_IDENTIFIER),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(SipAuthDataItem {
                sip_item_number: fields.optional(SIP_ITEM_NUMBER)?,
                sip_authentication_scheme: fields.optional(SIP_AUTHENTICATION_SCHEME)?,
                sip_authenticate: fields.optional(SIP_AUTHENTICATE)?,
                sip_authorization: fields.optional(SIP_AUTHORIZATION)?,
                sip_authentication_context: fields.optional(SIP_AUTHENTICATION_CONTEXT)?,
                confidentiality_key: fields.optional(CONFIDENTIALITY_KEY)?,
                integrity_key: fields.optional(INTEGRITY_KEY)?,
                sip_digest_authenticate: fields.optional(SIP_DIGEST_AUTHENTICATE)?,
                framed_ip_address: fields.optional(FRAMED_IP_ADDRESS)?,
                framed_ipv6_prefix: fields.optional(FRAMED_IPV6_PREFIX)?,
                framed_interface_id: fields.optional(FRAMED_INTERFACE_ID)?,
                line_identifiers: fields.all(LINE_IDENTIFIER)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_optional(SIP_ITEM_NUMBER, &self.sip_item_number)
            .put_optional(SIP_AUTHENTICATION_SCHEME, &self.sip_authentication_scheme)
            .put_optional(SIP_AUTHENTICATE, &self.sip_authenticate)
            .put_optional(SIP_AUTHORIZATION, &self.sip_authorization)
            .put_optional(SIP_AUTHENTICATION_CONTEXT, &self.sip_authentication_context)
            .put_optional(CONFIDENTIALITY_KEY, &self.confidentiality_key)
            .put_optional(INTEGRITY_KEY, &self.integrity_key)
            .put_optional(SIP_DIGEST_AUTHENTICATE, &self.sip_digest_authenticate)
            .put_optional(FRAMED_IP_ADDRESS, &self.framed_ip_address)
            .put_optional(FRAMED_IPV6_PREFIX, &self.framed_ipv6_prefix)
            .put_optional(FRAMED_INTERFACE_ID, &self.framed_interface_id)
            .put_all(LINE_IDENTIFIER, &self.line_identifiers)
            .put_others(&self.other);
    }
}

/// SIP-Digest-Authenticate (§6.3.36): digest with a password that the HSS knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SipDigestAuthenticate {
    /// Digest-Realm.
    pub digest_realm: String,
    /// Digest-Algorithm. Absent: MD5.
    pub digest_algorithm: Option<String>,
    /// Digest-QoP: "auth".
    pub digest_qop: String,
    /// Digest-HA1: the hash of user, realm and password in hexadecimal.
    pub digest_ha1: Secret,
    /// Alternate-Digest-Algorithm: a stronger one.
    pub alternate_digest_algorithm: Option<String>,
    /// Alternate-Digest-HA1.
    pub alternate_digest_ha1: Option<Secret>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for SipDigestAuthenticate {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(DIGEST_REALM),
            optional(DIGEST_ALGORITHM),
            required(DIGEST_QOP),
            required(DIGEST_HA1),
            optional(ALTERNATE_DIGEST_ALGORITHM),
            optional(ALTERNATE_DIGEST_HA1),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(SipDigestAuthenticate {
                digest_realm: fields.one(DIGEST_REALM)?,
                digest_algorithm: fields.optional(DIGEST_ALGORITHM)?,
                digest_qop: fields.one(DIGEST_QOP)?,
                digest_ha1: fields.one(DIGEST_HA1)?,
                alternate_digest_algorithm: fields.optional(ALTERNATE_DIGEST_ALGORITHM)?,
                alternate_digest_ha1: fields.optional(ALTERNATE_DIGEST_HA1)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(DIGEST_REALM, &self.digest_realm)
            .put_optional(DIGEST_ALGORITHM, &self.digest_algorithm)
            .put(DIGEST_QOP, &self.digest_qop)
            .put(DIGEST_HA1, &self.digest_ha1)
            .put_optional(ALTERNATE_DIGEST_ALGORITHM, &self.alternate_digest_algorithm)
            .put_optional(ALTERNATE_DIGEST_HA1, &self.alternate_digest_ha1)
            .put_others(&self.other);
    }
}

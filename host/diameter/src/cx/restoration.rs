//! SCSCF-Restoration-Info: TS 29.229 §6.3.46 to §6.3.55, TS 23.380 §4: what an S-CSCF lays down at the HSS, so that
//! another one, or itself after a restart, can serve the registration.
//!
//! ```text
//!   SCSCF-Restoration-Info
//!     Restoration-Info          one for each contact
//!       Subscription-Info         the UE's subscription to reg
//!       P-CSCF-Subscription-Info  the P-CSCF's
//! ```

use crate::avp::{Avp, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::base::USER_NAME;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{group, optional, required, some};
use crate::format::NtpTime;
use crate::value::{AvpValue, Reading};

/// Everything of one private identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScscfRestorationInfo {
    /// The private identity.
    pub user_name: String,
    /// At least one.
    pub restoration_info: Vec<RestorationInfo>,
    /// When the registration runs out.
    pub registration_time_out: Option<NtpTime>,
    /// How the user authenticated.
    pub sip_authentication_scheme: Option<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for ScscfRestorationInfo {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(USER_NAME),
            some(RESTORATION_INFO),
            optional(REGISTRATION_TIME_OUT),
            optional(SIP_AUTHENTICATION_SCHEME),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(ScscfRestorationInfo {
                user_name: fields.one(USER_NAME)?,
                restoration_info: fields.all(RESTORATION_INFO)?,
                registration_time_out: fields.optional(REGISTRATION_TIME_OUT)?,
                sip_authentication_scheme: fields.optional(SIP_AUTHENTICATION_SCHEME)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(USER_NAME, &self.user_name)
            .put_all(RESTORATION_INFO, &self.restoration_info)
            .put_optional(REGISTRATION_TIME_OUT, &self.registration_time_out)
            .put_optional(SIP_AUTHENTICATION_SCHEME, &self.sip_authentication_scheme)
            .put_others(&self.other);
    }
}

/// One contact. The values are those of SIP header fields, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorationInfo {
    /// Path.
    pub path: Vec<u8>,
    /// Contact.
    pub contact: Vec<u8>,
    /// The CSeq of the initial REGISTER.
    pub initial_cseq_sequence_number: Option<u32>,
    /// The Call-ID of the REGISTER.
    pub call_id_sip_header: Option<Vec<u8>>,
    /// The UE's subscription.
    pub subscription_info: Option<SubscriptionInfo>,
    /// The P-CSCF's subscription.
    pub p_cscf_subscription_info: Option<PcscfSubscriptionInfo>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for RestorationInfo {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(PATH),
            required(CONTACT),
            optional(INITIAL_CSEQ_SEQUENCE_NUMBER),
            optional(CALL_ID_SIP_HEADER),
            optional(SUBSCRIPTION_INFO),
            optional(P_CSCF_SUBSCRIPTION_INFO),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(RestorationInfo {
                path: fields.one(PATH)?,
                contact: fields.one(CONTACT)?,
                initial_cseq_sequence_number: fields.optional(INITIAL_CSEQ_SEQUENCE_NUMBER)?,
                call_id_sip_header: fields.optional(CALL_ID_SIP_HEADER)?,
                subscription_info: fields.optional(SUBSCRIPTION_INFO)?,
                p_cscf_subscription_info: fields.optional(P_CSCF_SUBSCRIPTION_INFO)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(PATH, &self.path)
            .put(CONTACT, &self.contact)
            .put_optional(INITIAL_CSEQ_SEQUENCE_NUMBER, &self.initial_cseq_sequence_number)
            .put_optional(CALL_ID_SIP_HEADER, &self.call_id_sip_header)
            .put_optional(SUBSCRIPTION_INFO, &self.subscription_info)
            .put_optional(P_CSCF_SUBSCRIPTION_INFO, &self.p_cscf_subscription_info)
            .put_others(&self.other);
    }
}

/// The UE's subscription to its registration state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionInfo {
    /// Call-ID.
    pub call_id_sip_header: Vec<u8>,
    /// From.
    pub from_sip_header: Vec<u8>,
    /// To.
    pub to_sip_header: Vec<u8>,
    /// Record-Route.
    pub record_route: Vec<u8>,
    /// Contact.
    pub contact: Vec<u8>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for SubscriptionInfo {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(CALL_ID_SIP_HEADER),
            required(FROM_SIP_HEADER),
            required(TO_SIP_HEADER),
            required(RECORD_ROUTE),
            required(CONTACT),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(SubscriptionInfo {
                call_id_sip_header: fields.one(CALL_ID_SIP_HEADER)?,
                from_sip_header: fields.one(FROM_SIP_HEADER)?,
                to_sip_header: fields.one(TO_SIP_HEADER)?,
                record_route: fields.one(RECORD_ROUTE)?,
                contact: fields.one(CONTACT)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(CALL_ID_SIP_HEADER, &self.call_id_sip_header)
            .put(FROM_SIP_HEADER, &self.from_sip_header)
            .put(TO_SIP_HEADER, &self.to_sip_header)
            .put(RECORD_ROUTE, &self.record_route)
            .put(CONTACT, &self.contact)
            .put_others(&self.other);
    }
}

/// The P-CSCF's subscription to the UE's registration state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcscfSubscriptionInfo {
    /// Call-ID.
    pub call_id_sip_header: Vec<u8>,
    /// From.
    pub from_sip_header: Vec<u8>,
    /// To.
    pub to_sip_header: Vec<u8>,
    /// Contact.
    pub contact: Vec<u8>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for PcscfSubscriptionInfo {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            required(CALL_ID_SIP_HEADER),
            required(FROM_SIP_HEADER),
            required(TO_SIP_HEADER),
            required(CONTACT),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(PcscfSubscriptionInfo {
                call_id_sip_header: fields.one(CALL_ID_SIP_HEADER)?,
                from_sip_header: fields.one(FROM_SIP_HEADER)?,
                to_sip_header: fields.one(TO_SIP_HEADER)?,
                contact: fields.one(CONTACT)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(CALL_ID_SIP_HEADER, &self.call_id_sip_header)
            .put(FROM_SIP_HEADER, &self.from_sip_header)
            .put(TO_SIP_HEADER, &self.to_sip_header)
            .put(CONTACT, &self.contact)
            .put_others(&self.other);
    }
}

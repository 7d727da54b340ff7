//! Values of every type, out of decisions: what a fuzzer and the property tests print and read again.
//!
//! In: decisions. Out: values that a sender could have meant: an AVP in `other` is none that the type itself has.

use super::Choices;
use crate::avp::{AvpId, OtherAvp, vendor};
use crate::base::*;
use crate::cx::*;
use crate::dictionary::{base, cx};
use crate::format::{Address, DiameterIdentity, NtpTime};
use crate::header::ApplicationId;
use crate::result::{CxResult, Outcome, ResultCode};
use crate::secret::Secret;

/// A type that can be made.
pub trait Make {
    /// One of its values.
    fn make(choices: &mut Choices<'_>) -> Self;
}

impl<T: Make> Make for Option<T> {
    fn make(choices: &mut Choices<'_>) -> Option<T> {
        choices.once_in(2).then(|| T::make(choices))
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(choices: &mut Choices<'_>) -> Vec<T> {
        (0..choices.below(4)).map(|_| T::make(choices)).collect()
    }
}

impl Make for u8 {
    fn make(choices: &mut Choices<'_>) -> u8 {
        choices.byte()
    }
}

impl Make for u32 {
    fn make(choices: &mut Choices<'_>) -> u32 {
        choices.number()
    }
}

impl Make for u64 {
    fn make(choices: &mut Choices<'_>) -> u64 {
        u64::from(choices.number()) << 32 | u64::from(choices.number())
    }
}

impl Make for String {
    fn make(choices: &mut Choices<'_>) -> String {
        String::from_utf8_lossy(choices.bytes(40)).into_owned()
    }
}

impl Make for Secret {
    fn make(choices: &mut Choices<'_>) -> Secret {
        Secret::new(choices.bytes(40))
    }
}

impl Make for NtpTime {
    fn make(choices: &mut Choices<'_>) -> NtpTime {
        NtpTime(choices.number())
    }
}

impl Make for DiameterIdentity {
    fn make(choices: &mut Choices<'_>) -> DiameterIdentity {
        let mut name: String = choices.bytes(40).iter().map(|byte| char::from(byte % 94 + 33)).collect();
        name.push('.');
        name.parse().expect("visible characters")
    }
}

impl Make for Address {
    fn make(choices: &mut Choices<'_>) -> Address {
        match choices.below(3) {
            0 => Address::Ip(choices.number().to_be_bytes().into()),
            1 => Address::Ip([0; 16].map(|_: u8| choices.byte()).into()),
            _ => Address::Other { family: 3 + u16::from(choices.byte()), address: choices.bytes(20).into() },
        }
    }
}

/// An AVP that no type here has: of any id and data, with the M bit only where the dictionary knows it.
impl Make for OtherAvp {
    fn make(choices: &mut Choices<'_>) -> OtherAvp {
        let (id, mandatory) = match choices.below(4) {
            0 => (base::CLASS.id, true),
            1 => (base::DRMP.id, false),
            2 => (AvpId::new(vendor::TGPP, 5000 + choices.number() % 1000), false),
            _ => (AvpId::new(1 + choices.number() % 9000, choices.number()), false),
        };
        OtherAvp::new(id, mandatory, choices.bytes(30)).expect("it is short")
    }
}

fn proxy_info(choices: &mut Choices<'_>) -> Vec<OtherAvp> {
    (0..choices.below(3))
        .map(|_| OtherAvp::new(base::PROXY_INFO.id, true, choices.bytes(30)).expect("it is short"))
        .collect()
}

impl Make for Origin {
    fn make(choices: &mut Choices<'_>) -> Origin {
        Origin { host: Make::make(choices), realm: Make::make(choices), state_id: Make::make(choices) }
    }
}

impl Make for Outcome {
    fn make(choices: &mut Choices<'_>) -> Outcome {
        match choices.below(4) {
            0 => ResultCode(choices.number()).into(),
            1 => (*choices.one_of(ResultCode::ALL)).into(),
            2 => (*choices.one_of(CxResult::ALL)).into(),
            _ => Outcome::Experimental { vendor: choices.number(), code: choices.number() },
        }
    }
}

impl Make for SupportedFeatures {
    fn make(choices: &mut Choices<'_>) -> SupportedFeatures {
        SupportedFeatures {
            vendor: choices.number(),
            feature_list_id: choices.number(),
            feature_list: choices.number(),
            required: choices.once_in(2),
            other: Make::make(choices),
        }
    }
}

impl Make for RequestHead {
    fn make(choices: &mut Choices<'_>) -> RequestHead {
        RequestHead {
            session_id: Make::make(choices),
            origin: Make::make(choices),
            destination_host: Make::make(choices),
            destination_realm: Make::make(choices),
            supported_features: Make::make(choices),
            proxy_info: proxy_info(choices),
            route_record: Make::make(choices),
        }
    }
}

impl Make for AnswerHead {
    fn make(choices: &mut Choices<'_>) -> AnswerHead {
        AnswerHead {
            session_id: Make::make(choices),
            outcome: Make::make(choices),
            origin: Make::make(choices),
            supported_features: Make::make(choices),
            error_message: Make::make(choices),
            failed_avp: (0..choices.below(2))
                .map(|_| OtherAvp::new(base::FAILED_AVP.id, true, choices.bytes(30)).expect("it is short"))
                .collect(),
            proxy_info: proxy_info(choices),
        }
    }
}

/// An Enumerated type.
macro_rules! enumerated {
    ($($name:ident)*) => {
        $(impl Make for $name {
            fn make(choices: &mut Choices<'_>) -> $name {
                *choices.one_of($name::ALL)
            }
        })*
    };
}

enumerated! {
    UserAuthorizationType ServerAssignmentType UserDataAlreadyAvailable ReasonCode OriginatingRequest
    LooseRouteIndication MultipleRegistrationIndication SessionPriority PriviledgedSenderIndication
}

/// A set of bits.
macro_rules! flags {
    ($($name:ident)*) => {
        $(impl Make for $name {
            fn make(choices: &mut Choices<'_>) -> $name {
                $name::from_bits_retain(choices.number())
            }
        })*
    };
}

flags! { UarFlags SarFlags LiaFlags RtrFlags }

/// A struct, field by field.
macro_rules! structs {
    ($($name:ident { $($field:ident)* })*) => {
        $(impl Make for $name {
            fn make(choices: &mut Choices<'_>) -> $name {
                $name { $($field: Make::make(choices),)* }
            }
        })*
    };
}

structs! {
    ServerCapabilities { mandatory_capabilities optional_capabilities server_names other }
    ChargingInformation {
        primary_event_charging_function_name secondary_event_charging_function_name
        primary_charging_collection_function_name secondary_charging_collection_function_name other
    }
    AssociatedIdentities { user_names other }
    IdentityWithEmergencyRegistration { user_name public_identity other }
    AllowedWafWwsfIdentities { webrtc_authentication_function_names webrtc_web_server_function_names other }
    FailedPcscf { fqdn ip_addresses other }
    SubscriptionInfo { call_id_sip_header from_sip_header to_sip_header record_route contact other }
    PcscfSubscriptionInfo { call_id_sip_header from_sip_header to_sip_header contact other }
    RestorationInfo {
        path contact initial_cseq_sequence_number call_id_sip_header subscription_info
        p_cscf_subscription_info other
    }
    SipDigestAuthenticate {
        digest_realm digest_algorithm digest_qop digest_ha1 alternate_digest_algorithm alternate_digest_ha1
        other
    }
    SipAuthDataItem {
        sip_item_number sip_authentication_scheme sip_authenticate sip_authorization
        sip_authentication_context confidentiality_key integrity_key sip_digest_authenticate
        framed_ip_address framed_ipv6_prefix framed_interface_id line_identifiers other
    }
    DeregistrationReason { reason_code reason_info other }

    UserAuthorizationRequest {
        head user_name public_identity visited_network_identifier user_authorization_type uar_flags other
    }
    UserAuthorizationAnswer { head server_name server_capabilities other }
    LocationInfoRequest {
        head originating_request public_identity user_authorization_type session_priority other
    }
    LocationInfoAnswer { head server_name server_capabilities wildcarded_public_identity lia_flags other }
    MultimediaAuthRequest {
        head user_name public_identity sip_auth_data_item sip_number_auth_items server_name other
    }
    MultimediaAuthAnswer {
        head user_name public_identity sip_number_auth_items sip_auth_data_items other
    }
    ServerAssignmentRequest {
        head user_name public_identities wildcarded_public_identity server_name server_assignment_type
        user_data_already_available scscf_restoration_info multiple_registration_indication
        session_priority sar_flags failed_pcscf other
    }
    ServerAssignmentAnswer {
        head user_name user_data charging_information associated_identities loose_route_indication
        scscf_restoration_info associated_registered_identities server_name wildcarded_public_identity
        priviledged_sender_indication allowed_waf_wwsf_identities other
    }
    RegistrationTerminationRequest {
        head user_name associated_identities public_identities deregistration_reason rtr_flags other
    }
    RegistrationTerminationAnswer {
        head associated_identities identities_with_emergency_registration other
    }
    PushProfileRequest {
        head user_name user_data charging_information sip_auth_data_item allowed_waf_wwsf_identities other
    }
    PushProfileAnswer { head other }
}

impl Make for ScscfRestorationInfo {
    fn make(choices: &mut Choices<'_>) -> ScscfRestorationInfo {
        let mut restoration_info: Vec<RestorationInfo> = Make::make(choices);
        restoration_info.push(Make::make(choices));
        ScscfRestorationInfo {
            user_name: Make::make(choices),
            restoration_info,
            registration_time_out: Make::make(choices),
            sip_authentication_scheme: Make::make(choices),
            other: Make::make(choices),
        }
    }
}

impl Make for VendorSpecificApplicationId {
    fn make(choices: &mut Choices<'_>) -> VendorSpecificApplicationId {
        VendorSpecificApplicationId {
            vendor: choices.number(),
            application: ApplicationId(choices.number()),
            is_accounting: choices.once_in(2),
            other: Make::make(choices),
        }
    }
}

impl Make for Capabilities {
    fn make(choices: &mut Choices<'_>) -> Capabilities {
        let mut host_ip_addresses: Vec<Address> = Make::make(choices);
        host_ip_addresses.push(Make::make(choices));
        Capabilities {
            origin: Make::make(choices),
            host_ip_addresses,
            vendor_id: Make::make(choices),
            product_name: Make::make(choices),
            supported_vendor_ids: Make::make(choices),
            auth_application_ids: Make::make(choices),
            inband_security_ids: Make::make(choices),
            acct_application_ids: Make::make(choices),
            vendor_specific_application_ids: Make::make(choices),
            firmware_revision: Make::make(choices),
        }
    }
}

impl Make for CapabilitiesExchangeRequest {
    fn make(choices: &mut Choices<'_>) -> CapabilitiesExchangeRequest {
        CapabilitiesExchangeRequest { capabilities: Make::make(choices), other: Make::make(choices) }
    }
}

impl Make for CapabilitiesExchangeAnswer {
    fn make(choices: &mut Choices<'_>) -> CapabilitiesExchangeAnswer {
        CapabilitiesExchangeAnswer {
            result_code: ResultCode(choices.number()),
            capabilities: Make::make(choices),
            error_message: Make::make(choices),
            other: Make::make(choices),
        }
    }
}

/// The bytes of a message of Cx with AVPs of the tables in any order, with data of any kind.
pub fn any_message(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut out = vec![1, 0, 0, 0, choices.byte() & 0xd0, 0, 1];
    out.extend_from_slice(&[44 + choices.byte() % 6, 1, 0, 0, 0]);
    out.extend_from_slice(&[0; 8]);
    group(choices, 3, &mut out);
    out
}

fn group(choices: &mut Choices<'_>, depth: usize, out: &mut Vec<u8>) {
    for _ in 0..choices.below(24) {
        if choices.is_empty() {
            return;
        }
        let table = if choices.once_in(2) { base::TABLE } else { cx::TABLE };
        let row = choices.one_of(table);
        let mut data = Vec::new();
        match choices.below(4) {
            0 if depth > 0 => group(choices, depth - 1, &mut data),
            1 => data.extend_from_slice(&choices.number().to_be_bytes()),
            2 => data.extend_from_slice(&[0, 0, 0, choices.byte() % 16]),
            _ => data.extend_from_slice(choices.bytes(24)),
        }
        let mandatory = !choices.once_in(4);
        if let Some(avp) = OtherAvp::new(row.id, mandatory, &data) {
            out.extend_from_slice(avp.raw());
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }
}

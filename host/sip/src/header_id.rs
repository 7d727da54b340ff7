//! Header field names (RFC 3261 §7.3, §20 and the IANA registry), as numbers.
//!
//! In: a name as received, in any case, long or compact. Out: [`HeaderId`], and back to the canonical name. The
//! numbers are part of the published view layout (`docs/view.md`): never renumber, only add at the end. How a name
//! is found is `header_name.rs`; what a value means is `header/`.

use crate::header_name;

/// A well-known header field by number; [`HeaderId::OTHER`] for any other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct HeaderId(pub u16);

/// One row of the table: the canonical name and the compact form (0: none).
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) compact: u8,
}

macro_rules! header_fields {
    ($($number:literal $constant:ident $name:literal $compact:literal $source:literal;)*) => {
        impl HeaderId {
            $(
                #[doc = concat!("`", $name, "` (", $source, ").")]
                pub const $constant: HeaderId = HeaderId($number);
            )*
        }

        /// Row `i` is the header field of number `i + 1`.
        pub(crate) const FIELDS: &[Field] = &[$(Field { name: $name, compact: $compact },)*];

        #[cfg(test)]
        const NUMBERS: &[u16] = &[$($number,)*];
    };
}

#[rustfmt::skip]
header_fields! {
    1 VIA "Via" b'v' "RFC 3261 §20.42";
    2 MAX_FORWARDS "Max-Forwards" 0 "RFC 3261 §20.22";
    3 FROM "From" b'f' "RFC 3261 §20.20";
    4 TO "To" b't' "RFC 3261 §20.39";
    5 CALL_ID "Call-ID" b'i' "RFC 3261 §20.8";
    6 CSEQ "CSeq" 0 "RFC 3261 §20.16";
    7 CONTACT "Contact" b'm' "RFC 3261 §20.10";
    8 ROUTE "Route" 0 "RFC 3261 §20.34";
    9 RECORD_ROUTE "Record-Route" 0 "RFC 3261 §20.30";
    10 CONTENT_LENGTH "Content-Length" b'l' "RFC 3261 §20.14";
    11 CONTENT_TYPE "Content-Type" b'c' "RFC 3261 §20.15";
    12 EXPIRES "Expires" 0 "RFC 3261 §20.19";
    13 MIN_EXPIRES "Min-Expires" 0 "RFC 3261 §20.23";
    14 AUTHORIZATION "Authorization" 0 "RFC 3261 §20.7";
    15 WWW_AUTHENTICATE "WWW-Authenticate" 0 "RFC 3261 §20.44";
    16 PROXY_AUTHORIZATION "Proxy-Authorization" 0 "RFC 3261 §20.28";
    17 PROXY_AUTHENTICATE "Proxy-Authenticate" 0 "RFC 3261 §20.27";
    18 AUTHENTICATION_INFO "Authentication-Info" 0 "RFC 3261 §20.6";
    19 PROXY_AUTHENTICATION_INFO "Proxy-Authentication-Info" 0 "RFC 8898";
    20 PATH "Path" 0 "RFC 3327";
    21 SERVICE_ROUTE "Service-Route" 0 "RFC 3608";
    22 SUPPORTED "Supported" b'k' "RFC 3261 §20.37";
    23 REQUIRE "Require" 0 "RFC 3261 §20.32";
    24 PROXY_REQUIRE "Proxy-Require" 0 "RFC 3261 §20.29";
    25 UNSUPPORTED "Unsupported" 0 "RFC 3261 §20.40";
    26 ALLOW "Allow" 0 "RFC 3261 §20.5";
    27 ACCEPT "Accept" 0 "RFC 3261 §20.1";
    28 ACCEPT_ENCODING "Accept-Encoding" 0 "RFC 3261 §20.2";
    29 ACCEPT_LANGUAGE "Accept-Language" 0 "RFC 3261 §20.3";
    30 ACCEPT_CONTACT "Accept-Contact" b'a' "RFC 3841";
    31 REJECT_CONTACT "Reject-Contact" b'j' "RFC 3841";
    32 REQUEST_DISPOSITION "Request-Disposition" b'd' "RFC 3841";
    33 ALERT_INFO "Alert-Info" 0 "RFC 3261 §20.4";
    34 ALLOW_EVENTS "Allow-Events" b'u' "RFC 6665";
    35 ANSWER_MODE "Answer-Mode" 0 "RFC 5373";
    36 CALL_INFO "Call-Info" 0 "RFC 3261 §20.9";
    37 CONTENT_DISPOSITION "Content-Disposition" 0 "RFC 3261 §20.11";
    38 CONTENT_ENCODING "Content-Encoding" b'e' "RFC 3261 §20.12";
    39 CONTENT_LANGUAGE "Content-Language" 0 "RFC 3261 §20.13";
    40 DATE "Date" 0 "RFC 3261 §20.17";
    41 ERROR_INFO "Error-Info" 0 "RFC 3261 §20.18";
    42 EVENT "Event" b'o' "RFC 6665";
    43 FEATURE_CAPS "Feature-Caps" 0 "RFC 6809";
    44 FLOW_TIMER "Flow-Timer" 0 "RFC 5626";
    45 GEOLOCATION "Geolocation" 0 "RFC 6442";
    46 GEOLOCATION_ERROR "Geolocation-Error" 0 "RFC 6442";
    47 GEOLOCATION_ROUTING "Geolocation-Routing" 0 "RFC 6442";
    48 HISTORY_INFO "History-Info" 0 "RFC 7044";
    49 IDENTITY "Identity" b'y' "RFC 8224";
    50 IDENTITY_INFO "Identity-Info" b'n' "RFC 4474";
    51 INFO_PACKAGE "Info-Package" 0 "RFC 6086";
    52 IN_REPLY_TO "In-Reply-To" 0 "RFC 3261 §20.21";
    53 JOIN "Join" 0 "RFC 3911";
    54 MAX_BREADTH "Max-Breadth" 0 "RFC 5393";
    55 MIME_VERSION "MIME-Version" 0 "RFC 3261 §20.24";
    56 MIN_SE "Min-SE" 0 "RFC 4028";
    57 ORGANIZATION "Organization" 0 "RFC 3261 §20.25";
    58 P_ACCESS_NETWORK_INFO "P-Access-Network-Info" 0 "RFC 7315";
    59 P_ASSERTED_IDENTITY "P-Asserted-Identity" 0 "RFC 3325";
    60 P_ASSERTED_SERVICE "P-Asserted-Service" 0 "RFC 6050";
    61 P_ASSOCIATED_URI "P-Associated-URI" 0 "RFC 7315";
    62 P_CALLED_PARTY_ID "P-Called-Party-ID" 0 "RFC 7315";
    63 P_CHARGING_FUNCTION_ADDRESSES "P-Charging-Function-Addresses" 0 "RFC 7315";
    64 P_CHARGING_VECTOR "P-Charging-Vector" 0 "RFC 7315";
    65 P_EARLY_MEDIA "P-Early-Media" 0 "RFC 5009";
    66 P_PREFERRED_IDENTITY "P-Preferred-Identity" 0 "RFC 3325";
    67 P_PREFERRED_SERVICE "P-Preferred-Service" 0 "RFC 6050";
    68 P_PROFILE_KEY "P-Profile-Key" 0 "RFC 5002";
    69 P_SERVED_USER "P-Served-User" 0 "RFC 5502";
    70 P_USER_DATABASE "P-User-Database" 0 "RFC 4457";
    71 P_VISITED_NETWORK_ID "P-Visited-Network-ID" 0 "RFC 7315";
    72 P_PRIVATE_NETWORK_INDICATION "P-Private-Network-Indication" 0 "RFC 7316";
    73 P_MEDIA_AUTHORIZATION "P-Media-Authorization" 0 "RFC 3313";
    74 P_ANSWER_STATE "P-Answer-State" 0 "RFC 4964";
    75 PERMISSION_MISSING "Permission-Missing" 0 "RFC 5360";
    76 POLICY_CONTACT "Policy-Contact" 0 "RFC 6794";
    77 PRIORITY "Priority" 0 "RFC 3261 §20.26";
    78 PRIVACY "Privacy" 0 "RFC 3323";
    79 RACK "RAck" 0 "RFC 3262";
    80 REASON "Reason" 0 "RFC 3326";
    81 RECV_INFO "Recv-Info" 0 "RFC 6086";
    82 REFER_SUB "Refer-Sub" 0 "RFC 4488";
    83 REFER_TO "Refer-To" b'r' "RFC 3515";
    84 REFERRED_BY "Referred-By" b'b' "RFC 3892";
    85 REPLACES "Replaces" 0 "RFC 3891";
    86 REPLY_TO "Reply-To" 0 "RFC 3261 §20.31";
    87 RESOURCE_PRIORITY "Resource-Priority" 0 "RFC 4412";
    88 RETRY_AFTER "Retry-After" 0 "RFC 3261 §20.33";
    89 RSEQ "RSeq" 0 "RFC 3262";
    90 SECURITY_CLIENT "Security-Client" 0 "RFC 3329";
    91 SECURITY_SERVER "Security-Server" 0 "RFC 3329";
    92 SECURITY_VERIFY "Security-Verify" 0 "RFC 3329";
    93 SERVER "Server" 0 "RFC 3261 §20.35";
    94 SESSION_EXPIRES "Session-Expires" b'x' "RFC 4028";
    95 SESSION_ID "Session-ID" 0 "RFC 7989";
    96 SIP_ETAG "SIP-ETag" 0 "RFC 3903";
    97 SIP_IF_MATCH "SIP-If-Match" 0 "RFC 3903";
    98 SUBJECT "Subject" b's' "RFC 3261 §20.36";
    99 SUBSCRIPTION_STATE "Subscription-State" 0 "RFC 6665";
    100 SUPPRESS_IF_MATCH "Suppress-If-Match" 0 "RFC 5839";
    101 TARGET_DIALOG "Target-Dialog" 0 "RFC 4538";
    102 TIMESTAMP "Timestamp" 0 "RFC 3261 §20.38";
    103 TRIGGER_CONSENT "Trigger-Consent" 0 "RFC 5360";
    104 USER_AGENT "User-Agent" 0 "RFC 3261 §20.41";
    105 USER_TO_USER "User-to-User" 0 "RFC 7433";
    106 WARNING "Warning" 0 "RFC 3261 §20.43";
    107 ACCEPT_RESOURCE_PRIORITY "Accept-Resource-Priority" 0 "RFC 4412";
    108 PRIV_ANSWER_MODE "Priv-Answer-Mode" 0 "RFC 5373";
    109 DIVERSION "Diversion" 0 "RFC 5806";
    110 REMOTE_PARTY_ID "Remote-Party-ID" 0 "draft-ietf-sip-privacy-04";
    111 CELLULAR_NETWORK_INFO "Cellular-Network-Info" 0 "TS 24.229";
    112 RESTORATION_INFO "Restoration-Info" 0 "TS 24.229";
    113 RELAYED_CHARGE "Relayed-Charge" 0 "TS 24.229";
    114 RESPONSE_SOURCE "Response-Source" 0 "TS 24.229";
    115 RESOURCE_SHARE "Resource-Share" 0 "TS 24.229";
    116 SERVICE_INTERACT_INFO "Service-Interact-Info" 0 "TS 24.229";
    117 ADDITIONAL_IDENTITY "Additional-Identity" 0 "TS 24.229";
    118 PRIORITY_SHARE "Priority-Share" 0 "TS 24.229";
    119 PRIORITY_VERSTAT "Priority-Verstat" 0 "TS 24.229";
    120 ATTESTATION_INFO "Attestation-Info" 0 "TS 24.229";
    121 ORIGINATION_ID "Origination-Id" 0 "TS 24.229";
    122 P_REFUSED_URI_LIST "P-Refused-URI-List" 0 "RFC 5318";
    123 P_DCS_BILLING_INFO "P-DCS-Billing-Info" 0 "RFC 5503";
    124 P_CHARGE_INFO "P-Charge-Info" 0 "RFC 8496";
}

impl HeaderId {
    /// A header field without a number: it goes by its name.
    pub const OTHER: HeaderId = HeaderId(0);

    /// How many header fields have a number; they run from 1 to this.
    pub const COUNT: u16 = FIELDS.len() as u16;

    /// The header field of this name, in any case, long or compact; [`HeaderId::OTHER`] for one without a number.
    #[must_use]
    pub fn from_name(name: &[u8]) -> HeaderId {
        header_name::find(name)
    }

    /// The canonical name; empty for [`HeaderId::OTHER`] and for numbers out of the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.0 == 0 || self.0 > HeaderId::COUNT {
            return "";
        }
        FIELDS[self.0 as usize - 1].name
    }

    /// The compact form (RFC 3261 §7.3.3), where there is one.
    #[must_use]
    pub const fn compact(self) -> Option<char> {
        if self.0 == 0 || self.0 > HeaderId::COUNT {
            return None;
        }
        match FIELDS[self.0 as usize - 1].compact {
            0 => None,
            letter => Some(letter as char),
        }
    }

    /// Every header field that has a number, in order.
    pub fn all() -> impl Iterator<Item = HeaderId> {
        (1..=HeaderId::COUNT).map(HeaderId)
    }
}

impl std::fmt::Debug for HeaderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            "" => write!(f, "HeaderId({})", self.0),
            name => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_table_run_without_a_gap() {
        assert!(NUMBERS.iter().copied().eq(1..=HeaderId::COUNT));
        assert_eq!(HeaderId::VIA, HeaderId(1));
        assert_eq!(HeaderId::CONTENT_LENGTH, HeaderId(10));
    }

    #[test]
    fn every_name_is_found_in_every_case() {
        for id in HeaderId::all() {
            let name = id.name();
            assert_eq!(HeaderId::from_name(name.as_bytes()), id, "{name}");
            assert_eq!(HeaderId::from_name(name.to_ascii_lowercase().as_bytes()), id, "{name}");
            assert_eq!(HeaderId::from_name(name.to_ascii_uppercase().as_bytes()), id, "{name}");
            if let Some(letter) = id.compact() {
                assert_eq!(HeaderId::from_name(&[letter as u8]), id);
                assert_eq!(HeaderId::from_name(&[letter.to_ascii_uppercase() as u8]), id);
            }
        }
    }

    #[test]
    fn near_misses_are_other() {
        let near: [&[u8]; 9] = [
            b"",
            b"z",
            b"Via2",
            b"Vi",
            b"Call_ID",
            b"Call-IDs",
            b"Content-Lengtg",
            b"C%6Fntact",
            b"a-name-that-is-longer-than-every-name-in-the-table",
        ];
        for name in near {
            assert_eq!(HeaderId::from_name(name), HeaderId::OTHER, "{}", String::from_utf8_lossy(name));
        }
        assert_eq!(HeaderId(9999).name(), "");
        assert_eq!(HeaderId::OTHER.compact(), None);
    }
}

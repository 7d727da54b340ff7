//! AVPs of Cx: TS 29.229 §6.3, table 6.3.1, with the section that defines each. All are 3GPP's (vendor 10415); table
//! 6.3.2 refers to others, which are in `base.rs`, and to ETSI's Line-Identifier, which is here.

use super::{Definition, MandatoryBit};
use crate::avp::{AvpId, vendor};
use crate::format::Format;

/// Line-Identifier (AVP code 500 of ETSI, ES 283 035).
pub const LINE_IDENTIFIER: Definition<'static> = Definition {
    id: AvpId::new(vendor::ETSI, 500),
    name: "Line-Identifier",
    format: Format::OctetString,
    mandatory: MandatoryBit::May,
};

super::table! { vendor::TGPP;
    /// §6.3.1.
    VISITED_NETWORK_IDENTIFIER = 600 "Visited-Network-Identifier" OctetString Must;
    /// §6.3.2.
    PUBLIC_IDENTITY = 601 "Public-Identity" Utf8String Must;
    /// §6.3.3.
    SERVER_NAME = 602 "Server-Name" Utf8String Must;
    /// §6.3.4.
    SERVER_CAPABILITIES = 603 "Server-Capabilities" Grouped Must;
    /// §6.3.5.
    MANDATORY_CAPABILITY = 604 "Mandatory-Capability" Unsigned32 Must;
    /// §6.3.6.
    OPTIONAL_CAPABILITY = 605 "Optional-Capability" Unsigned32 Must;
    /// §6.3.7.
    USER_DATA = 606 "User-Data" OctetString Must;
    /// §6.3.8.
    SIP_NUMBER_AUTH_ITEMS = 607 "SIP-Number-Auth-Items" Unsigned32 Must;
    /// §6.3.9.
    SIP_AUTHENTICATION_SCHEME = 608 "SIP-Authentication-Scheme" Utf8String Must;
    /// §6.3.10.
    SIP_AUTHENTICATE = 609 "SIP-Authenticate" OctetString Must;
    /// §6.3.11.
    SIP_AUTHORIZATION = 610 "SIP-Authorization" OctetString Must;
    /// §6.3.12.
    SIP_AUTHENTICATION_CONTEXT = 611 "SIP-Authentication-Context" OctetString Must;
    /// §6.3.13.
    SIP_AUTH_DATA_ITEM = 612 "SIP-Auth-Data-Item" Grouped Must;
    /// §6.3.14.
    SIP_ITEM_NUMBER = 613 "SIP-Item-Number" Unsigned32 Must;
    /// §6.3.15.
    SERVER_ASSIGNMENT_TYPE = 614 "Server-Assignment-Type" Enumerated Must;
    /// §6.3.16.
    DEREGISTRATION_REASON = 615 "Deregistration-Reason" Grouped Must;
    /// §6.3.17.
    REASON_CODE = 616 "Reason-Code" Enumerated Must;
    /// §6.3.18.
    REASON_INFO = 617 "Reason-Info" Utf8String Must;
    /// §6.3.19.
    CHARGING_INFORMATION = 618 "Charging-Information" Grouped Must;
    /// §6.3.20.
    PRIMARY_EVENT_CHARGING_FUNCTION_NAME = 619 "Primary-Event-Charging-Function-Name" DiameterUri Must;
    /// §6.3.21.
    SECONDARY_EVENT_CHARGING_FUNCTION_NAME = 620 "Secondary-Event-Charging-Function-Name" DiameterUri Must;
    /// §6.3.22.
    PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME = 621 "Primary-Charging-Collection-Function-Name" DiameterUri Must;
    /// §6.3.23.
    SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME = 622 "Secondary-Charging-Collection-Function-Name" DiameterUri Must;
    /// §6.3.24.
    USER_AUTHORIZATION_TYPE = 623 "User-Authorization-Type" Enumerated Must;
    /// §6.3.26.
    USER_DATA_ALREADY_AVAILABLE = 624 "User-Data-Already-Available" Enumerated Must;
    /// §6.3.27.
    CONFIDENTIALITY_KEY = 625 "Confidentiality-Key" OctetString Must;
    /// §6.3.28.
    INTEGRITY_KEY = 626 "Integrity-Key" OctetString Must;
    /// §6.3.29. M where the sender wants the features (§7.2).
    SUPPORTED_FEATURES = 628 "Supported-Features" Grouped May;
    /// §6.3.30.
    FEATURE_LIST_ID = 629 "Feature-List-ID" Unsigned32 MustNot;
    /// §6.3.31.
    FEATURE_LIST = 630 "Feature-List" Unsigned32 MustNot;
    /// §6.3.32.
    SUPPORTED_APPLICATIONS = 631 "Supported-Applications" Grouped MustNot;
    /// §6.3.33.
    ASSOCIATED_IDENTITIES = 632 "Associated-Identities" Grouped MustNot;
    /// §6.3.34.
    ORIGINATING_REQUEST = 633 "Originating-Request" Enumerated Must;
    /// §6.3.35.
    WILDCARDED_PUBLIC_IDENTITY = 634 "Wildcarded-Public-Identity" Utf8String MustNot;
    /// §6.3.36.
    SIP_DIGEST_AUTHENTICATE = 635 "SIP-Digest-Authenticate" Grouped MustNot;
    /// §6.3.43. Replaced by Wildcarded-Public-Identity.
    WILDCARDED_IMPU = 636 "Wildcarded-IMPU" Utf8String MustNot;
    /// §6.3.44.
    UAR_FLAGS = 637 "UAR-Flags" Unsigned32 MustNot;
    /// §6.3.45.
    LOOSE_ROUTE_INDICATION = 638 "Loose-Route-Indication" Enumerated MustNot;
    /// §6.3.46.
    SCSCF_RESTORATION_INFO = 639 "SCSCF-Restoration-Info" Grouped MustNot;
    /// §6.3.47.
    PATH = 640 "Path" OctetString MustNot;
    /// §6.3.48.
    CONTACT = 641 "Contact" OctetString MustNot;
    /// §6.3.49.
    SUBSCRIPTION_INFO = 642 "Subscription-Info" Grouped MustNot;
    /// §6.3.49.1.
    CALL_ID_SIP_HEADER = 643 "Call-ID-SIP-Header" OctetString MustNot;
    /// §6.3.49.2.
    FROM_SIP_HEADER = 644 "From-SIP-Header" OctetString MustNot;
    /// §6.3.49.3.
    TO_SIP_HEADER = 645 "To-SIP-Header" OctetString MustNot;
    /// §6.3.49.4.
    RECORD_ROUTE = 646 "Record-Route" OctetString MustNot;
    /// §6.3.50.
    ASSOCIATED_REGISTERED_IDENTITIES = 647 "Associated-Registered-Identities" Grouped MustNot;
    /// §6.3.51.
    MULTIPLE_REGISTRATION_INDICATION = 648 "Multiple-Registration-Indication" Enumerated MustNot;
    /// §6.3.52.
    RESTORATION_INFO = 649 "Restoration-Info" Grouped MustNot;
    /// §6.3.56.
    SESSION_PRIORITY = 650 "Session-Priority" Enumerated MustNot;
    /// §6.3.57.
    IDENTITY_WITH_EMERGENCY_REGISTRATION = 651 "Identity-with-Emergency-Registration" Grouped MustNot;
    /// §6.3.58. The spelling is the standard's.
    PRIVILEDGED_SENDER_INDICATION = 652 "Priviledged-Sender-Indication" Enumerated MustNot;
    /// §6.3.59.
    LIA_FLAGS = 653 "LIA-Flags" Unsigned32 MustNot;
    /// §6.3.62.
    INITIAL_CSEQ_SEQUENCE_NUMBER = 654 "Initial-CSeq-Sequence-Number" Unsigned32 MustNot;
    /// §6.3.63.
    SAR_FLAGS = 655 "SAR-Flags" Unsigned32 MustNot;
    /// §6.3.64.
    ALLOWED_WAF_WWSF_IDENTITIES = 656 "Allowed-WAF-WWSF-Identities" Grouped MustNot;
    /// §6.3.65.
    WEBRTC_AUTHENTICATION_FUNCTION_NAME = 657 "WebRTC-Authentication-Function-Name" Utf8String MustNot;
    /// §6.3.66.
    WEBRTC_WEB_SERVER_FUNCTION_NAME = 658 "WebRTC-Web-Server-Function-Name" Utf8String MustNot;
    /// §6.3.69.
    RTR_FLAGS = 659 "RTR-Flags" Unsigned32 MustNot;
    /// Since Release 15.
    P_CSCF_SUBSCRIPTION_INFO = 660 "P-CSCF-Subscription-Info" Grouped MustNot;
    /// Since Release 15.
    REGISTRATION_TIME_OUT = 661 "Registration-Time-Out" Time MustNot;
    /// §6.3.72.
    ALTERNATE_DIGEST_ALGORITHM = 662 "Alternate-Digest-Algorithm" Utf8String MustNot;
    /// §6.3.73.
    ALTERNATE_DIGEST_HA1 = 663 "Alternate-Digest-HA1" Utf8String MustNot;
    /// Since Release 16.
    FAILED_PCSCF = 664 "Failed-PCSCF" Grouped MustNot;
    /// Since Release 16.
    PCSCF_FQDN = 665 "PCSCF-FQDN" DiameterIdentity MustNot;
    /// Since Release 16.
    PCSCF_IP_ADDRESS = 666 "PCSCF-IP-Address" Address MustNot;
}

//! AVPs of the IETF: the whole table of RFC 6733 §4.5, and of other documents those that Cx refers to: RFC 5090
//! (digest), RFC 7155 (framed addresses), RFC 7944 (DRMP), RFC 7683 (overload), RFC 8583 (load).

super::table! { crate::avp::vendor::IETF;
    USER_NAME = 1 "User-Name" Utf8String Must;
    /// RFC 7155: four bytes.
    FRAMED_IP_ADDRESS = 8 "Framed-IP-Address" OctetString Must;
    CLASS = 25 "Class" OctetString Must;
    SESSION_TIMEOUT = 27 "Session-Timeout" Unsigned32 Must;
    PROXY_STATE = 33 "Proxy-State" OctetString Must;
    ACCT_SESSION_ID = 44 "Acct-Session-Id" OctetString Must;
    ACCT_MULTI_SESSION_ID = 50 "Acct-Multi-Session-Id" Utf8String Must;
    EVENT_TIMESTAMP = 55 "Event-Timestamp" Time Must;
    ACCT_INTERIM_INTERVAL = 85 "Acct-Interim-Interval" Unsigned32 Must;
    /// RFC 7155.
    FRAMED_INTERFACE_ID = 96 "Framed-Interface-Id" Unsigned64 Must;
    /// RFC 7155: RFC 3162's prefix.
    FRAMED_IPV6_PREFIX = 97 "Framed-IPv6-Prefix" OctetString Must;
    /// RFC 5090.
    DIGEST_REALM = 104 "Digest-Realm" Utf8String Must;
    /// RFC 5090.
    DIGEST_QOP = 110 "Digest-QoP" Utf8String Must;
    /// RFC 5090.
    DIGEST_ALGORITHM = 111 "Digest-Algorithm" Utf8String Must;
    /// RFC 5090.
    DIGEST_HA1 = 121 "Digest-HA1" Utf8String Must;
    HOST_IP_ADDRESS = 257 "Host-IP-Address" Address Must;
    AUTH_APPLICATION_ID = 258 "Auth-Application-Id" Unsigned32 Must;
    ACCT_APPLICATION_ID = 259 "Acct-Application-Id" Unsigned32 Must;
    VENDOR_SPECIFIC_APPLICATION_ID = 260 "Vendor-Specific-Application-Id" Grouped Must;
    REDIRECT_HOST_USAGE = 261 "Redirect-Host-Usage" Enumerated Must;
    REDIRECT_MAX_CACHE_TIME = 262 "Redirect-Max-Cache-Time" Unsigned32 Must;
    SESSION_ID = 263 "Session-Id" Utf8String Must;
    ORIGIN_HOST = 264 "Origin-Host" DiameterIdentity Must;
    SUPPORTED_VENDOR_ID = 265 "Supported-Vendor-Id" Unsigned32 Must;
    VENDOR_ID = 266 "Vendor-Id" Unsigned32 Must;
    FIRMWARE_REVISION = 267 "Firmware-Revision" Unsigned32 MustNot;
    RESULT_CODE = 268 "Result-Code" Unsigned32 Must;
    PRODUCT_NAME = 269 "Product-Name" Utf8String MustNot;
    SESSION_BINDING = 270 "Session-Binding" Unsigned32 Must;
    SESSION_SERVER_FAILOVER = 271 "Session-Server-Failover" Enumerated Must;
    MULTI_ROUND_TIME_OUT = 272 "Multi-Round-Time-Out" Unsigned32 Must;
    DISCONNECT_CAUSE = 273 "Disconnect-Cause" Enumerated Must;
    AUTH_REQUEST_TYPE = 274 "Auth-Request-Type" Enumerated Must;
    AUTH_GRACE_PERIOD = 276 "Auth-Grace-Period" Unsigned32 Must;
    AUTH_SESSION_STATE = 277 "Auth-Session-State" Enumerated Must;
    ORIGIN_STATE_ID = 278 "Origin-State-Id" Unsigned32 Must;
    FAILED_AVP = 279 "Failed-AVP" Grouped Must;
    PROXY_HOST = 280 "Proxy-Host" DiameterIdentity Must;
    ERROR_MESSAGE = 281 "Error-Message" Utf8String MustNot;
    ROUTE_RECORD = 282 "Route-Record" DiameterIdentity Must;
    DESTINATION_REALM = 283 "Destination-Realm" DiameterIdentity Must;
    PROXY_INFO = 284 "Proxy-Info" Grouped Must;
    RE_AUTH_REQUEST_TYPE = 285 "Re-Auth-Request-Type" Enumerated Must;
    ACCOUNTING_SUB_SESSION_ID = 287 "Accounting-Sub-Session-Id" Unsigned64 Must;
    AUTHORIZATION_LIFETIME = 291 "Authorization-Lifetime" Unsigned32 Must;
    REDIRECT_HOST = 292 "Redirect-Host" DiameterUri Must;
    DESTINATION_HOST = 293 "Destination-Host" DiameterIdentity Must;
    ERROR_REPORTING_HOST = 294 "Error-Reporting-Host" DiameterIdentity MustNot;
    TERMINATION_CAUSE = 295 "Termination-Cause" Enumerated Must;
    ORIGIN_REALM = 296 "Origin-Realm" DiameterIdentity Must;
    EXPERIMENTAL_RESULT = 297 "Experimental-Result" Grouped Must;
    EXPERIMENTAL_RESULT_CODE = 298 "Experimental-Result-Code" Unsigned32 Must;
    INBAND_SECURITY_ID = 299 "Inband-Security-Id" Unsigned32 Must;
    /// RFC 7944.
    DRMP = 301 "DRMP" Enumerated MustNot;
    ACCOUNTING_RECORD_TYPE = 480 "Accounting-Record-Type" Enumerated Must;
    ACCOUNTING_REALTIME_REQUIRED = 483 "Accounting-Realtime-Required" Enumerated Must;
    ACCOUNTING_RECORD_NUMBER = 485 "Accounting-Record-Number" Unsigned32 Must;
    /// RFC 7683.
    OC_SUPPORTED_FEATURES = 621 "OC-Supported-Features" Grouped MustNot;
    /// RFC 7683.
    OC_FEATURE_VECTOR = 622 "OC-Feature-Vector" Unsigned64 MustNot;
    /// RFC 7683.
    OC_OLR = 623 "OC-OLR" Grouped MustNot;
    /// RFC 7683.
    OC_SEQUENCE_NUMBER = 624 "OC-Sequence-Number" Unsigned64 MustNot;
    /// RFC 7683.
    OC_VALIDITY_DURATION = 625 "OC-Validity-Duration" Unsigned32 MustNot;
    /// RFC 7683.
    OC_REPORT_TYPE = 626 "OC-Report-Type" Enumerated MustNot;
    /// RFC 7683.
    OC_REDUCTION_PERCENTAGE = 627 "OC-Reduction-Percentage" Unsigned32 MustNot;
    /// RFC 8583.
    SOURCE_ID = 649 "SourceID" DiameterIdentity MustNot;
    /// RFC 8583.
    LOAD = 650 "Load" Grouped MustNot;
    /// RFC 8583.
    LOAD_TYPE = 651 "Load-Type" Enumerated MustNot;
    /// RFC 8583.
    LOAD_VALUE = 652 "Load-Value" Unsigned64 MustNot;
}

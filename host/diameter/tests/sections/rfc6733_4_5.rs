//! RFC 6733 §4.5: the table of AVPs, as it stands there.

use strowger_diameter::Format::*;
use strowger_diameter::{AvpId, Dictionary, MandatoryBit, vendor};

#[test]
fn the_table_of_the_base_protocol_is_whole() {
    let rows = [
        (85, "Acct-Interim-Interval", Unsigned32),
        (483, "Accounting-Realtime-Required", Enumerated),
        (50, "Acct-Multi-Session-Id", Utf8String),
        (485, "Accounting-Record-Number", Unsigned32),
        (480, "Accounting-Record-Type", Enumerated),
        (44, "Acct-Session-Id", OctetString),
        (287, "Accounting-Sub-Session-Id", Unsigned64),
        (259, "Acct-Application-Id", Unsigned32),
        (258, "Auth-Application-Id", Unsigned32),
        (274, "Auth-Request-Type", Enumerated),
        (291, "Authorization-Lifetime", Unsigned32),
        (276, "Auth-Grace-Period", Unsigned32),
        (277, "Auth-Session-State", Enumerated),
        (285, "Re-Auth-Request-Type", Enumerated),
        (25, "Class", OctetString),
        (293, "Destination-Host", DiameterIdentity),
        (283, "Destination-Realm", DiameterIdentity),
        (273, "Disconnect-Cause", Enumerated),
        (281, "Error-Message", Utf8String),
        (294, "Error-Reporting-Host", DiameterIdentity),
        (55, "Event-Timestamp", Time),
        (297, "Experimental-Result", Grouped),
        (298, "Experimental-Result-Code", Unsigned32),
        (279, "Failed-AVP", Grouped),
        (267, "Firmware-Revision", Unsigned32),
        (257, "Host-IP-Address", Address),
        (299, "Inband-Security-Id", Unsigned32),
        (272, "Multi-Round-Time-Out", Unsigned32),
        (264, "Origin-Host", DiameterIdentity),
        (296, "Origin-Realm", DiameterIdentity),
        (278, "Origin-State-Id", Unsigned32),
        (269, "Product-Name", Utf8String),
        (280, "Proxy-Host", DiameterIdentity),
        (284, "Proxy-Info", Grouped),
        (33, "Proxy-State", OctetString),
        (292, "Redirect-Host", DiameterUri),
        (261, "Redirect-Host-Usage", Enumerated),
        (262, "Redirect-Max-Cache-Time", Unsigned32),
        (268, "Result-Code", Unsigned32),
        (282, "Route-Record", DiameterIdentity),
        (263, "Session-Id", Utf8String),
        (27, "Session-Timeout", Unsigned32),
        (270, "Session-Binding", Unsigned32),
        (271, "Session-Server-Failover", Enumerated),
        (265, "Supported-Vendor-Id", Unsigned32),
        (295, "Termination-Cause", Enumerated),
        (1, "User-Name", Utf8String),
        (266, "Vendor-Id", Unsigned32),
        (260, "Vendor-Specific-Application-Id", Grouped),
    ];
    let without_m = ["Error-Message", "Error-Reporting-Host", "Firmware-Revision", "Product-Name"];
    let dictionary = Dictionary::new();
    for (code, name, format) in rows {
        let found = dictionary.by_id(AvpId::new(vendor::IETF, code)).unwrap();
        let m = if without_m.contains(&name) { MandatoryBit::MustNot } else { MandatoryBit::Must };
        assert_eq!((found.name, found.format, found.mandatory), (name, format, m));
        assert_eq!(dictionary.by_name(name), Some(found));
    }
}

//! The border of the trust domain at the I-CSCF (TS 24.229 §4.4, §5.3.2; RFC 3325 §5).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::LocationOutcome;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, ask, ask_about_failure, ask_about_reply};
use strowger_sdk::{HeaderId, Transport};

use crate::world::{A, hss, icscf, named, with};

const OF_THE_TRUST_DOMAIN: [(&str, &str); 10] = [
    ("P-Asserted-Identity", "<sip:boss@ims.test>"),
    ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD"),
    ("P-Charging-Function-Addresses", "ccf=203.0.113.1"),
    ("P-Profile-Key", "<sip:x@ims.test>"),
    ("P-Served-User", "<sip:boss@ims.test>"),
    ("P-User-Database", "<aaa://hss.elsewhere.test>"),
    ("P-Private-Network-Indication", "elsewhere.test"),
    ("P-Asserted-Service", "urn:urn-7:3gpp-service.ims.icsi.mmtel"),
    ("P-Called-Party-ID", "<sip:boss@ims.test>"),
    ("Resource-Priority", "wps.0"),
];

fn from(address: &str) -> TestHost {
    hss(named(LocationOutcome::Success, A)).from(Transport::Udp, address, 5060, 0)
}

fn text() -> String {
    OF_THE_TRUST_DOMAIN.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[test]
fn a_stranger_does_not_say_what_only_the_trust_domain_says() {
    let plugin = with("trusted = [\"192.0.2.0/24\", \"2001:db8::/32\"]");
    for method in ["INVITE", "MESSAGE", "REGISTER"] {
        let message = sip!("{method} sip:bob@ims.test SIP/2.0\nContact: <sip:x@203.0.113.9>\n{}", text());
        for (address, stays) in
            [("192.0.2.7", true), ("2001:db8::7", true), ("203.0.113.9", false), ("2001:db9::7", false)]
        {
            let answer = ask(&plugin, &from(address), &message);
            answer.relays();
            for (name, value) in OF_THE_TRUST_DOMAIN {
                let left = answer.sent(name);
                assert_eq!(left, if stays { vec![value] } else { Vec::new() }, "{method} {address} {name}");
            }
        }
    }
}

#[test]
fn a_network_that_names_nobody_trusts_everybody() {
    let message = sip!("INVITE sip:bob@ims.test SIP/2.0\n{}", text());
    let answer = ask(&icscf(), &from("203.0.113.9"), &message);
    assert_eq!(answer.sent(HeaderId::P_ASSERTED_IDENTITY), ["<sip:boss@ims.test>"]);
}

/// RFC 3325 §7, RFC 7044 §10.1, TS 24.229 §4.4: what leaves with an answer.
#[test]
fn a_stranger_is_not_told_what_is_the_trust_domains() {
    let plugin = with("trusted = [\"192.0.2.0/24\"]");
    let private = "<sip:eve@ims.test?Privacy=history>;index=1.1";
    let lines = format!(
        "P-Charging-Vector: icid-value=x\nP-Charging-Function-Addresses: ccf=192.0.2.200\n\
         P-Access-Network-Info: 3GPP-E-UTRAN-FDD\nP-Asserted-Identity: <sip:bob@ims.test>\n\
         History-Info: <sip:bob@ims.test>;index=1, {private}"
    );
    for (address, is_stranger) in [("203.0.113.9", true), ("192.0.2.7", false)] {
        let host = from(address);
        let asked = ask(&plugin, &host, &sip!("INVITE sip:bob@ims.test SIP/2.0"));
        assert_eq!(asked.relays().options.contains(RelayOptions::ASK_REPLIES), is_stranger, "{address}");
        for (privacy, is_named) in
            [("", true), ("Privacy: id\n", !is_stranger), ("Privacy: \"\n", !is_stranger)]
        {
            for status in [180, 200] {
                let answer = sip!("SIP/2.0 {status} So\n{privacy}{lines}");
                let seen = ask_about_reply(&plugin, &host, &answer);
                for name in ["P-Charging-Vector", "P-Charging-Function-Addresses", "P-Access-Network-Info"] {
                    assert_eq!(seen.sent(name).is_empty(), is_stranger, "{address} {name}");
                }
                assert_eq!(seen.sent("P-Asserted-Identity").is_empty(), !is_named, "{address} {privacy}");
                let history = seen.sent("History-Info").join(", ");
                assert_eq!(history.contains("eve"), !is_stranger, "{history}");
                assert!(history.contains("index=1.1"), "its place is told: {history}");
            }
        }
        let failure = sip!("SIP/2.0 486 Busy\n{lines}");
        let seen =
            ask_about_failure(&plugin, &host.answers(sip!("INVITE sip:bob@ims.test SIP/2.0")), &failure);
        assert_eq!(seen.sent("P-Charging-Vector").is_empty(), is_stranger, "a failure is an answer");
    }
}

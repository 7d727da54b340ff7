//! The border of the trust domain (TS 24.229 §4.4, §5.2.6; RFC 3323, RFC 3325 §5): header by header, in both directions.

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply};
use strowger_sdk::{Host, Transport, sip};

use crate::world::{from_alice, pcscf, phone, registered, with};

/// Header fields that a phone may not say, with a value that it would like.
const NOT_FROM_PHONES: [(&str, &str); 12] = [
    ("P-Asserted-Service", "urn:urn-7:3gpp-service.ims.icsi.mmtel"),
    ("P-Profile-Key", "<sip:x@ims.test>"),
    ("P-Served-User", "<sip:boss@ims.test>;sescase=orig;regstate=reg"),
    ("P-User-Database", "<aaa://hss.elsewhere.test>"),
    ("P-Private-Network-Indication", "elsewhere.test"),
    ("P-Called-Party-ID", "<sip:boss@ims.test>"),
    ("P-Visited-Network-ID", "elsewhere.test"),
    ("P-Media-Authorization", "00"),
    ("Security-Client", "ipsec-3gpp"),
    ("Security-Verify", "ipsec-3gpp"),
    ("P-Preferred-Identity", "<sip:boss@ims.test>"),
    ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD; Network-Provided"),
];

/// Header fields that a phone may not see.
const NOT_TO_PHONES: [(&str, &str); 9] = [
    ("P-Charging-Vector", "icid-value=x"),
    ("P-Charging-Function-Addresses", "ccf=192.0.2.200"),
    ("P-Profile-Key", "<sip:x@ims.test>"),
    ("P-Served-User", "<sip:bob@ims.test>"),
    ("P-User-Database", "<aaa://hss.ims.test>"),
    ("P-Private-Network-Indication", "ims.test"),
    ("P-Visited-Network-ID", "ims.test"),
    ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101"),
    ("P-Asserted-Service", "urn:urn-7:3gpp-service.ims.icsi.mmtel"),
];

fn lines(table: &[(&str, &str)]) -> String {
    table.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// From the S-CSCF, in a dialog or by our Path.
fn scscf() -> TestHost {
    TestHost::new().from(strowger_sdk::Transport::Udp, "192.0.2.3", 6060, 0)
}

const BY_CONTACT: &str = "sip:s636f6e74616374@192.0.2.1:5060;lr";

fn in_dialog(table: &[(&str, &str)]) -> TestMessage {
    sip!("BYE sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2\n{}", lines(table))
}

#[test]
fn what_a_phone_may_not_say_does_not_come_in() {
    let host = registered(phone());
    let answer = ask(&pcscf(), &host, &from_alice("INVITE", &lines(&NOT_FROM_PHONES)));
    answer.relays();
    for (name, _) in NOT_FROM_PHONES {
        assert!(answer.sent(name).is_empty(), "{name}");
    }
    let answer = ask(&pcscf(), &host, &in_dialog(&NOT_FROM_PHONES));
    for (name, _) in NOT_FROM_PHONES {
        assert!(answer.sent(name).is_empty(), "{name} in a dialog");
    }
}

#[test]
fn nor_with_an_answer() {
    let host = scscf().own_route(BY_CONTACT);
    ask(&pcscf(), &host, &sip!("MESSAGE sip:bob@192.0.2.20 SIP/2.0")).relays();
    let text = lines(&NOT_FROM_PHONES);
    let answer = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 200 OK\nCSeq: 1 MESSAGE\n{text}"));
    for (name, _) in NOT_FROM_PHONES {
        assert!(answer.sent(name).is_empty(), "{name}");
    }
}

#[test]
fn what_a_phone_may_not_see_does_not_go_out() {
    let by_path = sip!("INVITE sip:bob@192.0.2.20 SIP/2.0\n{}", lines(&NOT_TO_PHONES));
    let answer = ask(&pcscf(), &scscf().own_route(BY_CONTACT), &by_path);
    let inside = ask(&pcscf(), &scscf(), &in_dialog(&NOT_TO_PHONES));
    for (name, _) in NOT_TO_PHONES {
        assert!(answer.sent(name).is_empty(), "{name}");
        assert!(inside.sent(name).is_empty(), "{name} in a dialog");
    }
}

#[test]
fn nor_with_an_answer_to_the_phone() {
    let host = registered(phone());
    ask(&pcscf(), &host, &from_alice("INVITE", "")).relays();
    let text = lines(&NOT_TO_PHONES);
    let answer = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 200 OK\n{text}"));
    answer.passes();
    for (name, _) in NOT_TO_PHONES {
        assert!(answer.sent(name).is_empty(), "{name}");
    }
}

#[test]
fn a_callee_who_wants_privacy_is_not_named_to_the_caller() {
    let host = registered(phone());
    for (privacy, is_named) in [("Privacy: id", false), ("Privacy: none", true), ("X-Privacy: id", true)] {
        let ok = sip!("SIP/2.0 200 OK\nP-Asserted-Identity: <sip:bob@ims.test>\n{privacy}");
        let answer = ask_about_reply(&pcscf(), &host, &ok);
        assert_eq!(!answer.sent("P-Asserted-Identity").is_empty(), is_named, "{privacy}");
    }
}

/// RFC 7315 §4.4: what the phone says about its cell goes in, unless it claims that the network says it.
#[test]
fn a_phones_own_word_about_its_cell_comes_in() {
    let cell = "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101";
    let answer = ask(&pcscf(), &registered(phone()), &from_alice("INVITE", cell));
    assert_eq!(answer.sent("P-Access-Network-Info"), ["3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101"]);
}

/// What a request inside a dialog says about its sender is what the registration says.
#[test]
fn inside_a_dialog_a_phone_is_who_it_registered_as() {
    let bye = in_dialog(&[("P-Asserted-Identity", "<sip:boss@ims.test>")]);
    let answer = ask(&pcscf(), &registered(phone()), &bye);
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"]);
}

/// In a dialog From is one of its two ends, and stays what it is.
#[test]
fn inside_a_dialog_a_phone_stays_who_it_was() {
    let bye =
        |from: &str| sip!("BYE sip:bob@192.0.2.20 SIP/2.0\nFrom: {from};tag=1\nTo: <sip:bob@ims.test>;tag=2");
    for (from, asserted) in
        [("<tel:+491701234567>", "<tel:+491701234567>"), ("<sip:boss@ims.test>", "<sip:alice@ims.test>")]
    {
        let answer = ask(&pcscf(), &registered(phone()), &bye(from));
        assert_eq!(answer.sent("P-Asserted-Identity"), [asserted], "{from}");
    }
}

/// §5.2.6.3.6, §5.2.6.4.6: what holds for requests inside dialogs holds for their answers.
#[test]
fn answers_inside_a_dialog_cross_the_border_too() {
    let text = lines(&NOT_TO_PHONES);
    let host = registered(phone());
    assert!(ask(&pcscf(), &host, &in_dialog(&[])).relays_to(&[]).options.contains(RelayOptions::ASK_REPLIES));
    let answer = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 200 OK\nCSeq: 2 BYE\n{text}"));
    for (name, _) in NOT_TO_PHONES {
        assert!(answer.sent(name).is_empty(), "{name} to the phone");
    }
    let (host, text) = (scscf(), lines(&NOT_FROM_PHONES));
    assert!(ask(&pcscf(), &host, &in_dialog(&[])).relays_to(&[]).options.contains(RelayOptions::ASK_REPLIES));
    let claims = sip!("SIP/2.0 200 OK\nCSeq: 2 BYE\nP-Asserted-Identity: <sip:boss@ims.test>\n{text}");
    let answer = ask_about_reply(&pcscf(), &host, &claims);
    for (name, _) in NOT_FROM_PHONES {
        assert!(answer.sent(name).is_empty(), "{name} from the phone");
    }
    assert!(answer.sent("P-Asserted-Identity").is_empty());
    let ack = sip!("ACK sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2");
    ask(&pcscf(), &scscf(), &ack).nexts();
}

/// §5.2.6.4: what comes by a Path comes from the network. §4.4: nor does anybody else say inside a dialog who he is.
#[test]
fn nobody_else_sends_to_phones_or_is_believed() {
    let plugin = with("icscf = \"sip:192.0.2.2:4060\"\ntrusted = [\"192.0.2.2\"]");
    let call = sip!("INVITE sip:alice@192.0.2.10:5060 SIP/2.0\nP-Asserted-Identity: <sip:boss@ims.test>");
    let bye = sip!(
        "BYE sip:bob@192.0.2.20 SIP/2.0\nFrom: <sip:alice@ims.test>;tag=a1\nTo: <sip:bob@ims.test>;tag=b1\n\
         P-Asserted-Identity: <sip:boss@ims.test>"
    );
    for (address, is_trusted) in [("192.0.2.2", true), ("203.0.113.9", false)] {
        let host = TestHost::new().from(Transport::Udp, address, 4060, 0);
        let path = format!("sip:{}@192.0.2.1:5060;lr", host.seal(b"contact"));
        let answer = ask(&plugin, &host.own_route(&path), &call);
        match is_trusted {
            true => drop(answer.relays()),
            false => drop(answer.replies(403)),
        }
        let host = TestHost::new().from(Transport::Udp, address, 4060, 0);
        let asserted = ask(&plugin, &host, &bye).sent("P-Asserted-Identity");
        assert_eq!(asserted.is_empty(), !is_trusted, "{address}");
    }
}

//! Requests to phones (TS 24.229 §5.2.6.4).

use strowger_sdk::Host;
use strowger_sdk::decision::RelayOptions;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply};

use crate::world::pcscf;

/// By the Path that we gave the registrar: "contact" and "flow", sealed.
const BY_CONTACT: &str = "sip:s636f6e74616374@192.0.2.1:5060;lr";
const BY_FLOW: &str = "sip:s666c6f77@192.0.2.1:5060;lr;ob;flow=flow-40000-7";

/// From the S-CSCF, at 192.0.2.3.
fn scscf() -> TestHost {
    TestHost::new().from(strowger_sdk::Transport::Udp, "192.0.2.3", 6060, 0)
}

fn call(more: &str) -> TestMessage {
    sip!(
        "INVITE sip:bob@192.0.2.20:5060 SIP/2.0\nP-Called-Party-ID: <sip:bob@ims.test>\n\
         P-Asserted-Identity: <sip:alice@ims.test>\n{more}"
    )
}

#[test]
fn a_request_by_our_path_goes_where_the_contact_says() {
    let answer = ask(&pcscf(), &scscf().own_route(BY_CONTACT), &call(""));
    let relay = answer.relays_to(&["sip:bob@192.0.2.20:5060"]);
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE));
    assert!(relay.options.contains(RelayOptions::ASK_REPLIES));
    assert_eq!(answer.sent("P-Called-Party-ID"), ["<sip:bob@ims.test>"], "untouched");
    assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"]);
}

#[test]
fn or_along_the_flow_that_the_path_names() {
    let answer = ask(&pcscf(), &scscf().own_route(BY_FLOW), &call(""));
    let target = &answer.relays().targets[0];
    assert!(target.attrs.iter().any(|attr| attr.tag == 2 && attr.value == b"flow-40000-7"), "{target:?}");
}

/// A Path that we did not make opens no way to a phone: its sender is a phone like any other, and not registered.
#[test]
fn a_forged_path_leads_nowhere() {
    for forged in [
        "sip:term@192.0.2.1:5060;lr",
        "sip:s@192.0.2.1:5060;lr",
        "sip:s00@192.0.2.1:5060;lr",
        "sip:s666c6f77@192.0.2.1:5060;lr",
        "sip:192.0.2.1:5060;lr",
    ] {
        ask(&pcscf(), &scscf().own_route(forged), &call("")).replies(403);
    }
}

/// RFC 3325 §7.
#[test]
fn who_wants_privacy_is_not_named_to_the_phone() {
    for (privacy, is_named) in
        [("id", false), ("header; ID", false), ("none", true), ("header", true), ("user;critical", true)]
    {
        let answer = ask(&pcscf(), &scscf().own_route(BY_CONTACT), &call(&format!("Privacy: {privacy}")));
        assert_eq!(!answer.sent("P-Asserted-Identity").is_empty(), is_named, "{privacy}");
    }
    let unreadable = call("Privacy: @@");
    let answer = ask(&pcscf(), &scscf().own_route(BY_CONTACT), &unreadable);
    assert!(answer.sent("P-Asserted-Identity").is_empty(), "what cannot be read may mean it");
}

/// §5.2.6.4.4: who answers is who was called, whatever the phone says.
#[test]
fn who_answers_is_who_was_called() {
    let host = scscf().own_route(BY_CONTACT);
    ask(&pcscf(), &host, &call("")).relays();
    for status in [180, 183, 200, 486] {
        let answer = ask_about_reply(
            &pcscf(),
            &host,
            &sip!(
                "SIP/2.0 {status} So\nP-Asserted-Identity: <sip:boss@ims.test>\n\
                 P-Preferred-Identity: <sip:boss@ims.test>\nP-Charging-Vector: icid-value=mine\n\
                 P-Access-Network-Info: IEEE-802.11"
            ),
        );
        answer.passes();
        assert_eq!(answer.sent("P-Asserted-Identity"), ["<sip:bob@ims.test>"], "{status}");
        assert_eq!(
            answer.sent("P-Access-Network-Info"),
            ["IEEE-802.11"],
            "the phone's own word about its cell"
        );
        assert!(
            answer.sent("P-Preferred-Identity").is_empty() && answer.sent("P-Charging-Vector").is_empty()
        );
    }
    assert_eq!(host.variable("called").as_deref(), Some(&b"sip:bob@ims.test"[..]));
}

#[test]
fn an_answer_to_what_named_nobody_names_nobody() {
    let host = scscf().own_route(BY_CONTACT);
    ask(&pcscf(), &host, &sip!("MESSAGE sip:bob@192.0.2.20:5060 SIP/2.0")).relays();
    let answer = ask_about_reply(
        &pcscf(),
        &host,
        &sip!("SIP/2.0 200 OK\nCSeq: 1 MESSAGE\nP-Asserted-Identity: <sip:boss@ims.test>"),
    );
    assert!(answer.sent("P-Asserted-Identity").is_empty());
}

#[test]
fn only_what_makes_or_is_of_a_dialog_is_recorded() {
    for (method, records) in [("INVITE", true), ("NOTIFY", true), ("MESSAGE", false), ("OPTIONS", false)] {
        let message = sip!("{method} sip:bob@192.0.2.20:5060 SIP/2.0");
        let answer = ask(&pcscf(), &scscf().own_route(BY_CONTACT), &message);
        assert_eq!(answer.relays().options.contains(RelayOptions::RECORD_ROUTE), records, "{method}");
    }
}

/// A caller may write what it likes behind the callee's name.
#[test]
fn an_identity_of_any_length_is_survived() {
    for (length, is_named) in [(1_024, true), (1_025, false), (30_000, false)] {
        let uri = format!("sip:bob@ims.test;x={}", "y".repeat(length - "sip:bob@ims.test;x=".len()));
        let host = scscf().own_route(BY_CONTACT);
        let call = sip!("INVITE sip:bob@192.0.2.20:5060 SIP/2.0\nP-Called-Party-ID: <{uri}>");
        let answer = ask(&pcscf(), &host, &call);
        answer.relays();
        assert_eq!(answer.sent("P-Called-Party-ID"), [format!("<{uri}>")]);
        let answer = ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 200 OK"));
        assert_eq!(!answer.sent("P-Asserted-Identity").is_empty(), is_named, "{length}");
    }
}

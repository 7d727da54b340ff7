//! Charging (TS 24.229 §4.5.4): operators say who they are leg by leg: type 1 towards P-CSCFs, type 2 between S-CSCFs, type 3
//! towards application servers.

use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_failure, ask_about_reply};

use crate::world::{ALICE, SERVICE_ROUTE, scscf, server, serving, with};

const TAS: &str = "sip:tas.ims.test";
const CAME: &str =
    "icid-value=x;icid-generated-at=192.0.2.1;orig-ioi=\"Type 1visited.test\";access-network-charging-info=1";

fn from_alice(uri: &str) -> TestMessage {
    sip!("INVITE {uri} SIP/2.0\nP-Asserted-Identity: <{ALICE}>\nP-Charging-Vector: {CAME}")
}

fn out() -> TestHost {
    serving().own_route(SERVICE_ROUTE)
}

/// The Route by which a server of hers gives a request back.
fn behind_a_server() -> String {
    let answer = ask(&scscf(), &out().triggers(server(0, TAS, false)), &from_alice("sip:bob@ims.test"));
    answer.relays().targets[0].route[1].trim_matches(['<', '>']).to_owned()
}

/// §5.4.3.2: to the callee's network type 2, to a server type 3; what access it is stays in the network.
#[test]
fn the_next_leg_is_told_by_its_type() {
    let at = "icid-value=x;icid-generated-at=192.0.2.1";
    let onward = ask(&scscf(), &out(), &from_alice("sip:bob@ims.test"));
    assert_eq!(
        onward.sent("P-Charging-Vector"),
        [format!("{at};orig-ioi=ims.test;access-network-charging-info=1")]
    );
    let to_server = ask(&scscf(), &out().triggers(server(0, TAS, false)), &from_alice("sip:bob@ims.test"));
    let wanted = format!("{at};orig-ioi=\"Type 3ims.test\";access-network-charging-info=1");
    assert_eq!(to_server.sent("P-Charging-Vector"), [wanted]);
    let away = with("trusted_networks = [\"elsewhere.test\"]");
    let leaves = ask(&away, &out(), &from_alice("sip:bob@elsewhere.test"));
    assert_eq!(leaves.sent("P-Charging-Vector"), [format!("{at};orig-ioi=ims.test")]);
}

/// §4.4; RFC 7315 §5.6: nothing of it leaves the trust domain.
#[test]
fn who_is_not_trusted_is_told_nothing() {
    let leaves = ask(&scscf(), &out(), &from_alice("sip:bob@elsewhere.test"));
    assert!(leaves.sent("P-Charging-Vector").is_empty());
}

/// §5.4.3.3: to a phone's P-CSCF type 1, from the home network.
#[test]
fn a_phone_is_called_by_its_home_network() {
    let call =
        sip!("INVITE {ALICE} SIP/2.0\nP-Charging-Vector: icid-value=x;orig-ioi=elsewhere.test;term-ioi=no");
    let answer = ask(&scscf(), &serving(), &call);
    assert_eq!(answer.sent("P-Charging-Vector"), ["icid-value=x;orig-ioi=\"Type 1ims.test\""]);
}

/// Answers: what came with the request, and who answers by the type of that leg; never what the next leg said.
#[test]
fn answers_say_who_answers_on_the_leg_that_asked() {
    let terminating = sip!("INVITE {ALICE} SIP/2.0\nP-Charging-Vector: icid-value=x;orig-ioi=elsewhere.test");
    let back =
        sip!("INVITE sip:bob@ims.test SIP/2.0\nP-Charging-Vector: icid-value=x;orig-ioi=\"Type 3as.test\"");
    let on_behalf = "sip:192.0.2.3:6060;lr;orig";
    let behalf = sip!(
        "INVITE sip:bob@ims.test SIP/2.0\nP-Served-User: <{ALICE}>\nP-Charging-Vector: icid-value=x;orig-ioi=\"Type 3as.test\""
    );
    let to_type_1 = "icid-value=x;icid-generated-at=192.0.2.1;orig-ioi=\"Type 1visited.test\";term-ioi=\"Type 1ims.test\"";
    let to_type_2 = "icid-value=x;orig-ioi=elsewhere.test;term-ioi=ims.test";
    let to_type_3 = "icid-value=x;orig-ioi=\"Type 3as.test\";term-ioi=\"Type 3ims.test\"";
    for (what, host, request, wanted) in [
        ("a phone's", out(), from_alice("sip:bob@ims.test"), to_type_1),
        (
            "a phone's, by a server",
            out().triggers(server(0, TAS, false)),
            from_alice("sip:bob@ims.test"),
            to_type_1,
        ),
        ("another network's", serving(), terminating, to_type_2),
        ("a server's, given back", serving().own_route(&behind_a_server()), back, to_type_3),
        ("a server's own", serving().own_route(on_behalf), behalf, to_type_3),
        ("one that leaves", out(), from_alice("sip:bob@elsewhere.test"), to_type_1),
    ] {
        let relay = ask(&scscf(), &host, &request);
        relay.relays();
        for status in [180, 200] {
            let next = sip!(
                "SIP/2.0 {status} So\nP-Charging-Vector: icid-value=x;orig-ioi=ims.test;term-ioi=\"Type 9other\""
            );
            assert_eq!(
                ask_about_reply(&scscf(), &host, &next).sent("P-Charging-Vector"),
                [wanted],
                "{what}, {status}"
            );
            let none = ask_about_reply(&scscf(), &host, &sip!("SIP/2.0 {status} So"));
            assert_eq!(none.sent("P-Charging-Vector"), [wanted], "{what}, {status} without one");
        }
    }
    let host = out().triggers(server(0, TAS, true)).answers(from_alice("sip:bob@ims.test"));
    ask(&scscf(), &host, &from_alice("sip:bob@ims.test")).relays();
    let failure =
        ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 486 Busy\nP-Charging-Vector: icid-value=y"));
    assert_eq!(failure.sent("P-Charging-Vector"), [to_type_1], "a failure is an answer");
}

/// §4.5.2: a request that bears no identifier gets one, and so do its answers none that nobody asked for.
#[test]
fn a_request_without_an_identifier_gets_one() {
    let host = serving();
    let answer = ask(&scscf(), &host, &sip!("INVITE {ALICE} SIP/2.0"));
    let sent = answer.sent("P-Charging-Vector");
    assert!(
        sent[0].starts_with("icid-value=") && sent[0].contains(";icid-generated-at=192.0.2.3;"),
        "{sent:?}"
    );
    let reply = ask_about_reply(&scscf(), &host, &sip!("SIP/2.0 200 OK"));
    assert!(reply.sent("P-Charging-Vector").is_empty());
}

/// An operator that says no identifier looks at no answers for it.
#[test]
fn an_operator_may_say_nothing() {
    use strowger_sdk::decision::RelayOptions;
    let plugin = with("ioi = \"\"");
    let host = out();
    let answer = ask(&plugin, &host, &from_alice("sip:bob@ims.test"));
    assert_eq!(
        answer.sent("P-Charging-Vector"),
        ["icid-value=x;icid-generated-at=192.0.2.1;access-network-charging-info=1"]
    );
    assert!(!answer.relays().options.contains(RelayOptions::ASK_REPLIES));
    let named = ask(&with("ioi = \"operator.example\""), &host, &from_alice("sip:bob@ims.test"));
    assert!(named.sent("P-Charging-Vector")[0].contains("orig-ioi=operator.example"));
}

//! Registration (TS 24.229 §5.2.2; RFC 3327, RFC 7315).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply};
use strowger_sdk::{Decision, Host, Transport, sip};

use crate::world::{TEN_MINUTES, from_alice, ok, pcscf, phone, register, registered, with};

fn vector(value: &[String]) -> ChargingVector {
    assert_eq!(value.len(), 1, "{value:?}");
    ChargingVector::parse(value[0].as_bytes()).expect("a charging vector")
}

#[test]
fn a_register_goes_to_the_home_network_with_path_visited_network_and_charging_identifier() {
    let answer = ask(&pcscf(), &phone(), &register("Supported: gruu"));
    let relay = answer.relays_to(&["sip:ims.test"]);
    // To the I-CSCF, and without a Route: the Request-URI alone names the home network.
    assert_eq!(relay.targets[0].route, [""; 0]);
    assert_eq!(relay.targets[0].next_hop(), Some("sip:192.0.2.2:4060"));
    assert!(relay.options.contains(RelayOptions::ASK_REPLIES));
    assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE));
    // RFC 3327 §5.2: where requests for the phone must pass, and that the registrar must know of it
    assert_eq!(answer.sent("Path"), ["<sip:s636f6e74616374@192.0.2.1:5060;lr>"]);
    assert_eq!(answer.sent("Require"), ["path"]);
    assert_eq!(answer.sent("Supported"), ["gruu", "path"]);
    // RFC 7315 §4.3
    assert_eq!(answer.sent("P-Visited-Network-ID"), ["\"ims.test\""]);
    let vector = vector(&answer.sent("P-Charging-Vector"));
    assert_eq!(vector.icid_value.len(), 32);
    assert_eq!(vector.icid_generated_at.as_deref(), Some("192.0.2.1"));
    assert_eq!((vector.orig_ioi.as_deref(), vector.term_ioi), (Some("Type 1ims.test"), None), "§4.5.4");
}

#[test]
fn every_request_has_a_charging_identifier_of_its_own() {
    let host = phone();
    let icid = || vector(&ask(&pcscf(), &host, &register("")).sent("P-Charging-Vector")).icid_value;
    assert_ne!(icid(), icid());
}

#[test]
fn without_an_entry_of_the_home_network_it_is_found_by_the_request_uri() {
    let answer = ask(&with(""), &phone(), &register(""));
    assert!(answer.relays_to(&["sip:ims.test"]).targets[0].route.is_empty());
}

#[test]
fn the_path_of_a_phone_on_a_connection_or_behind_a_nat_leads_to_its_flow() {
    for host in [
        TestHost::new().from(Transport::Tcp, "192.0.2.10", 40_000, 7),
        TestHost::new().from(Transport::Udp, "198.51.100.9", 40_000, 7),
    ] {
        let answer = ask(&pcscf(), &host, &register(""));
        assert_eq!(answer.sent("Path"), ["<sip:s666c6f77@192.0.2.1:5060;lr;ob;flow=flow-40000-7>"]);
    }
}

#[test]
fn what_the_network_says_is_not_said_by_a_phone() {
    let answer = ask(
        &pcscf(),
        &phone(),
        &register(
            "Path: <sip:elsewhere.test;lr>\nP-Visited-Network-ID: elsewhere.test\nP-Charging-Vector: icid-value=mine\n\
             P-Charging-Function-Addresses: ccf=203.0.113.1\nP-Asserted-Identity: <sip:boss@ims.test>\n\
             P-Preferred-Identity: <sip:boss@ims.test>\nP-Served-User: <sip:boss@ims.test>\n\
             P-Access-Network-Info: 3GPP-E-UTRAN-FDD;network-provided",
        ),
    );
    assert_eq!(answer.sent("Path"), ["<sip:s636f6e74616374@192.0.2.1:5060;lr>"]);
    assert_eq!(answer.sent("P-Visited-Network-ID"), ["\"ims.test\""]);
    assert_ne!(vector(&answer.sent("P-Charging-Vector")).icid_value, "mine");
    for name in [
        "P-Charging-Function-Addresses",
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "P-Served-User",
        "P-Access-Network-Info",
    ] {
        assert!(answer.sent(name).is_empty(), "{name}");
    }
}

#[test]
fn the_security_agreement_ends_here() {
    let pcscf = || with("sec_agree = \"tolerate\"");
    let answer = ask(
        &pcscf(),
        &phone(),
        &register(
            "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;port-s=4\nRequire: sec-agree\n\
             Proxy-Require: sec-agree, foo\nSecurity-Verify: ipsec-3gpp;q=0.1",
        ),
    );
    assert_eq!(answer.sent("Require"), ["path"]);
    assert_eq!(answer.sent("Proxy-Require"), ["foo"]);
    assert!(answer.sent("Security-Client").is_empty() && answer.sent("Security-Verify").is_empty());
    let answer = ask(&pcscf(), &phone(), &register("Proxy-Require: sec-agree"));
    assert!(answer.sent("Proxy-Require").is_empty(), "an empty header field goes too");
}

/// RFC 3329 §2.3.1, RFC 3261 §16.3 item 5: who demands a security agreement is told that there is none, unless the
/// operator serves it without one. `Require` is for the one at the other end.
#[test]
fn a_demand_for_a_security_agreement_is_refused() {
    let demands =
        "Require: sec-agree\nProxy-Require: SEC-Agree\nSecurity-Client: ipsec-3gpp;alg=hmac-sha-1-96";
    let answer = ask(&pcscf(), &phone(), &register(demands));
    answer.replies(420);
    assert_eq!(answer.sent("Unsupported"), ["sec-agree"]);
    let tolerates = with("sec_agree = \"tolerate\"");
    ask(&tolerates, &phone(), &register(demands)).relays();
    ask(&pcscf(), &phone(), &register("Require: sec-agree")).relays();
    for method in ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE"] {
        let message = sip!("{method} sip:bob@ims.test SIP/2.0\nProxy-Require: sec-agree");
        assert_eq!(ask(&pcscf(), &phone(), &message).sent("Unsupported"), ["sec-agree"], "{method}");
        let message =
            sip!("{method} sip:bob@ims.test SIP/2.0\nTo: <sip:b@c>;tag=1\nProxy-Require: sec-agree");
        let answer = ask(&pcscf(), &phone(), &message);
        assert_eq!(answer.sent("Unsupported"), ["sec-agree"], "{method} inside a dialog");
    }
    // These follow their INVITE, and cannot be refused (§9.1, §17.1.1.3).
    for method in ["ACK", "CANCEL"] {
        let message = sip!("{method} sip:bob@ims.test SIP/2.0\nProxy-Require: sec-agree");
        let answer = ask(&pcscf(), &phone(), &message);
        assert!(matches!(answer.said(), Ok(Decision::Drop | Decision::Next(_))), "{method}");
    }
}

/// §5.2.2.1, §7.2A.2: `integrity-protected` is the P-CSCF's word, and without a security association it is "no".
#[test]
fn a_phone_does_not_say_itself_that_it_is_protected() {
    for own in ["", ",integrity-protected=\"yes\"", ",Integrity-Protected=tls-yes"] {
        let message = sip!(
            "REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nAuthorization: Digest \
             username=\"alice@ims.test\",realm=\"ims.test\",nonce=\"abc\",uri=\"sip:ims.test\",\
             response=\"0123\"{own}"
        );
        let sent = ask(&pcscf(), &phone(), &message).sent("Authorization");
        let wanted = "Digest username=\"alice@ims.test\",realm=\"ims.test\",nonce=\"abc\",uri=\"sip:ims.test\",\
                      response=\"0123\",integrity-protected=\"no\"";
        assert_eq!(sent, [wanted], "{own}");
    }
}

#[test]
fn who_says_nothing_about_itself_is_not_made_to() {
    let message =
        sip!("REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nContact: <sip:alice@192.0.2.10>");
    let answer = ask(&pcscf(), &phone(), &message);
    answer.relays();
    assert!(answer.sent("Authorization").is_empty());
}

/// §5.2.2.2: CK and IK are taken out of the challenge, the rest of it is the phone's.
#[test]
fn a_challenge_reaches_the_phone_without_its_keys() {
    let challenge = "SIP/2.0 401 Unauthorized\nCSeq: 1 REGISTER\nWWW-Authenticate: Digest realm=\"ims.test\",\
                     nonce=\"abc=\",algorithm=AKAv1-MD5,ck=\"00\",ik=\"11\",qop=\"auth\"\n\
                     P-Charging-Vector: icid-value=x";
    let host = phone().answers(register(""));
    let answer = ask_about_reply(&pcscf(), &host, &sip!("{challenge}"));
    answer.passes();
    let wanted = "Digest realm=\"ims.test\",nonce=\"abc=\",algorithm=AKAv1-MD5,qop=\"auth\"";
    assert_eq!(answer.sent("WWW-Authenticate"), [wanted]);
    assert!(answer.sent("P-Charging-Vector").is_empty());
    ask(&pcscf(), &host, &from_alice("INVITE", "")).replies(403);
}

#[test]
fn a_200_is_kept_and_reaches_the_phone_without_what_is_the_networks() {
    let host = phone().answers(register(""));
    let answer = ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES));
    answer.passes();
    assert_eq!(answer.sent("Service-Route"), ["<sip:orig@192.0.2.3:6060;lr>"]);
    assert_eq!(answer.sent("P-Associated-URI"), ["<sip:alice@ims.test>, <tel:+491701234567>"]);
    for name in ["Path", "P-Charging-Vector", "P-Charging-Function-Addresses"] {
        assert!(answer.sent(name).is_empty(), "{name}");
    }
    // it leaves when the registration is on disk
    let asked = host.asked();
    let at = |what: &str| asked.iter().position(|one| one.starts_with(what)).expect("asked");
    assert!(at("put r UDP 192.0.2.10 5060") < at("settle"));
    ask(&pcscf(), &host, &from_alice("INVITE", "")).relays();
}

#[test]
fn a_registration_lasts_as_long_as_the_200_says() {
    let host = registered(phone());
    host.advance(599_000);
    ask(&pcscf(), &host, &from_alice("INVITE", "")).relays();
    host.advance(1_000);
    ask(&pcscf(), &host, &from_alice("INVITE", "")).replies(403);
}

/// A host with Alice's phone registered, whose next responses answer this REGISTER.
fn then(register: TestMessage) -> TestHost {
    let alice = registered(phone());
    let keys = ["r UDP 192.0.2.10 5060 0", "c alice@192.0.2.10:5060", "p alice@ims.test"];
    let row = |host: TestHost, key: &&str| host.entry(key, alice.get(key).expect("a row").value);
    keys.iter().fold(phone().answers(register), row)
}

fn is_registered(host: &TestHost) -> bool {
    matches!(ask(&pcscf(), host, &from_alice("INVITE", "")).said(), Ok(Decision::Relay(_)))
}

/// §5.2.5.1: the end of a contact is the end of what was kept for it.
#[test]
fn a_contact_that_ends_is_forgotten() {
    let without = |contact: &str| {
        sip!(
            "REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nAuthorization: Digest \
             username=\"alice@ims.test\"\nExpires: 0\nContact: {contact}"
        )
    };
    for own in ["<sip:alice@192.0.2.10:5060>", "<sip:alice@192.0.2.10:5060>;expires=0", "*"] {
        let host = then(without(own));
        ask_about_reply(&pcscf(), &host, &ok("")).passes();
        assert!(!is_registered(&host), "{own}");
        assert!(host.asked().contains(&"settle".to_owned()), "{own}");
    }
    // another contact of hers: this phone stays
    let host = then(without("<sip:alice@192.0.2.99:5060>"));
    ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES)).passes();
    assert!(is_registered(&host));
}

/// RFC 3261 §10.2.3: a REGISTER without Contact asks which contacts there are; it ends none.
#[test]
fn a_query_ends_nothing() {
    let query = sip!(
        "REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nAuthorization: Digest username=\"alice@ims.test\""
    );
    let host = then(query);
    ask_about_reply(&pcscf(), &host, &ok(TEN_MINUTES)).passes();
    assert!(is_registered(&host));
}

#[test]
fn a_refused_registration_changes_nothing() {
    for status in [400, 403, 423, 500, 504] {
        let host = phone().answers(register(""));
        ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 {status} No\nCSeq: 1 REGISTER")).passes();
        ask(&pcscf(), &host, &from_alice("INVITE", "")).replies(403);
        let host = registered(phone());
        ask_about_reply(&pcscf(), &host, &sip!("SIP/2.0 {status} No\nCSeq: 1 REGISTER")).passes();
        ask(&pcscf(), &host, &from_alice("INVITE", "")).relays();
    }
}

/// Without P-Associated-URI the identity that was registered is the only one (soft clients in a laboratory).
#[test]
fn who_has_no_associated_identities_is_who_its_to_says() {
    let host = phone().answers(register(""));
    let bare = sip!("SIP/2.0 200 OK\nCSeq: 1 REGISTER\nTo: <sip:alice@ims.test>;tag=2\n{TEN_MINUTES}");
    ask_about_reply(&pcscf(), &host, &bare).passes();
    let call = sip!("INVITE sip:bob@ims.test SIP/2.0\nFrom: <sip:mallory@ims.test>;tag=1");
    assert_eq!(ask(&pcscf(), &host, &call).sent("P-Asserted-Identity"), ["<sip:alice@ims.test>"]);
}

#[test]
fn a_probe_of_ourselves_is_answered_and_a_cancel_left_to_the_standard() {
    ask(&pcscf(), &phone(), &sip!("OPTIONS sip:192.0.2.1:5060 SIP/2.0")).replies(200);
    ask(&pcscf(), &phone(), &sip!("CANCEL sip:bob@ims.test SIP/2.0")).nexts();
}

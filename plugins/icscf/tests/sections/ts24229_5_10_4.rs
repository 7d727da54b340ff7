//! Topology hiding (TS 24.229 §5.10.4): another network sees no element of ours but the border.

use icscf::Icscf;
use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::LocationOutcome;
use strowger_sdk::testing::{TestHost, ask, ask_about_reply};
use strowger_sdk::{HeaderId, Relay, Transport, sip};

use crate::world::{hss, icscf, named, with};

const US: &str = "sip:192.0.2.1:4060";
const S: &str = "sip:10.0.0.6:6060";

fn border() -> Icscf {
    with("topology = [\"10.0.0.0/8\"]\nuri = \"sip:192.0.2.1:4060\"")
}

/// A message from the S-CSCF.
fn ours() -> TestHost {
    TestHost::new().from(Transport::Udp, "10.0.0.6", 6060, 0)
}

fn theirs(host: TestHost) -> TestHost {
    host.from(Transport::Udp, "198.51.100.7", 5060, 0)
}

fn vias(relay: &Relay) -> Option<String> {
    let attr = relay.attrs.iter().find(|attr| attr.tag == 9)?;
    Some(String::from_utf8(attr.value.clone()).expect("text"))
}

/// What is in a token that the test host has made.
fn inside(entry: &str) -> String {
    let (_, rest) = entry.split_once("<sip:s").expect("a token");
    let (digits, rest) = rest.split_once('@').expect("of the network");
    assert_eq!(rest, "ims.test;lr;tokenized-by=ims.test>");
    let bytes =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex"));
    String::from_utf8(bytes.collect()).expect("text")
}

#[test]
fn a_call_that_leaves_shows_neither_where_it_came_by_nor_the_way_back() {
    let host = ours();
    let invite = sip!(
        "INVITE sip:carol@far.test SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.6:6060;branch=z9hG4bK1, \
         SIP/2.0/UDP p.ims.test;branch=z9hG4bK2\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK3\n\
         Record-Route: <sip:10.0.0.6:6060;lr>, <sip:p.ims.test;lr>\nRecord-Route: <sip:far.example;lr>"
    );
    let answer = ask(&border(), &host, &invite);
    let relay = answer.relays();
    assert!(relay.targets.is_empty() && host.asked().iter().all(|asked| !asked.starts_with("LIR")));
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE.with(RelayOptions::ASK_REPLIES)));
    let shown = vias(relay).expect("other Vias");
    let (hidden, phone) = shown.split_once(", ").expect("two");
    assert!(hidden.starts_with("SIP/2.0/UDP t") && hidden.ends_with(";tokenized-by=ims.test"), "{hidden}");
    assert!(hidden.contains(".ims.test;branch=z9hG4bK") && !hidden.contains("p.ims.test"), "{hidden}");
    assert_eq!(phone, "SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK3", "the phone is nobody of the network");
    let recorded = answer.sent(HeaderId::RECORD_ROUTE);
    assert_eq!(recorded.len(), 2, "those that follow each other are one");
    assert_eq!(inside(&recorded[0]), "<sip:10.0.0.6:6060;lr>\n<sip:p.ims.test;lr>");
    assert_eq!(recorded[1], "<sip:far.example;lr>");

    // Its answer says the way back again, and our phone is to know it.
    let ok = sip!(
        "SIP/2.0 200 OK\nRecord-Route: <sip:far.test;lr>, <{US};lr>, {}, <sip:far.example;lr>",
        recorded[0]
    );
    let answer = ask_about_reply(&border(), &host, &ok);
    assert_eq!(
        answer.sent(HeaderId::RECORD_ROUTE),
        [
            "<sip:far.test;lr>",
            "<sip:192.0.2.1:4060;lr>",
            "<sip:10.0.0.6:6060;lr>",
            "<sip:p.ims.test;lr>",
            "<sip:far.example;lr>"
        ]
    );
}

#[test]
fn a_request_of_theirs_in_the_dialog_finds_the_way_that_was_hidden() {
    let invite =
        sip!("INVITE sip:carol@far.test SIP/2.0\nRecord-Route: <sip:10.0.0.6:6060;lr>, <sip:p.ims.test;lr>");
    let recorded = ask(&border(), &ours(), &invite).sent(HeaderId::RECORD_ROUTE);
    let bye =
        sip!("BYE sip:alice@203.0.113.9 SIP/2.0\nTo: <sip:alice@ims.test>;tag=1\nRoute: {}", recorded[0]);
    let host = theirs(TestHost::new()).own_route(US);
    let answer = ask(&border(), &host, &bye);
    assert_eq!(answer.sent(HeaderId::ROUTE), ["<sip:10.0.0.6:6060;lr>", "<sip:p.ims.test;lr>"]);
    assert!(answer.relays().options.contains(RelayOptions::ASK_REPLIES));
    assert!(!answer.relays().options.contains(RelayOptions::RECORD_ROUTE));
    // Where the host takes the network's name for ours, the token is off the Route already.
    let uri = recorded[0].trim_matches(['<', '>']);
    let host = theirs(TestHost::new()).own_route(US).own_route(uri);
    let bye =
        sip!("BYE sip:alice@203.0.113.9 SIP/2.0\nTo: <sip:alice@ims.test>;tag=1\nRoute: <sip:q.ims.test;lr>");
    let routes = ask(&border(), &host, &bye).sent(HeaderId::ROUTE);
    assert_eq!(routes, ["<sip:10.0.0.6:6060;lr>", "<sip:p.ims.test;lr>", "<sip:q.ims.test;lr>"]);
}

/// RFC 3261 §12.1.2: who called turns the Record-Route of the answer round.
#[test]
fn a_call_that_comes_in_is_answered_without_the_way_inside() {
    let host = theirs(hss(named(LocationOutcome::Success, S)));
    let invite = sip!("INVITE sip:bob@ims.test SIP/2.0\nRecord-Route: <sip:far.test;lr>");
    let answer = ask(&border(), &host, &invite);
    let relay = answer.relays_to(&["sip:bob@ims.test"]);
    assert!(relay.options.contains(RelayOptions::RECORD_ROUTE.with(RelayOptions::ASK_REPLIES)));
    assert_eq!(vias(relay), None, "their Vias are no secret of ours");
    // §16.7 item 5: several phones may answer, each by a way of its own.
    assert!(relay.attrs.iter().any(|attr| attr.tag == 13), "each 2xx is looked at");
    let ok = sip!(
        "SIP/2.0 200 OK\nRecord-Route: <sip:p.ims.test;lr>, <sip:10.0.0.6:6060;lr>, <{US};lr>, <sip:far.test;lr>"
    );
    let recorded = ask_about_reply(&border(), &host, &ok).sent(HeaderId::RECORD_ROUTE);
    assert_eq!(recorded[1..], ["<sip:192.0.2.1:4060;lr>", "<sip:far.test;lr>"]);
    assert_eq!(
        inside(&recorded[0]),
        "<sip:10.0.0.6:6060;lr>\n<sip:p.ims.test;lr>",
        "as their Route will say it"
    );
    // Our phone's requests leave.
    let bye = sip!(
        "BYE sip:carol@198.51.100.9 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.6;branch=z9hG4bK1\nTo: <sip:carol@far.test>;tag=1\nRoute: <sip:far.test;lr>"
    );
    let answer = ask(&border(), &ours().own_route(US), &bye);
    assert!(vias(answer.relays()).is_some());
    let ack = sip!(
        "ACK sip:carol@198.51.100.9 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.6;branch=z9hG4bK1\nTo: <sip:carol@far.test>;tag=1\nRoute: <sip:far.test;lr>"
    );
    let answer = ask(&border(), &ours().own_route(US), &ack);
    assert!(vias(answer.relays()).is_some() && !answer.relays().options.contains(RelayOptions::ASK_REPLIES));
}

#[test]
fn what_stays_within_is_not_touched() {
    let host = hss(named(LocationOutcome::Success, S)).from(Transport::Udp, "10.0.0.6", 6060, 0);
    let invite = sip!("INVITE sip:bob@ims.test SIP/2.0\nRecord-Route: <sip:10.0.0.5;lr>");
    let answer = ask(&border(), &host, &invite);
    let relay = answer.relays_to(&["sip:bob@ims.test"]);
    assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE) && vias(relay).is_none());
    assert_eq!(answer.sent(HeaderId::RECORD_ROUTE), ["<sip:10.0.0.5;lr>"]);
    let ok = sip!("SIP/2.0 200 OK\nRecord-Route: <sip:10.0.0.5;lr>");
    assert_eq!(ask_about_reply(&border(), &host, &ok).sent(HeaderId::RECORD_ROUTE), ["<sip:10.0.0.5;lr>"]);
}

#[test]
fn who_comes_from_outside_is_not_sent_outside_again() {
    let host = theirs(TestHost::new()).own_route(US);
    ask(&border(), &host, &sip!("INVITE sip:x@far.test SIP/2.0\nRoute: <sip:far.test;lr>")).replies(403);
    let bye = sip!("BYE sip:x@far.test SIP/2.0\nTo: <sip:x@far.test>;tag=1\nRoute: <sip:far.test;lr>");
    ask(&border(), &host, &bye).replies(403);
    let ack = sip!("ACK sip:x@far.test SIP/2.0\nTo: <sip:x@far.test>;tag=1\nRoute: <sip:far.test;lr>");
    ask(&border(), &host, &ack).drops();
}

#[test]
fn a_token_that_we_did_not_make_leads_nowhere() {
    let route = "<sip:forged@ims.test;lr;tokenized-by=ims.test>";
    let bye = sip!("BYE sip:a@203.0.113.9 SIP/2.0\nTo: <sip:a@ims.test>;tag=1\nRoute: {route}");
    let answer = ask(&border(), &theirs(TestHost::new()).own_route(US), &bye);
    assert_eq!(answer.sent(HeaderId::ROUTE), [route], "it is not opened");
}

/// §5.10.2, §5.10.3: a phone that roams is reached by us, and by us only.
#[test]
fn registrations_across_the_border() {
    let out = sip!("REGISTER sip:far.test SIP/2.0\nPath: <sip:10.0.0.5:5060;lr>");
    let host = ours();
    let path = ask(&border(), &host, &out).sent(HeaderId::PATH);
    assert_eq!(path[0], "<sip:192.0.2.1:4060;lr>");
    assert_eq!(inside(&path[1]), "<sip:10.0.0.5:5060;lr>");
    let ok = sip!("SIP/2.0 200 OK\nPath: {}, {}", path[0], path[1]);
    let opened = ask_about_reply(&border(), &host, &ok).sent(HeaderId::PATH);
    assert_eq!(opened, ["<sip:192.0.2.1:4060;lr>", "<sip:10.0.0.5:5060;lr>"]);

    let host = theirs(hss(named(LocationOutcome::SubsequentRegistration, S)));
    let register = sip!("REGISTER sip:ims.test SIP/2.0\nTo: <sip:bob@ims.test>\nPath: <sip:p.far.test;lr>");
    let path = ask(&border(), &host, &register).sent(HeaderId::PATH);
    assert_eq!(path, ["<sip:192.0.2.1:4060;lr>", "<sip:p.far.test;lr>"]);
    let ok = sip!("SIP/2.0 200 OK\nService-Route: <sip:orig@10.0.0.6:6060;lr>");
    let route = ask_about_reply(&border(), &host, &ok).sent(HeaderId::SERVICE_ROUTE);
    assert_eq!(route[0], "<sip:192.0.2.1:4060;lr>");
    assert_eq!(inside(&route[1]), "<sip:orig@10.0.0.6:6060;lr>");
    // What the phone then sends goes by it.
    let invite = sip!("INVITE sip:carol@far.test SIP/2.0\nRoute: {}", route[1]);
    let answer = ask(&border(), &theirs(TestHost::new()).own_route(US), &invite);
    assert_eq!(answer.sent(HeaderId::ROUTE), ["<sip:orig@10.0.0.6:6060;lr>"]);
}

/// §5.10.4.1: where the network does not want it, nothing is hidden.
#[test]
fn without_a_border_everything_is_shown() {
    let invite =
        sip!("INVITE sip:carol@far.test SIP/2.0\nRoute: <sip:far.test;lr>\nRecord-Route: <sip:10.0.0.6;lr>");
    let answer = ask(&icscf(), &ours().own_route(US), &invite);
    assert_eq!(answer.nexts().sent(HeaderId::RECORD_ROUTE), ["<sip:10.0.0.6;lr>"]);
}

#[test]
fn many_hidden_entries_become_as_many_tokens_as_are_needed() {
    let long = |name: char| format!("<sip:{}@10.0.0.6;lr>", name.to_string().repeat(1_200));
    let (a, b) = (long('a'), long('b'));
    let invite = sip!("INVITE sip:carol@far.test SIP/2.0\nRecord-Route: {a}, {b}");
    let recorded = ask(&border(), &ours(), &invite).sent(HeaderId::RECORD_ROUTE);
    assert_eq!(recorded.iter().map(|entry| inside(entry)).collect::<Vec<_>>(), [a, b]);
}

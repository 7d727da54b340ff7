//! Application servers, one after the other, and the original dialog identifier (TS 24.229 §5.4.3.2 to §5.4.3.4;
//! RFC 5502, RFC 8498).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::sip;
use strowger_sdk::testing::{Answer, TestHost, TestMessage, ask, ask_about_failure, ask_about_reply};
use strowger_sdk::{Decision, Host};

use crate::world::{ALICE, SERVICE_ROUTE, alice, asked, scscf, server, serving, with};

const TAS: &str = "sip:tas.ims.test";
const VOICEMAIL: &str = "sip:voicemail.ims.test;lr";

fn to_bob() -> TestMessage {
    sip!(
        "INVITE sip:bob@ims.test SIP/2.0\nP-Asserted-Identity: <{ALICE}>\nP-Access-Network-Info: 3GPP-E-UTRAN-FDD\n\
         P-Charging-Vector: icid-value=x;orig-ioi=ims.test"
    )
}

fn from_alice() -> TestHost {
    serving().own_route(SERVICE_ROUTE)
}

/// The URI in our Route behind the server's: the ODI.
fn odi(answer: &Answer<Decision>) -> String {
    let route = &answer.relays().targets[0].route;
    assert_eq!(route.len(), 2, "{route:?}");
    route[1].trim_start_matches('<').trim_end_matches('>').to_owned()
}

#[test]
fn the_first_server_gets_the_request_with_the_way_back() {
    let host = from_alice().triggers(server(0, TAS, false)).triggers(server(1, VOICEMAIL, true));
    let answer = ask(&scscf(), &host, &to_bob());
    let relay = answer.relays_to(&["sip:bob@ims.test"]);
    assert_eq!(relay.targets[0].route[0], "<sip:tas.ims.test;lr>");
    let odi = odi(&answer);
    assert!(odi.starts_with("sip:s") && odi.ends_with("@192.0.2.3:6060;lr"), "{odi}");
    assert!(
        relay.options.contains(RelayOptions::RECORD_ROUTE)
            && relay.options.contains(RelayOptions::ASK_FAILURE)
    );
    assert_eq!(answer.sent("P-Served-User"), ["<sip:alice@ims.test>;sescase=orig;regstate=reg"]);
    assert_eq!(answer.sent("P-Charging-Function-Addresses"), ["ccf=192.0.2.200"]);
    assert_eq!(answer.sent("P-Access-Network-Info"), ["3GPP-E-UTRAN-FDD"]);
    assert!(answer.sent("P-Charging-Vector")[0].starts_with("icid-value=x"));
}

#[test]
fn who_is_served_and_how_is_said_in_every_case() {
    let tas = || server(0, TAS, false);
    let orig = "sip:192.0.2.3:6060;lr;orig";
    for (host, message, sent) in [
        (from_alice(), to_bob(), "<sip:alice@ims.test>;sescase=orig;regstate=reg"),
        (
            TestHost::new().serves(alice(false)).own_route(orig),
            to_bob(),
            "<sip:alice@ims.test>;sescase=orig;regstate=unreg",
        ),
        (serving(), sip!("INVITE {ALICE} SIP/2.0"), "<sip:alice@ims.test>;sescase=term;regstate=reg"),
        (
            TestHost::new().serves(alice(false)),
            sip!("INVITE {ALICE} SIP/2.0"),
            "<sip:alice@ims.test>;sescase=term;regstate=unreg",
        ),
    ] {
        let answer = ask(&scscf(), &host.triggers(tas()), &message);
        assert_eq!(answer.sent("P-Served-User"), [sent]);
    }
}

/// The request comes back by the ODI: the chain goes on behind the server that had it, and ends onward.
#[test]
fn the_chain_goes_on_where_it_was() {
    let servers = |host: TestHost| host.triggers(server(0, TAS, false)).triggers(server(1, VOICEMAIL, false));
    let first = ask(&scscf(), &servers(from_alice()), &to_bob());
    let host = servers(serving()).own_route(&odi(&first));
    let second = ask(&scscf(), &host, &to_bob());
    assert_eq!(second.relays().targets[0].route[0], "<sip:voicemail.ims.test;lr>");
    assert_ne!(odi(&first), odi(&second), "each link has its own");
    let host = servers(serving()).own_route(&odi(&second));
    let last = ask(&scscf(), &host, &to_bob());
    assert_eq!(last.relays_to(&["sip:bob@ims.test"]).targets[0].next_hop(), Some("sip:192.0.2.2:4060"));
    assert!(last.sent("P-Served-User").is_empty());
    assert_eq!(host.variable("link"), None);
}

#[test]
fn a_terminating_chain_ends_at_the_phones() {
    let call = sip!("INVITE {ALICE} SIP/2.0");
    let first = ask(&scscf(), &serving().triggers(server(0, TAS, false)), &call);
    let host = serving().triggers(server(0, TAS, false)).own_route(&odi(&first));
    ask(&scscf(), &host, &call).relays_to(&["location sip:alice@ims.test"]);
}

/// §5.4.3.3 step 4A: a server that puts somebody else in the user's place diverts the call; the user originates.
#[test]
fn a_diverted_call_originates_at_who_diverts_it() {
    let first = ask(&scscf(), &serving().triggers(server(0, TAS, false)), &sip!("INVITE {ALICE} SIP/2.0"));
    let host = serving().triggers(server(0, TAS, false)).own_route(&odi(&first));
    let diverted = sip!("INVITE sip:carol@ims.test SIP/2.0\nP-Asserted-Identity: <sip:bob@ims.test>");
    let answer = ask(&scscf(), &host, &diverted);
    assert_eq!(answer.relays_to(&["sip:carol@ims.test"]).targets[0].route[0], "<sip:tas.ims.test;lr>");
    assert_eq!(answer.sent("P-Served-User"), ["<sip:alice@ims.test>;orig-cdiv"]);
    assert_eq!(
        asked(&host, "criteria"),
        ["criteria sip:alice@ims.test OriginatingCdiv"],
        "from the first one on"
    );
    // and when that chain is at its end, the call goes to Carol, not to Alice's phones
    let host = serving().triggers(server(0, TAS, false)).own_route(&odi(&answer));
    ask(&scscf(), &host, &diverted).relays_to(&["sip:carol@ims.test"]);
}

/// A forged ODI, or one of something else that the host has sealed.
#[test]
fn a_forged_dialog_identifier_is_refused() {
    for user in ["odi_1234", "s", "s00", "s636f6e74616374", "sffffffffffffffffffffffff", "orig2"] {
        let host = serving().own_route(&format!("sip:{user}@192.0.2.3:6060;lr"));
        ask(&scscf(), &host, &to_bob()).replies(403);
        assert!(host.asked().is_empty(), "{user}");
    }
}

/// §5.4.3.2: how long a server may be silent depends on what its failure means; any response ends that time.
#[test]
fn a_server_has_so_long_to_say_something() {
    for (terminates, ms) in [(false, 2_000), (true, 4_000)] {
        let answer = ask(&scscf(), &from_alice().triggers(server(0, TAS, terminates)), &to_bob());
        let relay = answer.relays();
        assert_eq!(relay.timeout_ms, ms);
        assert!(relay.attrs.iter().any(|attr| attr.tag == 4), "until a response");
    }
    let plugin = with("as_timeout_continued_ms = 300\nas_timeout_terminated_ms = 500");
    for (terminates, ms) in [(false, 300), (true, 500)] {
        let answer = ask(&plugin, &from_alice().triggers(server(0, TAS, terminates)), &to_bob());
        assert_eq!(answer.relays().timeout_ms, ms);
    }
}

/// §5.4.3.2: a server that gives the request back has answered the wait for it: the host knows its Route again. No two
/// requests have one ODI, for the same user, server and callee.
#[test]
fn what_comes_back_is_known_by_its_dialog_identifier() {
    let host = from_alice().triggers(server(0, TAS, false));
    let identifiers = [(), ()].map(|()| {
        let answer = ask(&scscf(), &host, &to_bob());
        let (relay, odi) = (answer.relays(), odi(&answer));
        let returns_by = relay.attrs.iter().find(|attr| attr.tag == 8).expect("it is awaited");
        let user = std::str::from_utf8(&returns_by.value).expect("text").to_owned();
        assert!(odi.starts_with(&format!("sip:{user}@")), "{odi}, {user}");
        user
    });
    assert_ne!(identifiers[0], identifiers[1]);
}

/// A request that went to the first of these servers.
fn gone(first: bool) -> TestHost {
    let host = from_alice().triggers(server(0, TAS, first)).triggers(server(1, VOICEMAIL, true));
    let host = host.answers(to_bob());
    ask(&scscf(), &host, &to_bob()).relays();
    host
}

#[test]
fn a_session_goes_on_without_a_server_that_fails() {
    for status in [408, 500, 503, 504, 580] {
        let host = gone(false);
        let answer = ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 {status} No"));
        assert_eq!(
            answer.relays_to(&["sip:bob@ims.test"]).targets[0].route[0],
            "<sip:voicemail.ims.test;lr>"
        );
        assert_eq!(host.logged().len(), 1);
    }
}

/// A server that was passed over, and gives the request back after all, does not make the session a second time.
#[test]
fn what_comes_back_too_late_is_refused() {
    for terminates in [false, true] {
        let servers =
            |host: TestHost| host.triggers(server(0, TAS, terminates)).triggers(server(1, VOICEMAIL, true));
        let host = servers(from_alice()).answers(to_bob());
        let given = odi(&ask(&scscf(), &host, &to_bob()));
        let back = || servers(serving()).own_route(&given);
        ask(&scscf(), &back(), &to_bob()).relays();
        ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 408 No")).said().as_ref().expect("a decision");
        let noted = asked(&host, "put");
        let [noted] = &noted[..] else { panic!("{noted:?}") };
        let row = noted.strip_prefix("put ").expect("a row");
        ask(&scscf(), &back().entry(row, ""), &to_bob()).replies(481);
        // What another request has become says nothing of this one.
        ask(&scscf(), &back().entry("o 0102030405060708", ""), &to_bob()).relays();
    }
    // What is an answer passes nobody over.
    let host = gone(false);
    ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 404 No")).nexts();
    assert!(asked(&host, "put").is_empty());
}

#[test]
fn the_last_server_that_fails_is_left_out_too() {
    let host = from_alice().triggers(server(0, TAS, false)).answers(to_bob());
    ask(&scscf(), &host, &to_bob()).relays();
    let answer = ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 408 No"));
    assert_eq!(answer.relays_to(&["sip:bob@ims.test"]).targets[0].next_hop(), Some("sip:192.0.2.2:4060"));
    // what fails now is not the server's
    ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 503 No")).nexts();
}

#[test]
fn a_server_that_the_session_needs_ends_it_by_failing() {
    for status in [408, 500, 503] {
        ask_about_failure(&scscf(), &gone(true), &sip!("SIP/2.0 {status} No")).nexts();
    }
}

#[test]
fn what_a_server_decides_is_the_answer() {
    for status in [302, 400, 403, 404, 480, 486, 487, 600, 603] {
        ask_about_failure(&scscf(), &gone(false), &sip!("SIP/2.0 {status} No")).nexts();
    }
}

#[test]
fn a_message_runs_through_the_chain_as_a_call_does() {
    let message = sip!(
        "MESSAGE tel:+491700000000 SIP/2.0\nP-Asserted-Identity: <{ALICE}>\nContent-Type: application/vnd.3gpp.sms"
    );
    let answer = ask(&scscf(), &from_alice().triggers(server(0, "sip:ipsmgw.ims.test", true)), &message);
    let relay = answer.relays_to(&["tel:+491700000000"]);
    assert_eq!(relay.targets[0].route[0], "<sip:ipsmgw.ims.test;lr>");
    assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE));
}

/// §5.4.3.2 step 5: default handling is for a server that says nothing; one that has let it ring has the session, and what
/// fails afterwards is the call.
#[test]
fn a_call_that_has_rung_is_not_made_again() {
    for (provisional, goes_on) in [(100, true), (180, false), (183, false), (199, false)] {
        let host = gone(false);
        ask_about_reply(&scscf(), &host, &sip!("SIP/2.0 {provisional} So")).passes();
        let answer = ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 503 No"));
        match goes_on {
            true => assert_eq!(answer.relays().targets[0].route[0], "<sip:voicemail.ims.test;lr>"),
            false => assert!(matches!(answer.said(), Ok(Decision::Next(_))), "{provisional}"),
        }
    }
    // the next server has its own chance
    let host =
        from_alice().triggers(server(0, TAS, false)).triggers(server(1, VOICEMAIL, false)).answers(to_bob());
    ask(&scscf(), &host, &to_bob()).relays();
    ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 408 No")).relays();
    let answer = ask_about_failure(&scscf(), &host, &sip!("SIP/2.0 408 No"));
    assert_eq!(answer.relays().targets[0].next_hop(), Some("sip:192.0.2.2:4060"));
}

/// A wildcard matches names of any length; one that fits into no ODI is refused (RFC 3261 §21.4.12) before any server.
#[test]
fn a_served_user_of_any_length_is_survived() {
    for (length, status) in
        [(480, None), (481, Some(414)), (1_024, Some(414)), (4_000, Some(414)), (15_000, Some(400))]
    {
        let uri = format!("sip:{}@ims.test", "a".repeat(length - "sip:@ims.test".len()));
        let mut set = alice(true);
        set.identities[1].uri.clone_from(&uri);
        let host = TestHost::new().serves(set).triggers(server(0, TAS, false));
        let answer = ask(&scscf(), &host, &sip!("INVITE {uri} SIP/2.0"));
        match status {
            Some(status) => assert_eq!(answer.replies(status).status, status),
            None => assert!(odi(&answer).len() < 1_100),
        }
    }
}

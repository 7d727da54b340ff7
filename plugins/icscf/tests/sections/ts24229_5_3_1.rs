//! REGISTER (TS 24.229 §5.3.1.2, §5.3.1.3; TS 29.228 §6.1.1).

use strowger_sdk::decision::RelayOptions;
use strowger_sdk::ims::{CxFailure, LocationOutcome};
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, ask, ask_about_failure};

use crate::world::{A, B, C, hss, icscf, named, nothing, register, to_choose, with};

const CONTACT: &str = "Contact: <sip:alice@192.0.2.10>";

#[test]
fn the_hss_is_asked_about_the_pair_of_identities_and_the_visited_network() {
    let host = hss(named(LocationOutcome::SubsequentRegistration, A));
    ask(&icscf(), &host, &register(CONTACT)).relays();
    assert_eq!(host.asked(), ["UAR Registration sip:alice@ims.test alice@home visited.test"]);
}

/// TS 23.003 §13.3 for who does not say its private identity; the home network for who is at home.
#[test]
fn what_a_register_leaves_out_is_derived() {
    for authorization in ["", "\nAuthorization: Digest username=\"\"", "\nAuthorization: Basic YTpi"] {
        let host = hss(named(LocationOutcome::SubsequentRegistration, A));
        let bare = sip!("REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\n{CONTACT}{authorization}");
        ask(&icscf(), &host, &bare).relays();
        assert_eq!(host.asked(), ["UAR Registration sip:alice@ims.test alice@ims.test ims.test"]);
    }
}

#[test]
fn visited_networks_in_every_form() {
    for (value, network) in [
        ("visited.test", "visited.test"),
        ("\"Visited network; number 1\"", "Visited network; number 1"),
        ("visited.test;p=1", "visited.test"),
        ("\"visited.test\";p=1, other.test", "visited.test"),
    ] {
        let host = hss(named(LocationOutcome::SubsequentRegistration, A));
        let register = sip!(
            "REGISTER sip:ims.test SIP/2.0\nTo: <sip:alice@ims.test>\nP-Visited-Network-ID: {value}\n{CONTACT}"
        );
        ask(&icscf(), &host, &register).relays();
        assert!(host.asked()[0].ends_with(&format!(" {network}")), "{value}: {:?}", host.asked());
    }
}

#[test]
fn an_end_is_asked_about_as_an_end() {
    for (contacts, kind) in [
        ("Contact: <sip:alice@192.0.2.10>\nExpires: 0", "DeRegistration"),
        ("Contact: <sip:alice@192.0.2.10>;expires=0", "DeRegistration"),
        ("Contact: *\nExpires: 0", "DeRegistration"),
        ("Contact: <sip:alice@192.0.2.10>;expires=600\nExpires: 0", "Registration"),
        ("Contact: <sip:a@192.0.2.10>;expires=0, <sip:b@192.0.2.10>", "Registration"),
        ("Contact: <sip:alice@192.0.2.10>", "Registration"),
        ("Expires: 0", "Registration"),
    ] {
        let host = hss(named(LocationOutcome::SubsequentRegistration, A));
        ask(&icscf(), &host, &register(contacts)).relays();
        assert!(host.asked()[0].starts_with(&format!("UAR {kind} ")), "{contacts}: {:?}", host.asked());
    }
}

#[test]
fn an_s_cscf_that_the_hss_names_gets_it() {
    for outcome in [LocationOutcome::SubsequentRegistration, LocationOutcome::FirstRegistration] {
        let answer = ask(&icscf(), &hss(named(outcome, "sip:s.ims.test")), &register(CONTACT));
        let relay = answer.relays_to(&["sip:s.ims.test"]);
        assert!(relay.targets[0].route.is_empty(), "the Request-URI is the S-CSCF");
        assert!(relay.options.contains(RelayOptions::ASK_FAILURE));
        assert!(!relay.options.contains(RelayOptions::RECORD_ROUTE), "it never records a route");
    }
}

#[test]
fn a_first_registration_goes_to_one_that_can_do_what_is_demanded() {
    for (mandatory, optional, chosen) in
        [(&[][..], &[][..], A), (&[3], &[], C), (&[1], &[2], B), (&[1], &[9], A), (&[], &[3, 9], C)]
    {
        let answer = to_choose(LocationOutcome::FirstRegistration, mandatory, optional, &[]);
        ask(&icscf(), &hss(answer), &register(CONTACT)).relays_to(&[chosen]);
    }
}

/// As some servers of laboratories do: neither a name nor capabilities (TS 29.228 §6.1.1 leaves it to us).
#[test]
fn a_first_registration_without_any_hint_is_ours_to_choose() {
    let answer = Ok(nothing(LocationOutcome::FirstRegistration));
    ask(&icscf(), &hss(answer), &register(CONTACT)).relays_to(&[A]);
}

#[test]
fn where_nobody_can_do_what_is_demanded_it_is_504() {
    let answer = to_choose(LocationOutcome::FirstRegistration, &[1, 3], &[], &[]);
    ask(&icscf(), &hss(answer), &register(CONTACT)).replies(504);
}

/// TS 24.229 §5.3.1.3: the user is refused with 403; where the HSS does not answer it is 480.
#[test]
fn every_failure_of_the_hss() {
    for (failure, status) in [
        (CxFailure::Experimental(5001), 403), // USER_UNKNOWN
        (CxFailure::Experimental(5002), 403), // IDENTITIES_DONT_MATCH
        (CxFailure::Experimental(5004), 403), // ROAMING_NOT_ALLOWED
        (CxFailure::Experimental(5003), 403), // IDENTITY_NOT_REGISTERED
        (CxFailure::Result(5003), 403),       // AUTHORIZATION_REJECTED
        (CxFailure::Result(3002), 480),       // UNABLE_TO_DELIVER
        (CxFailure::Result(3004), 480),       // TOO_BUSY
        (CxFailure::Result(5012), 480),       // UNABLE_TO_COMPLY
        (CxFailure::Timeout, 480),
        (CxFailure::Unreachable, 480),
        (CxFailure::Malformed, 480),
    ] {
        ask(&icscf(), &hss(Err(failure)), &register(CONTACT)).replies(status);
        let wanted = if status == 480 { 504 } else { status };
        ask(&with("hss_failure = 504"), &hss(Err(failure)), &register(CONTACT)).replies(wanted);
    }
}

#[test]
fn a_register_that_names_nobody_is_400() {
    let host = hss(named(LocationOutcome::SubsequentRegistration, A));
    ask(&icscf(), &host, &sip!("REGISTER sip:ims.test SIP/2.0\nTo: nonsense\n{CONTACT}")).replies(400);
    assert!(host.asked().is_empty());
}

/// The host after the first S-CSCF was tried, with what the HSS says to the second question.
fn tried(first: &str, second: Result<strowger_sdk::ims::Location, CxFailure>) -> TestHost {
    hss(second).with_variable("tried", first).answers(register(CONTACT))
}

/// §5.3.1.3: no answer, 3xx and 480 of an S-CSCF: the HSS is asked for capabilities, and the next one is tried.
#[test]
fn when_an_s_cscf_fails_the_next_one_gets_it() {
    for status in [300, 305, 408, 480, 503] {
        let host = tried(A, to_choose(LocationOutcome::SubsequentRegistration, &[1], &[], &[]));
        let failure = sip!("SIP/2.0 {status} No\nCSeq: 1 REGISTER");
        let answer = ask_about_failure(&icscf(), &host, &failure);
        let relay = answer.relays_to(&[B]);
        assert!(relay.options.contains(RelayOptions::ASK_FAILURE));
        assert_eq!(
            host.asked(),
            ["UAR RegistrationAndCapabilities sip:alice@ims.test alice@home visited.test"],
            "{status}"
        );
    }
}

/// §5.3.1.3, §5.3.2.1: an S-CSCF that says nothing is left for another one, long before its transaction ends. A 100 is a
/// word.
#[test]
fn an_s_cscf_has_so_long_to_say_something() {
    let first = || hss(Ok(nothing(LocationOutcome::FirstRegistration))).answers(register(CONTACT));
    for (settings, timeout) in [("", 5_000), ("scscf_timeout_ms = 700", 700), ("scscf_timeout_ms = 0", 0)] {
        let (plugin, host) = (with(settings), first());
        let registers = ask(&plugin, &host, &register(CONTACT));
        let again = ask_about_failure(&plugin, &host, &sip!("SIP/2.0 408 No\nCSeq: 1 REGISTER"));
        let host = hss(named(LocationOutcome::Success, "sip:s.ims.test"));
        let calls = ask(&plugin, &host, &sip!("INVITE sip:bob@ims.test SIP/2.0"));
        for relay in [registers.relays(), again.relays(), calls.relays()] {
            assert_eq!(relay.timeout_ms, timeout);
            assert_eq!(relay.attrs.iter().any(|attr| attr.tag == 7), timeout > 0, "until a 100");
        }
    }
}

#[test]
fn what_an_s_cscf_says_about_the_user_is_the_answer() {
    for status in [400, 401, 403, 404, 420, 423, 486, 500, 600] {
        let host = tried(A, to_choose(LocationOutcome::SubsequentRegistration, &[], &[], &[]));
        ask_about_failure(&icscf(), &host, &sip!("SIP/2.0 {status} No\nCSeq: 1 REGISTER")).nexts();
        assert!(host.asked().is_empty(), "{status}");
    }
}

#[test]
fn one_after_the_other_until_none_is_left() {
    use strowger_sdk::Host;
    let host = hss(Ok(nothing(LocationOutcome::FirstRegistration))).answers(register(CONTACT));
    ask(&icscf(), &host, &register(CONTACT)).relays_to(&[A]);
    let failure = sip!("SIP/2.0 408 No\nCSeq: 1 REGISTER");
    ask_about_failure(&icscf(), &host, &failure).relays_to(&[B]);
    ask_about_failure(&icscf(), &host, &failure).relays_to(&[C]);
    ask_about_failure(&icscf(), &host, &failure).replies(504);
    assert_eq!(host.variable("tried"), Some([A, B, C].join("\n").into_bytes()));
}

#[test]
fn names_of_the_hss_go_before_our_own() {
    let names = ["sip:x.ims.test", "sip:y.ims.test"];
    let host =
        hss(to_choose(LocationOutcome::FirstRegistration, &[3], &[], &names)).answers(register(CONTACT));
    ask(&icscf(), &host, &register(CONTACT)).relays_to(&[names[0]]);
    let failure = sip!("SIP/2.0 480 No\nCSeq: 1 REGISTER");
    ask_about_failure(&icscf(), &host, &failure).relays_to(&[names[1]]);
    ask_about_failure(&icscf(), &host, &failure).relays_to(&[C]);
    ask_about_failure(&icscf(), &host, &failure).replies(504);
}

#[test]
fn where_the_hss_is_gone_meanwhile_it_is_504() {
    for failure in [CxFailure::Timeout, CxFailure::Unreachable, CxFailure::Experimental(5001)] {
        let host = tried(A, Err(failure));
        ask_about_failure(&icscf(), &host, &sip!("SIP/2.0 408 No\nCSeq: 1 REGISTER")).replies(504);
    }
}

#[test]
fn probes_and_strays() {
    let host = TestHost::new();
    ask(&icscf(), &host, &sip!("OPTIONS sip:192.0.2.1:4060 SIP/2.0")).replies(200);
    ask(&icscf(), &host, &sip!("CANCEL sip:bob@ims.test SIP/2.0")).nexts();
    ask(&icscf(), &host, &sip!("ACK sip:bob@ims.test SIP/2.0")).nexts();
    assert!(host.asked().is_empty());
}

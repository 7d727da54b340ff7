//! Registration (TS 24.229 §5.4.1.2; TS 29.228 §6.1.2, §6.3; RFC 3327, RFC 3608).

use strowger_sdk::ims::{AuthenticationVerdict as Judged, CxFailure, Subscriber};
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask};
use strowger_sdk::{HeaderId, Host, Plugin, RegisterRefusal, Registration};

use crate::world::{ALICE, CONTACT, alice, asked, register, scscf, serving, with};

const BOUND: &str = "<sip:alice@192.0.2.10:5060>;expires=600000";

/// Credentials are right, and the HSS assigns Alice.
fn right() -> TestHost {
    TestHost::new().judges(Judged::Accepted).assigned(Ok(Some(alice(true)))).registers(&[BOUND])
}

/// §5.4.1.2.1: a REGISTER that proves nothing is challenged with a vector of the HSS's.
#[test]
fn who_proves_nothing_is_challenged() {
    for verdict in [Judged::Absent, Judged::Stale, Judged::Resynchronise] {
        let host = TestHost::new().judges(verdict).challenged(Ok(7));
        let answer = ask(&scscf(), &host, &register(CONTACT));
        let reply = answer.replies(401);
        assert!(
            reply.attrs.iter().any(|attr| attr.tag == 1 && attr.value == 7_u64.to_le_bytes()),
            "{reply:?}"
        );
        assert_eq!(
            host.asked(),
            [
                "verify alice@ims.test ims.test",
                "MAR Unknown alice@ims.test sip:alice@ims.test ims.test",
                "start timer auth alice@ims.test sip:alice@ims.test 240000"
            ],
            "{verdict:?}"
        );
    }
}

#[test]
fn a_replayed_nonce_registers_nobody() {
    let host = right().judges(Judged::Stale).challenged(Ok(8));
    ask(&scscf(), &host, &register(CONTACT)).replies(401);
    assert!(asked(&host, "SAR").is_empty() && asked(&host, "register ").is_empty());
}

/// RFC 3310 §3.4: the AUTS goes to the HSS with the next request for a vector, which the host sees to; here it is one MAR,
/// one new challenge.
#[test]
fn a_phone_out_of_step_gets_a_new_challenge_at_once() {
    let host = TestHost::new().judges(Judged::Resynchronise).challenged(Ok(9));
    ask(&scscf(), &host, &register(CONTACT)).replies(401);
    assert_eq!(asked(&host, "MAR").len(), 1);
}

#[test]
fn the_operator_says_which_scheme() {
    for (setting, scheme) in [("auto", "Unknown"), ("aka", "AkaV1"), ("digest", "SipDigest")] {
        let host = TestHost::new().challenged(Ok(1));
        let plugin = with(&format!("authentication = \"{setting}\"\nrealm = \"realm.test\""));
        ask(&plugin, &host, &register(CONTACT)).replies(401);
        let mar = format!("MAR {scheme} alice@ims.test sip:alice@ims.test realm.test");
        assert_eq!(host.asked()[..2], ["verify alice@ims.test realm.test".to_owned(), mar]);
    }
}

/// TS 23.003 §13.3: the private identity of who does not say it.
#[test]
fn without_credentials_the_private_identity_is_derived() {
    let host = TestHost::new().challenged(Ok(1));
    let bare = sip!("REGISTER sip:192.0.2.3:6060 SIP/2.0\nTo: <{ALICE}>\n{CONTACT}");
    ask(&scscf(), &host, &bare).replies(401);
    assert_eq!(asked(&host, "MAR"), ["MAR Unknown alice@ims.test sip:alice@ims.test ims.test"]);
}

#[test]
fn every_failure_of_the_hss_to_give_a_vector() {
    for (failure, status) in [
        (CxFailure::Experimental(5001), 403), // USER_UNKNOWN
        (CxFailure::Experimental(5002), 403), // IDENTITIES_DONT_MATCH
        (CxFailure::Experimental(5006), 403), // AUTH_SCHEME_NOT_SUPPORTED
        (CxFailure::Result(5003), 403),       // AUTHORIZATION_REJECTED
        (CxFailure::Result(3004), 504),
        (CxFailure::Result(5012), 504),
        (CxFailure::Timeout, 504),
        (CxFailure::Unreachable, 504),
        (CxFailure::Malformed, 504),
    ] {
        let host = TestHost::new().challenged(Err(failure));
        ask(&scscf(), &host, &register(CONTACT)).replies(status);
    }
}

/// §5.4.1.2.3: the attempt failed; the HSS is told, unless a registration goes on.
#[test]
fn who_proves_to_be_somebody_else_is_refused() {
    for verdict in [Judged::Rejected, Judged::NetworkRefused] {
        let host = right().judges(verdict);
        ask(&scscf(), &host, &register(CONTACT)).replies(403);
        assert_eq!(asked(&host, "SAR"), ["SAR AuthenticationFailure sip:alice@ims.test alice@ims.test"]);
        assert!(asked(&host, "register ").is_empty());

        let host = serving().judges(verdict);
        ask(&scscf(), &host, &register(CONTACT)).replies(403);
        assert!(asked(&host, "SAR").is_empty(), "a wrong guess of somebody else's ends no registration");
    }
}

/// §5.4.1.2.2F: what the 200 tells the phone and its P-CSCF.
#[test]
fn the_200_has_path_service_route_identities_and_charging() {
    let host = right();
    let answer = ask(&scscf(), &host, &register(CONTACT));
    answer.replies(200);
    assert_eq!(answer.sent("Contact"), [BOUND]);
    assert_eq!(answer.sent("Path"), ["<sip:s00@192.0.2.1:5060;lr>"]);
    assert_eq!(answer.sent("Service-Route"), ["<sip:orig@192.0.2.3:6060;lr>"]);
    assert_eq!(
        answer.sent("P-Associated-URI"),
        ["<sip:alice@ims.test>, <tel:+491701234567>"],
        "no barred one"
    );
    assert_eq!(answer.sent("P-Charging-Function-Addresses"), ["ccf=192.0.2.200"]);
    assert_eq!(
        answer.sent("P-Charging-Vector"),
        ["icid-value=x;orig-ioi=visited.test;term-ioi=\"Type 1ims.test\""]
    );
    assert!(answer.sent("Require").is_empty());
    assert_eq!(asked(&host, "SAR"), ["SAR Registration sip:alice@ims.test alice@ims.test"]);
    assert_eq!(asked(&host, "register "), ["register sip:alice@ims.test"], "under the default identity");
}

#[test]
fn outbound_is_required_where_it_was_negotiated() {
    let registration = Registration { contacts: vec![BOUND.to_owned()], outbound: true };
    let answer = ask(&scscf(), &right().registration(Ok(registration)), &register(CONTACT));
    assert_eq!(answer.sent("Require"), ["outbound"]);
}

/// §5.4.1.2.2: a registration by a barred identity registers the set; the barred one is not the one that is bound.
#[test]
fn a_barred_identity_registers_its_set() {
    let host = right();
    let message = sip!("REGISTER sip:192.0.2.3:6060 SIP/2.0\nTo: <sip:imsi@ims.test>\n{CONTACT}");
    ask(&scscf(), &host, &message).replies(200);
    assert_eq!(asked(&host, "SAR"), ["SAR Registration sip:imsi@ims.test imsi@ims.test"]);
    assert_eq!(asked(&host, "register "), ["register sip:alice@ims.test"]);
}

#[test]
fn a_set_that_is_barred_altogether_is_refused_and_let_go() {
    let mut set = alice(true);
    set.identities.truncate(1);
    let host = TestHost::new().judges(Judged::Accepted).assigned(Ok(Some(set))).registers(&[BOUND]);
    ask(&scscf(), &host, &register(CONTACT)).replies(403);
    assert_eq!(
        asked(&host, "SAR"),
        [
            "SAR Registration sip:alice@ims.test alice@ims.test",
            "SAR UserDeregistration sip:alice@ims.test alice@ims.test"
        ]
    );
    assert!(asked(&host, "register ").is_empty());
}

#[test]
fn a_registration_again_is_told_to_the_hss_as_such() {
    let host = serving().judges(Judged::Accepted).assigned(Ok(Some(alice(true)))).registers(&[BOUND]);
    ask(&scscf(), &host, &register(CONTACT)).replies(200);
    assert_eq!(asked(&host, "SAR"), ["SAR ReRegistration sip:alice@ims.test alice@ims.test"]);
}

/// Who was only known for services to unregistered users registers for the first time.
#[test]
fn a_profile_of_an_unregistered_user_is_no_registration() {
    let host = right().serves(alice(false));
    ask(&scscf(), &host, &register(CONTACT)).replies(200);
    assert_eq!(asked(&host, "SAR"), ["SAR Registration sip:alice@ims.test alice@ims.test"]);
}

#[test]
fn every_failure_of_the_hss_to_assign() {
    for (failure, status) in [
        (CxFailure::Experimental(5001), 403),
        (CxFailure::Experimental(5002), 403),
        (CxFailure::Experimental(5005), 403), // IDENTITY_ALREADY_REGISTERED
        (CxFailure::Result(5003), 403),
        (CxFailure::Result(3004), 504),
        (CxFailure::Timeout, 504),
        (CxFailure::Unreachable, 504),
        (CxFailure::Malformed, 504),
    ] {
        let host = TestHost::new().judges(Judged::Accepted).assigned(Err(failure)).registers(&[BOUND]);
        ask(&scscf(), &host, &register(CONTACT)).replies(status);
        assert!(asked(&host, "register ").is_empty(), "{failure:?}");
    }
    let host = TestHost::new().judges(Judged::Accepted).assigned(Ok(None)).registers(&[BOUND]);
    ask(&scscf(), &host, &register(CONTACT)).replies(504);
}

/// A registration that there is goes on without the HSS; a refusal of the HSS's counts all the same.
#[test]
fn a_registration_goes_on_while_the_hss_is_away() {
    for failure in [CxFailure::Timeout, CxFailure::Unreachable] {
        let host = serving().judges(Judged::Accepted).assigned(Err(failure)).registers(&[BOUND]);
        ask(&scscf(), &host, &register(CONTACT)).replies(200);
    }
    let host = serving().judges(Judged::Accepted).assigned(Err(CxFailure::Experimental(5001)));
    ask(&scscf(), &host, &register(CONTACT)).replies(403);
}

#[test]
fn times_are_the_operators() {
    let plugin = with("min_expires = 600\nmax_expires = 7200\ndefault_expires = 3600\nmax_contacts = 2");
    let host = right();
    ask(&plugin, &host, &register(CONTACT)).replies(200);
    let limits = host.limits().expect("limits");
    assert_eq!((limits.min_expires, limits.max_expires), (600, 7_200));
    assert_eq!((limits.default_expires, limits.max_bindings), (3_600, 2));
    for brief in ["Contact: <sip:a@192.0.2.10>;expires=599", "Contact: <sip:a@192.0.2.10>\nExpires: 599"] {
        let host = right();
        let answer = ask(&plugin, &host, &register(brief));
        answer.replies(423);
        assert_eq!(answer.sent("Min-Expires"), ["600"]);
        assert!(asked(&host, "SAR").is_empty(), "nothing is assigned");
    }
}

#[test]
fn every_refusal_of_the_registrar_undoes_the_assignment() {
    for (refused, status) in [
        (RegisterRefusal::TooBrief(60), 423),
        (RegisterRefusal::TooMany, 403),
        (RegisterRefusal::Malformed, 400),
        (RegisterRefusal::OutOfOrder, 500),
        (RegisterRefusal::Unavailable, 503),
    ] {
        let host = right().registration(Err(refused));
        ask(&scscf(), &host, &register(CONTACT)).replies(status);
        assert_eq!(
            host.asked().iter().rev().take(2).rev().cloned().collect::<Vec<_>>(),
            ["withdraw", "SAR UserDeregistration sip:alice@ims.test alice@ims.test"],
            "{refused:?}"
        );
        let host =
            serving().judges(Judged::Accepted).assigned(Ok(Some(alice(true)))).registration(Err(refused));
        ask(&scscf(), &host, &register(CONTACT)).replies(status);
        assert_eq!(asked(&host, "SAR UserDeregistration").len(), 0, "what there is stays");
    }
}

/// RFC 3261 §10.2.3.
#[test]
fn a_query_is_answered_with_what_there_is() {
    let host = serving().judges(Judged::Accepted).registers(&[BOUND]);
    let answer = ask(&scscf(), &host, &register(""));
    answer.replies(200);
    assert_eq!(answer.sent("Contact"), [BOUND]);
    assert!(asked(&host, "SAR").is_empty());
    let nobody = TestHost::new().judges(Judged::Accepted);
    assert!(ask(&scscf(), &nobody, &register("")).sent("Contact").is_empty());
}

/// §5.4.1.2.2, §7.2A.2: what came protected need not be asked again; whether it is, is the operator's.
#[test]
fn a_protected_re_registration_need_not_be_challenged() {
    let protected = |word: &str| {
        sip!(
            "REGISTER sip:192.0.2.3:6060 SIP/2.0\nTo: <{ALICE}>\n{CONTACT}\nAuthorization: Digest \
             username=\"alice@ims.test\",integrity-protected=\"{word}\""
        )
    };
    let trusting = with("challenge_again = false");
    let known = || serving().assigned(Ok(Some(alice(true)))).registers(&[BOUND]).challenged(Ok(1));
    for word in ["yes", "tls-yes", "ip-assoc-yes", "auth-done"] {
        ask(&trusting, &known(), &protected(word)).replies(200);
        ask(&scscf(), &known(), &protected(word)).replies(401);
    }
    for word in ["no", "tls-connected", "ip-assoc-pending", ""] {
        ask(&trusting, &known(), &protected(word)).replies(401);
    }
    let first = TestHost::new().challenged(Ok(1)).assigned(Ok(Some(alice(true))));
    ask(&trusting, &first, &protected("yes")).replies(401);
}

#[test]
fn what_cannot_be_read_is_400() {
    let host = right();
    ask(&scscf(), &host, &sip!("REGISTER sip:192.0.2.3:6060 SIP/2.0\nTo: nonsense")).replies(400);
    ask(&scscf(), &host, &register("Contact: <sip:alice@")).replies(400);
    assert!(asked(&host, "SAR").is_empty());
}

#[test]
fn a_set_without_charging_addresses_names_none() {
    let set = Subscriber { charging: String::new(), ..alice(true) };
    let host = TestHost::new().judges(Judged::Accepted).assigned(Ok(Some(set))).registers(&[BOUND]);
    let answer = ask(&scscf(), &host, &register(CONTACT));
    assert!(answer.sent(HeaderId::P_CHARGING_FUNCTION_ADDRESSES).is_empty());
}

/// Bob, who proves to be Bob, about an identity of Alice's.
fn of_bob(more: &str) -> TestMessage {
    sip!(
        "REGISTER sip:192.0.2.3:6060 SIP/2.0\nTo: <{ALICE}>\nAuthorization: Digest username=\"bob@ims.test\",\
         realm=\"ims.test\",nonce=\"n\",response=\"r\",integrity-protected=\"yes\"\n{more}"
    )
}

/// The pair of identities is the HSS's to judge (TS 29.228 §6.1.2, §6.3: IDENTITIES_DONT_MATCH): bindings of a set are not
/// made, shown or ended by a private identity that the HSS has not got for it, not even while the HSS is away.
#[test]
fn somebody_elses_identity_is_not_registered_shown_or_ended() {
    for (failure, status) in [
        (CxFailure::Experimental(5002), 403),
        (CxFailure::Experimental(5001), 403),
        (CxFailure::Timeout, 504),
        (CxFailure::Unreachable, 504),
    ] {
        for wish in [CONTACT, "", "Contact: *\nExpires: 0", "Contact: <sip:alice@192.0.2.10:5060>;expires=0"]
        {
            let host = serving().judges(Judged::Accepted).assigned(Err(failure)).registers(&[BOUND]);
            ask(&scscf(), &host, &of_bob(wish)).replies(status);
            assert!(asked(&host, "register ").is_empty(), "{wish} {failure:?}");
            assert!(asked(&host, "forget").is_empty() && host.subscriber(ALICE).is_some());
        }
    }
    let host = TestHost::new().challenged(Err(CxFailure::Experimental(5002)));
    ask(&scscf(), &host, &of_bob(CONTACT)).replies(403);
}

/// A public identity may be shared (TS 23.228 §5.2.1): the HSS says so.
#[test]
fn a_shared_identity_is_registered_shown_and_ended() {
    for wish in [CONTACT, "", "Contact: <sip:alice@192.0.2.10:5060>;expires=0"] {
        let host = serving().judges(Judged::Accepted).assigned(Ok(Some(alice(true)))).registers(&[BOUND]);
        ask(&scscf(), &host, &of_bob(wish)).replies(200);
        assert_eq!(asked(&host, "register ").len(), 1, "{wish}");
    }
}

/// "Protected" is said of who registered before, and of nobody else.
#[test]
fn somebody_elses_protection_is_no_proof() {
    let host = serving().assigned(Ok(Some(alice(true)))).challenged(Ok(1));
    ask(&with("challenge_again = false"), &host, &of_bob(CONTACT)).replies(401);
}

/// §5.4.1.2.1, table 7.8.1: a challenge that nobody answers within four minutes is told to the HSS, which forgets us again
/// (TS 29.229 §6.3.15: AUTHENTICATION_TIMEOUT); who is registered stays it.
#[test]
fn a_challenge_that_nobody_answers_is_told_to_the_hss() {
    let wait = |host: &TestHost| {
        assert!(host.advance(239_999).is_empty());
        for token in host.advance(1) {
            scscf().on_timer(&token, host);
        }
    };
    let host = TestHost::new().challenged(Ok(1)).assigned(Ok(None));
    ask(&scscf(), &host, &register(CONTACT)).replies(401);
    wait(&host);
    assert_eq!(asked(&host, "SAR"), ["SAR AuthenticationTimeout sip:alice@ims.test alice@ims.test"]);

    let host = serving().challenged(Ok(1));
    ask(&scscf(), &host, &register(CONTACT)).replies(401);
    wait(&host);
    assert!(asked(&host, "SAR").is_empty() && asked(&host, "start timer").is_empty());
}

/// Else the HSS would keep an S-CSCF assigned that nobody registers with.
#[test]
fn a_challenge_of_a_registration_that_the_hss_ends_meanwhile_is_waited_for() {
    let host = serving().challenged(Ok(1)).ended_meanwhile().assigned(Ok(None));
    ask(&scscf(), &host, &register(CONTACT)).replies(401);
    for token in host.advance(240_000) {
        scscf().on_timer(&token, &host);
    }
    assert_eq!(asked(&host, "SAR"), ["SAR AuthenticationTimeout sip:alice@ims.test alice@ims.test"]);
}

#[test]
fn an_answer_in_time_ends_the_waiting() {
    for verdict in [Judged::Accepted, Judged::Rejected] {
        let host = right().judges(verdict);
        ask(&scscf(), &host, &register(CONTACT)).said().as_ref().expect("a decision");
        let timer = "cancel timer auth alice@ims.test sip:alice@ims.test";
        assert_eq!(asked(&host, "cancel timer"), [timer], "{verdict:?}");
    }
    // meanwhile she has registered by another challenge
    let host = serving();
    scscf().on_timer("auth alice@ims.test sip:alice@ims.test", &host);
    scscf().on_timer("nonsense", &host);
    assert!(host.asked().is_empty());
}

//! Session timers (RFC 4028 §8; GSMA IR.92 §2.2.8).

use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage, ask, ask_about_reply};

use crate::world::{from_alice, pcscf, phone, registered, with};

const TIMER: &str = "Supported: timer";

/// Alice calls with these lines; Session-Expires and Min-SE as they leave.
fn sent(more: &str) -> (Vec<String>, Vec<String>) {
    let answer = ask(&with("min_se = 120"), &registered(phone()), &from_alice("INVITE", more));
    answer.relays();
    (answer.sent("Session-Expires"), answer.sent("Min-SE"))
}

fn none() -> Vec<String> {
    Vec::new()
}

/// §8.1: where nobody asked, we do; a longer one is cut, a shorter one left; none goes below Min-SE.
#[test]
fn a_timer_is_asked_for_where_nobody_did() {
    assert_eq!(sent(""), (vec!["1800".to_owned()], none()));
    assert_eq!(sent(TIMER), (vec!["1800".to_owned()], none()));
    assert_eq!(sent("Supported: timer\nSession-Expires: 600"), (vec!["600".to_owned()], none()));
    let cut = vec!["1800;refresher=uac".to_owned()];
    assert_eq!(sent("Supported: timer\nSession-Expires: 7200;refresher=uac"), (cut, none()));
    for longer in ["Min-SE: 3600", "Session-Expires: 7200\nMin-SE: 3600"] {
        assert_eq!(sent(longer), (vec!["3600".to_owned()], vec!["3600".to_owned()]), "{longer}");
    }
}

/// §8.1: one that is too short is refused, so that its sender learns, if it can; else it is raised.
#[test]
fn too_short_a_timer_is_refused_or_raised() {
    let plugin = with("min_se = 120");
    let short = "Supported: timer\nSession-Expires: 100";
    let answer = ask(&plugin, &registered(phone()), &from_alice("INVITE", short));
    answer.replies(422);
    assert_eq!(answer.sent("Min-SE"), ["120"]);
    assert_eq!(sent("Session-Expires: 100"), (vec!["120".to_owned()], vec!["120".to_owned()]));
    assert_eq!(sent("Session-Expires: 100\nMin-SE: 150"), (vec!["150".to_owned()], vec!["150".to_owned()]));
    let inside = sip!("UPDATE sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2\n{short}");
    ask(&plugin, &registered(phone()), &inside).replies(422);
    let to_phone = sip!("INVITE sip:bob@192.0.2.20 SIP/2.0\n{short}");
    ask(&plugin, &by_path(), &to_phone).replies(422);
}

/// From the S-CSCF, by our Path.
fn by_path() -> TestHost {
    TestHost::new().own_route("sip:s636f6e74616374@192.0.2.1:5060;lr")
}

#[test]
fn a_call_to_a_phone_and_a_refresh_have_one_too() {
    let call = sip!("INVITE sip:bob@192.0.2.20 SIP/2.0");
    assert_eq!(ask(&pcscf(), &by_path(), &call).sent("Session-Expires"), ["1800"]);
    for method in ["INVITE", "UPDATE"] {
        let inside = sip!("{method} sip:bob@192.0.2.20 SIP/2.0\nTo: <sip:bob@ims.test>;tag=2");
        assert_eq!(ask(&pcscf(), &registered(phone()), &inside).sent("Session-Expires"), ["1800"]);
    }
}

#[test]
fn other_requests_and_other_operators_have_none() {
    for method in ["MESSAGE", "SUBSCRIBE", "REFER"] {
        let answer = ask(&pcscf(), &registered(phone()), &from_alice(method, TIMER));
        assert!(answer.sent("Session-Expires").is_empty(), "{method}");
    }
    let off = with("session_expires = 0");
    let answer = ask(&off, &registered(phone()), &from_alice("INVITE", "Session-Expires: 10"));
    assert_eq!(answer.sent("Session-Expires"), ["10"]);
}

fn answered(request: &TestMessage, response: &TestMessage) -> (Vec<String>, Vec<String>) {
    let host = registered(phone());
    ask(&pcscf(), &host, request).relays();
    let answer = ask_about_reply(&pcscf(), &host, response);
    (answer.sent("Session-Expires"), answer.sent("Require"))
}

/// §8.2: a callee that knows no timers leaves the refreshes to a caller that does.
#[test]
fn what_a_2xx_settles() {
    let (knows, ignores) = (from_alice("INVITE", TIMER), from_alice("INVITE", ""));
    let set = (vec!["1800;refresher=uac".to_owned()], vec!["timer".to_owned()]);
    assert_eq!(answered(&knows, &sip!("SIP/2.0 200 OK")), set);
    assert_eq!(answered(&knows, &sip!("SIP/2.0 200 OK\nRequire: timer")), set);
    let own = (vec!["900;refresher=uas".to_owned()], none());
    assert_eq!(answered(&knows, &sip!("SIP/2.0 200 OK\nSession-Expires: 900;refresher=uas")), own);
    assert_eq!(answered(&ignores, &sip!("SIP/2.0 200 OK")), (none(), none()));
    for status in [180, 183, 486] {
        assert_eq!(answered(&knows, &sip!("SIP/2.0 {status} So")), (none(), none()), "{status}");
    }
}

//! RFC 3325 and RFC 3323: who is said to call.

use crate::support::{DOMAIN, Message, Peer, Request, Router, Setup, at, peer::with_credentials};

/// The request as the phone gets it; the phone says 200.
#[track_caller]
fn relayed(caller: &Peer, callee: &Peer, request: &Request) -> Message {
    caller.send(request);
    let came = callee.expect(&request.method);
    callee.answer(&came, 200, "b", "");
    caller.expect("200");
    came
}

/// §5, §9.1: a claim from outside is taken away, the proved identity put in.
#[test]
fn what_a_caller_claims_is_replaced_by_what_is_known() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let claims = "P-Asserted-Identity: \"Boss\" <sip:boss@example.test>, <tel:+4930110>\n\
                  P-Asserted-Identity: <sip:other@example.test>\nP-Preferred-Identity: <sip:boss@example.test>";
    let came = relayed(&caller, &callee, &Request::new("MESSAGE", "alice", "bob").with(claims));
    assert_eq!(came.all("P-Asserted-Identity"), [format!("<{}>", at("alice"))]);
    assert!(!came.has("P-Preferred-Identity"));
    for from in ["sip:alice@EXAMPLE.test", "sip:%61lice@example.test", "sip:alice@example.test;user=phone"] {
        let came = relayed(&caller, &callee, &Request::new("MESSAGE", from, "bob"));
        assert_eq!(came.all("P-Asserted-Identity"), [format!("<{}>", at("alice"))], "{from}");
        assert!(came.get("From").starts_with(&format!("<{from}>")), "the From is the caller's own");
    }
}

/// §9.2: which of its identities a caller wants to be known by; its From may hide it (RFC 3323 §4.1.1.3).
#[test]
fn a_caller_may_hide_its_from_and_prefer_an_identity() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let hidden = || Request::new("MESSAGE", "sip:anonymous@anonymous.invalid", "bob");
    let preferred = format!("P-Preferred-Identity: \"Alice\" <{}>", at("alice"));
    let came = relayed(&caller, &callee, &hidden().with(&preferred));
    assert_eq!(came.all("P-Asserted-Identity"), [format!("<{}>", at("alice"))]);
    assert_eq!(caller.ask(&hidden()).status(), 403, "nobody");
    let bobs = format!("P-Preferred-Identity: <{}>", at("carol"));
    assert_eq!(caller.ask(&hidden().with(&bobs)).status(), 403, "carol is not registered");
}

/// §7: who wants `Privacy: id` is not named to phones.
#[test]
fn who_wants_privacy_is_not_named() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    for privacy in ["id", "header;id", "header; ID;critical"] {
        let lines = format!("Privacy: {privacy}\nP-Asserted-Identity: <sip:x@y>");
        let came = relayed(&caller, &callee, &Request::new("MESSAGE", "alice", "bob").with(&lines));
        assert!(!came.has("P-Asserted-Identity"), "{privacy}");
        assert_eq!(came.get("Privacy"), privacy);
    }
    let came = relayed(&caller, &callee, &Request::new("MESSAGE", "alice", "bob").with("Privacy: none"));
    assert!(came.has("P-Asserted-Identity"));
}

/// Only registered users may call, from where they registered or with credentials.
#[test]
fn callers_who_are_not_registered_are_refused() {
    let mut router = Router::start();
    let (_caller, mut callee) = router.pair();
    let stranger = router.peer();
    for from in ["nobody", "carol", "sip:x@elsewhere.test", "sip:anonymous@anonymous.invalid", "tel:+4930123"]
    {
        for method in ["INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "BYE", "WHATEVER"] {
            let request = Request::new(method, from, "bob");
            let refused = stranger.ask(&request);
            assert_eq!(refused.status(), 403, "{method} from {from}");
            if method == "INVITE" {
                stranger.send(&request.follow_up("ACK", refused.tag("To")));
            }
        }
    }
    router.nothing_for(&mut callee);
    let elsewhere = Peer::on("127.0.0.2", router.sip);
    let request = Request::new("MESSAGE", "alice", "bob");
    let challenged = elsewhere.ask(&request);
    assert_eq!(challenged.status(), 407);
    let again = with_credentials(&request, &challenged, "alice", crate::support::PASSWORD, 1);
    let came = relayed(&elsewhere, &callee, &again);
    assert_eq!(came.all("P-Asserted-Identity"), [format!("<{}>", at("alice"))]);
}

/// The plugin's `trust_source = false`: a place is no proof.
#[test]
fn every_call_can_be_asked_for_credentials() {
    let router = Router::with(Setup { plugin: "trust_source = false", ..Setup::default() });
    let (caller, callee) = router.pair();
    let request = Request::new("MESSAGE", "alice", "bob");
    let challenged = caller.ask(&request);
    assert_eq!(challenged.status(), 407);
    assert!(challenged.get("Proxy-Authenticate").contains(&format!("realm=\"{DOMAIN}\"")));
    relayed(&caller, &callee, &with_credentials(&request, &challenged, "alice", crate::support::PASSWORD, 1));
}

//! RFC 3261 §16.7: responses of several phones, of which one goes upstream.

use crate::support::{Call, Message, Peer, Request, Router, peer::phones};

/// Three phones that ring for one user.
fn ringing(router: &Router) -> (Peer, Vec<Peer>) {
    (router.phone("alice"), phones(router, "bob", &["", "", ""]))
}

/// All of them answer; what the caller gets.
#[track_caller]
fn best(router: &mut Router, caller: &mut Peer, callees: &[Peer], answers: [(u16, &str); 3]) -> Message {
    let sent = Request::new("INVITE", "alice", "bob");
    caller.send(&sent);
    for (callee, (status, more)) in callees.iter().zip(answers) {
        let came = callee.expect("INVITE");
        callee.answer(&came, status, "b", more);
        callee.expect("ACK");
    }
    let best = caller.final_response();
    caller.send(&sent.follow_up("ACK", best.tag("To")));
    router.nothing_for(caller);
    best
}

/// Items 5 and 6.
#[test]
fn the_best_of_all_final_responses_goes_upstream() {
    let mut router = Router::start();
    let (mut caller, callees) = ringing(&router);
    for (statuses, expected) in [
        ([404, 486, 503], 404),
        ([500, 486, 603], 603),
        ([302, 404, 500], 302),
        ([408, 480, 500], 480),
        ([486, 415, 404], 415),
        // "the proxy SHOULD NOT forward a 503"
        ([503, 503, 503], 500),
    ] {
        let answers = statuses.map(|status| (status, "Contact: <sip:elsewhere@192.0.2.1>"));
        let best = best(&mut router, &mut caller, &callees, answers);
        assert_eq!(best.status(), expected, "{statuses:?}");
        // a redirection is the caller's to follow, with its Contacts
        assert_eq!(expected == 302, best.get("Contact").contains("elsewhere") && expected < 400);
    }
}

/// Item 7.
#[test]
fn challenges_are_collected() {
    let mut router = Router::start();
    let (mut caller, callees) = ringing(&router);
    let answers = [
        (401, "WWW-Authenticate: Digest realm=\"one\", nonce=\"1\""),
        (407, "Proxy-Authenticate: Digest realm=\"two\", nonce=\"2\""),
        (
            407,
            "Proxy-Authenticate: Digest realm=\"three\", nonce=\"3\"\nProxy-Authenticate: Digest realm=\"four\"",
        ),
    ];
    let best = best(&mut router, &mut caller, &callees, answers);
    assert!(matches!(best.status(), 401 | 407));
    assert_eq!((best.all("WWW-Authenticate").len(), best.all("Proxy-Authenticate").len()), (1, 3));
}

/// Item 10 and RFC 3326.
#[test]
fn the_first_to_answer_has_the_call_and_the_others_stop_ringing() {
    let mut router = Router::start();
    let (mut caller, callees) = ringing(&router);
    let sent = Request::new("INVITE", "alice", "bob");
    caller.send(&sent);
    let came: Vec<_> = callees.iter().map(|callee| callee.expect("INVITE")).collect();
    for (callee, came) in callees.iter().zip(&came) {
        callee.answer(came, 180, "r", "");
        caller.expect("180");
    }
    callees[1].answer(&came[1], 200, "b1", &format!("Contact: <sip:bob@{}>", callees[1].own()));
    assert_eq!(caller.expect("200").tag("To"), "b1");
    // item 5: a 2xx that crosses the CANCEL is passed on too
    callees[2].expect("CANCEL");
    callees[2].answer(&came[2], 200, "b2", "");
    assert_eq!(caller.expect("200").tag("To"), "b2");

    let cancel = callees[0].expect("CANCEL");
    assert!(cancel.get("Reason").contains("cause=200"), "{}", cancel.text());
    callees[0].answer(&cancel, 200, "r", "");
    callees[0].answer(&came[0], 487, "r", "");
    callees[0].expect("ACK");
    router.nothing_for(&mut caller);
}

/// Item 5: a 6xx ends the search, but a 2xx that comes still wins.
#[test]
fn a_6xx_ends_the_search() {
    let mut router = Router::start();
    let (caller, callees) = ringing(&router);
    let mut later = phones(&router, "bob", &["0.1"]);
    let call = Call::ringing(&caller, &callees[0], "bob");
    let came = [callees[1].expect("INVITE"), callees[2].expect("INVITE")];
    for (callee, came) in callees[1..].iter().zip(&came) {
        callee.answer(came, 180, "r", "");
        caller.expect("180");
    }
    callees[0].answer(&call.came, 603, "b0", "");
    callees[0].expect("ACK");
    for (callee, came) in callees[1..].iter().zip(&came) {
        callee.expect("CANCEL");
        callee.answer(came, 487, "r", "");
        callee.expect("ACK");
    }
    let declined = caller.expect("603");
    call.acknowledge(&caller, &declined);
    router.nothing_for(&mut later[0]);

    let call = Call::ringing(&caller, &callees[0], "bob");
    callees[0].answer(&call.came, 600, "b0", "");
    let came = callees[1].expect("INVITE");
    callees[1].answer(&came, 200, "b1", "");
    assert_eq!(caller.expect("200").tag("To"), "b1");
}

/// Item 5 for other methods: one 2xx and no more, and nobody is cancelled (§9.1).
#[test]
fn a_message_has_one_answer() {
    let mut router = Router::start();
    let (mut caller, mut callees) = ringing(&router);
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    let came: Vec<_> = callees.iter().map(|callee| callee.expect("MESSAGE")).collect();
    for (callee, came) in callees.iter().zip(&came) {
        callee.answer(came, 200, "b", "");
    }
    caller.expect("200");
    router.nothing_for(&mut caller);
    router.nothing_for(&mut callees[0]);
}

/// Items 2, 3 and §18.1.2: what is no answer to anything of ours goes nowhere.
#[test]
fn stray_responses_are_dropped() {
    let mut router = Router::start();
    let (mut caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    caller.expect("100");
    let text = call.came.text();
    let with = |from: &str, to: &str| {
        let mut stray = call.came.clone();
        for (name, value) in &mut stray.headers {
            if name == "Via" {
                *value = value.replace(from, to);
            }
        }
        assert_ne!(stray.headers, call.came.headers, "{from}: {text}");
        stray
    };
    callee.answer(&with("branch=z9hG4bK", "branch=z9hG4bKx"), 200, "b", "");
    callee.answer(&with("branch=z9hG4bK", "branch=y"), 200, "b", "");
    let mut alone = call.came.clone();
    alone.headers.retain(|(name, value)| name != "Via" || !value.contains(&caller.own()));
    callee.answer(&alone, 200, "b", "");
    let mut other = call.came.clone();
    other
        .headers
        .iter_mut()
        .filter(|(name, _)| name == "CSeq")
        .for_each(|(_, value)| *value = "1 BYE".into());
    callee.answer(&other, 200, "b", "");
    // item 2: a 100 stays here
    callee.answer(&call.came, 100, "", "");
    router.nothing_for(&mut caller);
    callee.answer(&call.came, 200, "b", "");
    caller.expect("200");
}

/// §16.9: a phone that is gone is not waited for.
#[test]
fn a_phone_that_is_gone_is_known_at_once() {
    let router = Router::start();
    let caller = router.phone("alice");
    let mut callees = phones(&router, "bob", &["1.0", "0.5"]);
    drop(callees.remove(0));
    let call = Call::ringing(&caller, &callees[0], "bob");
    callees[0].answer(&call.came, 486, "b", "");
    assert_eq!(caller.final_response().status(), 486);
    drop(callees);
    let refused = caller.ask(&Request::new("MESSAGE", "alice", "bob"));
    assert_eq!(refused.status(), 500, "a 503 would be said of ourselves: {}", refused.text());
}

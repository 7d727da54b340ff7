//! RFC 3261 §22 with RFC 7616 and RFC 8760: digest.

use crate::support::peer::{credentials_for, registration, with_credentials};
use crate::support::{DOMAIN, Message, PASSWORD, Peer, Request, Router};

fn challenged(phone: &Peer) -> (Request, Message) {
    let request = registration("alice", &phone.own(), "");
    let challenged = phone.ask(&request);
    assert_eq!(challenged.status(), 401, "{}", challenged.text());
    (request, challenged)
}

/// RFC 8760 §2.3: one challenge for each algorithm, the preferred one first; either may be answered.
#[test]
fn every_algorithm_that_is_offered_is_taken() {
    let router = Router::start();
    let phone = router.peer();
    let (mut request, first) = challenged(&phone);
    let challenges = first.all("WWW-Authenticate");
    assert_eq!(challenges.len(), 2);
    for (challenge, algorithm) in challenges.iter().zip(["SHA-256", "MD5"]) {
        assert!(challenge.starts_with("Digest ") && challenge.contains(&format!("algorithm={algorithm}")));
        assert!(challenge.contains(&format!("realm=\"{DOMAIN}\"")) && challenge.contains("qop=\"auth\""));
        request = request.again();
        let credentials = credentials_for(challenge, &request, "alice", PASSWORD, 1);
        let answered = phone.ask(&request.clone().with(&format!("Authorization: {credentials}")));
        assert_eq!(answered.status(), 200, "{algorithm}");
    }
}

#[test]
fn wrong_credentials_are_challenged_again() {
    let router = Router::start();
    let phone = router.peer();
    let (request, first) = challenged(&phone);
    let challenge = first.get("WWW-Authenticate");
    let right = credentials_for(challenge, &request, "alice", PASSWORD, 1);
    let nonce = challenge.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    for (what, wrong) in [
        ("password", credentials_for(challenge, &request, "alice", "guess", 1)),
        ("user", credentials_for(challenge, &request, "mallory", PASSWORD, 1)),
        ("realm", credentials_for(&challenge.replace(DOMAIN, "other.test"), &request, "alice", PASSWORD, 1)),
        ("nonce", credentials_for(&challenge.replace(nonce, "forged"), &request, "alice", PASSWORD, 1)),
        (
            "qop",
            credentials_for(&challenge.replace("\"auth\"", "\"auth-int\""), &request, "alice", PASSWORD, 1)
                .replace("auth-int", "other"),
        ),
        ("scheme", right.replace("Digest ", "Basic ")),
        ("nothing", "Digest".into()),
    ] {
        let answered = phone.ask(&request.again().with(&format!("Authorization: {wrong}")));
        assert_eq!(answered.status(), 401, "{what}: {}", answered.text());
        assert!(!answered.get("WWW-Authenticate").contains("stale=true"), "{what}");
    }
}

/// RFC 7616 §3.4: each count of a nonce is good once; counts may be left out.
#[test]
fn a_nonce_count_is_not_taken_twice() {
    let router = Router::start();
    let phone = router.peer();
    let (request, first) = challenged(&phone);
    let answered = |nc| phone.ask(&with_credentials(&request, &first, "alice", PASSWORD, nc)).status();
    // the CSeq is the same each time: 500 by §10.3 item 7, which is asked after the credentials
    assert_eq!([answered(1), answered(1), answered(2), answered(9)], [200, 401, 500, 500]);
}

/// §22.3, §22.1: several realms at once.
#[test]
fn credentials_for_others_are_passed_over_and_passed_on() {
    let router = Router::start();
    let (alice, callee) = router.pair();
    let elsewhere = Peer::on("127.0.0.2", router.sip);
    let request = Request::new("MESSAGE", "alice", "bob");
    let first = elsewhere.ask(&request);
    assert_eq!((first.status(), first.all("Proxy-Authenticate").len()), (407, 2), "{}", first.text());
    let challenge = first.get("Proxy-Authenticate");
    let own = credentials_for(challenge, &request, "alice", PASSWORD, 1);
    let other = credentials_for(&challenge.replace(DOMAIN, "other.test"), &request, "alice", "x", 1);
    let lines = format!("Proxy-Authorization: {other}\nProxy-Authorization: {own}");
    elsewhere.send(&request.again().with(&lines));
    let came = callee.expect("MESSAGE");
    assert_eq!(came.all("Proxy-Authorization"), [other.as_str()], "ours are for nobody else");
    callee.answer(&came, 200, "b", "");
    elsewhere.expect("200");
    // somebody else's credentials are not alice's
    let bobs = credentials_for(challenge, &request, "bob", PASSWORD, 2);
    let refused = elsewhere.ask(&request.again().with(&format!("Proxy-Authorization: {bobs}")));
    assert_eq!(refused.status(), 403);
    drop(alice);
}

/// §22.1 with §17.2.1: a challenge to an INVITE is repeated until its ACK.
#[test]
fn a_challenge_to_an_invite_wants_an_ack() {
    let router = Router::with(crate::support::Setup { timers: (50, 200), ..Default::default() });
    let (_alice, _callee) = router.pair();
    let elsewhere = Peer::on("127.0.0.2", router.sip);
    let request = Request::new("INVITE", "alice", "bob");
    let first = elsewhere.ask(&request);
    assert_eq!(first.status(), 407);
    assert_eq!(elsewhere.expect("407").raw, first.raw);
    elsewhere.send(&request.follow_up("ACK", first.tag("To")));
}

//! Splits by other keys than the subscriber, and matches (docs/operating.md): which requests a candidate gets.

use crate::support::{DOMAIN, Peer, Request, Router};
use crate::versions::{command, push, told, version};

/// A router whose version 2 is checked, and has nothing yet.
fn two_versions() -> Router {
    let router = Router::start();
    assert_eq!(push(&router, "")["state"], "checked");
    router
}

fn split(router: &Router, arguments: &[&str]) -> String {
    command(router, &[&["split", "--role", "edge", "2"], arguments].concat())
}

/// The version that is asked about this request.
#[track_caller]
fn asked(router: &Router, peer: &Peer, request: &Request) -> u64 {
    let calls = || [1, 2].map(|number| version(router, number)["calls"].as_u64().expect("a number"));
    let before = calls();
    assert!(peer.ask(request).status() >= 200);
    let after = calls();
    match (after[0] > before[0], after[1] > before[1]) {
        (true, false) => 1,
        (false, true) => 2,
        both => panic!("{both:?}: one of the two is asked"),
    }
}

#[test]
fn a_call_id_is_the_key_of_a_call_whosever_it_is() {
    let router = two_versions();
    let line = split(&router, &["50", "--key", "call-id"]);
    assert!(line.contains("50.0%") && line.contains("; by call-id"), "{line}");
    let peer = router.peer();
    let met: Vec<u64> = (0..24)
        .map(|_| {
            let first = Request::new("MESSAGE", "alice", "bob");
            let number = asked(&router, &peer, &first);
            assert_eq!(asked(&router, &peer, &first.again()), number, "{}", first.call_id);
            number
        })
        .collect();
    assert!(met.contains(&1) && met.contains(&2), "{met:?} of one subscriber");
    // another share alone leaves the key as it is; a key alone takes the rest away
    assert!(split(&router, &["60"]).contains("; by call-id"));
    assert!(!split(&router, &["60", "--key", "impu"]).contains("; by"));
}

#[test]
fn a_header_field_is_a_key_and_what_has_none_is_the_active_versions() {
    let router = two_versions();
    split(&router, &["50", "--key", "header:X-Tenant"]);
    let peer = router.peer();
    let of = |tenant: &str, user: &str| {
        let request = Request::new("MESSAGE", user, "bob").with(&format!("X-Tenant: {tenant}"));
        asked(&router, &peer, &request)
    };
    let met: Vec<u64> = (0..16).map(|n| of(&format!("tenant{n}"), "alice")).collect();
    assert!(met.contains(&1) && met.contains(&2), "{met:?}");
    let again: Vec<u64> = (0..16).map(|n| of(&format!("tenant{n}"), "carol")).collect();
    assert_eq!(met, again, "whoever it is");
    for n in 0..8 {
        assert_eq!(asked(&router, &peer, &Request::new("MESSAGE", &format!("user{n}"), "bob")), 1);
    }
}

#[test]
fn an_address_is_a_key() {
    let router = two_versions();
    split(&router, &["99.9", "--key", "source"]);
    let peer = router.peer();
    let met: Vec<u64> =
        (0..8).map(|n| asked(&router, &peer, &Request::new("MESSAGE", &format!("user{n}"), "bob"))).collect();
    assert!(met.iter().all(|number| *number == met[0]), "{met:?} from one address");
}

#[test]
fn a_list_of_subscribers_has_the_candidate_in_all_that_they_send() {
    let router = two_versions();
    let list = router.folder().join("testers");
    std::fs::write(&list, format!("# ours\nsip:alice@{DOMAIN}:5060\nsip:bob@{DOMAIN}\n")).expect("written");
    let line = split(&router, &["100", "--identity", &list.display().to_string()]);
    assert!(line.contains("100.0%") && line.contains("only 2 identities"), "{line}");
    assert_eq!(version(&router, 1)["share"], 1000, "a match takes nothing of the scale");
    let peer = router.peer();
    for (user, number) in [("alice", 2), ("bob", 2), ("carol", 1)] {
        for method in ["REGISTER", "MESSAGE", "SUBSCRIBE"] {
            let to = if method == "REGISTER" { user } else { "dave" };
            assert_eq!(asked(&router, &peer, &Request::new(method, user, to)), number, "{method} of {user}");
        }
        let which = told(&router, "GET", &format!("/which?identity=sip:{user}@{DOMAIN}"), b"");
        assert_eq!(which["number"], number, "{user}");
    }
    let seen = version(&router, 2).to_string();
    assert!(!seen.contains("alice"), "who they are is not told: {seen}");
    assert!(command(&router, &["history"]).contains("split #2 edge 0.1.0, 100.0%, only 2 identities"));
}

#[test]
fn methods_have_the_candidate_and_others_do_not() {
    let router = two_versions();
    split(&router, &["100", "--method", "MESSAGE,SUBSCRIBE"]);
    let peer = router.peer();
    for (method, number) in [("MESSAGE", 2), ("SUBSCRIBE", 2), ("REGISTER", 1)] {
        let to = if method == "REGISTER" { "alice" } else { "bob" };
        assert_eq!(asked(&router, &peer, &Request::new(method, "alice", to)), number, "{method}");
    }
}

/// Whoever is registered by way of it; what he sends later need not say so.
#[test]
fn subscribers_of_an_edge_have_the_candidate() {
    let router = two_versions();
    split(&router, &["100", "--pcscf", "edge1.test"]);
    let mut peer = router.peer();
    let calls = |number| version(&router, number)["calls"].as_u64().expect("a number");
    for (user, edge, number) in [("alice", "edge1.test", 2), ("bob", "edge2.test:5070", 1)] {
        let before = calls(3 - number);
        let path = format!("Supported: path\nPath: <sip:border.test;lr>, <sip:term@{edge};lr>");
        assert_eq!(peer.register(user, &path).status(), 200);
        assert_eq!(calls(3 - number), before, "{user}");
        assert_eq!(asked(&router, &peer, &Request::new("MESSAGE", user, "nobody")), number, "{user}");
    }
    assert_eq!(
        asked(&router, &peer, &Request::new("MESSAGE", "carol", "nobody")),
        1,
        "who is not registered"
    );
}

#[test]
fn terms_that_are_none_are_refused_and_nothing_changes() {
    let router = two_versions();
    let split =
        |query: &str, body: &[u8]| router.http("POST", &format!("/plugins/edge/2/split?{query}"), body);
    let many = "sip:a@x\n".repeat(100_001);
    for (query, body, words) in [
        ("share=1000", &b""[..], "1000 tenths of a percent is none"),
        ("share=1001&method=INVITE", b"", "1001 tenths of a percent is none"),
        ("share=10&key=port", b"", "a key is impu, call-id, source or header:NAME"),
        ("share=10&key=header:", b"", "a key is"),
        ("share=10&method=IN%20VITE", b"", "is no method"),
        ("share=10&method=", b"", "is no method"),
        ("share=10&pcscf=sip:term@pcscf", b"", "is no edge"),
        ("share=10", b"sip:a@x\nalice\n", "identity 2 of the list"),
        ("share=10", many.as_bytes(), "at most 100000 identities"),
    ] {
        let (status, told) = split(query, body);
        assert_eq!(status, 422, "{query}: {told}");
        assert!(told.contains(words), "{query}: {told}");
    }
    assert_eq!(split("share=10&weight=1", b"").0, 400);
    assert_eq!(
        (&version(&router, 2)["state"], &version(&router, 1)["share"]),
        (&"checked".into(), &1000.into())
    );
}

//! RFC 5393 with RFC 3261 §16.3 item 4: loops are found, spirals pass, and the breadth of forking is bounded.

use crate::support::{DOMAIN, Request, Router, at, peer::phones};

/// §4.2, §16.6 item 8: it comes back by another name, and goes on.
#[test]
fn a_spiral_passes() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let mut forwarding = router.peer();
    for contact in [at("bob"), format!("sip:bob@{}", router.sip), format!("sip:bob@{DOMAIN};transport=tcp")] {
        forwarding.register("carol", "Contact: *\nExpires: 0");
        forwarding.register("carol", &format!("Contact: <{contact}>"));
        caller.send(&Request::new("MESSAGE", "alice", "carol"));
        if contact.ends_with("tcp") {
            // over a connection of the router's own nobody is registered: the caller has to say who it is
            assert_eq!(caller.final_response().status(), 407);
            continue;
        }
        let came = callee.expect("MESSAGE");
        assert_eq!(came.all("Via").len(), 3, "{contact}: {}", came.text());
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
}

#[test]
fn a_loop_is_a_482() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    let mut forwarding = router.peer();
    forwarding.register("carol", &format!("Contact: <{}>", at("carol")));
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "carol")).status(), 482);
    forwarding.register("carol", "Contact: *\nExpires: 0");
    forwarding.register("carol", &format!("Contact: <{}>", at("dave")));
    forwarding.register("dave", &format!("Contact: <{}>", at("carol")));
    assert_eq!(caller.ask(&Request::new("INVITE", "alice", "carol")).status(), 482);
}

/// §5.3.
#[test]
fn breadth_is_shared_out_and_not_exceeded() {
    let mut router = Router::start();
    let caller = router.phone("alice");
    let mut callees = phones(&router, "bob", &["", "", ""]);
    let message = |breadth: &str| Request::new("MESSAGE", "alice", "bob").with(breadth);
    for (breadth, shares) in [("", [20, 20, 20]), ("Max-Breadth: 5", [2, 2, 1])] {
        caller.send(&message(breadth));
        for (callee, share) in callees.iter().zip(shares) {
            let came = callee.expect("MESSAGE");
            assert_eq!(came.get("Max-Breadth"), share.to_string(), "{breadth}");
            callee.answer(&came, 200, "b", "");
        }
        caller.expect("200");
    }
    // §5.3.3.1: one after the other where there is no breadth for more
    caller.send(&message("Max-Breadth: 1"));
    for n in 0..3 {
        let came = callees[n].expect("MESSAGE");
        assert_eq!(came.get("Max-Breadth"), "1");
        for later in &mut callees[n + 1..] {
            router.nothing_for(later);
        }
        callees[n].answer(&came, 404, "b", "");
    }
    assert_eq!(caller.final_response().status(), 404);
    assert_eq!(caller.ask(&message("Max-Breadth: 0")).status(), 440);
    assert_eq!(caller.ask(&message("Max-Breadth: many")).status(), 400);
}

//! RFC 3261 §16.4 and §16.12: Route header fields, and who may use them.

use crate::support::{Call, Request, Router, at};

/// §16.4: a strict router before us has put our Record-Route into the Request-URI.
#[test]
fn a_strict_router_before_us_is_understood() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    let mut info = call.sent.within(&ok, "INFO", 2);
    let own = ok.get("Record-Route").trim_matches(['<', '>']).to_owned();
    info.more = format!("Route: <{}>\r\n", std::mem::replace(&mut info.uri, own));
    caller.send(&info);
    let came = callee.expect("INFO");
    assert_eq!((came.uri(), came.has("Route")), (format!("sip:bob@{}", callee.own()).as_str(), false));
}

/// §16.6 item 6: one behind us gets what it expects.
#[test]
fn a_strict_router_behind_us_is_served() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    let next = router.peer();
    let routes = format!("Route: <sip:{};lr>, <sip:{}>, <sip:far.test;lr>", router.sip, next.own());
    caller.send(&Request::new("OPTIONS", "alice", "sip:x@192.0.2.1").with(&routes));
    let came = next.expect("OPTIONS");
    assert_eq!(came.uri(), format!("sip:{}", next.own()));
    assert_eq!(came.list("Route"), ["<sip:far.test;lr>", "<sip:x@192.0.2.1>"]);
}

/// §16.12: a Route that does not name us is where it goes, for those who may.
#[test]
fn a_registered_caller_may_route_over_others() {
    let router = Router::start();
    let (caller, _callee) = router.pair();
    let next = router.peer();
    let route = format!("<sip:{};lr>", next.own());
    caller.send(&Request::new("OPTIONS", "alice", "sip:x@192.0.2.1").with(&format!("Route: {route}")));
    let came = next.expect("OPTIONS");
    assert_eq!((came.uri(), came.get("Route")), ("sip:x@192.0.2.1", route.as_str()));
    next.answer(&came, 200, "n", "");
    assert_eq!(caller.final_response().status(), 200);
}

/// Nobody else may, whatever the Route says: no open relay.
#[test]
fn a_stranger_sends_nothing_to_others_through_us() {
    let mut router = Router::start();
    let (caller, mut callee) = router.pair();
    let (_, ok) = Call::established(&caller, &callee);
    let (stranger, mut victim) = (router.peer(), router.peer());
    let target = format!("sip:victim@{}", victim.own());
    let (us, token) = (format!("<sip:{};lr>", router.sip), ok.get("Record-Route").to_owned());
    for routes in [
        String::new(),
        format!("Route: {us}"),
        format!("Route: {us}, <sip:{};lr>", victim.own()),
        format!("Route: <sip:{};lr>", victim.own()),
        // ours, of somebody else's dialog
        format!("Route: {token}"),
        format!("Route: <sip:0123456789abcdef@{};lr>", router.sip),
    ] {
        for to_tag in ["", "tag"] {
            for method in ["INVITE", "MESSAGE", "BYE", "ACK", "REGISTER"] {
                let mut request = Request::new(method, "sip:x@elsewhere.test", &target).with(&routes);
                request.to_tag = to_tag.into();
                if method == "ACK" {
                    stranger.send(&request);
                    continue;
                }
                let refused = stranger.ask(&request);
                assert_eq!(refused.status(), 403, "{method} {routes}: {}", refused.text());
                if method == "INVITE" {
                    stranger.send(&request.follow_up("ACK", refused.tag("To")));
                }
            }
        }
    }
    router.nothing_for(&mut victim);
    router.nothing_for(&mut callee);
}

/// §16.4: maddr that names us by the port that it came in on goes, with port and transport.
#[test]
fn a_maddr_of_ours_is_taken_off() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let uri = format!("{}:{};maddr=127.0.0.1;x=y", at("bob"), router.sip.port());
    caller.send(&Request::new("MESSAGE", "alice", "bob").uri(&uri));
    callee.expect("MESSAGE");
}

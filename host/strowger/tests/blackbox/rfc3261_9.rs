//! RFC 3261 §9 and §16.10: CANCEL.

use crate::support::{Call, Request, Router};

#[test]
fn a_call_that_rings_is_cancelled() {
    let mut router = Router::start();
    let (caller, mut callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 180, "b", "");
    caller.expect("180");

    let answered = call.cancel(&caller);
    assert_eq!(answered.status(), 200);
    let cancel = callee.expect("CANCEL");
    // §9.1: what it must have in common with the INVITE
    assert_eq!(cancel.uri(), call.came.uri());
    assert_eq!(cancel.all("Via"), [call.came.all("Via")[0]], "our own Via, and only that");
    for same in ["From", "To", "Call-ID"] {
        assert_eq!(cancel.get(same), call.came.get(same), "{same}");
    }
    assert_eq!(cancel.get("CSeq"), "1 CANCEL");
    callee.answer(&cancel, 200, "b", "");
    callee.answer(&call.came, 487, "b", "");
    assert_eq!(callee.expect("ACK").get("CSeq"), "1 ACK");
    let ended = caller.expect("487");
    // §9.2: the To tags of both answers should be the same; a proxy passes the phone's on with the 487
    assert_eq!(ended.tag("To"), "b");
    call.acknowledge(&caller, &ended);
    router.nothing_for(&mut callee);
}

/// §9.1: before a provisional response no CANCEL may leave.
#[test]
fn the_cancel_waits_for_a_provisional_response() {
    let mut router = Router::start();
    let (caller, mut callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    assert_eq!(call.cancel(&caller).status(), 200);
    router.nothing_for(&mut callee);
    callee.answer(&call.came, 100, "", "");
    let cancel = callee.expect("CANCEL");
    callee.answer(&cancel, 200, "b", "");
    callee.answer(&call.came, 487, "b", "");
    callee.expect("ACK");
    caller.expect("487");
}

#[test]
fn a_cancel_right_behind_its_invite_ends_it() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let sent = Request::new("INVITE", "alice", "bob");
    caller.send(&sent);
    caller.send(&sent.follow_up("CANCEL", ""));
    caller.expect("100");
    assert_eq!(caller.final_response().get("CSeq"), "1 CANCEL");
    let came = callee.expect("INVITE");
    callee.answer(&came, 180, "b", "");
    callee.expect("CANCEL");
    caller.expect("180");
    callee.answer(&came, 487, "b", "");
    caller.expect("487");
}

#[test]
fn a_200_that_crosses_the_cancel_wins() {
    let mut router = Router::start();
    let (mut caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 180, "b", "");
    caller.expect("180");
    call.cancel(&caller);
    let cancel = callee.expect("CANCEL");
    callee.answer(&call.came, 200, "b", &format!("Contact: <sip:bob@{}>", callee.own()));
    callee.answer(&cancel, 481, "b", "");
    assert_eq!(caller.expect("200").get("CSeq"), "1 INVITE");
    // §9.2: it has no effect any more
    assert_eq!(call.cancel(&caller).status(), 200);
    router.nothing_for(&mut caller);
}

#[test]
fn a_cancel_of_nothing_is_a_481() {
    let router = Router::start();
    let stranger = router.peer();
    let request = Request::new("CANCEL", "alice", "bob");
    assert_eq!(stranger.ask(&request).status(), 481);
}

/// §9.1: no Require and Proxy-Require belong there; §9.2 does not look at them. RFC 3326 §2: its Reason goes along.
#[test]
fn proxy_require_hinders_no_cancel_and_its_reason_is_passed_on() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 180, "b", "");
    caller.expect("180");
    let reason = "SIP;cause=480;text=\"No time\"";
    let cancel = call.sent.follow_up("CANCEL", "").with("Proxy-Require: nothing-known");
    caller.send(&cancel.with(&format!("Reason: {reason}")));
    assert_eq!(caller.final_response().status(), 200);
    assert_eq!(callee.expect("CANCEL").all("Reason"), [reason]);
}

/// §9.2: only an INVITE can be cancelled.
#[test]
fn a_message_is_not_cancelled() {
    let mut router = Router::start();
    let (caller, mut callee) = router.pair();
    let sent = Request::new("MESSAGE", "alice", "bob");
    caller.send(&sent);
    let came = callee.expect("MESSAGE");
    caller.send(&sent.follow_up("CANCEL", ""));
    assert_eq!(caller.final_response().get("CSeq"), "1 CANCEL");
    router.nothing_for(&mut callee);
    callee.answer(&came, 200, "b", "");
    assert_eq!(caller.final_response().get("CSeq"), "1 MESSAGE");
}

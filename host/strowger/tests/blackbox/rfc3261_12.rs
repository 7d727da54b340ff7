//! RFC 3261 §12 to §15, as a record-routing proxy takes part in them: whatever follows an INVITE finds its way.

use crate::support::{Call, DOMAIN, Request, Router};

#[test]
fn requests_inside_a_dialog_go_both_ways() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    for (cseq, method) in (2..).zip(["INFO", "UPDATE", "PRACK", "INVITE", "REFER", "WHATEVER"]) {
        let own = format!("sip:bob@{}", callee.own());
        caller.send(&call.sent.within(&ok, method, cseq));
        let came = callee.expect(method);
        assert_eq!((came.uri(), came.has("Route")), (own.as_str(), false), "{}", came.text());
        callee.answer(&came, 200, "b", &format!("Contact: <{own}>"));
        let answered = caller.expect("200");
        if method == "INVITE" {
            caller.send(&call.sent.within(&ok, "ACK", cseq));
            assert_eq!(callee.expect("ACK").get("CSeq"), format!("{cseq} ACK"));
            assert_eq!(answered.all("Record-Route"), came.all("Record-Route"), "nothing new is recorded");
        }
        let back = Request::back(&call.came, "b", method, cseq);
        callee.send(&back);
        let came = caller.expect(method);
        assert!(!came.has("Route") && came.uri().starts_with("sip:me@"), "{}", came.text());
        caller.answer(&came, 202, "", "");
        callee.expect("202");
        if method == "INVITE" {
            let mut ack = Request::back(&call.came, "b", "ACK", cseq);
            ack.contact = false;
            callee.send(&ack);
            caller.expect("ACK");
        }
    }
    callee.send(&Request::back(&call.came, "b", "BYE", 9));
    let bye = caller.expect("BYE");
    caller.answer(&bye, 200, "", "");
    callee.expect("200");
}

/// §13.2.2.4, §16.7 item 5, RFC 6026: a 200 is repeated by the callee and passed on each time; so is its ACK.
#[test]
fn a_repeated_200_and_its_ack_are_passed_on() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    for _ in 0..2 {
        callee.answer(&call.came, 200, "b", &format!("Contact: <sip:bob@{}>", callee.own()));
        assert_eq!(caller.expect("200").raw, ok.raw);
        caller.send(&call.sent.within(&ok, "ACK", 1));
        callee.expect("ACK");
    }
}

/// §12.1: in an early dialog, with reliable provisional responses (RFC 3262) and forked ones (RFC 6228).
#[test]
fn early_dialogs_are_dialogs() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    let contact = format!("Contact: <sip:bob@{}>", callee.own());
    callee.answer(&call.came, 199, "other", &contact);
    caller.expect("199");
    callee.answer(&call.came, 183, "b", &format!("{contact}\nRequire: 100rel\nRSeq: 1"));
    let progress = caller.expect("183");
    assert_eq!((progress.get("RSeq"), progress.get("Require")), ("1", "100rel"));
    for (cseq, method) in [(2, "PRACK"), (3, "UPDATE")] {
        caller.send(&call.sent.within(&progress, method, cseq).with("RAck: 1 1 INVITE"));
        let came = callee.expect(method);
        assert_eq!(came.get("RAck"), "1 1 INVITE");
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
    callee.answer(&call.came, 200, "b", &contact);
    caller.expect("200");
}

/// §16.6 item 4, §16.12.1: by Record-Route the way back is known without any state here.
#[test]
fn a_dialog_outlives_a_restart() {
    let mut router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    router.kill();
    router.start_again();
    caller.send(&call.sent.within(&ok, "BYE", 2));
    let bye = callee.expect("BYE");
    callee.answer(&bye, 200, "b", "");
    caller.expect("200");
}

/// RFC 4028 §8.1: a proxy that wants nothing of session timers leaves them alone.
#[test]
fn session_timers_pass_untouched() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let lines = "Supported: timer\nSession-Expires: 1800;refresher=uac\nMin-SE: 90";
    let sent = Request::new("INVITE", "alice", "bob").with(lines);
    caller.send(&sent);
    let came = callee.expect("INVITE");
    assert_eq!((came.get("Session-Expires"), came.get("Min-SE")), ("1800;refresher=uac", "90"));
    callee.answer(&came, 422, "b", "Min-SE: 3600");
    let refused = caller.expect("422");
    assert_eq!(refused.get("Min-SE"), "3600");
}

/// §12.2: SUBSCRIBE makes a dialog too (RFC 6665 §4.1), and its NOTIFY comes from the other side.
#[test]
fn a_subscription_is_a_dialog() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    caller.send(&Request::new("SUBSCRIBE", "alice", "bob").with("Event: presence\nExpires: 600"));
    let came = callee.expect("SUBSCRIBE");
    assert!(came.get("Record-Route").contains(";lr"), "{}", came.text());
    callee.answer(&came, 200, "b", &format!("Contact: <sip:bob@{}>\nExpires: 600", callee.own()));
    assert!(caller.expect("200").has("Record-Route"));
    let notify = Request::back(&came, "b", "NOTIFY", 1);
    callee.send(&notify.with("Event: presence\nSubscription-State: active;expires=600"));
    let notify = caller.expect("NOTIFY");
    caller.answer(&notify, 200, "", "");
    callee.expect("200");
}

/// §12.2.2, §15.1.2: the router itself is nobody's partner in a dialog.
#[test]
fn a_dialog_with_the_router_itself_does_not_exist() {
    let router = Router::start();
    let caller = router.phone("alice");
    for method in ["BYE", "INFO"] {
        let request = Request::new(method, "alice", &format!("sip:{DOMAIN}"));
        assert_eq!(caller.ask(&Request { to_tag: "gone".into(), ..request }).status(), 481, "{method}");
    }
}

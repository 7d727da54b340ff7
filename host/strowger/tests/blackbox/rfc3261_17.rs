//! RFC 3261 §17 with RFC 6026 and RFC 4320: what is repeated over UDP, until when, and what is not.

use std::time::{Duration, Instant};

use crate::support::{Call, Request, Router, Setup};

/// T1 and T2 in ms: 64*T1 is 3.2 s.
const FAST: Setup = Setup { timers: (50, 200), ..Setup::plain() };

/// §17.2.1: a repeated INVITE is answered with what there is, and reaches nobody twice.
#[test]
fn a_repeated_invite_is_absorbed() {
    let mut router = Router::start();
    let (mut caller, mut callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    caller.expect("100");
    caller.send(&call.sent);
    caller.expect("100");
    callee.answer(&call.came, 180, "b", "");
    caller.expect("180");
    caller.send(&call.sent);
    caller.expect("180");
    callee.answer(&call.came, 200, "b", "");
    caller.expect("200");
    // RFC 6026 §7.1
    caller.send(&call.sent);
    router.nothing_for(&mut caller);
    router.nothing_for(&mut callee);
}

/// §17.2.2.
#[test]
fn a_repeated_message_is_absorbed_and_its_answer_repeated() {
    let mut router = Router::start();
    let (mut caller, mut callee) = router.pair();
    let sent = Request::new("MESSAGE", "alice", "bob");
    caller.send(&sent);
    let came = callee.expect("MESSAGE");
    caller.send(&sent);
    router.nothing_for(&mut callee);
    router.nothing_for(&mut caller);
    callee.answer(&came, 202, "b", "");
    let answered = caller.expect("202");
    caller.send(&sent);
    assert_eq!(caller.expect("202").raw, answered.raw);
    router.nothing_for(&mut callee);
}

/// §17.2.1, Timers G and H: a refusal is repeated until its ACK, and that ends here.
#[test]
fn a_refusal_is_repeated_until_it_is_acknowledged() {
    let mut router = Router::with(FAST);
    let (mut caller, mut callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.answer(&call.came, 486, "b", "");
    callee.expect("ACK");
    let first = caller.expect("486");
    assert_eq!(caller.expect("486").raw, first.raw);
    assert_eq!(caller.expect("486").raw, first.raw);
    call.acknowledge(&caller, &first);
    // the ACK may cross one more
    router.settle();
    while caller.pending().is_some() {}
    assert!(caller.receive(Duration::from_millis(500)).is_none(), "it is acknowledged");
    router.nothing_for(&mut callee);
    // §17.1.1.2: the phone's repeated 486 is acknowledged again
    callee.answer(&call.came, 486, "b", "");
    callee.expect("ACK");
    router.nothing_for(&mut caller);
}

/// §17.1.1.2, Timer A: until a provisional response.
#[test]
fn an_invite_is_repeated_until_it_is_answered() {
    let mut router = Router::with(FAST);
    let (caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    let began = Instant::now();
    assert_eq!(callee.expect("INVITE").raw, call.came.raw);
    assert_eq!(callee.expect("INVITE").raw, call.came.raw);
    // T1 and 2*T1 after the first one
    assert!(began.elapsed() > Duration::from_millis(100), "{:?}", began.elapsed());
    callee.answer(&call.came, 100, "", "");
    router.settle();
    while callee.pending().is_some() {}
    assert!(callee.receive(Duration::from_millis(700)).is_none(), "it is being worked on");
}

/// §17.1.1.2, Timer B, and §16.8: 64*T1 without any response.
#[test]
fn a_silent_phone_is_a_408_for_an_invite() {
    let mut router = Router::with(FAST);
    let (mut caller, callee) = router.pair();
    let began = Instant::now();
    let call = Call::ringing(&caller, &callee, "bob");
    let refused = caller.final_response();
    let took = began.elapsed();
    assert_eq!(refused.status(), 408);
    assert!((Duration::from_millis(3100)..Duration::from_secs(5)).contains(&took), "{took:?}");
    call.acknowledge(&caller, &refused);
    router.nothing_for(&mut caller);
}

/// RFC 4320 §4.1 and §4.2: any other request gets a 100 when Timer E has reached T2, and never a 408, which would come
/// too late for its client.
#[test]
fn a_silent_phone_is_a_100_for_a_message_and_no_408() {
    let router = Router::with(FAST);
    let (caller, callee) = router.pair();
    let sent = Request::new("MESSAGE", "alice", "bob");
    let began = Instant::now();
    caller.send(&sent);
    let came = callee.expect("MESSAGE");
    assert_eq!(callee.expect("MESSAGE").raw, came.raw, "Timer E");
    let trying = caller.expect("100");
    assert!(began.elapsed() >= Duration::from_millis(150), "50 + 100 ms: {:?}", began.elapsed());
    assert_eq!(trying.get("CSeq"), "1 MESSAGE");
    assert!(caller.receive(Duration::from_millis(3600)).is_none(), "no 408");
}

/// §17.1.3: a 100 of the phone's own stays here, other provisional responses go on.
#[test]
fn provisional_responses_to_an_invite_go_on() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let call = Call::ringing(&caller, &callee, "bob");
    caller.expect("100");
    for status in [180, 181, 182, 183, 199] {
        callee.answer(&call.came, status, "b", "");
        caller.expect(&status.to_string());
    }
}

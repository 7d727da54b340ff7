//! JsSIP and SIP.js over WebSocket and secure WebSocket (RFC 7118).

use std::time::{Duration, Instant};

use crate::phones::{Library, NodePhone, Phone, call_both_ways};
use crate::router::{ALICE, BOB, Digest, Router};

/// Two phones register, send each other a message, and leave.
fn messages_both_ways(library: Library, digest: Digest, secure: [bool; 2]) {
    let mut router = Router::start(digest);
    let Some(mut alice) = NodePhone::start(&router, library, ALICE, secure[0]) else { return };
    let Some(mut bob) = NodePhone::start(&router, library, BOB, secure[1]) else { return };
    router.has_registered(2);
    alice.writes("bob", "good morning", 200);
    bob.reads("alice", "good morning");
    bob.writes("alice", "grüß Gott", 200);
    alice.reads("bob", "grüß Gott");
    Box::new(alice).leaves();
    Box::new(bob).leaves();
    router.has_registered(0);
    let handshakes = router.log().matches("TLS is established").count();
    assert_eq!(handshakes, secure.iter().filter(|secure| **secure).count());
}

#[test]
fn jssip_over_ws_writes() {
    messages_both_ways(Library::JsSip, Digest::Md5, [false, false]);
}

#[test]
fn jssip_over_wss_writes_to_ws() {
    messages_both_ways(Library::JsSip, Digest::Sha256First, [true, false]);
}

#[test]
fn sipjs_over_ws_writes_to_wss() {
    messages_both_ways(Library::SipJs, Digest::Sha256First, [false, true]);
}

#[test]
fn sipjs_over_ws_calls() {
    calls_both_ways([false, false]);
}

#[test]
fn sipjs_over_wss_calls() {
    calls_both_ways([true, true]);
}

fn calls_both_ways(secure: [bool; 2]) {
    let mut router = Router::start(Digest::Md5);
    let Some(alice) = NodePhone::start(&router, Library::SipJs, ALICE, secure[0]) else { return };
    let Some(bob) = NodePhone::start(&router, Library::SipJs, BOB, secure[1]) else { return };
    call_both_ways(&mut router, Box::new(alice), Box::new(bob));
}

/// A browser whose window is closed cannot be reached by anything else: who writes to it hears so at once (RFC 5626
/// §5.3.1, RFC 7118 §5).
#[test]
fn who_has_vanished_is_away() {
    let mut router = Router::start(Digest::Md5);
    let Some(mut alice) = NodePhone::start(&router, Library::JsSip, ALICE, false) else { return };
    let Some(bob) = NodePhone::start(&router, Library::JsSip, BOB, false) else { return };
    router.has_registered(2);
    bob.vanishes();
    let began = Instant::now();
    alice.writes("bob", "are you there?", 480);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(router.answered("MESSAGE", 480), 1);
}

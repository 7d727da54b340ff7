//! A call that another version takes over with what was kept in it (`on-adopt` of `wit/sip.wit`): the plugin of
//! `examples/misbehaving` keeps a word of the caller, and shows it in each request inside the call.

use std::fs;

use crate::plugins::{built, variant};
use crate::support::{Call, Message, Peer, Request, Router};
use crate::versions::{command, told, version};

/// Another build of the plugin becomes active.
#[track_caller]
fn activate(router: &Router, name: &str) {
    let file = variant(&fs::read(&built().misbehaving).expect("the plugin"), name);
    told(router, "POST", "/plugins/edge?activate=true", &file);
}

/// A call that keeps a word.
#[track_caller]
fn keeps(caller: &Peer, callee: &Peer, word: &str) -> (Call, Message) {
    let sent = Request::new("INVITE", "alice", "bob").with(&format!("X-Misbehave: remember\nX-Keep: {word}"));
    caller.send(&sent);
    let came = callee.expect("INVITE");
    callee.answer(&came, 200, "b", &format!("Contact: <sip:bob@{}>", callee.own()));
    let ok = caller.expect("200");
    caller.send(&sent.within(&ok, "ACK", 1));
    assert_eq!(callee.expect("ACK").all("X-Kept"), [format!("kept={word}")]);
    (Call { sent, came }, ok)
}

/// What the call has kept, as a request inside it shows.
#[track_caller]
fn kept(caller: &Peer, callee: &Peer, (call, ok): &(Call, Message), method: &str, cseq: u32) -> Vec<String> {
    caller.send(&call.sent.within(ok, method, cseq));
    let came = callee.expect(method);
    callee.answer(&came, 200, "b", "");
    caller.expect("200");
    came.all("X-Kept").into_iter().map(str::to_owned).collect()
}

/// A figure of a version.
#[track_caller]
fn figure(router: &Router, name: &str, number: u32, label: &str) -> f64 {
    let (_, metrics) = router.http("GET", "/metrics", b"");
    let number = format!("number=\"{number}\"");
    let is_it = |line: &&str| line.starts_with(name) && line.contains(&number) && line.contains(label);
    let line = metrics.lines().find(is_it).unwrap_or_else(|| panic!("{name} {label} is not in {metrics}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[test]
fn the_next_version_finds_in_a_call_what_it_makes_of_it() {
    let router = Router::start();
    activate(&router, "two");
    let (caller, callee) = router.pair();
    let call = keeps(&caller, &callee, "mellon");
    activate(&router, "three");
    assert_eq!(kept(&caller, &callee, &call, "INFO", 2), ["kept=mellon"], "it stays with #2");
    command(&router, &["adopt", "--role", "edge", "2"]);
    for (cseq, method) in [(3, "INFO"), (4, "UPDATE")] {
        assert_eq!(kept(&caller, &callee, &call, method, cseq), ["inherited=mellon"]);
    }
    assert_eq!(
        figure(&router, "strowger_plugin_decisions_total", 3, "kind=\"done\""),
        1.0,
        "it was asked once"
    );
    activate(&router, "four");
    assert_eq!(kept(&caller, &callee, &call, "INFO", 5), ["inherited=mellon"]);
    assert_eq!(version(&router, 3)["state"], "draining", "the call is #3's");
    command(&router, &["adopt", "--role", "edge", "3"]);
    assert_eq!(kept(&caller, &callee, &call, "UPDATE", 6), ["inherited=mellon"]);
    assert_eq!(figure(&router, "strowger_plugin_decisions_total", 4, "kind=\"done\""), 1.0);
    assert_eq!(kept(&caller, &callee, &call, "BYE", 7), ["inherited=mellon"]);
}

/// The call never notices, and what was kept stays as it was.
#[test]
fn a_version_that_goes_wrong_with_it_has_the_call_as_it_was() {
    let router = Router::start();
    activate(&router, "two");
    let (caller, callee) = router.pair();
    let words = ["panic", "fault", "nonsense", "loop"];
    let calls = words.map(|word| keeps(&caller, &callee, word));
    activate(&router, "three");
    command(&router, &["adopt", "--role", "edge", "2"]);
    for (word, call) in words.iter().zip(&calls) {
        for (cseq, method) in [(2, "INFO"), (3, "BYE")] {
            assert_eq!(kept(&caller, &callee, call, method, cseq), [format!("kept={word}")]);
        }
    }
    assert_eq!(figure(&router, "strowger_plugin_traps_total", 3, "kind=\"panic\""), 1.0);
    assert_eq!(figure(&router, "strowger_plugin_faults_total", 3, ""), 1.0);
    for why in ["invalid", "deadline"] {
        assert_eq!(figure(&router, "strowger_plugin_failures_total", 3, &format!("why=\"{why}\"")), 1.0);
    }
    router.wait_for_log("its guest is thrown away");
}

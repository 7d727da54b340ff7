//! What a router that is killed knows of its versions when it runs again (docs/operating.md): which is active, who has a
//! share, what is kept, by the same numbers; and calls of before are still put before the version that took them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::plugins::{built, variant};
use crate::support::until;
use crate::support::{Call, DOMAIN, Peer, Request, Router};
use crate::versions::{command, told, version};

/// Another file of this name that does the same. It wants to be asked inside dialogs.
fn file(name: &str) -> Vec<u8> {
    variant(&fs::read(&built().misbehaving).expect("the plugin"), name)
}

/// Pushes a file of this name.
#[track_caller]
fn push(router: &Router, name: &str, how: &str) -> Value {
    told(router, "POST", &format!("/plugins/edge?{how}"), &file(name))
}

/// Kills it, does something, and starts it again.
fn restart_after(router: &mut Router, meanwhile: impl FnOnce(&Router)) {
    router.kill();
    meanwhile(router);
    router.start_again();
}

/// Number, state and share of all versions, by number.
fn versions(router: &Router) -> Vec<(u64, String, u64)> {
    let list = told(router, "GET", "/plugins", b"");
    let of = |one: &Value| {
        let number = |key: &str| one[key].as_u64().expect("a number");
        (number("number"), one["state"].as_str().expect("text").to_owned(), number("share"))
    };
    let mut all: Vec<_> = list.as_array().expect("a list").iter().map(of).collect();
    all.sort();
    all
}

fn expected(all: &[(u64, &str, u64)]) -> Vec<(u64, String, u64)> {
    all.iter().map(|(number, state, share)| (*number, (*state).to_owned(), *share)).collect()
}

/// Who has which version, of twenty.
fn which(router: &Router) -> Vec<u64> {
    let which = |n| {
        let told = told(router, "GET", &format!("/which?identity=sip:user{n}@{DOMAIN}"), b"");
        told["number"].as_u64().expect("a number")
    };
    (0..20).map(which).collect()
}

fn calls(router: &Router, number: u64) -> u64 {
    version(router, number)["calls"].as_u64().expect("a number")
}

/// Names another plugin file in the configuration.
fn names(router: &Router, content: &[u8]) {
    let other = router.folder().join("other.wasm");
    fs::write(&other, content).expect("written");
    let line = |line: &str| match line.starts_with("file = ") && line.ends_with(".wasm\"") {
        true => format!("file = {other:?}\n"),
        false => format!("{line}\n"),
    };
    let configuration: String = router.configuration().lines().map(line).collect();
    fs::write(router.folder().join("strowger.toml"), configuration).expect("written");
}

/// Plugin files that are kept.
fn kept_files(router: &Router) -> Vec<PathBuf> {
    let entries = fs::read_dir(router.folder().join("data/plugins")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).collect()
}

#[test]
fn all_is_as_it_was() {
    let mut router = Router::start();
    push(&router, "two", "activate=true");
    push(&router, "three", "share=300");
    push(&router, "four", "share=100");
    push(&router, "five", "");
    let as_it_was = expected(&[
        (1, "kept", 0),
        (2, "active", 600),
        (3, "candidate", 300),
        (4, "candidate", 100),
        (5, "checked", 0),
    ]);
    assert_eq!(versions(&router), as_it_was);
    let before = (which(&router), told(&router, "GET", "/plugins", b""));
    for _ in 0..2 {
        restart_after(&mut router, |_| {});
        assert_eq!((versions(&router), which(&router)), (as_it_was.clone(), before.0.clone()));
    }
    for version in before.1.as_array().expect("a list") {
        let number = version["number"].as_u64().expect("a number");
        assert_eq!(crate::versions::version(&router, number)["digest"], version["digest"], "#{number}");
    }
    assert_eq!(push(&router, "six", "")["number"], 6, "numbers go on");
    command(&router, &["rollback", "--role", "edge"]);
    let line = command(&router, &["rollback", "--role", "edge"]);
    assert!(line.contains("#1") && line.contains("active"), "as before the restart: {line}");
    restart_after(&mut router, |_| {});
    assert_eq!(version(&router, 1)["state"], "active");
}

#[test]
fn a_file_that_is_another_one_since_is_active() {
    let mut router = Router::start();
    push(&router, "two", "activate=true");
    push(&router, "three", "share=300");
    restart_after(&mut router, |router| names(router, &file("four")));
    let now = expected(&[(1, "kept", 0), (2, "kept", 0), (3, "candidate", 300), (4, "active", 700)]);
    assert_eq!(versions(&router), now);
    let history = told(&router, "GET", "/history", b"");
    let last = history.as_array().and_then(|deeds| deeds.last()).expect("a deed");
    assert_eq!((&last["what"], &last["number"]), (&"active".into(), &4.into()));
    assert!(last["who"].as_str().is_some_and(|who| who.ends_with("other.wasm")), "{last}");
    restart_after(&mut router, |_| {});
    assert_eq!(versions(&router), now, "it is news once");
    command(&router, &["rollback", "--role", "edge"]);
    let line = command(&router, &["rollback", "--role", "edge"]);
    assert!(line.contains("#2") && line.contains("active"), "{line}");
}

#[test]
fn a_file_that_does_not_serve_leaves_all_as_it_was() {
    let mut router = Router::start();
    push(&router, "two", "activate=true");
    restart_after(&mut router, |router| names(router, b"half of a"));
    assert_eq!(versions(&router), expected(&[(1, "kept", 0), (2, "active", 1000)]));
    router.wait_for_log("plugin.file does not serve: the version that was active before goes on");
    router.phone("alice");
}

#[test]
fn what_is_broken_is_told_and_the_plugin_file_is_active() {
    let mut router = Router::start();
    push(&router, "two", "activate=true");
    let file = router.folder().join("data/versions.json");
    let good = fs::read(&file).expect("a file");
    restart_after(&mut router, |_| fs::write(&file, &good[..good.len() / 2]).expect("written"));
    router.wait_for_log("what was active before this start is not known");
    assert_eq!(fs::read(file.with_extension("json.refused")).expect("set aside").len(), good.len() / 2);
    assert_eq!(versions(&router), expected(&[(3, "active", 1000)]), "numbers go on, by the history");
    assert_eq!(kept_files(&router).len(), 1);
    restart_after(&mut router, |_| {});
    assert_eq!(versions(&router), expected(&[(3, "active", 1000)]));
}

#[test]
fn a_share_of_a_version_that_cannot_be_loaded_is_dropped() {
    let mut router = Router::start();
    push(&router, "two", "share=300");
    let digest = version(&router, 2)["digest"].as_str().expect("text").to_owned();
    let kept = router.folder().join(format!("data/plugins/{digest}.wasm"));
    restart_after(&mut router, |_| fs::write(&kept, b"something else").expect("written"));
    router.wait_for_log("a candidate of before this start has no share any more");
    router.wait_for_log("its file is another one by now");
    assert_eq!(versions(&router), expected(&[(1, "active", 1000)]));
}

#[test]
fn plugin_files_go_with_their_versions() {
    let router = Router::start();
    for n in 0..8 {
        push(&router, &format!("v{n}"), "activate=true");
    }
    // The active one, and four that are kept.
    until("the files of versions that are gone go", || kept_files(&router).len() == 5);
    let digest = version(&router, 9)["digest"].as_str().expect("text").to_owned();
    assert!(kept_files(&router).iter().any(|path| path.file_stem().is_some_and(|stem| *stem == *digest)));
}

/// Alice calls Bob; version #2 takes it, and is then replaced by #3.
fn call_of_an_old_version(router: &Router) -> (Peer, Peer, Call, crate::support::Message) {
    push(router, "two", "activate=true");
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    push(router, "three", "activate=true");
    (caller, callee, call, ok)
}

/// One side sends a request inside the call, the other answers.
#[track_caller]
fn inside(from: &Peer, to: &Peer, request: &Request) {
    from.send(request);
    let method = &request.method;
    to.answer(&to.expect(method), 200, "b", "");
    from.expect("200");
}

#[test]
fn a_call_stays_with_the_version_that_took_it_over_a_restart() {
    let mut router = Router::start();
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    restart_after(&mut router, |_| {});
    assert_eq!((calls(&router, 2), calls(&router, 3)), (0, 0));
    inside(&caller, &callee, &call.sent.within(&ok, "UPDATE", 2));
    assert_eq!((calls(&router, 2), calls(&router, 3)), (1, 0));
    let re_invite = call.sent.within(&ok, "INVITE", 3);
    inside(&caller, &callee, &re_invite);
    assert_eq!((calls(&router, 2), calls(&router, 3)), (2, 0));
    inside(&callee, &caller, &Request::back(&call.came, "b", "BYE", 1));
    assert_eq!((calls(&router, 2), calls(&router, 3)), (3, 0));
    let (_, _) = Call::established(&caller, &callee);
    assert_eq!(calls(&router, 2), 3, "new calls have the new one");
    assert!(calls(&router, 3) > 0);
}

/// A version that only drains is there for its calls as well; it is not one that could be promoted.
#[test]
fn a_version_that_drains_is_there_after_a_restart() {
    let mut router = Router::start();
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    for n in 0..6 {
        push(&router, &format!("v{n}"), "activate=true");
    }
    assert_eq!(version(&router, 2)["state"], "draining");
    restart_after(&mut router, |_| {});
    assert_eq!(version(&router, 2)["state"], "draining");
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 2));
    assert_eq!(calls(&router, 2), 1);
    assert_eq!(router.http("POST", "/plugins/edge/2/promote", b"").0, 404);
}

#[test]
fn a_call_whose_version_is_gone_goes_on_with_the_active_one() {
    let mut router = Router::start();
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    let digest = version(&router, 2)["digest"].as_str().expect("text").to_owned();
    let kept = router.folder().join(format!("data/plugins/{digest}.wasm"));
    restart_after(&mut router, |_| fs::remove_file(&kept).expect("removed"));
    inside(&caller, &callee, &call.sent.within(&ok, "UPDATE", 2));
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 3));
    assert_eq!(calls(&router, 3), 2);
    let (_, metrics) = router.http("GET", "/metrics", b"");
    assert!(metrics.contains("strowger_plugin_pins_lost_total 2\n"), "{metrics}");
    router.wait_for_log("requests inside calls name a version that is not here");
}

/// What was adopted stays so, though the calls' Routes say otherwise.
#[test]
fn adopted_calls_are_the_active_versions_after_a_restart_too() {
    let mut router = Router::start();
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    command(&router, &["adopt", "--role", "edge", "2"]);
    restart_after(&mut router, |_| {});
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 2));
    assert_eq!((calls(&router, 2), calls(&router, 3)), (0, 1));
    let (_, metrics) = router.http("GET", "/metrics", b"");
    assert!(metrics.contains("strowger_plugin_pins_lost_total 0\n"), "{metrics}");
}

/// What a BYE costs in a call that the router knows: it is asked about, and then the call is over.
const BYE: u64 = 2;

/// And one before them that says what becomes of a call's variables.
const ADOPT: u64 = 1;

/// A router with these lines under `[plugin.pinned]`.
fn with_pinned(lines: &str) -> Router {
    let mut router = Router::start();
    restart_after(&mut router, |router| {
        let configuration = format!("{}[plugin.pinned]\n{lines}\n", router.configuration());
        fs::write(router.folder().join("strowger.toml"), configuration).expect("written");
    });
    router
}

/// What was done last.
fn last_deed(router: &Router) -> (String, String, u64, String) {
    let history = told(router, "GET", "/history", b"");
    let last = history.as_array().and_then(|deeds| deeds.last()).expect("a deed");
    let text = |key: &str| last[key].as_str().unwrap_or_default().to_owned();
    (text("what"), text("who"), last["number"].as_u64().expect("a number"), text("why"))
}

fn both_get_a_bye(caller: &Peer, callee: &Peer) {
    callee.answer(&callee.expect("BYE"), 200, "b", "");
    caller.answer(&caller.expect("BYE"), 200, "a", "");
}

#[test]
fn calls_of_a_version_are_ended_on_command() {
    let router = with_pinned("policy = \"end\"");
    let (caller, callee, _, _) = call_of_an_old_version(&router);
    let line = command(&router, &["end", "--role", "edge", "2"]);
    assert!(line.contains("#3"), "who gets calls now: {line}");
    both_get_a_bye(&caller, &callee);
    let (what, who, number, why) = last_deed(&router);
    assert_eq!((&*what, number, &*why), ("ended", 2, "1 call"));
    assert!(who.contains("http"), "{who}");
    until("nobody holds it", || version(&router, 2)["state"] == "kept");
    assert_eq!(router.http("POST", "/plugins/edge/3/end", b"").0, 409, "it is the active one");
    push(&router, "four", "share=500");
    assert_eq!(router.http("POST", "/plugins/edge/4/end", b"").0, 409, "it has a share");
    assert_eq!(router.http("POST", "/plugins/edge/9/end", b"").0, 404);
}

/// Nothing was remembered for a BYE: they go on with the active version.
#[test]
fn calls_that_cannot_be_ended_are_adopted() {
    let router = Router::start();
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    command(&router, &["end", "--role", "edge", "2"]);
    router.wait_for_log("calls cannot be ended, and go on with the active version");
    let before = (calls(&router, 2), calls(&router, 3));
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 2));
    assert_eq!((calls(&router, 2), calls(&router, 3)), (before.0, before.1 + ADOPT + BYE));
}

#[test]
fn an_overdue_version_is_told_of_once_and_its_calls_go_on() {
    let router = with_pinned("deadline_s = 1");
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    router.wait_for_log("a version still has calls");
    let (what, who, number, why) = last_deed(&router);
    assert_eq!((&*what, &*who, number), ("overdue", "deadline", 2));
    assert!(why.starts_with("neither active nor a candidate for 1 s: 1 call"), "{why}");
    let before = calls(&router, 2);
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 2));
    assert_eq!(calls(&router, 2), before + BYE);
    assert_eq!(
        router.log().matches("a version still has calls").count(),
        1,
        "nor is it of #1, which has none"
    );
}

#[test]
fn calls_of_an_overdue_version_are_adopted_where_that_is_the_policy() {
    let router = with_pinned("deadline_s = 1\npolicy = \"adopt\"");
    let (caller, callee, call, ok) = call_of_an_old_version(&router);
    until("it is adopted", || last_deed(&router).0 == "adopted");
    assert_eq!(last_deed(&router).1, "deadline");
    let before = (calls(&router, 2), calls(&router, 3));
    inside(&caller, &callee, &call.sent.within(&ok, "BYE", 2));
    assert_eq!((calls(&router, 2), calls(&router, 3)), (before.0, before.1 + ADOPT + BYE));
}

#[test]
fn calls_of_an_overdue_version_are_ended_where_that_is_the_policy() {
    let router = with_pinned("deadline_s = 1\npolicy = \"end\"");
    let (caller, callee, _, _) = call_of_an_old_version(&router);
    both_get_a_bye(&caller, &callee);
    let (what, who, number, _) = last_deed(&router);
    assert_eq!((&*what, &*who, number), ("ended", "deadline", 2));
}

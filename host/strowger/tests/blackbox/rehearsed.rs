//! A plugin makes recorded calls again before anybody's calls go to it (docs/operating.md, A rehearsal): what it must not do
//! refuses it, whichever way it comes, and what runs is untouched.

use std::fs;

use serde_json::Value;

use crate::activations::{last_deed, newest, replace, steps, with_own_file};
use crate::plugins::variant;
use crate::recorded::record;
use crate::support::router::{edge, misbehaving, strowger};
use crate::support::{Request, Router, until};
use crate::versions::{command, told, version};

const ALL: [&str; 5] = ["uploaded", "checked", "compiled", "initialised", "rehearsed"];

/// What the edge example is asked with one of these words each, in `calls.rec`: it takes no notice of them.
fn recorded(router: &Router, words: &[&str]) {
    record(router, "start", &["--all", "calls"]);
    let peer = router.peer();
    for word in words {
        let request = Request::new("MESSAGE", "alice", "bob").with(&format!("X-Misbehave: {word}"));
        assert!(peer.ask(&request).status() < 500, "{word}");
    }
    record(router, "stop", &[]);
}

/// More lines for the end of the configuration, which is taken.
fn configure(router: &Router, lines: &str) {
    let text = format!("{}\n{lines}", router.configuration());
    fs::write(router.folder().join("strowger.toml"), text).expect("written");
    told(router, "POST", "/configuration", b"");
}

fn rehearse(router: &Router) {
    configure(router, "[plugin.rehearsal]\nfiles = [\"data/recordings\"]\n");
}

/// The edge example as another file.
fn another(name: &str) -> Vec<u8> {
    variant(&fs::read(edge()).expect("the plugin"), name)
}

fn broken() -> Vec<u8> {
    fs::read(misbehaving()).expect("the plugin")
}

/// The number of the active version.
fn active(router: &Router) -> Value {
    let all = told(router, "GET", "/plugins", b"");
    let mut all = all.as_array().expect("a list").iter();
    all.find(|version| version["state"] == "active").expect("one")["number"].clone()
}

/// The newest activation and deed are those of a plugin that trapped at the second call.
#[track_caller]
fn is_refused(router: &Router) {
    let activation = newest(router);
    assert_eq!((steps(&activation), &activation["refused"]["step"]), (ALL[..4].to_vec(), &ALL[4].into()));
    let deed = last_deed(router);
    assert_eq!((&deed["what"], &deed["step"]), (&"refused".into(), &"rehearsed".into()));
    for why in [&activation["refused"]["why"], &deed["why"]] {
        let why = why.as_str().expect("a sentence");
        assert!(why.contains("in its rehearsal, call 2 of calls.rec (MESSAGE request, Call-ID "), "{why}");
        assert!(why.contains("): the script trapped: panic"), "{why}");
    }
    assert_eq!(version(router, 1)["state"], "active");
}

#[test]
fn a_version_that_traps_at_a_recorded_call_is_refused() {
    let router = Router::start();
    recorded(&router, &["nothing", "panic"]);
    let figures = router.http("GET", "/metrics", b"").1;
    for line in ["strowger_recording 0", "strowger_recorded_calls_total{result=\"faithful\"} 2"] {
        assert!(figures.contains(line), "{line}: {figures}");
    }
    rehearse(&router);
    let (status, why) = router.http("POST", "/plugins/edge?activate=true", &broken());
    assert!(status == 422 && why.contains("the script trapped: panic"), "{status} {why}");
    is_refused(&router);
    assert_eq!(told(&router, "GET", "/plugins", b"").as_array().map(Vec::len), Some(1), "it is not kept");
    let history = command(&router, &["history"]);
    assert!(history.contains("refused, before it was rehearsed") && history.contains("call 2 of calls.rec"));
    router.wait_for_log("step=\"rehearsed\"");

    let file = router.folder().join("good.wasm");
    fs::write(&file, another("good")).expect("written");
    let file = file.display().to_string();
    let lines = command(&router, &["push", "--role", "edge", "--activate", &file]);
    for words in [
        "rehearsed    after ",
        "2 recorded calls made again, 0 decided otherwise",
        "rehearsed: 0 of 2 calls otherwise",
    ] {
        assert!(lines.contains(words), "{words}: {lines}");
    }
    let activation = newest(&router);
    assert_eq!(steps(&activation), [&ALL[..], &["active"]].concat());
    assert_eq!(activation["rehearsal"]["calls"], 2);
    let deeds = told(&router, "GET", "/history?last=2", b"");
    assert_eq!((&deeds[0]["what"], &deeds[1]["what"]), (&"rehearsed".into(), &"active".into()));
    let file = router.folder().join("strowger.toml").display().to_string();
    let checked = strowger(&["check", "--config", &file]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && said.contains("rehearsed: 2 recorded calls"), "{checked:?}");
}

#[test]
fn what_is_decided_otherwise_is_told_and_refused_where_that_is_wanted() {
    let router = Router::start();
    recorded(&router, &["unavailable", "nothing"]);
    rehearse(&router);
    let pushed = told(&router, "POST", "/plugins/edge", &broken());
    assert_eq!((&pushed["rehearsal"]["calls"], &pushed["rehearsal"]["different"]), (&2.into(), &1.into()));
    assert!(
        pushed["rehearsal"]["differences"].is_null(),
        "calls are told to who may change things: {pushed}"
    );
    let activation = newest(&router);
    let difference = &activation["rehearsal"]["differences"][0];
    assert!(difference["first"].as_str().is_some_and(|first| first.starts_with("call 1 of calls.rec ")));
    let what = difference["what"].as_str().expect("words").to_owned();
    assert!(command(&router, &["list"]).contains("; rehearsed: 1 of 2 calls otherwise"));
    assert!(command(&router, &["activations"]).contains(&format!("  1 times {what}, first call 1 of")));
    assert!(command(&router, &["history"]).contains(&what));

    configure(&router, "differences = \"refuse\"\n");
    let (status, why) = router.http("POST", "/plugins/edge", &variant(&broken(), "again"));
    assert!(status == 422 && why.contains("1 decided otherwise") && why.contains(&what), "{status} {why}");
    assert_eq!(newest(&router)["refused"]["step"], "rehearsed");
}

#[test]
fn a_file_that_is_replaced_is_rehearsed_too() {
    let (mut router, file) = with_own_file("");
    recorded(&router, &["nothing", "panic"]);
    rehearse(&router);
    replace(&file, &broken());
    until("it is refused", || last_deed(&router)["what"] == "refused");
    is_refused(&router);
    // As it is where the whole configuration is taken.
    let (status, why) = router.http("POST", "/configuration", b"");
    assert!(status == 422 && why.contains("call 2 of calls.rec"), "{status} {why}");
    replace(&file, &another("good"));
    until("it is taken", || steps(&newest(&router)).last() == Some(&"active"));
    assert_eq!(steps(&newest(&router)), [&ALL[..], &["active"]].concat());

    // What was taken is not tried again by a start, and what has come since is.
    router.kill();
    fs::write(router.folder().join("data/recordings/calls.rec"), "no recording").expect("written");
    router.start_again();
    let number = active(&router);
    assert_ne!(number, 1);
    assert!(told(&router, "GET", "/plugins/activations", b"").as_array().is_some_and(Vec::is_empty));
    router.kill();
    replace(&file, &another("later"));
    router.start_again();
    router.wait_for_log("plugin.file does not serve");
    assert!(router.log().contains("this is no recording of calls"), "{}", router.log());
    assert_eq!(active(&router), number);
}

//! A version in the shadow of the active one (docs/operating.md): what it decides otherwise is found, grouped and told with
//! examples, and no call notices, however it fares.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::router::{edge, misbehaving, strowger};
use crate::support::{Request, Router};

const ALL: &str = "share=1000";

/// A router with the edge example, and a version that has a bug for every occasion in the shadow of it.
fn shadowed(share: &str) -> Router {
    let router = Router::start();
    checked(&router, misbehaving());
    let report = told(&router, "POST", &format!("/plugins/edge/2/shadow?{share}"), b"");
    assert_eq!((&report["candidate"]["number"], &report["active"]["number"]), (&2.into(), &1.into()));
    assert_eq!(report["state"], "running");
    router
}

fn checked(router: &Router, file: &std::path::Path) {
    let file = std::fs::read(file).expect("the plugin");
    assert_eq!(told(router, "POST", "/plugins/edge", &file)["state"], "checked");
}

#[track_caller]
fn told(router: &Router, method: &str, path: &str, body: &[u8]) -> Value {
    let (status, body) = router.http(method, path, body);
    assert_eq!(status, 200, "{method} {path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn report(router: &Router) -> Value {
    told(router, "GET", "/plugins/edge/shadow", b"")
}

fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"))
}

/// The report in which this is so.
#[track_caller]
fn until(router: &Router, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let report = report(router);
        if is_so(&report) {
            return report;
        }
        assert!(Instant::now() < end, "{what} does not come: {report}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What `strowger plugin shadow` prints.
#[track_caller]
fn command(router: &Router, arguments: &[&str]) -> String {
    let admin = format!("http://{}", router.admin);
    let mut all = vec!["plugin", "shadow", "--admin", &admin, "--role", "edge"];
    all.extend(arguments);
    let output = strowger(&all);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn version(router: &Router, number: u64) -> Value {
    let list = told(router, "GET", "/plugins", b"");
    let found = list.as_array().expect("a list").iter().find(|version| version["number"] == number);
    found.cloned().unwrap_or_else(|| panic!("#{number} is not in {list}"))
}

fn message(word: &str) -> Request {
    Request::new("MESSAGE", "alice", "bob").with(&format!("Subject: lunch\nX-Misbehave: {word}"))
}

#[test]
fn a_header_that_a_candidate_rewrites_is_found_and_nobody_sees_it() {
    let router = shadowed(ALL);
    let (caller, callee) = router.pair();
    let mut rewritten = Vec::new();
    for word in ["nothing", "rewrite", "nothing", "rewrite", "rewrite", "unavailable"] {
        let request = message(word);
        caller.send(&request);
        let came = callee.expect("MESSAGE");
        assert_eq!(came.get("Subject"), "lunch");
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
        if word == "rewrite" {
            rewritten.push(request.call_id);
        }
    }
    let report = until(&router, "all differences", |report| count(report, "different") == 4);
    assert!(count(&report, "same") >= 6, "registrations and messages: {report}");
    for name in ["asked_more", "failed", "dropped", "other"] {
        assert_eq!(count(&report, name), 0, "{name}: {report}");
    }
    let [header, refusal] = report["differences"].as_array().expect("a list").as_slice() else {
        panic!("two kinds: {report}")
    };
    assert_eq!((&header["kind"], &header["calls"]), (&"header Subject changed".into(), &3.into()));
    for (example, call_id) in header["examples"].as_array().expect("a list").iter().zip(&rewritten) {
        assert_eq!((&example["call_id"], &example["method"]), (&call_id.as_str().into(), &"MESSAGE".into()));
        assert_eq!(example["hook"], "on-request");
        let lines = example["lines"].as_array().expect("lines");
        assert!(
            lines.len() == 1 && lines[0].as_str().is_some_and(|line| line.starts_with("+ replace Subject ("))
        );
    }
    assert_eq!(refusal["kind"], "relay → reply 503");
    let lines = refusal["examples"][0]["lines"].to_string();
    assert!(
        lines.contains("+ reply 503") && lines.contains("- append P-Asserted-Identity: <sip:~"),
        "{lines}"
    );
    assert!(!report.to_string().contains("sip:bob@"), "nobody is named: {report}");

    // Nothing of it is the candidate's own.
    let candidate = version(&router, 2);
    assert_eq!((&candidate["state"], &candidate["calls"]), (&"checked".into(), &0.into()));
    let (_, metrics) = router.http("GET", "/metrics", b"");
    let counted =
        metrics.lines().find(|line| line.contains("shadow_calls_total") && line.contains("\"different\""));
    assert!(counted.is_some_and(|line| line.ends_with(" 4")), "{metrics}");
    let printed = command(&router, &[]);
    for words in ["in the shadow of #1", "different 4", "3 times: header Subject changed", &rewritten[0]] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
}

#[test]
fn a_candidate_that_goes_wrong_in_the_shadow_hurts_nobody() {
    let router = shadowed(ALL);
    let (caller, callee) = router.pair();
    let words = ["loop", "recurse", "allocate", "panic", "fault", "nonsense"];
    for word in words {
        caller.send(&message(word));
        let came = callee.expect("MESSAGE");
        callee.answer(&came, 200, "b", "");
        caller.expect("200");
    }
    let report = until(&router, "all failures", |report| count(report, "failed") == words.len() as u64);
    let kinds: Vec<&str> = report["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    for kind in [
        "relay → failed: the script did not end in time",
        "relay → failed: the script trapped",
        "relay → failed: the script's decision breaks the contract",
        "relay → fault 42",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    for number in [1, 2] {
        assert_eq!(version(&router, number)["failures"], 0, "{number}");
    }
    assert_eq!(version(&router, 1)["share"], 1000, "and nothing is taken back");
}

#[test]
fn the_shadow_is_the_first_to_go_under_load() {
    let router = shadowed(ALL);
    let peer = router.peer();
    let ask = |word: &str| {
        let began = Instant::now();
        let request = Request::new("MESSAGE", "stranger", "bob").with(&format!("X-Misbehave: {word}"));
        (peer.ask(&request).status(), began.elapsed())
    };
    let (well, _) = ask("nothing");
    // Each takes the candidate 50 ms; 1,024 of them wait at most.
    let many = 1_600;
    let longest = (0..many)
        .map(|_| {
            let (status, time) = ask("loop");
            assert_eq!(status, well);
            time
        })
        .max();
    assert!(longest < Some(Duration::from_secs(1)), "{longest:?}");
    let report = report(&router);
    let done = count(&report, "compared") + count(&report, "dropped");
    assert!(count(&report, "dropped") >= many / 4, "{report}");
    assert!(done <= many + 1 && done + 1_024 >= many, "at most 1,024 wait: {report}");
    assert_eq!(version(&router, 1)["failures"], 0);
}

#[test]
fn a_share_is_a_share_of_the_calls() {
    let router = shadowed("share=100");
    let peer = router.peer();
    let ask = || peer.ask(&Request::new("MESSAGE", "stranger", "bob"));
    (0..200).for_each(|_| drop(ask()));
    // With the share of all, the next one is known to come after those.
    told(&router, "POST", &format!("/plugins/edge/2/shadow?{ALL}"), b"");
    let before = count(&report(&router), "compared");
    ask();
    let report = until(&router, "the last one", |report| count(report, "compared") > before);
    assert!((3..=45).contains(&count(&report, "compared")), "a tenth of 200: {report}");
    assert_eq!((count(&report, "same"), &report["share"]), (count(&report, "compared"), &1000.into()));
}

#[test]
fn it_ends_when_told_to_and_nothing_is_left_of_it() {
    let router = shadowed(ALL);
    let peer = router.peer();
    let ask = || drop(peer.ask(&Request::new("MESSAGE", "stranger", "bob")));
    ask();
    until(&router, "the first one", |report| count(report, "compared") == 1);
    assert!(router.has_thread("strowger-shadow"));
    assert!(command(&router, &["--off"]).contains("ended: told to"));
    (0..20).for_each(|_| ask());
    let report = report(&router);
    assert_eq!((count(&report, "compared"), count(&report, "dropped")), (1, 0), "what it saw stays");
    let end = Instant::now() + Duration::from_secs(10);
    while router.has_thread("strowger-shadow") {
        assert!(Instant::now() < end, "its thread ends");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(router.http("DELETE", "/plugins/edge/shadow", b"").0, 409, "there is none");
    let history = told(&router, "GET", "/history", b"").to_string();
    assert!(history.contains("\"shadow\"") && history.contains("\"shadow ended\""), "{history}");
}

#[test]
fn it_goes_on_beside_another_active_version_and_ends_with_its_own_promotion() {
    let router = shadowed(ALL);
    let peer = router.peer();
    let ask = || drop(peer.ask(&Request::new("MESSAGE", "stranger", "bob")));
    ask();
    until(&router, "the first one", |report| count(report, "compared") == 1);
    let file = std::fs::read(edge()).expect("the plugin");
    told(&router, "POST", "/plugins/edge?activate=true", &file);
    let fresh = report(&router);
    assert_eq!((&fresh["active"]["number"], count(&fresh, "compared")), (&3.into(), 0));
    ask();
    until(&router, "the next one", |report| count(report, "same") == 1);
    told(&router, "POST", "/plugins/edge/2/promote", b"");
    let last = report(&router);
    assert_eq!((&last["state"], &last["why"]), (&"ended".into(), &"its version became active".into()));
    assert_eq!(router.http("POST", "/plugins/edge/2/shadow", b"").0, 409, "it would be its own shadow");
    let begun = command(&router, &["3", "--share", "12.5"]);
    assert!(begun.contains("#3") && begun.contains("12.5% of the calls"), "{begun}");
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let router = Router::start();
    checked(&router, misbehaving());
    assert_eq!(report(&router), Value::Null);
    for (path, status) in [
        ("/plugins/edge/1/shadow", 409),
        ("/plugins/edge/2/shadow?share=0", 422),
        ("/plugins/edge/2/shadow?share=1001", 422),
        ("/plugins/edge/2/shadow?share=x", 400),
        ("/plugins/edge/9/shadow", 404),
        ("/plugins/edge/nine/shadow", 400),
        ("/plugins/scscf/2/shadow", 404),
    ] {
        let (answered, told) = router.http("POST", path, b"");
        assert_eq!(answered, status, "{path}: {told}");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert!(told["error"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{path}: {told}");
    }
    assert_eq!(report(&router), Value::Null);
}

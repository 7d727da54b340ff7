//! Versions of a plugin side by side (docs/operating.md): a share of the subscribers, calls that stay with the version that
//! took them, going back, and what is told of it all.

use std::time::Instant;

use serde_json::Value;

use crate::support::router::{Setup, edge, free_port, misbehaving, strowger};
use crate::support::{Call, DOMAIN, Request, Router, until};

pub(crate) fn push(router: &Router, how: &str) -> Value {
    let file = std::fs::read(edge()).expect("the plugin");
    told(router, "POST", &format!("/plugins/edge?{how}"), &file)
}

#[track_caller]
pub(crate) fn told(router: &Router, method: &str, path: &str, body: &[u8]) -> Value {
    let (status, body) = router.http(method, path, body);
    assert_eq!(status, 200, "{method} {path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

#[track_caller]
pub(crate) fn version(router: &Router, number: u64) -> Value {
    let list = told(router, "GET", "/plugins", b"");
    let found = list.as_array().expect("a list").iter().find(|version| version["number"] == number);
    found.cloned().unwrap_or_else(|| panic!("#{number} is not in {list}"))
}

/// Runs `strowger plugin …` at this router; what it prints.
#[track_caller]
pub(crate) fn command(router: &Router, arguments: &[&str]) -> String {
    let admin = format!("http://{}", router.admin);
    let mut all = vec!["plugin", arguments[0], "--admin", &admin];
    all.extend(&arguments[1..]);
    let output = strowger(&all);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_subscriber_has_one_version_in_all_that_he_sends() {
    let router = Router::start();
    let candidate = push(&router, "share=500");
    assert_eq!((&candidate["number"], &candidate["state"]), (&2.into(), &"candidate".into()));
    assert_eq!((&candidate["share"], &version(&router, 1)["share"]), (&500.into(), &500.into()));
    let peer = router.peer();
    let mut met = [0, 0];
    for n in 0..20 {
        let user = format!("user{n}");
        let which = told(&router, "GET", &format!("/which?identity=sip:{user}@{DOMAIN}"), b"");
        let own = which["number"].as_u64().expect("a number");
        let other = 3 - own;
        met[own as usize - 1] += 1;
        let register = Request::new("REGISTER", &user, &user);
        for request in
            [register, Request::new("MESSAGE", &user, "bob"), Request::new("SUBSCRIBE", &user, "bob")]
        {
            let calls = |number| version(&router, number)["calls"].as_u64().expect("a number");
            let (before, before_other) = (calls(own), calls(other));
            assert!(peer.ask(&request).status() >= 300, "nobody of this name is known");
            assert!(calls(own) > before, "{user} has #{own}");
            assert_eq!(calls(other), before_other, "{user} has #{own}");
        }
    }
    assert!(met[0] > 2 && met[1] > 2, "{met:?} of 20 with halves");
}

#[test]
fn a_call_stays_with_the_version_that_took_it() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    assert_eq!(push(&router, "activate=true")["number"], 2);
    until("the end of its transaction", || version(&router, 1)["holders"] == 1);
    assert_eq!(version(&router, 1)["state"], "draining", "a call holds it");
    caller.send(&call.sent.within(&ok, "BYE", 2));
    callee.answer(&callee.expect("BYE"), 200, "b", "");
    caller.expect("200");
    until("its end", || version(&router, 1)["state"] == "kept");
    let (before, ended) = (version(&router, 2)["calls"].clone(), version(&router, 1)["calls"].clone());
    let (call, _) = Call::established(&caller, &callee);
    drop(call);
    assert!(version(&router, 2)["calls"].as_u64() > before.as_u64(), "the next call has the new one");
    assert_eq!(version(&router, 1)["calls"], ended);
}

#[test]
fn calls_of_an_old_version_are_adopted_where_that_is_wanted() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    let (call, ok) = Call::established(&caller, &callee);
    push(&router, "activate=true");
    until("the end of its transaction", || version(&router, 1)["holders"] == 1);
    assert_eq!(router.http("POST", "/plugins/edge/2/adopt", b"").0, 409, "it is the active one");
    let calls =
        |number: u32| told(&router, "GET", &format!("/plugins/edge/{number}/calls"), b"")["calls"].clone();
    assert_eq!((calls(1), calls(2)), (1.into(), 0.into()), "what is told before it is done");
    assert_eq!(router.http("GET", "/plugins/edge/9/calls", b"").0, 404);
    assert_eq!(router.http("GET", "/plugins/scscf/1/calls", b"").0, 404);
    let line = command(&router, &["adopt", "--role", "edge", "1"]);
    assert!(line.contains("#2"), "{line}");
    until("nobody holds it", || version(&router, 1)["state"] == "kept");
    assert_eq!(calls(1), 0);
    caller.send(&call.sent.within(&ok, "BYE", 2));
    callee.answer(&callee.expect("BYE"), 200, "b", "");
    caller.expect("200");
}

#[test]
fn a_version_is_promoted_and_taken_back_without_a_compiler() {
    let router = Router::start();
    assert_eq!(push(&router, "")["state"], "checked");
    let line = command(&router, &["split", "--role", "edge", "2", "12.5"]);
    assert!(line.contains("#2") && line.contains("candidate") && line.contains("12.5%"), "{line}");
    let line = command(&router, &["rollback", "--role", "edge"]);
    assert!(line.contains("#1") && line.contains("100.0%"), "{line}");
    assert_eq!(version(&router, 2)["state"], "kept");
    let line = command(&router, &["promote", "--role", "edge", "#2"]);
    assert!(line.contains("#2") && line.contains("active"), "{line}");
    assert_eq!(command(&router, &["which", "sip:alice@example.test"]), "sip:alice@example.test: #2\n");
    let began = Instant::now();
    let line = command(&router, &["rollback", "--role", "edge"]);
    assert!(line.contains("#1") && line.contains("active"), "{line}");
    println!("rolled back in {:?}", began.elapsed());
    assert_eq!(version(&router, 2)["state"], "kept");
    router.phone("alice");

    let history = command(&router, &["history"]);
    let words = ["checked #2", "split #2", "rolled back #2", "active #2", "active #1"];
    let found: Vec<_> =
        words.iter().map(|word| history.find(word).unwrap_or_else(|| panic!("{word}: {history}"))).collect();
    assert!(found.is_sorted(), "{history}");
    let (_, log) = router.http("GET", "/metrics", b"");
    assert!(log.contains("strowger_plugin_calls"), "{log}");
}

#[test]
fn a_candidate_that_fails_is_taken_back_by_itself() {
    let router = Router::start();
    is_taken_back(&router, "panic", 500, "calls of a hook failed (100.00 %), of the active version #1 0 of ");
}

/// Nothing is wrong with it as a plugin: it just does not serve.
#[test]
fn a_candidate_that_answers_503_is_taken_back_by_itself() {
    let router = Router::start();
    let why = "answers to other requests are 5xx (100.00 %), of the active version #1 0 of ";
    is_taken_back(&router, "unavailable", 503, why);
    assert!(figure(&router, "plugin_server_failures_total{", &[]) >= 20.0);
    assert!(figure(&router, "plugin_answers_total{", &["class=\"5xx\"", "request=\"other\""]) >= 20.0);
    assert!(version(&router, 2)["answers"]["5xx"].as_u64() >= Some(20));
    assert_eq!(version(&router, 1)["answers"]["5xx"], 0);
}

/// It answers nothing itself, and what it decides is well-formed: where it sends requests nobody listens.
#[test]
fn a_candidate_that_relays_to_a_dead_place_is_taken_back_by_itself() {
    let (router, dead) = (Router::start(), free_port());
    let astray = format!("astray\r\nX-Astray: sip:{dead}");
    is_taken_back(&router, &astray, 500, "answers to other requests are 5xx (100.00 %)");
    assert_eq!(figure(&router, "plugin_server_failures_total{", &[]), 0.0);
}

/// Every answer is right, and late.
#[test]
fn a_candidate_that_is_slower_is_taken_back_by_itself() {
    let router = Router::with(Setup { deadline_ms: 2_000, ..Setup::plain() });
    let peer = router.peer();
    for n in 0..120 {
        assert!(peer.ask(&Request::new("MESSAGE", &format!("user{n}"), "bob")).status() < 500);
    }
    let well = peer.ask(&Request::new("MESSAGE", "user0", "bob")).status();
    is_taken_back(
        &router,
        "slow",
        well,
        "calls of on-request are slow (100.00 %), of the active version #1 0 of ",
    );
    let p95 = |number| version(&router, number)["p95_us"].as_u64().expect("it was asked");
    assert!(p95(2) > p95(1) + 15_000, "{} {}", p95(2), p95(1));
    assert!(figure(&router, "plugin_call_seconds_count{", &["hook=\"on-request\""]) >= 20.0);
}

/// Of the candidate.
#[track_caller]
fn figure(router: &Router, name: &str, labels: &[&str]) -> f64 {
    let (_, metrics) = router.http("GET", "/metrics", b"");
    let mut lines = metrics.lines().filter(|line| line.contains(name) && line.contains("number=\"2\""));
    let line = lines.find(|line| labels.iter().all(|label| line.contains(label)));
    let line = line.unwrap_or_else(|| panic!("{name} {labels:?} is not in {metrics}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// Half of the subscribers have a version that has this bug for each of them: they are answered so until it is out, the
/// others never are.
fn is_taken_back(router: &Router, bug: &str, bad: u16, figures: &str) {
    let peer = router.peer();
    let ask = |user: &str| {
        let request = Request::new("MESSAGE", user, "bob").with(&format!("X-Misbehave: {bug}"));
        peer.ask(&request).status()
    };
    let well = ask("user0");
    assert!(well < 500, "{well}");
    let file = std::fs::read(misbehaving()).expect("the plugin");
    assert_eq!(told(router, "POST", "/plugins/edge?share=500", &file)["state"], "candidate");
    let (theirs, others): (Vec<_>, Vec<_>) = (0..20).map(|n| format!("user{n}")).partition(|user| {
        told(router, "GET", &format!("/which?identity=sip:{user}@{DOMAIN}"), b"")["number"] == 2
    });
    assert!(theirs.len() > 2 && others.len() > 2, "{theirs:?} {others:?}");
    assert_eq!(ask(&theirs[0]), bad, "it is as bad as it should be");
    until("the end of it", || {
        theirs.iter().for_each(|user| assert!([well, bad].contains(&ask(user)), "{user}"));
        others.iter().for_each(|user| assert_eq!(ask(user), well, "{user}"));
        version(router, 2)["share"] == 0
    });
    router.wait_for_log("a candidate is taken back");
    theirs.iter().for_each(|user| assert_eq!(ask(user), well, "{user} has the active version again"));
    assert_eq!(version(router, 2)["state"], "kept");
    assert_eq!(version(router, 1)["share"], 1000);

    let history = told(router, "GET", "/history", b"");
    let last = history.as_array().and_then(|deeds| deeds.last()).expect("a deed");
    assert_eq!((&last["what"], &last["who"]), (&"taken back".into(), &"guardrail".into()));
    assert_eq!((&last["number"], &last["share"]), (&2.into(), &0.into()));
    let why = last["why"].as_str().expect("figures");
    assert!(why.contains(figures), "{why}");
    assert!(command(router, &["history"]).contains(why));
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let router = Router::start();
    push(&router, "");
    let file = std::fs::read(edge()).expect("the plugin");
    for (path, body, status) in [
        ("/plugins/edge/1/split?share=10", &b""[..], 409),
        ("/plugins/edge/2/split?share=0", b"", 409),
        ("/plugins/edge/2/split?share=1000", b"", 422),
        ("/plugins/edge/2/split?share=70000", b"", 400),
        ("/plugins/edge/2/split", b"", 400),
        ("/plugins/edge/9/split?share=10", b"", 404),
        ("/plugins/edge/nine/promote", b"", 400),
        ("/plugins/edge/9/promote", b"", 404),
        ("/plugins/scscf/2/promote", b"", 404),
        ("/plugins/edge/rollback", b"", 409),
        ("/plugins/scscf/rollback", b"", 404),
        ("/plugins/edge?activate=true&share=10", &file, 400),
        ("/plugins/edge?share=1000", &file, 422),
    ] {
        let (answered, told) = router.http("POST", path, body);
        assert_eq!(answered, status, "{path}: {told}");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert!(told["error"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{path}: {told}");
    }
    assert_eq!(router.http("GET", "/which?identity=nobody", b"").0, 422);
    assert_eq!(version(&router, 1)["share"], 1000);
    let history = told(&router, "GET", "/history?last=1000", b"");
    let split = history.as_array().expect("a list").iter().find(|deed| deed["what"] == "split");
    assert_eq!(split, None, "nothing was done");
}

/// What was refused is told too, with why, and a restart forgets nothing of it.
#[test]
fn history_outlives_the_host() {
    let mut router = Router::start();
    assert_eq!(router.http("POST", "/plugins/edge", b"nonsense").0, 422);
    push(&router, "activate=true");
    let before = told(&router, "GET", "/history", b"");
    router.kill();
    router.start_again();
    let after = told(&router, "GET", "/history", b"");
    let whats = |deeds: &Value| -> Vec<String> {
        let deeds = deeds.as_array().expect("a list").iter();
        deeds.map(|deed| deed["what"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(whats(&before)[whats(&before).len() - 2..], ["refused", "active"]);
    assert_eq!(whats(&after)[..whats(&before).len()], whats(&before));
    assert!(
        before[whats(&before).len() - 2]["why"].as_str().is_some_and(|why| why.contains("not WebAssembly"))
    );
}

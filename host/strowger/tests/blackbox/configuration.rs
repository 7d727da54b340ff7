//! A configuration that changes in a running router (docs/operating.md "A configuration that changes"): compared, checked,
//! taken, given to a share, taken back.

use std::time::{Duration, Instant};

use crate::support::router::strowger;
use crate::support::{Call, DOMAIN, Router};

/// Runs `strowger …` at this router: whether it went well, and what it printed.
fn command(router: &Router, arguments: &[&str]) -> (bool, String) {
    let admin = format!("http://{}", router.admin);
    let mut all = arguments[..2].to_vec();
    all.extend(["--admin", admin.as_str()]);
    all.extend(&arguments[2..]);
    let output = strowger(&all);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn told(router: &Router, arguments: &[&str]) -> String {
    let (is_well, text) = command(router, arguments);
    assert!(is_well, "{arguments:?}: {text}");
    text
}

fn write(router: &Router, text: &str) {
    std::fs::write(router.folder().join("strowger.toml"), text).expect("written");
}

/// With its script configured to ask for credentials of another realm.
fn other_realm(router: &Router) -> String {
    let own = format!("realm = \"{DOMAIN}\"");
    assert!(router.configuration().contains(&own), "{}", router.configuration());
    router.configuration().replace(&own, OTHER_REALM)
}

const OTHER_REALM: &str = "realm = \"other.test\"";

/// Whether somebody is asked for credentials of the other realm.
fn meets_other_realm(router: &Router, user: &str) -> bool {
    let challenged = router.peer().register(user, "");
    assert_eq!(challenged.status(), 401);
    challenged.get("WWW-Authenticate").contains("other.test")
}

#[test]
fn a_share_of_the_subscribers_has_another_configuration_of_the_script() {
    let router = Router::start();
    assert!(told(&router, &["config", "diff"]).contains("the file says what the host does"));
    write(&router, &other_realm(&router));
    let other = told(&router, &["config", "diff"]);
    assert!(
        other.starts_with("plugin.configuration\n") && other.contains(&format!("+ {OTHER_REALM}")),
        "{other}"
    );
    assert!(told(&router, &["config", "apply", "--share", "50"]).contains("#2 for a share"));

    let mut met = [0, 0];
    for n in 0..20 {
        let user = format!("nobody{n}");
        let own = told(&router, &["plugin", "which", &format!("sip:{user}@{DOMAIN}")]);
        let is_candidates = own.contains("#2");
        met[usize::from(is_candidates)] += 1;
        assert_eq!(meets_other_realm(&router, &user), is_candidates, "{own}");
    }
    assert!(met[0] > 2 && met[1] > 2, "{met:?} of 20 with halves");

    assert!(told(&router, &["config", "show", "--role", "edge", "2"]).contains(OTHER_REALM));
    assert!(!told(&router, &["config", "show", "--role", "edge", "1"]).contains(OTHER_REALM));
    told(&router, &["plugin", "promote", "--role", "edge", "2"]);
    assert!(told(&router, &["config", "diff"]).contains("the file says what the host does"));
    assert!((0..4).all(|n| meets_other_realm(&router, &format!("nobody{n}"))), "everybody has it");
    told(&router, &["plugin", "rollback", "--role", "edge"]);
    assert!(!(0..4).any(|n| meets_other_realm(&router, &format!("nobody{n}"))), "nobody has");
    assert_eq!(told(&router, &["config", "diff"]), other);
}

/// Over HTTP, as the console does: no file changes.
#[test]
fn a_version_is_made_of_another_text_and_outlives_the_host() {
    let mut router = Router::start();
    let (status, body) = router.http("GET", "/plugins/edge/1/configuration", b"");
    assert_eq!(status, 200, "{body}");
    let shown: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let text = shown["configuration"].as_str().expect("a text").to_owned();
    let path = "/plugins/edge/1/configuration";
    let other = text.replace(&format!("realm = \"{DOMAIN}\""), OTHER_REALM);
    let (status, body) = router.http("POST", path, text.replace(DOMAIN, "\"").as_bytes());
    assert!(status == 422 && body.contains("init refuses"), "{status}: {body}");
    let long = format!("# {}\n", "x".repeat(1 << 20));
    let (status, body) = router.http("POST", path, long.as_bytes());
    assert!(status == 413 && body.contains("a configuration has at most"), "{status}: {body}");
    assert_eq!(router.http("POST", "/plugins/edge/9/configuration", b"").0, 404);
    assert_eq!(router.http("POST", path, b"\xff").0, 400, "no text at all");

    let (status, body) = router.http("POST", path, other.as_bytes());
    let made: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &made["state"]), (200, &"checked".into()), "{body}");
    assert!(!meets_other_realm(&router, "nobody"), "nothing goes to it yet");
    let number = made["number"].to_string();
    told(&router, &["plugin", "promote", "--role", "edge", &number]);
    assert!(meets_other_realm(&router, "nobody"));
    let diff = told(&router, &["config", "diff"]);
    assert!(diff.contains(&format!("- {OTHER_REALM}")), "the file says something else: {diff}");
    router.kill();
    router.start_again();
    assert!(meets_other_realm(&router, "nobody"), "the file is what it was, so it does not count again");
}

/// T1 of a test's router, and another one, ms.
const T1: &str = "t1_ms = 500\n";
const OTHER_T1: &str = "t1_ms = 100\n";

/// From the first copy of an INVITE that nobody answers to the third: 3 * T1 (RFC 3261 §17.1.1.2).
fn third_copy(router: &Router) -> Duration {
    let (caller, callee) = router.pair();
    let began = Instant::now();
    let call = Call::ringing(&caller, &callee, "bob");
    callee.expect("INVITE");
    callee.expect("INVITE");
    let took = began.elapsed();
    callee.answer(&call.came, 486, "b", "");
    took
}

#[test]
fn timers_change_while_it_runs_and_go_back() {
    let router = Router::start();
    let text = router.configuration();
    assert!(text.contains(T1) && text.contains("drain_s = 2\n"), "{text}");
    write(&router, &text.replace(T1, OTHER_T1).replace("drain_s = 2", "drain_s = 3"));
    let taken = told(&router, &["config", "apply"]);
    assert!(taken.contains("timers.t1_ms\n  - 500\n  + 100\n"), "{taken}");
    assert!(taken.contains("node.drain_s  (counts from the next start on)"), "{taken}");
    assert!(taken.contains("taken: ") && taken.contains(", timers,"), "{taken}");
    let short = third_copy(&router);
    assert!(short < Duration::from_millis(1400), "{short:?}");

    write(&router, &text.replace(T1, "t1_ms = 0\n"));
    let (is_well, why) = command(&router, &["config", "apply"]);
    assert!(!is_well && why.contains("timers.t1_ms = 0: must be 50 to 10,000"), "{why}");

    let back = told(&router, &["config", "rollback"]);
    assert!(back.contains("timers.t1_ms\n  - 100\n  + 500\n"), "{back}");
    let long = third_copy(&router);
    assert!(long >= Duration::from_millis(1400), "{long:?}");
    let (is_well, why) = command(&router, &["config", "rollback"]);
    assert!(!is_well && why.contains("nothing to go back to"), "{why}");
    let history = told(&router, &["plugin", "history"]);
    assert!(history.contains("edge configured") && history.contains("timers.t1_ms"), "{history}");
    assert!(history.contains("edge configuration rolled back"), "{history}");
}

/// A share is of subscribers: timers have none.
#[test]
fn what_is_of_the_whole_router_goes_to_no_share() {
    let router = Router::start();
    let text = other_realm(&router);
    write(&router, &text.replace(T1, OTHER_T1));
    let (is_well, why) = command(&router, &["config", "apply", "--share", "1"]);
    assert!(!is_well && why.contains("timers.t1_ms"), "{why}");
    // What can be refused is looked at before anything changes.
    write(&router, &text.replace(OTHER_REALM, "realm = 1"));
    let (is_well, why) = command(&router, &["config", "apply"]);
    assert!(!is_well && why.contains("init refuses"), "{why}");
    assert!(!meets_other_realm(&router, "nobody"));
}

//! Calls of a script that failed are recorded without anybody's identity, made again elsewhere, and kept as a test of the
//! plugin (docs/operating.md, Record and replay).

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::router::{edge, misbehaving, strowger};
use crate::support::{Call, Request, Router};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `strowger record …` at this router; what it prints.
#[track_caller]
pub(crate) fn record(router: &Router, command: &str, arguments: &[&str]) -> String {
    let admin = format!("http://{}", router.admin);
    let mut all = vec!["record", command, "--admin", &admin, "--role", "edge"];
    all.extend(arguments);
    let output = strowger(&all);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn status(router: &Router) -> Value {
    let (status, body) = router.http("GET", "/record/edge", b"");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

fn push(router: &Router, plugin: &Path) {
    let bytes = std::fs::read(plugin).expect("the plugin");
    let (status, body) = router.http("POST", "/plugins/edge?activate=true", &bytes);
    assert_eq!(status, 200, "{body}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a name")
}

fn replay(recording: &Path, more: &[&str]) -> Output {
    let mut all = vec!["replay", path(recording)];
    all.extend(more);
    strowger(&all)
}

#[track_caller]
fn replayed(recording: &Path, more: &[&str]) -> String {
    let output = replay(recording, more);
    assert!(output.status.success(), "{more:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Whether a test of a plugin passes, and what it prints.
fn passes(plugin: &Path, case: &Path) -> (bool, String) {
    let output = strowger(&["plugin", "test", path(plugin), path(case)]);
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// A router whose plugin has a bug for these words, with a recording of what went wrong in a folder of its own.
fn failed(words: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let router = Router::start();
    push(&router, misbehaving());
    record(&router, "start", &["--errors", "calls"]);
    let peer = router.peer();
    assert!(peer.ask(&Request::new("MESSAGE", "carol", "bob")).status() < 500, "this one does not fail");
    for word in words {
        let request = Request::new("MESSAGE", "alice", "bob").with(&format!("X-Misbehave: {word}"));
        assert!(peer.ask(&request).status() >= 500, "{word}");
    }
    let told = record(&router, "stop", &[]);
    assert!(
        told.contains("recorded errors into") && told.contains(&format!(": {} calls", words.len())),
        "{told}"
    );
    // Another machine: nothing but the file.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let file = elsewhere.path().join("calls.rec");
    std::fs::copy(router.folder().join("data/recordings/calls.rec"), &file).expect("the recording");
    (elsewhere, file)
}

#[test]
fn a_call_that_failed_fails_again_elsewhere_and_not_with_another_version() {
    let words = ["panic", "fault", "nonsense", "unavailable", "loop", "recurse", "allocate"];
    let (_elsewhere, file) = failed(&words);
    let first = replayed(&file, &[path(misbehaving())]);
    assert!(first.contains("7 the same, 0 differ") && !first.contains("not faithful"), "{first}");
    assert!(first.contains("identities replaced") && first.contains("MESSAGE request"), "{first}");
    assert_eq!(replayed(&file, &[path(misbehaving())]), first, "the same again, fuel and all");

    let output = replay(&file, &[path(edge())]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("0 the same, 7 differ") && said.contains("- failed: the script trapped"), "{said}");
    assert!(
        said.contains("parts at question 1: asked ") && said.contains("the recording has nothing"),
        "{said}"
    );

    let all: Value = serde_json::from_str(&replayed(&file, &[path(misbehaving()), "--json"])).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(7));
    assert!(all[0]["same"] == true && all[0]["fuel"].as_u64() > Some(0), "{}", all[0]);
    let id = all[1]["call_id"].as_str().expect("a Call-ID");
    assert!(replayed(&file, &[path(misbehaving()), "--call-id", id]).contains("1 the same, 0 differ"));
    assert!(
        replayed(&file, &[]).contains("failed: the script gave a fault")
            || replayed(&file, &[]).contains("fault ")
    );
}

#[test]
fn a_recorded_call_is_a_test_that_passes_with_one_version_and_fails_with_the_other() {
    let (elsewhere, file) = failed(&["panic"]);
    let (as_it_was, as_it_should) = (elsewhere.path().join("was.recorded"), elsewhere.path().join("cases"));
    std::fs::create_dir(&as_it_should).expect("a folder");
    replayed(&file, &["--to-test", "--call", "1", "--out", path(&as_it_was)]);
    replayed(&file, &[path(edge()), "--to-test", "--call", "1", "--out", path(&as_it_should)]);
    let (mended, broken) = (edge(), misbehaving());
    assert!(passes(broken, &as_it_was).0 && !passes(mended, &as_it_was).0);
    let (is_well, said) = passes(mended, &as_it_should);
    assert!(is_well && said.contains("1 passed, 0 failed"), "{said}");
    let (is_well, said) = passes(broken, &as_it_should);
    assert!(
        !is_well && said.contains("FAILED  calls-1") && said.contains("+ failed: the script trapped"),
        "{said}"
    );
}

#[test]
fn whoever_is_recorded_is_not_named() {
    let router = Router::start();
    record(&router, "start", &["--all", "everyone.rec"]);
    let (caller, callee) = router.pair();
    let (call, answered) = Call::established(&caller, &callee);
    caller.send(&call.sent.within(&answered, "BYE", 2));
    let bye = callee.expect("BYE");
    callee.answer(&bye, 200, "", "");
    caller.expect("200");
    let stopped = record(&router, "stop", &[]);
    assert!(!stopped.contains("faithful") && !stopped.contains("withheld"), "{stopped}");
    let file = router.folder().join("data/recordings/everyone.rec");
    let bytes = std::fs::read(&file).expect("the recording");
    for name in ["alice", "sip:bob@"] {
        assert!(!bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    let said = replayed(&file, &[path(edge())]);
    assert!(
        said.contains(" 0 differ") && said.contains("REGISTER request") && said.contains("INVITE request"),
        "{said}"
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("there").permissions());
    assert_eq!(mode & 0o777, 0o600);

    record(&router, "start", &["--clear", "--identity", "sip:alice@example.test", "clear"]);
    assert_eq!((&status(&router)["clear"], &status(&router)["running"]), (&true.into(), &true.into()));
    record(&router, "stop", &[]);
    let (_, history) = router.http("GET", "/history", b"");
    assert!(history.contains("identities as they are") && !history.contains("alice"), "{history}");
}

#[test]
fn what_cannot_be_recorded_or_read_is_said() {
    let router = Router::start();
    let admin = format!("http://{}", router.admin);
    let refused = |arguments: &[&str]| {
        let mut all = vec!["record", arguments[0], "--admin", &admin];
        all.extend(&arguments[1..]);
        let output = strowger(&all);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr)
    };
    assert!(refused(&["stop", "--role", "edge"]).contains("there is no recording"));
    assert!(refused(&["start", "--role", "scscf", "--all", "x"]).contains("it runs edge"));
    assert!(refused(&["start", "--role", "edge", "--all", "../x"]).contains("no name for a recording"));
    assert!(refused(&["start", "--role", "edge", "--share", "0", "x"]).contains("is not whose calls"));
    record(&router, "start", &["--share", "50", "x"]);
    assert!(refused(&["start", "--role", "edge", "--all", "y"]).contains("there is a recording already"));
    record(&router, "stop", &[]);
    assert!(
        refused(&["start", "--role", "edge", "--all", "x"]).contains("exists"),
        "nothing is written over"
    );

    let read = |bytes: &[u8]| {
        let file = router.folder().join("odd.rec");
        std::fs::write(&file, bytes).expect("written");
        let output = replay(&file, &[path(edge())]);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let whole = std::fs::read(router.folder().join("data/recordings/x.rec")).expect("the recording");
    assert_eq!(read(&whole).0, Some(0));
    let (code, said) = read(b"not a recording");
    assert!(code == Some(1) && said.contains("this is no recording of calls"), "{said}");
    let (code, said) = read(&[&whole[..], &[9, 0, 0, 0, 1]].concat());
    assert!(code == Some(0) && said.contains("its last record is cut off"), "{said}");
}

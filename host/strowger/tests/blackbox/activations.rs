//! How a plugin comes to be active (docs/operating.md): each step can be watched, a refusal names the step, and nothing that
//! runs loses a hook unawares.

use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;

use crate::plugins::{QUIET_WORLDS, contract, quiet};
use crate::support::router::{edge, strowger};
use crate::support::{Router, until};
use crate::versions::{command, push, told, version};

/// A plugin with `on-request` alone; its `init` does this, and returns an address.
fn guest(init: &str) -> Vec<u8> {
    let text = quiet("").replacen("(i32.const 64)", init, 1);
    contract::module(&text, &QUIET_WORLDS)
}

/// The newest activation.
pub(crate) fn newest(router: &Router) -> Value {
    told(router, "GET", "/plugins/activations", b"")[0].clone()
}

pub(crate) fn steps(activation: &Value) -> Vec<&str> {
    let steps = activation["steps"].as_array().expect("a list");
    steps.iter().map(|step| step["step"].as_str().expect("a step")).collect()
}

pub(crate) fn last_deed(router: &Router) -> Value {
    told(router, "GET", "/history?last=1", b"")[0].clone()
}

#[test]
fn every_step_of_a_push_is_told() {
    let router = Router::start();
    assert_eq!(
        told(&router, "GET", "/plugins/activations", b""),
        Value::Array(Vec::new()),
        "at the start: none"
    );
    let pushed = push(&router, "");
    let all = ["uploaded", "checked", "compiled", "initialised", "candidate", "active"];
    let activation = newest(&router);
    assert_eq!(steps(&activation), all[..4]);
    for name in ["number", "name", "version", "digest"] {
        assert_eq!(activation[name], pushed[name], "{name}");
    }
    assert!(activation["who"].as_str().is_some_and(|who| who.starts_with("http 127.0.0.1")), "{activation}");
    command(&router, &["split", "--role", "edge", "2", "1"]);
    command(&router, &["promote", "--role", "edge", "2"]);
    assert_eq!(steps(&newest(&router)), all);

    let lines = command(&router, &["push", "--role", "edge", "--activate", &edge().display().to_string()]);
    let words = ["uploaded\n", "checked ", "compiled ", "initialised ", "active ", "#3"];
    let found: Vec<_> =
        words.iter().map(|word| lines.find(word).unwrap_or_else(|| panic!("{word}: {lines}"))).collect();
    assert!(found.is_sorted() && lines.contains(" after "), "{lines}");
    let all = command(&router, &["activations"]);
    assert!(all.contains("#3 edge") && all.contains("#2 edge") && all.contains("candidate "), "{all}");
}

#[test]
fn a_step_is_seen_while_the_next_one_is_under_way() {
    let router = Router::start();
    let file = guest("(loop $for_ever (br $for_ever)) (unreachable)");
    thread::scope(|scope| {
        let pushed = scope.spawn(|| router.http("POST", "/plugins/edge?drop-hooks=true", &file));
        until("its init", || {
            let all = told(&router, "GET", "/plugins/activations", b"");
            all.as_array().is_some_and(|all| {
                all.iter().any(|one| steps(one).last() == Some(&"compiled") && one["refused"].is_null())
            })
        });
        let (status, why) = pushed.join().expect("an answer");
        assert_eq!(status, 422, "{why}");
        assert!(why.contains("init did not end within"), "{why}");
    });
    let activation = newest(&router);
    assert_eq!(
        (steps(&activation), &activation["number"]),
        (vec!["uploaded", "checked", "compiled"], &0.into())
    );
    assert_eq!(activation["refused"]["step"], "initialised");
}

/// The history names who brought what, and how far it came; the running version stays.
#[test]
fn a_refusal_has_its_step_everywhere() {
    let router = Router::start();
    for (file, step, why) in [
        (b"nonsense".to_vec(), "checked", "not WebAssembly"),
        (guest("(unreachable)"), "initialised", "init trapped"),
    ] {
        let (status, told) = router.http("POST", "/plugins/edge?activate=true&drop-hooks=true", &file);
        assert!(status == 422 && told.contains(why), "{told}");
        let activation = newest(&router);
        assert_eq!(activation["refused"]["step"], step);
        assert!(activation["refused"]["why"].as_str().is_some_and(|told| told.contains(why)), "{activation}");
        let deed = last_deed(&router);
        assert_eq!((&deed["what"], &deed["step"]), (&"refused".into(), &step.into()));
        assert_eq!(deed["digest"], activation["digest"]);
        router.wait_for_log(&format!("step=\"{step}\""));
        assert!(command(&router, &["history"]).contains(&format!("refused, before it was {step}")));
    }
    assert_eq!(
        (&version(&router, 1)["state"], &version(&router, 1)["share"]),
        (&"active".into(), &1000.into())
    );
}

/// By HTTP and from the command line, and how to say that it is meant.
#[test]
fn a_plugin_that_lacks_a_hook_of_the_active_one_is_refused() {
    let router = Router::start();
    let file = guest("(i32.const 64)");
    for query in ["", "activate=true", "share=10"] {
        let (status, told) = router.http("POST", &format!("/plugins/edge?{query}"), &file);
        assert_eq!(status, 422, "{told}");
        assert!(told.contains("on-reply") && told.contains("active version #1"), "{told}");
        assert!(!told.contains("on-request,"), "it has that: {told}");
    }
    assert_eq!(
        (last_deed(&router)["step"].clone(), version(&router, 1)["share"].clone()),
        ("checked".into(), 1000.into())
    );
    let path = router.folder().join("few.wasm").display().to_string();
    std::fs::write(&path, &file).expect("written");
    let admin = format!("http://{}", router.admin);
    let pushed = strowger(&["plugin", "push", "--admin", &admin, "--role", "edge", "--activate", &path]);
    let said = String::from_utf8_lossy(&pushed.stderr).into_owned();
    assert!(!pushed.status.success() && said.contains("--drop-hooks"), "{said}");
    let lines = command(&router, &["push", "--role", "edge", "--activate", "--drop-hooks", &path]);
    assert!(lines.contains("quiet") && lines.contains("active"), "{lines}");
    // what it goes back to has more hooks than what runs
    assert!(command(&router, &["rollback", "--role", "edge"]).contains("#1"));
}

/// A router whose plugin file is its own, with more keys under `[plugin]`.
pub(crate) fn with_own_file(more: &str) -> (Router, PathBuf) {
    let mut router = Router::start();
    router.kill();
    let file = router.folder().join("own.wasm");
    std::fs::copy(edge(), &file).expect("copied");
    configure(&router, &format!("file = {file:?}\n{more}"));
    router.start_again();
    (router, file)
}

/// Changes the line of the plugin's file.
pub(crate) fn configure(router: &Router, lines: &str) {
    let changed: Vec<_> = router
        .configuration()
        .lines()
        .map(|line| {
            if line.starts_with("file = ") && line.contains(".wasm") { lines.to_owned() } else { line.into() }
        })
        .collect();
    std::fs::write(router.folder().join("strowger.toml"), changed.join("\n")).expect("written");
}

/// Puts another file in its place.
pub(crate) fn replace(file: &Path, bytes: &[u8]) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, bytes).expect("written");
    std::fs::rename(&beside, file).expect("renamed");
}

#[test]
fn a_file_that_lacks_a_hook_is_taken_only_where_the_configuration_says_so() {
    let (router, file) = with_own_file("");
    replace(&file, &guest("(i32.const 64)"));
    router.wait_for_log("the script has no ");
    until("the history has it too", || last_deed(&router)["what"] == "refused");
    router.signal("-HUP");
    router.wait_for_log("not reloaded");
    assert_eq!(version(&router, 1)["state"], "active");
    drop(router);

    let (router, file) = with_own_file("drop_hooks = true");
    replace(&file, &guest("(i32.const 64)"));
    until("it is taken", || told(&router, "GET", "/plugins", b"")[0]["name"] == "quiet");
}

/// By numbers, and by files: what only one of two has.
#[test]
fn two_versions_are_compared() {
    let router = Router::start();
    let path = router.folder().join("few.wasm").display().to_string();
    std::fs::write(&path, guest("(i32.const 64)")).expect("written");
    command(&router, &["push", "--role", "edge", "--drop-hooks", &path]);
    let of_numbers = command(&router, &["diff", "--role", "edge", "1", "#2"]);
    for line in [
        "name       edge → quiet",
        "hooks      - on-reply",
        "imports    - strowger:auth/digest",
        "size ",
        "digest ",
    ] {
        assert!(of_numbers.contains(line), "{line}: {of_numbers}");
    }
    assert!(!of_numbers.contains("on-request"), "both have it: {of_numbers}");
    let edge = edge().display().to_string();
    // The example's init asks for more than an empty text has.
    let of_files = strowger(&["plugin", "diff", "--role", "edge", &edge, &path]);
    let said = String::from_utf8_lossy(&of_files.stdout).into_owned();
    assert!(of_files.status.success() && said.contains("hooks      - on-reply"), "{said}");
    let same = command(&router, &["diff", "--role", "edge", "2", &path]);
    assert!(same.contains("are the same, byte for byte"), "{same}");
    let unknown = strowger(&["plugin", "diff", "--role", "edge", "1", "2"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("--admin"), "{unknown:?}");
    assert_eq!(router.http("GET", "/plugins/edge/9", b"").0, 404);
}

//! The whole router with calls under way, and a plugin that goes wrong: the request that met it is answered 500 in
//! bounded time, no other call notices, metrics and log say what happened. And plugins that are refused: a sentence, exit
//! code 1, and nothing changes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod under_load;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sip::{HeaderId, Message};
use under_load::calls::{self, Load, Report};
use under_load::phone::{self, MOST_BYTES, Place};
use under_load::plugins::{self, contract};
use under_load::router::{Router, Setup};
use under_load::{alone, until};

/// Calls a second while plugins go wrong.
const RATE: u32 = 100;
/// What any call may have to wait for a response while another one's hook runs wild: far from the 500 ms at which
/// phones begin to send again.
const OTHERS_WAIT: Duration = Duration::from_millis(150);
/// `plugin.deadline_ms` of these routers, the default.
const DEADLINE: Duration = Duration::from_millis(50);
/// What the caller of a hook that has run wild may wait beyond the deadline, which counts the hook's own time only.
const BEYOND: Duration = Duration::from_millis(150);

/// The word that makes the plugin go wrong, the reason phrase, and the metric that counts it with its labels.
type Case = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

#[test]
fn a_plugin_that_goes_wrong_costs_one_request() {
    let _alone = alone();
    let router = edge();
    let load = Load::start(router.sip, RATE);
    all_well("before", &load.run_for(Duration::from_secs(1)));
    let plugin = std::fs::read(&plugins::built().misbehaving).unwrap();
    let cases: [Case; 7] = [
        ("loop", "Script Time-out", "strowger_plugin_failures_total", &[("why", "deadline")]),
        ("recurse", "Script Failed", "strowger_plugin_traps_total", &[("kind", "stack")]),
        ("recurse-wide", "Script Failed", "strowger_plugin_traps_total", &[("kind", "bounds")]),
        ("allocate", "Script Failed", "strowger_plugin_traps_total", &[("kind", "memory")]),
        ("panic", "Script Failed", "strowger_plugin_traps_total", &[("kind", "panic")]),
        ("fault", "Script Fault", "strowger_plugin_faults_total", &[]),
        ("nonsense", "Script Decision Invalid", "strowger_plugin_failures_total", &[("why", "invalid")]),
    ];
    for (word, phrase, metric, labels) in cases {
        let number = push(&router, word, &plugins::variant(&plugin, word));
        let failed_before = router.metric("strowger_script_consultations_failed_total", &[]);
        let marked = marked_requests(&router, word);
        for one in &marked {
            assert_eq!((one.status, one.phrase.as_str()), (500, phrase), "{word}: {one:?}");
            assert_eq!((one.sent, one.finals), (1, 1), "{word}: nothing was repeated: {one:?}");
            assert!(one.after <= DEADLINE + BEYOND, "{word}: {one:?}");
        }
        let report = load.report();
        println!(
            "{word}: {}; marked ones waited {:.1?}",
            report.line(),
            marked.iter().map(|m| m.after).max()
        );
        all_well(word, &report);

        let number = number.to_string();
        let of_version: Vec<_> = labels.iter().copied().chain([("number", number.as_str())]).collect();
        assert_eq!(router.metric(metric, &of_version), marked.len() as f64, "{word}");
        assert!(router.metric("strowger_plugin_calls_total", &[("number", &number)]) > marked.len() as f64);
        let failed = router.metric("strowger_script_consultations_failed_total", &[]) - failed_before;
        assert_eq!(failed, marked.len() as f64, "{word}");
        said_once(&router, word, &number);
    }
    all_well("at the end", &load.end());
}

/// Ten times as many as one processor can run at once.
#[test]
fn many_hooks_that_run_wild_at_once() {
    let _alone = alone();
    let router = edge();
    let load = Load::start(router.sip, RATE);
    let plugin = std::fs::read(&plugins::built().misbehaving).unwrap();
    push(&router, "many", &plugin);
    load.report();
    let sip = router.sip;
    let wild: Vec<_> =
        (0..20).map(|_| std::thread::spawn(move || marked_request(sip, "INVITE", "loop"))).collect();
    let wild: Vec<_> = wild.into_iter().map(|thread| thread.join().unwrap()).collect();
    let report = load.end();
    println!(
        "20 at once: {}; the last of them waited {:.1?}",
        report.line(),
        wild.iter().map(|m| m.after).max()
    );
    for one in wild {
        assert_eq!(one.status, 500, "{one:?}");
        assert!(one.after < 20 * (DEADLINE + DEADLINE), "they share a processor: {one:?}");
    }
    assert!(report.failed.is_empty(), "{:#?}", report.failed);
    assert_eq!(report.retransmissions, 0);
}

/// The log has a sentence about this version's trouble, and not one for each request.
fn said_once(router: &Router, word: &str, number: &str) {
    let log = router.log();
    let about: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains(&format!("number={number} ")))
        .collect();
    println!("{word}: {}", about.join("\n"));
    assert!((1..=2).contains(&about.len()), "{word}: {about:#?}\n{log}");
}

#[test]
fn a_chatterbox_does_not_fill_the_log() {
    let _alone = alone();
    let router = edge();
    let load = Load::start(router.sip, RATE);
    let plugin = std::fs::read(&plugins::built().misbehaving).unwrap();
    let number = push(&router, "chatter", &plugin).to_string();
    let before = router.log().len();
    for one in marked_requests(&router, "chatter") {
        assert_eq!(one.status, 403, "it decides, and this caller is not registered: {one:?}");
    }
    let written = router.log().len() - before;
    println!("four requests that log a thousand lines each: {written} bytes in the log");
    assert!(written < 100_000, "{written}");
    let dropped = router.metric("strowger_plugin_log_lines_dropped_total", &[("number", &number)]);
    assert!(dropped >= 4.0 * 900.0, "{dropped}");
    all_well("chatter", &load.end());
}

#[test]
fn a_refused_plugin_changes_nothing() {
    let _alone = alone();
    let router = edge();
    let before = router.active();
    let load = Load::start(router.sip, RATE);
    let good = std::fs::read(&plugins::built().edge).unwrap();
    let newer = |text: &mut String| {
        *text = text.replace("  now: func() -> u64;", "  now: func() -> u64;\n  monotonic: func() -> u64;");
    };
    let import = "(import \"strowger:host/clock@0.1.0\" \"monotonic\" (func (result i64)))";
    let world = "package test:guest; world guest { include strowger:sip/base@0.1.0; \
                 include strowger:sip/hook-request@0.1.0; }";
    let from_the_future = contract::module_of_contract(&plugins::quiet(import), newer, world);
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: [(&str, &[u8], &str); 5] = [
        (
            "newer",
            &from_the_future,
            "strowger: refused: the script was built against a newer contract: it needs `monotonic` of \
             `strowger:host/clock@0.1.0`, which this host does not have (it has version 0.1.0)\n",
        ),
        ("half", &good[..good.len() / 2], "strowger: refused: the file is not a valid plugin: "),
        ("empty", b"", "strowger: refused: the file is not WebAssembly"),
        ("noise", &noise, "strowger: refused: the file is not WebAssembly"),
        ("text", b"(module)", "strowger: refused: the file is not WebAssembly"),
    ];
    for (name, bytes, sentence) in cases {
        refused(&router, "edge", &file(&router, name, bytes), sentence);
    }
    let edge = &plugins::built().edge;
    refused(&router, "scscf", edge, "strowger: this host has no role scscf; it runs edge\n");
    refused(&router, "edge", Path::new("no-such.wasm"), "strowger: no-such.wasm: ");
    let large = file(&router, "large", b"");
    std::fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let sentence = format!("strowger: {}: the file has 67108865 bytes", large.display());
    refused(&router, "edge", &large, &sentence);
    assert_eq!(router.active(), before);
    assert_eq!(router.versions().len(), 1);
    all_well("refused", &load.end());
}

#[test]
fn what_a_role_is_not_granted_is_refused() {
    let _alone = alone();
    let quiet = contract::module(&plugins::quiet(""), &plugins::QUIET_WORLDS);
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("quiet.wasm");
    std::fs::write(&plugin, quiet).unwrap();
    let router = Router::start(&Setup { role: "watcher", plugin: &plugin, users: &[], more: "" });
    let before = router.active();
    assert_eq!(before.name, "quiet");
    let sentence = "strowger: refused: the role `watcher` does not grant `strowger:auth/digest`, which the script imports\n";
    refused(&router, "watcher", &plugins::built().edge, sentence);
    assert_eq!(router.active(), before);
    // It goes on as before: a request to nobody's port gets the answer that a proxy has for it.
    let socket = phone::socket(Duration::from_secs(5));
    let place = Place { uri: "sip:nobody@127.0.0.1:9".into(), ..Place::new("a", "b") };
    let answer = phone::ask(&socket, router.sip, &place.request("MESSAGE", socket.local_addr().unwrap(), ""));
    assert!(answer.status() >= 400, "{}", answer.status());
    assert_eq!(router.metric("strowger_plugin_decisions_total", &[("kind", "next")]), 1.0);
}

/// A router with the edge example.
fn edge() -> Router {
    let users = calls::users();
    Router::start(&Setup { role: "edge", plugin: &plugins::built().edge, users: &users, more: "" })
}

fn file(router: &Router, name: &str, bytes: &[u8]) -> PathBuf {
    let file = router.folder().join(format!("{name}.wasm"));
    std::fs::write(&file, bytes).unwrap();
    file
}

/// Pushes a plugin that is taken; its number.
#[track_caller]
fn push(router: &Router, name: &str, bytes: &[u8]) -> u64 {
    let before = router.active().number;
    let pushed = router.push("edge", &file(router, name, bytes));
    assert!(pushed.status.success(), "{name}: {}", String::from_utf8_lossy(&pushed.stderr));
    let number = router.active().number;
    assert!(number > before, "{name}");
    number
}

/// Pushes a plugin that is not taken, and is told why.
#[track_caller]
fn refused(router: &Router, role: &str, file: &Path, sentence: &str) {
    let pushed = router.push(role, file);
    let said = String::from_utf8_lossy(&pushed.stderr);
    println!("{}: {}", file.file_name().unwrap().to_string_lossy(), said.trim_end());
    assert_eq!(pushed.status.code(), Some(1), "{said}");
    assert!(said.starts_with(sentence), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let told = String::from_utf8_lossy(&pushed.stdout);
    assert!(!told.contains("initialised") && !told.contains("active"), "{told}");
}

#[track_caller]
fn all_well(when: &str, report: &Report) {
    assert!(report.failed.is_empty(), "{when}: {} failed: {:#?}", report.failed.len(), report.failed);
    assert_eq!(report.retransmissions, 0, "{when}");
    assert!(report.completed > 0, "{when}");
    assert!(report.longest() <= OTHERS_WAIT, "{when}: {}", report.line());
}

/// What came of a request that the plugin has a bug for.
#[derive(Debug)]
struct Marked {
    status: u16,
    phrase: String,
    after: Duration,
    sent: usize,
    finals: usize,
}

/// Two INVITEs and two MESSAGEs, a moment apart, while others call.
fn marked_requests(router: &Router, word: &str) -> Vec<Marked> {
    let sip = router.sip;
    let threads: Vec<_> = ["INVITE", "MESSAGE", "INVITE", "MESSAGE"]
        .into_iter()
        .map(|method| {
            std::thread::sleep(Duration::from_millis(130));
            let word = word.to_owned();
            std::thread::spawn(move || marked_request(sip, method, &word))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// One, with what is heard until a phone or the router would have sent again.
fn marked_request(router: std::net::SocketAddr, method: &str, word: &str) -> Marked {
    const T1: Duration = Duration::from_millis(500);
    let socket = phone::socket(T1);
    let own = socket.local_addr().unwrap();
    let more = format!("Contact: <sip:marked@{own}>\r\nX-Misbehave: {word}\r\n");
    let request = Place::new("marked", "callee0").request(method, own, &more);
    let began = Instant::now();
    socket.send_to(&request, router).unwrap();
    let mut marked = Marked { status: 0, phrase: String::new(), after: T1, sent: 1, finals: 0 };
    let mut buffer = vec![0; MOST_BYTES];
    let mut asked = began;
    loop {
        let Ok(length) = socket.recv(&mut buffer) else {
            if marked.finals > 0 || marked.sent > 4 {
                return marked;
            }
            marked.sent += 1;
            socket.send_to(&request, router).unwrap();
            continue;
        };
        let response = Message::parse_datagram(&buffer[..length]).unwrap();
        if response.status() < 200 {
            continue;
        }
        asked = if marked.finals == 0 { Instant::now() } else { asked };
        marked.finals += 1;
        marked.status = response.status();
        marked.phrase = phone::text(Some(response.head().reason()));
        marked.after = asked - began;
        if response.header(HeaderId::CSEQ).is_some_and(|cseq| cseq.ends_with(b"INVITE")) {
            socket.send_to(&phone::ack_of(&request, &response), router).unwrap();
        }
    }
}

#[test]
fn twenty_swaps_under_load() {
    let _alone = alone();
    let router = edge();
    let load = Load::start(router.sip, RATE);
    let edge = std::fs::read(&plugins::built().edge).unwrap();
    let files = ["a", "b"].map(|name| file(&router, name, &plugins::variant(&edge, name)));
    let started = router.active().number;
    for swap in 0..20 {
        let pushed = router.push("edge", &files[swap % 2]);
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(router.active().number, started + 20);
    let report = load.end();
    println!("twenty swaps: {}", report.line());
    all_well("swaps", &report);
    let calls =
        |version: u64| router.metric("strowger_plugin_calls_total", &[("number", &version.to_string())]);
    assert!((started + 15..=started + 20).all(|version| calls(version) > 0.0), "each has been asked");
    // All but the last leave as soon as their transactions are answered; their figures stay for a while.
    until("old versions leave", Duration::from_secs(5), || router.versions().len() == 1);
}

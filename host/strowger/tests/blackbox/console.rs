//! The web console (docs/operating.md): its files, who may change things from a browser, what a browser shows, and what an
//! operator does there.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::browser::Browser;
use crate::support::router::{edge, misbehaving, strowger};
use crate::support::{Call, Peer, Request, Router};

/// Virtual milliseconds that the page has: some turns of its loop.
const BUDGET: &str = "--virtual-time-budget=4000";

/// A browser that starts on a busy machine takes some seconds.
const UNTIL_SHOWN: Duration = Duration::from_secs(60);

/// Status, head in lower case, and body of an answer to a request with these header fields.
fn ask(router: &Router, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(router.admin).expect("it listens");
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n");
    if !fields.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {}\r\n", router.admin);
    }
    fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_lowercase(), body.to_owned())
}

fn push(router: &Router, how: &str) {
    let file = std::fs::read(edge()).expect("the plugin");
    let (status, body) = router.http("POST", &format!("/plugins/edge?{how}"), &file);
    assert_eq!(status, 200, "{body}");
}

/// The same router with these lines in the place of `[admin]`.
fn again_with(router: &mut Router, tables: &str) {
    let changed = router.configuration().replace("[admin]\n", tables);
    std::fs::write(router.folder().join("strowger.toml"), changed).expect("written");
    router.kill();
    router.start_again();
}

#[test]
fn its_files_are_served_and_may_load_nothing_else() {
    let router = Router::start();
    for (path, kind) in [
        ("/", "text/html"),
        ("/console", "text/html"),
        ("/console/style.css", "text/css"),
        ("/console/parts.css", "text/css"),
        ("/console/main.js", "text/javascript"),
        ("/console/rungs.js", "text/javascript"),
        ("/console/ladder.js", "text/javascript"),
    ] {
        let (status, head, body) = ask(&router, "GET", path, &[]);
        assert_eq!(status, 200, "{path}");
        assert!(head.contains(&format!("content-type: {kind}; charset=utf-8")), "{path}: {head}");
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{head}");
        assert!(head.contains("frame-ancestors 'none'") && head.contains("nosniff"), "{path}: {head}");
        assert!(body.len() > 200, "{path}: {body}");
    }
    assert_eq!(ask(&router, "GET", "/console/nothing.js", &[]).0, 404);
    assert_eq!(ask(&router, "POST", "/", &[]).0, 405);
}

/// Where no token is configured, a foreign page in the operator's browser comes from loopback as he does.
#[test]
fn a_foreign_page_in_the_operators_browser_changes_nothing_and_learns_nothing() {
    let router = Router::start();
    push(&router, "");
    let own = format!("http://{}", router.admin);
    let port = router.admin.port();
    let (rebound, rebound_origin) = (format!("evil.example:{port}"), format!("http://evil.example:{port}"));
    let foreign: [&[(&str, &str)]; 4] = [
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Host", &rebound), ("Origin", &rebound_origin), ("Sec-Fetch-Site", "same-origin")],
    ];
    for fields in foreign {
        for (method, path) in [
            ("POST", "/plugins/edge/2/promote"),
            ("POST", "/plugins/edge/2/split?share=10"),
            ("POST", "/plugins/edge/2/adopt"),
            ("POST", "/plugins/edge/rollback"),
            ("POST", "/plugins/edge?activate=true"),
            ("POST", "/plugins/edge/2/shadow"),
            ("DELETE", "/plugins/edge/shadow"),
            ("GET", "/plugins/edge/shadow"),
            ("GET", "/plugins/edge/2/calls"),
            ("POST", "/plugins/edge/2/configuration"),
            ("GET", "/history"),
            ("GET", "/trace"),
            ("GET", "/nodes"),
        ] {
            let (status, _, body) = ask(&router, method, path, fields);
            assert_eq!(status, 403, "{method} {path} {fields:?}: {body}");
            let body: Value = serde_json::from_str(&body).expect("JSON");
            assert!(body["error"].as_str().is_some_and(|why| why.contains("admin.token")), "{body}");
        }
    }
    let (_, plugins) = router.http("GET", "/plugins/edge", b"");
    let plugins: Value = serde_json::from_str(&plugins).expect("JSON");
    assert_eq!((&plugins[0]["state"], &plugins[1]["state"]), (&"checked".into(), &"active".into()));
    let fields = [("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(ask(&router, "POST", "/plugins/edge/2/promote", &fields).0, 200);
}

/// What a browser makes of the page, as HTML; `None`: there is no browser.
fn shown(router: &Router) -> Option<String> {
    let chromium = toolchain::needs::program("chromium", "chromium")?;
    let profile = tempfile::tempdir().expect("a folder");
    let page = profile.path().join("page.html");
    let mut browser = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", BUDGET, "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{}/", router.admin))
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(File::create(&page).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let end = Instant::now() + UNTIL_SHOWN;
    let status = loop {
        if let Some(status) = browser.try_wait().expect("a child") {
            break status;
        }
        if Instant::now() > end {
            browser.kill().expect("killed");
            browser.wait().expect("ended");
            panic!("the browser does not come to an end");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    Some(std::fs::read_to_string(page).expect("a page"))
}

/// The cell of a version in the line of this name.
#[track_caller]
fn cell<'a>(page: &'a str, figure: &str, number: u32) -> &'a str {
    let line = page.split("<tr").find(|line| line.contains(&format!("data-figure=\"{figure}\"")));
    let cell = line
        .and_then(|line| line.split("<td").find(|cell| cell.contains(&format!("data-number=\"{number}\""))));
    cell.unwrap_or_else(|| panic!("no {figure} of #{number} in {page}"))
}

#[test]
fn a_browser_shows_the_versions_and_calls_that_the_router_has() {
    let mut router = Router::start();
    again_with(&mut router, "[trace]\nmessages = 1000\n[admin]\n");
    push(&router, "share=50");
    let request = Request::new("OPTIONS", "alice", &format!("sip:{}", router.sip));
    router.peer().ask(&request);
    let Some(page) = shown(&router) else { return };
    for (number, state, share) in [(1, "active", "95.0 %"), (2, "candidate", "5.0 %")] {
        assert!(page.contains(&format!("#{number} edge ")), "{page}");
        assert!(cell(&page, "State", number).contains(&format!(">{state}<")), "{page}");
        assert!(cell(&page, "Share", number).contains(&format!(">{share}<")), "{page}");
        assert!(cell(&page, "of them traps", number).contains(">0<"), "{page}");
    }
    let candidate = cell(&page, "Change", 2);
    assert!(candidate.contains("Promote…") && !candidate.contains("disabled"), "{candidate}");
    assert!(page.contains("split, 5.0 %"), "the history says so: {page}");
    assert!(page.contains(&request.call_id) && page.contains("OPTIONS ▸ 200 OPTIONS"), "{page}");
}

#[test]
fn without_the_token_it_only_shows_and_says_why() {
    let mut router = Router::start();
    again_with(&mut router, "[admin]\ntoken = \"s3cret\"\n");
    let Some(page) = shown(&router) else { return };
    assert!(cell(&page, "State", 1).contains(">active<"), "{page}");
    assert!(page.contains("Read only: a bearer token is needed"), "{page}");
    assert!(page.contains("<body class=\"closed\">"), "what is not shown has no place: {page}");
    let rollback = page.split("<button").find(|button| button.contains("id=\"rollback\"")).expect("a button");
    assert!(rollback.contains("disabled"), "{rollback}");
}

/// A call from its INVITE to the answer to its BYE; its Call-ID.
fn make_a_call(caller: &Peer, callee: &Peer) -> String {
    let (call, ok) = Call::established(caller, callee);
    caller.send(&call.sent.within(&ok, "BYE", 2));
    callee.answer(&callee.expect("BYE"), 200, "b", "");
    caller.expect("200");
    call.sent.call_id
}

/// A Call-ID with what would be markup (RFC 3261 §25.1 allows all of it).
fn send_markup(peer: &Peer, router: &Router) -> String {
    let mut request = Request::new("OPTIONS", "alice", &format!("sip:{}", router.sip));
    request.call_id = "<script>alert(1)</script>".to_owned();
    assert_eq!(peer.ask(&request).status(), 200);
    request.call_id
}

/// Each step is in `tests/browser/flows.mjs`.
#[test]
fn an_operator_watches_pushes_splits_rolls_back_and_opens_a_call() {
    let Some(browser) = Browser::find() else { return };
    let mut router = Router::start();
    again_with(&mut router, "[trace]\nmessages = 1000\n[admin]\n");
    let spoilt = router.folder().join("spoilt.wasm");
    std::fs::write(&spoilt, "no plugin at all").expect("written");
    let (caller, callee) = router.pair();
    let url = format!("http://{}/", router.admin);
    let files = [edge(), &spoilt].map(|file| file.to_str().expect("a name"));
    browser.play("flows.mjs", &[&url, files[0], files[1]]).with(|what| match what {
        "call" => make_a_call(&caller, &callee),
        "hostile" => send_markup(&caller, &router),
        other => panic!("{other}"),
    });
}

/// A MESSAGE that the active version relays, and for which `misbehaving` has a bug; its Call-ID.
fn message(caller: &Peer, callee: &Peer, bug: &str, call_id: Option<&str>) -> String {
    let mut request =
        Request::new("MESSAGE", "alice", "bob").with(&format!("Subject: lunch\nX-Misbehave: {bug}"));
    if let Some(call_id) = call_id {
        request.call_id = call_id.to_owned();
    }
    caller.send(&request);
    callee.answer(&callee.expect("MESSAGE"), 200, "b", "");
    caller.expect("200");
    request.call_id
}

/// The router's file with T1 of 500 ms in the place of this line.
fn write_t1(router: &Router, text: &str, line: &str) -> String {
    assert!(text.contains("t1_ms = 500\n"), "{text}");
    std::fs::write(router.folder().join("strowger.toml"), text.replace("t1_ms = 500", line))
        .expect("written");
    line.to_owned()
}

/// Each step is in `tests/browser/operations.mjs`.
#[test]
fn an_operator_follows_compares_splits_ends_configures_and_records() {
    let Some(browser) = Browser::find() else { return };
    let mut router = Router::start();
    again_with(&mut router, "[trace]\nmessages = 1000\n[plugin.pinned]\npolicy = \"end\"\n[admin]\n");
    let spoilt = router.folder().join("spoilt.wasm");
    std::fs::write(&spoilt, "no plugin at all").expect("written");
    let text = router.configuration();
    let (caller, callee) = router.pair();
    let url = format!("http://{}/", router.admin);
    let files = [misbehaving(), &spoilt].map(|file| file.to_str().expect("a name"));
    let mut held = None;
    browser.play("operations.mjs", &[&url, files[0], files[1]]).with(|what| match what {
        "call" => make_a_call(&caller, &callee),
        "relay" => message(&caller, &callee, "nothing", None),
        "rewrite" => message(&caller, &callee, "rewrite", None),
        "refuse" => message(&caller, &callee, "unavailable", None),
        "hostile" => message(&caller, &callee, "rewrite", Some("<script>alert(2)</script>")),
        "hold" => {
            let (call, ok) = Call::established(&caller, &callee);
            held.insert((call, ok)).0.sent.call_id.clone()
        }
        "hang up" => {
            let (call, ok) = held.take().expect("a call");
            caller.send(&call.sent.within(&ok, "BYE", 2));
            callee.answer(&callee.expect("BYE"), 200, "b", "");
            caller.expect("200");
            call.sent.call_id
        }
        "is ended" => {
            callee.answer(&callee.expect("BYE"), 200, "b", "");
            caller.answer(&caller.expect("BYE"), 200, "a", "");
            held.take().expect("a call").0.sent.call_id
        }
        "change the file" => write_t1(&router, &text, "t1_ms = 100"),
        "spoil the file" => write_t1(&router, &text, "t1_ms = 0"),
        other => panic!("{other}"),
    });
}

fn traced(router: &Router, path: &str) -> Vec<Value> {
    let (status, body) = router.http("GET", path, b"");
    assert_eq!(status, 200, "{body}");
    let page: Value = serde_json::from_str(&body).expect("JSON");
    page["messages"].as_array().expect("messages").clone()
}

#[test]
fn a_decision_is_traced_between_the_messages_with_its_version_and_times() {
    let mut router = Router::start();
    again_with(&mut router, "[trace]\nmessages = 1000\n[admin]\n");
    let (caller, callee) = router.pair();
    let call = make_a_call(&caller, &callee);
    router.settle();
    let messages = traced(&router, &format!("/trace?call={call}"));
    let labels: Vec<&str> = messages.iter().map(|one| one["label"].as_str().expect("a label")).collect();
    let at = labels.iter().position(|label| *label == "relay 1 target").expect("a decision");
    assert_eq!(labels[0], "INVITE");
    assert!(labels[at + 1..].contains(&"INVITE"), "{labels:?}");
    let decision = &messages[at]["decision"];
    assert_eq!((&decision["hook"], &decision["about"]), (&"on-request".into(), &"INVITE".into()));
    assert_eq!((&decision["plugin"], &decision["number"]), (&"edge".into(), &1.into()));
    let (cpu, wall) = (decision["cpu_us"].as_u64(), decision["wall_us"].as_u64());
    assert!(cpu.is_some() && wall.is_some_and(|wall| wall > 0), "{decision}");
    assert_eq!(messages[at]["transport"], "script");
    let drawn = strowger(&["trace", "--admin", &router.admin.to_string(), "--call", &call]);
    let drawn = String::from_utf8_lossy(&drawn.stdout).into_owned();
    assert!(drawn.contains("◆ relay 1 target (#1 "), "{drawn}");
}

/// What a script says of itself is the operator's to see, without whose call it was.
#[test]
fn faults_and_traps_are_traced_with_their_reasons_and_without_identities() {
    let mut router = Router::start();
    again_with(&mut router, "[trace]\nmessages = 1000\n[admin]\n");
    let file = std::fs::read(misbehaving()).expect("the plugin");
    let (status, body) = router.http("POST", "/plugins/edge?activate=true", &file);
    assert_eq!(status, 200, "{body}");
    let peer = router.peer();
    for (word, label, reason) in [
        ("fault", "fault 42", "this cannot be"),
        ("panic", "trap panic", ""),
        ("loop", "deadline", ""),
        ("nonsense", "invalid", ""),
    ] {
        let mut request = Request::new("MESSAGE", "alice", "bob");
        request.more = format!("X-Misbehave: {word}\r\n");
        assert_eq!(peer.ask(&request).status(), 500, "{word}");
        let messages = traced(&router, &format!("/trace?call={}", request.call_id));
        let decided = messages.iter().find(|one| one["decision"].is_object()).expect("a line");
        assert_eq!((&decided["label"], &decided["decision"]["failed"]), (&label.into(), &true.into()));
        let words = decided["decision"]["reason"].as_str().expect("words");
        assert!(words.contains(reason) && !words.contains('@'), "{decided}");
    }
}

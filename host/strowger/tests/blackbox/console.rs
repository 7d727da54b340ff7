//! The web console (docs/operating.md): its files, who may change things from a browser, and what a browser shows.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::router::edge;
use crate::support::{Request, Router};

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
        ("/console/main.js", "text/javascript"),
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
            ("GET", "/history"),
            ("GET", "/trace"),
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

/// The row of a version.
#[track_caller]
fn row(page: &str, number: u32) -> &str {
    let begin = format!("<tr data-number=\"{number}\"");
    let at = page.find(&begin).unwrap_or_else(|| panic!("no row of #{number} in {page}"));
    page[at..].split("</tr>").next().unwrap_or_default()
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
        let row = row(&page, number);
        assert!(row.contains(&format!("class=\"{state}\"")), "{row}");
        assert!(row.contains(&format!(">{share}<")), "{row}");
        assert!(row.contains("edge "), "{row}");
    }
    let candidate = row(&page, 2);
    assert!(candidate.contains("Promote…") && !candidate.contains("disabled"), "{candidate}");
    assert!(page.contains("split, 5.0 %"), "the history says so: {page}");
    assert!(page.contains(&request.call_id) && page.contains("▸ 200 OPTIONS"), "{page}");
}

#[test]
fn without_the_token_it_only_shows_and_says_why() {
    let mut router = Router::start();
    again_with(&mut router, "[admin]\ntoken = \"s3cret\"\n");
    let Some(page) = shown(&router) else { return };
    assert!(row(&page, 1).contains("class=\"active\""), "{page}");
    assert!(page.contains("Read only: a bearer token is needed"), "{page}");
    let rollback = page.split("<button").find(|button| button.contains("id=\"rollback\"")).expect("a button");
    assert!(rollback.contains("disabled"), "{rollback}");
}

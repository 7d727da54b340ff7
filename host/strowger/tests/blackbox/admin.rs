//! The admin interface (docs/operating.md): statuses, JSON, and OpenMetrics.

use crate::support::{Request, Router, router::edge};

#[test]
fn health_and_readiness_are_told() {
    let router = Router::start();
    assert_eq!(router.http("GET", "/health", b"").0, 200);
    assert_eq!(router.http("GET", "/ready", b"").0, 200);
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("POST", "/health", 405),
        ("DELETE", "/plugins/edge", 405),
        ("GET", "/plugins/nobody", 404),
        ("POST", "/plugins/nobody", 404),
        ("POST", "/plugins/edge?activate=perhaps", 400),
        ("POST", "/plugins/edge?other=1", 400),
        ("POST", "/plugins/edge", 422),
    ] {
        let (answered, body) = router.http(method, path, b"nonsense");
        assert_eq!(answered, status, "{method} {path}: {body}");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert!(
            body["error"].as_str().is_some_and(|sentence| !sentence.is_empty()),
            "{method} {path}: {body}"
        );
    }
}

#[test]
fn status_says_what_is_held() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    caller.send(&Request::new("INVITE", "alice", "bob"));
    callee.expect("INVITE");
    let (_, status) = router.http("GET", "/status", b"");
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!((&status["state"], &status["registrations"]), (&"running".into(), &2.into()));
    assert_eq!((&status["active_transactions"], &status["requests"]["REGISTER"]), (&1.into(), &4.into()));
    assert_eq!(status["listeners"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["plugins"][0]["name"], "edge");
}

#[test]
fn a_plugin_is_pushed_and_listed() {
    let router = Router::start();
    let file = std::fs::read(edge()).expect("the plugin");
    let pushed = |path: &str| -> serde_json::Value {
        let (status, body) = router.http("POST", path, &file);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    };
    assert_eq!(pushed("/plugins/edge")["state"], "checked");
    let active = pushed("/plugins/edge?activate=true");
    assert_eq!((&active["state"], &active["number"]), (&"active".into(), &3.into()));
    let (_, list) = router.http("GET", "/plugins/edge", b"");
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!((&list[0]["number"], &list[0]["state"]), (&3.into(), &"active".into()));
    router.phone("alice");
}

/// OpenMetrics 1.0: what a scraper insists on.
#[test]
fn metrics_are_open_metrics() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    callee.answer(&callee.expect("MESSAGE"), 200, "b", "");
    caller.expect("200");
    let (_, text) = router.http("GET", "/metrics", b"");
    assert!(text.ends_with("# EOF\n"), "{text}");

    let mut types = std::collections::BTreeMap::new();
    let mut family = String::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            family = name.to_owned();
        } else if !line.starts_with('#') {
            let name = &line[..line.find(['{', ' ']).expect("a name")];
            let suffix =
                name.strip_prefix(&*family).unwrap_or_else(|| panic!("{line} stands under {family}"));
            let suffixes: &[&str] = match types[&family].as_str() {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "{line}");
            let value = line.rsplit_once(' ').expect("a value").1;
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for (name, kind) in [
        ("strowger_sip_requests", "counter"),
        ("strowger_sip_responses", "counter"),
        ("strowger_sip_response_seconds", "histogram"),
        ("strowger_active_transactions", "gauge"),
        ("strowger_dialogs", "gauge"),
        ("strowger_registrations", "gauge"),
        ("strowger_plugin_calls", "counter"),
        ("strowger_plugin_cpu_seconds", "counter"),
    ] {
        assert_eq!(types.get(name).map(String::as_str), Some(kind), "{name}");
    }
    // a histogram's buckets rise, and the last one is all
    let buckets: Vec<(&str, u64)> = text
        .lines()
        .filter(|line| {
            line.starts_with("strowger_sip_response_seconds_bucket") && line.contains("\"MESSAGE\"")
        })
        .map(|line| {
            let bound = line.split("le=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a bound");
            (bound, line.rsplit_once(' ').expect("a value").1.parse().expect("a number"))
        })
        .collect();
    assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&("+Inf", 1)));
    let bounds: Vec<f64> = buckets.iter().map(|(bound, _)| bound.parse().expect("a number")).collect();
    assert!(bounds.is_sorted(), "{bounds:?}");
    assert!(text.contains("strowger_sip_responses_total{method=\"MESSAGE\",code=\"200\"} 1"), "{text}");
}

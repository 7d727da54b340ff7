//! `strowger plugin shadow`: a version in the shadow of the active one, and what it has seen, for a person.
//!
//! In: arguments, the host's JSON. Out: figures, then a paragraph for each kind of difference with its examples.

use anyhow::Result;
use serde_json::Value;

use super::http;
use super::versions::{date, share, text};
use crate::AdminUrl;

/// A share as a person writes it; `100` is all calls.
pub(super) fn percent(text: &str) -> Result<u16, String> {
    match text.strip_suffix('%').unwrap_or(text) {
        "100" | "100.0" => Ok(1000),
        _ => super::versions::percent(text),
    }
}

pub(super) fn begin(at: &AdminUrl, role: &str, number: u32, share: u16) -> Result<Vec<String>> {
    let told = http::post(at, &format!("/plugins/{role}/{number}/shadow?share={share}"), b"")?;
    Ok(vec![head(&told)])
}

pub(super) fn end(at: &AdminUrl, role: &str) -> Result<Vec<String>> {
    Ok(lines(&table(&http::delete(at, &format!("/plugins/{role}/shadow"))?)))
}

pub(super) fn report(at: &AdminUrl, role: &str) -> Result<Vec<String>> {
    Ok(lines(&table(&http::get(at, &format!("/plugins/{role}/shadow"))?)))
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Who is compared with whom.
fn head(report: &Value) -> String {
    let version = |which: &str| {
        let version = &report[which];
        format!("#{} {} {}", version["number"], text(version, "name"), text(version, "version"))
    };
    let state = match text(report, "why") {
        why if !why.is_empty() => format!("ended: {why}"),
        _ => text(report, "state"),
    };
    format!(
        "{}: {} in the shadow of {}, {} of the calls, since {}, {state}",
        text(report, "role"),
        version("candidate"),
        version("active"),
        share(report),
        date(&report["since_ms"]),
    )
}

/// The whole report.
fn table(report: &Value) -> String {
    if report.is_null() {
        return "no version was in the shadow of the active one".into();
    }
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let mut lines = vec![head(report)];
    let names = ["compared", "same", "different", "asked_more", "failed", "dropped"];
    let figures: Vec<String> =
        names.iter().map(|name| format!("{} {}", name.replace('_', " "), count(name))).collect();
    lines.push(format!("  {}", figures.join("   ")));
    lines.extend(cost(&report["cost"]));
    for difference in report["differences"].as_array().into_iter().flatten() {
        lines.push(String::new());
        lines.push(format!("  {} times: {}", difference["calls"], text(difference, "kind")));
        lines.push(format!(
            "    first {}, last {}",
            date(&difference["first_ms"]),
            date(&difference["last_ms"])
        ));
        for example in difference["examples"].as_array().into_iter().flatten() {
            lines.push(format!("    {}", call(example)));
            let decided = example["lines"].as_array().into_iter().flatten();
            lines.extend(decided.map(|line| format!("      {}", line.as_str().unwrap_or("?"))));
        }
    }
    if count("other") > 0 {
        lines.push(format!("\n  {} times: other differences", count("other")));
    }
    lines.join("\n")
}

/// What both need, where that was measured.
fn cost(cost: &Value) -> Option<String> {
    let ratio = cost["ratio"].as_f64()?;
    let calls = cost["calls"].as_f64().filter(|calls| *calls > 0.0)?;
    let each = |who: &str| cost[who].as_f64().unwrap_or_default() / calls;
    let mut line = format!(
        "  it needs {ratio:.2} times the active version's time: {:.1} µs against {:.1} µs a hook, of {calls} hooks",
        each("candidate_us"),
        each("active_us")
    );
    if let Some(number) = cost["active_differs"].as_u64().filter(|number| *number > 0) {
        line += &format!(
            "\n  in {number} of these the active version itself decided otherwise the second time: differences say little"
        );
    }
    Some(line)
}

/// Which call an example is.
fn call(example: &Value) -> String {
    let mut line = text(example, "hook");
    for more in
        [text(example, "method"), example["status"].as_u64().map_or_else(String::new, |s| s.to_string())]
    {
        if !more.is_empty() {
            line += &format!(" {more}");
        }
    }
    match text(example, "call_id") {
        id if id.is_empty() => line,
        id => format!("{line}, Call-ID {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_calls_are_a_share_of_calls() {
        assert_eq!(["100", "100%", "10", "0.1"].map(percent), [Ok(1000), Ok(1000), Ok(100), Ok(1)]);
        assert!(percent("101").is_err());
    }

    #[test]
    fn a_report_as_a_table() {
        let report = serde_json::json!({
            "role": "scscf", "state": "running", "why": "", "share": 100, "since_ms": 0,
            "candidate": {"number": 7, "name": "mine", "version": "0.2.0"},
            "active": {"number": 1, "name": "mine", "version": "0.1.0"},
            "compared": 9, "same": 5, "different": 2, "asked_more": 1, "failed": 1, "dropped": 3,
            "cost": {"calls": 2, "candidate_us": 26.0, "active_us": 20.0, "ratio": 1.3, "active_differs": 0},
            "differences": [{
                "kind": "header User-Agent changed", "calls": 2, "first_ms": 0, "last_ms": 1000, "examples": [{
                    "call_id": "a@b", "hook": "on-reply", "method": "INVITE", "status": 180, "at_ms": 0,
                    "lines": ["+ replace User-Agent (4): x"]
                }]
            }],
            "other": 1
        });
        let expected = "scscf: #7 mine 0.2.0 in the shadow of #1 mine 0.1.0, 10.0% of the calls, since \
             Thu, 01 Jan 1970 00:00:00 GMT, running\n  \
             compared 9   same 5   different 2   asked more 1   failed 1   dropped 3\n  \
             it needs 1.30 times the active version's time: 13.0 µs against 10.0 µs a hook, of 2 hooks\n\n  \
             2 times: header User-Agent changed\n    \
             first Thu, 01 Jan 1970 00:00:00 GMT, last Thu, 01 Jan 1970 00:00:01 GMT\n    \
             on-reply INVITE 180, Call-ID a@b\n      \
             + replace User-Agent (4): x\n\n  1 times: other differences";
        assert_eq!(table(&report), expected);
        assert_eq!(table(&Value::Null), "no version was in the shadow of the active one");
    }
}

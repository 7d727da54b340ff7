//! `strowger plugin list | split | promote | rollback | which | history`: versions of a running host, for a person.
//!
//! In: arguments, the host's JSON. Out: a line for each version or deed.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::terms::Terms;
use super::{http, push};
use crate::AdminUrl;

/// A share as a person writes it, `1`, `0.5` or `12.5%`, in tenths of a percent.
pub(crate) fn percent(text: &str) -> Result<u16, String> {
    let wrong = || format!("{text} is no share: 0 to 100 percent, with one decimal at most");
    let number = text.strip_suffix('%').unwrap_or(text);
    if matches!(number, "100" | "100.0") {
        return Ok(::plugin::ALL);
    }
    let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_digits(whole, 2) || !is_digits(tenths, 1) {
        return Err(wrong());
    }
    let read = |text: &str| text.parse::<u16>().map_err(|_| wrong());
    Ok(10 * read(whole)? + read(tenths)?)
}

/// A version's number, `3` or `#3`.
pub(crate) fn number(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix('#').unwrap_or(text).parse();
    number.map_err(|_| format!("{text} is no version's number; `strowger plugin list` shows them"))
}

/// The number of a version as a host tells it.
pub(crate) fn number_of(plugin: &Value) -> Result<u32> {
    let number = plugin["number"].as_u64().and_then(|number| u32::try_from(number).ok());
    number.context("the host does not say which number the version has")
}

/// What a node tells, a line each.
type Lines = Result<Vec<String>>;

pub(super) fn list(at: &AdminUrl) -> Lines {
    Ok(values(at, "/plugins")?.iter().map(describe).collect())
}

/// A command that changes a version, and what the host says then.
pub(super) fn change(at: &AdminUrl, path: &str) -> Lines {
    Ok(vec![describe(&http::post(at, path, b"")?)])
}

/// Gives a version a share, and says what the host says then.
pub(super) fn split(at: &AdminUrl, role: &str, version: u32, share: u16, terms: &Terms) -> Lines {
    let path = format!("/plugins/{role}/{version}/split?share={share}{}", terms.query());
    let text = [("Content-Type", "text/plain; charset=utf-8")];
    Ok(vec![describe(&http::post_with(at, &path, &text, terms.identities()?.as_bytes())?)])
}

pub(super) fn which(at: &AdminUrl, identity: &str) -> Lines {
    let escaped: String = identity
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let answer = http::get(at, &format!("/which?identity={escaped}"))?;
    Ok(vec![format!("{identity}: #{}", answer["number"])])
}

pub(super) fn history(at: &AdminUrl, last: u16) -> Lines {
    Ok(values(at, &format!("/history?last={last}"))?.iter().map(told).collect())
}

fn values(at: &AdminUrl, path: &str) -> Result<Vec<Value>> {
    let Value::Array(values) = http::get(at, path)? else { bail!("the host's answer is not a list") };
    Ok(values)
}

pub(super) fn activations(at: &AdminUrl) -> Lines {
    let mut lines = Vec::new();
    for activation in &values(at, "/plugins/activations")? {
        let began = date(&activation["steps"][0]["at_ms"]);
        let number = activation["number"].as_u64().filter(|number| *number != 0);
        let version = match number {
            Some(number) => format!("#{number} {} {}", text(activation, "name"), text(activation, "version")),
            None => "no version".into(),
        };
        let digest = text(activation, "digest");
        let digest = digest.get(..12).unwrap_or("?");
        lines.push(format!("{began}  {version}  {digest}  ({})", text(activation, "who")));
        lines.extend(push::steps(activation).iter().map(|line| format!("  {line}")));
        lines.extend(activation["refused"]["why"].as_str().map(|why| format!("  {why}")));
    }
    Ok(lines)
}

/// One version on one line.
pub(super) fn describe(plugin: &Value) -> String {
    format!(
        "{:<8} {:<20} {:<10} #{:<4} {:<9} {:>6}  {}  {} calls, {} failures, held {} times{}{}",
        text(plugin, "role"),
        text(plugin, "name"),
        text(plugin, "version"),
        plugin["number"],
        text(plugin, "state"),
        share(plugin),
        text(plugin, "digest").get(..12).unwrap_or("?"),
        plugin["calls"],
        plugin["failures"],
        plugin["holders"],
        terms(plugin),
        rehearsal(plugin),
    )
}

/// What came of a version's rehearsal, in short: `; rehearsed: 12 of 812 calls otherwise`.
fn rehearsal(plugin: &Value) -> String {
    let number = |name: &str| plugin["rehearsal"][name].as_u64();
    match (number("different"), number("calls")) {
        (Some(different), Some(calls)) => format!("; rehearsed: {different} of {calls} calls otherwise"),
        _ => String::new(),
    }
}

/// A candidate's terms, where they are not a share of all subscribers: `; by call-id, only INVITE`.
fn terms(plugin: &Value) -> String {
    let split = &plugin["split"];
    let list = |name: &str| -> Vec<&str> {
        split[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut words = Vec::new();
    words.extend(split["key"].as_str().filter(|key| *key != "impu").map(|key| format!("by {key}")));
    match split["identities"].as_u64() {
        None | Some(0) => {}
        Some(1) => words.push("only 1 identity".into()),
        Some(many) => words.push(format!("only {many} identities")),
    }
    for (what, values) in [("only", list("methods")), ("only by", list("pcscf"))] {
        if !values.is_empty() {
            words.push(format!("{what} {}", values.join(" ")));
        }
    }
    words.iter().enumerate().map(|(n, word)| format!("{} {word}", if n == 0 { ";" } else { "," })).collect()
}

/// One deed on one line.
fn told(deed: &Value) -> String {
    let at = date(&deed["at_ms"]);
    let number = deed["number"].as_u64().filter(|number| *number != 0);
    let version = number.map(|number| format!(" #{number} {}", text(deed, "version"))).unwrap_or_default();
    let mut line = format!("{at}  {} {}{version}", text(deed, "role"), text(deed, "what"));
    if matches!(&*text(deed, "what"), "split" | "shadow") {
        line += &format!(", {}", share(deed));
        if let Some(terms) = deed["terms"].as_str() {
            line += &format!(", {terms}");
        }
    }
    if let Some(step) = deed["step"].as_str() {
        line += &format!(", before it was {step}");
    }
    line += &format!("  ({})", text(deed, "who"));
    if let Some(why) = deed["why"].as_str().filter(|why| !why.is_empty()) {
        line += &format!(": {why}");
    }
    line
}

/// A time in milliseconds since 1970.
pub(super) fn date(at_ms: &Value) -> String {
    let at = at_ms.as_u64().unwrap_or_default() / 1000;
    String::from_utf8_lossy(&sip::header::date::format(at)).into_owned()
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or("?").to_owned()
}

/// Tenths of a percent as percent; nothing for none.
pub(super) fn share(value: &Value) -> String {
    match value["share"].as_u64() {
        None | Some(0) => String::new(),
        Some(tenths) => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_as_people_write_them() {
        let read = ["1", "0.5", "12.5%", "99.9", "0", "0%", "100%"].map(|text| percent(text).unwrap());
        assert_eq!(read, [10, 5, 125, 999, 0, 0, 1000]);
        for wrong in ["", "%", "101", "100.1", "1.25", "-1", "+1", ".5", "1.", "a", "1,5"] {
            assert!(percent(wrong).unwrap_err().contains("no share"), "{wrong}");
        }
    }

    #[test]
    fn a_version_is_named_by_its_number() {
        assert_eq!((number("3"), number("#17")), (Ok(3), Ok(17)));
        assert!(number("latest").unwrap_err().contains("plugin list"));
    }

    #[test]
    fn terms_in_words() {
        let version = |split: Value| terms(&serde_json::json!({ "split": split }));
        let plain = serde_json::json!({ "key": "impu", "identities": 0, "methods": [], "pcscf": [] });
        assert_eq!((version(Value::Null), version(plain)), (String::new(), String::new()));
        let all = serde_json::json!({
            "key": "call-id", "identities": 3, "methods": ["INVITE", "MESSAGE"], "pcscf": ["pcscf1"]
        });
        assert_eq!(version(all), "; by call-id, only 3 identities, only INVITE MESSAGE, only by pcscf1");
    }

    #[test]
    fn a_rehearsal_in_short() {
        let version = |came: Value| rehearsal(&serde_json::json!({ "rehearsal": came }));
        assert_eq!(version(Value::Null), "");
        let came = serde_json::json!({ "calls": 812, "different": 12, "cases": 3 });
        assert_eq!(version(came), "; rehearsed: 12 of 812 calls otherwise");
    }

    #[test]
    fn a_deed_on_one_line() {
        let deed = serde_json::json!({
            "at_ms": 0, "what": "split", "who": "ann by http 127.0.0.1:4", "role": "scscf", "number": 2,
            "version": "mine 0.2.0", "digest": "", "share": 15
        });
        let line =
            "Thu, 01 Jan 1970 00:00:00 GMT  scscf split #2 mine 0.2.0, 1.5%  (ann by http 127.0.0.1:4)";
        assert_eq!(told(&deed), line);
    }
}

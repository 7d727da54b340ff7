//! In which way two decisions differ, as a few words that are the same for all calls that differ so: what a report groups
//! by. Values are not in them.
//!
//! In: two [`Canonical`] forms. Out: `relay → reply 404`, or, where both are of one kind, what differs in them:
//! `header User-Agent changed; target differs`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plugin::Canonical;

/// Places that are named; the others are counted.
const MAX_NAMED: usize = 4;

/// Bytes of the name of a place: a script chooses the names of its variables.
const MAX_NAME: usize = 64;

/// How the candidate's decision differs from the active version's.
pub(crate) fn of(active: &Canonical, candidate: &Canonical) -> String {
    let (before, after) = (decision(active.summary()), decision(candidate.summary()));
    if before != after {
        return format!("{before} → {after}");
    }
    let mut places: BTreeMap<Cow<'_, str>, Both<'_>> = BTreeMap::new();
    for (place, line) in lines(active) {
        places.entry(place).or_default().active.push(line);
    }
    for (place, line) in lines(candidate) {
        places.entry(place).or_default().candidate.push(line);
    }
    let mut named: Vec<String> = summaries(active.summary(), candidate.summary());
    named.extend(places.into_iter().filter_map(|(place, both)| both.words(&place)));
    let more = named.len().saturating_sub(MAX_NAMED);
    named.truncate(MAX_NAMED);
    match (named.is_empty(), more) {
        (true, _) => "the same in another order".into(),
        (false, 0) => named.join("; "),
        (false, more) => format!("{} and {more} more", named.join("; ")),
    }
}

/// The kind of a decision: the part of its first line that has no values of a call in it.
fn decision(summary: &str) -> &str {
    let words = match summary.split([' ', ',']).next().unwrap_or_default() {
        "failed:" => usize::MAX,
        "reply" | "replace" | "challenge" | "fault" => 2,
        _ => 1,
    };
    let end = summary.match_indices([' ', ',']).nth(words.saturating_sub(1)).map(|(at, _)| at);
    summary[..end.unwrap_or(summary.len())].trim_end_matches(',')
}

/// What differs in the first lines of two decisions of one kind.
fn summaries(active: &str, candidate: &str) -> Vec<String> {
    if active == candidate {
        return Vec::new();
    }
    if decision(active) != "relay" {
        return vec![format!("words of the {} differ", decision(active))];
    }
    let options = |summary: &'_ str| -> Vec<String> {
        let all = summary.split(", ").skip(1);
        all.map(|option| if option.contains(" ms until ") { "time-out" } else { option }.to_owned()).collect()
    };
    let (before, after) = (options(active), options(candidate));
    let only = |these: &[String], those: &[String], word: &str| -> Vec<String> {
        let missing = these.iter().filter(|option| !those.contains(option));
        missing.map(|option| format!("relay's {option} {word}")).collect()
    };
    let mut named = only(&before, &after, "missing");
    named.extend(only(&after, &before, "added"));
    if named.is_empty() {
        named.push("relay's time-out differs".into());
    }
    named
}

/// Lines of one place that each of the two has.
#[derive(Default)]
struct Both<'a> {
    active: Vec<&'a str>,
    candidate: Vec<&'a str>,
}

impl Both<'_> {
    /// What there is to say, if they differ.
    fn words(mut self, place: &str) -> Option<String> {
        self.active.retain(|line| match self.candidate.iter().position(|other| other == line) {
            Some(at) => {
                self.candidate.remove(at);
                false
            }
            None => true,
        });
        let what = match (self.active.first(), self.candidate.first()) {
            (None, None) => return None,
            (Some(_), Some(_)) => "differs".to_owned(),
            (None, Some(line)) => verb(line).unwrap_or("added").to_owned(),
            (Some(line), None) => verb(line).map_or("missing".into(), |verb| format!("no longer {verb}")),
        };
        Some(format!("{place} {what}"))
    }
}

/// What an edit of a header field does with it.
fn verb(line: &str) -> Option<&'static str> {
    match line.trim_start().split(' ').next() {
        Some("append" | "prepend") => Some("added"),
        Some("replace") => Some("changed"),
        Some("remove") => Some("removed"),
        _ => None,
    }
}

/// Every line but the first, with its place. How many variables there are follows from which.
fn lines(canonical: &Canonical) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut is_send = false;
    canonical.lines().iter().skip(1).filter_map(move |line| {
        let is_part = line.starts_with("  ");
        is_send = if is_part { is_send } else { line.starts_with("send ") };
        let place = match (is_send, is_part) {
            (true, _) => "a request of its own".into(),
            (false, true) => part(line.trim_start()),
            (false, false) => effect(line)?,
        };
        Some((place, line.as_str()))
    })
}

/// The place of a part of the decision.
fn part(line: &str) -> Cow<'_, str> {
    let header = |rest: &str| {
        let end = rest.find([':', ' ']).unwrap_or(rest.len());
        format!("header {}", short(&rest[..end])).into()
    };
    for edit in ["append ", "prepend ", "replace ", "remove all ", "remove "] {
        if let Some(rest) = line.strip_prefix(edit) {
            return header(rest);
        }
    }
    for (beginning, place) in [
        ("request-uri ", "Request-URI"),
        ("body ", "body"),
        ("target ", "target"),
        ("served user ", "served user"),
        ("server timers ", "server timers"),
        ("timers ", "timers"),
        ("returns by ", "way of its return"),
        ("vias ", "Via"),
    ] {
        if line.starts_with(beginning) {
            return place.into();
        }
    }
    "decision".into()
}

/// The place of something that is done beside the decision.
fn effect(line: &str) -> Option<Cow<'_, str>> {
    if line.starts_with("variables: ") || line.starts_with("dialog variables: ") {
        return None;
    }
    for what in ["variable ", "dialog variable "] {
        if let Some(rest) = line.strip_prefix(what) {
            let name = rest.split(": ").next().unwrap_or_default();
            return Some(format!("{what}{}", short(name)).into());
        }
    }
    if let Some(deed) = line.strip_prefix("deed ") {
        let name = deed.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
        return Some(format!("deed {name}").into());
    }
    Some(match line.split(' ').next() {
        Some("provisional") => "provisional answer".into(),
        Some("to-tag") => "To tag".into(),
        _ => "decision".into(),
    })
}

fn short(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(lines: &[&str]) -> Canonical {
        serde_json::from_value(serde_json::json!(lines)).unwrap()
    }

    fn kind(active: &[&str], candidate: &[&str]) -> String {
        of(&canonical(active), &canonical(candidate))
    }

    #[test]
    fn another_kind_of_decision_is_all_there_is_to_say() {
        let relay = ["relay, record-route", "  target sip:bob@192.0.2.4 q=1000"];
        assert_eq!(kind(&relay, &["reply 404 Not Found"]), "relay → reply 404");
        assert_eq!(kind(&["reply 404"], &["reply 480, stateless"]), "reply 404 → reply 480");
        assert_eq!(
            kind(&["challenge 401 \"ims.test\" Md5"], &["fault 42 alice"]),
            "challenge 401 → fault 42"
        );
        assert_eq!(kind(&relay, &["failed: the script trapped"]), "relay → failed: the script trapped");
        assert_eq!(kind(&["next"], &["drop"]), "next → drop");
    }

    #[test]
    fn an_edit_is_named_by_its_header_field_and_never_by_its_value() {
        let edit = |line: &str| ["relay".to_owned(), line.to_owned()];
        let one = |active: &str, candidate: &str| {
            let (active, candidate) = (edit(active), edit(candidate));
            let lines = |all: &[String; 2]| {
                canonical(&all.iter().map(String::as_str).filter(|line| !line.is_empty()).collect::<Vec<_>>())
            };
            of(&lines(&active), &lines(&candidate))
        };
        let append = "  append P-Asserted-Identity: <sip:alice@ims.test>";
        assert_eq!(one("", append), "header P-Asserted-Identity added");
        assert_eq!(one(append, ""), "header P-Asserted-Identity no longer added");
        assert_eq!(
            one(append, "  append P-Asserted-Identity: <tel:+1>"),
            "header P-Asserted-Identity differs"
        );
        assert_eq!(one("", "  replace User-Agent (4): x"), "header User-Agent changed");
        assert_eq!(one("", "  remove Route (1)"), "header Route removed");
        assert_eq!(one("  remove all X-A", ""), "header X-A no longer removed");
        assert_eq!(one("  target sip:a@b q=1", "  target sip:c@d q=1"), "target differs");
        assert_eq!(one("", "  request-uri sip:a@b"), "Request-URI added");
        assert_eq!(one("  served user sip:a@b", "  served user sip:c@d"), "served user differs");
    }

    #[test]
    fn what_is_done_beside_the_decision_is_named_too() {
        assert_eq!(
            kind(
                &["next", "variables: 1", "variable a: 1", "deed StartTimer { token: \"t\", after_ms: 5 }"],
                &["next", "variables: 2", "variable a: 2", "variable b: 1", "to-tag x"],
            ),
            "To tag added; deed StartTimer missing; variable a differs; variable b added"
        );
        assert_eq!(
            kind(
                &["next", "send REGISTER sip:a told as \"x\"", "  Via: y", "deed Settle"],
                &["next", "send REGISTER sip:a told as \"x\"", "  Via: z", "deed Settle"]
            ),
            "a request of its own differs"
        );
    }

    #[test]
    fn options_of_a_relay_are_named_and_times_are_not() {
        assert_eq!(
            kind(&["relay, ask-replies"], &["relay, record-route"]),
            "relay's ask-replies missing; relay's record-route added"
        );
        let timed = |ms| [format!("relay, {ms} ms until Final")];
        let (one, other) = (timed(1000), timed(2000));
        assert_eq!(kind(&[&one[0]], &[&other[0]]), "relay's time-out differs");
        assert_eq!(kind(&["reply 404 Gone"], &["reply 404 Away"]), "words of the reply 404 differ");
    }

    #[test]
    fn few_places_are_named_and_an_order_is_one() {
        let many: Vec<String> = (0..9).map(|n| format!("  append X-{n}: y")).collect();
        let all: Vec<&str> = ["relay"].into_iter().chain(many.iter().map(String::as_str)).collect();
        assert_eq!(
            kind(&["relay"], &all),
            "header X-0 added; header X-1 added; header X-2 added; header X-3 added and 5 more"
        );
        assert_eq!(
            kind(&["relay", "  target a", "  target b"], &["relay", "  target b", "  target a"]),
            "the same in another order"
        );
        let long = format!("variable {}: 1", "ä".repeat(400));
        assert!(kind(&["next"], &["next", &long]).len() < 100);
    }
}

//! Whose call it was is nobody's business who reads a report: user parts of URIs, telephone and device numbers, display
//! names, and values that a script keeps for itself, become pseudonyms.
//!
//! In: a line of a decision. Out: the same with `~1f3a9c` in their place: one name for one value, so that a difference
//! stays one. Names come from a key of this report alone, and lead back to nobody. Hosts and Call-IDs stay.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// Digits of a number that is taken for a telephone's.
const PHONE_DIGITS: usize = 7;

/// Lines whose value is of a script's own making, by their beginning.
const OPAQUE: [&str; 4] = ["variable ", "dialog variable ", "body ", "body:"];

/// Makes pseudonyms, or lets everything be seen.
pub(super) struct Mask {
    key: Option<[u8; 16]>,
}

impl Mask {
    /// With this key; `None`: nothing is hidden.
    pub(super) fn new(key: Option<[u8; 16]>) -> Mask {
        Mask { key }
    }

    /// A line of a canonical form, perhaps with a sign in front of it; or, with the sign `?`, a question.
    pub(super) fn line(&self, line: &str) -> String {
        let Some(key) = &self.key else { return line.to_owned() };
        let sign = ["- ", "+ ", "? "].into_iter().find(|sign| line.starts_with(sign)).unwrap_or_default();
        let text = &line[sign.len()..];
        let masked = match text.split_once(':') {
            Some((name, value)) if OPAQUE.iter().any(|beginning| text.starts_with(beginning)) => {
                format!("{name}: {} ({} bytes)", pseudonym(key, value), value.trim_start().len())
            }
            _ if text.starts_with("deed ") || sign == "? " => deed(key, text),
            _ => words(key, &display_names(key, text)),
        };
        format!("{sign}{masked}")
    }
}

fn pseudonym(key: &[u8; 16], text: &str) -> String {
    let mut hasher = SipHasher13::new_with_key(key);
    hasher.write(text.as_bytes());
    format!("~{:06x}", hasher.finish() & 0xff_ffff)
}

/// Arguments of a deed: strings that are no URIs have a meaning to the script alone, lists of numbers are bytes.
fn deed(key: &[u8; 16], text: &str) -> String {
    let is_identity = |text: &str| text.contains('@') || text.contains("tel:");
    let quoted = text.split('"').enumerate().map(|(n, part)| match n % 2 {
        1 if !part.is_empty() && !is_identity(part) => format!("\"{}\"", pseudonym(key, part)),
        1 => format!("\"{}\"", words(key, part)),
        _ => part.to_owned(),
    });
    let mut out = String::new();
    let mut rest = &*quoted.collect::<String>();
    while let Some((before, list)) = rest.split_once('[') {
        let Some((numbers, after)) = list.split_once(']') else { break };
        out.push_str(before);
        let are_bytes =
            numbers.len() > 3 && numbers.bytes().all(|b| b.is_ascii_digit() || b", ".contains(&b));
        match are_bytes {
            true => out += &format!("[{}]", pseudonym(key, numbers)),
            false => out += &format!("[{numbers}]"),
        }
        rest = after;
    }
    out + rest
}

/// `"Alice" <sip:…>` and `Alice <sip:…>`: who that is.
fn display_names(key: &[u8; 16], text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, address) = rest.split_at(at);
        let name = before.trim_end();
        let start = match name.strip_suffix('"').and_then(|quoted| quoted.rfind('"')) {
            Some(start) => start,
            None => name.rfind([':', ',', ';', '>', '"']).map_or(0, |at| at + 1),
        };
        let (kept, name) = name.split_at(start);
        match name.trim().is_empty() || name.contains('=') || kept.is_empty() {
            true => out.push_str(before),
            false => out += &format!("{} {} ", kept.trim_end(), pseudonym(key, name.trim())),
        }
        out.push('<');
        rest = &address[1..];
    }
    out + rest
}

/// Words of which some are identities.
fn words(key: &[u8; 16], text: &str) -> String {
    let mut out = String::new();
    let is_edge = |char: char| char.is_whitespace() || matches!(char, '<' | '>' | '"');
    for part in text.split_inclusive(is_edge) {
        let word = part.trim_end_matches(is_edge);
        out += &self::word(key, word);
        out.push_str(&part[word.len()..]);
    }
    out
}

fn word(key: &[u8; 16], word: &str) -> String {
    if let Some(at) = word.rfind('@') {
        let (user, host) = word.split_at(at);
        let scheme = ["sips:", "sip:", "im:", "pres:"].iter().find_map(|scheme| {
            let at = user.find(scheme)?;
            Some(at + scheme.len())
        });
        let (kept, user) = user.split_at(scheme.unwrap_or(0));
        return format!("{kept}{}{host}", pseudonym(key, user));
    }
    for scheme in ["tel:", "urn:"] {
        if let Some(at) = word.find(scheme) {
            let (kept, number) = word.split_at(at + scheme.len());
            let end = number.find(';').unwrap_or(number.len());
            return format!("{kept}{}{}", pseudonym(key, &number[..end]), &number[end..]);
        }
    }
    let bare = word.trim_matches(|char: char| !char.is_ascii_alphanumeric());
    let is_number = bare.len() >= PHONE_DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => word.replace(bare, &pseudonym(key, bare)),
        false => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same line with every pseudonym as `~`.
    fn masked(line: &str) -> String {
        let masked = Mask::new(Some([7; 16])).line(line);
        let mut parts = masked.split('~');
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |out, part| format!("{out}~{}", &part[6..]))
    }

    #[test]
    fn who_it_is_is_hidden_and_where_it_goes_is_not() {
        for (line, expected) in [
            ("+ target sip:alice@192.0.2.4:5060 q=1000", "+ target sip:~@192.0.2.4:5060 q=1000"),
            (
                "- append P-Asserted-Identity: \"Alice A\" <sip:a@b>",
                "- append P-Asserted-Identity: ~ <sip:~@b>",
            ),
            ("append From: Alice <tel:+4930123456;x=y>;tag=1", "append From: ~ <tel:~;x=y>;tag=1"),
            (
                "append P-Asserted-Identity: <sip:a@b>, <tel:+1>",
                "append P-Asserted-Identity: <sip:~@b>, <tel:~>",
            ),
            (
                "append Authorization: Digest username=\"a@b\", uri=\"x\"",
                "append Authorization: Digest username=\"~@b\", uri=\"x\"",
            ),
            ("append Route: <sip:orig@scscf.ims.test;lr>", "append Route: <sip:~@scscf.ims.test;lr>"),
            (
                "append Contact: <sip:a@b>;+sip.instance=\"<urn:uuid:f8-1>\"",
                "append Contact: <sip:~@b>;+sip.instance=\"<urn:~>\"",
            ),
            ("target sip:b@c q=5 route=<sip:p.ims.test;lr>", "target sip:~@c q=5 route=<sip:p.ims.test;lr>"),
            ("append X-Number: +49301234567", "append X-Number: +~"),
            ("relay, record-route, 30000 ms until Final", "relay, record-route, 30000 ms until Final"),
            ("+ variable caller: alice", "+ variable caller: ~ (5 bytes)"),
            ("dialog variable session: 01", "dialog variable session: ~ (2 bytes)"),
            ("body application/sdp: v=0 o=alice", "body application/sdp: ~ (11 bytes)"),
            ("deed Put { key: \"calls/alice\", value: [49, 50, 51] }", "deed Put { key: \"~\", value: [~] }"),
            ("? Get(\"calls/alice\")", "? Get(\"~\")"),
            ("deed Remove(\"sip:alice@ims.test\")", "deed Remove(\"sip:~@ims.test\")"),
            ("deed StartTimer { token: \"\", after_ms: 5 }", "deed StartTimer { token: \"\", after_ms: 5 }"),
        ] {
            assert_eq!(masked(line), expected, "{line}");
        }
    }

    #[test]
    fn one_value_has_one_name_and_another_one_another_and_no_two_reports_agree() {
        let mask = Mask::new(Some([7; 16]));
        let line = |who: &str| mask.line(&format!("append To: <sip:{who}@b>"));
        assert_eq!(line("alice"), line("alice"));
        assert_ne!(line("alice"), line("bob"));
        assert_ne!(Mask::new(Some([8; 16])).line("sip:alice@b"), mask.line("sip:alice@b"));
        assert!(!line("alice").contains("alice"));
    }

    #[test]
    fn who_wants_to_see_all_sees_all() {
        assert_eq!(Mask::new(None).line("- variable x: sip:alice@b"), "- variable x: sip:alice@b");
    }
}

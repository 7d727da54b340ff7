//! What a script decided, as a line of a ladder. In: its version, its times and its own words. Out: a [`Decision`], whose
//! words have no identities in them.

use serde::{Deserialize, Serialize};

/// Characters of a script's own words that are kept.
pub const MAX_REASON: usize = 200;

/// Digits from which on a word is a number of somebody, or an address.
const DIGITS: usize = 5;

/// What stands in the place of an identity.
const HIDDEN: &str = "…";

/// A script was asked, and this is what came of it. What it decided is the line's label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// How it was asked: `on-request`, `on-reply`, `on-event`, …
    pub hook: String,
    /// The message that it was asked about, named as in a ladder; empty: none.
    pub about: String,
    /// The plugin's name.
    pub plugin: String,
    /// Its own version.
    pub version: String,
    /// The number of its load at this host.
    pub number: u32,
    /// Microseconds that the script had the thread.
    pub cpu_us: u64,
    /// Microseconds from the question to the answer, with what it waited for.
    pub wall_us: u64,
    /// Why, in the words of the script or of the host; empty: nobody said.
    pub reason: String,
    /// Whether there is no decision: a fault, a trap, a deadline.
    pub failed: bool,
}

/// A script's own words in one line of at most [`MAX_REASON`] characters, without what looks like an identity, a number or
/// an address: a trace has no more of these than its Call-IDs.
#[must_use]
pub fn reason(words: &str) -> String {
    let mut out = String::new();
    for (n, word) in words.split_whitespace().enumerate() {
        if n > 0 {
            out.push(' ');
        }
        out.push_str(if is_identity(word) { HIDDEN } else { word });
        if out.len() > 4 * MAX_REASON {
            break;
        }
    }
    out.retain(|one| !one.is_control());
    out.chars().take(MAX_REASON).collect()
}

fn is_identity(word: &str) -> bool {
    let has = |scheme: &str| {
        word.as_bytes().windows(scheme.len()).any(|part| part.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    word.contains('@')
        || word.contains("::")
        || ["sip:", "sips:", "tel:", "urn:"].into_iter().any(has)
        || word.chars().filter(char::is_ascii_digit).count() >= DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_identity_is_hidden() {
        for (words, kept) in [
            ("no route to sip:alice@ims.test today", "no route to … today"),
            ("caller=<TEL:911> refused", "… refused"),
            ("+49 barred", "+49 barred"),
            ("+4930123456 barred", "… barred"),
            ("from 192.0.2.17:5060 or fe80::1", "from … or …"),
            ("bob@x", "…"),
            ("480 after 3 of 4 targets", "480 after 3 of 4 targets"),
            ("two\r\nlines\u{7}", "two lines"),
            ("", ""),
        ] {
            assert_eq!(reason(words), kept, "{words}");
        }
    }

    #[test]
    fn words_are_cut_short() {
        assert_eq!(reason(&"ä".repeat(10_000)).chars().count(), MAX_REASON);
        assert_eq!(reason(&"a ".repeat(10_000)).chars().count(), MAX_REASON);
    }
}

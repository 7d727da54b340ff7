//! The value of WWW-Authenticate and Proxy-Authenticate (RFC 7616 §3.3, RFC 3261 §20.44, §22.4).
//!
//! In: realm, nonce, algorithm. Out: the header field's value. Not here: choosing the algorithms and their order
//! (a script: RFC 8760 §2.3 wants the preferred one topmost).

use crate::Algorithm;
use crate::hash::Qop;

/// A realm's bound in bytes. A longer one is cut at a character's edge.
pub const MAX_REALM: usize = 255;

/// One challenge. An empty `qop` asks for the form without it, which [`crate::verify()`] refuses unless its policy
/// says otherwise. MD5's name is written too: RFC 8760 §2.2 lets it be absent only for older peers' sake.
pub fn challenge_value(realm: &str, nonce: &str, algorithm: Algorithm, stale: bool, qop: &[Qop]) -> String {
    let mut value = String::with_capacity(96 + realm.len() + nonce.len());
    value.push_str("Digest realm=");
    push_quoted(&mut value, cut(realm, MAX_REALM));
    value.push_str(", nonce=");
    push_quoted(&mut value, nonce);
    if stale {
        value.push_str(", stale=true");
    }
    value.push_str(", algorithm=");
    value.push_str(algorithm.name());
    for (index, qop) in qop.iter().enumerate() {
        value.push_str(if index == 0 { ", qop=\"" } else { "," });
        value.push_str(qop.name());
    }
    if !qop.is_empty() {
        value.push('"');
    }
    value
}

/// A quoted-string (RFC 3261 §25.1). Control characters have no place in one and are left out.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().all(|byte| !matches!(byte, b'"' | b'\\') && !byte.is_ascii_control()) {
        out.push_str(text);
    } else {
        for character in text.chars().filter(|character| !character.is_ascii_control()) {
            if matches!(character, '"' | '\\') {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out.push('"');
}

fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_reads_as_the_standard_writes_it() {
        assert_eq!(
            challenge_value("atlanta.com", "abc", Algorithm::Sha256, false, &[Qop::Auth]),
            r#"Digest realm="atlanta.com", nonce="abc", algorithm=SHA-256, qop="auth""#
        );
        assert_eq!(
            challenge_value("atlanta.com", "abc", Algorithm::Md5, true, &[Qop::Auth, Qop::AuthInt]),
            r#"Digest realm="atlanta.com", nonce="abc", stale=true, algorithm=MD5, qop="auth,auth-int""#
        );
        assert_eq!(
            challenge_value("atlanta.com", "abc", Algorithm::Md5, false, &[]),
            r#"Digest realm="atlanta.com", nonce="abc", algorithm=MD5"#
        );
    }

    #[test]
    fn a_realm_cannot_end_its_quotes_or_its_line() {
        let value = challenge_value("a\"b\\c\r\nd", "n", Algorithm::Md5, false, &[]);
        assert_eq!(value, r#"Digest realm="a\"b\\cd", nonce="n", algorithm=MD5"#);
        let long = "ä".repeat(200);
        let value = challenge_value(&long, "n", Algorithm::Md5, false, &[]);
        assert_eq!(value.matches('ä').count(), 127);
    }
}

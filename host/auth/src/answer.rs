//! The client's side: credentials for a challenge (RFC 3261 §22.2, §22.3; RFC 8760 §2.4).
//!
//! In: a 401's or 407's challenges, an account, the request as it will be sent, a client nonce and its count. Out:
//! the value of Authorization or Proxy-Authorization. For tests, the simulated world and the benches.

use sip::{Challenge, HeaderError};

use crate::Algorithm;
use crate::challenge::push_quoted;
use crate::hash::{Exchange, Qop, QopValues, ha1, response};

/// Who answers.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The user name.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
}

/// The request that the answer goes into, and the client's own numbers.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The method's token.
    pub method: &'a str,
    /// The Request-URI.
    pub uri: &'a str,
    /// The body, for `auth-int`.
    pub body: &'a [u8],
    /// Not to be foreseen; new for each nonce.
    pub cnonce: &'a str,
    /// Which use of this nonce this is, from 1.
    pub nc: u32,
}

/// Why a challenge cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The challenge cannot be read.
    #[error("the challenge cannot be read")]
    Malformed(#[from] HeaderError),
    /// It has no realm or no nonce.
    #[error("the challenge has no {0}")]
    Missing(&'static str),
    /// Not Digest, or an algorithm or a qop that is not known here. RFC 8760 §2.4: ignore it and try the next.
    #[error("the challenge asks for something that is not known here")]
    Unsupported,
}

/// The credentials for one challenge, the value of a WWW-Authenticate or Proxy-Authenticate.
///
/// # Errors
/// The challenge cannot be read or asks for what is not known here.
pub fn answer(challenge: &[u8], account: Account<'_>, request: &Answer<'_>) -> Result<String, AnswerError> {
    let challenge = Challenge::parse(challenge)?;
    if !challenge.is("Digest") {
        return Err(AnswerError::Unsupported);
    }
    let text = |name| challenge.param(name).map(|value| String::from_utf8_lossy(&value).into_owned());
    let realm = text("realm").ok_or(AnswerError::Missing("realm"))?;
    let nonce = text("nonce").ok_or(AnswerError::Missing("nonce"))?;
    let algorithm = match challenge.param("algorithm") {
        None => Algorithm::Md5,
        Some(token) => Algorithm::from_name(&token).ok_or(AnswerError::Unsupported)?,
    };
    let qop = match challenge.param("qop") {
        None => None,
        Some(list) => Some(choose(&list).ok_or(AnswerError::Unsupported)?),
    };
    let nc = format!("{:08x}", request.nc);
    let exchange = Exchange {
        method: request.method.as_bytes(),
        uri: request.uri.as_bytes(),
        nonce: nonce.as_bytes(),
        qop: qop.map(|qop| QopValues { qop, nc: nc.as_bytes(), cnonce: request.cnonce.as_bytes() }),
        body: request.body,
    };
    let digest = response(&ha1(account.user, &realm, account.password, algorithm), &exchange);

    let mut value = String::with_capacity(256);
    let quoted = |value: &mut String, name: &str, text: &str| {
        value.push_str(name);
        value.push('=');
        push_quoted(value, text);
    };
    quoted(&mut value, "Digest username", account.user);
    quoted(&mut value, ", realm", &realm);
    quoted(&mut value, ", nonce", &nonce);
    quoted(&mut value, ", uri", request.uri);
    quoted(&mut value, ", response", digest.hex().as_str());
    value.push_str(", algorithm=");
    value.push_str(algorithm.name());
    if let Some(qop) = qop {
        quoted(&mut value, ", cnonce", request.cnonce);
        value.push_str(", qop=");
        value.push_str(qop.name());
        value.push_str(", nc=");
        value.push_str(&nc);
    }
    if let Some(opaque) = text("opaque") {
        quoted(&mut value, ", opaque", &opaque);
    }
    Ok(value)
}

/// `auth` where it is offered: it survives elements that change bodies.
fn choose(list: &[u8]) -> Option<Qop> {
    let offered =
        |qop: Qop| list.split(|byte| *byte == b',').any(|t| Qop::from_name(t.trim_ascii()) == Some(qop));
    [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| offered(*qop))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Answer<'_> =
        Answer { method: "REGISTER", uri: "sip:biloxi.com", body: b"", cnonce: "0a4f113b", nc: 1 };
    const BOB: Account<'_> = Account { user: "bob", password: "zanzibar" };

    #[test]
    fn an_answer_names_what_it_answers() {
        let challenge =
            br#"Digest realm="biloxi.com", nonce="a\"b", qop="auth-int, auth", opaque="o", algorithm=md5"#;
        let value = answer(challenge, BOB, &REQUEST).expect("a plain challenge");
        assert!(
            value.starts_with(
                r#"Digest username="bob", realm="biloxi.com", nonce="a\"b", uri="sip:biloxi.com""#
            )
        );
        assert!(value.ends_with(r#"algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001, opaque="o""#));
    }

    #[test]
    fn what_is_not_known_is_not_answered() {
        let refused = |challenge: &[u8]| answer(challenge, BOB, &REQUEST).expect_err("not to be answered");
        assert_eq!(refused(br#"Basic realm="x", nonce="n""#), AnswerError::Unsupported);
        assert_eq!(refused(br#"Digest realm="x", nonce="n", algorithm=AKAv1-MD5"#), AnswerError::Unsupported);
        assert_eq!(refused(br#"Digest realm="x", nonce="n", qop="other""#), AnswerError::Unsupported);
        assert_eq!(refused(br#"Digest realm="x""#), AnswerError::Missing("nonce"));
        assert_eq!(refused(br#"Digest nonce="x""#), AnswerError::Missing("realm"));
        assert!(matches!(refused(b"Digest"), AnswerError::Malformed(_)));
    }
}

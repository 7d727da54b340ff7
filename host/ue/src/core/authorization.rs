//! What a UE proves (TS 24.229 §5.1.1.2.2, §5.1.1.5; RFC 3310 §3; RFC 7616).
//!
//! ```text
//!   nothing known yet        nonce and response empty: it says who asks, and no more
//!   a digest challenge       a response by the password
//!   AKA, all in order        a response by RES
//!   AKA, MAC-A wrong         an empty response: the network did not prove itself
//!   AKA, SQN out of range    auts, with a response by an empty password
//! ```
//! In: credentials, a challenge, the request it goes into. Out: the value of Authorization. Not here: how often this
//! is done (`registration.rs`), the algorithms (`strowger-auth`, `strowger-ims`).

use auth::{Account, Algorithm, Answer, AnswerError, Exchange, Qop, QopValues};
use ims::aka::{AkaVersion, Challenge, Isim, Refusal, akav2_password, auts_to_base64};

use super::Credentials;

/// The request that the answer goes into.
pub(crate) struct Asking<'a> {
    pub(crate) impi: &'a str,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) cnonce: &'a str,
    /// Which use of the nonce this is, from 1.
    pub(crate) nc: u32,
}

/// A value of Authorization, and what it says.
pub(crate) enum Proof {
    /// Who we are.
    Response(String),
    /// The challenge is not valid: its sender did not prove itself, or is behind with its sequence numbers.
    Invalid(String),
}

/// The challenge asks for something that is not known here.
pub(crate) struct Unknown;

/// What a REGISTER says before there was a challenge (TS 24.229 §5.1.1.2.2).
pub(crate) fn empty(impi: &str, domain: &str) -> String {
    format!(
        "Digest username={},realm={},nonce=\"\",uri={},response=\"\"",
        quoted(impi),
        quoted(domain),
        quoted(&format!("sip:{domain}"))
    )
}

/// Answers the first of these challenges that it can (RFC 8760 §2.4).
pub(crate) fn answer<'a>(
    credentials: &mut Credentials,
    challenges: impl Iterator<Item = &'a [u8]>,
    asking: &Asking<'_>,
) -> Result<Proof, Unknown> {
    for challenge in challenges {
        let proof = match credentials {
            Credentials::Password(password) => digest(password, challenge, asking).map(Proof::Response).ok(),
            Credentials::Aka(isim) => aka(isim, challenge, asking),
        };
        if let Some(proof) = proof {
            return Ok(proof);
        }
    }
    Err(Unknown)
}

fn digest(password: &str, challenge: &[u8], asking: &Asking<'_>) -> Result<String, AnswerError> {
    let account = Account { user: asking.impi, password };
    let Asking { method, uri, body, cnonce, nc, .. } = *asking;
    auth::answer(challenge, account, &Answer { method, uri, body, cnonce, nc })
}

/// `None`: not AKA, or nothing that can be read.
fn aka(isim: &mut Isim, challenge: &[u8], asking: &Asking<'_>) -> Option<Proof> {
    let challenge = sip::Challenge::parse(challenge).ok().filter(|challenge| challenge.is("Digest"))?;
    let text = |name| challenge.param(name).map(|value| String::from_utf8_lossy(&value).into_owned());
    let version = AkaVersion::from_algorithm(&challenge.param("algorithm")?)?;
    let (realm, nonce) = (text("realm")?, text("nonce")?);
    let qop = match challenge.param("qop") {
        None => None,
        Some(list) => Some(offered(&list)?),
    };
    let Challenge { rand, autn, .. } = Challenge::from_nonce(nonce.as_bytes()).ok()?;
    let mut value = format!(
        "Digest username={},realm={},nonce={},uri={},algorithm={}",
        quoted(asking.impi),
        quoted(&realm),
        quoted(&nonce),
        quoted(asking.uri),
        version.algorithm()
    );
    if let Some(opaque) = text("opaque") {
        value.push_str(",opaque=");
        value.push_str(&quoted(&opaque));
    }
    let (password, auts) = match isim.authenticate(&rand, &autn) {
        Ok(keys) if version == AkaVersion::V1 => (keys.res.expose().to_vec(), None),
        Ok(keys) => (akav2_password(&keys.res, &keys.ck, &keys.ik).into_bytes(), None),
        Err(Refusal::Synchronisation(auts)) => (Vec::new(), Some(auts)),
        Err(Refusal::Network) => {
            value.push_str(",response=\"\"");
            return Some(Proof::Invalid(value));
        }
    };
    let nc = format!("{:08x}", asking.nc);
    let exchange = Exchange {
        method: asking.method.as_bytes(),
        uri: asking.uri.as_bytes(),
        nonce: nonce.as_bytes(),
        qop: qop.map(|qop| QopValues { qop, nc: nc.as_bytes(), cnonce: asking.cnonce.as_bytes() }),
        body: asking.body,
    };
    let response = auth::response(&auth::ha1(asking.impi, &realm, password, Algorithm::Md5), &exchange);
    value.push_str(&format!(",response=\"{}\"", response.hex().as_str()));
    if let Some(qop) = qop {
        value.push_str(&format!(",qop={},nc={nc},cnonce={}", qop.name(), quoted(asking.cnonce)));
    }
    match auts {
        None => Some(Proof::Response(value)),
        Some(auts) => Some(Proof::Invalid(format!("{value},auts=\"{}\"", auts_to_base64(&auts)))),
    }
}

/// `auth` where it is offered: the body of a REGISTER is empty anyway.
fn offered(list: &[u8]) -> Option<Qop> {
    let has = |qop: Qop| {
        list.split(|byte| *byte == b',').any(|name| Qop::from_name(name.trim_ascii()) == Some(qop))
    };
    [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| has(*qop))
}

/// A quoted-string (RFC 3261 §25.1); control characters have no place in one.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[path = "authorization/tests.rs"]
mod tests;

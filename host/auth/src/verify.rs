//! Whether a request's credentials are right (RFC 3261 §22.1, §22.3, §22.4; RFC 7616 §3.4; RFC 8760 §2.5).
//!
//! ```text
//!   each Authorization of our realm, strongest algorithm first
//!     can be read? -> nonce ours? -> URI fits? -> user known? -> response right? -> nonce young? -> nc unused?
//!     Malformed       ForeignNonce   UriMismatch  UnknownUser    WrongResponse     Stale           Replayed
//! ```
//! In: a request's head, the nonces' secret, a way to look up users, the replay table behind a closure. Out: a
//! [`Verdict`]. Age and replay come last, so that only those who know the password learn that a nonce is old, and
//! only they take room in the table. Not here: what the script does about it.

use std::borrow::Cow;

use sip::{Credentials, Head, HeaderId, Method, Uri};

use crate::Algorithm;
use crate::hash::{Exchange, Ha1s, Hash, Qop, QopValues, response};
use crate::nonce::{NonceCheck, NonceId, Nonces};
use crate::replay::Replay;

/// Header fields that are looked at; a sender with more realms than this is refused.
const MAX_CREDENTIALS: usize = 16;

/// Who asks: a server for itself, or a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 401, WWW-Authenticate and Authorization.
    Www,
    /// 407, Proxy-Authenticate and Proxy-Authorization.
    Proxy,
}

impl Kind {
    /// The status code of a challenge.
    pub const fn status(self) -> u16 {
        match self {
            Kind::Www => 401,
            Kind::Proxy => 407,
        }
    }

    /// The header field that carries a challenge.
    pub const fn challenge_header(self) -> HeaderId {
        match self {
            Kind::Www => HeaderId::WWW_AUTHENTICATE,
            Kind::Proxy => HeaderId::PROXY_AUTHENTICATE,
        }
    }

    /// The header field that carries credentials.
    pub const fn credentials_header(self) -> HeaderId {
        match self {
            Kind::Www => HeaderId::AUTHORIZATION,
            Kind::Proxy => HeaderId::PROXY_AUTHORIZATION,
        }
    }
}

/// What the `uri` parameter must be (RFC 3261 §22.4 item 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UriCheck {
    /// The Request-URI: the same bytes, or an equivalent URI, or one of the same scheme, user, host and port (the
    /// default port taken as written) with other parameters, which elements on the way may have added.
    #[default]
    SameTarget,
    /// Anything. For phones behind elements that rewrite the Request-URI.
    Anything,
}

/// What an operator lets pass. The default is what the standards ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How `uri` and the Request-URI relate.
    pub uri: UriCheck,
    /// Take the form without `qop` (RFC 2069). Each nonce is then good once, and a second use is `Stale`.
    pub without_qop: bool,
    /// Credentials by weaker algorithms are not looked at.
    pub weakest: Algorithm,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { uri: UriCheck::SameTarget, without_qop: false, weakest: Algorithm::Md5 }
    }
}

/// Why credentials were refused. For counters and logs; the sender is told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejection {
    /// A header field that cannot be read, lacks a parameter, or too many of them.
    #[error("credentials that cannot be read")]
    Malformed,
    /// Only algorithms that are unknown, too weak, or for which there is no hash of this user.
    #[error("no algorithm that can be checked")]
    Algorithm,
    /// A `qop` that is unknown, or none at all.
    #[error("no quality of protection that is taken")]
    Qop,
    /// The user's name is hashed (RFC 7616 §3.4.4), which we never ask for.
    #[error("a hashed user name")]
    UserHash,
    /// The nonce was not made here, or for another realm.
    #[error("a nonce of somebody else")]
    ForeignNonce,
    /// The nonce count was used before.
    #[error("a nonce count that was used before")]
    Replayed,
    /// `uri` names something else than the Request-URI.
    #[error("a URI that is not the Request-URI")]
    UriMismatch,
    /// Nobody of this name in this realm.
    #[error("an unknown user")]
    UnknownUser,
    /// The response is wrong: most often the password is.
    #[error("a wrong response")]
    WrongResponse,
}

/// How a check ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user name whose credentials were right.
    Accepted(Box<str>),
    /// No credentials for this realm.
    Absent,
    /// Right credentials on a nonce that is too old: challenge again with `stale`.
    Stale,
    /// Anything else.
    Rejected(Rejection),
}

/// What credentials are checked against.
#[derive(Clone, Copy)]
pub struct Check<'a> {
    /// Which header field.
    pub kind: Kind,
    /// The protection space, compared byte by byte.
    pub realm: &'a str,
    /// What is let pass.
    pub policy: Policy,
    /// Wall clock in ms since 1970.
    pub now_ms: u64,
    /// Who made the nonces.
    pub nonces: &'a Nonces,
}

/// Checks the credentials of a request.
///
/// `lookup`: a user's hashes in this realm; called at most once a header field. `replay`: notes the use of a nonce
/// count ([`crate::ReplayTable::note`]); called at most once, and only when all else is right. An ACK carries the
/// credentials of its INVITE (RFC 3261 §22.1): they are checked as INVITE's, and using them again is no replay.
pub fn verify(
    head: Head<'_>,
    check: &Check<'_>,
    lookup: impl Fn(&str) -> Option<Ha1s>,
    replay: impl FnOnce(NonceId, u32) -> Replay,
) -> Verdict {
    let mut candidates: [Option<(Algorithm, Parameters<'_>)>; Algorithm::ALL.len()] = [None; 3];
    let (mut unreadable, mut unchecked) = (false, false);
    for (index, value) in head.fields(check.kind.credentials_header()).enumerate() {
        if index == MAX_CREDENTIALS {
            unreadable = true;
            break;
        }
        let mut parameters = Parameters::default();
        let Ok(credentials) = Credentials::parse_each(value, |name, value| parameters.note(name, value))
        else {
            unreadable = true;
            continue;
        };
        if !credentials.is("Digest") {
            continue;
        }
        if unquoted(parameters.realm).is_none_or(|realm| *realm != *check.realm.as_bytes()) {
            continue;
        }
        let algorithm = match unquoted(parameters.algorithm) {
            None => Some(Algorithm::Md5),
            Some(token) => Algorithm::from_name(&token),
        };
        match algorithm.filter(|a| *a >= check.policy.weakest) {
            Some(algorithm) => {
                let place = &mut candidates[algorithm as usize];
                // the first of an algorithm counts
                if place.is_none() {
                    *place = Some((algorithm, parameters));
                }
            }
            None => unchecked = true,
        }
    }
    let mut verdict = match (unchecked, unreadable) {
        (true, _) => Verdict::Rejected(Rejection::Algorithm),
        (false, true) => Verdict::Rejected(Rejection::Malformed),
        (false, false) => Verdict::Absent,
    };
    for (algorithm, parameters) in candidates.into_iter().rev().flatten() {
        match prove(head, check, algorithm, &parameters, &lookup) {
            Ok(proof) => return finish(head, proof, replay),
            // a weaker algorithm may be one that we have a hash for
            Err(Rejection::Algorithm) => verdict = Verdict::Rejected(Rejection::Algorithm),
            Err(rejection) => return Verdict::Rejected(rejection),
        }
    }
    verdict
}

/// The parameters of one header field as they came, found in one walk; of a name that occurs twice, the first.
#[derive(Clone, Copy, Default)]
struct Parameters<'a> {
    realm: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    qop: Option<&'a [u8]>,
    nc: Option<&'a [u8]>,
    cnonce: Option<&'a [u8]>,
    username: Option<&'a [u8]>,
    username_extended: Option<&'a [u8]>,
    userhash: Option<&'a [u8]>,
}

impl<'a> Parameters<'a> {
    /// Of a name that occurs twice, the first counts.
    fn note(&mut self, name: &[u8], value: &'a [u8]) {
        if let Some(place @ None) = self.place(name) {
            *place = Some(value);
        }
    }

    fn place(&mut self, name: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        Some(match name.len() {
            2 if is("nc") => &mut self.nc,
            3 if is("uri") => &mut self.uri,
            3 if is("qop") => &mut self.qop,
            5 if is("realm") => &mut self.realm,
            5 if is("nonce") => &mut self.nonce,
            6 if is("cnonce") => &mut self.cnonce,
            8 if is("response") => &mut self.response,
            8 if is("username") => &mut self.username,
            8 if is("userhash") => &mut self.userhash,
            9 if is("username*") => &mut self.username_extended,
            9 if is("algorithm") => &mut self.algorithm,
            _ => return None,
        })
    }
}

/// A value without quotes and escapes.
fn unquoted(value: Option<&[u8]>) -> Option<Cow<'_, [u8]>> {
    value.map(sip::unquote)
}

/// Credentials whose response is right.
struct Proof {
    user: Box<str>,
    /// `None`: stale.
    nonce: Option<NonceId>,
    /// `None`: without qop.
    count: Option<u32>,
}

/// Everything but age and replay.
fn prove(
    head: Head<'_>,
    check: &Check<'_>,
    algorithm: Algorithm,
    parameters: &Parameters<'_>,
    lookup: impl Fn(&str) -> Option<Ha1s>,
) -> Result<Proof, Rejection> {
    let required = |value| unquoted(value).ok_or(Rejection::Malformed);
    let nonce = required(parameters.nonce)?;
    let nonce_id = match check.nonces.check(check.now_ms, &nonce, check.realm) {
        NonceCheck::Fresh(id) => Some(id),
        NonceCheck::Stale => None,
        NonceCheck::Foreign => return Err(Rejection::ForeignNonce),
    };
    let uri = required(parameters.uri)?;
    if check.policy.uri == UriCheck::SameTarget && !same_target(head.request_uri(), &uri) {
        return Err(Rejection::UriMismatch);
    }
    let given = Hash::from_hex(algorithm, &required(parameters.response)?).ok_or(Rejection::Malformed)?;
    let nc = unquoted(parameters.nc);
    let cnonce = unquoted(parameters.cnonce);
    let (qop, count) = match unquoted(parameters.qop) {
        None if check.policy.without_qop => (None, None),
        None => return Err(Rejection::Qop),
        Some(token) => {
            let qop = Qop::from_name(&token).ok_or(Rejection::Qop)?;
            let nc = nc.as_deref().ok_or(Rejection::Malformed)?;
            let cnonce = cnonce.as_deref().ok_or(Rejection::Malformed)?;
            let count = nonce_count(nc).ok_or(Rejection::Malformed)?;
            (Some(QopValues { qop, nc, cnonce }), Some(count))
        }
    };
    let user = user_name(parameters)?;
    let known = lookup(&user);
    let ha1 = match known {
        Some(ha1s) => ha1s.get(algorithm).ok_or(Rejection::Algorithm)?,
        // as much work as for a known user, so that time does not tell who is
        None => Hash::from_bytes(algorithm, &[0; 32][..algorithm.length()]).ok_or(Rejection::UnknownUser)?,
    };
    let method = if head.method() == Method::Ack { b"INVITE" } else { head.method_token() };
    let exchange = Exchange { method, uri: &uri, nonce: &nonce, qop, body: head.body() };
    let right = response(&ha1, &exchange) == given;
    match (known.is_some(), right) {
        (true, true) => Ok(Proof { user, nonce: nonce_id, count }),
        (true, false) => Err(Rejection::WrongResponse),
        (false, _) => Err(Rejection::UnknownUser),
    }
}

fn finish(head: Head<'_>, proof: Proof, replay: impl FnOnce(NonceId, u32) -> Replay) -> Verdict {
    let Some(nonce) = proof.nonce else { return Verdict::Stale };
    if head.method() == Method::Ack {
        return Verdict::Accepted(proof.user);
    }
    // without qop there is no count: the nonce itself is used up
    match (replay(nonce, proof.count.unwrap_or(1)), proof.count) {
        (Replay::New, _) => Verdict::Accepted(proof.user),
        (Replay::Forgotten, _) | (Replay::Replayed, None) => Verdict::Stale,
        (Replay::Replayed, Some(_)) => Verdict::Rejected(Rejection::Replayed),
    }
}

/// `username`, or `username*` of RFC 7616 §3.4 in its UTF-8 form.
fn user_name(parameters: &Parameters<'_>) -> Result<Box<str>, Rejection> {
    if unquoted(parameters.userhash).is_some_and(|value| value.eq_ignore_ascii_case(b"true")) {
        return Err(Rejection::UserHash);
    }
    let bytes = match (unquoted(parameters.username), unquoted(parameters.username_extended)) {
        (Some(name), None) => name.into_owned(),
        (None, Some(value)) => extended(&value).ok_or(Rejection::Malformed)?,
        // both, or neither
        _ => return Err(Rejection::Malformed),
    };
    String::from_utf8(bytes).map(String::into_boxed_str).map_err(|_| Rejection::Malformed)
}

/// RFC 5987 §3.2 `ext-value`: `UTF-8'language'percent-encoded`.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    charset.eq_ignore_ascii_case(b"UTF-8").then(|| Uri::unescape(text).into_owned())
}

/// RFC 7616 §3.4 `nc`: up to eight hexadecimal digits, from 1.
fn nonce_count(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let count =
        digits.iter().try_fold(0u32, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))?;
    (count > 0).then_some(count)
}

fn same_target(request_uri: &[u8], uri: &[u8]) -> bool {
    if request_uri == uri {
        return true;
    }
    let (Ok(request_uri), Ok(uri)) = (Uri::parse(request_uri), Uri::parse(uri)) else { return false };
    if request_uri.equivalent(&uri) {
        return true;
    }
    let port =
        |uri: &Uri<'_>| uri.port().unwrap_or(if uri.scheme() == sip::Scheme::Sips { 5061 } else { 5060 });
    request_uri.is_sip()
        && request_uri.scheme() == uri.scheme()
        && request_uri.unescaped_user() == uri.unescaped_user()
        && request_uri.host() == uri.host()
        && port(&request_uri) == port(&uri)
}

#[cfg(test)]
#[path = "verify/tests.rs"]
mod tests;

//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken. Not part of the crate's interface.

use std::collections::BTreeSet;
use std::time::Duration;

use sip::fuzzing::{Choices, Target};
use sip::{Challenge, Credentials, HeaderId, Message};

use crate::{
    Account, Algorithm, Answer, Check, Ha1s, Kind, MAX_REALM, NonceCheck, NonceId, Nonces, Policy, Qop,
    Replay, ReplayTable, UriCheck, Verdict, answer, challenge_value, verify,
};

/// Every target.
pub const TARGETS: [Target; 4] =
    [("credentials", credentials), ("nonce", nonce), ("challenge", challenge), ("replay", replay)];

const REALM: &str = "example.test";
const PASSWORD: &str = "zanzibar";
const URI: &str = "sip:example.test";
const NOW_MS: u64 = 1_795_000_000_000;

fn nonces() -> Nonces {
    Nonces::new([4; 32], Duration::from_secs(300))
}

/// Right credentials that were changed on their way: taken only where nothing that counts was changed. Those of a wrong
/// password, or on a nonce of somebody else, never are.
pub fn credentials(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let shape = choices.byte();
    let algorithm = Algorithm::ALL[usize::from(shape & 3) % 3];
    let qop: &[Qop] = [&[Qop::Auth][..], &[Qop::AuthInt], &[]][usize::from(shape >> 2 & 3) % 3];
    let knows = shape >> 4 & 3 != 3;
    let ours = shape >> 6 != 3;
    let body = choices.byte().to_string();
    let (nonces, others) = (nonces(), Nonces::new([5; 32], Duration::from_secs(300)));
    let nonce = if ours { &nonces } else { &others }.make(NOW_MS, REALM, 77);
    let challenge = challenge_value(REALM, &nonce, algorithm, false, qop);
    let account = Account { user: "bob", password: if knows { PASSWORD } else { "zanzibaR" } };
    let request = Answer { method: "REGISTER", uri: URI, body: body.as_bytes(), cnonce: "0a4f", nc: 1 };
    let Ok(value) = answer(challenge.as_bytes(), account, &request) else {
        panic!("our own challenge is answered")
    };

    let mut text = value.clone().into_bytes();
    while !choices.is_empty() {
        let at = usize::from(choices.short()) % (text.len() + 1);
        let end = (at + choices.below(6)).min(text.len());
        let length = choices.below(24);
        text.splice(at..end, choices.bytes(length).iter().copied());
    }
    text.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    let changed = text != value.as_bytes();
    let policy = Policy { uri: UriCheck::SameTarget, without_qop: qop.is_empty(), weakest: Algorithm::Md5 };
    let check = Check { kind: Kind::Www, realm: REALM, policy, now_ms: NOW_MS + 1, nonces: &nonces };
    let Some(message) = register(&text, body.as_bytes()) else { return };
    let lookup = |user: &str| (user == "bob").then(|| Ha1s::of("bob", REALM, PASSWORD));
    let verdict = verify(message.head(), &check, lookup, |_, _| Replay::New);
    if knows && ours && !changed {
        assert_eq!(verdict, Verdict::Accepted("bob".into()), "right credentials are taken");
    }
    if let Verdict::Accepted(user) = &verdict {
        assert!(knows, "who does not know the password is not let in");
        assert!(ours, "a nonce of somebody else is not taken");
        assert_eq!(&**user, "bob");
        assert!(means_the_same(&message, &value), "{} is not {value}", text.escape_ascii());
    }
    assert_ne!(verdict, Verdict::Stale, "nothing here is old");
}

fn register(credentials: &[u8], body: &[u8]) -> Option<Message> {
    let mut text = format!(
        "REGISTER {URI} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\nFrom: <sip:bob@example.test>;tag=a\r\n\
         To: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContent-Length: {}\r\nAuthorization: ",
        body.len()
    )
    .into_bytes();
    text.extend_from_slice(credentials);
    text.extend_from_slice(b"\r\n\r\n");
    text.extend_from_slice(body);
    Message::parse_datagram(&text).ok()
}

/// Whether some credentials of the message say the same as these, where it counts.
fn means_the_same(message: &Message, value: &str) -> bool {
    let Ok(right) = Credentials::parse(value.as_bytes()) else { return false };
    message.head().credentials(HeaderId::AUTHORIZATION).flatten().any(|given| {
        let same = |name| given.param(name) == right.param(name);
        let same_digits = match (given.param("response"), right.param("response")) {
            (Some(given), Some(right)) => given.eq_ignore_ascii_case(&right),
            _ => false,
        };
        ["nonce", "uri", "cnonce", "nc", "realm"].into_iter().all(same) && same_digits
    })
}

/// A nonce that was changed is nobody's; one of ours is worth what its age says.
pub fn nonce(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (random, now_ms) = (choices.long(), NOW_MS + u64::from(choices.short()) * 1000);
    let nonces = nonces();
    let right = nonces.make(NOW_MS, REALM, random);
    match nonces.check(now_ms, right.as_bytes(), REALM) {
        NonceCheck::Fresh(id) => assert!(id.made_ms == NOW_MS && now_ms - NOW_MS <= nonces.lifetime_ms()),
        NonceCheck::Stale => assert!(now_ms - NOW_MS > nonces.lifetime_ms()),
        NonceCheck::Foreign => panic!("a nonce of ours is ours"),
    }
    let mut forged = right.clone().into_bytes();
    while !choices.is_empty() {
        let at = choices.below(forged.len() + 1);
        let end = (at + choices.below(3)).min(forged.len());
        let length = choices.below(4);
        forged.splice(at..end, choices.bytes(length).iter().copied());
    }
    if forged != right.as_bytes() {
        assert_eq!(nonces.check(now_ms, &forged, REALM), NonceCheck::Foreign, "{}", forged.escape_ascii());
    }
    assert_eq!(
        nonces.check(now_ms, right.as_bytes(), "example.tes"),
        NonceCheck::Foreign,
        "of another realm"
    );
}

/// Anybody's challenge is answered or not, and the answer can be read; a challenge of ours says what it was made of.
pub fn challenge(bytes: &[u8]) {
    let request = Answer { method: "INVITE", uri: "sip:bob@example.test", body: b"", cnonce: "0a4f", nc: 7 };
    let account = Account { user: "bo\"b\\", password: PASSWORD };
    if let Ok(value) = answer(bytes, account, &request) {
        let Ok(given) = Credentials::parse(value.as_bytes()) else { panic!("{value} cannot be read") };
        assert!(given.is("Digest") && given.param("response").is_some());
        assert_eq!(given.param("username").as_deref(), Some(&b"bo\"b\\"[..]));
    }
    let realm = String::from_utf8_lossy(bytes).into_owned();
    let value = challenge_value(&realm, "n0nce", Algorithm::Sha256, true, &[Qop::Auth]);
    assert!(!value.contains(['\r', '\n', '\0']), "a challenge is one line");
    let Ok(read) = Challenge::parse(value.as_bytes()) else { panic!("{value} cannot be read") };
    let kept: String = realm.chars().filter(|character| !character.is_ascii_control()).collect();
    let said = read.realm().map(|realm| String::from_utf8_lossy(&realm).into_owned()).unwrap_or_default();
    assert!(kept.starts_with(&said) && said.len() <= MAX_REALM, "{said} is not of {kept}");
    assert!(said == kept || realm.len() > MAX_REALM - 4, "a realm is not cut without need");
    assert_eq!(read.param("nonce").as_deref(), Some(&b"n0nce"[..]), "a realm does not end its quotes");
}

/// No count of a nonce is new twice, whatever the order, and a table keeps its bound.
pub fn replay(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let most = *choices.one_of(&[64, 4, 1]);
    let lifetime_ms = 300_000;
    let mut table = ReplayTable::new(lifetime_ms, most);
    let (mut now_ms, mut used) = (NOW_MS, BTreeSet::new());
    while !choices.is_empty() {
        now_ms += u64::from(choices.byte() % 16) * 2000;
        let age = u64::from(choices.byte()) * 1000;
        let made_ms = (now_ms - age).max(NOW_MS) / 20_000 * 20_000;
        let nonce = NonceId { made_ms, key: made_ms ^ u64::from(choices.byte() & 3) };
        let nc = 1 + u32::from(choices.byte()) % 80;
        if table.note(nonce, nc, now_ms) == Replay::New {
            assert!(used.insert((nonce.made_ms, nonce.key, nc)), "count {nc} of {nonce:?} was used before");
        }
        assert!(table.len() <= most, "a table keeps its bound");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_bytes_are_survived() {
        for (_, target) in TARGETS {
            Mutants::new(7616).run(1500, 100, target);
        }
    }

    #[test]
    fn any_challenge_is_survived() {
        let mut mutants = Mutants::new(8760);
        for _ in 0..1500 {
            let mut value =
                challenge_value(REALM, "a nonce", Algorithm::Md5, true, &[Qop::Auth]).into_bytes();
            mutants.mutate(&mut value);
            challenge(&value);
        }
    }
}

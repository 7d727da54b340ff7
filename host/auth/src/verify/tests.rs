//! Credentials as phones send them, and as attackers do. RFC 3261 §22, RFC 8760 §2.

use std::cell::RefCell;
use std::time::Duration;

use sip::Message;

use super::*;
use crate::answer::{Account, Answer, answer};
use crate::challenge::challenge_value;
use crate::replay::ReplayTable;

const NOW: u64 = 1_795_000_000_000;
const REALM: &str = "biloxi.com";
const BOB: Account<'_> = Account { user: "bob", password: "zanzibar" };

/// A registrar with one user, whose clock can be turned.
struct Registrar {
    nonces: Nonces,
    table: RefCell<ReplayTable>,
    policy: Policy,
    now_ms: u64,
}

impl Registrar {
    fn new() -> Registrar {
        Registrar {
            nonces: Nonces::new([3; 32], Duration::from_secs(300)),
            table: RefCell::new(ReplayTable::new(300_000, 100)),
            policy: Policy::default(),
            now_ms: NOW,
        }
    }

    fn nonce(&self) -> String {
        self.nonces.make(self.now_ms, REALM, 1)
    }

    fn verify(&self, request: &Message) -> Verdict {
        self.verify_knowing(request, Ha1s::of("bob", REALM, "zanzibar"))
    }

    fn verify_knowing(&self, request: &Message, bob: Ha1s) -> Verdict {
        let check = Check {
            kind: Kind::Www,
            realm: REALM,
            policy: self.policy,
            now_ms: self.now_ms,
            nonces: &self.nonces,
        };
        verify(
            request.head(),
            &check,
            |user| (user == "bob").then_some(bob),
            |nonce, nc| self.table.borrow_mut().note(nonce, nc, self.now_ms),
        )
    }
}

fn request(method: &str, uri: &str, authorizations: &[&str]) -> Message {
    let mut text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bK7\r\nFrom: <sip:bob@biloxi.com>;tag=1\r\n\
         To: <sip:bob@biloxi.com>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n"
    );
    for value in authorizations {
        text.push_str(&format!("Authorization: {value}\r\n"));
    }
    text.push_str("Content-Length: 4\r\n\r\nbody");
    Message::parse_datagram(text.as_bytes()).expect("a message")
}

fn register(authorization: &str) -> Message {
    request("REGISTER", "sip:biloxi.com", &[authorization])
}

fn credentials(nonce: &str, algorithm: Algorithm, qop: &[Qop], account: Account<'_>, nc: u32) -> String {
    let challenge = challenge_value(REALM, nonce, algorithm, false, qop);
    let request = Answer { method: "REGISTER", uri: "sip:biloxi.com", body: b"body", cnonce: "c", nc };
    answer(challenge.as_bytes(), account, &request).expect("our own challenge")
}

fn bob_md5(nonce: &str, nc: u32) -> String {
    credentials(nonce, Algorithm::Md5, &[Qop::Auth], BOB, nc)
}

fn accepted() -> Verdict {
    Verdict::Accepted("bob".into())
}

#[test]
fn right_credentials_by_every_algorithm_and_qop() {
    for algorithm in Algorithm::ALL {
        for qop in [Qop::Auth, Qop::AuthInt] {
            let registrar = Registrar::new();
            let message = register(&credentials(&registrar.nonce(), algorithm, &[qop], BOB, 1));
            assert_eq!(registrar.verify(&message), accepted(), "{algorithm} {}", qop.name());
        }
    }
}

#[test]
fn a_changed_body_is_seen_by_auth_int_alone() {
    let registrar = Registrar::new();
    let changed = |qop| {
        let value = credentials(&registrar.nonce(), Algorithm::Md5, &[qop], BOB, 1);
        let bytes = register(&value).bytes().to_vec();
        let text = String::from_utf8(bytes).expect("text").replace("\r\n\r\nbody", "\r\n\r\nBODY");
        registrar.verify(&Message::parse_datagram(text.as_bytes()).expect("a message"))
    };
    assert_eq!(changed(Qop::AuthInt), Verdict::Rejected(Rejection::WrongResponse));
    assert_eq!(changed(Qop::Auth), accepted());
}

#[test]
fn a_count_is_good_once_and_the_next_one_is_good_too() {
    let registrar = Registrar::new();
    let nonce = registrar.nonce();
    let first = register(&bob_md5(&nonce, 1));
    assert_eq!(registrar.verify(&first), accepted());
    assert_eq!(registrar.verify(&first), Verdict::Rejected(Rejection::Replayed));
    assert_eq!(registrar.verify(&register(&bob_md5(&nonce, 3))), accepted());
    assert_eq!(registrar.verify(&register(&bob_md5(&nonce, 2))), accepted());
}

#[test]
fn an_old_nonce_is_stale_only_for_who_knows_the_password() {
    let mut registrar = Registrar::new();
    let nonce = registrar.nonce();
    registrar.now_ms += 300_001;
    assert_eq!(registrar.verify(&register(&bob_md5(&nonce, 1))), Verdict::Stale);
    let wrong = Account { password: "zanzibaR", ..BOB };
    let value = credentials(&nonce, Algorithm::Md5, &[Qop::Auth], wrong, 1);
    assert_eq!(registrar.verify(&register(&value)), Verdict::Rejected(Rejection::WrongResponse));
    assert!(registrar.table.borrow().is_empty());
}

#[test]
fn wrong_ones_take_no_room_and_say_why_to_us() {
    let registrar = Registrar::new();
    let nonce = registrar.nonce();
    let good = bob_md5(&nonce, 1);
    let rejected = |value: &str| match registrar.verify(&register(value)) {
        Verdict::Rejected(rejection) => rejection,
        other => panic!("{value}: {other:?}"),
    };
    let wrong =
        |user, password| credentials(&nonce, Algorithm::Md5, &[Qop::Auth], Account { user, password }, 1);
    assert_eq!(rejected(&wrong("bob", "x")), Rejection::WrongResponse);
    assert_eq!(rejected(&wrong("eve", "zanzibar")), Rejection::UnknownUser);
    assert_eq!(rejected(&good.replace(&nonce, "dcd98b7102dd2f0e8b11d0f600bfb0c0")), Rejection::ForeignNonce);
    assert_eq!(rejected(&good.replace("qop=auth", "qop=other")), Rejection::Qop);
    assert_eq!(rejected(&good.replace("algorithm=MD5", "algorithm=MD5-sess")), Rejection::Algorithm);
    assert_eq!(rejected(&good.replace("nc=00000001", "nc=0")), Rejection::Malformed);
    assert_eq!(rejected(&good.replace("nc=00000001", "nc=000000001")), Rejection::Malformed);
    assert_eq!(rejected(&good.replace("nc=00000001", "nc=zz")), Rejection::Malformed);
    assert_eq!(rejected(&good.replace("cnonce", "xnonce")), Rejection::Malformed);
    assert_eq!(rejected(&good.replace("response=\"", "response=\"0")), Rejection::Malformed);
    assert_eq!(rejected(&good.replace("username", "user")), Rejection::Malformed);
    assert_eq!(rejected(&format!("{good}, userhash=true")), Rejection::UserHash);
    assert_eq!(rejected("Digest"), Rejection::Malformed);
    assert!(registrar.table.borrow().is_empty());
    assert_eq!(registrar.verify(&register(&good)), accepted());
}

#[test]
fn other_realms_and_schemes_are_somebody_elses() {
    let registrar = Registrar::new();
    let good = bob_md5(&registrar.nonce(), 1);
    assert_eq!(registrar.verify(&request("REGISTER", "sip:biloxi.com", &[])), Verdict::Absent);
    assert_eq!(registrar.verify(&register("Basic a=b")), Verdict::Absent);
    let other = good.replace("realm=\"biloxi.com\"", "realm=\"Biloxi.com\"");
    assert_eq!(registrar.verify(&register(&other)), Verdict::Absent);
    let both = request("REGISTER", "sip:biloxi.com", &[&other, "Digest", &good]);
    assert_eq!(registrar.verify(&both), accepted());
    let many = vec!["Basic a=b"; MAX_CREDENTIALS + 1];
    let many = request("REGISTER", "sip:biloxi.com", &many);
    assert_eq!(registrar.verify(&many), Verdict::Rejected(Rejection::Malformed));
}

/// RFC 8760 §2.5: of several, the strongest that can be checked; it alone decides.
#[test]
fn rfc8760_2_the_strongest_decides() {
    let registrar = Registrar::new();
    let nonce = registrar.nonce();
    let md5 = bob_md5(&nonce, 1);
    let sha = credentials(&nonce, Algorithm::Sha256, &[Qop::Auth], BOB, 2);
    let wrong_sha = credentials(&nonce, Algorithm::Sha256, &[Qop::Auth], Account { password: "x", ..BOB }, 2);
    let of = |values: &[&str]| request("REGISTER", "sip:biloxi.com", values);
    assert_eq!(registrar.verify(&of(&[&md5, &wrong_sha])), Verdict::Rejected(Rejection::WrongResponse));
    assert_eq!(registrar.verify(&of(&[&md5, &sha])), accepted());
    // the SHA-256 one was used, nc 2; the MD5 one, nc 1, was not
    assert_eq!(registrar.verify(&of(&[&sha])), Verdict::Rejected(Rejection::Replayed));
    assert_eq!(registrar.verify(&of(&[&md5])), accepted());
}

#[test]
fn without_a_hash_for_the_stronger_the_weaker_counts_unless_policy_forbids() {
    let mut registrar = Registrar::new();
    let nonce = registrar.nonce();
    let only_md5 = Ha1s { md5: Ha1s::of("bob", REALM, "zanzibar").md5, ..Ha1s::default() };
    let md5 = bob_md5(&nonce, 1);
    let sha = credentials(&nonce, Algorithm::Sha256, &[Qop::Auth], BOB, 2);
    let both = request("REGISTER", "sip:biloxi.com", &[&sha, &md5]);
    assert_eq!(registrar.verify_knowing(&both, only_md5), accepted());
    let alone = register(&sha);
    assert_eq!(registrar.verify_knowing(&alone, only_md5), Verdict::Rejected(Rejection::Algorithm));
    registrar.policy.weakest = Algorithm::Sha256;
    assert_eq!(registrar.verify(&register(&bob_md5(&nonce, 5))), Verdict::Rejected(Rejection::Algorithm));
    assert_eq!(registrar.verify(&request("REGISTER", "sip:biloxi.com", &[&md5, &sha])), accepted());
}

/// RFC 3261 §22.4 item 4.
#[test]
fn rfc3261_22_4_the_uri_is_the_request_uri_or_names_the_same() {
    let table = [
        ("sip:biloxi.com", "sip:biloxi.com", true),
        ("sip:BILOXI.com", "sip:biloxi.com", true),
        ("sip:biloxi.com:5060", "sip:biloxi.com", true),
        ("sips:biloxi.com:5061", "sips:biloxi.com", true),
        ("sip:biloxi.com;transport=tcp", "sip:biloxi.com", true),
        ("sip:%62ob@biloxi.com", "sip:bob@biloxi.com", true),
        ("sip:biloxi.com:5062", "sip:biloxi.com", false),
        ("sips:biloxi.com", "sip:biloxi.com", false),
        ("sip:bob@biloxi.com", "sip:biloxi.com", false),
        ("sip:bob@biloxi.com", "sip:Bob@biloxi.com", false),
        ("sip:carol@biloxi.com", "sip:bob@biloxi.com", false),
        ("tel:+1-201-555", "tel:+1201555", true),
        ("tel:+1201556", "tel:+1201555", false),
    ];
    for (request_uri, uri, same) in table {
        assert_eq!(same_target(request_uri.as_bytes(), uri.as_bytes()), same, "{request_uri} {uri}");
        assert_eq!(same_target(uri.as_bytes(), request_uri.as_bytes()), same, "{uri} {request_uri}");
    }
    assert!(!same_target(b"sip:biloxi.com", b"biloxi.com"));

    let mut registrar = Registrar::new();
    let nonce = registrar.nonce();
    let elsewhere = request("REGISTER", "sip:chicago.com", &[&bob_md5(&nonce, 1)]);
    assert_eq!(registrar.verify(&elsewhere), Verdict::Rejected(Rejection::UriMismatch));
    registrar.policy.uri = UriCheck::Anything;
    assert_eq!(registrar.verify(&elsewhere), accepted());
}

#[test]
fn the_form_without_qop_only_where_it_is_let_and_each_nonce_once() {
    let mut registrar = Registrar::new();
    let value = credentials(&registrar.nonce(), Algorithm::Md5, &[], BOB, 1);
    assert_eq!(registrar.verify(&register(&value)), Verdict::Rejected(Rejection::Qop));
    registrar.policy.without_qop = true;
    assert_eq!(registrar.verify(&register(&value)), accepted());
    assert_eq!(registrar.verify(&register(&value)), Verdict::Stale);
}

/// RFC 3261 §22.1: an ACK repeats the credentials of its INVITE.
#[test]
fn rfc3261_22_1_an_ack_carries_its_invites_credentials() {
    let registrar = Registrar::new();
    let challenge = challenge_value(REALM, &registrar.nonce(), Algorithm::Md5, false, &[Qop::Auth]);
    let invite = Answer { method: "INVITE", uri: "sip:bob@biloxi.com", body: b"", cnonce: "c", nc: 1 };
    let value = answer(challenge.as_bytes(), BOB, &invite).expect("our own challenge");
    let of = |method| request(method, "sip:bob@biloxi.com", &[&value]);
    assert_eq!(registrar.verify(&of("INVITE")), accepted());
    assert_eq!(registrar.verify(&of("ACK")), accepted());
    assert_eq!(registrar.verify(&of("ACK")), accepted());
    assert_eq!(registrar.verify(&of("BYE")), Verdict::Rejected(Rejection::WrongResponse));
}

/// RFC 7616 §3.4: `username*`.
#[test]
fn rfc7616_3_4_a_user_name_beyond_ascii() {
    let name = "J\u{e4}s\u{f8}n Doe";
    let registrar = Registrar::new();
    let account = Account { user: name, password: "p" };
    let value = credentials(&registrar.nonce(), Algorithm::Sha256, &[Qop::Auth], account, 1);
    let value = value.replace(&format!("username=\"{name}\""), "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
    assert!(value.contains("username*"));
    let check = Check {
        kind: Kind::Www,
        realm: REALM,
        policy: Policy::default(),
        now_ms: NOW,
        nonces: &registrar.nonces,
    };
    let lookup = |user: &str| (user == name).then(|| Ha1s::of(name, REALM, "p"));
    let verdict = |value: &str| verify(register(value).head(), &check, lookup, |_, _| Replay::New);
    assert_eq!(verdict(&value), Verdict::Accepted(name.into()));
    let other = value.replace("UTF-8''", "ISO-8859-1''");
    assert_eq!(verdict(&other), Verdict::Rejected(Rejection::Malformed));
    assert_eq!(verdict(&format!("{value}, username=\"bob\"")), Verdict::Rejected(Rejection::Malformed));
}

#[test]
fn a_table_that_forgot_asks_again() {
    let registrar = Registrar::new();
    let check = Check {
        kind: Kind::Www,
        realm: REALM,
        policy: Policy::default(),
        now_ms: NOW,
        nonces: &registrar.nonces,
    };
    let message = register(&bob_md5(&registrar.nonce(), 1));
    let bob = Some(Ha1s::of("bob", REALM, "zanzibar"));
    let verdict = verify(message.head(), &check, |_| bob, |_, _| Replay::Forgotten);
    assert_eq!(verdict, Verdict::Stale);
}

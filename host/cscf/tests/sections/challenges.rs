//! Digest-AKA (TS 24.229 §5.4.1.2, TS 33.203 §6.1, RFC 3310, RFC 4169): the vector is the home network's, the response is
//! computed by the ISIM's side of `ims::aka`.

use cscf::{AuthenticationVerdict as Verdict, Challenges, CxFailure};
use diameter::Secret;
use diameter::cx::SipAuthDataItem;
use ims::aka::{
    AuthenticationVector, Challenge, Isim, Milenage, Refusal, SequenceChecker, Sqn, akav2_password,
    auts_to_base64, resynchronise,
};
use sip::Message;
use strowger_cscf as cscf;
use strowger_cscf::challenges::REG_AWAIT_AUTH_MS;

pub(crate) const ALICE: &str = "alice@ims.test";
pub(crate) const REALM: &str = "ims.test";
const URI: &str = "sip:ims.test";
pub(crate) const NOW: u64 = 1_700_000_000_000;

fn milenage() -> Milenage {
    Milenage::new(&ims::aka::Secret::new([0x46; 16]), &ims::aka::Secret::new([0xcd; 16]))
}

/// The home network's vector of this sequence number.
fn vector(seq: u64) -> AuthenticationVector {
    let mut rand = [0x23; 16];
    rand[..8].copy_from_slice(&seq.to_be_bytes());
    AuthenticationVector::generate(&milenage(), rand, Sqn::new(seq << 5).unwrap(), [0x80, 0])
}

/// As an MAA brings it.
fn item(vector: &AuthenticationVector) -> SipAuthDataItem {
    SipAuthDataItem {
        sip_authentication_scheme: Some("Digest-AKAv1-MD5".to_owned()),
        sip_authenticate: Some([vector.rand, vector.autn].concat()),
        sip_authorization: Some(Secret::new(&vector.xres.expose()[..])),
        confidentiality_key: Some(Secret::new(&vector.ck.expose()[..])),
        integrity_key: Some(Secret::new(&vector.ik.expose()[..])),
        ..SipAuthDataItem::default()
    }
}

fn isim() -> Isim {
    Isim::new(milenage(), SequenceChecker::default())
}

/// A REGISTER with these values of Authorization.
pub(crate) fn register(authorizations: &[&str]) -> Message {
    let lines: String = authorizations.iter().map(|value| format!("Authorization: {value}\r\n")).collect();
    let text = format!(
        "REGISTER {URI} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\nFrom: <sip:alice@ims.test>;tag=1\r\n\
         To: <sip:alice@ims.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n{lines}Content-Length: 0\r\n\r\n"
    );
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// What a 401's challenge says.
pub(crate) fn param(value: &[u8], name: &str) -> Option<String> {
    let challenge = sip::Challenge::parse(value).unwrap();
    challenge.param(name).map(|value| String::from_utf8(value.into_owned()).unwrap())
}

/// Credentials as a phone writes them, with whatever comes behind.
fn credentials(user: &str, realm: &str, nonce: &str, rest: &str) -> String {
    format!("Digest username=\"{user}\",realm=\"{realm}\",uri=\"{URI}\",nonce=\"{nonce}\",{rest}")
}

/// The response that this password leads to.
fn response(user: &str, realm: &str, password: &[u8], nonce: &str) -> String {
    let ha1 = auth::ha1(user, realm, password, auth::Algorithm::Md5);
    let qop = auth::QopValues { qop: auth::Qop::Auth, nc: b"00000001", cnonce: b"0a4f" };
    let exchange = auth::Exchange {
        method: b"REGISTER",
        uri: URI.as_bytes(),
        nonce: nonce.as_bytes(),
        qop: Some(qop),
        body: b"",
    };
    let response = auth::response(&ha1, &exchange).hex();
    format!("qop=auth,nc=00000001,cnonce=\"0a4f\",response=\"{}\"", response.as_str())
}

/// Alice's phone has a challenge: its number, and the nonce of the 401.
fn challenged(challenges: &mut Challenges, vector: &AuthenticationVector, now_ms: u64) -> (u64, String) {
    let number = challenges.keep(&item(vector), ALICE, REALM, now_ms, [0; 16]).unwrap();
    let value = challenges.take_value(number).unwrap();
    (number, param(&value, "nonce").unwrap())
}

/// What her ISIM makes of it.
fn answered(isim: &mut Isim, nonce: &str) -> String {
    let challenge = Challenge::from_nonce(nonce.as_bytes()).unwrap();
    let answer = isim.authenticate(&challenge.rand, &challenge.autn).unwrap();
    credentials(ALICE, REALM, nonce, &response(ALICE, REALM, answer.res.expose(), nonce))
}

fn verify(challenges: &mut Challenges, authorization: &str, now_ms: u64) -> Verdict {
    challenges.verify(register(&[authorization]).head(), ALICE, REALM, now_ms)
}

/// TS 24.229 §5.4.1.2.2A: WWW-Authenticate with the keys for the P-CSCF; §5.4.1.2.3: the response is right.
#[test]
fn the_right_response_is_accepted_and_a_replay_is_not() {
    let mut challenges = Challenges::default();
    let vector = vector(1);
    let number = challenges.keep(&item(&vector), ALICE, REALM, NOW, [0; 16]).unwrap();
    let value = challenges.take_value(number).unwrap();
    assert_eq!(challenges.take_value(number), None, "the keys leave once");
    assert_eq!(param(&value, "realm").as_deref(), Some(REALM));
    assert_eq!(param(&value, "algorithm").as_deref(), Some("AKAv1-MD5"));
    assert_eq!(param(&value, "qop").as_deref(), Some("auth"));
    assert_eq!(param(&value, "ck"), Some(vector.ck.expose_hex()));
    assert_eq!(param(&value, "ik"), Some(vector.ik.expose_hex()));
    let nonce = param(&value, "nonce").unwrap();
    let answer = answered(&mut isim(), &nonce);
    assert_eq!(verify(&mut challenges, &answer, NOW + 500), Verdict::Accepted);
    assert_eq!(verify(&mut challenges, &answer, NOW + 501), Verdict::Stale, "good once");
    assert!(challenges.is_empty());
}

/// TS 24.229 §5.4.1.2.3: a response that is wrong ends nothing at once, for somebody else may have sent it.
#[test]
fn a_wrong_response_is_rejected_and_the_third_ends_the_challenge() {
    let mut challenges = Challenges::default();
    let (_, nonce) = challenged(&mut challenges, &vector(1), NOW);
    let right = answered(&mut isim(), &nonce);
    let wrong = credentials(ALICE, REALM, &nonce, &response(ALICE, REALM, b"guessed!", &nonce));
    for _ in 0..2 {
        assert_eq!(verify(&mut challenges, &wrong, NOW), Verdict::Rejected);
    }
    let mut twice = Challenges::default();
    let (_, again) = challenged(&mut twice, &vector(1), NOW);
    assert_eq!(again, nonce);
    for _ in 0..2 {
        verify(&mut twice, &wrong, NOW);
    }
    assert_eq!(verify(&mut twice, &right, NOW), Verdict::Accepted, "after two wrong ones");
    assert_eq!(verify(&mut challenges, &wrong, NOW), Verdict::Rejected);
    assert_eq!(verify(&mut challenges, &right, NOW), Verdict::Stale, "after three wrong ones");
    // What cannot be a response at all is a wrong one.
    let (_, nonce) = challenged(&mut challenges, &vector(2), NOW);
    for rest in ["response=\"00\"", "response=\"zz\"", "auts=\"AAAA\"", "qop=auth,response=\"00\""] {
        let verdict = verify(&mut challenges, &credentials(ALICE, REALM, &nonce, rest), NOW);
        assert!(matches!(verdict, Verdict::Rejected | Verdict::Stale), "{rest}: {verdict:?}");
    }
    assert!(challenges.is_empty(), "three of them were enough");
}

/// TS 33.203 §6.1.1: a vector is one private identity's.
#[test]
fn anothers_challenge_is_not_answered_for_oneself() {
    let mut challenges = Challenges::default();
    let (_, nonce) = challenged(&mut challenges, &vector(1), NOW);
    let right = answered(&mut isim(), &nonce);
    let mallory = "mallory@ims.test";
    let password = vector(1).xres.expose().to_owned();
    let own = credentials(mallory, REALM, &nonce, &response(mallory, REALM, &password, &nonce));
    for _ in 0..5 {
        let verdict = challenges.verify(register(&[&own]).head(), mallory, REALM, NOW);
        assert_eq!(verdict, Verdict::Rejected);
    }
    assert_eq!(verify(&mut challenges, &own, NOW), Verdict::Absent, "they are not Alice's credentials");
    assert_eq!(verify(&mut challenges, &right, NOW), Verdict::Accepted, "nothing of that has hurt Alice");
}

/// RFC 3310 §3.3, RFC 7616 §3.4: the realm is part of what the response is made of.
#[test]
fn another_realm_is_rejected() {
    let mut challenges = Challenges::default();
    let (_, nonce) = challenged(&mut challenges, &vector(1), NOW);
    let password = vector(1).xres.expose().to_owned();
    let other = credentials(ALICE, "other.test", &nonce, &response(ALICE, "other.test", &password, &nonce));
    assert_eq!(verify(&mut challenges, &other, NOW), Verdict::Rejected);
    let right = answered(&mut isim(), &nonce);
    let asked_for_another = challenges.verify(register(&[&right]).head(), ALICE, "other.test", NOW);
    assert_eq!(asked_for_another, Verdict::Rejected);
    assert_eq!(verify(&mut challenges, &right, NOW), Verdict::Accepted);
}

/// TS 24.229 §5.4.1.2.1: the first REGISTER has credentials without a response, or none.
#[test]
fn nothing_that_answers_a_challenge_is_no_answer() {
    let mut challenges = Challenges::default();
    challenged(&mut challenges, &vector(1), NOW);
    let empty = credentials(ALICE, REALM, "", "response=\"\"");
    let lists: [&[&str]; 5] = [&[], &[&empty], &["Basic eHg6eXk="], &["Digest username=\"x\""], &["\"", ""]];
    for authorizations in lists {
        let verdict = challenges.verify(register(authorizations).head(), ALICE, REALM, NOW);
        assert_eq!(verdict, Verdict::Absent, "{authorizations:?}");
    }
    let unknown = credentials(ALICE, REALM, "AAAA", "response=\"00\"");
    assert_eq!(verify(&mut challenges, &unknown, NOW), Verdict::Stale);
    assert_eq!(challenges.len(), 1);
}

/// TS 24.229 §5.4.1.2.3, RFC 3310 §3.4: AUTS goes to the HSS with the RAND that it answers, for this identity, once.
#[test]
fn an_auts_is_taken_once_and_for_its_identity() {
    let mut challenges = Challenges::default();
    let mut isim = isim();
    let ahead = vector(1000);
    isim.authenticate(&ahead.rand, &ahead.autn).unwrap();
    let old = vector(32);
    let (number, nonce) = challenged(&mut challenges, &old, NOW);
    let challenge = Challenge::from_nonce(nonce.as_bytes()).unwrap();
    let refusal = isim.authenticate(&challenge.rand, &challenge.autn).unwrap_err();
    let Refusal::Synchronisation(auts) = refusal else { panic!("{refusal:?}") };
    let rest = format!("auts=\"{}\",{}", auts_to_base64(&auts), response(ALICE, REALM, b"", &nonce));
    let answer = credentials(ALICE, REALM, &nonce, &rest);
    assert_eq!(verify(&mut challenges, &answer, NOW), Verdict::Resynchronise);
    assert_eq!(verify(&mut challenges, &answer, NOW), Verdict::Stale, "the challenge is gone");
    assert_eq!(challenges.take_value(number), None);
    assert_eq!(challenges.take_resynchronisation("mallory@ims.test"), None);
    let found = challenges.take_resynchronisation(ALICE).unwrap();
    assert_eq!(found.rand, old.rand);
    let sqn = resynchronise(&milenage(), &found.rand, &found.auts).unwrap();
    assert_eq!(sqn, Sqn::new(1000 << 5).unwrap(), "where her ISIM is");
    assert_eq!(challenges.take_resynchronisation(ALICE), None, "once");
    let (_, nonce) = challenged(&mut challenges, &vector(1001), NOW);
    let answer = answered(&mut isim, &nonce);
    assert_eq!(verify(&mut challenges, &answer, NOW), Verdict::Accepted);
}

/// TS 33.203 §6.1.2.2: neither a response nor AUTS, where MAC-A is wrong.
#[test]
fn a_phone_that_does_not_believe_in_the_network_ends_the_challenge() {
    let mut challenges = Challenges::default();
    for rest in ["response=\"\"", "algorithm=AKAv1-MD5"] {
        let mut forged = vector(1);
        forged.autn[15] ^= 1;
        let (_, nonce) = challenged(&mut challenges, &forged, NOW);
        let challenge = Challenge::from_nonce(nonce.as_bytes()).unwrap();
        assert_eq!(isim().authenticate(&challenge.rand, &challenge.autn).unwrap_err(), Refusal::Network);
        let answer = credentials(ALICE, REALM, &nonce, rest);
        assert_eq!(verify(&mut challenges, &answer, NOW), Verdict::NetworkRefused);
        assert!(challenges.is_empty());
        assert_eq!(challenges.take_resynchronisation(ALICE), None);
    }
}

/// TS 24.229 table 7.8.1: reg-await-auth, 4 minutes.
#[test]
fn a_challenge_waits_four_minutes() {
    assert_eq!(REG_AWAIT_AUTH_MS, 4 * 60 * 1000);
    for (after, verdict) in [(REG_AWAIT_AUTH_MS - 1, Verdict::Accepted), (REG_AWAIT_AUTH_MS, Verdict::Stale)]
    {
        let mut challenges = Challenges::default();
        // A challenge that lives longer stands before it.
        challenges.keep(&super::digest::item("ims.test"), "bob@ims.test", REALM, NOW, [9; 16]).unwrap();
        let (_, nonce) = challenged(&mut challenges, &vector(1), NOW);
        let answer = answered(&mut isim(), &nonce);
        assert_eq!(verify(&mut challenges, &answer, NOW + after), verdict);
        assert_eq!(challenges.len(), 1, "Bob's is still there");
    }
    let mut challenges = Challenges::default();
    let number = challenges.keep(&item(&vector(1)), ALICE, REALM, NOW, [0; 16]).unwrap();
    challenged(&mut challenges, &vector(2), NOW + REG_AWAIT_AUTH_MS);
    assert_eq!((challenges.len(), challenges.take_value(number)), (1, None), "its keys go with it");
}

#[test]
fn the_oldest_go_first_where_there_is_no_room() {
    let mut challenges = Challenges::with_room(3, 2);
    let mut numbers = Vec::new();
    for seq in 1..=4 {
        numbers.push(challenges.keep(&item(&vector(seq)), ALICE, REALM, NOW + seq, [0; 16]).unwrap());
    }
    assert_eq!(challenges.len(), 3);
    let values: Vec<bool> = numbers.iter().map(|number| challenges.take_value(*number).is_some()).collect();
    assert_eq!(values, [false, true, true, true]);
    // Many that are used up at once leave no trace.
    for seq in 5..100 {
        let (_, nonce) = challenged(&mut challenges, &vector(seq), NOW);
        let right =
            credentials(ALICE, REALM, &nonce, &response(ALICE, REALM, vector(seq).xres.expose(), &nonce));
        assert_eq!(verify(&mut challenges, &right, NOW), Verdict::Accepted, "{seq}");
    }
    // AUTS of three identities, room for two.
    let mut challenges = Challenges::with_room(3, 2);
    let users = ["a@ims.test", "b@ims.test", "c@ims.test"];
    for (seq, user) in users.iter().enumerate() {
        let vector = vector(seq as u64 + 1);
        let number = challenges.keep(&item(&vector), user, REALM, NOW, [0; 16]).unwrap();
        let nonce = param(&challenges.take_value(number).unwrap(), "nonce").unwrap();
        let answer = credentials(user, REALM, &nonce, "auts=\"AAAAAAAAAAAAAAAAAAA=\",response=\"\"");
        let verdict = challenges.verify(register(&[&answer]).head(), user, REALM, NOW);
        assert_eq!(verdict, Verdict::Resynchronise);
    }
    assert!(challenges.take_resynchronisation(users[0]).is_none());
    assert!(challenges.take_resynchronisation(users[1]).is_some());
    let nothing = register(&[]);
    challenges.verify(nothing.head(), ALICE, REALM, NOW + REG_AWAIT_AUTH_MS);
    assert!(challenges.take_resynchronisation(users[2]).is_none(), "nor does an AUTS wait longer");
}

/// An HSS that is asked twice may give the same vector twice.
#[test]
fn the_same_vector_again_is_one_challenge() {
    let mut challenges = Challenges::with_room(2, 2);
    let first = challenges.keep(&item(&vector(1)), ALICE, REALM, NOW, [0; 16]).unwrap();
    let second = challenges.keep(&item(&vector(1)), ALICE, REALM, NOW + 1000, [0; 16]).unwrap();
    assert_eq!(challenges.len(), 1);
    assert_eq!(challenges.take_value(first), None);
    let nonce = param(&challenges.take_value(second).unwrap(), "nonce").unwrap();
    let right = answered(&mut isim(), &nonce);
    // The first one's time is over, the second one's is not.
    assert_eq!(verify(&mut challenges, &right, NOW + REG_AWAIT_AUTH_MS + 500), Verdict::Accepted);
    // Nor does making room for others take the second for the first.
    challenges.keep(&item(&vector(2)), ALICE, REALM, NOW, [0; 16]).unwrap();
    let (_, oldest) = challenged(&mut challenges, &vector(3), NOW);
    let (_, again) = challenged(&mut challenges, &vector(2), NOW);
    challenged(&mut challenges, &vector(4), NOW);
    for (nonce, seq, verdict) in [(oldest, 3, Verdict::Stale), (again, 2, Verdict::Accepted)] {
        let password = vector(seq).xres.expose().to_owned();
        let right = credentials(ALICE, REALM, &nonce, &response(ALICE, REALM, &password, &nonce));
        assert_eq!(verify(&mut challenges, &right, NOW), verdict);
    }
}

/// RFC 4169 §3.
#[test]
fn akav2_takes_its_password_from_all_that_the_vector_holds() {
    let mut challenges = Challenges::default();
    for scheme in ["Digest-AKAv2-MD5", "Digest-AKAv2-SHA-256"] {
        let vector = vector(1);
        let item = SipAuthDataItem { sip_authentication_scheme: Some(scheme.to_owned()), ..item(&vector) };
        let number = challenges.keep(&item, ALICE, REALM, NOW, [0; 16]).unwrap();
        let value = challenges.take_value(number).unwrap();
        assert_eq!(param(&value, "algorithm").as_deref(), Some("AKAv2-MD5"));
        let nonce = param(&value, "nonce").unwrap();
        let plain = credentials(ALICE, REALM, &nonce, &response(ALICE, REALM, vector.xres.expose(), &nonce));
        assert_eq!(verify(&mut challenges, &plain, NOW), Verdict::Rejected, "RES alone is not enough");
        let challenge = Challenge::from_nonce(nonce.as_bytes()).unwrap();
        let sim = isim().authenticate(&challenge.rand, &challenge.autn).unwrap();
        let password = akav2_password(&sim.res, &sim.ck, &sim.ik);
        let right = credentials(ALICE, REALM, &nonce, &response(ALICE, REALM, password.as_bytes(), &nonce));
        assert_eq!(verify(&mut challenges, &right, NOW), Verdict::Accepted);
    }
}

/// RFC 4169 §3 from the vector to the response, computed by Python's hmac and hashlib, which share nothing with this crate:
/// the P-CSCF gets the derived keys, and never those of the vector.
#[test]
fn akav2_as_computed_elsewhere() {
    let bytes = |hex: &str| -> Vec<u8> {
        let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        pairs.collect()
    };
    let (ck, ik) = ("b40ba9a3c58b2a05bbf0d987b21bf8cb", "f769bcd751044604127672711c6d3441");
    let item = SipAuthDataItem {
        sip_authentication_scheme: Some("Digest-AKAv2-MD5".to_owned()),
        sip_authenticate: Some(bytes("23553cbe9637a89d218ae64dae47bf35aa689c648370b9b94a9ffac354dfafb3")),
        sip_authorization: Some(Secret::new(&bytes("a54211d5e3ba50bf")[..])),
        confidentiality_key: Some(Secret::new(&bytes(ck)[..])),
        integrity_key: Some(Secret::new(&bytes(ik)[..])),
        ..SipAuthDataItem::default()
    };
    let mut challenges = Challenges::default();
    let number = challenges.keep(&item, ALICE, REALM, NOW, [0; 16]).unwrap();
    let value = challenges.take_value(number).unwrap();
    let nonce = "I1U8vpY3qJ0hiuZNrke/NaponGSDcLm5Sp/6w1Tfr7M=";
    assert_eq!(param(&value, "nonce").as_deref(), Some(nonce));
    assert_eq!(param(&value, "ck").as_deref(), Some("235bedbfc6b418b8f04a63a41d31ac62"));
    assert_eq!(param(&value, "ik").as_deref(), Some("81905d9d7ab8cce8b7884d599d5e6a18"));
    let text = String::from_utf8(value).unwrap();
    assert!(!text.contains(ck) && !text.contains(ik));
    let proof = "qop=auth,nc=00000001,cnonce=\"0a4f\",response=\"475b91b8467e4b60aa7d5e08d082fb82\"";
    assert_eq!(verify(&mut challenges, &credentials(ALICE, REALM, nonce, proof), NOW), Verdict::Accepted);
}

/// TS 29.229 §6.3.13: an HSS that leaves something out.
#[test]
fn an_item_that_lacks_something_makes_no_challenge() {
    let mut challenges = Challenges::default();
    let whole = || item(&vector(1));
    let v2 = || SipAuthDataItem { sip_authentication_scheme: Some("Digest-AKAv2-MD5".into()), ..whole() };
    let broken = [
        SipAuthDataItem::default(),
        SipAuthDataItem { sip_authentication_scheme: Some("NASS-Bundled".into()), ..whole() },
        SipAuthDataItem { sip_authenticate: None, ..whole() },
        SipAuthDataItem { sip_authenticate: Some(vec![0; 31]), ..whole() },
        SipAuthDataItem { sip_authorization: None, ..whole() },
        SipAuthDataItem { sip_authorization: Some(Secret::new(&[0; 3][..])), ..whole() },
        SipAuthDataItem { sip_authorization: Some(Secret::new(&[0; 17][..])), ..whole() },
        SipAuthDataItem { confidentiality_key: None, ..v2() },
        SipAuthDataItem { integrity_key: Some(Secret::new(&[0; 15][..])), ..v2() },
    ];
    for item in broken {
        assert_eq!(challenges.keep(&item, ALICE, REALM, NOW, [0; 16]), Err(CxFailure::Malformed), "{item:?}");
    }
    assert!(challenges.is_empty());
    // RFC 3310 needs no keys: an HSS without them serves phones without security associations.
    let bare = SipAuthDataItem { confidentiality_key: None, integrity_key: None, ..whole() };
    let number = challenges.keep(&bare, ALICE, REALM, NOW, [0; 16]).unwrap();
    let value = challenges.take_value(number).unwrap();
    assert_eq!((param(&value, "ck"), param(&value, "ik")), (None, None));
}

//! SIP Digest with the HSS's hash (TS 33.203 Annex N, TS 24.229 §5.4.1.2.2B, RFC 7616 §3.4): the nonce may be used again.

use cscf::{AuthenticationVerdict as Verdict, Challenges, CxFailure};
use diameter::Secret;
use diameter::cx::{SipAuthDataItem, SipDigestAuthenticate};
use strowger_cscf as cscf;

use crate::challenges::{NOW, param, register};

const BOB: &str = "bob@ims.test";
const PASSWORD: &str = "zanzibar";
const URI: &str = "sip:ims.test";
/// How long a nonce is good, ms.
const LIFETIME: u64 = 3_600_000;

/// As an MAA brings it, for Bob in this realm.
pub(crate) fn item(realm: &str) -> SipAuthDataItem {
    let ha1 = auth::ha1(BOB, realm, PASSWORD, auth::Algorithm::Md5).hex();
    SipAuthDataItem {
        sip_authentication_scheme: Some("SIP Digest".to_owned()),
        sip_digest_authenticate: Some(SipDigestAuthenticate {
            digest_realm: realm.to_owned(),
            digest_algorithm: Some("MD5".to_owned()),
            digest_qop: "auth".to_owned(),
            digest_ha1: Secret::new(ha1.as_bytes()),
            alternate_digest_algorithm: None,
            alternate_digest_ha1: None,
            other: Vec::new(),
        }),
        ..SipAuthDataItem::default()
    }
}

fn challenged(challenges: &mut Challenges) -> Vec<u8> {
    let number = challenges.keep(&item("ims.test"), BOB, "ims.test", NOW, [0x5a; 16]).unwrap();
    challenges.take_value(number).unwrap()
}

fn answer(value: &[u8], password: &str, nc: u32) -> String {
    let account = auth::Account { user: BOB, password };
    let request = auth::Answer { method: "REGISTER", uri: URI, body: b"", cnonce: "0a4f113b", nc };
    auth::answer(value, account, &request).unwrap()
}

fn verify(challenges: &mut Challenges, authorization: &str, now_ms: u64) -> Verdict {
    challenges.verify(register(&[authorization]).head(), BOB, "ims.test", now_ms)
}

#[test]
fn a_nonce_is_used_again_with_a_count_that_grows() {
    let mut challenges = Challenges::default();
    let value = challenged(&mut challenges);
    assert_eq!(param(&value, "realm").as_deref(), Some("ims.test"));
    assert_eq!(param(&value, "qop").as_deref(), Some("auth"));
    assert_eq!((param(&value, "ck"), param(&value, "ik")), (None, None));
    let ladder = [
        (1, Verdict::Accepted),
        (1, Verdict::Stale),
        (2, Verdict::Accepted),
        (7, Verdict::Accepted),
        (3, Verdict::Stale),
        (7, Verdict::Stale),
        (8, Verdict::Accepted),
    ];
    for (nc, verdict) in ladder {
        assert_eq!(verify(&mut challenges, &answer(&value, PASSWORD, nc), NOW + 1), verdict, "nc {nc}");
    }
    let late = answer(&value, PASSWORD, 9);
    assert_eq!(verify(&mut challenges, &late, NOW + LIFETIME - 1), Verdict::Accepted);
    let later = answer(&value, PASSWORD, 10);
    assert_eq!(verify(&mut challenges, &later, NOW + LIFETIME), Verdict::Stale);
}

#[test]
fn a_wrong_password_is_rejected_three_times() {
    let mut challenges = Challenges::default();
    let value = challenged(&mut challenges);
    for nc in 1..=3 {
        let wrong = answer(&value, "guessed", nc);
        assert_eq!(verify(&mut challenges, &wrong, NOW), Verdict::Rejected);
    }
    assert_eq!(verify(&mut challenges, &answer(&value, PASSWORD, 4), NOW), Verdict::Stale);
    // No response is a wrong one: it is no sign of a SIM that does not believe in the network.
    let value = challenged(&mut challenges);
    let nonce = param(&value, "nonce").unwrap();
    let without =
        format!("Digest username=\"{BOB}\",realm=\"ims.test\",nonce=\"{nonce}\",uri=\"{URI}\",response=\"\"");
    assert_eq!(verify(&mut challenges, &without, NOW), Verdict::Rejected);
    assert_eq!(verify(&mut challenges, &answer(&value, PASSWORD, 1), NOW), Verdict::Accepted);
}

/// RFC 2069 clients know no qop. Their response protects no count, so whoever has seen it could write any.
#[test]
fn without_qop_a_nonce_is_good_once() {
    let mut challenges = Challenges::default();
    let value = challenged(&mut challenges);
    let nonce = param(&value, "nonce").unwrap();
    let ha1 = auth::ha1(BOB, "ims.test", PASSWORD, auth::Algorithm::Md5);
    let exchange = auth::Exchange {
        method: b"REGISTER",
        uri: URI.as_bytes(),
        nonce: nonce.as_bytes(),
        qop: None,
        body: b"",
    };
    let response = auth::response(&ha1, &exchange).hex();
    let plain = format!(
        "Digest username=\"{BOB}\",realm=\"ims.test\",nonce=\"{nonce}\",uri=\"{URI}\",response=\"{}\"",
        response.as_str()
    );
    assert_eq!(verify(&mut challenges, &plain, NOW), Verdict::Accepted);
    assert_eq!(verify(&mut challenges, &plain, NOW), Verdict::Stale);
    for more in [",nc=00000002", ",nc=00000099,cnonce=\"x\""] {
        assert_eq!(verify(&mut challenges, &format!("{plain}{more}"), NOW), Verdict::Stale, "{more}");
    }
}

/// TS 29.229 §6.3.36 to §6.3.41: the realm and the hash are the HSS's.
#[test]
fn the_realm_is_the_hsss_and_what_is_broken_is_refused() {
    let mut challenges = Challenges::default();
    let number = challenges.keep(&item("home.test"), BOB, "ims.test", NOW, [1; 16]).unwrap();
    let value = challenges.take_value(number).unwrap();
    assert_eq!(param(&value, "realm").as_deref(), Some("home.test"));
    assert_eq!(verify(&mut challenges, &answer(&value, PASSWORD, 1), NOW), Verdict::Accepted);
    let change = |change: &dyn Fn(&mut SipDigestAuthenticate)| {
        let mut item = item("ims.test");
        change(item.sip_digest_authenticate.as_mut().unwrap());
        item
    };
    for broken in [
        change(&|digest| digest.digest_algorithm = Some("ROT13".into())),
        change(&|digest| digest.digest_ha1 = Secret::new(b"not hexadecimal")),
        change(&|digest| digest.digest_algorithm = Some("SHA-256".into())),
    ] {
        let kept = challenges.keep(&broken, BOB, "ims.test", NOW, [2; 16]);
        assert_eq!(kept, Err(CxFailure::Malformed), "{broken:?}");
    }
}

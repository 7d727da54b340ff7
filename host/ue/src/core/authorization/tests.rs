use ims::aka::{AuthenticationVector, Key, Milenage, OperatorKey, SequenceChecker, Sqn};

use super::*;

/// TS 35.208 §4.3, test set 1.
fn milenage() -> Milenage {
    let k = Key::from_hex("465b5ce8b199b49faa5f0a2ee238a6bc").unwrap();
    let opc = OperatorKey::from_hex("cd63cb71954a9f4e48a5994e37a02baf").unwrap();
    Milenage::new(&k, &opc)
}

fn vector(sqn: u64) -> (AuthenticationVector, String) {
    let vector = AuthenticationVector::generate(&milenage(), [7; 16], Sqn::new(sqn).unwrap(), [0x80, 0]);
    let challenge = Challenge { rand: vector.rand, autn: vector.autn, server_data: Vec::new() };
    let nonce = challenge.to_nonce();
    (vector, nonce)
}

const ASKING: Asking<'_> =
    Asking { impi: "a@h", method: "REGISTER", uri: "sip:h", body: b"", cnonce: "c0ffee", nc: 1 };

fn isim() -> Credentials {
    Credentials::Aka(Isim::new(milenage(), SequenceChecker::default()))
}

/// The answer to these challenges: whether it proves us, and its value.
fn answered(credentials: &mut Credentials, challenges: &[String]) -> Option<(bool, String)> {
    match answer(credentials, challenges.iter().map(String::as_bytes), &ASKING) {
        Ok(Proof::Response(value)) => Some((true, value)),
        Ok(Proof::Invalid(value)) => Some((false, value)),
        Err(Unknown) => None,
    }
}

/// The response by this password, as a parameter.
fn expected(nonce: &str, password: impl AsRef<[u8]>, qop: Option<Qop>) -> String {
    let exchange = Exchange {
        method: b"REGISTER",
        uri: b"sip:h",
        nonce: nonce.as_bytes(),
        qop: qop.map(|qop| QopValues { qop, nc: b"00000001", cnonce: b"c0ffee" }),
        body: b"",
    };
    let ha1 = auth::ha1("a@h", "r", password, Algorithm::Md5);
    format!("response=\"{}\"", auth::response(&ha1, &exchange).hex().as_str())
}

#[test]
fn akav1_and_akav2_with_every_qop() {
    for (list, qop) in [
        ("", None),
        (",qop=\"auth\"", Some(Qop::Auth)),
        (",qop=\"auth-int\"", Some(Qop::AuthInt)),
        (",qop=\"auth-int, auth\"", Some(Qop::Auth)),
    ] {
        for version in [AkaVersion::V1, AkaVersion::V2] {
            let (vector, nonce) = vector(64);
            let name = version.algorithm();
            let challenge =
                format!("Digest realm=\"r\",nonce=\"{nonce}\",algorithm={name},opaque=\"o\"{list}");
            let (proves, value) = answered(&mut isim(), &[challenge]).unwrap();
            let password = match version {
                AkaVersion::V1 => vector.xres.expose().to_vec(),
                AkaVersion::V2 => akav2_password(&vector.xres, &vector.ck, &vector.ik).into_bytes(),
            };
            assert!(proves && value.contains(&expected(&nonce, password, qop)), "{value}");
            assert!(value.contains(&format!("algorithm={name}")) && value.contains("opaque=\"o\""));
            assert_eq!(value.contains("qop="), qop.is_some());
        }
    }
}

/// RFC 3310 §3.4: the response beside `auts` is by an empty password.
#[test]
fn a_number_that_was_used_before() {
    let (_, nonce) = vector(64);
    let challenge = format!("Digest realm=\"r\",nonce=\"{nonce}\",algorithm=AKAv1-MD5");
    let mut isim = isim();
    answered(&mut isim, std::slice::from_ref(&challenge)).unwrap();
    let (proves, value) = answered(&mut isim, &[challenge]).unwrap();
    assert!(!proves && value.contains(",auts=\"") && value.contains(&expected(&nonce, "", None)), "{value}");
}

#[test]
fn the_first_challenge_that_can_be_answered_is() {
    let (_, nonce) = vector(64);
    let unknown = [
        "Basic realm=\"r\"".to_owned(),
        "Digest".to_owned(),
        "Digest realm=\"r\",nonce=\"n\",algorithm=MD5".to_owned(),
        "Digest realm=\"r\",nonce=\"bm8=\",algorithm=AKAv1-MD5".to_owned(),
        format!("Digest nonce=\"{nonce}\",algorithm=AKAv1-MD5"),
        format!("Digest realm=\"r\",nonce=\"{nonce}\",algorithm=AKAv1-MD5,qop=\"other\""),
    ];
    assert_eq!(answered(&mut isim(), &unknown), None);
    let known = format!("Digest realm=\"r\",nonce=\"{nonce}\",algorithm=akav1-md5");
    let all = [&unknown[..], &[known]].concat();
    assert!(answered(&mut isim(), &all).is_some_and(|(proves, _)| proves));
    // A password answers other ones.
    let mut password = Credentials::Password("x".to_owned());
    assert!(answered(&mut password, &all).unwrap().1.contains("algorithm=MD5"));
}

#[test]
fn names_are_quoted() {
    assert_eq!(quoted("a\"b\\c\r\n"), "\"a\\\"b\\\\c\"");
    assert!(empty("a@h", "h").ends_with("nonce=\"\",uri=\"sip:h\",response=\"\""));
}

//! RFC 3310 §3 and RFC 4169 §3: Digest-AKA on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strowger_ims::aka::{
    AkaVersion, Challenge, Secret, akav1_password, akav2_cipher_key, akav2_integrity_key, akav2_password,
    auts_from_base64, auts_to_base64,
};

/// §3.2: nonce = base64(RAND, AUTN, server data).
#[test]
fn a_nonce_holds_the_challenge() {
    for server_data in [&b""[..], b"x", b"xy", &[0xff; 256]] {
        let challenge = Challenge { rand: [1; 16], autn: [2; 16], server_data: server_data.to_vec() };
        let nonce = challenge.to_nonce();
        assert_eq!(nonce, STANDARD.encode([&[1; 16][..], &[2; 16], server_data].concat()));
        assert_eq!(Challenge::from_nonce(nonce.as_bytes()), Ok(challenge.clone()));
        assert_eq!(Challenge::from_nonce(nonce.trim_end_matches('=').as_bytes()), Ok(challenge));
    }
    let long = Challenge { rand: [1; 16], autn: [2; 16], server_data: vec![7; 300] };
    assert_eq!(Challenge::from_nonce(long.to_nonce().as_bytes()).unwrap().server_data.len(), 256);
}

#[test]
fn what_is_no_nonce() {
    let rows = [
        String::new(),
        "!".repeat(44),
        STANDARD.encode([0; 31]),
        STANDARD.encode([0; 289]),
        "A".repeat(1_000_000),
        STANDARD.encode([0; 32]).replace('=', "==="),
    ];
    for nonce in rows {
        assert!(Challenge::from_nonce(nonce.as_bytes()).is_err(), "{} bytes", nonce.len());
    }
}

/// §3.4.
#[test]
fn an_auts_is_14_bytes() {
    let auts = [3; 14];
    assert_eq!(auts_from_base64(auts_to_base64(&auts).as_bytes()), Ok(auts));
    for wrong in [&b""[..], b"AAAA", STANDARD.encode([0; 15]).as_bytes(), STANDARD.encode([0; 13]).as_bytes()]
    {
        assert!(auts_from_base64(wrong).is_err());
    }
}

#[test]
fn algorithms_by_name() {
    assert_eq!(AkaVersion::from_algorithm(b"akav1-md5"), Some(AkaVersion::V1));
    assert_eq!(AkaVersion::from_algorithm(b"AKAv2-MD5"), Some(AkaVersion::V2));
    assert_eq!(AkaVersion::from_algorithm(b"MD5"), None);
    assert_eq!((AkaVersion::V1.algorithm(), AkaVersion::V2.algorithm()), ("AKAv1-MD5", "AKAv2-MD5"));
}

/// Computed by Python's hmac and hashlib, which share nothing with this crate.
#[test]
fn passwords_and_keys_of_both_versions() {
    let res = Secret::from_hex("a54211d5e3ba50bf").unwrap();
    let ck = Secret::from_hex("b40ba9a3c58b2a05bbf0d987b21bf8cb").unwrap();
    let ik = Secret::from_hex("f769bcd751044604127672711c6d3441").unwrap();
    assert_eq!(akav1_password(&res), [0xa5, 0x42, 0x11, 0xd5, 0xe3, 0xba, 0x50, 0xbf]);
    assert_eq!(akav2_password(&res, &ck, &ik), "shzt3q8CWaZnCAWqs3WmEQ==");
    assert_eq!(akav2_cipher_key(&ck).expose_hex(), "235bedbfc6b418b8f04a63a41d31ac62");
    assert_eq!(akav2_integrity_key(&ik).expose_hex(), "81905d9d7ab8cce8b7884d599d5e6a18");
    let user = "001010000000001@ims.mnc001.mcc001.3gppnetwork.org";
    let realm = "ims.mnc001.mcc001.3gppnetwork.org";
    let ha1 =
        |password: &[u8]| auth::ha1(user, realm, password, auth::Algorithm::Md5).hex().as_str().to_owned();
    assert_eq!(ha1(akav1_password(&res)), "da00069eb0de6587da7e09ef503c29db");
    assert_eq!(ha1(b""), "6580ce225d6806500bf0e45504f9a545");
}

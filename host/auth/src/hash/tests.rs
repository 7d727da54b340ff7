//! The worked examples of RFC 7616 §3.9 and RFC 2617 §3.5, RFC 8760's algorithms.

use super::*;

/// RFC 7616 §3.9.1: one request, answered by both algorithms.
fn rfc7616_3_9_1(algorithm: Algorithm) -> Hash {
    let ha1 = ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm);
    response(
        &ha1,
        &Exchange {
            method: b"GET",
            uri: b"/dir/index.html",
            nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            qop: Some(QopValues {
                qop: Qop::Auth,
                nc: b"00000001",
                cnonce: b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            }),
            body: b"",
        },
    )
}

#[test]
fn rfc7616_3_9_1_md5() {
    assert_eq!(rfc7616_3_9_1(Algorithm::Md5).hex().as_str(), "8ca523f5e9506fed4657c9700eebdbec");
}

#[test]
fn rfc7616_3_9_1_sha_256() {
    assert_eq!(
        rfc7616_3_9_1(Algorithm::Sha256).hex().as_str(),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

/// RFC 7616 §3.9.2 as erratum 4897 corrects it: SHA-512/256 and not SHA-512 cut off.
#[test]
fn rfc7616_3_9_2_sha_512_256() {
    let ha1 = ha1("J\u{e4}s\u{f8}n Doe", "api@example.org", "Secret, or not?", Algorithm::Sha512_256);
    let exchange = Exchange {
        method: b"GET",
        uri: b"/doe.json",
        nonce: b"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        qop: Some(QopValues {
            qop: Qop::Auth,
            nc: b"00000001",
            cnonce: b"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        }),
        body: b"",
    };
    assert_eq!(
        response(&ha1, &exchange).hex().as_str(),
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    );
}

/// FIPS 180-4's example: SHA-512/256("abc").
#[test]
fn sha_512_256_has_its_own_start_values() {
    assert_eq!(
        joined(Algorithm::Sha512_256, &[b"abc"]).hex().as_str(),
        "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    );
}

#[test]
fn rfc2617_3_5_and_the_form_without_qop() {
    let ha1 = ha1("Mufasa", "testrealm@host.com", "Circle Of Life", Algorithm::Md5);
    assert_eq!(ha1.hex().as_str(), "939e7578ed9e3c518a452acee763bce9");
    let mut exchange = Exchange {
        method: b"GET",
        uri: b"/dir/index.html",
        nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        qop: Some(QopValues { qop: Qop::Auth, nc: b"00000001", cnonce: b"0a4f113b" }),
        body: b"",
    };
    assert_eq!(response(&ha1, &exchange).hex().as_str(), "6629fae49393a05397450978507c4ef1");
    exchange.qop = None;
    assert_eq!(response(&ha1, &exchange).hex().as_str(), "670fd8c2df070c60b045671b8b24ff02");
}

#[test]
fn auth_int_covers_the_body() {
    let ha1 = ha1("bob", "biloxi.com", "zanzibar", Algorithm::Md5);
    let with = |body: &'static [u8]| {
        response(
            &ha1,
            &Exchange {
                method: b"INVITE",
                uri: b"sip:bob@biloxi.com",
                nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
                qop: Some(QopValues { qop: Qop::AuthInt, nc: b"00000001", cnonce: b"0a4f113b" }),
                body,
            },
        )
    };
    // draft-smith-sip-auth-examples §3.4
    assert_eq!(with(b"v=0\r\n").hex().as_str().len(), 32);
    assert_ne!(with(b"v=0\r\n"), with(b"v=1\r\n"));
}

/// draft-smith-sip-auth-examples §3.1 to §3.3: SIP itself.
#[test]
fn sip_examples() {
    let ha1 = ha1("bob", "biloxi.com", "zanzibar", Algorithm::Md5);
    assert_eq!(ha1.hex().as_str(), "12af60467a33e8518da5c68bbff12b11");
    let mut exchange = Exchange {
        method: b"INVITE",
        uri: b"sip:bob@biloxi.com",
        nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        qop: None,
        body: b"",
    };
    assert_eq!(response(&ha1, &exchange).hex().as_str(), "bf57e4e0d0bffc0fbaedce64d59add5e");
    exchange.qop = Some(QopValues { qop: Qop::Auth, nc: b"00000001", cnonce: b"0a4f113b" });
    assert_eq!(response(&ha1, &exchange).hex().as_str(), "89eb0059246c02b2f6ee02c7961d5ea3");
}

#[test]
fn hexadecimal_goes_there_and_back_and_nothing_else_is_read() {
    let hash = ha1("a", "b", "c", Algorithm::Sha256);
    let upper = hash.hex().as_str().to_uppercase();
    assert_eq!(Hash::from_hex(Algorithm::Sha256, upper.as_bytes()), Some(hash));
    assert_eq!(Hash::from_hex(Algorithm::Md5, upper.as_bytes()), None);
    assert_eq!(Hash::from_hex(Algorithm::Sha256, &upper.as_bytes()[..63]), None);
    let mut wrong = upper.into_bytes();
    wrong[5] = b'g';
    assert_eq!(Hash::from_hex(Algorithm::Sha256, &wrong), None);
}

#[test]
fn secrets_do_not_print() {
    let all = Ha1s::of("bob", "biloxi.com", "zanzibar");
    let hash = all.get(Algorithm::Md5).expect("made from a password");
    let printed = format!("{all:?} {hash:?}");
    assert!(!printed.contains("12af60"));
    assert!(!printed.contains("18, 175"));
}

#[test]
fn comparison_sees_every_byte_and_the_length() {
    let hash = [7u8; 32];
    assert!(same(&hash, &hash.clone()));
    for index in 0..32 {
        let mut other = hash;
        other[index] ^= 1;
        assert!(!same(&hash, &other));
    }
    assert!(!same(&hash, &hash[..31]));
}

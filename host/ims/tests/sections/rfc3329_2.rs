//! RFC 3329 §2 and TS 33.203 Annex H: security agreement.

use proptest::prelude::*;
use sip::HeaderId;
use strowger_ims::Parameter;
use strowger_ims::security_agreement::{Ipsec, Mechanism, Preference, choose, is_same};

fn read(value: &str) -> Vec<Mechanism> {
    Mechanism::parse_all(HeaderId::SECURITY_CLIENT, [value.as_bytes()])
        .unwrap_or_else(|error| panic!("{value}: {error}"))
}

const OFFER: &str = "\
    ipsec-3gpp; alg=hmac-md5-96; ealg=aes-cbc; prot=esp; mod=trans; spi-c=1; spi-s=2; port-c=3; port-s=4, \
    ipsec-3gpp;q=0.5;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;port-s=4, \
    ipsec-3gpp;alg=hmac-sha-1-96;ealg=aes-cbc;spi-c=1;spi-s=2;port-c=3;port-s=4, \
    digest;d-alg=md5;d-qop=auth;d-ver=\"0000000000000000000000000000a421\", tls;q=0.2";

#[test]
fn an_offer_of_a_user_equipment() {
    let offer = read(OFFER);
    assert_eq!(
        offer.iter().map(Mechanism::name).collect::<Vec<_>>(),
        ["ipsec-3gpp", "ipsec-3gpp", "ipsec-3gpp", "digest", "tls"]
    );
    let first = offer[0].ipsec.as_ref().unwrap();
    assert_eq!(
        (first.alg.as_str(), first.encryption(), first.protocol(), first.mode()),
        ("hmac-md5-96", "aes-cbc", "esp", "trans")
    );
    assert_eq!((first.spi_c, first.spi_s, first.port_c, first.port_s), (1, 2, 3, 4));
    let second = offer[1].ipsec.as_ref().unwrap();
    assert_eq!((second.encryption(), second.protocol(), second.mode()), ("null", "esp", "trans"));
    assert_eq!(offer.iter().map(Mechanism::preference).collect::<Vec<_>>(), [1000, 500, 1000, 1000, 200]);
    assert_eq!(offer[1].to_string(), "ipsec-3gpp;q=0.5;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;port-s=4");
    let again: Vec<String> = offer.iter().map(Mechanism::to_string).collect();
    assert_eq!(read(&again.join(", ")), offer);
}

#[test]
fn what_is_no_mechanism() {
    let ipsec = "ipsec-3gpp;alg=a;spi-c=1;spi-s=2;port-c=3;port-s=4";
    for wrong in [
        ";q=1".to_owned(),
        "tls;q=1.1".to_owned(),
        "tls;q".to_owned(),
        "ipsec-3gpp".to_owned(),
        ipsec.replace(";alg=a", ""),
        ipsec.replace("alg=a", "alg"),
        ipsec.replace("alg=a", "alg=\"a;b\""),
        ipsec.replace(";spi-c=1", ""),
        ipsec.replace("spi-c=1", "spi-c=4294967296"),
        ipsec.replace("spi-s=2", "spi-s=-2"),
        ipsec.replace("port-c=3", "port-c=65536"),
        ipsec.replace("port-s=4", "port-s=x"),
    ] {
        assert!(Mechanism::parse_all(HeaderId::SECURITY_CLIENT, [wrong.as_bytes()]).is_err(), "{wrong}");
    }
    assert!(Mechanism::new("a b").is_none());
}

/// TS 33.203 §7.2: the P-CSCF's list decides, then q, then the order.
#[test]
fn the_choice_is_the_operators() {
    let offer = read(OFFER);
    let preference = |alg, ealg| Preference { alg, ealg };
    let chosen = |preferences: &[Preference<'_>]| {
        choose(&offer, preferences).map(|ipsec| (ipsec.alg.clone(), ipsec.encryption().to_owned()))
    };
    let some = |alg: &str, ealg: &str| Some((alg.to_owned(), ealg.to_owned()));
    let (sha_aes, sha_null, md5_null) = (
        preference("hmac-sha-1-96", "aes-cbc"),
        preference("HMAC-SHA-1-96", "null"),
        preference("hmac-md5-96", "null"),
    );
    assert_eq!(chosen(&[sha_aes, sha_null]), some("hmac-sha-1-96", "aes-cbc"));
    assert_eq!(chosen(&[sha_null, sha_aes]), some("hmac-sha-1-96", "null"));
    assert_eq!(chosen(&[md5_null, sha_null]), some("hmac-sha-1-96", "null"));
    assert_eq!(chosen(&[md5_null]), None);
    assert_eq!(chosen(&[]), None);
    let one = |rest: &str| format!("ipsec-3gpp;alg=a;spi-s=1;port-c=1;port-s=1;{rest}");
    let all = [one("q=0.1;spi-c=1"), one("q=0.2;spi-c=2"), one("q=0.2;spi-c=3"), one("prot=ah;spi-c=4")];
    let twice = read(&all.join(", "));
    assert_eq!(choose(&twice, &[preference("a", "null")]).unwrap().spi_c, 2);
}

/// RFC 3329 §2.3.2: a list that came back changed was changed on its way.
#[test]
fn a_list_that_came_back() {
    let server = read(OFFER);
    let mut reordered = server.clone();
    reordered.reverse();
    assert!(is_same(&server, &server) && is_same(&server, &reordered) && is_same(&[], &[]));
    let defaults = OFFER
        .replacen("; prot=esp; mod=trans", "", 1)
        .replace("alg=hmac-sha-1-96;spi", "ealg=NULL;alg=hmac-sha-1-96;mod=trans;spi");
    assert!(is_same(&server, &read(&defaults)), "defaults count as if they were written");
    for (from, to) in [
        ("hmac-md5-96", "hmac-sha-1-96"),
        ("ealg=aes-cbc", "ealg=null"),
        ("spi-c=1", "spi-c=9"),
        ("spi-s=2", "spi-s=9"),
        ("port-c=3", "port-c=9"),
        ("port-s=4", "port-s=9"),
        ("mod=trans", "mod=tun"),
        ("prot=esp", "prot=ah"),
        ("q=0.5", "q=0.6"),
        ("d-alg=md5", "d-alg=sha"),
        ("d-qop=auth;", ""),
        (", tls;q=0.2", ""),
        ("tls;", "tls2;"),
    ] {
        assert!(!is_same(&server, &read(&OFFER.replacen(from, to, 1))), "{from} became {to}");
    }
    let doubled = [&server[..1], &server[..1], &server[2..]].concat();
    assert!(!is_same(&server, &doubled) && !is_same(&doubled, &server));
}

fn token() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9-]{0,8}"
}

fn mechanism() -> impl Strategy<Value = Mechanism> {
    let tokens = (token(), prop::option::of(token()), prop::option::of(token()), prop::option::of(token()));
    let numbers = (any::<u32>(), any::<u32>(), any::<u16>(), any::<u16>());
    let ipsec = prop::option::of((tokens, numbers)).prop_map(|found| {
        found.map(|((alg, ealg, prot, mode), (spi_c, spi_s, port_c, port_s))| Ipsec {
            alg,
            ealg,
            prot,
            mode,
            spi_c,
            spi_s,
            port_c,
            port_s,
        })
    });
    let others = prop::collection::vec(("x[a-z]{0,3}", prop::option::of("[ -~]{0,6}")), 0..3);
    (prop::option::of(0..=1000_u16), ipsec, others).prop_map(|(q, ipsec, others)| {
        let mut made = match ipsec {
            Some(ipsec) => Mechanism::ipsec(ipsec),
            None => Mechanism::new("other").unwrap(),
        };
        made.q = q;
        made.others =
            others.iter().map(|(name, value)| Parameter::new(name, value.as_deref()).unwrap()).collect();
        made
    })
}

proptest! {
    #[test]
    fn mechanisms_come_back(all in prop::collection::vec(mechanism(), 0..4)) {
        let written: Vec<String> = all.iter().map(Mechanism::to_string).collect();
        let again = Mechanism::parse_all(HeaderId::SECURITY_SERVER, [written.join(",").as_bytes()]).unwrap();
        prop_assert!(is_same(&all, &again));
        prop_assert_eq!(again, all);
    }
}

//! TS 23.003 §13: identities, from an IMSI to a wildcard.

use proptest::prelude::*;
use sip::Uri;
use strowger_ims::bounds::{MAX_EMERGENCY_NUMBERS, MAX_IDENTITY};
use strowger_ims::identity::{
    EmergencyNumbers, Impi, Impu, Imsi, Plmn, WildcardError, WildcardedIdentity, is_emergency_urn,
    telephone_uri,
};

fn impu(uri: &str) -> Impu {
    Impu::parse(uri.as_bytes()).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

fn uri(text: &str) -> Uri<'_> {
    Uri::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// §13.2, §13.3 and §13.4B with the standard's own example.
#[test]
fn what_is_derived_from_an_imsi() {
    let imsi = Imsi::parse("234150999999999").unwrap();
    let home = imsi.home_network(2).unwrap();
    assert_eq!((home.mcc(), home.mnc()), ("234", "15"));
    assert_eq!(home.home_network_domain(), "ims.mnc015.mcc234.3gppnetwork.org");
    let private = imsi.private_identity(&home);
    assert_eq!(private.as_str(), "234150999999999@ims.mnc015.mcc234.3gppnetwork.org");
    assert_eq!(private.imsi(), Some(imsi));
    let public = imsi.temporary_public_identity(&home);
    assert_eq!(public.as_str(), "sip:234150999999999@ims.mnc015.mcc234.3gppnetwork.org");
    assert_eq!(impu(public.as_str()), public, "what is derived is canonical");
    assert_eq!(Impi::parse(private.as_str().as_bytes()), Ok(private));
}

#[test]
fn an_mnc_of_three_digits_is_another_network() {
    let imsi = Imsi::parse("310150123456789").unwrap();
    let three = imsi.home_network(3).unwrap();
    assert_eq!(
        (three.mnc(), three.home_network_domain().as_str()),
        ("150", "ims.mnc150.mcc310.3gppnetwork.org")
    );
    assert_ne!(three, imsi.home_network(2).unwrap());
    assert_ne!(Plmn::new("310", "015"), Plmn::new("310", "15"), "the same domain, but not the same network");
    assert_eq!(imsi.home_network(1), None);
    assert_eq!(imsi.home_network(4), None);
}

#[test]
fn what_is_no_imsi_and_no_network() {
    for wrong in ["", "12345", "1234567890123456", "12345a", "+12345678", "123 456"] {
        assert!(Imsi::parse(wrong).is_err(), "{wrong}");
    }
    for (mcc, mnc) in
        [("23", "15"), ("2345", "15"), ("234", "1"), ("234", "1234"), ("2x4", "15"), ("234", "é")]
    {
        assert!(Plmn::new(mcc, mnc).is_err(), "{mcc} {mnc}");
    }
}

/// §13.3: a private identity is a network access identifier.
#[test]
fn private_identities() {
    let one = Impi::parse(b"Alice@Example.ORG").unwrap();
    assert_eq!(
        (one.as_str(), one.username(), one.realm()),
        ("Alice@example.org", "Alice", Some("example.org"))
    );
    assert_eq!(one, Impi::parse(b"Alice@example.org").unwrap());
    assert_ne!(one, Impi::parse(b"alice@example.org").unwrap());
    assert_eq!(one.imsi(), None);
    assert_eq!(Impi::parse(b"alice").unwrap().realm(), None);
    assert_eq!(Impi::parse(b"a@b@c").unwrap().username(), "a@b");
    let long = vec![b'a'; MAX_IDENTITY + 1];
    for wrong in [&b""[..], b"@b", b"a@", b"a b@c", b"a\n@c", b"\xff@c", &long] {
        assert!(Impi::parse(wrong).is_err(), "{}", wrong.escape_ascii());
    }
}

/// §13.4 and RFC 3261 §10.3, RFC 3966 §4.
#[test]
fn public_identities_in_their_one_form() {
    let rows = [
        ("sip:Alice@Example.ORG:5070;transport=tcp?subject=x", "sip:Alice@example.org"),
        ("sips:alice@example.org", "sip:alice@example.org"),
        ("sip:%61lice@example.org", "sip:alice@example.org"),
        ("sip:example.org", "sip:example.org"),
        ("sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]"),
        ("sip:+1-201-555-0123@h;user=phone", "sip:+12015550123@h"),
        ("sip:+1-201-555-0123@h", "sip:+1-201-555-0123@h"),
        ("sip:7042;phone-context=Example.org@h;user=phone", "sip:7042;phone-context=example.org@h"),
        ("sip:alice@h;user=phone", "sip:alice@h"),
        ("sip:%2321@h;user=phone", "sip:%2321@h"),
        ("tel:+1-201-555-0123;isub=1", "tel:+12015550123"),
        ("TEL:+1(201)555.0123", "tel:+12015550123"),
        ("tel:7042;phone-context=Example.org", "tel:7042;phone-context=example.org"),
        ("tel:*21#;phone-context=+44", "tel:*21#;phone-context=+44"),
    ];
    for (written, canonical) in rows {
        let one = impu(written);
        assert_eq!(one.as_str(), canonical, "{written}");
        assert_eq!(impu(one.as_str()), one, "the canonical form is canonical");
        assert_eq!(one.is_tel(), canonical.starts_with("tel:"));
    }
    for wrong in ["urn:service:sos", "mailto:a@b", "alice", "", "sip:", "tel:"] {
        assert!(Impu::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Impu::parse(format!("sip:{}@h", "a".repeat(MAX_IDENTITY)).as_bytes()).is_err());
    assert_eq!(impu("sip:alice@example.org").domain(), Some("example.org"));
    assert_eq!(impu("sip:example.org").domain(), Some("example.org"));
    assert_eq!(impu("tel:+1").domain(), None);
    assert_eq!(impu("tel:+1-2").global_number(), Some("12"));
    assert_eq!(impu("tel:12;phone-context=x").global_number(), None);
}

/// TS 24.229 §5.3.2.1 and §5.1.2A.1.5, RFC 3261 §19.1.6.
#[test]
fn from_a_sip_uri_of_a_number_to_its_tel_uri_and_back() {
    let rows = [
        ("sip:+1-201-555-0123@home.net;user=phone", Some("tel:+12015550123")),
        ("sip:+12015550123@home.net", None),
        ("sip:alice@home.net;user=phone", None),
        ("sip:7042@home.net;user=phone", Some("tel:7042;phone-context=home.net")),
        ("sip:7042;phone-context=x.net@home.net;user=phone", Some("tel:7042;phone-context=x.net")),
        ("tel:+1-2", Some("tel:+12")),
        ("urn:service:sos", None),
    ];
    for (written, tel) in rows {
        assert_eq!(Impu::telephone(&uri(written)).as_ref().map(Impu::as_str), tel, "{written}");
    }
    let rows = [
        ("tel:+1-201-555-0123", "sip:+12015550123@home.net;user=phone"),
        ("tel:7042;phone-context=x.net", "sip:7042;phone-context=x.net@home.net;user=phone"),
        ("tel:*21#;phone-context=x.net", "sip:*21%23;phone-context=x.net@home.net;user=phone"),
    ];
    for (tel, sip) in rows {
        assert_eq!(telephone_uri(&uri(tel), "home.net").as_deref(), Some(sip));
        assert_eq!(Impu::telephone(&uri(sip)).unwrap(), impu(tel));
    }
    assert_eq!(telephone_uri(&uri("sip:a@b"), "home.net"), None);
}

/// §13.4A and §13.5.
#[test]
fn wildcards_and_whom_they_stand_for() {
    let rows: &[(&str, &[&str], &[&str])] = &[
        (
            "sip:chatlist!.*!@Example.com",
            &["sip:chatlist@example.com", "sip:chatlist-7@example.com", "sips:chatlist1@EXAMPLE.com:5070"],
            &[
                "sip:chat@example.com",
                "sip:achatlist@example.com",
                "sip:chatlist@example.com.evil.net",
                "tel:+1",
            ],
        ),
        ("sip:!.*!@pbx.net", &["sip:anyone@pbx.net"], &["sip:anyone@other.net", "sip:pbx.net"]),
        ("sip:a.b!x|y!c@d", &["sip:a.bxc@d", "sip:a.byc@d"], &["sip:aXbxc@d", "sip:a.bx@d", "sip:a.bzc@d"]),
        ("sip:!a!b!c!@d", &["sip:a!b!c@d"], &["sip:a@d", "sip:abc@d"]),
        ("tel:+4412345!.*!", &["tel:+44-12345-6", "tel:+4412345"], &["tel:+4412346", "sip:+44123456@x"]),
        ("tel:+!44[0-9]{3}!", &["tel:+44123"], &["tel:+4412", "tel:+441234", "tel:+45123"]),
        (
            "sip:+33!.*!@home.net;user=phone",
            &["sip:+3-31@home.net;user=phone"],
            &["sip:+341@home.net;user=phone"],
        ),
    ];
    for (wildcard, of, not_of) in rows {
        let parsed =
            WildcardedIdentity::parse(wildcard).unwrap_or_else(|error| panic!("{wildcard}: {error}"));
        assert_eq!(parsed.as_str(), *wildcard);
        for identity in *of {
            assert!(parsed.matches(&impu(identity)), "{wildcard} does not stand for {identity}");
        }
        for identity in *not_of {
            assert!(!parsed.matches(&impu(identity)), "{wildcard} stands for {identity}");
        }
    }
}

#[test]
fn what_is_no_wildcard() {
    let no_wildcard = ["sip:alice@example.com", "sip:a!b@c", "", "tel:+1"];
    for wrong in no_wildcard {
        assert!(matches!(WildcardedIdentity::parse(wrong), Err(WildcardError::NoWildcard)), "{wrong}");
    }
    for wrong in
        ["!.*!", "sip:!.*!", "sip:a@!.*!.com", "mailto:!.*!@x", "sip:!.*!@", "tel:x!.*!", "sip:a b!.*!@x"]
    {
        assert!(matches!(WildcardedIdentity::parse(wrong), Err(WildcardError::Identity(_))), "{wrong}");
    }
    for wrong in ["sip:!(!@x", "sip:!\\1!@x", "sip:![!@x"] {
        assert!(matches!(WildcardedIdentity::parse(wrong), Err(WildcardError::Pattern(_))), "{wrong}");
    }
    assert!(WildcardedIdentity::parse(&format!("sip:!{}!@x", "a".repeat(MAX_IDENTITY))).is_err());
}

/// RFC 5031 §4.2 and TS 22.101 §10.1.
#[test]
fn emergency_calls() {
    for (text, expected) in [
        ("urn:service:sos", true),
        ("URN:Service:SOS", true),
        ("urn:service:sos.police", true),
        ("urn:service:sos.", false),
        ("urn:service:sosx", false),
        ("urn:service:counseling", false),
        ("urn:servic", false),
        ("sip:sos@example.org", false),
        ("tel:112", false),
    ] {
        assert_eq!(is_emergency_urn(&uri(text)), expected, "{text}");
    }
    let numbers =
        EmergencyNumbers::everywhere().with("110", "urn:service:sos.police").with("x", "urn:service:sos");
    let rows = [
        ("tel:112", Some("urn:service:sos")),
        ("tel:911;phone-context=+1", Some("urn:service:sos")),
        ("tel:1-1-0", Some("urn:service:sos.police")),
        ("sip:112@home.net;user=phone", Some("urn:service:sos")),
        ("sip:112@home.net", Some("urn:service:sos")),
        ("sip:112;phone-context=home.net@home.net;user=phone", Some("urn:service:sos")),
        ("urn:service:sos.fire", Some("urn:service:sos.fire")),
        ("tel:+112", None),
        ("tel:1120", None),
        ("sip:x@home.net", None),
        ("sip:home.net", None),
        ("mailto:112", None),
    ];
    for (text, expected) in rows {
        assert_eq!(numbers.service_urn(&uri(text)).as_deref(), expected, "{text}");
    }
    let moved = numbers.with("112", "urn:service:sos.ambulance");
    assert_eq!(moved.service_urn(&uri("tel:112")).as_deref(), Some("urn:service:sos.ambulance"));
    let many = (0..1000)
        .fold(EmergencyNumbers::default(), |all, number| all.with(&number.to_string(), "urn:service:sos"));
    assert!(many.service_urn(&uri("tel:1")).is_some() && many.service_urn(&uri("tel:999")).is_none());
    assert!(many.service_urn(&uri(&format!("tel:{}", MAX_EMERGENCY_NUMBERS - 1))).is_some());
    assert!(many.service_urn(&uri(&format!("tel:{MAX_EMERGENCY_NUMBERS}"))).is_none());
}

#[test]
fn identities_do_not_show_themselves() {
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        impu("sip:alice@example.org"),
        Impi::parse(b"alice@example.org").unwrap(),
        Imsi::parse("001010000000001").unwrap(),
        WildcardedIdentity::parse("sip:alice!.*!@example.org").unwrap(),
    );
    assert!(!shown.contains("alice") && !shown.contains("example") && !shown.contains("00101"), "{shown}");
}

proptest! {
    #[test]
    fn the_canonical_form_is_canonical(text in "(sip:|sips:|tel:|urn:)[a-zA-Z0-9+@;:=.%#*!-]{0,30}") {
        if let Ok(one) = Impu::parse(text.as_bytes()) {
            prop_assert_eq!(Impu::parse(one.as_str().as_bytes()), Ok(one.clone()));
            if let Ok(uri) = Uri::parse(text.as_bytes())
                && let Some(tel) = Impu::telephone(&uri)
            {
                prop_assert_eq!(Impu::parse(tel.as_str().as_bytes()), Ok(tel));
            }
        }
    }

    #[test]
    fn any_wildcard_is_survived(text in "(sip:|tel:)[a-z0-9+@!.*()]{0,30}") {
        if let Ok(wildcard) = WildcardedIdentity::parse(&text) {
            let _ = wildcard.matches(&impu("sip:a@b"));
        }
    }

    #[test]
    fn an_imsi_comes_back_from_its_private_identity(digits in "[0-9]{6,15}", mnc_length in 2..=3_usize) {
        let imsi = Imsi::parse(&digits).unwrap();
        let home = imsi.home_network(mnc_length).unwrap();
        prop_assert_eq!(imsi.private_identity(&home).imsi(), Some(imsi));
    }
}

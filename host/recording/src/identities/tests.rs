use super::*;

fn identities() -> Identities {
    Identities::new([7; 16])
}

fn replaced(identities: &Identities, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    identities.replace(&mut bytes, false);
    String::from_utf8(bytes).unwrap()
}

/// Each character as what it is.
fn shape(text: &str) -> String {
    let kind = |char: char| match char {
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        '0'..='9' => '0',
        other => other,
    };
    text.chars().map(kind).collect()
}

#[test]
fn who_is_learnt_is_replaced_wherever_he_is() {
    let mut identities = identities();
    identities.learn(b"\"Alice Smith\" <sip:alice.smith@ims.test;user=phone>;tag=1", false);
    let text = "key calls/alice.smith of Alice, sip:alice.smith@ims.test";
    let other = replaced(&identities, text);
    for word in ["alice", "smith", "Alice", "Smith"] {
        assert!(!other.contains(word), "{other}");
    }
    assert_eq!(shape(&other), shape(text));
    assert!(other.ends_with("@ims.test"), "a host is no identity: {other}");
    let user = other.split("sip:").nth(1).and_then(|uri| uri.split('@').next()).unwrap();
    assert_eq!(other.matches(user).count(), 2, "the same one in both places: {other}");
    assert_eq!(replaced(&identities, text), other);
}

#[test]
fn a_number_keeps_its_plus_its_first_digits_and_its_length() {
    let mut identities = identities();
    identities.learn(b"<tel:+49-30-12345678>", false);
    let other = replaced(&identities, "tel:+493012345678");
    assert!(other.starts_with("tel:+49301") && other.len() == 17 && !other.ends_with("2345678"), "{other}");
    let digits = other.strip_prefix("tel:+").unwrap().to_owned();
    let separated = replaced(&identities, "<tel:+49-30-12345678>");
    assert_eq!(separated.replace('-', ""), format!("<tel:+{digits}>"));
    // A script takes prefixes off and puts others on.
    assert_eq!(replaced(&identities, "3012345678"), digits[2..]);
    assert_eq!(replaced(&identities, "00493012345678"), format!("00{digits}"));
}

#[test]
fn services_and_nobody_are_no_identities() {
    let mut identities = identities();
    for text in
        ["sip:orig@scscf.ims.test;lr", "sip:anonymous@anonymous.invalid", "tel:112", "sip:911@ims.test"]
    {
        identities.learn(text.as_bytes(), false);
        assert_eq!(replaced(&identities, text), text);
    }
}

/// Somebody may be called `user`, `test` or 3600.
#[test]
fn words_of_the_network_are_replaced_only_where_identities_stand() {
    let mut identities = identities();
    for uri in ["sip:user@ims.test;user=phone", "sip:test@ims.test", "sip:3600@ims.test"] {
        identities.learn(uri.as_bytes(), false);
    }
    let text = "user=phone test 3600 ims.test";
    assert_eq!(replaced(&identities, text), text);
    for uri in ["sip:user@ims.test;user=phone", "sip:test@ims.test", "sip:3600@ims.test"] {
        let other = replaced(&identities, uri);
        assert!(other != uri && other.split('@').nth(1) == uri.split('@').nth(1), "{other}");
    }
}

#[test]
fn what_the_operator_wrote_into_the_configuration_stays() {
    let mut identities = identities();
    identities.configured(b"numbers = [\"+4930999000\"]\nvip = \"carol\"\ntrusted = \"192.0.2.9\"");
    identities.learn(b"<sip:carol@ims.test>, <tel:+4930999000>", false);
    identities.learn_addresses(b"192.0.2.9, 192.0.2.10");
    let other = replaced(&identities, "carol 4930999000 192.0.2.9 192.0.2.10");
    assert!(
        other.starts_with("carol 4930999000 192.0.2.9 192.") && !other.ends_with("192.0.2.10"),
        "{other}"
    );
}

#[test]
fn addresses_keep_family_length_and_first_part() {
    let mut identities = identities();
    let text = "10.1.22.133:5060 [2001:DB8::a1:7]:5060 192.168.1.20, 1.2.3.4";
    identities.learn_addresses(b"10.1.22.133 192.168.1.20 2001:db8:0:0::a1:7");
    let other = replaced(&identities, text);
    assert_eq!(other.len(), text.len());
    let parts: Vec<&str> = other.split(' ').collect();
    assert!(
        parts[0].starts_with("10.") && parts[0].ends_with(":5060") && parts[0] != "10.1.22.133:5060",
        "{other}"
    );
    assert!(
        parts[1].starts_with("[2001:") && parts[1].contains("::") && !parts[1].contains("a1:7"),
        "{other}"
    );
    assert!(parts[2].starts_with("192.168."), "{other}");
    assert_eq!(parts[3], "1.2.3.4", "nobody's");
    let address: std::net::IpAddr = "2001:db8::a1:7".parse().unwrap();
    let written = parts[1].trim_start_matches('[').split(']').next().unwrap();
    assert_eq!(written.parse::<std::net::IpAddr>().unwrap(), identities.address_for(address));
}

#[test]
fn a_host_that_is_a_users_name_stays_a_host() {
    let mut identities = identities();
    identities.learn(b"<sip:biloxi@biloxi.com>", false);
    let other = replaced(&identities, "<sip:biloxi@biloxi.com>");
    assert!(other.ends_with("@biloxi.com>") && !other.contains(":biloxi"), "{other}");
}

#[test]
fn private_identities_devices_and_cells_are_found() {
    let mut identities = identities();
    let text = "Digest username=\"001010123456789@ims.test\", +sip.instance=\"<urn:uuid:00a0-c9ff>\", \
                utran-cell-id-3gpp=0010112AB3";
    identities.learn(text.as_bytes(), false);
    let other = replaced(&identities, text);
    for word in ["001010123456789", "c9ff", "0010112AB3"] {
        assert!(!other.contains(word), "{other}");
    }
    assert!(other.contains("username=\"00101") && other.contains("@ims.test\""), "{other}");
}

#[test]
fn recordings_have_different_keys_and_nothing_is_the_same_twice() {
    let text = "sip:alice@ims.test";
    let with = |key: u8| {
        let mut identities = Identities::new([key; 16]);
        identities.learn(text.as_bytes(), false);
        replaced(&identities, text)
    };
    assert_ne!(with(1), with(2));
    let mut identities = identities();
    let all: Vec<String> = ('a'..='t').map(|letter| format!("sip:{letter}x@ims.test")).collect();
    all.iter().for_each(|uri| identities.learn(uri.as_bytes(), false));
    let others: std::collections::HashSet<String> =
        all.iter().map(|uri| replaced(&identities, uri)).collect();
    assert_eq!(others.len(), all.len());
}

proptest::proptest! {
    #[test]
    fn any_text_keeps_its_length_and_stays_text(text in "\\PC{0,80}", more in "(sip:|tel:|<|\"|@|[a-z:.0-9]){0,30}") {
        let text = text + &more;
        let mut identities = identities();
        identities.learn(text.as_bytes(), true);
        identities.learn_addresses(text.as_bytes());
        let mut bytes = text.as_bytes().to_vec();
        identities.replace(&mut bytes, true);
        proptest::prop_assert_eq!(bytes.len(), text.len());
        proptest::prop_assert!(String::from_utf8(bytes).is_ok());
    }
}

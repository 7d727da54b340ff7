//! What follows from few keys, and what is wrong with others.

use super::*;
use crate::subscriber::{SecretText, show};

const K: &str = "465b5ce8b199b49faa5f0a2ee238a6bc";
const OPC: &str = "cd63cb71954a9f4e48a5994e37a02baf";

fn read(toml: &str) -> Subscriber {
    toml::from_str(toml).unwrap()
}

fn resolved(toml: &str) -> Resolved {
    resolve(&read(toml), "1").unwrap()
}

/// Each identity, `-` in front of a barred one.
fn identities(resolved: &Resolved) -> Vec<Vec<String>> {
    let shown = |identity: &crate::Identity| {
        format!("{}{}", if identity.barred { "-" } else { "" }, identity.identity)
    };
    resolved.subscription.sets.iter().map(|set| set.identities.iter().map(shown).collect()).collect()
}

fn wrong(toml: &str) -> EntryError {
    match resolve(&read(toml), "7") {
        Ok(_) => panic!("nothing wrong with {toml}"),
        Err(error) => error,
    }
}

#[test]
fn ts23003_13_of_an_imsi_and_a_number() {
    let found = resolved(&format!("imsi='001010000000001'\nk='{K}'\nopc='{OPC}'\nmsisdn='+15550001'"));
    let home = "ims.mnc001.mcc001.3gppnetwork.org";
    assert_eq!(found.name, format!("001010000000001@{home}"));
    assert_eq!(
        identities(&found),
        [[
            format!("sip:+15550001@{home}"),
            "tel:+15550001".to_owned(),
            format!("-sip:001010000000001@{home}")
        ]]
    );
    let aka = found.devices[0].credentials.as_ref().unwrap().aka.as_ref().unwrap();
    assert_eq!((aka.k.expose_hex().as_str(), aka.amf), (K, [0x80, 0]));
}

#[test]
fn ts23003_13_4b_the_temporary_identity_is_barred_only_beside_another() {
    let found = resolved("imsi='001010000000001'");
    assert_eq!(identities(&found), [["sip:001010000000001@ims.mnc001.mcc001.3gppnetwork.org"]]);
    let found = resolved("imsi='001010000000001'\nidentities=['sip:a@b.test']");
    let temporary = "-sip:001010000000001@ims.mnc001.mcc001.3gppnetwork.org";
    assert_eq!(identities(&found), [["sip:a@b.test", temporary]]);
}

#[test]
fn an_mnc_has_two_or_three_digits() {
    let name = |toml| resolved(toml).name;
    assert_eq!(name("imsi='234150999999999'"), "234150999999999@ims.mnc015.mcc234.3gppnetwork.org");
    assert_eq!(name("imsi='310150123456789'"), "310150123456789@ims.mnc150.mcc310.3gppnetwork.org");
    assert_eq!(
        name("imsi='234150999999999'\nmnc_digits=3"),
        "234150999999999@ims.mnc150.mcc234.3gppnetwork.org"
    );
    assert_eq!(wrong("imsi='234150999999999'\nmnc_digits=4").key, "mnc_digits");
}

#[test]
fn a_name_and_a_password_are_enough() {
    let found = resolved("impi='alice@IMS.test'\npassword='secret'");
    assert_eq!(
        (found.name.as_str(), identities(&found)),
        ("alice@ims.test", vec![vec!["sip:alice@ims.test".to_owned()]])
    );
    let digest = found.devices[0].credentials.as_ref().unwrap().digest.as_ref().unwrap();
    assert_eq!(digest.realm, "ims.test");
    let expected = auth::ha1("alice@ims.test", "ims.test", "secret", auth::Algorithm::Md5);
    assert_eq!(digest.md5, Some(expected));
}

#[test]
fn op_becomes_opc_ts35206_4_1() {
    // Test set 1 of TS 35.208 §4.3.
    let found = resolved(&format!("impi='a@b'\nk='{K}'\nop='cdc202d5123e20f62b6d676ac72cb318'"));
    let aka = found.devices[0].credentials.as_ref().unwrap().aka.as_ref().unwrap();
    assert_eq!(aka.opc.expose_hex(), OPC);
}

#[test]
fn private_identities_share_sets_and_services_stand_alone() {
    let found = resolved(
        "impi='a@b.test'\nprofile='p'\nidentities=['sip:a@b.test', {identity='sip:c!.*!@b.test', kind='wildcarded-psi'}]
         [[private]]\nimpi='a2@b.test'
         [[set]]\nprivate=['a2@B.test']\nprofile='q'\nidentities=[{identity='tel:+1', profile='r'}, 'tel:+2']",
    );
    let expected = [vec!["sip:a@b.test"], vec!["sip:c!.*!@b.test"], vec!["tel:+1", "tel:+2"]];
    assert_eq!(identities(&found), expected);
    assert_eq!(found.subscription.sets[2].private, ["a2@b.test"]);
    assert_eq!(found.subscription.profiles(), ["p", "q", "r"]);
    assert!(!found.subscription.is_associated(&found.subscription.sets[2], "a@b.test"));
    assert!(found.subscription.is_associated(&found.subscription.sets[0], "a2@b.test"));
}

#[test]
fn what_is_wrong_is_named_by_its_key_and_a_key_is_never_shown() {
    let rows = [
        ("k='00'\nopc='00'\nimpi='a@b'", "k"),
        ("k='465b5ce8b199b49faa5f0a2ee238a6bc'\nimpi='a@b'", "opc"),
        ("opc='465b5ce8b199b49faa5f0a2ee238a6bc'\nimpi='a@b'", "k"),
        ("k='465b5ce8b199b49faa5f0a2ee238a6bc'\nop='0'\nopc='0'\nimpi='a@b'", "op"),
        ("impi='a@b'\npassword='x'\nha1='y'", "password"),
        ("impi='a@b'\nha1='y'", "ha1"),
        ("impi='a'\npassword='x'", "realm"),
        ("impi='a'\nmsisdn='+15550001'", "domain"),
        ("impi='a@b'\nmsisdn='12'", "msisdn"),
        ("imsi='12345'", "imsi"),
        ("impi='a b'", "impi"),
        ("k='465b5ce8b199b49faa5f0a2ee238a6bc'", "impi"),
        ("impi='a@b'\nidentities=['mailto:a@b']", "identities"),
        ("impi='a@b'\nidentities=['sip:a@b','sip:a@B']", "identities"),
        ("impi='a@b'\nidentities=[{identity='sip:a@b', kind='wildcarded'}]", "identities"),
        ("impi='a@b'\nidentities=[{identity='sip:a@b', inactive=true}]", "identities"),
        (
            "impi='a@b'\nidentities=[{identity='sip:a@b', kind='psi', application_server='x'}]",
            "application_server",
        ),
        ("impi='a@b'\n[[private]]\nimpi='a@B'", "private.0.impi"),
        ("impi='a@b'\n[[set]]\nidentities=[]", "set.0.identities"),
        ("impi='a@b'\n[[set]]\nidentities=['sip:c@b']\nprivate=['x@b']", "set.0.private"),
        ("impi='a@b'\nvisited_networks=['']", "visited_networks"),
        ("impi='a@b'\ncapabilities.servers=['x']", "capabilities.servers"),
        ("impi='a@b'\ncharging.primary_event=''", "charging.primary_event"),
        ("", "imsi"),
    ];
    for (toml, key) in rows {
        let error = wrong(toml);
        assert_eq!(error.key, key, "{toml}: {error}");
        let text = error.to_string();
        assert!(!text.contains(K) && !text.contains("'y'"), "{text}");
    }
    let error = wrong("impi='a@b'\nmsisdn='12'");
    assert_eq!(
        error.to_string(),
        "subscriber a@b: msisdn = \"12\": expected 3 to 15 digits behind an optional +"
    );
    assert_eq!(wrong("").name, "7");
}

#[test]
fn bounds() {
    let many = |count: usize| (0..count).map(|n| format!("'sip:u{n}@b'")).collect::<Vec<_>>().join(",");
    resolved(&format!("impi='a@b'\nidentities=[{}]", many(256)));
    assert_eq!(wrong(&format!("impi='a@b'\nidentities=[{}]", many(257))).key, "identities");
    let private =
        |count: usize| (0..count).map(|n| format!("[[private]]\nimpi='p{n}@b'\n")).collect::<String>();
    resolved(&format!("impi='a@b'\n{}", private(31)));
    assert_eq!(wrong(&format!("impi='a@b'\n{}", private(32))).key, "private");
    let sets = |count: usize| {
        (0..count).map(|n| format!("[[set]]\nidentities=['sip:s{n}@b']\n")).collect::<String>()
    };
    resolved(&format!("impi='a@b'\n{}", sets(64)));
    assert_eq!(wrong(&format!("impi='a@b'\n{}", sets(65))).key, "set");
    let long = "x".repeat(250);
    assert_eq!(wrong(&format!("impi='a@b'\nidentities=['sip:{long}@b.test']")).key, "identities");
}

#[test]
fn what_is_shown_leads_to_the_same_subscription() {
    for toml in [
        "imsi='001010000000001'\nmsisdn=['1555','1666']\ndomain='b.test'",
        "impi='alice@ims.test'",
        "identities=[{identity='sip:conf@b.test', kind='psi', application_server='sip:as.b.test'}]",
        "impi='a@b.test'\nidentities=['sip:a@b.test']\n[[private]]\nimsi='234150999999999'
         [[set]]\nprivate=['a@b.test']\nidentities=[{identity='tel:+1', display_name='One', barred=true}]",
    ] {
        let first = resolved(toml);
        let text = toml::to_string(&show(&first.subscription, &[])).unwrap();
        let again = resolve(&read(&text), "1").unwrap();
        assert!(again.subscription == first.subscription, "{toml}\n{text}");
    }
}

#[test]
fn keys_are_shown_where_they_are_asked_for() {
    let first = resolved(&format!("impi='a@b'\nk='{K}'\nopc='{OPC}'\npassword='x'"));
    let credentials = first.devices[0].credentials.clone().unwrap();
    let keys = [crate::subscriber::Keys { credentials, sqn: Sqn::new(32).unwrap() }];
    let shown = show(&first.subscription, &keys);
    assert_eq!(shown.k.as_ref().map(SecretText::expose), Some(K));
    let again = resolve(&shown, "1").unwrap();
    assert_eq!(again.devices[0].credentials, first.devices[0].credentials);
    assert_eq!(again.devices[0].sqn, Sqn::new(32));
    assert_eq!(format!("{shown:?}"), "Subscriber(1 identities, 0 more sets)");
    assert!(!toml::to_string(&show(&first.subscription, &[])).unwrap().contains(OPC));
}

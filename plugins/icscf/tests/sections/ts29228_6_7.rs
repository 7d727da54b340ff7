//! The choice of an S-CSCF (TS 29.228 §6.7): capabilities that it must have, and that it should have.

use icscf::{Scscf, choose, uri_of};
use strowger_sdk::ims::Capabilities;

fn ours() -> Vec<Scscf> {
    let one =
        |uri: &str, capabilities: &[u32]| Scscf { uri: uri.to_owned(), capabilities: capabilities.to_vec() };
    vec![one("sip:a", &[]), one("sip:b", &[1, 2]), one("sip:c", &[1, 2, 3]), one("sip:d", &[1, 4, 5])]
}

fn wanted(mandatory: &[u32], optional: &[u32], names: &[&str]) -> Capabilities {
    Capabilities {
        mandatory: mandatory.to_vec(),
        optional: optional.to_vec(),
        server_names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Everybody in the order in which they would be tried.
fn order(wanted: Option<&Capabilities>) -> Vec<String> {
    let mut tried = Vec::new();
    while let Some(next) = choose(&ours(), wanted, &tried) {
        tried.push(next);
    }
    tried
}

#[test]
fn without_demands_it_is_the_order_of_the_file() {
    assert_eq!(order(None), ["sip:a", "sip:b", "sip:c", "sip:d"]);
    assert_eq!(order(Some(&wanted(&[], &[], &[]))), ["sip:a", "sip:b", "sip:c", "sip:d"]);
}

#[test]
fn every_mandatory_capability_must_be_there() {
    assert_eq!(order(Some(&wanted(&[1], &[], &[]))), ["sip:b", "sip:c", "sip:d"]);
    assert_eq!(order(Some(&wanted(&[1, 3], &[], &[]))), ["sip:c"]);
    assert!(order(Some(&wanted(&[3, 4], &[], &[]))).is_empty());
}

#[test]
fn who_has_more_of_the_optional_ones_goes_first() {
    assert_eq!(order(Some(&wanted(&[1], &[4, 5, 3], &[]))), ["sip:d", "sip:c", "sip:b"]);
    assert_eq!(order(Some(&wanted(&[], &[9], &[]))), ["sip:a", "sip:b", "sip:c", "sip:d"]);
}

#[test]
fn names_come_first_and_nobody_comes_twice() {
    assert_eq!(order(Some(&wanted(&[3], &[], &["sip:x", "sip:c"]))), ["sip:x", "sip:c"]);
}

/// TS 29.229 §6.3.3 wants a SIP URI, and there are HSSes that keep a host name.
#[test]
fn a_host_name_in_the_place_of_a_uri_is_that_of_our_own_or_a_uri_by_itself() {
    let ours = [Scscf { uri: "sip:scscf.ims.test:6060".into(), capabilities: vec![] }];
    for (name, expected) in [
        ("sip:other.ims.test", Some("sip:other.ims.test")),
        ("scscf.ims.test", Some("sip:scscf.ims.test:6060")),
        ("SCSCF.ims.test", Some("sip:scscf.ims.test:6060")),
        ("other.ims.test:5070", Some("sip:other.ims.test:5070")),
        ("", None),
        ("two words", None),
    ] {
        assert_eq!(uri_of(name, &ours).as_deref(), expected, "{name}");
    }
}

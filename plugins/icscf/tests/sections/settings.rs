//! The settings: defaults, and the sentence for each mistake.

use icscf::{Scscf, Settings};

fn sentence(configuration: &str) -> String {
    Settings::read(configuration).expect_err("a mistake").to_string()
}

#[test]
fn only_the_domains_must_be_given() {
    let settings = Settings::read("domains = [\"ims.test\"]").expect("settings");
    assert_eq!(settings.domains, ["ims.test"]);
    assert!(settings.scscfs.is_empty() && settings.bgcf.is_none() && settings.default_country.is_none());
    assert_eq!((settings.hss_failure, settings.scscf_timeout), (480, 5_000));
    assert!(settings.trusted.has("203.0.113.9"), "everybody");
}

#[test]
fn every_key_is_read() {
    let settings = Settings::read(
        "domains = [\"ims.test\", \"ims.example\"]\nbgcf = \"sip:192.0.2.50\"\nhss_failure = 504\n\
         scscf_timeout_ms = 0\n         trusted = [\"192.0.2.0/24\"]\ndefault_country = \"49\"\n[scscfs]\na = \"sip:a.ims.test\"\n\
         b = \"sip:b.ims.test\"\n[capabilities]\nb = \"1 2\"",
    )
    .expect("settings");
    let one =
        |uri: &str, capabilities: &[u32]| Scscf { uri: uri.to_owned(), capabilities: capabilities.to_vec() };
    assert_eq!(settings.scscfs, [one("sip:a.ims.test", &[]), one("sip:b.ims.test", &[1, 2])]);
    assert_eq!((settings.hss_failure, settings.default_country.as_deref()), (504, Some("49")));
    assert_eq!(settings.bgcf.as_deref(), Some("sip:192.0.2.50"));
    assert_eq!(settings.scscf_timeout, 0);
}

#[test]
fn a_mistake_is_named_with_key_value_and_reason() {
    assert_eq!(sentence(""), "domains: is missing");
    assert_eq!(sentence("domains = []"), "domains: is missing");
    for (more, wanted) in [
        ("[scscfs]\na = \"tel:+49\"", "scscfs = \"tel:+49\": expected a SIP URI"),
        (
            "[scscfs]\na = \"sip:a\"\n[capabilities]\na = \"1,2\"",
            "capabilities = \"1,2\": expected numbers with a space between them",
        ),
        ("bgcf = \"192.0.2.50\"", "bgcf = \"192.0.2.50\": expected a SIP URI"),
        ("hss_failure = 200", "hss_failure = 200: expected a whole number from 400 to 699"),
        ("scscf_timeout_ms = 60001", "scscf_timeout_ms = 60001: expected a whole number from 0 to 60000"),
        (
            "trusted = [\"10.0.0.0/40\"]",
            "trusted = \"10.0.0.0/40\": expected an address, a prefix such as 10.0.0.0/8, or *",
        ),
        ("default_country = \"+49\"", "default_country = \"+49\": expected digits without +"),
        ("topology = [\"10.0.0.0/8\"]", "uri: is missing"),
        (
            "uri = \"sip:192.0.2.1\"\ntopology = [\"*\"]",
            "topology = \"*\": expected an address, or a prefix such as 10.0.0.0/8",
        ),
        ("scscf = \"sip:a\"", "scscf: no such key"),
    ] {
        assert_eq!(sentence(&format!("domains = [\"ims.test\"]\n{more}")), wanted, "{more}");
    }
}

//! The settings: defaults, and the sentence for each mistake.

use edge::Settings;
use strowger_sdk::DigestAlgorithm;

fn sentence(configuration: &str) -> String {
    Settings::read(configuration).expect_err("a mistake").to_string()
}

#[test]
fn only_the_domains_must_be_given() {
    let settings = Settings::read("domains = [\"example.org\", \"192.0.2.1\"]").expect("settings");
    assert_eq!(settings.realm, "example.org");
    assert_eq!(settings.algorithms, [DigestAlgorithm::Sha256, DigestAlgorithm::Md5]);
    let limits = settings.limits;
    assert_eq!((limits.min_expires, limits.default_expires, limits.max_expires), (10, 3600, 7200));
    assert!(settings.trust_source);
}

#[test]
fn every_key_is_read() {
    let settings = Settings::read(
        "domains = \"example.org\"\nrealm = \"r\"\nalgorithms = [\"md5\"]\nmin_expires = 60\nmax_expires = 120\n\
         max_contacts = 3\ntrust_source = false\nprobe_user = \"ping\"",
    )
    .expect("settings");
    assert_eq!(settings.algorithms, [DigestAlgorithm::Md5]);
    assert_eq!((settings.limits.default_expires, settings.limits.max_bindings), (120, 3));
    assert_eq!((settings.realm.as_str(), settings.probe_user.as_str()), ("r", "ping"));
}

#[test]
fn a_mistake_is_named_with_key_value_and_reason() {
    for (configuration, wanted) in [
        ("", "domains: is missing"),
        ("domains = []", "domains: is missing"),
        (
            "domains = \"a\"\naliases = [\"a@b\"]",
            "aliases = \"a@b\": expected a host name or address, with or without a port",
        ),
        ("domains = [\"a b\"]", "domains = \"a b\": expected a domain name or an address"),
        (
            "domains = \"a\"\nalgorithms = [\"SHA-1\"]",
            "algorithms = \"SHA-1\": expected MD5, SHA-256 or SHA-512-256",
        ),
        ("domains = \"a\"\nalgorithms = []", "algorithms: is missing"),
        (
            "domains = \"a\"\nmin_expires = 700000",
            "min_expires = 700000: expected a whole number from 0 to 604800",
        ),
        (
            "domains = \"a\"\nmin_expires = 60\nmax_expires = 30",
            "max_expires = 30: expected a whole number from 60 to 604800",
        ),
        (
            "domains = \"a\"\ndefault_expires = 9999",
            "default_expires = 9999: expected a whole number from 10 to 7200",
        ),
        ("domains = \"a\"\ndomain = \"b\"", "domain: no such key"),
        ("domains = \"a\"\nrealm", "line 2: expected = behind the key"),
    ] {
        assert_eq!(sentence(configuration), wanted, "{configuration:?}");
    }
}

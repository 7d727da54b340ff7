//! The settings: defaults, and the sentence for each mistake.

use scscf::Settings;
use strowger_sdk::ims::AuthenticationScheme;

const GIVEN: &str = "domains = [\"ims.test\", \"ims.example\"]\nuri = \"sip:192.0.2.3:6060\"\n";

fn sentence(configuration: &str) -> String {
    Settings::read(configuration).expect_err("a mistake").to_string()
}

#[test]
fn only_domains_and_uri_must_be_given() {
    let settings = Settings::read(GIVEN).expect("settings");
    assert_eq!((settings.realm.as_str(), settings.scheme), ("ims.test", AuthenticationScheme::Unknown));
    let limits = settings.limits;
    assert_eq!((limits.min_expires, limits.max_expires, limits.default_expires), (60, 600_000, 600_000));
    assert_eq!((limits.max_bindings, settings.subscription_expires), (10, 600_000));
    assert_eq!((settings.as_timeout_continued, settings.as_timeout_terminated), (2_000, 4_000));
    assert_eq!(settings.unregistered_expires, 3_600);
    assert!(settings.challenge_again && settings.icscf.is_none());
}

#[test]
fn every_key_is_read() {
    let more = "realm = \"r\"\nauthentication = \"aka\"\nmin_expires = 600\nmax_expires = 7200\n\
                default_expires = 3600\nmax_contacts = 2\nchallenge_again = false\nicscf = \"sip:192.0.2.2\"\n\
                as_timeout_continued_ms = 300\nas_timeout_terminated_ms = 500\nunregistered_expires = 60\nsubscription_expires = 3600";
    let settings = Settings::read(&[GIVEN, more].concat()).expect("settings");
    assert_eq!((settings.realm.as_str(), settings.scheme), ("r", AuthenticationScheme::AkaV1));
    let limits = settings.limits;
    assert_eq!((limits.min_expires, limits.max_expires, limits.default_expires), (600, 7_200, 3_600));
    assert_eq!((limits.max_bindings, settings.subscription_expires), (2, 3_600));
    assert_eq!((settings.as_timeout_continued, settings.as_timeout_terminated), (300, 500));
    assert_eq!(settings.unregistered_expires, 60);
    assert!(!settings.challenge_again);
    assert_eq!(settings.icscf.as_deref(), Some("sip:192.0.2.2"));
}

#[test]
fn a_mistake_is_named_with_key_value_and_reason() {
    assert_eq!(sentence(""), "domains: is missing");
    assert_eq!(sentence("domains = \"ims.test\""), "uri: is missing");
    for (more, wanted) in [
        ("icscf = \"sip:a@b\"", "icscf = \"sip:a@b\": expected a SIP URI without a user part"),
        ("authentication = \"none\"", "authentication = \"none\": expected auto, aka or digest"),
        ("min_expires = 2000000", "min_expires = 2000000: expected a whole number from 0 to 1000000"),
        ("max_expires = 30", "max_expires = 30: expected a whole number from 60 to 1000000"),
        ("default_expires = 30", "default_expires = 30: expected a whole number from 60 to 600000"),
        ("max_contacts = 0", "max_contacts = 0: expected a whole number from 1 to 100"),
        (
            "as_timeout_continued_ms = 50",
            "as_timeout_continued_ms = 50: expected a whole number from 100 to 60000",
        ),
        ("unregistered_expires = 0", "unregistered_expires = 0: expected a whole number from 1 to 1000000"),
        ("subscription_expires = 1", "subscription_expires = 1: expected a whole number from 60 to 1000000"),
        ("scscf = \"sip:a\"", "scscf: no such key"),
    ] {
        assert_eq!(sentence(&[GIVEN, more].concat()), wanted, "{more}");
    }
}

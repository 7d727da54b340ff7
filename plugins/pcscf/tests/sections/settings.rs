//! The settings: defaults, and the sentence for each mistake.

use pcscf::Settings;

const GIVEN: &str = "domain = \"ims.test\"\nuri = \"sip:192.0.2.1:5060\"\n";

fn sentence(configuration: &str) -> String {
    Settings::read(configuration).expect_err("a mistake").to_string()
}

#[test]
fn only_domain_and_uri_must_be_given() {
    let settings = Settings::read(GIVEN).expect("settings");
    assert_eq!((settings.domain.as_str(), settings.uri.as_str()), ("ims.test", "sip:192.0.2.1:5060"));
    assert_eq!(settings.icscf, None);
    assert!(settings.replaces_route && settings.reg_event && !settings.tolerates_sec_agree);
    assert_eq!(settings.timers, [2_000, 16_000, 17_000]);
    assert_eq!((settings.session_expires, settings.min_se), (Some(1_800), 90));
}

#[test]
fn every_key_is_read() {
    let more = "icscf = \"sip:192.0.2.2:4060\"\nservice_route = \"refuse\"\nreg_event = false\nt1_ms = 500\n\
                t2_ms = 4000\nt4_ms = 5000\nsession_expires = 600\nmin_se = 120\nsec_agree = \"tolerate\"";
    let settings = Settings::read(&[GIVEN, more].concat()).expect("settings");
    assert_eq!(settings.icscf.as_deref(), Some("sip:192.0.2.2:4060"));
    assert!(!settings.replaces_route && !settings.reg_event && settings.tolerates_sec_agree);
    assert_eq!(settings.timers, [500, 4_000, 5_000]);
    assert_eq!((settings.session_expires, settings.min_se), (Some(600), 120));
    let settings = Settings::read(&[GIVEN, "session_expires = 0"].concat()).expect("settings");
    assert_eq!(settings.session_expires, None);
    let settings = Settings::read(&[GIVEN, "service_route = \"replace\""].concat()).expect("settings");
    assert!(settings.replaces_route);
}

#[test]
fn a_mistake_is_named_with_key_value_and_reason() {
    assert_eq!(sentence(""), "domain: is missing");
    assert_eq!(sentence("domain = \"ims.test\""), "uri: is missing");
    assert_eq!(
        sentence("domain = \"ims.test\"\nuri = \"sip:us@192.0.2.1\""),
        "uri = \"sip:us@192.0.2.1\": expected a SIP URI without a user part"
    );
    for (more, wanted) in [
        ("icscf = \"192.0.2.2\"", "icscf = \"192.0.2.2\": expected a SIP URI without a user part"),
        ("service_route = \"ignore\"", "service_route = \"ignore\": expected replace or refuse"),
        ("sec_agree = \"ipsec\"", "sec_agree = \"ipsec\": expected refuse or tolerate"),
        ("t1_ms = 20", "t1_ms = 20: expected a whole number from 50 to 10000"),
        ("t2_ms = 500", "t2_ms = 500: expected a whole number from 2000 to 60000"),
        ("t4_ms = 100000", "t4_ms = 100000: expected a whole number from 50 to 60000"),
        ("min_se = 30", "min_se = 30: expected a whole number from 90 to 86400"),
        ("session_expires = 60", "session_expires = \"60\": expected 0, or no less than min_se"),
        ("domains = \"b\"", "domains: no such key"),
    ] {
        assert_eq!(sentence(&[GIVEN, more].concat()), wanted, "{more}");
    }
}

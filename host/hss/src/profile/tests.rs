//! Profiles in words and what the S-CSCF reads.

use super::*;
use ims::service_profile::{ImsSubscription, PublicIdentity, SessionCase, What};

fn profile(toml: &str) -> Profile {
    toml::from_str(toml).unwrap()
}

#[test]
fn a_profile_in_words_becomes_user_data() {
    let profile = profile(
        "name='volte'\nmedia_profile=1\nservices=['urn:urn-7:3gpp-service.ims.icsi.mmtel']\nshared_sets=[3]
         [[criteria]]\npriority=10\nserver='sip:as.test:5080'\ndefault_handling='terminate'\npart='registered'
         when=['method INVITE', ['case originating', 'not case terminating']]\nservice_info='x&y'
         include_register_request=true
         [[criteria]]\npriority=20\nserver='sip:other.test'
         when_any=[['method REGISTER initial', 'header Event'], 'sdp m']
         [[criteria]]\npriority=30\nserver='sip:always.test'",
    );
    let mut compiled = profile.to_service_profile().unwrap();
    let [first, second, third] = compiled.initial_filter_criteria.as_slice() else { panic!("three") };
    let trigger = first.trigger_point.as_ref().unwrap();
    assert_eq!(trigger.condition_type, ConditionType::ConjunctiveNormalForm);
    let groups: Vec<_> =
        trigger.service_point_triggers.iter().map(|spt| (spt.groups.clone(), spt.is_negated)).collect();
    assert_eq!(groups, [(vec![0], false), (vec![1], false), (vec![1], true)]);
    assert_eq!(trigger.service_point_triggers[2].what, What::SessionCase(SessionCase::TerminatingRegistered));
    assert_eq!(first.application_server.handling(), DefaultHandling::SessionTerminated);
    let trigger = second.trigger_point.as_ref().unwrap();
    assert_eq!(trigger.condition_type, ConditionType::DisjunctiveNormalForm);
    assert_eq!(third.trigger_point, None);

    compiled.public_identities.push(PublicIdentity::distinct("sip:a@b.test"));
    let whole = ImsSubscription {
        private_identity: "a@b.test".to_owned(),
        imsi: None,
        service_profiles: vec![compiled],
    };
    assert_eq!(ImsSubscription::parse(whole.to_xml().as_bytes()).unwrap(), whole);
}

#[test]
fn what_is_wrong_is_named_by_its_key() {
    let criterion = |rest: &str| format!("name='p'\n[[criteria]]\nserver='sip:as.test'\n{rest}");
    let many = |count: usize| vec!["'method INVITE'"; count].join(",");
    let rows = [
        ("name=''".to_owned(), "name"),
        ("name='p'\n[[criteria]]\nserver='as.test'".to_owned(), "criteria.0.server"),
        (criterion("when=['metod INVITE']"), "criteria.0.when"),
        (criterion("when=['header To [']"), "criteria.0.when"),
        (criterion("when=[[]]"), "criteria.0.when"),
        (criterion("when=['method A']\nwhen_any=['method B']"), "criteria.0.when_any"),
        (criterion("[[criteria]]\nserver='sip:b.test'"), "criteria.1.priority"),
        (criterion(&format!("when=[{}]", many(65))), "criteria.0.when"),
        (criterion(&format!("service_info='{}'", "x".repeat(16_385))), "criteria.0.service_info"),
        ("name='p'\nservices=['']".to_owned(), "services"),
        (format!("name='p'\nshared_sets={:?}", vec![1; 65]), "shared_sets"),
    ];
    for (toml, key) in rows {
        let error = profile(&toml).to_service_profile().unwrap_err();
        assert_eq!(error.key, key, "{error}");
    }
    profile(&criterion(&format!("when=[{}]", many(64)))).to_service_profile().unwrap();
    let error = profile(&criterion("when=['metod INVITE']")).to_service_profile().unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile p: criteria.0.when = \"metod INVITE\": expected method, case, uri, header or sdp, with or without not \
         in front"
    );
}

#[test]
fn services_of_the_unregistered_state() {
    let serves = |rest: &str| {
        let toml = format!("name='p'\n{rest}");
        serves_unregistered(&profile(&toml).to_service_profile().unwrap())
    };
    assert!(!serves(""));
    assert!(!serves("[[criteria]]\nserver='sip:a.test'\npart='registered'"));
    assert!(serves("[[criteria]]\nserver='sip:a.test'\npart='unregistered'"));
    assert!(serves("[[criteria]]\nserver='sip:a.test'"));
    assert!(serves("shared_sets=[1]"));
}

#[test]
fn what_was_read_is_written() {
    let toml = r#"name = "p"

[[criteria]]
priority = 1
server = "sip:a.test"
when = ["method A", ["case diverted", "uri x"]]
"#;
    assert_eq!(toml::to_string(&profile(toml)).unwrap(), toml);
}

//! RFC 3840 §9 and RFC 3841 §7.2: what equipment can do, and callers want.

use proptest::prelude::*;
use sip::Params;
use strowger_ims::feature_tags::{
    AcceptContact, Feature, FeatureSet, ICSI_REF, MMTEL, RejectContact, SMSIP, preference,
};

fn set(params: &str) -> FeatureSet {
    FeatureSet::of(&Params::parse(params.as_bytes()).unwrap())
        .unwrap_or_else(|error| panic!("{params}: {error}"))
}

fn accept(value: &str) -> Vec<AcceptContact> {
    AcceptContact::parse_all([value.as_bytes()]).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn reject(value: &str) -> Vec<RejectContact> {
    RejectContact::parse_all([value.as_bytes()]).unwrap_or_else(|error| panic!("{value}: {error}"))
}

const PHONE: &str = ";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel,urn%3Aother.icsi\";\
    +g.3gpp.smsip;audio;video=\"FALSE\";expires=600;q=0.5;+sip.instance=\"<urn:gsma:imei:90420156-025763-0>\";reg-id=1";

#[test]
fn the_features_of_a_phone() {
    let phone = set(PHONE);
    let tags: Vec<&str> = phone.iter().map(Feature::tag).collect();
    assert_eq!(tags, [ICSI_REF, SMSIP, "audio", "video", "+sip.instance"], "other parameters are none");
    assert!(phone.has(SMSIP) && phone.has("AUDIO") && !phone.has("video") && !phone.has("text"));
    assert!(
        phone.has(ICSI_REF)
            && phone.has_value(ICSI_REF, MMTEL)
            && phone.has_value(ICSI_REF, &MMTEL.to_uppercase())
    );
    assert!(!phone.has_value(ICSI_REF, "urn%3Aother") && !phone.has_value("text", "x"));
    assert!(phone.has_value("+sip.instance", "<urn:gsma:imei:90420156-025763-0>"));
    assert!(set(";expires=1;reg-id=2").is_empty());
    assert_eq!(set(";audio;audio=\"FALSE\"").to_string(), ";audio", "the first of two counts");
}

#[test]
fn what_is_no_feature() {
    for params in [
        ";audio=\"a b\"",
        ";audio=\"#5\"",
        ";audio=\"#x:y\"",
        ";audio=\"#5:4\"",
        ";audio=\"a,,b\"",
        ";audio=\"<a\"",
        ";audio=\"#=1.2.3\"",
        ";audio=\"#=99999999999999999999\"",
        ";audio=\"!!a\"",
    ] {
        assert!(FeatureSet::of(&Params::parse(params.as_bytes()).unwrap()).is_err(), "{params}");
    }
    for tag in ["foo", "++foo", "+", "", "+a b"] {
        assert!(Feature::flag(tag).is_none(), "{tag}");
    }
    for value in ["", "audio", "**", "*;", "*;audio=\"a b\""] {
        assert_eq!(AcceptContact::parse_all([value.as_bytes()]).is_err(), !value.is_empty(), "{value}");
        assert_eq!(RejectContact::parse_all([value.as_bytes()]).is_err(), !value.is_empty(), "{value}");
    }
}

/// RFC 3840 §9 and RFC 2533: whether there is a value that is among both.
#[test]
fn values_meet_or_do_not() {
    let rows = [
        ("audio", "audio", true),
        ("audio", "audio=\"FALSE\"", false),
        ("audio=\"FALSE\"", "audio=\"!TRUE\"", true),
        ("class=\"business\"", "class=\"Business\"", true),
        ("class=\"business\"", "class=\"personal\"", false),
        ("class=\"business,personal\"", "class=\"personal\"", true),
        ("class=\"!business\"", "class=\"business\"", false),
        ("class=\"!business\"", "class=\"personal\"", true),
        ("class=\"business\"", "class=\"!business\"", false),
        ("class=\"business\"", "class=\"!personal\"", true),
        ("class=\"!business\"", "class=\"!business\"", true),
        ("methods=\"INVITE,BYE\"", "methods=\"MESSAGE\"", false),
        ("methods=\"INVITE,BYE\"", "methods=\"MESSAGE,BYE\"", true),
        ("priority=\"#>=5\"", "priority=\"#=5\"", true),
        ("priority=\"#>=5\"", "priority=\"#<=4.9\"", false),
        ("priority=\"#1:10\"", "priority=\"#10:20\"", true),
        ("priority=\"#1:10\"", "priority=\"#10.000001:20\"", false),
        ("priority=\"!#1:10\"", "priority=\"#2:3\"", false),
        ("priority=\"!#1:10\"", "priority=\"#2:30\"", true),
        ("priority=\"#2:3\"", "priority=\"!#1:10\"", false),
        ("priority=\"!#<=1\"", "priority=\"!#>=1\"", false),
        ("priority=\"!#<=1\"", "priority=\"!#>=5\"", true),
        ("priority=\"!#1:2\"", "priority=\"!#>=0\"", true),
        ("priority=\"#=-1.5\"", "priority=\"#<=+0\"", true),
        ("priority=\"#=1\"", "priority=\"1\"", false),
        ("description=\"<PC>\"", "description=\"<PC>\"", true),
        ("description=\"<PC>\"", "description=\"<pc>\"", false),
        ("description=\"<PC>\"", "description=\"PC\"", false),
    ];
    for (binding, wanted, expected) in rows {
        let one = preference(&set(&format!(";{binding}")), &accept(&format!("*;{wanted};require")), &[]);
        assert_eq!(one.is_some(), expected, "{binding} {wanted}");
    }
}

/// §7.2.4: what becomes of a binding, by its tags and by the two flags.
#[test]
fn every_combination_of_explicit_and_require() {
    // The binding has both tags, has one of them, has none of them, contradicts one.
    let rows = [
        (";audio;+g.3gpp.smsip", "", Some(1000)),
        (";audio;+g.3gpp.smsip", ";explicit", Some(1000)),
        (";audio;+g.3gpp.smsip", ";require", Some(1000)),
        (";audio;+g.3gpp.smsip", ";explicit;require", Some(1000)),
        (";audio", "", Some(500)),
        (";audio", ";explicit", Some(0)),
        (";audio", ";require", Some(500)),
        (";audio", ";explicit;require", None),
        (";text", "", Some(0)),
        (";text", ";explicit", Some(0)),
        (";text", ";require", Some(0)),
        (";text", ";explicit;require", None),
        (";audio=\"FALSE\";+g.3gpp.smsip", "", Some(0)),
        (";audio=\"FALSE\";+g.3gpp.smsip", ";explicit", Some(0)),
        (";audio=\"FALSE\";+g.3gpp.smsip", ";require", None),
        (";audio=\"FALSE\";+g.3gpp.smsip", ";explicit;require", None),
        // Nothing is known of it: RFC 3841 §7.2.2 leaves it alone.
        (";expires=1", ";explicit;require", Some(1000)),
    ];
    for (binding, flags, expected) in rows {
        let wanted = accept(&format!("*;audio;+g.3gpp.smsip{flags}"));
        assert_eq!(preference(&set(binding), &wanted, &[]), expected, "{binding} {flags}");
    }
}

#[test]
fn several_wishes_are_averaged() {
    let binding = set(";audio;class=\"business\"");
    assert_eq!(preference(&binding, &accept("*;audio, *;text;audio, *;class=\"personal\""), &[]), Some(500));
    assert_eq!(preference(&binding, &accept("*"), &[]), Some(1000));
    assert_eq!(preference(&binding, &[], &[]), Some(1000));
}

/// §7.2.3: a binding is rejected where it says all that is rejected about itself.
#[test]
fn rejections() {
    let rows = [
        (";automata", "*;automata", None),
        (";automata;audio", "*;automata;audio", None),
        (";automata", "*;automata;audio", Some(1000)),
        (";automata=\"FALSE\"", "*;automata", Some(1000)),
        (";audio", "*;automata", Some(1000)),
        (";audio", "*", Some(1000)),
        (";automata", "*;video, *;automata", None),
        (";expires=1", "*;automata", Some(1000)),
    ];
    for (binding, rejected, expected) in rows {
        assert_eq!(preference(&set(binding), &[], &reject(rejected)), expected, "{binding} {rejected}");
    }
}

/// TS 24.341 §5.3.2.5: a short message goes to a phone that takes them, and to no other.
#[test]
fn a_short_message_finds_its_phone() {
    let wanted = accept("*;+g.3gpp.smsip;explicit;require");
    assert_eq!(preference(&set(PHONE), &wanted, &[]), Some(1000));
    assert_eq!(preference(&set(";audio"), &wanted, &[]), None);
    assert_eq!(wanted[0].to_string(), "*;+g.3gpp.smsip;explicit;require");
}

fn features() -> impl Strategy<Value = FeatureSet> {
    let value = prop_oneof![
        Just(None),
        "(!?[a-zA-Z0-9.%-]{1,6})(,!?[a-zA-Z0-9.-]{1,6}){0,2}".prop_map(Some),
        "<[ -;=?-~]{0,6}>".prop_map(Some),
        "!?#(=|>=|<=)[+-]?[0-9]{1,5}(\\.[0-9]{0,7})?".prop_map(Some),
    ];
    prop::collection::vec(("\\+[a-z][a-z.]{0,5}", value), 0..4).prop_map(|all| {
        FeatureSet::new(all.iter().filter_map(|(tag, value)| match value {
            Some(value) => Feature::valued(tag, value),
            None => Feature::flag(tag),
        }))
    })
}

proptest! {
    #[test]
    fn wishes_come_back(features in features(), explicit in any::<bool>(), require in any::<bool>()) {
        let wish = AcceptContact { features: features.clone(), explicit, require, others: vec![] };
        prop_assert_eq!(accept(&wish.to_string()), vec![wish]);
        let rejection = RejectContact { features, others: vec![] };
        prop_assert_eq!(reject(&rejection.to_string()), vec![rejection]);
    }

    #[test]
    fn a_preference_is_within_its_range(
        binding in features(),
        wanted in features(),
        unwanted in features(),
        explicit in any::<bool>(),
        require in any::<bool>(),
    ) {
        let wish = AcceptContact { features: wanted, explicit, require, others: vec![] };
        let rejection = RejectContact { features: unwanted, others: vec![] };
        let found = preference(&binding, &[wish], &[rejection]);
        prop_assert!(found.is_none_or(|found| found <= 1000));
    }

    #[test]
    fn what_meets_meets_both_ways(one in features(), two in features()) {
        let wish = |features: &FeatureSet| {
            [AcceptContact { features: features.clone(), require: true, ..AcceptContact::default() }]
        };
        if !one.is_empty() && !two.is_empty() {
            prop_assert_eq!(preference(&one, &wish(&two), &[]).is_some(), preference(&two, &wish(&one), &[]).is_some());
        }
    }
}

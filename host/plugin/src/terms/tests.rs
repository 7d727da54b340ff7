use std::cell::Cell;

use super::*;

/// A request by its traits; counts how often it is asked who it is.
#[derive(Default)]
struct Request {
    identity: Option<&'static str>,
    call_id: Option<String>,
    source: Option<IpAddr>,
    header: Option<(&'static str, String)>,
    method: Option<&'static str>,
    edge: Option<&'static str>,
    asked: Cell<u32>,
}

impl Asked for Request {
    fn identity(&self) -> Option<&str> {
        self.asked.set(self.asked.get() + 1);
        self.identity
    }
    fn call_id(&self) -> Option<&[u8]> {
        self.call_id.as_deref().map(str::as_bytes)
    }
    fn source(&self) -> Option<IpAddr> {
        self.source
    }
    fn header(&self, name: &str) -> Option<&[u8]> {
        self.header.as_ref().filter(|(own, _)| *own == name).map(|(_, value)| value.as_bytes())
    }
    fn method(&self) -> Option<&[u8]> {
        self.method.map(str::as_bytes)
    }
    fn is_by_edge(&self, edges: &[Box<str>]) -> bool {
        self.edge.is_some_and(|edge| edges.iter().any(|one| **one == *edge))
    }
}

fn only(identities: &[&str], methods: &[&str], edges: &[&str]) -> Only {
    let own = |all: &[&str]| all.iter().map(|one| Box::from(*one)).collect::<Vec<_>>();
    Only::new(own(identities), own(methods), own(edges)).unwrap()
}

fn count(split: &Split, requests: impl Iterator<Item = Request>) -> usize {
    requests.filter(|request| split.takes(request)).count()
}

#[test]
fn keys_as_people_write_them() {
    for text in ["impu", "call-id", "source", "header:x-tenant"] {
        assert_eq!(text.parse::<SplitKey>().unwrap().to_string(), text);
    }
    assert_eq!("header:X-Tenant".parse(), Ok(SplitKey::Header("x-tenant".into())));
    for wrong in ["", "IMPU", "header:", "header:a b", "call_id", "port"] {
        assert!(matches!(wrong.parse::<SplitKey>(), Err(TermsError::Key(_))), "{wrong}");
    }
}

#[test]
fn each_key_shares_by_what_it_names() {
    let share = |key: &str| Split::new(100, key.parse().unwrap(), Only::default()).unwrap();
    let calls = || (0..10_000).map(|n| Request { call_id: Some(format!("{n}@host")), ..Request::default() });
    let sources = || {
        (0..10_000u32).map(|n| Request { source: Some(IpAddr::from(n.to_be_bytes())), ..Request::default() })
    };
    let fields = || {
        (0..10_000)
            .map(|n| Request { header: Some(("x-tenant", format!("tenant {n}"))), ..Request::default() })
    };
    for met in [
        count(&share("call-id"), calls()),
        count(&share("source"), sources()),
        count(&share("header:X-Tenant"), fields()),
    ] {
        assert!((850..1_150).contains(&met), "{met} of 10,000 with a tenth");
    }
    // without the key it is the active version's
    assert_eq!(count(&share("impu"), calls()), 0);
    assert_eq!(count(&share("call-id"), fields()), 0);
    assert_eq!(count(&share("source"), calls()), 0);
    assert_eq!(count(&share("header:X-Other"), fields()), 0);
}

#[test]
fn an_address_is_the_same_in_both_of_its_forms_and_spaces_around_a_value_are_none() {
    let place = |source: &str| {
        SplitKey::Source.place(&Request { source: Some(source.parse().unwrap()), ..Request::default() })
    };
    assert_eq!(place("192.0.2.7"), place("::ffff:192.0.2.7"));
    assert_ne!(place("192.0.2.7"), place("2001:db8::7"));
    let key: SplitKey = "header:x-tenant".parse().unwrap();
    let place =
        |value: &str| key.place(&Request { header: Some(("x-tenant", value.into())), ..Request::default() });
    assert_eq!(place("a"), place(" a "));
}

#[test]
fn every_kind_of_match_must_hold_by_one_of_its_values() {
    let all = only(&["sip:a@x", "sip:b@x"], &["INVITE", "MESSAGE"], &["edge1", "edge2"]);
    let split = Split::new(1000, SplitKey::Impu, all).unwrap();
    let request = |identity, method, edge| Request {
        identity: Some(identity),
        method: Some(method),
        edge: Some(edge),
        ..Request::default()
    };
    for (identity, method, edge, meant) in [
        ("sip:a@x", "INVITE", "edge1", true),
        ("sip:b@x", "MESSAGE", "edge2", true),
        ("sip:c@x", "INVITE", "edge1", false),
        ("sip:a@x", "REGISTER", "edge1", false),
        ("sip:a@x", "invite", "edge1", false),
        ("sip:a@x", "INVITE", "edge3", false),
    ] {
        for end in [End::Lower, End::Upper] {
            let takes = split.clone().at_end(end).takes(&request(identity, method, edge));
            assert_eq!(takes, meant, "{identity} {method} {edge}");
        }
    }
    assert!(!split.takes(&Request::default()), "of whom nothing is known");
}

#[test]
fn who_it_is_is_not_asked_where_the_method_says_no_already() {
    let split = Split::new(1000, SplitKey::Impu, only(&["sip:a@x"], &["INVITE"], &[])).unwrap();
    let request = Request { method: Some("REGISTER"), ..Request::default() };
    assert!(!split.takes(&request));
    assert_eq!(request.asked.get(), 0);
}

#[test]
fn all_is_a_share_of_a_match_only() {
    let some = || only(&[], &["INVITE"], &[]);
    assert_eq!(Split::new(1000, SplitKey::Impu, Only::default()), Err(TermsError::Share(1000)));
    assert_eq!(Split::new(1000, SplitKey::Impu, some()).unwrap().share(), Share::WHOLE);
    for wrong in [0, 1001] {
        assert_eq!(Split::new(wrong, SplitKey::Impu, some()), Err(TermsError::Share(wrong)));
    }
    let (part, whole) = (Split::new(7, SplitKey::Impu, Only::default()).unwrap(), Split::from(Share::WHOLE));
    assert_eq!((part.of_everybody(), whole.of_everybody()), (7, 1000));
    assert_eq!(Split::new(7, SplitKey::Impu, some()).unwrap().of_everybody(), 0);
}

#[test]
fn the_bounds_of_a_match() {
    let identities = |n: usize| (0..n).map(|n| format!("sip:{n}@x").into());
    assert!(Only::new(identities(MAX_IDENTITIES), vec![], vec![]).is_ok());
    assert_eq!(Only::new(identities(MAX_IDENTITIES + 1), vec![], vec![]), Err(TermsError::TooManyIdentities));
    let long: Box<str> = "x".repeat(MAX_IDENTITY + 1).into();
    assert_eq!(Only::new([long], vec![], vec![]), Err(TermsError::Identity));
    assert_eq!(
        Only::new([], vec!["A".into(); MAX_CONDITIONS + 1], vec![]),
        Err(TermsError::TooManyConditions)
    );
    assert_eq!(Only::new([], vec!["A B".into()], vec![]), Err(TermsError::Method("A B".into())));
    for wrong in ["", "a b", "sip:term@pcscf"] {
        assert_eq!(Only::new([], vec![], vec![wrong.into()]), Err(TermsError::Edge(wrong.into())));
    }
}

#[test]
fn terms_are_stored_and_read_again() {
    let key = "header:x-tenant".parse().unwrap();
    let split = Split::new(1000, key, only(&["sip:a@x", "tel:+1"], &["INVITE"], &["pcscf:5060"])).unwrap();
    let written = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&written).unwrap(), split, "{written}");
    let split = split.at_end(End::Upper);
    let written = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&written).unwrap().end(), Some(End::Upper), "{written}");
    let least: Split = serde_json::from_str("{\"share\": 15}").unwrap();
    assert_eq!(least, Split::from(Share::new(15).unwrap()));
    for wrong in [
        "{\"share\": 1000}",
        "{\"share\": 1, \"key\": \"x\"}",
        "{\"share\": 1, \"only\": {\"methods\": [\"\"]}}",
    ] {
        assert!(serde_json::from_str::<Split>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn terms_in_words_name_nobody() {
    assert_eq!(Split::from(Share::new(15).unwrap()).to_string(), "");
    let split =
        Split::new(15, SplitKey::CallId, only(&["sip:a@x"], &["INVITE", "MESSAGE"], &["pcscf"])).unwrap();
    assert_eq!(split.to_string(), "by call-id, only 1 identity, only INVITE MESSAGE, only by pcscf");
}

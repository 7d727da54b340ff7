//! Candidates: a share of the subscribers, or what a match leaves, goes to them, the rest to the active version.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::net::IpAddr;
use std::sync::Arc;

use plugin::{Active, Asked, Only, Plugin, Role, Share, Split as Terms, SplitError, SplitKey};
use strowger_plugin as plugin;
use support::{Silent, ask, behaviours, engine, is_next, load};

fn share(tenths_of_a_percent: u16) -> Share {
    Share::new(tenths_of_a_percent).unwrap()
}

/// A request: whose, and how.
#[derive(Default)]
struct Request {
    identity: Option<String>,
    method: &'static str,
    call_id: String,
}

impl Asked for Request {
    fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }
    fn call_id(&self) -> Option<&[u8]> {
        Some(self.call_id.as_bytes())
    }
    fn source(&self) -> Option<IpAddr> {
        None
    }
    fn header(&self, _: &str) -> Option<&[u8]> {
        None
    }
    fn method(&self) -> Option<&[u8]> {
        Some(self.method.as_bytes())
    }
    fn is_by_edge(&self, _: &[Box<str>]) -> bool {
        false
    }
}

fn name(n: u32) -> String {
    format!("sip:+4930{n}@ims.test")
}

fn subscriber(n: u32) -> Request {
    Request { identity: Some(name(n)), method: "INVITE", call_id: format!("call {n}") }
}

fn of_these(identities: &[String], methods: &[&str]) -> Only {
    let methods = methods.iter().map(|method| Box::from(*method)).collect();
    Only::new(identities.iter().map(|one| one.as_str().into()), methods, vec![]).unwrap()
}

/// Which version each of the first subscribers gets.
fn taken(active: &Active, subscribers: u32) -> Vec<String> {
    let version = |n| active.choose(&subscriber(n)).unwrap().identity().version.to_string();
    (0..subscribers).map(version).collect()
}

fn count(taken: &[String], version: &str) -> usize {
    taken.iter().filter(|taken| *taken == version).count()
}

struct Split {
    active: Active,
    versions: Vec<Arc<Plugin>>,
    _engine: plugin::Engine,
}

/// Versions 1, 2 … are loaded, 1 is active.
fn split(versions: u32) -> Split {
    let engine = engine();
    let active = Active::new(Role::edge());
    let load = |n: u32| load(&engine, &behaviours("b", &n.to_string())).unwrap();
    let versions: Vec<_> = (1..=versions).map(load).collect();
    active.activate(Arc::clone(&versions[0]));
    Split { active, versions, _engine: engine }
}

#[test]
fn a_candidate_gets_its_share_and_who_has_it_keeps_it() {
    let Split { active, versions, .. } = split(2);
    active.split(&versions[1], share(100)).unwrap();
    let before = taken(&active, 2_000);
    assert!((150..250).contains(&count(&before, "2")), "{}", count(&before, "2"));
    active.split(&versions[1], share(300)).unwrap();
    let after = taken(&active, 2_000);
    assert!((500..700).contains(&count(&after, "2")), "{}", count(&after, "2"));
    assert!(before.iter().zip(&after).all(|(before, after)| before == "1" || after == "2"));
    let seen: Vec<_> =
        active.versions().iter().map(|one| (one.identity.number, one.active, one.share)).collect();
    assert_eq!(seen, [(2, false, 300), (1, true, 700)]);
    assert!(is_next(&ask(&versions[1], 'x')));
}

#[test]
fn nobody_is_asked_who_he_is_without_a_candidate_and_the_unknown_get_the_active_one() {
    let Split { active, versions, .. } = split(2);
    active.choose(&Silent).unwrap();
    active.split(&versions[1], share(999)).unwrap();
    assert_eq!(active.choose(&Request::default()).unwrap().identity().number, 1);
}

#[test]
fn a_share_is_taken_back() {
    let Split { active, versions, .. } = split(3);
    active.split(&versions[1], share(500)).unwrap();
    active.split(&versions[2], share(100)).unwrap();
    let before = taken(&active, 1_000);
    assert_eq!(active.take_back(2).unwrap().identity().number, 2);
    assert_eq!(active.take_back(2).unwrap_err(), SplitError::NoCandidate);
    let after = taken(&active, 1_000);
    assert_eq!((count(&before, "2") > 0, count(&after, "2")), (true, 0));
    let numbers: Vec<_> = active
        .candidates()
        .iter()
        .map(|(share, one)| (share.tenths_of_a_percent(), one.identity().number))
        .collect();
    assert_eq!(numbers, [(100, 3)]);
}

#[test]
fn a_candidate_that_becomes_the_active_one_has_everybody_but_other_candidates() {
    let Split { active, versions, .. } = split(3);
    active.split(&versions[1], share(10)).unwrap();
    active.split(&versions[2], share(20)).unwrap();
    active.activate(Arc::clone(&versions[1]));
    let seen: Vec<_> =
        active.versions().iter().map(|one| (one.identity.number, one.active, one.share)).collect();
    assert_eq!(seen, [(2, true, 980), (3, false, 20), (1, false, 0)]);
    active.deactivate().unwrap();
    assert!(active.choose(&Silent).is_none() && active.candidates().is_empty());
}

#[test]
fn what_does_not_go_together_is_refused_and_changes_nothing() {
    let Split { active, versions, .. } = split(4);
    let nobody = Active::new(Role::edge());
    assert_eq!(nobody.split(&versions[1], share(1)), Err(SplitError::NoneActive));
    assert_eq!(active.split(&versions[0], share(1)), Err(SplitError::Active));
    assert_eq!(active.split(&versions[1], Share::WHOLE), Err(SplitError::TooMuch { together: 1000 }));
    active.split(&versions[1], share(500)).unwrap();
    assert_eq!(active.split(&versions[2], share(500)), Err(SplitError::TooMuch { together: 1000 }));
    active.split(&versions[2], share(499)).unwrap();
    assert_eq!(active.split(&versions[3], share(1)), Err(SplitError::TooMany));
    assert_eq!(active.split(&versions[2], share(501)), Err(SplitError::TooMuch { together: 1001 }));
    let shares: Vec<_> = active.versions().iter().map(|one| (one.identity.number, one.share)).collect();
    assert_eq!(shares, [(3, 499), (2, 500), (1, 1)]);
}

#[test]
fn who_is_left_of_two_candidates_keeps_his_subscribers() {
    let Split { active, versions, .. } = split(4);
    active.split(&versions[1], share(100)).unwrap();
    active.split(&versions[2], share(100)).unwrap();
    let before = taken(&active, 1_000);
    active.take_back(2).unwrap();
    let alone = taken(&active, 1_000);
    active.split(&versions[3], share(100)).unwrap();
    let after = taken(&active, 1_000);
    for taken in [&alone, &after] {
        assert!(before.iter().zip(taken).all(|(before, after)| (before == "3") == (after == "3")));
    }
    assert!(before.iter().zip(&after).all(|(before, after)| (before == "2") == (after == "4")));
    // and so does one whose terms were stored meanwhile
    let stored = active.terms(3).unwrap();
    active.take_back(3).unwrap();
    active.take_back(4).unwrap();
    active.split(&versions[2], (*stored).clone()).unwrap();
    assert_eq!(alone, taken(&active, 1_000));
}

#[test]
fn a_match_goes_before_the_scale() {
    let Split { active, versions, .. } = split(3);
    active.split(&versions[1], share(500)).unwrap();
    let before = taken(&active, 200);
    let few: Vec<String> = (0..20).map(name).collect();
    let all = Terms::new(1000, SplitKey::Impu, of_these(&few, &[])).unwrap();
    active.split(&versions[2], all).unwrap();
    let after = taken(&active, 200);
    assert_eq!(count(&after[..20], "3"), 20);
    assert_eq!(after[20..], before[20..], "nobody else is moved");
    let shares: Vec<_> = active.versions().iter().map(|one| (one.identity.number, one.share)).collect();
    assert_eq!(shares, [(3, 1000), (2, 500), (1, 500)]);
    active.split(&versions[2], Terms::new(500, SplitKey::Impu, of_these(&few, &[])).unwrap()).unwrap();
    let half = taken(&active, 200);
    assert!((3..18).contains(&count(&half[..20], "3")), "{half:?}");
    assert!(
        (0..200).all(|n| half[n] == "3" && n < 20 || half[n] == before[n]),
        "the others have what they had"
    );
}

#[test]
fn of_two_matches_the_older_one_is_asked_first() {
    let Split { active, versions, .. } = split(3);
    let whole = |only| Terms::new(1000, SplitKey::Impu, only).unwrap();
    active.split(&versions[1], whole(of_these(&[], &["INVITE"]))).unwrap();
    active.split(&versions[2], whole(of_these(&[name(7)], &[]))).unwrap();
    let version = |n, method| active.choose(&Request { method, ..subscriber(n) }).unwrap().identity().number;
    assert_eq!([version(7, "INVITE"), version(7, "MESSAGE"), version(8, "MESSAGE")], [2, 3, 1]);
}

#[test]
fn a_call_id_splits_one_subscribers_calls() {
    let Split { active, versions, .. } = split(2);
    active.split(&versions[1], Terms::new(500, SplitKey::CallId, Only::default()).unwrap()).unwrap();
    let version = |n: u32| {
        let call = Request { call_id: format!("{n}"), ..subscriber(0) };
        active.choose(&call).unwrap().identity().number
    };
    let first: Vec<u32> = (0..200).map(version).collect();
    let met = first.iter().filter(|number| **number == 2).count();
    assert!((70..130).contains(&met), "{met} of 200 with halves");
    assert_eq!(first, (0..200).map(version).collect::<Vec<_>>(), "the same call, the same version");
}

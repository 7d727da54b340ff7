//! Candidates: a share of the subscribers goes to them, the rest to the active version.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;

use plugin::{Active, Place, Plugin, Role, Share, SplitError};
use strowger_plugin as plugin;
use support::{ask, behaviours, engine, is_next, load};

fn share(tenths_of_a_percent: u16) -> Share {
    Share::new(tenths_of_a_percent).unwrap()
}

fn subscriber(n: u32) -> Place {
    Place::of(format!("sip:+4930{n}@ims.test").as_bytes())
}

/// Which version each of the first subscribers gets.
fn taken(active: &Active, subscribers: u32) -> Vec<String> {
    let version = |n| active.choose(|| Some(subscriber(n))).unwrap().identity().version.to_string();
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
    active.choose(|| unreachable!("nobody needs to know")).unwrap();
    active.split(&versions[1], share(999)).unwrap();
    assert_eq!(active.choose(|| None).unwrap().identity().number, 1);
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
    assert!(active.choose(|| None).is_none() && active.candidates().is_empty());
}

#[test]
fn what_does_not_go_together_is_refused_and_changes_nothing() {
    let Split { active, versions, .. } = split(4);
    let nobody = Active::new(Role::edge());
    assert_eq!(nobody.split(&versions[1], share(1)), Err(SplitError::NoneActive));
    assert_eq!(active.split(&versions[0], share(1)), Err(SplitError::Active));
    active.split(&versions[1], share(500)).unwrap();
    assert_eq!(active.split(&versions[2], share(500)), Err(SplitError::TooMuch { together: 1000 }));
    active.split(&versions[2], share(499)).unwrap();
    assert_eq!(active.split(&versions[3], share(1)), Err(SplitError::TooMany));
    assert_eq!(active.split(&versions[2], share(501)), Err(SplitError::TooMuch { together: 1001 }));
    let shares: Vec<_> = active.versions().iter().map(|one| (one.identity.number, one.share)).collect();
    assert_eq!(shares, [(3, 499), (2, 500), (1, 1)]);
}

//! What a scripted host remembers.

use super::*;
use crate::host::{Host, PutRefusal};
use crate::ims::{AuthenticationScheme, Identity};

#[test]
fn rows_have_revisions_and_lifetimes() {
    let host = TestHost::new().entry("a", "1");
    assert_eq!(host.put("a", b"2", 0, Some(0)), Err(PutRefusal::Conflict(1)));
    assert_eq!(host.put("a", b"2", 500, Some(1)), Ok(2));
    assert_eq!(host.get("a"), Some(Entry { value: b"2".to_vec(), revision: 2 }));
    host.advance(500);
    assert_eq!(host.get("a"), None);
    assert!(!host.delete("a"));
    assert_eq!(host.put(&"k".repeat(257), b"", 0, None), Err(PutRefusal::TooLarge));
}

#[test]
fn timers_end_in_order() {
    let host = TestHost::new();
    host.start_timer("late", 200);
    host.start_timer("early", 100);
    host.start_timer("never", 150);
    assert!(host.cancel_timer("never"));
    assert!(host.advance(99).is_empty());
    assert_eq!(host.advance(1000), ["early", "late"]);
    assert!(host.advance(1000).is_empty());
}

#[test]
fn the_same_octets_every_time() {
    assert_eq!(TestHost::new().random(8), TestHost::new().random(8));
    let host = TestHost::new();
    assert_ne!(host.random(8), host.random(8));
    assert_eq!(host.random(1000).len(), 256);
}

#[test]
fn answers_come_in_order_and_the_last_one_stays() {
    let host = TestHost::new().challenged(Ok(1)).challenged(Err(CxFailure::Timeout));
    let ask =
        || host.challenge("alice@ims.test", "sip:alice@ims.test", "ims.test", AuthenticationScheme::AkaV1);
    assert_eq!([ask(), ask(), ask()], [Ok(1), Err(CxFailure::Timeout), Err(CxFailure::Timeout)]);
}

#[test]
fn a_set_is_served_from_its_assignment_to_the_end_of_it() {
    let alice = "sip:alice@ims.test";
    let identities = vec![Identity { uri: alice.to_owned(), ..Identity::default() }];
    let set = Subscriber { identities, ..Subscriber::default() };
    let host = TestHost::new().assigned(Ok(Some(set))).assigned(Ok(None));
    assert_eq!(host.subscriber(alice), None);
    let sar = |kind| host.assign(alice, "", kind).is_ok();
    assert!(sar(Assignment::UnregisteredUser) && host.subscriber(alice).is_some());
    assert!(sar(Assignment::AuthenticationFailure) && host.subscriber(alice).is_some());
    assert!(sar(Assignment::TimeoutDeregistration) && host.subscriber(alice).is_none());
}

use super::*;

/// A version of this number, whose file begins with the same number.
fn entry(number: u32, version: &Arc<u32>, serving: Serving) -> Entry<u32> {
    let identity = Identity {
        role: "edge".into(),
        name: "mine".into(),
        version: "0.1.0".into(),
        digest: format!("{number:08x}{:056}", 0).into(),
        number,
    };
    Entry::new(identity, Wants { methods: number, in_dialog: false }, version, serving)
}

fn mark(number: u32) -> Mark {
    Mark::of(&format!("{number:08x}")).unwrap()
}

fn serving(loaded: &Loaded<u32>) -> Vec<(u32, Serving)> {
    loaded.all().0.iter().map(|entry| (entry.identity.number, entry.serving)).collect()
}

#[test]
fn since_when_a_version_gets_no_new_calls() {
    let loaded = Loaded::new(0);
    let versions = [1, 2, 3].map(Arc::new);
    versions.iter().for_each(|version| loaded.enter(entry(**version, version, Serving::NotYet)));
    loaded.are_serving(&[1, 2], 10);
    loaded.are_serving(&[2], 20);
    loaded.are_serving(&[2], 30);
    let expected = [(1, Serving::Until(20)), (2, Serving::Now), (3, Serving::NotYet)];
    assert_eq!(serving(&loaded), expected);
    loaded.are_serving(&[1], 40);
    assert_eq!(serving(&loaded)[..2], [(1, Serving::Now), (2, Serving::Until(40))]);
}

#[test]
fn who_is_gone_is_forgotten_but_for_his_number() {
    let loaded = Loaded::new(4);
    let version = Arc::new(7);
    loaded.enter(entry(7, &version, Serving::Now));
    loaded.was_taken_from_file("ab");
    assert!(loaded.has(&entry(7, &version, Serving::Now).identity.digest));
    drop(version);
    let (alive, file, last_number) = loaded.all();
    assert_eq!((alive.len(), file.as_str(), last_number), (0, "ab", 7));
    assert!(!loaded.has(&entry(7, &Arc::new(7), Serving::Now).identity.digest));
    assert_eq!((loaded.marked(mark(7)), loaded.wants()), (Marked::Gone, None));
}

#[test]
fn all_that_any_version_wants_to_be_asked_about() {
    let loaded = Loaded::new(0);
    let versions = [1, 4].map(Arc::new);
    versions.iter().for_each(|version| loaded.enter(entry(**version, version, Serving::NotYet)));
    assert_eq!(loaded.wants(), Some(Wants { methods: 5, in_dialog: false }));
}

#[test]
fn a_mark_means_a_version_that_is_here() {
    let loaded = Loaded::new(0);
    let version = Arc::new(7);
    loaded.enter(entry(7, &version, Serving::Until(1)));
    assert_eq!(loaded.marked(mark(7)), Marked::Version(Arc::clone(&version)));
    assert_eq!(loaded.marked(mark(8)), Marked::Gone);
}

/// The same file may have been loaded several times.
#[test]
fn of_several_a_mark_means_the_one_that_gets_new_calls_else_the_last() {
    let loaded = Loaded::new(0);
    let versions = [1, 2, 3].map(Arc::new);
    for (version, serving) in versions.iter().zip([Serving::Until(1), Serving::Now, Serving::Until(2)]) {
        let identity = Identity { number: **version, ..entry(9, version, serving).identity };
        loaded.enter(Entry { identity, ..entry(9, version, serving) });
    }
    assert_eq!(loaded.marked(mark(9)), Marked::Version(Arc::clone(&versions[1])));
    loaded.are_serving(&[], 3);
    assert_eq!(loaded.marked(mark(9)), Marked::Version(Arc::clone(&versions[2])));
    loaded.adopted(3);
    assert_eq!(loaded.marked(mark(9)), Marked::Version(Arc::clone(&versions[1])));
}

#[test]
fn calls_of_before_a_restart_keep_their_version_for_a_day_after_its_last_call() {
    const DAY: u64 = 24 * 3600 * 1000;
    let loaded = Loaded::new(0);
    for (number, serving) in [(1, Serving::Until(10)), (2, Serving::Now), (3, Serving::NotYet)] {
        let version = Arc::new(number);
        loaded.enter_again(entry(number, &version, serving), &version);
    }
    assert_eq!(
        [1, 2, 3].map(|number| loaded.holds(number)),
        [1, 1, 0],
        "what took no calls needs no holding"
    );
    loaded.expire(DAY + 9);
    assert_eq!(loaded.holds(1), 1);
    loaded.expire(DAY + 10);
    assert_eq!([1, 2].map(|number| loaded.holds(number)), [0, 1]);
    assert_eq!(loaded.marked(mark(1)), Marked::Gone);
    loaded.are_serving(&[], DAY);
    loaded.expire(2 * DAY);
    assert_eq!(loaded.holds(2), 0);
}

#[test]
fn adopted_calls_of_before_a_restart_are_the_active_versions() {
    let loaded = Loaded::new(0);
    let version = Arc::new(1);
    loaded.enter_again(entry(1, &version, Serving::Until(10)), &version);
    loaded.adopted(1);
    assert_eq!((loaded.holds(1), loaded.marked(mark(1))), (0, Marked::Adopted));
    loaded.are_serving(&[1], 20);
    assert_eq!(loaded.marked(mark(1)), Marked::Version(Arc::clone(&version)), "it takes calls again");
    loaded.adopted(1);
    assert!(!loaded.all().0[0].adopted, "its calls are the active version's as it is");
}

#[test]
fn lost_calls_are_all_counted() {
    let loaded: Loaded<u32> = Loaded::new(0);
    (0..5).for_each(|_| loaded.lost(1_000));
    assert_eq!(loaded.lost_so_far(), 5);
    assert_eq!(loaded.log_from_ms.load(Ordering::Relaxed), 2_000);
}

#[test]
fn what_is_overdue_is_told_once_and_begins_anew_with_new_calls() {
    let second = Duration::from_secs(1);
    let loaded = Loaded::new(0);
    let versions = [1, 2, 3].map(Arc::new);
    for (version, serving) in versions.iter().zip([Serving::Until(10), Serving::Now, Serving::NotYet]) {
        loaded.enter(entry(**version, version, serving));
    }
    let overdue = |now_ms| -> Vec<u32> {
        loaded.overdue(now_ms, second).iter().map(|entry| entry.identity.number).collect()
    };
    assert_eq!((overdue(1_009), overdue(1_010)), (vec![], vec![1]));
    loaded.overdue_is_told(1);
    assert_eq!(overdue(1_011), [0; 0]);
    loaded.are_serving(&[1], 2_000);
    loaded.are_serving(&[], 3_000);
    assert_eq!((overdue(3_999), overdue(4_000)), (vec![2], vec![1, 2]));
}

#[test]
fn calls_are_ended_of_what_gets_no_new_ones_until_it_does() {
    let loaded = Loaded::new(0);
    let versions = [1, 2].map(Arc::new);
    for (version, serving) in versions.iter().zip([Serving::Until(10), Serving::Now]) {
        loaded.enter(entry(**version, version, serving));
    }
    assert_eq!([1, 2, 3].map(|number| loaded.ending(number)), [true, false, false]);
    assert_eq!((loaded.all_ending(), loaded.overdue(9_000, Duration::ZERO).len()), (vec![1], 0));
    loaded.are_serving(&[1], 20);
    assert_eq!(loaded.all_ending(), [0; 0]);
    loaded.are_serving(&[], 30);
    loaded.ending(1);
    loaded.adopted(1);
    assert_eq!(loaded.all_ending(), [0; 0], "what could not be ended is adopted");
}

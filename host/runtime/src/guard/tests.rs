use plugin::{AnswerGroup, StatsSnapshot};

use super::*;

mod life;
mod simulation;

const MARGINS: Margins = Margins {
    percent_points: 0.5,
    success_percent_points: 3.0,
    slower: Duration::from_millis(20),
    calls: 20,
};

fn seen(number: u32, share: u16, figures: &Figures) -> Seen {
    Seen { number, share, figures: figures.clone() }
}

fn failures(calls: u64, bad: u64) -> Figures {
    Figures { failures: Tally { calls, bad }, ..Figures::default() }
}

/// Answers of these statuses, so often, to INVITE.
fn answers(all: &[(u16, u64)]) -> Figures {
    let mut figures = Figures::default();
    for &(status, times) in all {
        (0..times).for_each(|_| figures.answers.add(AnswerGroup::Invite, status, Duration::ZERO));
    }
    figures
}

/// Calls of on-request that took so many ms.
fn times(all: &[(u64, u64)]) -> Figures {
    let mut figures = Figures::default();
    for &(ms, times) in all {
        (0..times).for_each(|_| figures.times[0].add(Duration::from_millis(ms)));
    }
    figures
}

/// What is found of a candidate and a control that have done nothing before.
fn found(candidate: &Figures, control: &Figures) -> Option<Worse> {
    let mut guard = Guard::default();
    let nothing = Figures::default();
    for _ in 0..2 {
        assert!(guard.look(&seen(1, 900, &nothing), &[seen(2, 100, &nothing)], MARGINS).is_empty());
    }
    guard.look(&seen(1, 900, control), &[seen(2, 100, candidate)], MARGINS).into_iter().next()
}

#[test]
fn calls_without_a_decision_are_told_with_the_figures_of_both() {
    let worse = found(&failures(200, 100), &failures(400, 1)).unwrap();
    assert_eq!((worse.number, worse.comparison), (2, Comparison::Failures));
    assert_eq!(
        worse.why,
        "100 of 200 calls of a hook failed (50.00 %), of the active version #1 1 of 400 (0.25 %): worse by more than 0.5 \
         percent points"
    );
}

#[test]
fn answers_of_5xx_are_told_by_what_was_asked() {
    let worse = found(&answers(&[(200, 60), (503, 40)]), &answers(&[(200, 2_000)])).unwrap();
    assert_eq!(worse.comparison, Comparison::ServerFailures(AnswerGroup::Invite));
    assert_eq!(
        worse.why,
        "40 of 100 answers to INVITE are 5xx (40.00 %), of the active version #1 0 of 2000 (0.00 %): worse by more than 0.5 \
         percent points"
    );
}

/// RFC 6076 §4.7: whom nobody finds is no success, who is busy or declines is one.
#[test]
fn answers_from_elsewhere_are_no_success() {
    let control = answers(&[(200, 1_800), (486, 100), (404, 100)]);
    let worse = found(&answers(&[(200, 60), (408, 20), (480, 20)]), &control).unwrap();
    assert_eq!(worse.comparison, Comparison::Unsuccessful(AnswerGroup::Invite));
    assert!(
        worse.why.starts_with("40 of 100 answers to INVITE are no success (40.00 %), of"),
        "{}",
        worse.why
    );
    for people in [486, 487, 600, 603, 302, 407] {
        assert_eq!(found(&answers(&[(200, 60), (people, 40)]), &control), None, "{people}");
    }
}

#[test]
fn time_is_told_by_the_hook_and_its_percentile() {
    let mut guard = Guard::default();
    let (before, nothing) = (times(&[(10, 1_000)]), Figures::default());
    assert!(guard.look(&seen(1, 900, &before), &[seen(2, 100, &nothing)], MARGINS).is_empty());
    let control = times(&[(10, 2_000)]);
    let gone = guard.look(&seen(1, 900, &control), &[seen(2, 100, &times(&[(10, 30), (40, 70)]))], MARGINS);
    assert_eq!(gone[0].comparison, Comparison::Slower(0));
    assert_eq!(
        gone[0].why,
        "70 of 100 calls of on-request are slow (70.00 %), of the active version #1 0 of 1000 (0.00 %): p95 41 ms against \
         10.2 ms, slower by more than 20 ms (beyond 30.7 ms)"
    );
}

/// The bar is from before: what a look brings is never judged by what itself says.
#[test]
fn time_is_judged_by_a_bar_that_was_set_before() {
    let mut guard = Guard::default();
    let nothing = Figures::default();
    let mut look = |control: &Figures, candidate: &Figures| {
        guard.look(&seen(1, 900, control), &[seen(2, 100, candidate)], MARGINS).len()
    };
    assert_eq!(look(&nothing, &nothing), 0);
    assert_eq!(look(&times(&[(1, 1_000)]), &times(&[(90, 1_000)])), 0, "there was no bar for these");
    assert_eq!(look(&times(&[(1, 2_000)]), &times(&[(90, 1_015)])), 0, "fewer than the least");
    assert_eq!(look(&times(&[(1, 2_000)]), &times(&[(90, 1_060)])), 1);
}

#[test]
fn slow_together_is_nobody_s_fault() {
    let mut guard = Guard::default();
    let (mut control, mut candidate) = (times(&[(1, 1_000)]), Figures::default());
    for _ in 0..2 * WINDOW {
        let gone = guard.look(&seen(1, 500, &control), &[seen(2, 500, &candidate)], MARGINS);
        assert_eq!(gone, [], "an HSS that hangs");
        for figures in [&mut control, &mut candidate] {
            figures.times[0].add(Duration::from_millis(300));
        }
    }
}

/// What one second of a week weighs: the windows see it, though the week was good.
#[test]
fn one_that_turns_bad_late_is_found_in_its_window() {
    let mut guard = Guard::default();
    let (mut control, mut candidate) = (failures(0, 0), failures(0, 0));
    let mut look = |control: &Figures, candidate: &Figures| {
        guard.look(&seen(1, 900, control), &[seen(2, 100, candidate)], MARGINS)
    };
    for _ in 0..10 * WINDOW {
        assert_eq!(look(&control, &candidate), []);
        control.failures.calls += 95;
        candidate.failures.calls += 5;
    }
    let seconds = (1..)
        .find(|_| {
            control.failures.calls += 95;
            candidate.failures.calls += 5;
            candidate.failures.bad += 1;
            !look(&control, &candidate).is_empty()
        })
        .unwrap();
    assert!(seconds < 60, "{seconds} s for one that fails a fifth");
}

#[test]
fn nothing_is_said_before_there_is_something_to_compare_with() {
    assert_eq!(found(&failures(10_000, 10_000), &failures(0, 0)), None, "the control has had no call");
    assert!(found(&failures(10_000, 10_000), &failures(20, 0)).is_some());
    let few = MARGINS.calls - 1;
    assert_eq!(found(&failures(few, few), &failures(1_000_000, 0)), None, "fewer calls than the least");
}

/// What was before does not count: another share is another set of subscribers, another control other figures.
#[test]
fn another_share_and_another_control_begin_anew() {
    for (control, candidate) in [((1, 900), (2, 20)), ((1, 880), (2, 10)), ((3, 900), (2, 10))] {
        let mut guard = Guard::default();
        let mut look = |control: (u32, u16), all: &Figures, candidate: (u32, u16), own: &Figures| {
            let gone =
                guard.look(&seen(control.0, control.1, all), &[seen(candidate.0, candidate.1, own)], MARGINS);
            gone.into_iter().next().map(|worse| worse.why)
        };
        let nothing = failures(0, 0);
        assert_eq!(look((1, 900), &nothing, (2, 10), &nothing), None);
        let (all, own) = (failures(1_000, 0), failures(100, 100));
        assert_eq!(look(control, &all, candidate, &own), None);
        assert_eq!(look(control, &all, candidate, &own), None, "it has done nothing since");
        let why = look(control, &failures(2_000, 0), candidate, &failures(200, 200)).unwrap();
        assert!(why.starts_with("100 of 100"), "{why}");
    }
}

/// Other requests go to it: what it did with those before says nothing about these.
#[test]
fn other_terms_begin_anew() {
    let mut guard = Guard::default();
    let looks = |guard: &mut Guard, calls: u64| {
        let (control, own) = (failures(10 * calls, 0), failures(calls, calls));
        guard.look(&seen(1, 800, &control), &[seen(2, 100, &own), seen(3, 100, &own)], MARGINS)
    };
    assert!(looks(&mut guard, 0).is_empty());
    guard.begin_anew(2);
    let gone: Vec<u32> = looks(&mut guard, 100).into_iter().map(|worse| worse.number).collect();
    assert_eq!(gone, [3], "of the other one the counting begins here");
    assert_eq!(looks(&mut guard, 200).len(), 2);
}

#[test]
fn two_candidates_are_judged_apart() {
    let mut guard = Guard::default();
    let nothing = failures(0, 0);
    let both = |good: &Figures, bad: &Figures| [seen(2, 100, good), seen(3, 100, bad)];
    assert_eq!(guard.look(&seen(1, 800, &nothing), &both(&nothing, &nothing), MARGINS), []);
    let all = failures(1_000, 0);
    let gone = guard.look(&seen(1, 800, &all), &both(&failures(500, 1), &failures(500, 100)), MARGINS);
    assert_eq!(gone.iter().map(|worse| worse.number).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_call_that_is_under_way_or_had_no_guest_is_no_failure() {
    let mut stats = StatsSnapshot { calls: 100, busy: 7, abandoned: 3, ..StatsSnapshot::default() };
    stats.decisions[0] = 60;
    stats.traps[1] = 1;
    (stats.faults, stats.invalid, stats.deadlines, stats.server_failures) = (2, 3, 4, 5);
    assert_eq!(Figures::of(stats).failures, Tally { calls: 70, bad: 10 });
}

/// Each has its part of the errors once.
#[test]
fn every_comparison_is_made_once() {
    for comparison in Comparison::ALL {
        assert_eq!(Comparison::ALL.iter().filter(|other| **other == comparison).count(), 1);
    }
}

#[test]
fn one_caller_who_tries_again_is_not_enough() {
    let out_after = (1..20).find(|&bad| {
        let mut guard = Guard::default();
        let mut look = |all: u64, calls: u64, bad: u64| {
            let (control, own) = (failures(all, 0), failures(calls, bad));
            guard.look(&seen(1, 990, &control), &[seen(2, 10, &own)], MARGINS).len()
        };
        assert_eq!(look(100_000, 0, 0), 0, "it has failed at nothing for long");
        look(102_000, 20, bad) > 0
    });
    assert_eq!(out_after, Some(LEAST_BAD));
}

/// Of the candidate's calls those that are answered late are still ringing.
#[test]
fn answers_are_counted_that_took_no_longer_than_the_split_lasts() {
    let mut guard = Guard::default();
    let add = |figures: &mut Figures, ms: u64, status: u16, times: u32| {
        let took = Duration::from_millis(ms);
        (0..times).for_each(|_| figures.answers.add(AnswerGroup::Invite, status, took));
    };
    let (mut control, mut candidate) = (Figures::default(), Figures::default());
    let mut look = |control: &Figures, candidate: &Figures| {
        guard.look(&seen(1, 500, control), &[seen(2, 500, candidate)], MARGINS).into_iter().next()
    };
    add(&mut control, 5_000, 200, 1_000);
    assert_eq!(look(&control, &candidate), None);
    for second in 0..5 {
        add(&mut control, 100, 404, 20);
        add(&mut control, 5_000, 200, 180);
        add(&mut candidate, 100, 404, 20);
        assert_eq!(look(&control, &candidate), None, "second {second}");
    }
    let seconds = (0..100).find(|_| {
        add(&mut control, 100, 404, 20);
        add(&mut control, 5_000, 200, 180);
        add(&mut candidate, 100, 404, 60);
        add(&mut candidate, 5_000, 200, 140);
        look(&control, &candidate).is_some()
    });
    assert!(seconds.is_some(), "when those count that took 5 s it is seen");
}

/// What was said of other margins says nothing of these.
#[test]
fn other_margins_begin_anew() {
    let mut guard = Guard::default();
    let mut look = |calls: u64, margins: Margins| {
        let (control, own) = (failures(10 * calls, 0), failures(calls, calls));
        guard.look(&seen(1, 900, &control), &[seen(2, 100, &own)], margins).len()
    };
    assert_eq!(look(0, MARGINS), 0);
    let wider = Margins { percent_points: 90.0, ..MARGINS };
    assert_eq!(look(100, wider), 0, "here it begins");
    assert_eq!(look(100, wider), 0, "it has done nothing since");
    assert_eq!(look(200, wider), 1);
}

/// At one call in a second the versions never have one in the same second.
#[test]
fn looks_without_a_call_of_both_are_put_together() {
    let mut guard = Guard::default();
    let (mut control, mut candidate) = (failures(1_000, 0), failures(0, 0));
    let mut look = |control: &Figures, candidate: &Figures| {
        guard.look(&seen(1, 500, control), &[seen(2, 500, candidate)], MARGINS).len()
    };
    assert_eq!(look(&control, &candidate), 0);
    let seconds = (1..1_000u64).find(|second| {
        let version = if second % 2 == 0 { &mut control } else { &mut candidate };
        version.failures.calls += 1;
        version.failures.bad += u64::from(second % 4 == 1);
        look(&control, &candidate) > 0
    });
    assert!(seconds.is_some_and(|seconds| seconds < 90), "{seconds:?}");
}

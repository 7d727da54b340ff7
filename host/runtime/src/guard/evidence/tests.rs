use super::*;

fn tally(calls: u64, bad: u64) -> Tally {
    Tally { calls, bad }
}

fn both(candidate: (u64, u64), control: (u64, u64)) -> Both {
    Both { candidate: tally(candidate.0, candidate.1), control: tally(control.0, control.1) }
}

/// Probabilities of each number of bad ones.
fn binomial(calls: u64, p: f64) -> Vec<f64> {
    let mut all = vec![1.0];
    for _ in 0..calls {
        let with = |k: usize| all.get(k).copied().unwrap_or(0.0);
        all = (0..=all.len()).map(|k| with(k) * (1.0 - p) + k.checked_sub(1).map_or(0.0, with) * p).collect();
    }
    all
}

/// The wealth after one block, on average over all of its outcomes.
fn mean_wealth(allowed: Allowed, calls: (u64, u64), truth: (f64, f64), known: Tally) -> f64 {
    let (own, others) = (binomial(calls.0, truth.0), binomial(calls.1, truth.1));
    let outcomes = (0..=calls.0).flat_map(|s| (0..=calls.1).map(move |t| (s, t)));
    let wealth = outcomes.map(|(s, t)| {
        let mut evidence = Evidence::against(allowed);
        evidence.play(both((calls.0, s), (calls.1, t)), known, 1.0);
        let wealth: f64 = evidence.wealth.into_iter().map(f64::exp).sum();
        own[s as usize] * others[t as usize] * wealth
    });
    wealth.sum()
}

/// All outcomes are counted, so this is no matter of luck: a bet wins nothing where the candidate is within what is allowed,
/// wherever that is, and whatever was expected of the control.
#[test]
fn no_bet_wins_on_average_where_the_candidate_is_within_what_is_allowed() {
    for (margin, least) in [(0.0, 0.0), (0.005, 0.0), (0.2, 0.0), (0.005, 0.05), (0.0, 0.5)] {
        let allowed = Allowed { margin, least };
        for calls in [(1, 1), (1, 30), (4, 9), (12, 2)] {
            for known in [tally(0, 0), tally(1_000, 0), tally(1_000, 50), tally(10, 9)] {
                for control in [0.0, 0.0005, 0.02, 0.3, 0.8, 1.0] {
                    let most = allowed.beside(control).min(1.0);
                    for candidate in [most, most * 0.9, most * 0.3, 0.0] {
                        let mean = mean_wealth(allowed, calls, (candidate, control), known);
                        let what = format!("{allowed:?} {calls:?} {known:?} {candidate} {control}: {mean}");
                        assert!(mean <= stake(0) * (1.0 + 1e-9), "{what}");
                    }
                }
            }
        }
    }
    let worse = mean_wealth(Allowed { margin: 0.005, least: 0.0 }, (4, 9), (0.3, 0.01), tally(1_000, 10));
    assert!(worse > 2.0 * stake(0), "one that is worse is won from: {worse}");
}

/// Nor where calls of a block have different chances: here the candidate's have 0 or 2 p, with a mean of p.
#[test]
fn calls_need_not_be_alike() {
    let allowed = Allowed { margin: 0.0, least: 0.0 };
    let (own, others) = (binomial(3, 0.4), binomial(9, 0.2));
    let mut mean = 0.0;
    for (s, own) in (0..).zip(&own) {
        for (t, others) in (0..).zip(&others) {
            let mut evidence = Evidence::against(allowed);
            evidence.play(both((6, s), (9, t)), tally(1_000, 100), 1.0);
            mean += own * others * evidence.wealth.into_iter().map(f64::exp).sum::<f64>();
        }
    }
    assert!(mean < stake(0), "{mean}");
}

#[test]
fn a_margin_of_all_calls_is_more_of_a_part_of_them() {
    let wealth = |margin: f64, part: f64| {
        let mut evidence = Evidence::against(Allowed { margin, least: 0.0 });
        evidence.play(both((20, 8), (200, 20)), tally(1_000, 100), part);
        evidence.wealth
    };
    assert_eq!(wealth(0.0625, 0.25), wealth(0.25, 1.0));
}

#[test]
fn all_that_is_ever_staked_is_one() {
    let all: f64 = (0..1_000_000).map(stake).sum();
    assert!(all < 1.0 && all > 0.97, "{all}");
    assert!((0..1_000).all(|start| stake(start) > stake(start + 1)) && stake(u32::MAX) >= 0.0);
}

/// In a share of one percent, of a control that hardly fails each bad one is worth nearly a hundred.
#[test]
fn four_bad_ones_are_much_in_a_small_share() {
    let mut evidence = Evidence::against(Allowed { margin: 0.0, least: 0.0 });
    let mut known = tally(1_000, 0);
    let mut bad = 0;
    while !evidence.refutes(0.0001) {
        for second in 0..20 {
            let block = both((1, u64::from(second == 19)), (99, 0));
            evidence.play(block, known, 1.0);
            known = known.and(block.control);
        }
        bad += 1;
    }
    assert!((3..=4).contains(&bad), "{bad}");
}

/// A good day costs no more than what had been staked before its end.
#[test]
fn one_that_turns_bad_late_is_found_by_what_was_kept() {
    let mut evidence = Evidence::against(Allowed { margin: 0.005, least: 0.0 });
    let known = tally(10_000, 10);
    for _ in 0..24 * 60 {
        evidence.play(both((300, 0), (5_700, 6)), known, 1.0);
        evidence.start();
    }
    assert!(!evidence.refutes(0.5));
    let turned = |evidence: &mut Evidence| evidence.play(both((300, 15), (5_700, 6)), known, 1.0);
    turned(&mut evidence);
    turned(&mut evidence);
    assert!(evidence.refutes(0.001), "{evidence:?}");
}

#[test]
fn where_everything_is_allowed_there_is_nothing_to_bet_on() {
    for allowed in [Allowed { margin: 1.0, least: 0.0 }, Allowed { margin: 0.0, least: 0.99 }] {
        let mut evidence = Evidence::against(allowed);
        evidence.play(both((100, 100), (100, 0)), tally(1_000, 0), 1.0);
        assert!(!evidence.refutes(0.9), "{evidence:?}");
    }
    let mut evidence = Evidence::against(Allowed { margin: 0.005, least: 0.0 });
    evidence.play(both((1_000_000, 1_000_000), (1_000_000, 1_000_000)), tally(1_000, 0), 1.0);
    assert!(evidence.wealth.iter().all(|wealth| wealth.is_finite()), "{evidence:?}");
}

#[test]
fn what_was_before_does_not_count() {
    let (before, now) = (tally(10, 4), tally(30, 5));
    assert_eq!(now.since(before), tally(20, 1));
    // Counters are read one after the other: of a call that ends just now one may be there without the other.
    assert_eq!(tally(10, 5).since(before), tally(1, 1));
}

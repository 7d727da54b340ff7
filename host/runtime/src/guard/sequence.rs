//! A proportion that is looked at again and again: what it can be, at all looks together.
//!
//! In: how many of how many, and a probability of error. Out: which true proportions are excluded, and the most that it can
//! be.
//!
//! A test for one look would cry wolf sooner or later. So each proportion has a confidence *sequence*: with Jeffreys' prior
//! Beta(½, ½) over a proportion p, which is dense where failures are few, and s bad ones in n, the ratio
//!
//! ```text
//!   M(p) = Γ(s + ½) Γ(n − s + ½) / (π n!)  ÷  p^s (1 − p)^(n − s)
//! ```
//!
//! is a martingale of mean 1 where p is the truth, and exceeds 1/a at any time with a probability of a at most (Ville's
//! inequality; H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41, 1970;
//! S. Howard et al., "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Stat. 49, 2021). All p with
//! M(p) below 1/a are the sequence.

use std::f64::consts::PI;

/// Halvings of an interval of proportions: as fine as a double is.
const HALVINGS: u32 = 52;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// All.
    pub(crate) calls: u64,
    /// Those that are bad; no more than all.
    pub(crate) bad: u64,
}

impl Tally {
    /// What has come since.
    pub(crate) fn since(self, before: Tally) -> Tally {
        let bad = self.bad.saturating_sub(before.bad);
        Tally { calls: self.calls.saturating_sub(before.calls).max(bad), bad }
    }

    /// As it was seen.
    pub(crate) fn proportion(self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.bad as f64 / self.calls as f64 }
    }

    /// Whether the true proportion is not this one, in the confidence sequence that errs with this probability.
    pub(crate) fn excludes(self, proportion: f64, error: f64) -> bool {
        self.ln_ratio(proportion) >= -error.ln()
    }

    /// The upper end of that sequence.
    pub(crate) fn most(self, error: f64) -> f64 {
        let (mut inside, mut outside) = (self.proportion(), 1.0);
        if !self.excludes(outside, error) {
            return outside;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(inside, outside);
            if self.excludes(middle, error) {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        outside
    }

    /// The logarithm of M(p).
    fn ln_ratio(self, p: f64) -> f64 {
        let (bad, well) = (self.bad, self.calls - self.bad);
        let times = |number: u64, ln: f64| if number == 0 { 0.0 } else { number as f64 * ln };
        let mixed = ln_gamma_half(bad) + ln_gamma_half(well) - ln_factorial(self.calls) - PI.ln();
        mixed - times(bad, p.ln()) - times(well, (-p).ln_1p())
    }
}

/// ln Γ(n + ½), by the factorials of n and 2 n.
fn ln_gamma_half(n: u64) -> f64 {
    ln_factorial(2 * n) - ln_factorial(n) - n as f64 * 4f64.ln() + 0.5 * PI.ln()
}

/// Stirling's series; below 16 the product itself.
fn ln_factorial(n: u64) -> f64 {
    if n < 16 {
        return (2..=n).map(|factor| (factor as f64).ln()).sum();
    }
    let n = n as f64;
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: f64 = 0.0005;

    #[test]
    fn the_sequence_encloses_what_was_seen_and_closes_in() {
        for (calls, bad) in [(0, 0), (1, 0), (1, 1), (20, 20), (1_000, 50), (1_000_000_000, 1_000)] {
            let tally = Tally { calls, bad };
            let (most, seen) = (tally.most(ERROR), tally.proportion());
            assert!((seen..=1.0).contains(&most) && !tally.excludes(seen, ERROR), "{tally:?}: {most}");
        }
        let nothing = Tally::default();
        assert!(nothing.most(ERROR) == 1.0 && !nothing.excludes(0.0, ERROR));
        let above = |calls: u64| Tally { calls, bad: calls / 10 }.most(ERROR) - 0.1;
        assert!(above(100) > above(1_000) && above(1_000) > above(100_000) && above(100_000) < 0.01);
        // By hand: no bad one in 2 leaves p with 3/8 ÷ (1 − p)² below 1 / a.
        let by_hand = 1.0 - (3.0 / 8.0 * 0.01_f64).sqrt();
        assert!((Tally { calls: 2, bad: 0 }.most(0.01) - by_hand).abs() < 1e-9);
        assert!(
            Tally { calls: 100, bad: 1 }.excludes(0.0, ERROR)
                && Tally { calls: 9, bad: 8 }.excludes(1.0, ERROR)
        );
    }

    #[test]
    fn what_was_before_does_not_count() {
        let (before, now) = (Tally { calls: 10, bad: 4 }, Tally { calls: 30, bad: 5 });
        assert_eq!(now.since(before), Tally { calls: 20, bad: 1 });
        // Counters are read one after the other: of a call that ends just now one may be there without the other.
        assert_eq!(Tally { calls: 10, bad: 5 }.since(before), Tally { calls: 1, bad: 1 });
    }

    #[test]
    fn the_series_is_the_factorial() {
        for n in [0, 1, 5, 15, 16, 17, 100, 5_000] {
            let product: f64 = (1..=n).map(|factor| (factor as f64).ln()).sum();
            assert!((ln_factorial(n) - product).abs() < 1e-8, "{n}");
        }
    }
}

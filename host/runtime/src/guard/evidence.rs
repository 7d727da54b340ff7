//! Evidence that a proportion is above another one, weighed again and again: a test of two samples that come in blocks.
//!
//! In: block after block, how many bad ones of how many calls of a candidate and of a control. Out: whether the null, that
//! the candidate's proportion is not above what is allowed, is refuted.
//!
//! **One block.** Of m calls of the candidate s are bad, of n of the control t. *Before* the block somebody bets on
//! proportions: a of the candidate, b of the control, with a > b + δ. The null is p ≤ q + δ. Of all pairs in it, let (p°, q°)
//! be the one that is nearest to the bet, which has the least m KL(a‖p) + n KL(b‖q), with p° = q° + δ. The bet pays
//!
//! ```text
//!   E = (a/p°)^s ((1−a)/(1−p°))^(m−s) (b/q°)^t ((1−b)/(1−q°))^(n−t)
//! ```
//!
//! and if the null is true, 1 on average at most (R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential
//! k-sample tests that allow for optional stopping", J. Stat. Plan. Inference 230, 2024; for δ > 0 R. Turner, P. Grünwald,
//! "Exact anytime-valid confidence intervals for contingency tables and beyond", Stat. Probab. Lett. 198, 2023). For where
//! calls are independent, and p and q are the means of their chances over the block's calls of each,
//!
//! ```text
//!   ln of the mean of E  ≤  f(p, q) = m ln(1 + (p−p°) (a−p°)/p°(1−p°)) + n ln(1 + (q−q°) (b−q°)/q°(1−q°))
//! ```
//!
//! with equality where all calls have the same chance (Jensen). f is concave and 0 at (p°, q°), and its slope there is the
//! negative slope of the divergence, which falls nowhere into the null, as that is convex and (p°, q°) the nearest in it. So
//! f ≤ 0 in all of the null: whatever the common proportion is, however it changes from block to block, and for any numbers
//! of calls, as long as they and the bet are settled by something else than the block's outcomes.
//!
//! **At least.** Where a proportion up to c is allowed in any case, the null is p ≤ max(c, q + δ). Against p ≤ c the same
//! bet pays (a/c)^s ((1−a)/(1−c))^(m−s), on average 1 at most where a > c; the lesser of the two payments is then 1 on
//! average at most wherever one of both holds.
//!
//! **All blocks.** What is won is staked again: the wealth is a supermartingale, and where it began with 1 and the null is
//! true in every block, it ever reaches 1/ε with a probability of ε at most (Ville's inequality). So it may be looked at
//! after every block, for ever.
//!
//! **Which bets.** b is what the control did before. [`BETS`] begin with equal parts of the stake, from a little above what
//! is allowed up to [`HIGHEST`], by log-odds, closer together where they are near: one of them is near enough to the truth.
//! And one who turns bad after a good week finds no wealth left that bet on it in that week. So a part of the stake is kept
//! for later: three quarters are staked at the first start, and at start k = 1, 2, … a quarter of
//! 1/log₂(k+1) − 1/log₂(k+2), which sums up to the last quarter.

/// Proportions of the candidate that are bet on.
const BETS: usize = 10;

/// Log-odds of the highest of them: 95 %.
const HIGHEST: f64 = 2.944_439;

/// Halvings of an interval of proportions. What is missing to q° counts by its square.
const HALVINGS: u32 = 40;

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

    /// With these.
    pub(crate) fn and(self, others: Tally) -> Tally {
        Tally { calls: self.calls + others.calls, bad: self.bad + others.bad }
    }

    /// As it was seen.
    pub(crate) fn proportion(self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.bad as f64 / self.calls as f64 }
    }

    /// As it is expected to go on: where little is known, as of a network in which one of twenty fails; never 0 or 1.
    fn expected(self) -> f64 {
        (self.bad as f64 + 0.5) / (self.calls as f64 + 10.0)
    }

    /// The logarithm of how much more likely it is with this proportion than with the other one; both between 0 and 1.
    fn ln_ratio(self, of: f64, to: f64) -> f64 {
        self.bad as f64 * (of / to).ln() + (self.calls - self.bad) as f64 * ((1.0 - of) / (1.0 - to)).ln()
    }
}

/// Calls of the candidate and of the control in the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Both {
    pub(crate) candidate: Tally,
    pub(crate) control: Tally,
}

impl Both {
    /// With these.
    pub(crate) fn and(self, others: Both) -> Both {
        Both { candidate: self.candidate.and(others.candidate), control: self.control.and(others.control) }
    }
}

/// What is to be refuted: that the candidate's proportion is within these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Allowed {
    /// So much above the control's; 0 to 1.
    pub(crate) margin: f64,
    /// And so much in any case; 0 to 1.
    pub(crate) least: f64,
}

impl Allowed {
    /// The most that is allowed beside this proportion of the control's.
    pub(crate) fn beside(self, control: f64) -> f64 {
        self.least.max(control + self.margin)
    }

    /// The logarithm of what a bet on these proportions pays.
    fn ln_payment(self, block: Both, candidate: f64, control: f64) -> f64 {
        let nearest = nearest(block, candidate, control, self.margin);
        let payment = block.candidate.ln_ratio(candidate, nearest + self.margin)
            + block.control.ln_ratio(control, nearest);
        match self.least > 0.0 {
            true => payment.min(block.candidate.ln_ratio(candidate, self.least)),
            false => payment,
        }
    }
}

/// q°, for a bet on these proportions: where the divergence has no slope along p = q + δ.
fn nearest(block: Both, candidate: f64, control: f64, margin: f64) -> f64 {
    let (m, n) = (block.candidate.calls as f64, block.control.calls as f64);
    if margin == 0.0 {
        return (m * candidate + n * control) / (m + n);
    }
    let (mut low, mut high) = (control, candidate - margin);
    for _ in 0..HALVINGS {
        let q = f64::midpoint(low, high);
        let p = q + margin;
        if m * (p - candidate) * q * (1.0 - q) + n * (q - control) * p * (1.0 - p) < 0.0 {
            low = q;
        } else {
            high = q;
        }
    }
    f64::midpoint(low, high)
}

/// The wealth of all bets.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    allowed: Allowed,
    starts: u32,
    /// Its logarithm, of each.
    wealth: [f64; BETS],
}

impl Evidence {
    /// Against candidates that are within what is allowed; the first start is made.
    pub(crate) fn against(allowed: Allowed) -> Evidence {
        let mut evidence = Evidence { allowed, starts: 0, wealth: [f64::NEG_INFINITY; BETS] };
        evidence.start();
        evidence
    }

    /// What is allowed.
    pub(crate) fn allowed(&self) -> Allowed {
        self.allowed
    }

    /// Stakes a part of what was kept. When is settled by the clock alone.
    pub(crate) fn start(&mut self) {
        let part = (stake(self.starts) / BETS as f64).ln();
        self.wealth.iter_mut().for_each(|wealth| *wealth = ln_sum(*wealth, part));
        self.starts = self.starts.saturating_add(1);
    }

    /// Plays one block, in which each has had a call. `known`: what the control did before. `part`: which part the block's
    /// calls are of those that the margin is meant of, 0 to 1; among them it is so much larger.
    pub(crate) fn play(&mut self, block: Both, known: Tally, part: f64) {
        let control = known.expected();
        let null = Allowed { margin: self.allowed.margin / part, ..self.allowed };
        let allowed = null.beside(control);
        let lowest = (allowed / (1.0 - allowed)).ln();
        if allowed >= 1.0 || lowest >= HIGHEST {
            // Nothing is left to bet on.
            return;
        }
        for (bet, wealth) in self.wealth.iter_mut().enumerate() {
            let part = (bet + 1) as f64 / BETS as f64;
            let log_odds = lowest + (HIGHEST - lowest) * part * part;
            let candidate = 1.0 / (1.0 + (-log_odds).exp());
            *wealth += null.ln_payment(block, candidate, control);
        }
    }

    /// Whether the candidate is not within what is allowed, with this probability of error over all looks.
    pub(crate) fn refutes(&self, error: f64) -> bool {
        self.wealth.into_iter().fold(f64::NEG_INFINITY, ln_sum) >= -error.ln()
    }
}

/// The part of all that start number k has, from 0.
fn stake(start: u32) -> f64 {
    let above = |k: u32| 1.0 / (f64::from(k) + 1.0).log2();
    if start == 0 { 0.75 } else { 0.25 * (above(start) - above(start.saturating_add(1))) }
}

/// ln(e^x + e^y)
fn ln_sum(x: f64, y: f64) -> f64 {
    let (least, most) = (x.min(y), x.max(y));
    if least == f64::NEG_INFINITY { most } else { most + (least - most).exp().ln_1p() }
}

#[cfg(test)]
mod tests;

//! Candidates that show themselves worse than the active version are taken back (`guard.rs` says when). In: a look every
//! second. Out: a version without a share, kept on the shelf; a note and a warning with the figures.

use std::sync::{Arc, Weak};
use std::time::Duration;

use plugin::{Plugin, Split};

use crate::control::Shared;
use crate::guard::{Figures, Guard, LOOK, Margins, Seen, Worse};

/// Who did it, for the history.
const WHO: &str = "guardrail";

/// Looks until the host is gone.
pub(crate) async fn run(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut guard, mut terms) = (Guard::default(), Vec::new());
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        look(&shared, &mut guard, &mut terms);
    }
}

/// `terms`: those of the candidates at the last look.
fn look(shared: &Shared, guard: &mut Guard, terms: &mut Vec<(u32, Arc<Split>)>) {
    let table = shared.plugin.lock().guard;
    let candidates = match table.take_back {
        true => shared.active.candidates(),
        // Nothing to look at: what was counted is forgotten, too.
        false => Vec::new(),
    };
    let Some(active) = shared.active.plugin() else { return };
    let numbers = candidates.iter().map(|(_, version)| version.identity().number);
    let now: Vec<_> = numbers.filter_map(|number| Some((number, shared.active.terms(number)?))).collect();
    for (number, now) in &now {
        // Each split is one of its own, also one that says the same again.
        if terms.iter().any(|(before, then)| before == number && !Arc::ptr_eq(then, now)) {
            guard.begin_anew(*number);
        }
    }
    *terms = now;
    let seen = |version: &Plugin, share| Seen {
        number: version.identity().number,
        share,
        figures: Figures::of(version.stats().snapshot()),
    };
    let candidates: Vec<Seen> =
        candidates.iter().map(|(share, version)| seen(version, share.tenths_of_a_percent())).collect();
    // Shares of matches are none of everybody's: together they may come to more.
    let shared_out: u16 = candidates.iter().map(|candidate| candidate.share).sum();
    let control = seen(&active, plugin::ALL.saturating_sub(shared_out));
    let margins = Margins {
        percent_points: table.margin,
        success_percent_points: table.success_margin,
        slower: Duration::from_millis(table.slower_ms.into()),
        calls: table.minimum_calls.into(),
    };
    for Worse { number, comparison, why } in guard.look(&control, &candidates, margins) {
        match shared.take_back(number, "taken back", WHO, &why) {
            Ok(_) => tracing::warn!(
                role = shared.active.role().name(),
                number,
                %comparison,
                why,
                "a candidate is taken back: it is worse than the active version"
            ),
            // Somebody else was faster.
            Err(error) => tracing::debug!(number, %error, "a candidate is no longer there to be taken back"),
        }
    }
}

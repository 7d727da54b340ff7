//! Which application servers see a request: initial filter criteria, evaluated (TS 29.228 Annex C; TS 23.218 §5.2,
//! §6.4; TS 24.229 §5.4.3).
//!
//! ```text
//!   InitialFilterCriteria ─ compile ─▶ FilterCriteria ─ triggered(request, after) ─▶ the next ones, by priority
//!    (service_profile)                  regular expressions compiled, problems noted
//! ```
//! In: the criteria of a service profile, shared ones among them, and an initial request or REGISTER
//! ([`Request`], `filter_criteria/request.rs`). Out: those that it meets, in order of priority, from a place in the
//! chain on. Not here: what is sent to an application server, and what happens where it does not answer.
//!
//! A pattern that is no regular expression makes its service point trigger one that never holds, negated or not, and is
//! told by [`FilterCriteria::problems`]: a typing error in one line must neither involve a server in every call nor
//! take the whole profile away.

mod condition;
mod request;

pub use request::Request;

use crate::bounds::MAX_FILTER_CRITERIA;
use crate::ere::EreError;
use crate::service_profile::InitialFilterCriteria;
use condition::Condition;

/// The filter criteria of one service profile, ready to be evaluated again and again.
#[derive(Debug, Clone, Default)]
pub struct FilterCriteria {
    criteria: Vec<Compiled>,
    problems: Vec<Problem>,
}

#[derive(Debug, Clone)]
struct Compiled {
    position: Position,
    source: InitialFilterCriteria,
    /// `None`: always.
    condition: Option<Condition>,
}

/// A place in the chain: what was evaluated so far. It keeps its meaning when the profile changes under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    /// The priority of the criteria.
    pub priority: u32,
    /// Which of several of the same priority; the standard wants one, shared sets may bring more.
    pub ordinal: u16,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// Of which criteria.
    pub position: Position,
    /// Which of its service point triggers, from 0 on in the order of the document.
    pub service_point_trigger: usize,
    /// What is wrong with it.
    pub error: EreError,
}

/// Criteria that a request meets.
#[derive(Debug, Clone, Copy)]
pub struct Triggered<'c> {
    /// Where the chain goes on behind it.
    pub position: Position,
    /// The criteria.
    pub criteria: &'c InitialFilterCriteria,
}

impl FilterCriteria {
    /// Sorts by priority and compiles. Criteria of the same priority stay in the order they are given in: a profile's
    /// own before shared ones. What is more than [`MAX_FILTER_CRITERIA`] is left out, the last in order first.
    pub fn compile<'c>(criteria: impl IntoIterator<Item = &'c InitialFilterCriteria>) -> FilterCriteria {
        let mut sorted: Vec<&InitialFilterCriteria> = criteria.into_iter().collect();
        sorted.sort_by_key(|criteria| criteria.priority);
        sorted.truncate(MAX_FILTER_CRITERIA);
        let mut compiled = FilterCriteria::default();
        for source in sorted {
            let before = compiled.criteria.last().map(|last| last.position);
            let ordinal = match before {
                Some(last) if last.priority == source.priority => last.ordinal.saturating_add(1),
                _ => 0,
            };
            let position = Position { priority: source.priority, ordinal };
            let problems = &mut compiled.problems;
            let condition = source.trigger_point.as_ref().map(|trigger| {
                Condition::compile(trigger, |service_point_trigger, error| {
                    problems.push(Problem { position, service_point_trigger, error });
                })
            });
            compiled.criteria.push(Compiled { position, source: source.clone(), condition });
        }
        compiled
    }

    /// Patterns that cannot be used; for whoever provisions them.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many criteria there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.criteria.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.criteria.is_empty()
    }

    /// The criteria that the request meets behind a place in the chain (`None`: from the start on), by priority. Each
    /// is evaluated when it is asked for: an application server may have changed the request in between, so most
    /// callers take one and ask again.
    pub fn triggered<'c, 'r>(
        &'c self,
        request: &'r Request<'r>,
        after: Option<Position>,
    ) -> impl Iterator<Item = Triggered<'c>> + use<'c, 'r> {
        self.criteria
            .iter()
            .filter(move |compiled| after.is_none_or(|after| compiled.position > after))
            .filter(move |compiled| compiled.is_met_by(request))
            .map(|compiled| Triggered { position: compiled.position, criteria: &compiled.source })
    }
}

impl Compiled {
    fn is_met_by(&self, request: &Request<'_>) -> bool {
        self.source.profile_part.is_none_or(|part| part == request.profile_part)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(request))
    }
}

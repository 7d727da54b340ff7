//! A trigger point, compiled (TS 29.228 §B.2.2, Annex C).
//!
//! In: a [`TriggerPoint`]. Out: whether a request meets it.
//!
//! ```text
//!   ConditionTypeCNF 1 (conjunctive)    (a or b) and (b or c)    groups of alternatives, all of which must hold
//!   ConditionTypeCNF 0 (disjunctive)    (a and b) or (b and c)   groups that hold as a whole, one of which is enough
//! ```
//! A service point trigger may stand in several groups. By the same reading a condition without any group holds in the
//! conjunctive form and does not in the other; the schema allows it, no server should write it.

use std::collections::BTreeMap;

use super::request::Request;
use crate::ere::{Ere, EreError, Fit};
use crate::service_profile::{
    ConditionType, RegistrationType, ServicePointTrigger, SessionCase, TriggerPoint, What,
};

#[derive(Debug, Clone)]
pub(super) struct Condition {
    condition_type: ConditionType,
    atoms: Vec<Atom>,
    /// For each group the atoms in it.
    groups: Vec<Vec<usize>>,
}

#[derive(Debug, Clone)]
struct Atom {
    is_negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    RequestUri(Ere),
    Method {
        token: String,
        registration_types: Vec<RegistrationType>,
    },
    Header {
        name: Ere,
        content: Option<Ere>,
    },
    SessionCase(SessionCase),
    Line {
        letter: Ere,
        content: Option<Ere>,
    },
    /// Its pattern cannot be used: it never holds, not even negated.
    Never,
}

impl Condition {
    /// `report` is told of each service point trigger, by its index, whose pattern cannot be used.
    pub(super) fn compile(trigger: &TriggerPoint, mut report: impl FnMut(usize, EreError)) -> Condition {
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut atoms = Vec::with_capacity(trigger.service_point_triggers.len());
        for (index, service_point) in trigger.service_point_triggers.iter().enumerate() {
            let test = Test::compile(service_point).unwrap_or_else(|error| {
                report(index, error);
                Test::Never
            });
            atoms.push(Atom { is_negated: service_point.is_negated, test });
            for group in &service_point.groups {
                groups.entry(*group).or_default().push(index);
            }
        }
        Condition { condition_type: trigger.condition_type, atoms, groups: groups.into_values().collect() }
    }

    pub(super) fn holds(&self, request: &Request<'_>) -> bool {
        let atom = |index: &usize| self.atoms.get(*index).is_some_and(|atom| atom.holds(request));
        let mut groups = self.groups.iter();
        match self.condition_type {
            ConditionType::ConjunctiveNormalForm => groups.all(|group| group.iter().any(atom)),
            ConditionType::DisjunctiveNormalForm => groups.any(|group| group.iter().all(atom)),
        }
    }
}

impl Atom {
    fn holds(&self, request: &Request<'_>) -> bool {
        let holds = match &self.test {
            Test::RequestUri(uri) => uri.matches(request.request_uri),
            Test::Method { token, registration_types } => {
                token.as_bytes() == request.method()
                    && (registration_types.is_empty()
                        || request.registration_type.is_none_or(|kind| registration_types.contains(&kind)))
            }
            Test::Header { name, content } => {
                request.any_header(|found| name.matches(found), |value| fits(content.as_ref(), value))
            }
            Test::SessionCase(case) => *case == request.session_case,
            Test::Line { letter, content } => {
                request.any_line(|found| letter.matches(found), |value| fits(content.as_ref(), value))
            }
            Test::Never => return false,
        };
        holds != self.is_negated
    }
}

/// Without a pattern it is enough that there is something.
fn fits(content: Option<&Ere>, value: &[u8]) -> bool {
    content.is_none_or(|content| content.matches(value))
}

impl Test {
    /// Names of header fields and letters of lines are matched as a whole and in any case: they name one, and `To` must
    /// not be found in `History-Info`. Contents and the Request-URI are searched, as IEEE 1003.1 has it.
    fn compile(trigger: &ServicePointTrigger) -> Result<Test, EreError> {
        let optional = |content: &Option<String>| content.as_deref().map(Ere::new).transpose();
        Ok(match &trigger.what {
            What::RequestUri(uri) => Test::RequestUri(Ere::new(uri)?),
            What::Method(token) => {
                Test::Method { token: token.clone(), registration_types: trigger.registration_types.clone() }
            }
            What::SipHeader { header, content } => {
                Test::Header { name: Ere::fitting(header, Fit::Whole)?, content: optional(content)? }
            }
            What::SessionCase(case) => Test::SessionCase(*case),
            What::SessionDescription { line, content } => {
                Test::Line { letter: Ere::fitting(line, Fit::Whole)?, content: optional(content)? }
            }
        })
    }
}

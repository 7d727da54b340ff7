//! Sets of initial filter criteria that many service profiles have in common, and that an S-CSCF holds itself (TS 29.228
//! §B.2.1; TS 29.229 §7.1.1, SiFC): profiles name them by number.
//!
//! ```text
//!  SharedIFCSets ── SharedIFCSet* ─┬─ SharedIFCSetID
//!                                  └─ InitialFilterCriteria*   as in a profile (Annex E)
//! ```
//! In: the document that an operator writes; profiles. Out: the criteria of a profile with those of its sets. How they are
//! evaluated is `filter_criteria.rs`.

use std::collections::BTreeMap;

use super::parse::{filter_criteria, list, number, required};
use super::{InitialFilterCriteria, ProfileError, ServiceProfile};
use crate::bounds::{MAX_FILTER_CRITERIA, MAX_SHARED_SETS};
use crate::xml;

/// Shared sets by their identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedIfcSets(BTreeMap<u32, Vec<InitialFilterCriteria>>);

impl SharedIfcSets {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not XML, lacks what is needed, holds a value that is none, has an identifier twice, or exceeds a bound.
    pub fn parse(document: &[u8]) -> Result<SharedIfcSets, ProfileError> {
        let root = xml::parse(document)?;
        if root.name != "SharedIFCSets" {
            return Err(ProfileError::Root { expected: "SharedIFCSets", offset: root.offset });
        }
        let sets = list(&root, "SharedIFCSet", "shared sets", MAX_SHARED_SETS, |set| {
            let id = number(required(set, "SharedIFCSetID")?, "SharedIFCSetID")?;
            let what = "initial filter criteria";
            let criteria = list(set, "InitialFilterCriteria", what, MAX_FILTER_CRITERIA, filter_criteria)?;
            Ok((id, criteria, set.offset))
        })?;
        let mut all = BTreeMap::new();
        for (id, criteria, offset) in sets {
            if all.insert(id, criteria).is_some() {
                return Err(ProfileError::Twice { id, offset });
            }
        }
        Ok(SharedIfcSets(all))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A profile's own criteria and then those of its sets, to be sorted by priority; each set once.
    #[must_use]
    pub fn criteria_of<'a>(&'a self, profile: &'a ServiceProfile) -> Vec<&'a InitialFilterCriteria> {
        let named = distinct(profile).into_iter().filter_map(|id| self.0.get(&id));
        profile.initial_filter_criteria.iter().chain(named.flatten()).collect()
    }

    /// The sets that a profile names and nobody knows.
    #[must_use]
    pub fn unknown_to(&self, profile: &ServiceProfile) -> Vec<u32> {
        distinct(profile).into_iter().filter(|id| !self.0.contains_key(id)).collect()
    }
}

fn distinct(profile: &ServiceProfile) -> Vec<u32> {
    let mut ids = Vec::with_capacity(profile.shared_ifc_set_ids.len());
    for id in &profile.shared_ifc_set_ids {
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    ids
}

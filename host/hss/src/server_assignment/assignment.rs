//! The assignment types by which an S-CSCF begins, goes on, or looks something up (TS 29.228 §6.1.2; TS 23.380 §4).
//!
//! ```text
//!   NO_ASSIGNMENT       this S-CSCF is not the one that is assigned     UNABLE_TO_COMPLY
//!   REGISTRATION,       a public service identity                       ERROR_IN_ASSIGNMENT_TYPE
//!   RE_REGISTRATION     another S-CSCF is assigned                      ERROR_IDENTITY_ALREADY_REGISTERED, its name
//!                       else                                            SUCCESS; registered, no longer pending
//!   UNREGISTERED_USER   another S-CSCF is assigned                      ERROR_IDENTITY_ALREADY_REGISTERED, its name
//!                       registered, and the contacts were laid down     ERROR_IN_ASSIGNMENT_TYPE with all of them
//!                       else                                            SUCCESS; served, not registered
//! ```
//! The last but one is an S-CSCF that lost its memory and is called for a user who is registered all the same: if it
//! can restore the registration, it is given what is needed and nothing changes.

use diameter::cx::{ServerAssignmentAnswer, ServerAssignmentType, UserDataAlreadyAvailable};
use diameter::{CxResult, ResultCode};

use super::{Assigned, Case, with};
use crate::answering::{associated, charging, restores};
use crate::record::Place;
use crate::restoration;
use crate::state::{Registration, Server, State};
use crate::user_data;

pub(super) fn none(case: &Case<'_>, answer: ServerAssignmentAnswer) -> Assigned {
    if !case.record.state.is_served_by(&case.request.server_name) {
        return with(answer, ResultCode::UNABLE_TO_COMPLY);
    }
    let Some(place) = case.places.first() else { return with(answer, CxResult::ERROR_USER_UNKNOWN) };
    let state = case.record.state.clone();
    case.to(state, case.with_profile(place, answer))
}

pub(super) fn registration(case: &Case<'_>, answer: ServerAssignmentAnswer) -> Assigned {
    let record = case.record;
    let (Some(place), Some(impi)) = (case.places.first(), &case.impi) else {
        return with(answer, CxResult::ERROR_USER_UNKNOWN);
    };
    if record.identity(place).is_some_and(|identity| identity.kind.is_service()) {
        return with(answer, CxResult::ERROR_IN_ASSIGNMENT_TYPE);
    }
    if let Some(other) = case.other_server() {
        return case.already_registered(other, answer);
    }
    let mut state = record.state.clone();
    let relieved = state.former.take();
    state.server = Some(Server::asking(&case.request.server_name, &case.request.head.origin));
    let set = state.set_mut(&record.key(place));
    set.is_unregistered = false;
    set.pending.remove(impi);
    let is_new = set.registered.insert(impi.clone());
    if is_new || case.request.server_assignment_type == ServerAssignmentType::Registration {
        set.since = record.revision + 1;
    }
    if let Some(info) = &case.request.scscf_restoration_info
        && let Some(text) = restoration::to_text(info)
    {
        set.restoration.insert(impi.clone(), text);
    }
    let mut answer = case.with_profile(place, answer);
    // As it is from now on.
    answer.associated_registered_identities = registered_with(&state, &record.key(place));
    Assigned { relieved, ..case.to(state, answer) }
}

pub(super) fn unregistered(case: &Case<'_>, answer: ServerAssignmentAnswer) -> Assigned {
    let record = case.record;
    let Some(place) = case.places.first() else { return with(answer, CxResult::ERROR_USER_UNKNOWN) };
    if let Some(other) = case.other_server() {
        return case.already_registered(other, answer);
    }
    let key = record.key(place);
    let mut answer = case.with_profile(place, answer);
    if !answer.scscf_restoration_info.is_empty() {
        answer.head.outcome = CxResult::ERROR_IN_ASSIGNMENT_TYPE.into();
        return case.to(record.state.clone(), answer);
    }
    answer.associated_registered_identities = None;
    let mut state = record.state.clone();
    state.server = Some(Server::asking(&case.request.server_name, &case.request.head.origin));
    let set = state.set_mut(&key);
    set.registered.clear();
    set.restoration.clear();
    set.is_unregistered = true;
    case.to(state, answer)
}

impl Case<'_> {
    /// The S-CSCF that is assigned, if it is not the one that asks.
    fn other_server(&self) -> Option<&Server> {
        self.record.state.server.as_ref().filter(|server| !server.is(&self.request.server_name))
    }

    fn already_registered(&self, other: &Server, mut answer: ServerAssignmentAnswer) -> Assigned {
        answer.server_name = Some(other.name.clone());
        with(answer, CxResult::ERROR_IDENTITY_ALREADY_REGISTERED)
    }

    /// Everything about the user that the S-CSCF is told (§6.6).
    fn with_profile(&self, place: &Place, mut answer: ServerAssignmentAnswer) -> ServerAssignmentAnswer {
        let record = self.record;
        let key = record.key(place);
        let is_service = record.identity(place).is_some_and(|identity| identity.kind.is_service());
        let private = match (&self.impi, is_service) {
            (Some(impi), _) => Some(impi.clone()),
            (None, true) => None,
            // Nobody was named: anybody who may register it.
            (None, false) => {
                let mut all = record.subscription.private.iter().map(|private| &private.impi);
                all.find(|impi| record.is_associated(place, impi)).cloned()
            }
        };
        answer.user_name = answer.user_name.or_else(|| private.clone());
        answer.wildcarded_public_identity = record.wildcard(place);
        if self.request.user_data_already_available == UserDataAlreadyAvailable::NotAvailable {
            let private = private.unwrap_or_default();
            answer.user_data = Some(user_data::of_place(record, place, &private));
            answer.charging_information = charging(&record.subscription);
        }
        let all: Vec<String> =
            record.subscription.private.iter().map(|private| private.impi.clone()).collect();
        if all.len() > 1 && !is_service {
            answer.associated_identities = associated(all);
        }
        if record.registration(place) == Registration::Registered {
            answer.associated_registered_identities = registered_with(&record.state, &key);
            let is_wanted = restores(&self.request.head)
                && matches!(
                    self.request.server_assignment_type,
                    ServerAssignmentType::NoAssignment | ServerAssignmentType::UnregisteredUser
                );
            if is_wanted && let Some(set) = record.state.set(&key) {
                let kept = set.restoration.values();
                answer.scscf_restoration_info =
                    kept.filter_map(|text| restoration::from_text(text, &self.terms.reading)).collect();
            }
        }
        answer
    }
}

/// The private identities with which a set is registered, where they are several.
fn registered_with(state: &State, key: &str) -> Option<diameter::cx::AssociatedIdentities> {
    let registered = &state.set(key)?.registered;
    if registered.len() < 2 { None } else { associated(registered.iter().cloned().collect()) }
}

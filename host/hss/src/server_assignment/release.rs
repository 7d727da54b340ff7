//! The assignment types by which an S-CSCF ends something (TS 29.228 §6.1.2).
//!
//! ```text
//!   any of them         no S-CSCF is assigned                          SUCCESS, nothing changes
//!                       another one is assigned                        UNABLE_TO_COMPLY, nothing changes
//!   de-registrations    without User-Name, and it is registered        MISSING_AVP
//!                       registered by other private identities too     SUCCESS; still registered by those
//!                       else                                           SUCCESS; not registered
//!     STORE_SERVER_NAME the S-CSCF stays                               SUCCESS; served, not registered
//!                       it does not                                    SUCCESS_SERVER_NAME_NOT_STORED
//!   not authenticated   registered or served before                    SUCCESS; as before
//!                       else                                           SUCCESS; not registered
//! ```
//! An S-CSCF from which another one is about to take over may still say that a registration ran out; that the other one
//! is assigned then stays. If the authentication fails, the former one has its users back.

use diameter::cx::ServerAssignmentAnswer;
use diameter::dictionary::base::USER_NAME;
use diameter::{CxResult, Failure, ResultCode};

use super::{Assigned, Case, with};
use crate::record::Place;
use crate::state::Registration;

pub(super) fn deregistration(
    case: &Case<'_>,
    answer: ServerAssignmentAnswer,
    wants_to_stay: bool,
) -> Result<Assigned, Failure> {
    let (record, name) = (case.record, &case.request.server_name);
    let not_stored = CxResult::SUCCESS_SERVER_NAME_NOT_STORED;
    let is_former = record.state.was_served_by(name);
    if !record.state.is_served_by(name) && !is_former {
        return Ok(match (&record.state.server, wants_to_stay) {
            (Some(_), _) => with(answer, ResultCode::UNABLE_TO_COMPLY),
            (None, true) => with(answer, not_stored),
            (None, false) => with(answer, ResultCode::SUCCESS),
        });
    }
    let mut state = record.state.clone();
    let stays = wants_to_stay && case.terms.keeps_server_name && !is_former;
    for place in case.sets() {
        if case.impi.is_none() && record.registration(&place) == Registration::Registered {
            return Err(Failure::missing(USER_NAME));
        }
        let set = state.set_mut(&record.key(&place));
        if let Some(impi) = &case.impi {
            set.deregister(impi);
            if !is_former {
                set.pending.remove(impi);
            }
        }
        if set.registered.is_empty() {
            set.is_unregistered = stays;
        }
    }
    let state = state.settled();
    let mut answer = answer;
    if wants_to_stay && !state.is_served_by(name) {
        answer.head.outcome = not_stored.into();
    }
    Ok(case.to(state, answer))
}

pub(super) fn not_authenticated(case: &Case<'_>, answer: ServerAssignmentAnswer) -> Assigned {
    let record = case.record;
    if !record.state.is_served_by(&case.request.server_name) {
        let is_assigned = record.state.server.is_some();
        let outcome = if is_assigned { ResultCode::UNABLE_TO_COMPLY } else { ResultCode::SUCCESS };
        return with(answer, outcome);
    }
    let mut state = record.state.clone();
    if let (Some(place), Some(impi)) = (case.places.first(), &case.impi) {
        state.set_mut(&record.key(place)).pending.remove(impi);
    }
    let is_under_way = state.sets.values().any(|set| !set.pending.is_empty());
    if !is_under_way && let Some(former) = state.former.take() {
        state.server = Some(former);
    }
    case.to(state, answer)
}

impl Case<'_> {
    /// One place in each set that is meant: those of the public identities, or all that the private identity may
    /// register.
    fn sets(&self) -> Vec<Place> {
        match &self.impi {
            Some(impi) if self.places.is_empty() => {
                let sets = self.record.sets_of(impi);
                sets.map(|(set, _)| Place { set, identity: 0, matched: None }).collect()
            }
            _ => self.places.clone(),
        }
    }
}

//! SAR: an S-CSCF serves somebody, or no longer. TS 29.228 §6.1.2, in the order of its steps.
//!
//! ```text
//!   0 what the assignment type needs is not there           MISSING_AVP
//!   1 an identity is unknown                                ERROR_USER_UNKNOWN
//!   2 they do not belong together                           ERROR_IDENTITIES_DONT_MATCH
//!   3 several identities where one is meant                 AVP_OCCURS_TOO_MANY_TIMES
//!   4 a public service identity that is switched off        ERROR_USER_UNKNOWN
//!   5 by assignment type                                    assignment.rs, release.rs
//! ```
//! | type | file | |
//! |---|---|---|
//! | NO_ASSIGNMENT, REGISTRATION, RE_REGISTRATION, UNREGISTERED_USER | `assignment.rs` | the profile is sent |
//! | TIMEOUT_, USER_, ADMINISTRATIVE_DEREGISTRATION, DEREGISTRATION_TOO_MUCH_DATA | `release.rs` | |
//! | TIMEOUT_, USER_DEREGISTRATION_STORE_SERVER_NAME | `release.rs` | |
//! | AUTHENTICATION_FAILURE, AUTHENTICATION_TIMEOUT | `release.rs` | |
//! | AAA_USER_DATA_REQUEST, PGW_UPDATE, RESTORATION | here | ERROR_IN_ASSIGNMENT_TYPE: they are SWx (TS 29.273) |
//!
//! In: the request, whom it is about. Out: the answer, the state to be stored, and the S-CSCF that is to be told that
//! it lost a user.

mod assignment;
mod release;

use diameter::base::Origin;
use diameter::cx::{ServerAssignmentAnswer, ServerAssignmentRequest, ServerAssignmentType};
use diameter::dictionary::base::USER_NAME;
use diameter::dictionary::cx::PUBLIC_IDENTITY;
use diameter::{CxResult, Failure, FailureKind, Message, Outcome, Reading};

use crate::answering::{begin, check_server_name};
use crate::bounds::MAX_REQUESTED_IDENTITIES;
use crate::record::{Parties, Place, Record};
use crate::state::{Server, State};

/// What follows from a request.
pub(crate) struct Assigned {
    pub(crate) answer: ServerAssignmentAnswer,
    /// The state to be stored, where it is another one.
    pub(crate) change: Option<State>,
    /// An S-CSCF that is to get an RTR with NEW_SERVER_ASSIGNED once the state is stored.
    pub(crate) relieved: Option<Server>,
}

/// What does not come with the request.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) origin: &'a Origin,
    /// Whether an S-CSCF may stay assigned that wants to (STORE_SERVER_NAME).
    pub(crate) keeps_server_name: bool,
    /// To read what S-CSCFs laid down.
    pub(crate) reading: Reading<'a>,
}

/// What the assignment types have in common.
struct Case<'a> {
    request: &'a ServerAssignmentRequest,
    record: &'a Record,
    /// Of the request's public identities; or of one identity of each set that is meant.
    places: Vec<Place>,
    /// The private identity in canonical form.
    impi: Option<String>,
    terms: Terms<'a>,
}

/// What is wrong with a request whoever it is about. Checked before anything is looked up.
pub(crate) fn check(request: &ServerAssignmentRequest, message: &Message) -> Result<(), Failure> {
    use ServerAssignmentType as T;
    check_server_name(&request.server_name, message)?;
    let names_user = request.user_name.is_some();
    let identities = request.public_identities.len();
    match request.server_assignment_type {
        T::Registration | T::ReRegistration | T::AuthenticationFailure | T::AuthenticationTimeout
            if !names_user =>
        {
            return Err(Failure::missing(USER_NAME));
        }
        T::TimeoutDeregistration
        | T::UserDeregistration
        | T::TimeoutDeregistrationStoreServerName
        | T::UserDeregistrationStoreServerName
        | T::AdministrativeDeregistration
        | T::DeregistrationTooMuchData
            if names_user => {}
        _ if identities == 0 => return Err(Failure::missing(PUBLIC_IDENTITY)),
        _ => {}
    }
    if identities > MAX_REQUESTED_IDENTITIES {
        return Err(too_many(message, MAX_REQUESTED_IDENTITIES));
    }
    Ok(())
}

/// The answer and what becomes of the subscription. `impi`: User-Name in canonical form.
pub(crate) fn assign(
    request: &ServerAssignmentRequest,
    message: &Message,
    parties: &Parties,
    impi: Option<String>,
    terms: Terms<'_>,
) -> Result<Assigned, Failure> {
    let (head, goes_on) = begin(&request.head, terms.origin);
    let mut answer = ServerAssignmentAnswer::bare(head);
    if !goes_on {
        return Ok(refused(answer));
    }
    let (record, places) = match parties {
        Parties::Unknown => return Ok(with(answer, CxResult::ERROR_USER_UNKNOWN)),
        Parties::Mismatch => return Ok(with(answer, CxResult::ERROR_IDENTITIES_DONT_MATCH)),
        Parties::Found(record, places) => (record, places.clone()),
    };
    use ServerAssignmentType as T;
    let kind = request.server_assignment_type;
    let takes_one = matches!(
        kind,
        T::NoAssignment
            | T::Registration
            | T::ReRegistration
            | T::UnregisteredUser
            | T::AuthenticationFailure
            | T::AuthenticationTimeout
    );
    if takes_one && request.public_identities.len() > 1 {
        return Err(too_many(message, 1));
    }
    if places.iter().any(|place| record.is_inactive(place)) {
        return Ok(with(answer, CxResult::ERROR_USER_UNKNOWN));
    }
    answer.user_name.clone_from(&request.user_name);
    let case = Case { request, record, places, impi, terms };
    match kind {
        T::NoAssignment => Ok(assignment::none(&case, answer)),
        T::Registration | T::ReRegistration => Ok(assignment::registration(&case, answer)),
        T::UnregisteredUser => Ok(assignment::unregistered(&case, answer)),
        T::TimeoutDeregistration
        | T::UserDeregistration
        | T::AdministrativeDeregistration
        | T::DeregistrationTooMuchData => release::deregistration(&case, answer, false),
        T::TimeoutDeregistrationStoreServerName | T::UserDeregistrationStoreServerName => {
            release::deregistration(&case, answer, true)
        }
        T::AuthenticationFailure | T::AuthenticationTimeout => Ok(release::not_authenticated(&case, answer)),
        T::AaaUserDataRequest | T::PgwUpdate | T::Restoration => {
            Ok(with(answer, CxResult::ERROR_IN_ASSIGNMENT_TYPE))
        }
    }
}

/// An answer that says so, and nothing changes.
fn with(mut answer: ServerAssignmentAnswer, outcome: impl Into<Outcome>) -> Assigned {
    answer.head.outcome = outcome.into();
    refused(answer)
}

fn refused(answer: ServerAssignmentAnswer) -> Assigned {
    Assigned { answer, change: None, relieved: None }
}

impl Case<'_> {
    /// The answer with the next state, where it is another one.
    fn to(&self, state: State, answer: ServerAssignmentAnswer) -> Assigned {
        let state = state.settled();
        let change = (state != self.record.state).then_some(state);
        Assigned { answer, change, relieved: None }
    }
}

/// The Public-Identity that is one too many is sent back (RFC 6733 §7.1.5).
fn too_many(message: &Message, allowed: usize) -> Failure {
    let mut identities = message.avps().filter_map(Result::ok).filter(|avp| avp.id == PUBLIC_IDENTITY.id);
    match identities.nth(allowed) {
        Some(avp) => Failure::of_avp(FailureKind::AvpOccursTooManyTimes, &avp),
        None => FailureKind::AvpOccursTooManyTimes.into(),
    }
}

//! UAR: may this identity register, and where? TS 29.228 §6.1.1, in the order of its steps.
//!
//! ```text
//!   1 an identity is unknown                                                ERROR_USER_UNKNOWN
//!   2 they do not belong together                                           ERROR_IDENTITIES_DONT_MATCH
//!   3 barred, and so are all that would be registered with it (no emergency)  AUTHORIZATION_REJECTED
//!   4 REGISTRATION, REGISTRATION_AND_CAPABILITIES (no emergency):
//!       not from the visited network                                        ERROR_ROAMING_NOT_ALLOWED
//!       a public service identity                                           AUTHORIZATION_REJECTED
//!     REGISTRATION_AND_CAPABILITIES                                         SUCCESS, capabilities
//!   5 REGISTRATION: an S-CSCF is assigned to the subscription               SUBSEQUENT_REGISTRATION, its name
//!                   none                                                    FIRST_REGISTRATION, capabilities
//!     DE_REGISTRATION: registered or served                                 SUCCESS, the S-CSCF's name
//!                      neither                                              ERROR_IDENTITY_NOT_REGISTERED
//! ```
//! In: the request, whom it is about. Out: the answer. Nothing changes.

use diameter::base::Origin;
use diameter::cx::{UarFlags, UserAuthorizationAnswer, UserAuthorizationRequest, UserAuthorizationType};
use diameter::{CxResult, Outcome, ResultCode};

use crate::answering::{begin, capabilities};
use crate::record::{Parties, Place, Record};
use crate::state::Registration;
use crate::subscription::Subscription;

/// The answer.
pub(crate) fn answer(
    request: &UserAuthorizationRequest,
    parties: &Parties,
    origin: &Origin,
) -> UserAuthorizationAnswer {
    let (head, goes_on) = begin(&request.head, origin);
    let mut answer = UserAuthorizationAnswer::bare(head);
    if !goes_on {
        return answer;
    }
    answer.head.outcome = match parties {
        Parties::Unknown => CxResult::ERROR_USER_UNKNOWN.into(),
        Parties::Mismatch => CxResult::ERROR_IDENTITIES_DONT_MATCH.into(),
        Parties::Found(record, places) => match places.first() {
            Some(place) => decide(request, record, place, &mut answer),
            None => CxResult::ERROR_USER_UNKNOWN.into(),
        },
    };
    answer
}

fn decide(
    request: &UserAuthorizationRequest,
    record: &Record,
    place: &Place,
    answer: &mut UserAuthorizationAnswer,
) -> Outcome {
    let kind = request.user_authorization_type.unwrap_or(UserAuthorizationType::Registration);
    let flags = request.uar_flags.unwrap_or_default();
    let is_emergency = flags.contains(UarFlags::IMS_EMERGENCY_REGISTRATION);
    if !is_emergency && is_barred(record, place) {
        return ResultCode::AUTHORIZATION_REJECTED.into();
    }
    if !is_emergency && kind != UserAuthorizationType::DeRegistration {
        if !may_roam(&record.subscription, &request.visited_network_identifier) {
            return CxResult::ERROR_ROAMING_NOT_ALLOWED.into();
        }
        if record.identity(place).is_some_and(|identity| identity.kind.is_service()) {
            return ResultCode::AUTHORIZATION_REJECTED.into();
        }
    }
    let server = record.state.server.as_ref().map(|server| server.name.clone());
    match kind {
        UserAuthorizationType::RegistrationAndCapabilities => {
            answer.server_capabilities = capabilities(&record.subscription);
            Outcome::SUCCESS
        }
        UserAuthorizationType::DeRegistration
            if record.registration(place) == Registration::NotRegistered =>
        {
            CxResult::ERROR_IDENTITY_NOT_REGISTERED.into()
        }
        UserAuthorizationType::DeRegistration => {
            answer.server_name = server;
            Outcome::SUCCESS
        }
        UserAuthorizationType::Registration if server.is_some() => {
            answer.server_name = server;
            CxResult::SUBSEQUENT_REGISTRATION.into()
        }
        UserAuthorizationType::Registration => {
            answer.server_capabilities = capabilities(&record.subscription);
            CxResult::FIRST_REGISTRATION.into()
        }
    }
}

/// Whether neither the identity nor any that is registered with it may take part in sessions.
fn is_barred(record: &Record, place: &Place) -> bool {
    record.set(place).is_none_or(|set| set.identities.iter().all(|identity| identity.barred))
}

/// Whether the subscriber may register from this network. Names of networks are domain names: case does not count. A
/// P-CSCF may have left the quotes of P-Visited-Network-ID where they were.
fn may_roam(subscription: &Subscription, visited: &[u8]) -> bool {
    let visited = visited.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(visited);
    let allowed = &subscription.visited_networks;
    allowed.is_empty() || allowed.iter().any(|network| network.as_bytes().eq_ignore_ascii_case(visited))
}

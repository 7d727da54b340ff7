//! LIR: which S-CSCF serves this identity? TS 29.228 §6.1.4, in the order of its steps.
//!
//! ```text
//!   1 unknown                                                   ERROR_USER_UNKNOWN
//!   2 a public service identity that is switched off            ERROR_USER_UNKNOWN
//!     one with an application server of its own, called         SUCCESS, the application server's name
//!   3 not registered, without services in that state            ERROR_IDENTITY_NOT_REGISTERED
//!     the capabilities were asked for                           SUCCESS, capabilities
//!     an S-CSCF is assigned to the subscription                 SUCCESS, its name
//!     none                                                      UNREGISTERED_SERVICE, capabilities
//! ```
//! A request of an application server on the user's behalf (Originating-Request) is treated the same, but goes to the
//! S-CSCF in any case. In: the request, whom it is about. Out: the answer. Nothing changes.

use diameter::base::Origin;
use diameter::cx::{LiaFlags, LocationInfoAnswer, LocationInfoRequest, UserAuthorizationType};
use diameter::{CxResult, Outcome};

use crate::answering::{begin, capabilities};
use crate::record::{Parties, Place, Record};
use crate::state::Registration;

/// The answer.
pub(crate) fn answer(
    request: &LocationInfoRequest,
    parties: &Parties,
    origin: &Origin,
) -> LocationInfoAnswer {
    let (head, goes_on) = begin(&request.head, origin);
    let mut answer = LocationInfoAnswer::bare(head);
    if !goes_on {
        return answer;
    }
    answer.head.outcome = match parties {
        Parties::Found(record, places) => match places.first() {
            Some(place) => decide(request, record, place, &mut answer),
            None => CxResult::ERROR_USER_UNKNOWN.into(),
        },
        Parties::Unknown | Parties::Mismatch => CxResult::ERROR_USER_UNKNOWN.into(),
    };
    answer
}

fn decide(
    request: &LocationInfoRequest,
    record: &Record,
    place: &Place,
    answer: &mut LocationInfoAnswer,
) -> Outcome {
    if record.is_inactive(place) {
        return CxResult::ERROR_USER_UNKNOWN.into();
    }
    let direct = record.identity(place).and_then(|identity| identity.application_server.clone());
    if direct.is_some() && request.originating_request.is_none() {
        answer.wildcarded_public_identity = record.wildcard(place);
        answer.server_name = direct;
        answer.lia_flags = Some(LiaFlags::PSI_DIRECT_ROUTING_INDICATION);
        return Outcome::SUCCESS;
    }
    let registration = record.registration(place);
    if registration == Registration::NotRegistered && !record.serves_unregistered(place) {
        return CxResult::ERROR_IDENTITY_NOT_REGISTERED.into();
    }
    answer.wildcarded_public_identity = record.wildcard(place);
    let wants_capabilities =
        request.user_authorization_type == Some(UserAuthorizationType::RegistrationAndCapabilities);
    match &record.state.server {
        _ if wants_capabilities => {
            answer.server_capabilities = capabilities(&record.subscription);
            Outcome::SUCCESS
        }
        Some(server) => {
            answer.server_name = Some(server.name.clone());
            Outcome::SUCCESS
        }
        None => {
            answer.server_capabilities = capabilities(&record.subscription);
            CxResult::UNREGISTERED_SERVICE.into()
        }
    }
}

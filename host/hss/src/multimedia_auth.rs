//! MAR: what does the user authenticate with? TS 29.228 §6.3; TS 33.203 §6.1 and Annex N.
//!
//! ```text
//!   1 an identity is unknown                           ERROR_USER_UNKNOWN
//!   2 they do not belong together                      ERROR_IDENTITIES_DONT_MATCH
//!     a public service identity                        AUTHORIZATION_REJECTED
//!   3 a scheme that this server or the user has not    ERROR_AUTH_SCHEME_NOT_SUPPORTED
//!     "Unknown", and nothing to authenticate with      UNABLE_TO_COMPLY
//!   4 RAND ‖ AUTS: not 30 bytes                        INVALID_AVP_LENGTH
//!                  beside SIP Digest                   AVP_NOT_ALLOWED
//!                  MAC-S is wrong                      UNABLE_TO_COMPLY, SQN stays
//!   5 else                                             SUCCESS; the S-CSCF is assigned, authentication is pending
//! ```
//! In: the request, whom it is about, keys and SQN. Out: a [`Plan`]: which state to store, where to turn SQN to, how
//! many numbers to take; when that is done and random numbers are drawn, [`Plan::finish`] makes the answer. The vectors
//! are `vectors.rs`.

mod vectors;

use diameter::base::Origin;
use diameter::cx::{MultimediaAuthAnswer, MultimediaAuthRequest};
use diameter::dictionary::cx::{SIP_AUTH_DATA_ITEM, SIP_AUTHENTICATION_SCHEME, SIP_AUTHORIZATION};
use diameter::{CxResult, Failure, FailureKind, Message, Outcome, ResultCode};
use ims::aka::{Milenage, Rand, SequenceGenerator, Sqn};

use crate::answering::{begin, check_server_name};
use crate::bounds::MAX_VECTORS;
use crate::credentials::{AkaKeys, Credentials, DigestKeys};
use crate::record::{Parties, Place, Record};
use crate::state::{Server, State};

/// What a private identity authenticates with, and how far its sequence numbers are.
#[derive(Clone, Default)]
pub(crate) struct Keyring {
    /// The private identity in canonical form.
    pub(crate) impi: String,
    pub(crate) credentials: Credentials,
    pub(crate) sqn: Sqn,
}

/// What follows from a request.
pub(crate) enum Step {
    /// It is refused.
    Refused(MultimediaAuthAnswer),
    /// It is answered once this is done.
    Go(Plan),
}

/// What is to be done before the answer.
pub(crate) struct Plan {
    answer: MultimediaAuthAnswer,
    /// The state to be stored, where it is another one.
    pub(crate) change: Option<State>,
    /// Which private identity.
    pub(crate) impi: String,
    wanted: Wanted,
}

enum Wanted {
    Aka { scheme: &'static str, keys: AkaKeys, count: u32, turn: Option<Turn> },
    Digest(DigestKeys),
}

/// Resynchronisation: the counter is at the one and is to be at the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) from: Sqn,
    pub(crate) to: Sqn,
}

/// A SIP-Authentication-Scheme (TS 29.229 §6.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Aka(&'static str),
    Digest,
    Unknown,
}

impl Scheme {
    const AKA: [&'static str; 3] = ["Digest-AKAv1-MD5", "Digest-AKAv2-MD5", "Digest-AKAv2-SHA-256"];

    fn of(name: &str) -> Option<Scheme> {
        match name {
            "Unknown" => Some(Scheme::Unknown),
            "SIP Digest" => Some(Scheme::Digest),
            name => Scheme::AKA.into_iter().find(|aka| *aka == name).map(Scheme::Aka),
        }
    }
}

/// What the request leads to. `message` is the same request: where an AVP is at fault, it is sent back as it came.
pub(crate) fn plan(
    request: &MultimediaAuthRequest,
    message: &Message,
    parties: &Parties,
    keyring: &Keyring,
    origin: &Origin,
) -> Result<Step, Failure> {
    check_server_name(&request.server_name, message)?;
    let item = &request.sip_auth_data_item;
    let Some(scheme) = item.sip_authentication_scheme.as_deref() else {
        return Err(Failure::missing(SIP_AUTHENTICATION_SCHEME));
    };
    let (head, goes_on) = begin(&request.head, origin);
    let mut answer = MultimediaAuthAnswer::bare(head);
    if !goes_on {
        return Ok(Step::Refused(answer));
    }
    let refused = |mut answer: MultimediaAuthAnswer, outcome: Outcome| {
        answer.head.outcome = outcome;
        Ok(Step::Refused(answer))
    };
    let (record, place) = match parties {
        Parties::Unknown => return refused(answer, CxResult::ERROR_USER_UNKNOWN.into()),
        Parties::Mismatch => return refused(answer, CxResult::ERROR_IDENTITIES_DONT_MATCH.into()),
        Parties::Found(record, places) => match places.first() {
            Some(place) => (record, place),
            None => return refused(answer, CxResult::ERROR_USER_UNKNOWN.into()),
        },
    };
    if record.identity(place).is_some_and(|identity| identity.kind.is_service()) {
        return refused(answer, ResultCode::AUTHORIZATION_REJECTED.into());
    }
    answer.user_name = Some(request.user_name.clone());
    answer.public_identity = Some(request.public_identity.clone());
    let Credentials { aka, digest } = keyring.credentials.clone();
    let unsupported = CxResult::ERROR_AUTH_SCHEME_NOT_SUPPORTED.into();
    let count = request.sip_number_auth_items.clamp(1, MAX_VECTORS);
    let mut wanted = match (Scheme::of(scheme), aka, digest) {
        (Some(Scheme::Aka(scheme)), Some(keys), _) => Wanted::Aka { scheme, keys, count, turn: None },
        (Some(Scheme::Digest), _, Some(keys)) => Wanted::Digest(keys),
        (Some(Scheme::Unknown), Some(keys), _) => {
            Wanted::Aka { scheme: Scheme::AKA[0], keys, count, turn: None }
        }
        (Some(Scheme::Unknown), None, Some(keys)) => Wanted::Digest(keys),
        (Some(Scheme::Unknown), None, None) => return refused(answer, ResultCode::UNABLE_TO_COMPLY.into()),
        (Some(_) | None, _, _) => return refused(answer, unsupported),
    };
    if let Some(rand_and_auts) = &item.sip_authorization {
        let Wanted::Aka { keys, turn, .. } = &mut wanted else {
            return Err(at_fault(message, FailureKind::AvpNotAllowed));
        };
        let bytes: &[u8; 30] = rand_and_auts
            .expose()
            .try_into()
            .map_err(|_| at_fault(message, FailureKind::InvalidAvpLength))?;
        match resynchronisation(keys, bytes, keyring.sqn) {
            Ok(found) => *turn = found,
            Err(_) => return refused(answer, ResultCode::UNABLE_TO_COMPLY.into()),
        }
    }
    let server = Server::asking(&request.server_name, &request.head.origin);
    let state = challenged(record, place, &keyring.impi, server);
    let change = (state != record.state).then_some(state);
    Ok(Step::Go(Plan { answer, change, impi: keyring.impi.clone(), wanted }))
}

impl Plan {
    /// How many sequence numbers are to be taken.
    pub(crate) fn vectors(&self) -> u32 {
        match self.wanted {
            Wanted::Aka { count, .. } => count,
            Wanted::Digest(_) => 0,
        }
    }

    /// Where the counter is to be turned to before.
    pub(crate) fn turn(&self) -> Option<Turn> {
        match self.wanted {
            Wanted::Aka { turn, .. } => turn,
            Wanted::Digest(_) => None,
        }
    }

    /// The answer. `last`: the last of the numbers that were taken; `None`: there were no more. `rands`: as many.
    pub(crate) fn finish(self, last: Option<Sqn>, rands: &[Rand]) -> MultimediaAuthAnswer {
        let Plan { mut answer, wanted, .. } = self;
        let items = match &wanted {
            Wanted::Aka { scheme, keys, .. } => vectors::of_aka(scheme, keys, last, rands),
            Wanted::Digest(keys) => vec![vectors::of_digest(keys)],
        };
        if items.is_empty() {
            // 2^43 vectors were used.
            answer.head.outcome = ResultCode::UNABLE_TO_COMPLY.into();
            return answer;
        }
        answer.sip_number_auth_items = u32::try_from(items.len()).ok();
        answer.sip_auth_data_items = items;
        answer
    }
}

/// Where SQN is to be turned to (TS 33.102 §6.3.5); `None`: the next number is fresh to the ISIM as it is.
fn resynchronisation(
    keys: &AkaKeys,
    rand_and_auts: &[u8; 30],
    sqn: Sqn,
) -> Result<Option<Turn>, ims::aka::AutsError> {
    let (mut rand, mut auts) = ([0; 16], [0; 14]);
    rand.copy_from_slice(&rand_and_auts[..16]);
    auts.copy_from_slice(&rand_and_auts[16..]);
    let milenage = Milenage::new(&keys.k, &keys.opc);
    let sqn_ms = ims::aka::resynchronise(&milenage, &rand, &auts)?;
    let is_turned = SequenceGenerator::after(sqn).resynchronise(sqn_ms);
    Ok(is_turned.then_some(Turn { from: sqn, to: sqn_ms }))
}

/// The S-CSCF is assigned, and the private identity is being authenticated for the place's set. An S-CSCF that loses a
/// user who is registered, or is served, is remembered until it is known how the authentication ends.
fn challenged(record: &Record, place: &Place, impi: &str, server: Server) -> State {
    let mut state = record.state.clone();
    if state.was_served_by(&server.name) {
        state.former = None;
    } else if !state.is_served_by(&server.name) && state.is_in_service() && state.former.is_none() {
        state.former = state.server.take();
    }
    state.server = Some(server);
    state.set_mut(&record.key(place)).pending.insert(impi.to_owned());
    state
}

/// SIP-Authorization is at fault.
fn at_fault(message: &Message, kind: FailureKind) -> Failure {
    let item = message.first(SIP_AUTH_DATA_ITEM.id);
    let authorization = item.as_ref().and_then(|item| item.group().first(SIP_AUTHORIZATION.id));
    match (item, authorization) {
        (Some(item), Some(authorization)) => Failure::of_avp(kind, &authorization).within(&item),
        _ => Failure::of_message(kind),
    }
}

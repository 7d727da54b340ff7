//! The four commands of an HSS: from a message to a message (TS 29.229 §6.1).
//!
//! In: a request. Out: its answer, whatever happens. Faults of the message are RFC 6733 §7's; a database that does not
//! answer in time is DIAMETER_TOO_BUSY, so that the client may ask another server, and one that fails
//! DIAMETER_UNABLE_TO_COMPLY.

use diameter::bounds::MAX_MESSAGE;
use diameter::cx::{
    LocationInfoRequest, MultimediaAuthRequest, ReasonCode, ServerAssignmentRequest, UserAuthorizationRequest,
};
use diameter::{Avps, Command, CommandCode, Failure, FailureKind, Message, refusal};
use ims::aka::Rand;

use super::{Answered, Hss, Named};
use crate::bounds::MAX_TRIES;
use crate::error::StoreError;
use crate::multimedia_auth::{self, Keyring, Step};
use crate::registration_termination::{self as termination, Order};
use crate::server_assignment::{self, Terms};
use crate::subscription::canonical_private;
use crate::{location_info, user_authorization};

/// Why a request has no answer of its own.
enum Trouble {
    /// The message is at fault.
    Refused(Failure),
    /// The database is.
    Store(StoreError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Refused(failure)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

impl Hss {
    /// Answers a request; what is no request of Cx to an HSS is answered DIAMETER_COMMAND_UNSUPPORTED. The answer has
    /// the identifiers of the request.
    pub async fn answer(&self, request: Message) -> Message {
        self.answer_and(request).await.answer
    }

    /// The same, and what is to be told to others beside.
    pub async fn answer_and(&self, request: Message) -> Answered {
        let header = *request.header();
        let answered = match header.command {
            CommandCode::USER_AUTHORIZATION => self.user_authorization(&request).await,
            CommandCode::LOCATION_INFO => self.location_info(&request).await,
            CommandCode::MULTIMEDIA_AUTH => self.multimedia_auth(&request).await,
            CommandCode::SERVER_ASSIGNMENT => self.server_assignment(&request).await,
            _ => Err(Trouble::Refused(FailureKind::CommandUnsupported.into())),
        };
        let Answered { answer, then } = match answered {
            Ok(answered) => answered,
            Err(Trouble::Refused(failure)) => self.refuse(&request, &failure),
            Err(Trouble::Store(StoreError::Overloaded | StoreError::Contended)) => {
                tracing::warn!(command = ?header.command, "the database is too busy");
                self.refuse(&request, &FailureKind::TooBusy.into())
            }
            Err(Trouble::Store(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(command = ?header.command, error, "the database failed");
                self.refuse(&request, &FailureKind::BeyondBounds.into())
            }
        };
        let flags = answer.header().flags;
        Answered { answer: answer.stamped(header.hop_by_hop, header.end_to_end, flags), then }
    }

    fn refuse(&self, request: &Message, failure: &Failure) -> Answered {
        let origin = &self.settings.origin;
        let whole = refusal(request.header(), request.avps(), origin, failure);
        let answer = whole.or_else(|_| refusal(request.header(), Avps::new(&[]), origin, failure));
        Answered { answer: answer.expect("a refusal without the request's AVPs is short"), then: None }
    }

    async fn user_authorization(&self, message: &Message) -> Result<Answered, Trouble> {
        let request = UserAuthorizationRequest::parse(message, &self.reading())?;
        let public = std::slice::from_ref(&request.public_identity);
        let Named { record, impi } = self.record(Some(&request.user_name), public).await?;
        let parties = self.parties(record, impi.as_deref(), public).await?;
        printed(&user_authorization::answer(&request, &parties, &self.settings.origin))
    }

    async fn location_info(&self, message: &Message) -> Result<Answered, Trouble> {
        let request = LocationInfoRequest::parse(message, &self.reading())?;
        let public = std::slice::from_ref(&request.public_identity);
        let Named { mut record, .. } = self.record(None, public).await?;
        if let Some(record) = &mut record {
            self.store.load_profiles(record).await?;
        }
        let parties = self.parties(record, None, public).await?;
        printed(&location_info::answer(&request, &parties, &self.settings.origin))
    }

    async fn multimedia_auth(&self, message: &Message) -> Result<Answered, Trouble> {
        let request = MultimediaAuthRequest::parse(message, &self.reading())?;
        let public = std::slice::from_ref(&request.public_identity);
        let mut lock = None;
        for _ in 0..MAX_TRIES {
            let found = match canonical_private(&request.user_name) {
                Some(impi) => self.store.by_private_with_keys(&impi).await?,
                None => None,
            };
            let (record, keyring) = found.map_or((None, Keyring::default()), |(r, k)| (Some(r), k));
            let before = record.clone();
            let parties = self.parties(record, Some(&keyring.impi), public).await?;
            let plan =
                match multimedia_auth::plan(&request, message, &parties, &keyring, &self.settings.origin)? {
                    Step::Refused(answer) => return printed(&answer),
                    Step::Go(plan) => plan,
                };
            let is_stored = match (&plan.change, &before) {
                (Some(state), Some(record)) => self.store.store_state(record, state).await?,
                _ => true,
            };
            let is_turned = match plan.turn() {
                Some(turn) if is_stored => self.store.turn(&plan.impi, turn).await?,
                _ => true,
            };
            if is_stored && is_turned {
                let count = plan.vectors();
                let last = match count {
                    0 => None,
                    count => self.store.take_numbers(&plan.impi, count).await?,
                };
                let rands: Vec<Rand> = (0..count).map(|_| random()).collect();
                return printed(&plan.finish(last, &rands));
            }
            if lock.is_none()
                && let Some(record) = &before
            {
                lock = self.lock(&record.name).await;
            }
        }
        Err(StoreError::Contended.into())
    }

    async fn server_assignment(&self, message: &Message) -> Result<Answered, Trouble> {
        let request = ServerAssignmentRequest::parse(message, &self.reading())?;
        server_assignment::check(&request, message)?;
        let public = request.public_identities.as_slice();
        let terms = Terms {
            origin: &self.settings.origin,
            keeps_server_name: self.settings.keeps_server_name,
            reading: self.reading(),
        };
        let mut lock = None;
        for _ in 0..MAX_TRIES {
            let Named { mut record, impi } = self.record(request.user_name.as_deref(), public).await?;
            if let Some(record) = &mut record {
                self.store.load_profiles(record).await?;
            }
            let before = record.clone();
            let parties = self.parties(record, impi.as_deref(), public).await?;
            let assigned = server_assignment::assign(&request, message, &parties, impi, terms)?;
            // Nothing is stored of what cannot be answered.
            let answered = printed(&assigned.answer)?;
            let is_stored = match (&assigned.change, &before) {
                (Some(state), Some(record)) => self.store.store_state(record, state).await?,
                _ => true,
            };
            if is_stored {
                let then = match (assigned.relieved, before) {
                    (Some(former), Some(mut record)) => {
                        record.state = assigned.change.unwrap_or(record.state);
                        let reason = ReasonCode::NewServerAssigned;
                        termination::relieve(&record, &former, self.order(reason, None))
                    }
                    _ => None,
                };
                return Ok(Answered { then, ..answered });
            }
            if lock.is_none()
                && let Some(record) = &before
            {
                lock = self.lock(&record.name).await;
            }
        }
        Err(StoreError::Contended.into())
    }

    /// What is the same in every RTR.
    pub(super) fn order(&self, reason: ReasonCode, info: Option<String>) -> Order<'_> {
        Order { origin: &self.settings.origin, session_id: self.session_id(), reason, info }
    }
}

/// The answer of a command, with nothing beside it. One that is longer than a peer takes is none.
fn printed<A: Command>(answer: &A) -> Result<Answered, Trouble> {
    let too_long = || {
        tracing::error!(command = ?A::COMMAND, "the answer would be longer than a peer takes");
        Trouble::Refused(FailureKind::BeyondBounds.into())
    };
    let answer = answer.print().ok().filter(|answer| answer.bytes().len() <= MAX_MESSAGE);
    Ok(Answered { answer: answer.ok_or_else(too_long)?, then: None })
}

/// A challenge that nobody can foresee.
fn random() -> Rand {
    let mut rand = [0; 16];
    getrandom::fill(&mut rand).expect("the operating system gives random bytes");
    rand
}

//! What the network begins: de-registrations and changed profiles, for the S-CSCFs that they concern (TS 29.228 §6.1.3,
//! §6.2).
//!
//! In: an identity and why; later the S-CSCF's answer. Out: requests for the caller to send, each to its destination.

use diameter::cx::{PushProfileAnswer, ReasonCode, RegistrationTerminationAnswer};
use diameter::{Command, Failure, Message};

use super::Hss;
use crate::bounds::MAX_TRIES;
use crate::error::{ManageError, StoreError};
use crate::push_profile::{self, Push, Pushed};
use crate::record::Record;
use crate::registration_termination::{self as termination, Selection, Terminated, Termination, Whom};
use crate::store::Lost;
use crate::subscription::{canonical, canonical_private};

/// An answer to an RTR or a PPR could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It is no answer to such a request.
    #[error("not an answer to what was asked: {0}")]
    Message(Failure),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hss {
    /// Takes a registration back, or what is served although it is not registered. The requests are to be sent; nothing
    /// changes before [`Hss::terminated`] has their answers. None: nothing of it is registered. `info`: for people.
    ///
    /// # Errors
    /// Nobody has the identity, public identities are not all one subscription's, or the database fails.
    pub async fn deregister(
        &self,
        whom: &Whom,
        reason: ReasonCode,
        info: Option<String>,
    ) -> Result<Vec<Termination>, ManageError> {
        let (record, selection) = match whom {
            Whom::Subscription(identity) => (self.known(identity).await?, Selection::All),
            Whom::Private(impi) => {
                let unknown = || ManageError::Unknown { identity: impi.clone() };
                let canonical = canonical_private(impi).ok_or_else(unknown)?;
                let record = self.store.by_private(&canonical).await?.ok_or_else(unknown)?;
                (record, Selection::Private(canonical))
            }
            Whom::Public(identities) => self.select(identities).await?,
        };
        Ok(termination::terminate(&record, &selection, self.order(reason, info)).into_iter().collect())
    }

    /// The sets of public identities, all of one subscription.
    async fn select(&self, identities: &[String]) -> Result<(Record, Selection), ManageError> {
        let mut found: Option<Record> = None;
        let mut keys = Vec::with_capacity(identities.len());
        for identity in identities {
            let unknown = || ManageError::Unknown { identity: identity.clone() };
            let record = match &found {
                Some(record) => record,
                None => {
                    let owner = match canonical(identity) {
                        Some(canonical) => self.store.by_public(&canonical).await?.map(|(record, _)| record),
                        None => self.store.by_wildcard(identity).await?,
                    };
                    found.insert(owner.ok_or_else(unknown)?)
                }
            };
            match self.place(record, identity).await? {
                super::Found::Here(place) => keys.push(record.key(&place)),
                super::Found::Elsewhere | super::Found::Nowhere => return Err(unknown()),
            }
        }
        let nobody = || ManageError::Unknown { identity: String::new() };
        Ok((found.ok_or_else(nobody)?, Selection::Sets(keys)))
    }

    /// Takes the answer to an RTR: the S-CSCF serves them no longer, and the assignment is cleared; or it does not do
    /// what it was told, and nothing changes.
    ///
    /// # Errors
    /// It is no such answer, or the database fails.
    pub async fn terminated(
        &self,
        termination: &Termination,
        answer: &Message,
    ) -> Result<Terminated, AnswerError> {
        let answer =
            RegistrationTerminationAnswer::parse(answer, &self.reading()).map_err(AnswerError::Message)?;
        let outcome = termination::outcome(&answer);
        if outcome != Terminated::Done {
            return Ok(outcome);
        }
        let _lock = self.lock(&termination.subscription).await;
        for _ in 0..MAX_TRIES {
            let Some(record) = self.store.by_name(&termination.subscription).await? else {
                return Ok(outcome);
            };
            let Some(state) = termination::terminated(&record.state, termination, &answer) else {
                return Ok(outcome);
            };
            if self.store.store_state(&record, &state).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Contended.into())
    }

    /// The profile of a subscriber, or a service profile that it names, is another one: the requests for the S-CSCF
    /// that serves the subscriber. None: nobody does.
    ///
    /// # Errors
    /// Nobody has the identity, or the database fails.
    pub async fn changed(&self, identity: &str) -> Result<Vec<Push>, ManageError> {
        let mut record = self.known(identity).await?;
        self.store.load_profiles(&mut record).await?;
        Ok(push_profile::push(&record, &self.settings.origin, || self.session_id()))
    }

    /// Reads the answer to a PPR: whether the S-CSCF has the new profile. Nothing changes here.
    ///
    /// # Errors
    /// It is no such answer.
    pub fn pushed(&self, answer: &Message) -> Result<Pushed, AnswerError> {
        let answer = PushProfileAnswer::parse(answer, &self.reading()).map_err(AnswerError::Message)?;
        Ok(push_profile::outcome(&answer))
    }

    /// The subscription of any identity.
    pub(super) async fn known(&self, identity: &str) -> Result<Record, ManageError> {
        let found = self.store.by_any(identity).await?;
        found.ok_or_else(|| ManageError::Unknown { identity: identity.to_owned() })
    }

    /// What S-CSCFs are to drop, because it is there no longer.
    pub(super) fn terminations(&self, lost: &[Lost]) -> Vec<Termination> {
        let mut all = Vec::new();
        for Lost { before, private, sets } in lost {
            let selections = private.iter().cloned().map(Selection::Private);
            for selection in selections.chain((!sets.is_empty()).then(|| Selection::Sets(sets.clone()))) {
                let order = self.order(ReasonCode::PermanentTermination, None);
                all.extend(termination::terminate(before, &selection, order));
            }
        }
        all
    }
}

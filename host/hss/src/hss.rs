//! The server: a database, and the four commands that it answers.
//!
//! ```text
//!   Message ─▶ typed request ─▶ whom it is about ─▶ decision (one file to a command) ─▶ typed answer ─▶ Message
//!                                 ▲ store.rs               │ another state
//!                                 └──── changed meanwhile ◀┴▶ store.rs
//! ```
//! In: requests, orders of the operator. Out: answers, always; requests to S-CSCFs, for the caller to send. A request
//! that changes something reads, decides and stores; where the subscription was changed in between, it begins anew. In
//! one process those of one subscription then queue.
//!
//! `hss/answer.rs` has the commands, `hss/manage.rs` the operator's calls, `hss/initiate.rs` what goes to S-CSCFs. No
//! sockets are here.

mod answer;
mod initiate;
mod manage;

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::SystemTime;

use diameter::{Dictionary, Message, Reading, SessionIds};

use crate::bounds::LOCKS;
use crate::database::Database;
use crate::error::{OpenError, StoreError};
use crate::record::{Parties, Place, Record};
use crate::registration_termination::Termination;
use crate::settings::Settings;
use crate::store::Store;
use crate::subscription::{canonical, canonical_private};

pub use initiate::AnswerError;
pub use manage::{Imported, Listed, Registered, Secrets, Shown, ShownSet};

/// A home subscriber server.
pub struct Hss {
    store: Store,
    settings: Settings,
    dictionary: Dictionary,
    session_ids: Mutex<SessionIds>,
    locks: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
}

/// An answer, and what follows from the request beside it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// To who asked.
    pub answer: Message,
    /// To an S-CSCF from which another one took over (NEW_SERVER_ASSIGNED). It may be out of order: nothing depends on
    /// its answer.
    pub then: Option<Termination>,
}

impl std::fmt::Debug for Hss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hss").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Hss {
    /// Opens a database, by URL: `sqlite:///var/lib/strowger/hss.db`, `sqlite::memory:`,
    /// `mysql://user:password@host/database`, `postgres://user:password@host/database`. Its tables are made where there
    /// are none.
    ///
    /// # Errors
    /// The URL is none, the database is not there, or its tables are a newer host's.
    pub async fn open(url: &str, settings: Settings) -> Result<Hss, OpenError> {
        let database = Database::open(url, settings.connections, settings.patience).await?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Hss {
            store: Store::new(database),
            session_ids: Mutex::new(SessionIds::new(settings.origin.host.clone(), now.as_secs())),
            dictionary: Dictionary::new(),
            settings,
            locks: (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            hasher: RandomState::new(),
        })
    }

    /// Ends every connection to the database, when what is under way is done.
    pub async fn close(self) {
        self.store.close().await;
    }

    fn reading(&self) -> Reading<'_> {
        Reading::new(&self.dictionary)
    }

    fn session_id(&self) -> String {
        // A number counted up: whoever panicked in between did it no harm.
        self.session_ids.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next_id()
    }

    /// The lock of a subscription, which it may share with others.
    async fn lock(&self, name: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let place = self.hasher.hash_one(name) as usize % self.locks.len().max(1);
        match self.locks.get(place) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }

    /// Whom a request is about, by a private identity (in canonical form) or without one by the first public identity.
    async fn parties(
        &self,
        record: Option<Record>,
        impi: Option<&str>,
        public: &[String],
    ) -> Result<Parties, StoreError> {
        let Some(record) = record else { return Ok(Parties::Unknown) };
        let mut places = Vec::with_capacity(public.len());
        let mut is_mismatch = false;
        for identity in public {
            match self.place(&record, identity).await? {
                Found::Nowhere => return Ok(Parties::Unknown),
                Found::Elsewhere => is_mismatch = true,
                Found::Here(place) => {
                    let may = impi.is_none_or(|impi| record.is_associated(&place, impi));
                    is_mismatch |= !may;
                    places.push(place);
                }
            }
        }
        Ok(if is_mismatch { Parties::Mismatch } else { Parties::Found(record, places) })
    }

    /// Where a request's public identity is.
    async fn place(&self, record: &Record, identity: &str) -> Result<Found, StoreError> {
        let canonical = canonical(identity);
        let by_itself = canonical.as_deref().and_then(|canonical| record.place(canonical));
        // Or it is a wildcarded identity as it was written down.
        if let Some(place) = by_itself.or_else(|| record.place(identity)) {
            return Ok(Found::Here(place));
        }
        let owner = match &canonical {
            Some(canonical) => self.store.owner(canonical).await?,
            None => None,
        };
        let Some(owner) = owner else {
            let is_anybodys = self.store.by_wildcard(identity).await?.is_some();
            return Ok(if is_anybodys { Found::Elsewhere } else { Found::Nowhere });
        };
        if owner.subscription != record.name {
            return Ok(Found::Elsewhere);
        }
        let place = match (owner.wildcard, canonical) {
            (Some(wildcard), Some(canonical)) => record.place_by_wildcard(&wildcard, canonical),
            _ => None,
        };
        // What the database says is the subscription's and is not in it was written in between.
        Ok(place.map_or(Found::Nowhere, Found::Here))
    }

    /// The record of a request that names somebody, or only a public identity.
    async fn record(&self, user_name: Option<&str>, public: &[String]) -> Result<Named, StoreError> {
        if let Some(user_name) = user_name {
            let Some(impi) = canonical_private(user_name) else { return Ok(Named::default()) };
            let record = self.store.by_private(&impi).await?;
            return Ok(Named { record, impi: Some(impi) });
        }
        let Some(first) = public.first() else { return Ok(Named::default()) };
        let found = match canonical(first) {
            Some(identity) => self.store.by_public(&identity).await?.map(|(record, _)| record),
            None => None,
        };
        let record = match found {
            Some(record) => Some(record),
            None => self.store.by_wildcard(first).await?,
        };
        Ok(Named { record, impi: None })
    }
}

/// A record by the name that a request gives.
#[derive(Default)]
struct Named {
    record: Option<Record>,
    /// The private identity in canonical form.
    impi: Option<String>,
}

/// Where an identity is, as seen from a record.
enum Found {
    Nowhere,
    Elsewhere,
    Here(Place),
}

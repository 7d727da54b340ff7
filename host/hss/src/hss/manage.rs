//! What an operator does: subscribers and profiles, written, read and removed.
//!
//! In: [`Subscriber`]s, [`Profile`]s, documents of both. Out: what was done, what there is, and what S-CSCFs are to be
//! told of it. Keys come out only where they are asked for.

use diameter::cx::ReasonCode;
use ims::aka::Sqn;
use serde::Serialize;

use super::Hss;
use crate::bounds::{MAX_PAGE, MAX_TRIES};
use crate::document::Document;
use crate::error::{ManageError, StoreError};
use crate::profile::Profile;
use crate::record::Record;
use crate::registration_termination::{Selection, Termination, terminate};
use crate::state::Registration;
use crate::store::{Mode, Provisioned, repeated};
use crate::subscriber::{self, Keys, Resolved, SqnText, Subscriber};
use crate::subscription::{canonical_private, set_key};

/// What a document, or an update, did. Its `Debug` says how much.
#[derive(Clone, Default)]
pub struct Imported {
    /// Subscribers that are new, by name: the first private identity, or where there is none the first public one.
    pub added: Vec<String>,
    /// Subscribers that were there, by name. [`Hss::changed`] has the requests for those who are registered.
    pub updated: Vec<String>,
    /// Profiles that were written, by name. [`Hss::users_of_profile`] says whose they are.
    pub profiles: Vec<String>,
    /// What S-CSCFs are to drop, because it is there no longer.
    pub terminations: Vec<Termination>,
}

impl std::fmt::Debug for Imported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Imported { added, updated, profiles, terminations } = self;
        let (added, updated, profiles) = (added.len(), updated.len(), profiles.len());
        write!(f, "Imported({added} added, {updated} updated, {profiles} profiles, {terminations:?})")
    }
}

/// Whether keys and passwords' hashes are to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are not.
    Hidden,
    /// They are.
    Shown,
}

/// A subscriber and what has become of it. Printed by serde.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// As somebody would have written it down, with nothing left to derive.
    pub subscriber: Subscriber,
    /// The last sequence number of each private identity, in their order.
    pub sqn: Vec<SqnText>,
    /// The S-CSCF that is assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The implicit registration sets, in their order.
    pub sets: Vec<ShownSet>,
}

/// The state of an implicit registration set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownSet {
    /// Its default identity.
    pub identity: String,
    /// Whether it is registered.
    pub state: Registered,
    /// The private identities with which it is.
    pub registered_with: Vec<String>,
    /// The private identities that were challenged and have not answered.
    pub pending: Vec<String>,
}

/// Whether something is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registered {
    /// It is not, and no S-CSCF serves it.
    NotRegistered,
    /// It is not, and an S-CSCF serves it.
    Unregistered,
    /// It is.
    Registered,
}

impl From<Registration> for Registered {
    fn from(registration: Registration) -> Registered {
        match registration {
            Registration::NotRegistered => Registered::NotRegistered,
            Registration::Unregistered => Registered::Unregistered,
            Registration::Registered => Registered::Registered,
        }
    }
}

/// A line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The first private identity, or where there is none the first public one.
    pub name: String,
    /// How many private identities there are.
    pub private: usize,
    /// How many public ones.
    pub public: usize,
    /// The S-CSCF that is assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The most that any of its sets is.
    pub state: Registered,
}

impl Hss {
    /// Reads a document of subscribers and profiles and writes all of it, or nothing. Those who are there are updated.
    ///
    /// # Errors
    /// The document or an entry of it is wrong, an identity is somebody else's, a profile is not there, or the database
    /// fails.
    pub async fn import(&self, toml: &str) -> Result<Imported, ManageError> {
        let Document { subscribers, profiles } = Document::parse(toml)?;
        for profile in &profiles {
            profile.to_service_profile()?;
        }
        self.provision(&profiles, &subscribers, Mode::AddOrUpdate).await
    }

    /// Adds a subscriber. Its name.
    ///
    /// # Errors
    /// It is wrong, an identity is somebody's already, a profile is not there, or the database fails.
    pub async fn add(&self, subscriber: &Subscriber) -> Result<String, ManageError> {
        let done = self.provision(&[], std::slice::from_ref(subscriber), Mode::Add).await?;
        Ok(done.added.into_iter().next().unwrap_or_default())
    }

    /// Writes a subscriber anew who has one of these private identities, or where there are none one of the public
    /// ones. Keys of which nothing is said stay. Who is registered stays registered; [`Hss::changed`] has the requests
    /// that say so.
    ///
    /// # Errors
    /// It is wrong, nobody is it, an identity is somebody else's, a profile is not there, or the database fails.
    pub async fn update(&self, subscriber: &Subscriber) -> Result<Imported, ManageError> {
        self.provision(&[], std::slice::from_ref(subscriber), Mode::Update).await
    }

    /// Removes the subscriber who has this identity. The requests tell the S-CSCF; nothing is left here that their
    /// answers could change.
    ///
    /// # Errors
    /// Nobody has it, or the database fails.
    pub async fn remove(&self, identity: &str) -> Result<Vec<Termination>, ManageError> {
        for _ in 0..MAX_TRIES {
            let record = self.known(identity).await?;
            if self.store.remove(&record).await? {
                let order = self.order(ReasonCode::PermanentTermination, None);
                return Ok(terminate(&record, &Selection::All, order).into_iter().collect());
            }
        }
        Err(StoreError::Contended.into())
    }

    /// The subscriber who has this identity, private or public.
    ///
    /// # Errors
    /// Nobody has it, or the database fails.
    pub async fn show(&self, identity: &str, secrets: Secrets) -> Result<Shown, ManageError> {
        let record = self.known(identity).await?;
        let mut keys = Vec::with_capacity(record.subscription.private.len());
        for private in &record.subscription.private {
            let keyring = self.store.keys(&private.impi).await?.unwrap_or_default();
            keys.push(Keys { credentials: keyring.credentials, sqn: keyring.sqn });
        }
        let visible = if secrets == Secrets::Shown { keys.as_slice() } else { &[] };
        Ok(Shown {
            subscriber: subscriber::show(&record.subscription, visible),
            sqn: keys.iter().map(|keys| SqnText(keys.sqn)).collect(),
            server: record.state.server.as_ref().map(|server| server.name.clone()),
            sets: record.subscription.sets.iter().map(|set| shown_set(&record, &set_key(set))).collect(),
        })
    }

    /// Sets the sequence number of the last vector of a private identity, as for an ISIM that was used elsewhere.
    ///
    /// # Errors
    /// Nobody has it, or the database fails.
    pub async fn set_sqn(&self, impi: &str, sqn: Sqn) -> Result<(), ManageError> {
        let known = match canonical_private(impi) {
            Some(canonical) => self.store.set_number(&canonical, sqn).await?,
            None => false,
        };
        if known { Ok(()) } else { Err(ManageError::Unknown { identity: impi.to_owned() }) }
    }

    /// At most [`MAX_PAGE`] subscribers behind this name, in the order of their names; begin with an empty one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list(&self, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let page = self.store.page(after, most.min(MAX_PAGE)).await?;
        Ok(page.iter().map(listed).collect())
    }

    /// Writes a profile, in the place of the one of the same name.
    ///
    /// # Errors
    /// It is wrong, or the database fails.
    pub async fn put_profile(&self, profile: &Profile) -> Result<(), ManageError> {
        profile.to_service_profile()?;
        self.provision(std::slice::from_ref(profile), &[], Mode::AddOrUpdate).await.map(drop)
    }

    /// A profile. `None`: there is none of this name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn profile(&self, name: &str) -> Result<Option<Profile>, StoreError> {
        self.store.profile(name).await
    }

    /// The names of all profiles.
    ///
    /// # Errors
    /// The database fails.
    pub async fn profiles(&self) -> Result<Vec<String>, StoreError> {
        self.store.profiles().await
    }

    /// The names of at most [`MAX_PAGE`] subscribers behind this name who have the profile; begin with an empty one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn users_of_profile(&self, profile: &str, after: &str) -> Result<Vec<String>, StoreError> {
        self.store.users(profile, after, MAX_PAGE).await
    }

    /// Removes a profile that nobody has. False: there is none of this name.
    ///
    /// # Errors
    /// Somebody has it, or the database fails.
    pub async fn remove_profile(&self, name: &str) -> Result<bool, ManageError> {
        match self.store.users(name, "", 1).await?.into_iter().next() {
            Some(subscriber) => Err(ManageError::InUse { profile: name.to_owned(), subscriber }),
            None => Ok(self.store.remove_profile(name).await?),
        }
    }

    async fn provision(
        &self,
        profiles: &[Profile],
        subscribers: &[Subscriber],
        mode: Mode,
    ) -> Result<Imported, ManageError> {
        let places = (1..).map(|place: usize| place.to_string());
        let each = subscribers.iter().zip(places).map(|(entry, place)| subscriber::resolve(entry, &place));
        let resolved = each.collect::<Result<Vec<Resolved>, _>>()?;
        if let Some(identity) = repeated(&resolved) {
            return Err(ManageError::Taken { identity });
        }
        let mut tries = 0;
        let Provisioned { added, updated, lost } = loop {
            match self.store.provision(profiles, &resolved, mode).await {
                Err(ManageError::Changed) if tries < MAX_TRIES => tries += 1,
                done => break done?,
            }
        };
        Ok(Imported {
            added,
            updated,
            profiles: profiles.iter().map(|profile| profile.name.clone()).collect(),
            terminations: self.terminations(&lost),
        })
    }
}

fn shown_set(record: &Record, key: &str) -> ShownSet {
    let set = record.state.set(key);
    let list = |of: Option<&std::collections::BTreeSet<String>>| of.into_iter().flatten().cloned().collect();
    ShownSet {
        identity: key.to_owned(),
        state: record.state.registration(key).into(),
        registered_with: list(set.map(|set| &set.registered)),
        pending: list(set.map(|set| &set.pending)),
    }
}

fn listed(record: &Record) -> Listed {
    let sets = || record.state.sets.values().map(crate::state::SetState::registration);
    let state = match () {
        () if sets().any(|state| state == Registration::Registered) => Registered::Registered,
        () if record.state.is_in_service() => Registered::Unregistered,
        () => Registered::NotRegistered,
    };
    Listed {
        name: record.name.clone(),
        private: record.subscription.private.len(),
        public: record.subscription.sets.iter().map(|set| set.identities.len()).sum(),
        server: record.state.server.as_ref().map(|server| server.name.clone()),
        state,
    }
}

//! Subscribers and profiles, written (and listed, and removed): each call in one transaction.
//!
//! In: what was resolved. Out: what was done, and what S-CSCFs have that is there no longer. A subscriber is the one
//! that has any of the private identities, or where there are none any of the public ones. Its sequence numbers stay
//! where they are unless its keys change; its registrations stay as `state/carry.rs` has it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Store, number, server_of, state_text, texts};
use crate::credentials::Credentials;
use crate::database::{Change, Value, is_taken};
use crate::error::{ManageError, StoreError};
use crate::profile::Profile;
use crate::record::Record;
use crate::state::{State, carry};
use crate::subscriber::{Resolved, ResolvedDevice};
use crate::subscription::{PublicKey, Subscription};

const INSERT_SUBSCRIPTION: &str =
    "INSERT INTO hss_subscription (name, document, state, server, revision) VALUES (?, ?, ?, ?, 1)";
const UPDATE_SUBSCRIPTION: &str =
    "UPDATE hss_subscription SET name = ?, document = ?, state = ?, server = ?, revision = revision + 1
    WHERE name = ? AND revision = ?";
const DELETE_SUBSCRIPTION: &str = "DELETE FROM hss_subscription WHERE name = ? AND revision = ?";
const INSERT_PRIVATE: &str =
    "INSERT INTO hss_private (identity, subscription, credentials, sqn) VALUES (?, ?, ?, ?)";
const MOVE_PRIVATE: &str = "UPDATE hss_private SET subscription = ? WHERE identity = ?";
const UPDATE_CREDENTIALS: &str =
    "UPDATE hss_private SET subscription = ?, credentials = ? WHERE identity = ?";
const UPDATE_KEYS: &str =
    "UPDATE hss_private SET subscription = ?, credentials = ?, sqn = ? WHERE identity = ?";
const DELETE_PRIVATE: &str = "DELETE FROM hss_private WHERE identity = ?";
const INSERT_PUBLIC: &str = "INSERT INTO hss_public (identity, subscription) VALUES (?, ?)";
const DELETE_PUBLIC: &str = "DELETE FROM hss_public WHERE identity = ?";
const INSERT_WILDCARD: &str = "INSERT INTO hss_wildcard (identity, beginning, subscription) VALUES (?, ?, ?)";
const DELETE_WILDCARD: &str = "DELETE FROM hss_wildcard WHERE identity = ?";
const INSERT_USE: &str = "INSERT INTO hss_profile_use (subscription, profile) VALUES (?, ?)";
const DELETE_USES: &str = "DELETE FROM hss_profile_use WHERE subscription = ?";
const INSERT_PROFILE: &str = "INSERT INTO hss_profile (name, document) VALUES (?, ?)";
const DELETE_PROFILE: &str = "DELETE FROM hss_profile WHERE name = ?";
const PROFILE: &str = "SELECT document FROM hss_profile WHERE name = ?";
const ALL_PROFILES: &str = "SELECT name FROM hss_profile ORDER BY name";
const USERS: &str = "SELECT subscription FROM hss_profile_use
    WHERE profile = ? AND subscription > ? ORDER BY subscription LIMIT ?";
const PAGE: &str = "SELECT name, revision, document, state FROM hss_subscription
    WHERE name > ? ORDER BY name LIMIT ?";

/// What may be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    Add,
    /// The subscriber must be.
    Update,
    /// Either.
    AddOrUpdate,
}

/// What was written.
#[derive(Default)]
pub(crate) struct Provisioned {
    /// Names of subscriptions that are new.
    pub(crate) added: Vec<String>,
    /// Names of those that were there.
    pub(crate) updated: Vec<String>,
    /// What S-CSCFs have that is there no longer.
    pub(crate) lost: Vec<Lost>,
}

/// A subscription as it was, and what of it is gone.
pub(crate) struct Lost {
    pub(crate) before: Record,
    /// Private identities.
    pub(crate) private: Vec<String>,
    /// Keys of sets.
    pub(crate) sets: Vec<String>,
}

impl Store {
    /// Writes profiles and subscribers: all or nothing.
    pub(crate) async fn provision(
        &self,
        profiles: &[Profile],
        subscribers: &[Resolved],
        mode: Mode,
    ) -> Result<Provisioned, ManageError> {
        let mut changes: Vec<Change> = Vec::new();
        for profile in profiles {
            changes.push(change(DELETE_PROFILE, texts([&profile.name])));
            changes.push(change(INSERT_PROFILE, texts([&profile.name, &document_of(profile)?])));
        }
        let mut known: BTreeSet<String> = profiles.iter().map(|profile| profile.name.clone()).collect();
        let mut done = Provisioned::default();
        for subscriber in subscribers {
            for name in subscriber.subscription.profiles() {
                if !known.contains(name) && self.profile(name).await?.is_none() {
                    let subscriber = subscriber.name.clone();
                    return Err(ManageError::NoProfile { subscriber, profile: name.to_owned() });
                }
                known.insert(name.to_owned());
            }
            match (self.existing(subscriber).await?, mode) {
                (Some(_), Mode::Add) => {
                    return Err(ManageError::Taken { identity: subscriber.name.clone() });
                }
                (None, Mode::Update) => {
                    return Err(ManageError::Unknown { identity: subscriber.name.clone() });
                }
                (Some(before), _) => {
                    self.update(subscriber, before, &mut changes, &mut done).await?;
                }
                (None, _) => add(subscriber, &mut changes, &mut done)?,
            }
        }
        match self.database.change_all(&changes).await {
            Ok(true) => Ok(done),
            // The revision was another one, or somebody took a name between our looking and our writing.
            Ok(false) => Err(ManageError::Changed),
            Err(error) if is_taken(&error) => Err(ManageError::Changed),
            Err(error) => Err(StoreError::from(error).into()),
        }
    }

    /// The one subscription that a subscriber is, if it is there. Everything else that it names must be nobody's.
    async fn existing(&self, subscriber: &Resolved) -> Result<Option<Record>, ManageError> {
        let mut found: Option<Record> = None;
        for device in &subscriber.devices {
            if let Some(record) = self.by_private(&device.impi).await? {
                match &found {
                    Some(other) if other.name != record.name => {
                        return Err(ManageError::Taken { identity: device.impi.clone() });
                    }
                    _ => found = Some(record),
                }
            }
        }
        for key in subscriber.subscription.public_keys() {
            let record = match &key {
                PublicKey::Distinct(text) => self.by_public_itself(text).await?,
                PublicKey::Wildcarded { text, .. } => self.by_wildcard(text).await?,
            };
            match (&found, record) {
                (_, None) => {}
                (Some(known), Some(record)) if known.name == record.name => {}
                (None, Some(record)) if subscriber.devices.is_empty() => found = Some(record),
                _ => return Err(ManageError::Taken { identity: key.text().to_owned() }),
            }
        }
        Ok(found)
    }

    async fn by_public_itself(&self, identity: &str) -> Result<Option<Record>, StoreError> {
        self.record(super::BY_PUBLIC, identity).await
    }

    async fn update(
        &self,
        subscriber: &Resolved,
        mut before: Record,
        changes: &mut Vec<Change>,
        done: &mut Provisioned,
    ) -> Result<(), ManageError> {
        let Resolved { name, subscription, devices } = subscriber;
        let carried = carry(&before.subscription, &before.state, subscription);
        changes.push(Change {
            sql: UPDATE_SUBSCRIPTION,
            values: vec![
                name.as_str().into(),
                document_of(subscription)?.as_str().into(),
                state_text(&carried.state)?.as_str().into(),
                server_of(&carried.state).into(),
                before.name.as_str().into(),
                before.revision.into(),
            ],
            must_hit: true,
        });
        delete_public(&before, changes);
        for impi in &carried.lost_private {
            changes.push(change(DELETE_PRIVATE, texts([impi])));
        }
        for device in devices {
            changes.push(self.device(device, name, &before).await?);
        }
        insert_public(subscription, name, changes);
        done.updated.push(name.clone());
        if before.state.is_in_service() && !(carried.lost_private.is_empty() && carried.lost_sets.is_empty())
        {
            self.load_profiles(&mut before).await?;
            done.lost.push(Lost { before, private: carried.lost_private, sets: carried.lost_sets });
        }
        Ok(())
    }

    /// A private identity of a subscription that was there: its counter goes on, unless its keys are others.
    async fn device(
        &self,
        device: &ResolvedDevice,
        name: &str,
        before: &Record,
    ) -> Result<Change, ManageError> {
        let is_known = before.subscription.private.iter().any(|private| private.impi == device.impi);
        let keys = if is_known { self.keys(&device.impi).await? } else { None };
        Ok(match (keys, &device.credentials) {
            (None, _) => insert_private(device, name),
            (Some(_), None) => change(MOVE_PRIVATE, texts([name, &device.impi])),
            (Some(keys), Some(credentials)) if keys.credentials.aka == credentials.aka => {
                change(UPDATE_CREDENTIALS, texts([name, &credentials.to_text(), &device.impi]))
            }
            (Some(_), Some(credentials)) => change(
                UPDATE_KEYS,
                vec![
                    name.into(),
                    credentials.to_text().as_str().into(),
                    device.sqn.map_or(0, number).into(),
                    device.impi.as_str().into(),
                ],
            ),
        })
    }

    /// Removes a subscription. False: somebody else changed it since it was read.
    pub(crate) async fn remove(&self, record: &Record) -> Result<bool, StoreError> {
        let mut changes = vec![Change {
            sql: DELETE_SUBSCRIPTION,
            values: vec![record.name.as_str().into(), record.revision.into()],
            must_hit: true,
        }];
        delete_public(record, &mut changes);
        let private = record.subscription.private.iter();
        changes.extend(private.map(|private| change(DELETE_PRIVATE, texts([&private.impi]))));
        Ok(self.database.change_all(&changes).await?)
    }

    /// A profile by its name.
    pub(crate) async fn profile(&self, name: &str) -> Result<Option<Profile>, StoreError> {
        let row = self.database.row(PROFILE, &[name.into()]).await?;
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|_| StoreError::Damaged { table: "hss_profile" })
        };
        row.map(|row| read(row.text(0)?)).transpose()
    }

    /// The names of all profiles.
    pub(crate) async fn profiles(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.database.rows(ALL_PROFILES, &[]).await?;
        rows.iter().map(|row| Ok(row.text(0)?)).collect()
    }

    /// Removes a profile. False: there is none.
    pub(crate) async fn remove_profile(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.database.run(DELETE_PROFILE, &[name.into()]).await? > 0)
    }

    /// The names of subscriptions that use a profile, behind this one, by name.
    pub(crate) async fn users(
        &self,
        profile: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let values = [profile.into(), after.into(), (most as i64).into()];
        let rows = self.database.rows(USERS, &values).await?;
        rows.iter().map(|row| Ok(row.text(0)?)).collect()
    }

    /// Subscriptions behind this one, by name.
    pub(crate) async fn page(&self, after: &str, most: usize) -> Result<Vec<Record>, StoreError> {
        let rows = self.database.rows(PAGE, &[after.into(), (most as i64).into()]).await?;
        rows.iter().map(super::record).collect()
    }
}

fn add(subscriber: &Resolved, changes: &mut Vec<Change>, done: &mut Provisioned) -> Result<(), ManageError> {
    let Resolved { name, subscription, devices } = subscriber;
    let document = document_of(subscription)?;
    let state = state_text(&State::default())?;
    changes.push(change(INSERT_SUBSCRIPTION, texts([name, &document, &state, ""])));
    changes.extend(devices.iter().map(|device| insert_private(device, name)));
    insert_public(subscription, name, changes);
    done.added.push(name.clone());
    Ok(())
}

fn insert_private(device: &ResolvedDevice, name: &str) -> Change {
    let credentials =
        device.credentials.as_ref().map_or_else(|| Credentials::default().to_text(), Credentials::to_text);
    let sqn: Value = device.sqn.map_or(0, number).into();
    change(INSERT_PRIVATE, vec![device.impi.as_str().into(), name.into(), credentials.as_str().into(), sqn])
}

fn insert_public(subscription: &Subscription, name: &str, changes: &mut Vec<Change>) {
    changes.extend(subscription.public_keys().map(|key| match &key {
        PublicKey::Distinct(text) => change(INSERT_PUBLIC, texts([text, name])),
        PublicKey::Wildcarded { text, prefix } => change(INSERT_WILDCARD, texts([text, prefix, name])),
    }));
    changes.extend(
        subscription.profiles().into_iter().map(|profile| change(INSERT_USE, texts([name, profile]))),
    );
}

fn delete_public(record: &Record, changes: &mut Vec<Change>) {
    changes.extend(record.subscription.public_keys().map(|key| match &key {
        PublicKey::Distinct(text) => change(DELETE_PUBLIC, texts([text])),
        PublicKey::Wildcarded { text, .. } => change(DELETE_WILDCARD, texts([text])),
    }));
    changes.push(change(DELETE_USES, texts([&record.name])));
}

fn change(sql: &'static str, values: Vec<Value>) -> Change {
    Change { sql, values, must_hit: false }
}

fn document_of(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Damaged { table: "hss_subscription" })
}

/// Identities that two subscribers of one document both have.
pub(crate) fn repeated(subscribers: &[Resolved]) -> Option<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (place, subscriber) in subscribers.iter().enumerate() {
        let private = subscriber.devices.iter().map(|device| device.impi.clone());
        let public = subscriber.subscription.public_keys().map(|key| key.text().to_owned());
        for identity in private.chain(public) {
            match seen.get(&identity) {
                Some(other) if *other != place => return Some(identity),
                _ => _ = seen.insert(identity, place),
            }
        }
    }
    None
}

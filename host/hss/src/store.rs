//! Our rows: subscriptions by their identities, states, sequence numbers, profiles.
//!
//! ```text
//!   hss_private ──┐                       hss_profile_use ─── hss_profile
//!   hss_public ───┼── hss_subscription ───┘
//!   hss_wildcard ─┘   name, document (what was provisioned), state (what became of it), revision
//! ```
//! In: identities in canonical form. Out: [`Record`]s, and whether a change was stored. A state is stored only if the
//! subscription is still at the revision that was read; so any number of processes may share the database, and nobody's
//! change is lost. Who provisions is in `provision.rs`.

mod provision;

use std::collections::BTreeMap;

use ims::aka::Sqn;
use ims::service_profile::ServiceProfile;
use zeroize::Zeroizing;

use crate::bounds::MAX_WILDCARDS;
use crate::credentials::Credentials;
use crate::database::{Database, Row, Value};
use crate::error::StoreError;
use crate::multimedia_auth::{Keyring, Turn};
use crate::profile::Profile;
use crate::record::Record;
use crate::state::State;
use crate::subscription::{canonical, matches};

pub(crate) use provision::{Lost, Mode, Provisioned, repeated};

const BY_PRIVATE: &str = "SELECT s.name, s.revision, s.document, s.state
    FROM hss_private p JOIN hss_subscription s ON s.name = p.subscription WHERE p.identity = ?";
const BY_PRIVATE_WITH_KEYS: &str =
    "SELECT s.name, s.revision, s.document, s.state, p.identity, p.credentials, p.sqn
    FROM hss_private p JOIN hss_subscription s ON s.name = p.subscription WHERE p.identity = ?";
const BY_PUBLIC: &str = "SELECT s.name, s.revision, s.document, s.state
    FROM hss_public p JOIN hss_subscription s ON s.name = p.subscription WHERE p.identity = ?";
const BY_WILDCARD: &str = "SELECT s.name, s.revision, s.document, s.state
    FROM hss_wildcard p JOIN hss_subscription s ON s.name = p.subscription WHERE p.identity = ?";
const BY_NAME: &str = "SELECT name, revision, document, state FROM hss_subscription WHERE name = ?";
const OWNER: &str = "SELECT subscription FROM hss_public WHERE identity = ?";
/// The longest beginning first: what says most of an identity.
const WILDCARDS: &str = "SELECT identity, subscription FROM hss_wildcard
    WHERE substr(?, 1, char_length(beginning)) = beginning ORDER BY char_length(beginning) DESC, identity LIMIT ?";
const WILDCARDS_OF_SQLITE: &str = "SELECT identity, subscription FROM hss_wildcard
    WHERE substr(?, 1, length(beginning)) = beginning ORDER BY length(beginning) DESC, identity LIMIT ?";
const PROFILES: &str = "SELECT p.document FROM hss_profile_use u JOIN hss_profile p ON p.name = u.profile
    WHERE u.subscription = ?";
const STORE_STATE: &str = "UPDATE hss_subscription SET state = ?, server = ?, revision = revision + 1
    WHERE name = ? AND revision = ?";
const TURN: &str = "UPDATE hss_private SET sqn = ? WHERE identity = ? AND sqn = ?";
const SET_NUMBER: &str = "UPDATE hss_private SET sqn = ? WHERE identity = ?";
const KEYS: &str = "SELECT identity, credentials, sqn FROM hss_private WHERE identity = ?";

/// Our rows in a database.
#[derive(Clone)]
pub(crate) struct Store {
    database: Database,
}

/// Where an identity was found.
pub(crate) struct Owner {
    /// The subscription's name.
    pub(crate) subscription: String,
    /// The wildcarded identity that stands for it.
    pub(crate) wildcard: Option<String>,
}

impl Store {
    pub(crate) fn new(database: Database) -> Store {
        Store { database }
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    /// The subscription of a private identity.
    pub(crate) async fn by_private(&self, impi: &str) -> Result<Option<Record>, StoreError> {
        self.record(BY_PRIVATE, impi).await
    }

    /// The same with the keys of that private identity.
    pub(crate) async fn by_private_with_keys(
        &self,
        impi: &str,
    ) -> Result<Option<(Record, Keyring)>, StoreError> {
        let row = self.database.row(BY_PRIVATE_WITH_KEYS, &[impi.into()]).await?;
        row.map(|row| Ok((record(&row)?, keyring(&row, 4)?))).transpose()
    }

    /// The subscription of a public identity: one that is there by itself goes before a wildcarded one. With the
    /// wildcarded one, where that stands for it.
    pub(crate) async fn by_public(
        &self,
        identity: &str,
    ) -> Result<Option<(Record, Option<String>)>, StoreError> {
        if let Some(record) = self.record(BY_PUBLIC, identity).await? {
            return Ok(Some((record, None)));
        }
        let Some(owner) = self.wildcard(identity).await? else { return Ok(None) };
        let record = self.by_name(&owner.subscription).await?;
        Ok(record.map(|record| (record, owner.wildcard)))
    }

    /// The subscription of a wildcarded identity as it was written down.
    pub(crate) async fn by_wildcard(&self, text: &str) -> Result<Option<Record>, StoreError> {
        self.record(BY_WILDCARD, text).await
    }

    pub(crate) async fn by_name(&self, name: &str) -> Result<Option<Record>, StoreError> {
        self.record(BY_NAME, name).await
    }

    /// Whose a public identity is.
    pub(crate) async fn owner(&self, identity: &str) -> Result<Option<Owner>, StoreError> {
        if let Some(row) = self.database.row(OWNER, &[identity.into()]).await? {
            return Ok(Some(Owner { subscription: row.text(0)?, wildcard: None }));
        }
        self.wildcard(identity).await
    }

    async fn wildcard(&self, identity: &str) -> Result<Option<Owner>, StoreError> {
        let sql = match self.database {
            Database::Sqlite(_) => WILDCARDS_OF_SQLITE,
            Database::MySql(_) | Database::Postgres(_) => WILDCARDS,
        };
        for row in self.database.rows(sql, &[identity.into(), MAX_WILDCARDS.into()]).await? {
            let wildcard = row.text(0)?;
            if matches(&wildcard, identity) {
                return Ok(Some(Owner { subscription: row.text(1)?, wildcard: Some(wildcard) }));
            }
        }
        Ok(None)
    }

    /// The record that any identity leads to, private or public, whatever its form.
    pub(crate) async fn by_any(&self, identity: &str) -> Result<Option<Record>, StoreError> {
        if let Some(impi) = crate::subscription::canonical_private(identity)
            && let Some(record) = self.by_private(&impi).await?
        {
            return Ok(Some(record));
        }
        if let Some(impu) = canonical(identity)
            && let Some((record, _)) = self.by_public(&impu).await?
        {
            return Ok(Some(record));
        }
        self.by_wildcard(identity).await
    }

    async fn record(&self, sql: &'static str, key: &str) -> Result<Option<Record>, StoreError> {
        let row = self.database.row(sql, &[key.into()]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// The service profiles of a record.
    pub(crate) async fn load_profiles(&self, record: &mut Record) -> Result<(), StoreError> {
        if record.subscription.profiles().is_empty() {
            return Ok(());
        }
        let mut profiles: BTreeMap<String, ServiceProfile> = BTreeMap::new();
        for row in self.database.rows(PROFILES, &[record.name.as_str().into()]).await? {
            let damaged = StoreError::Damaged { table: "hss_profile" };
            let profile: Profile = match serde_json::from_str(&row.text(0)?) {
                Ok(profile) => profile,
                Err(_) => return Err(damaged),
            };
            let compiled = profile.to_service_profile().map_err(|_| damaged)?;
            profiles.insert(profile.name, compiled);
        }
        record.profiles = profiles;
        Ok(())
    }

    /// Stores what has become of a record. False: somebody else changed it since it was read.
    pub(crate) async fn store_state(&self, record: &Record, state: &State) -> Result<bool, StoreError> {
        let values = [
            state_text(state)?.as_str().into(),
            server_of(state).into(),
            record.name.as_str().into(),
            record.revision.into(),
        ];
        Ok(self.database.run(STORE_STATE, &values).await? > 0)
    }

    /// Turns the counter of a private identity. False: it is not where it was when it was read.
    pub(crate) async fn turn(&self, impi: &str, turn: Turn) -> Result<bool, StoreError> {
        let values = [number(turn.to).into(), impi.into(), number(turn.from).into()];
        Ok(self.database.run(TURN, &values).await? > 0)
    }

    /// Puts the counter of a private identity anywhere. False: nobody has it.
    pub(crate) async fn set_number(&self, impi: &str, sqn: Sqn) -> Result<bool, StoreError> {
        Ok(self.database.run(SET_NUMBER, &[number(sqn).into(), impi.into()]).await? > 0)
    }

    /// Takes the next numbers of a private identity: the last of them. `None`: there are no more.
    pub(crate) async fn take_numbers(&self, impi: &str, count: u32) -> Result<Option<Sqn>, StoreError> {
        let last = self.database.take_numbers(impi, count).await?;
        Ok(last.and_then(|last| u64::try_from(last).ok()).and_then(Sqn::new))
    }

    /// The keys of a private identity.
    pub(crate) async fn keys(&self, impi: &str) -> Result<Option<Keyring>, StoreError> {
        let row = self.database.row(KEYS, &[impi.into()]).await?;
        row.map(|row| keyring(&row, 0)).transpose()
    }
}

/// The first four columns.
fn record(row: &Row) -> Result<Record, StoreError> {
    let damaged = |_| StoreError::Damaged { table: "hss_subscription" };
    Ok(Record {
        name: row.text(0)?,
        revision: row.number(1)?,
        subscription: serde_json::from_str(&row.text(2)?).map_err(damaged)?,
        state: serde_json::from_str(&row.text(3)?).map_err(damaged)?,
        profiles: BTreeMap::new(),
    })
}

/// Three columns from this one on.
fn keyring(row: &Row, first: usize) -> Result<Keyring, StoreError> {
    let damaged = || StoreError::Damaged { table: "hss_private" };
    let text = Zeroizing::new(row.text(first + 1)?);
    let sqn = u64::try_from(row.number(first + 2)?).ok().and_then(Sqn::new);
    Ok(Keyring {
        impi: row.text(first)?,
        credentials: Credentials::from_text(&text).ok_or_else(damaged)?,
        sqn: sqn.ok_or_else(damaged)?,
    })
}

/// As it is stored.
fn number(sqn: Sqn) -> i64 {
    // 48 bits.
    sqn.number() as i64
}

fn state_text(state: &State) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|_| StoreError::Damaged { table: "hss_subscription" })
}

/// The assigned S-CSCF beside the state, for whoever looks for those that one serves.
fn server_of(state: &State) -> &str {
    state.server.as_ref().map_or("", |server| &server.name)
}

/// For statements that are made elsewhere.
fn texts<const N: usize>(texts: [&str; N]) -> Vec<Value> {
    texts.into_iter().map(Value::from).collect()
}

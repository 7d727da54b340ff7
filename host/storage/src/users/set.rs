//! Subscribers, packed: fixed entries, their names in one text, found by a keyed hash.
//!
//! In: users one by one. Out: hashes. About 80 bytes a user with both hashes. Not here: where users come from.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use auth::{Algorithm, Ha1s, Hash};
use hashbrown::HashTable;

use super::Wrong;

/// A user, a domain.
const MAX_NAME: usize = 255;

const HAS_MD5: u8 = 1;
const HAS_SHA256: u8 = 2;

struct User {
    name_at: u32,
    name_length: u8,
    has: u8,
    domain: u16,
    md5: [u8; 16],
    sha256: [u8; 32],
}

/// A set of subscribers.
#[derive(Default)]
pub(super) struct Set {
    hasher: RandomState,
    index: HashTable<u32>,
    users: Vec<User>,
    names: String,
    domains: HashMap<Box<str>, u16>,
}

impl Set {
    /// Adds a user. An empty password or HA1 is none.
    pub(super) fn add(&mut self, user: &str, domain: &str, password: &str, ha1: &str) -> Result<(), Wrong> {
        if user.is_empty() || domain.is_empty() {
            return Err(Wrong::Empty);
        }
        if user.len() > MAX_NAME || domain.len() > MAX_NAME {
            return Err(Wrong::TooLong);
        }
        let hash_of = |algorithm| auth::ha1(user, domain, password, algorithm);
        let md5 = match (ha1, password) {
            ("", "") => return Err(Wrong::NoSecret),
            ("", _) => hash_of(Algorithm::Md5),
            (digits, _) => Hash::from_hex(Algorithm::Md5, digits.as_bytes()).ok_or(Wrong::Ha1)?,
        };
        let sha256 = (!password.is_empty()).then(|| hash_of(Algorithm::Sha256));
        let domain = self.domain(domain)?;
        let hash = self.hasher.hash_one((user, domain));
        if self.find(hash, user, domain).is_some() {
            return Err(Wrong::Twice);
        }
        let mut entry = User {
            name_at: u32::try_from(self.names.len()).map_err(|_| Wrong::Names)?,
            name_length: user.len() as u8,
            has: HAS_MD5 | if sha256.is_some() { HAS_SHA256 } else { 0 },
            domain,
            md5: [0; 16],
            sha256: [0; 32],
        };
        entry.md5.copy_from_slice(md5.as_bytes());
        if let Some(sha256) = sha256 {
            entry.sha256.copy_from_slice(sha256.as_bytes());
        }
        let place = u32::try_from(self.users.len()).map_err(|_| Wrong::Names)?;
        self.names.push_str(user);
        self.users.push(entry);
        let Set { hasher, index, users, names, .. } = self;
        index.insert_unique(hash, place, |place| {
            let user = &users[*place as usize];
            hasher.hash_one((name(names, user), user.domain))
        });
        Ok(())
    }

    /// No more will be added: gives back what was taken ahead.
    pub(super) fn finish(mut self) -> Set {
        self.users.shrink_to_fit();
        self.names.shrink_to_fit();
        let Set { hasher, index, users, names, .. } = &mut self;
        index.shrink_to_fit(|place| {
            let user = &users[*place as usize];
            hasher.hash_one((name(names, user), user.domain))
        });
        self
    }

    pub(super) fn get(&self, user: &str, domain: &str) -> Option<Ha1s> {
        let domain = *self.domains.get(domain)?;
        let found = &self.users[self.find(self.hasher.hash_one((user, domain)), user, domain)? as usize];
        Some(Ha1s {
            md5: (found.has & HAS_MD5 != 0).then_some(found.md5),
            sha256: (found.has & HAS_SHA256 != 0).then_some(found.sha256),
            sha512_256: None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    fn find(&self, hash: u64, user: &str, domain: u16) -> Option<u32> {
        let is_it = |place: &u32| {
            let there = &self.users[*place as usize];
            there.domain == domain && name(&self.names, there) == user
        };
        self.index.find(hash, is_it).copied()
    }

    fn domain(&mut self, domain: &str) -> Result<u16, Wrong> {
        if let Some(place) = self.domains.get(domain) {
            return Ok(*place);
        }
        let place = u16::try_from(self.domains.len()).map_err(|_| Wrong::Domains)?;
        self.domains.insert(domain.into(), place);
        Ok(place)
    }
}

fn name<'a>(names: &'a str, user: &User) -> &'a str {
    &names[user.name_at as usize..][..usize::from(user.name_length)]
}

//! A subscriber as somebody writes one down: a `[[subscriber]]` table of TOML, the body of a request in JSON.
//!
//! ```toml
//! [[subscriber]]
//! imsi = "001010000000001"
//! k = "465b5ce8b199b49faa5f0a2ee238a6bc"
//! opc = "e8ed289deba952e4283b54e88e6183ca"
//! msisdn = "+15550001"
//! profile = "volte"
//! ```
//! In: text, by serde. Out: [`Subscriber`], which says no more than was written; `resolve.rs` adds what TS 23.003 §13
//! derives and checks all of it, `show.rs` leads back. Keys and passwords never show themselves (`secret.rs`).

mod identity;
mod lists;
mod resolve;
mod secret;
mod show;

use serde::{Deserialize, Serialize};

pub use identity::{Identity, IdentityKind};
pub(crate) use resolve::{Resolved, ResolvedDevice, resolve};
pub use secret::{SecretText, SqnText};
pub(crate) use show::{Keys, show};

/// One subscription: who may register, as whom, with which keys and services. Its `Debug` says nothing about people.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscriber {
    /// The IMSI, 6 to 15 digits. From it follow the private identity and the temporary public one (TS 23.003 §13.3,
    /// §13.4B), unless `impi` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// How many digits of the IMSI are the MNC: 2 or 3. Absent: 3 in the countries that have only such ones, else 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mnc_digits: Option<u8>,
    /// The private identity, `user@realm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impi: Option<String>,
    /// The key K, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<SecretText>,
    /// The operator's constant OP, 32 hexadecimal digits; OPc is made of it and it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<SecretText>,
    /// OPc, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opc: Option<SecretText>,
    /// The authentication management field, 4 hexadecimal digits. Absent: `8000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amf: Option<String>,
    /// The sequence number of the last vector that was used. Only looked at for a private identity that is new or has
    /// a new key: later the counter is the server's own. Absent: zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqn: Option<SqnText>,
    /// A password for SIP Digest (TS 33.203 Annex N). Hashed, and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// H(impi:realm:password) by MD5 in place of a password, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha1: Option<SecretText>,
    /// The same by SHA-256, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha1_sha256: Option<SecretText>,
    /// The realm of SIP Digest. Absent: the realm of the private identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// More private identities of the same subscription, which share its public ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Device>,

    /// The domain of public identities that are made of numbers. Absent: the realm of the private identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Numbers in international form, with or without `+`: one text or a list. Each becomes a SIP and a tel URI.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "lists::one_or_many")]
    pub msisdn: Vec<String>,
    /// The service profile of public identities that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Public identities that are registered together, the default one first: an implicit registration set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// More implicit registration sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<ImplicitSet>,

    /// The networks, by what P-Visited-Network-ID calls them, in which the subscriber may register. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub visited_networks: Vec<String>,
    /// What an S-CSCF for this subscriber must be.
    #[serde(skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
    /// Where to charge.
    #[serde(skip_serializing_if = "Charging::is_empty")]
    pub charging: Charging,
}

/// Says nothing about people.
impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subscriber({} identities, {} more sets)", self.identities.len(), self.set.len())
    }
}

impl Subscriber {
    /// The private identity at the top of the table.
    fn first_device(&self) -> Device {
        Device {
            imsi: self.imsi.clone(),
            mnc_digits: self.mnc_digits,
            impi: self.impi.clone(),
            k: self.k.clone(),
            op: self.op.clone(),
            opc: self.opc.clone(),
            amf: self.amf.clone(),
            sqn: self.sqn,
            password: self.password.clone(),
            ha1: self.ha1.clone(),
            ha1_sha256: self.ha1_sha256.clone(),
            realm: self.realm.clone(),
        }
    }

    /// What it is called where something is wrong with it.
    pub(crate) fn title(&self) -> Option<&str> {
        let first = self.identities.first().map(|identity| &identity.identity);
        self.imsi.as_ref().or(self.impi.as_ref()).or(first).map(String::as_str)
    }
}

/// The same of a table that could not be read.
pub(crate) fn title_of(table: &toml::Table) -> Option<String> {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let first = || {
        let first = table.get("identities").and_then(toml::Value::as_array).and_then(|list| list.first())?;
        text(first.get("identity").unwrap_or(first))
    };
    let named = ["imsi", "impi"].into_iter().find_map(|key| table.get(key).and_then(text));
    named.or_else(first)
}

/// A private identity and its keys; each key as in [`Subscriber`]. Its `Debug` says nothing about people.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// The IMSI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// How many digits of it are the MNC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mnc_digits: Option<u8>,
    /// The private identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impi: Option<String>,
    /// K.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<SecretText>,
    /// OP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<SecretText>,
    /// OPc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opc: Option<SecretText>,
    /// AMF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amf: Option<String>,
    /// SQN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqn: Option<SqnText>,
    /// A password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// HA1 by MD5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha1: Option<SecretText>,
    /// HA1 by SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha1_sha256: Option<SecretText>,
    /// The realm of the hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
}

impl Device {
    /// Whether nothing is said of it.
    fn is_empty(&self) -> bool {
        *self == Device::default()
    }
}

/// Says nothing about people.
impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device")
    }
}

/// Public identities that are registered together (TS 23.228 §4.3.3.4): an implicit registration set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImplicitSet {
    /// The private identities that may register it. Empty: all of the subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<String>,
    /// The identities, the default one first.
    pub identities: Vec<Identity>,
    /// The service profile of those that name none. Absent: the subscriber's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Says nothing about people.
impl std::fmt::Debug for ImplicitSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImplicitSet({} identities)", self.identities.len())
    }
}

/// What the I-CSCF chooses an S-CSCF by (TS 29.229 §6.3.4). The numbers are the operator's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// All of them are needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mandatory: Vec<u32>,
    /// As many as possible are wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<u32>,
    /// S-CSCFs that are preferred: SIP URIs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
}

impl Capabilities {
    /// Whether any S-CSCF will do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mandatory.is_empty() && self.optional.is_empty() && self.servers.is_empty()
    }
}

/// Charging functions (TS 29.229 §6.3.19): names as the S-CSCF is to pass them on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Charging {
    /// Online charging.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_event: Option<String>,
    /// Online charging, if the first does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_event: Option<String>,
    /// Offline charging.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_collection: Option<String>,
    /// Offline charging, if the first does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_collection: Option<String>,
}

impl Charging {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Charging::default()
    }
}

//! A public identity as it is written down: `"sip:alice@ims.example"`, or a table that says more of it.
//!
//! In: a text or a table. Out: [`Identity`]. Whether it is an identity at all is `resolve.rs`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A public identity. Its `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// A SIP or tel URI, or what stands for many of them: `sip:chat!.*!@ims.example` (TS 23.003 §13.4A, §13.5).
    pub identity: String,
    /// What it is.
    #[serde(skip_serializing_if = "IdentityKind::is_distinct")]
    pub kind: IdentityKind,
    /// Registered along with others, but neither asserted nor reached.
    pub barred: bool,
    /// What others see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its service profile. Absent: the set's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Identities of one group share everything (TS 29.228 §B.2.1, AliasIdentityGroupID).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_group: Option<String>,
    /// Of a public service identity: the application server that calls for it go to directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_server: Option<String>,
    /// Of a public service identity: not to be reached (its PSI Activation State, TS 23.228 §5.4.12).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inactive: bool,
}

/// Does not show it.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?}{})", self.kind, if self.barred { ", barred" } else { "" })
    }
}

/// What a public identity is (TS 29.228 Annex E `tIdentityType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A user's, and just this one.
    #[default]
    Distinct,
    /// A user's, and all that match it.
    Wildcarded,
    /// A service's, and just this one.
    Psi,
    /// A service's, and all that match it.
    WildcardedPsi,
}

impl IdentityKind {
    /// Whether it stands for many.
    #[must_use]
    pub const fn is_wildcarded(self) -> bool {
        matches!(self, IdentityKind::Wildcarded | IdentityKind::WildcardedPsi)
    }

    /// Whether it is a service's: nobody registers it.
    #[must_use]
    pub const fn is_service(self) -> bool {
        matches!(self, IdentityKind::Psi | IdentityKind::WildcardedPsi)
    }

    /// By reference, as serde wants it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    const fn is_distinct(&self) -> bool {
        matches!(self, IdentityKind::Distinct)
    }
}

/// What a table may say; [`Identity`] itself may also be a text.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    identity: String,
    kind: IdentityKind,
    barred: bool,
    display_name: Option<String>,
    profile: Option<String>,
    alias_group: Option<String>,
    application_server: Option<String>,
    inactive: bool,
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Identity, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = Identity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identity in quotes, or a table with the key identity")
    }

    fn visit_str<E>(self, text: &str) -> Result<Identity, E> {
        Ok(Identity { identity: text.to_owned(), ..Identity::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Identity, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Identity {
            identity: table.identity,
            kind: table.kind,
            barred: table.barred,
            display_name: table.display_name,
            profile: table.profile,
            alias_group: table.alias_group,
            application_server: table.application_server,
            inactive: table.inactive,
        })
    }
}

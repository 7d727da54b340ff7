//! A public identity in a service profile (TS 29.228 §B.2.1, Annex E `tPublicIdentity` and its chain of extensions).
//!
//! In: what `parse.rs` read. Out: [`PublicIdentity`]. The identity is kept as the server wrote it: how identities are
//! compared is `identity/`.

/// One public identity and what is said about it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PublicIdentity {
    /// The SIP or tel URI as the server wrote it; for a wildcarded identity one that stands for those that it matches.
    pub identity: String,
    /// Whether it may only be registered along with others and neither be asserted nor reached.
    pub is_barred: bool,
    /// What kind of identity it is; `None`: the server did not say, which means a distinct public user identity.
    pub identity_type: Option<IdentityType>,
    /// The wildcarded public service identity that this one matches (TS 23.003 §13.5).
    pub wildcarded_psi: Option<String>,
    /// A display name.
    pub display_name: Option<String>,
    /// Identities of one group share everything (TS 29.228 §B.2.1).
    pub alias_identity_group_id: Option<String>,
    /// The wildcarded public user identity that this one matches (TS 23.003 §13.4A).
    pub wildcarded_impu: Option<String>,
    /// What is to be traced for this identity (TS 24.229 §4.8): an XML text of its own.
    pub service_level_trace_info: Option<String>,
    /// 0 (highest) to 4.
    pub service_priority_level: Option<u8>,
    /// Priorities for the Resource-Priority header field (RFC 4412).
    pub extended_priorities: Vec<ExtendedPriority>,
    /// How many registrations of it there may be at once.
    pub max_simultaneous_registrations: Option<u32>,
}

impl PublicIdentity {
    /// A distinct public user identity that is not barred.
    #[must_use]
    pub fn distinct(identity: impl Into<String>) -> PublicIdentity {
        PublicIdentity {
            identity: identity.into(),
            identity_type: Some(IdentityType::DistinctPublicUserIdentity),
            ..PublicIdentity::default()
        }
    }

    /// Its type, the default where none was given.
    #[must_use]
    pub fn kind(&self) -> IdentityType {
        self.identity_type.unwrap_or(IdentityType::DistinctPublicUserIdentity)
    }
}

/// Says nothing about people.
impl std::fmt::Debug for PublicIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let barred = if self.is_barred { ", barred" } else { "" };
        write!(f, "PublicIdentity({:?}{barred})", self.kind())
    }
}

/// What an identity is (TS 29.228 Annex E `tIdentityType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum IdentityType {
    /// 0, DISTINCT_PUBLIC_USER_IDENTITY.
    DistinctPublicUserIdentity = 0,
    /// 1, DISTINCT_PSI.
    DistinctPsi = 1,
    /// 2, WILDCARDED_PSI.
    WildcardedPsi = 2,
    /// 3, NON_DISTINCT_IMPU.
    NonDistinctImpu = 3,
    /// 4, WILDCARDED_IMPU.
    WildcardedImpu = 4,
}

impl IdentityType {
    /// All of them, by number.
    pub const ALL: [IdentityType; 5] = [
        IdentityType::DistinctPublicUserIdentity,
        IdentityType::DistinctPsi,
        IdentityType::WildcardedPsi,
        IdentityType::NonDistinctImpu,
        IdentityType::WildcardedImpu,
    ];
}

/// A priority in a namespace of the Resource-Priority header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedPriority {
    /// For instance `wps`.
    pub namespace: String,
    /// For instance `1`.
    pub level: String,
}

//! Initial filter criteria as values (TS 29.228 §B.2.2, Annex C, Annex E `tInitialFilterCriteria`).
//!
//! In: what `parse.rs` read. Out: [`InitialFilterCriteria`]. Nothing is evaluated here: that is `filter_criteria.rs`.

/// When to involve an application server, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialFilterCriteria {
    /// Lower numbers are evaluated first; unique within a service profile (§B.2.2).
    pub priority: u32,
    /// `None`: always.
    pub trigger_point: Option<TriggerPoint>,
    /// Whom to involve.
    pub application_server: ApplicationServer,
    /// Where it belongs to; `None`: to both parts of the profile.
    pub profile_part: Option<ProfilePart>,
}

/// A part of a user's profile (§B.2.2 ProfilePartIndicator).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProfilePart {
    /// 0, REGISTERED.
    Registered = 0,
    /// 1, UNREGISTERED.
    Unregistered = 1,
}

/// Whom to involve (§B.2.2 ApplicationServer).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationServer {
    /// A SIP URI.
    pub server_name: String,
    /// What to do where it does not answer; `None`: SESSION_CONTINUED.
    pub default_handling: Option<DefaultHandling>,
    /// What it is to be told when the user registers, as the server wrote it (TS 24.229 §5.4.1.7).
    pub service_info: Option<String>,
    /// Whether it is to see the REGISTER.
    pub include_register_request: bool,
    /// Whether it is to see the answer to the REGISTER.
    pub include_register_response: bool,
}

impl ApplicationServer {
    /// What to do where it does not answer, the default where nothing was said.
    #[must_use]
    pub fn handling(&self) -> DefaultHandling {
        self.default_handling.unwrap_or(DefaultHandling::SessionContinued)
    }
}

/// What to do where an application server does not answer (§B.2.2 DefaultHandling).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultHandling {
    /// 0: go on without it.
    SessionContinued = 0,
    /// 1: end the session.
    SessionTerminated = 1,
}

/// A condition over service point triggers (§B.2.2 TriggerPoint, Annex C).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerPoint {
    /// How the groups are joined.
    pub condition_type: ConditionType,
    /// The atoms of the condition.
    pub service_point_triggers: Vec<ServicePointTrigger>,
}

/// How service point triggers of one group, and groups, are joined (Annex C).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConditionType {
    /// ConditionTypeCNF `0`: a group holds where all of it holds; the condition where any group does.
    DisjunctiveNormalForm = 0,
    /// ConditionTypeCNF `1`: a group holds where any of it holds; the condition where all groups do.
    ConjunctiveNormalForm = 1,
}

/// One atom of a condition (§B.2.3 Service Point Trigger).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePointTrigger {
    /// Whether it holds where [`ServicePointTrigger::what`] does not.
    pub is_negated: bool,
    /// The groups it belongs to, at least one.
    pub groups: Vec<u32>,
    /// What is looked at.
    pub what: What,
    /// For `Method` REGISTER: the kinds of registration that count; empty: all.
    pub registration_types: Vec<RegistrationType>,
}

/// What a service point trigger looks at (§B.2.3). Texts are extended regular expressions of IEEE 1003.1, but for the
/// method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The Request-URI.
    RequestUri(String),
    /// The method, a token.
    Method(String),
    /// A header field.
    SipHeader {
        /// Its name.
        header: String,
        /// Its value; `None`: it is enough that it is there.
        content: Option<String>,
    },
    /// On whose behalf the request is handled.
    SessionCase(SessionCase),
    /// A line of the session description.
    SessionDescription {
        /// The letter of the line.
        line: String,
        /// What stands behind its equals sign; `None`: it is enough that it is there.
        content: Option<String>,
    },
}

/// On whose behalf, and in which state, a request is handled (§B.2.3 SessionCase).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SessionCase {
    /// 0: of a served user who is registered.
    OriginatingRegistered = 0,
    /// 1: to a served user who is registered.
    TerminatingRegistered = 1,
    /// 2: to a served user who is not registered.
    TerminatingUnregistered = 2,
    /// 3: of a served user who is not registered.
    OriginatingUnregistered = 3,
    /// 4: of a served user whose communication was diverted.
    OriginatingCdiv = 4,
}

impl SessionCase {
    /// All of them, by number.
    pub const ALL: [SessionCase; 5] = [
        SessionCase::OriginatingRegistered,
        SessionCase::TerminatingRegistered,
        SessionCase::TerminatingUnregistered,
        SessionCase::OriginatingUnregistered,
        SessionCase::OriginatingCdiv,
    ];
}

/// What a REGISTER does (§B.2.3 RegistrationType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RegistrationType {
    /// 0: the first.
    Initial = 0,
    /// 1: a later one.
    ReRegistration = 1,
    /// 2: the last.
    DeRegistration = 2,
}

impl RegistrationType {
    /// All of them, by number.
    pub const ALL: [RegistrationType; 3] =
        [RegistrationType::Initial, RegistrationType::ReRegistration, RegistrationType::DeRegistration];
}

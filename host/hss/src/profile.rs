//! A service profile as somebody writes one down: a `[[profile]]` table of TOML, the body of a request in JSON.
//!
//! ```toml
//! [[profile]]
//! name = "volte"
//! [[profile.criteria]]
//! priority = 10
//! server = "sip:as.ims.example:5080"
//! when = ["method INVITE", ["case originating", "case terminating"]]
//! default_handling = "terminate"
//! ```
//! `when`: all of the list must hold; of a list in it any one. `when_any`: any of the list; of a list in it all. The
//! conditions are in `profile/condition.rs`. Without either the application server is always involved.
//!
//! In: text, by serde. Out: [`Profile`], and what the S-CSCF is told ([`ims::service_profile`], TS 29.228 Annex B). Who
//! has the profile is a subscriber's business; a profile may be many subscribers'.

mod condition;

use ims::filter_criteria::FilterCriteria;
use ims::identity::Impu;
use ims::service_profile::{
    ApplicationServer, ConditionType, CoreNetworkServicesAuthorization, DefaultHandling,
    InitialFilterCriteria, ProfilePart, ServicePointTrigger, ServiceProfile, TriggerPoint,
};
use serde::{Deserialize, Serialize};

use crate::bounds::{MAX_CONDITIONS, MAX_CRITERIA, MAX_IDENTITY, MAX_LIST, MAX_SERVICE_INFO, MAX_TEXT};
use crate::error::EntryError;
pub use condition::OneOrMore;

/// A service profile without its public identities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// How subscribers name it.
    pub name: String,
    /// When to involve which application server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
    /// Sets of filter criteria that the S-CSCF holds itself, by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_sets: Vec<u32>,
    /// The number of a profile of media that the S-CSCF knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_profile: Option<u32>,
    /// The communication services (ICSI) that are allowed. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

/// An initial filter criterion (TS 29.228 §B.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Criterion {
    /// Lower numbers come first; each number once.
    pub priority: u32,
    /// The application server, a SIP URI.
    pub server: String,
    /// All of these must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<OneOrMore>,
    /// Any of these must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when_any: Vec<OneOrMore>,
    /// What to do where the server does not answer. Absent: nothing is said, and the session goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_handling: Option<Handling>,
    /// What the server is to be told when the user registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_info: Option<String>,
    /// Whether it is to see the REGISTER.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_register_request: bool,
    /// Whether it is to see the answer to the REGISTER.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_register_response: bool,
    /// Only while the user is registered, or only while not. Absent: both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// What to do where an application server does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// SESSION_CONTINUED.
    Continue,
    /// SESSION_TERMINATED.
    Terminate,
}

/// ProfilePartIndicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// REGISTERED.
    Registered,
    /// UNREGISTERED.
    Unregistered,
}

/// A key of a profile that is wrong.
struct Wrong {
    key: String,
    value: Option<String>,
    reason: String,
}

impl Wrong {
    fn new(key: impl Into<String>, value: Option<&str>, reason: impl Into<String>) -> Wrong {
        Wrong { key: key.into(), value: value.map(str::to_owned), reason: reason.into() }
    }
}

impl Profile {
    /// What the S-CSCF is told, without public identities.
    ///
    /// # Errors
    /// The first key that is wrong.
    pub fn to_service_profile(&self) -> Result<ServiceProfile, EntryError> {
        self.compile().map_err(|wrong| EntryError {
            table: "profile",
            name: self.name.clone(),
            key: wrong.key,
            value: wrong.value,
            reason: wrong.reason,
        })
    }

    fn compile(&self) -> Result<ServiceProfile, Wrong> {
        if self.name.is_empty() || self.name.len() > MAX_IDENTITY {
            let reason = format!("expected 1 to {MAX_IDENTITY} bytes");
            return Err(Wrong::new("name", Some(&self.name), reason));
        }
        for (key, length, limit) in [
            ("criteria", self.criteria.len(), MAX_CRITERIA),
            ("shared_sets", self.shared_sets.len(), MAX_LIST),
            ("services", self.services.len(), MAX_LIST),
        ] {
            if length > limit {
                return Err(Wrong::new(key, None, format!("more than {limit} entries")));
            }
        }
        if let Some(long) =
            self.services.iter().find(|service| service.is_empty() || service.len() > MAX_TEXT)
        {
            return Err(Wrong::new("services", Some(long), format!("expected 1 to {MAX_TEXT} bytes")));
        }
        let mut initial_filter_criteria: Vec<InitialFilterCriteria> = Vec::with_capacity(self.criteria.len());
        for (place, criterion) in self.criteria.iter().enumerate() {
            let path = format!("criteria.{place}.");
            let compiled = criterion.compile(&path)?;
            if initial_filter_criteria.iter().any(|other| other.priority == compiled.priority) {
                let value = compiled.priority.to_string();
                return Err(Wrong::new(format!("{path}priority"), Some(&value), "is there twice"));
            }
            initial_filter_criteria.push(compiled);
        }
        let is_authorized = self.media_profile.is_some() || !self.services.is_empty();
        Ok(ServiceProfile {
            public_identities: Vec::new(),
            initial_filter_criteria,
            core_network_services_authorization: is_authorized.then(|| CoreNetworkServicesAuthorization {
                subscribed_media_profile_id: self.media_profile,
                service_ids: self.services.clone(),
            }),
            shared_ifc_set_ids: self.shared_sets.clone(),
        })
    }
}

impl Criterion {
    fn compile(&self, path: &str) -> Result<InitialFilterCriteria, Wrong> {
        let key = |key: &str| format!("{path}{key}");
        check_server(&self.server).map_err(|reason| Wrong::new(key("server"), Some(&self.server), reason))?;
        if self.service_info.as_ref().is_some_and(|info| info.len() > MAX_SERVICE_INFO) {
            let reason = format!("more than {MAX_SERVICE_INFO} bytes");
            return Err(Wrong::new(key("service_info"), None, reason));
        }
        let trigger_point = match (self.when.is_empty(), self.when_any.is_empty()) {
            (true, true) => None,
            (false, true) => Some(triggers(&self.when, ConditionType::ConjunctiveNormalForm, &key("when"))?),
            (true, false) => {
                Some(triggers(&self.when_any, ConditionType::DisjunctiveNormalForm, &key("when_any"))?)
            }
            (false, false) => {
                return Err(Wrong::new(key("when_any"), None, "expected either when or when_any"));
            }
        };
        let compiled = InitialFilterCriteria {
            priority: self.priority,
            trigger_point,
            application_server: ApplicationServer {
                server_name: self.server.clone(),
                default_handling: self.default_handling.map(|handling| match handling {
                    Handling::Continue => DefaultHandling::SessionContinued,
                    Handling::Terminate => DefaultHandling::SessionTerminated,
                }),
                service_info: self.service_info.clone(),
                include_register_request: self.include_register_request,
                include_register_response: self.include_register_response,
            },
            profile_part: self.part.map(|part| match part {
                Part::Registered => ProfilePart::Registered,
                Part::Unregistered => ProfilePart::Unregistered,
            }),
        };
        // The same code as in the S-CSCF says whether it will understand the patterns.
        match FilterCriteria::compile([&compiled]).problems().first() {
            None => Ok(compiled),
            Some(problem) => {
                let which = format!("condition {}", problem.service_point_trigger + 1);
                Err(Wrong::new(key("when"), Some(&which), problem.error.to_string()))
            }
        }
    }
}

/// Each element of the list is a group.
fn triggers(list: &[OneOrMore], condition_type: ConditionType, key: &str) -> Result<TriggerPoint, Wrong> {
    let mut service_point_triggers: Vec<ServicePointTrigger> = Vec::new();
    for (group, conditions) in (0..).zip(list) {
        if conditions.0.is_empty() {
            return Err(Wrong::new(key, None, "expected conditions in every list"));
        }
        for text in &conditions.0 {
            if service_point_triggers.len() == MAX_CONDITIONS {
                return Err(Wrong::new(key, None, format!("more than {MAX_CONDITIONS} conditions")));
            }
            let condition = condition::parse(text).map_err(|reason| Wrong::new(key, Some(text), reason))?;
            service_point_triggers.push(ServicePointTrigger { groups: vec![group], ..condition });
        }
    }
    Ok(TriggerPoint { condition_type, service_point_triggers })
}

/// Whether there is anything in it for a user who is not registered (TS 29.228 §6.1.4: services related to the
/// unregistered state). What shared sets hold is known to the S-CSCF alone.
pub(crate) fn serves_unregistered(profile: &ServiceProfile) -> bool {
    let criteria = &profile.initial_filter_criteria;
    !profile.shared_ifc_set_ids.is_empty()
        || criteria.iter().any(|criteria| criteria.profile_part != Some(ProfilePart::Registered))
}

/// Whether a text is the SIP URI of a server. The error says what it should be.
pub(crate) fn check_server(uri: &str) -> Result<(), &'static str> {
    let is_sip = uri.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip:"))
        || uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"));
    if uri.len() <= MAX_IDENTITY && is_sip && Impu::parse(uri.as_bytes()).is_ok() {
        Ok(())
    } else {
        Err("expected a SIP URI of at most 255 bytes")
    }
}

#[cfg(test)]
mod tests;

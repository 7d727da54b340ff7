//! From XML to a subscription (TS 29.228 Annex E), as tolerant as servers are sloppy: see `service_profile.rs`.
//!
//! In: the document. Out: [`ImsSubscription`], or the first thing that keeps it from being used.

use super::{
    ApplicationServer, ConditionType, CoreNetworkServicesAuthorization, DefaultHandling, ExtendedPriority,
    IdentityType, ImsSubscription, InitialFilterCriteria, ProfileError, ProfilePart, PublicIdentity,
    RegistrationType, ServicePointTrigger, ServiceProfile, SessionCase, TriggerPoint, What,
};
use crate::bounds::{
    MAX_FILTER_CRITERIA, MAX_GROUPS, MAX_IDENTITY, MAX_PROFILE_LIST, MAX_PUBLIC_IDENTITIES,
    MAX_SERVICE_POINT_TRIGGERS, MAX_SERVICE_PROFILES,
};
use crate::xml::{self, Element};

type Result<T> = std::result::Result<T, ProfileError>;

pub(super) fn subscription(user_data: &[u8]) -> Result<ImsSubscription> {
    let root = xml::parse(user_data)?;
    if root.name != "IMSSubscription" {
        return Err(ProfileError::Root { expected: "IMSSubscription", offset: root.offset });
    }
    let private = required(&root, "PrivateID")?;
    let extension = root.child("Extension");
    let service_profiles =
        list(&root, "ServiceProfile", "service profiles", MAX_SERVICE_PROFILES, service_profile)?;
    if service_profiles.is_empty() {
        return Err(ProfileError::Missing { element: "ServiceProfile", offset: root.offset });
    }
    Ok(ImsSubscription {
        private_identity: bounded(private)?,
        imsi: extension.and_then(|extension| text_of(extension, "IMSI")),
        service_profiles,
    })
}

fn service_profile(element: &Element) -> Result<ServiceProfile> {
    let public_identities =
        list(element, "PublicIdentity", "public identities", MAX_PUBLIC_IDENTITIES, public_identity)?;
    if public_identities.is_empty() {
        return Err(ProfileError::Missing { element: "PublicIdentity", offset: element.offset });
    }
    let criteria = "initial filter criteria";
    let initial_filter_criteria =
        list(element, "InitialFilterCriteria", criteria, MAX_FILTER_CRITERIA, filter_criteria)?;
    let authorization = element.child("CoreNetworkServicesAuthorization");
    let shared_ifc_set_ids = match element.child("Extension") {
        Some(extension) => list(extension, "SharedIFCSetID", "shared sets", MAX_PROFILE_LIST, |set| {
            number(set, "SharedIFCSetID")
        })?,
        None => Vec::new(),
    };
    Ok(ServiceProfile {
        public_identities,
        initial_filter_criteria,
        core_network_services_authorization: authorization.map(services_authorization).transpose()?,
        shared_ifc_set_ids,
    })
}

fn services_authorization(element: &Element) -> Result<CoreNetworkServicesAuthorization> {
    let services = element.child("Extension").and_then(|extension| extension.child("ListOfServiceIds"));
    let service_ids = match services {
        Some(services) => list(services, "ServiceId", "service identifiers", MAX_PROFILE_LIST, |service| {
            Ok(service.text().to_owned())
        })?,
        None => Vec::new(),
    };
    Ok(CoreNetworkServicesAuthorization {
        subscribed_media_profile_id: optional_number(element, "SubscribedMediaProfileId")?,
        service_ids,
    })
}

/// `tPublicIdentity`: each release put what it added into an Extension within the one before (Annex E). A server that
/// puts an element one level too high or too low is understood.
fn public_identity(element: &Element) -> Result<PublicIdentity> {
    let chain = extensions(element);
    let find = |name: &str| chain.iter().find_map(|extension| extension.child(name));
    let text = |name: &str| find(name).map(|found| found.text().to_owned());
    let mut identity = PublicIdentity {
        identity: bounded(required(element, "Identity")?)?,
        is_barred: match element.child("BarringIndication") {
            Some(barring) => boolean(barring, "BarringIndication")?,
            None => false,
        },
        wildcarded_psi: text("WildcardedPSI"),
        display_name: text("DisplayName"),
        alias_identity_group_id: text("AliasIdentityGroupID"),
        wildcarded_impu: text("WildcardedIMPU"),
        service_level_trace_info: text("ServiceLevelTraceInfo"),
        ..PublicIdentity::default()
    };
    if let Some(found) = find("IdentityType") {
        identity.identity_type = Some(one_of(found, "IdentityType", "0 to 4", &IdentityType::ALL)?);
    }
    if let Some(found) = find("ServicePriorityLevel") {
        identity.service_priority_level =
            Some(one_of(found, "ServicePriorityLevel", "0 to 4", &[0, 1, 2, 3, 4])?);
    }
    if let Some(found) = find("MaxNumOfAllowedSimultRegistrations") {
        identity.max_simultaneous_registrations = Some(number(found, "MaxNumOfAllowedSimultRegistrations")?);
    }
    for extension in chain {
        let priorities =
            list(extension, "ExtendedPriority", "priorities", MAX_PROFILE_LIST, extended_priority)?;
        identity.extended_priorities.extend(priorities);
    }
    Ok(identity)
}

/// The Extension of an element, the Extension in that, and so on; XML's own depth ends it.
fn extensions(element: &Element) -> Vec<&Element> {
    std::iter::successors(element.child("Extension"), |extension| extension.child("Extension")).collect()
}

fn extended_priority(element: &Element) -> Result<ExtendedPriority> {
    Ok(ExtendedPriority {
        namespace: required(element, "PriorityNamespace")?.text().to_owned(),
        level: required(element, "PriorityLevel")?.text().to_owned(),
    })
}

pub(super) fn filter_criteria(element: &Element) -> Result<InitialFilterCriteria> {
    let part = element.child("ProfilePartIndicator");
    let parts = [ProfilePart::Registered, ProfilePart::Unregistered];
    Ok(InitialFilterCriteria {
        priority: number(required(element, "Priority")?, "Priority")?,
        trigger_point: element.child("TriggerPoint").map(trigger_point).transpose()?,
        application_server: application_server(required(element, "ApplicationServer")?)?,
        profile_part: part.map(|part| one_of(part, "ProfilePartIndicator", "0 or 1", &parts)).transpose()?,
    })
}

fn application_server(element: &Element) -> Result<ApplicationServer> {
    let handling = element.child("DefaultHandling");
    let handlings = [DefaultHandling::SessionContinued, DefaultHandling::SessionTerminated];
    let includes = |name: &'static str| match element.child("Extension").and_then(|e| e.child(name)) {
        // An empty element in the schema; some servers write a boolean into it.
        Some(found) if found.text().is_empty() => Ok(true),
        Some(found) => boolean(found, name),
        None => Ok(false),
    };
    Ok(ApplicationServer {
        server_name: bounded(required(element, "ServerName")?)?,
        default_handling: handling
            .map(|handling| one_of(handling, "DefaultHandling", "0 or 1", &handlings))
            .transpose()?,
        service_info: element.child("ServiceInfo").map(|info| info.raw_text().to_owned()),
        include_register_request: includes("IncludeRegisterRequest")?,
        include_register_response: includes("IncludeRegisterResponse")?,
    })
}

fn trigger_point(element: &Element) -> Result<TriggerPoint> {
    let is_cnf = boolean(required(element, "ConditionTypeCNF")?, "ConditionTypeCNF")?;
    Ok(TriggerPoint {
        condition_type: if is_cnf {
            ConditionType::ConjunctiveNormalForm
        } else {
            ConditionType::DisjunctiveNormalForm
        },
        service_point_triggers: list(
            element,
            "SPT",
            "service point triggers",
            MAX_SERVICE_POINT_TRIGGERS,
            service_point_trigger,
        )?,
    })
}

fn service_point_trigger(element: &Element) -> Result<ServicePointTrigger> {
    let groups = list(element, "Group", "groups", MAX_GROUPS, |group| number(group, "Group"))?;
    if groups.is_empty() {
        return Err(ProfileError::Missing { element: "Group", offset: element.offset });
    }
    let registration_types = match element.child("Extension") {
        Some(extension) => {
            list(extension, "RegistrationType", "registration types", MAX_GROUPS, |registration| {
                one_of(registration, "RegistrationType", "0 to 2", &RegistrationType::ALL)
            })?
        }
        None => Vec::new(),
    };
    Ok(ServicePointTrigger {
        is_negated: match element.child("ConditionNegated") {
            Some(negated) => boolean(negated, "ConditionNegated")?,
            None => false,
        },
        groups,
        what: what(element)?,
        registration_types,
    })
}

/// The choice of `tSePoTri`.
fn what(element: &Element) -> Result<What> {
    if let Some(uri) = element.child("RequestURI") {
        return Ok(What::RequestUri(uri.text().to_owned()));
    }
    if let Some(method) = element.child("Method") {
        return Ok(What::Method(method.text().to_owned()));
    }
    if let Some(header) = element.child("SIPHeader") {
        return Ok(What::SipHeader {
            header: required(header, "Header")?.text().to_owned(),
            content: text_of(header, "Content"),
        });
    }
    if let Some(case) = element.child("SessionCase") {
        return Ok(What::SessionCase(one_of(case, "SessionCase", "0 to 4", &SessionCase::ALL)?));
    }
    if let Some(description) = element.child("SessionDescription") {
        return Ok(What::SessionDescription {
            line: required(description, "Line")?.text().to_owned(),
            content: text_of(description, "Content"),
        });
    }
    let element_name = "RequestURI, Method, SIPHeader, SessionCase or SessionDescription";
    Err(ProfileError::Missing { element: element_name, offset: element.offset })
}

pub(super) fn required<'e>(element: &'e Element, name: &'static str) -> Result<&'e Element> {
    element.child(name).ok_or(ProfileError::Missing { element: name, offset: element.offset })
}

fn text_of(element: &Element, name: &str) -> Option<String> {
    element.child(name).map(|child| child.text().to_owned())
}

/// The text of an identity or of a server's name.
fn bounded(element: &Element) -> Result<String> {
    let text = element.text();
    if text.len() > MAX_IDENTITY {
        let (what, offset) = ("bytes of an identity", element.offset);
        return Err(ProfileError::TooMany { what, limit: MAX_IDENTITY, offset });
    }
    Ok(text.to_owned())
}

/// Every child of this name, as many as there may be.
pub(super) fn list<T>(
    element: &Element,
    name: &str,
    what: &'static str,
    limit: usize,
    read: impl Fn(&Element) -> Result<T>,
) -> Result<Vec<T>> {
    element.list(name, limit, |offset| ProfileError::TooMany { what, limit, offset }, read)
}

fn boolean(element: &Element, name: &'static str) -> Result<bool> {
    let text = element.text();
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(ProfileError::Value { element: name, expected: "a boolean", offset: element.offset })
    }
}

/// A number that XML Schema would call a non-negative integer, within 32 bits.
pub(super) fn number(element: &Element, name: &'static str) -> Result<u32> {
    let text = element.text();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { digits.parse().ok() } else { None };
    number.ok_or(ProfileError::Value {
        element: name,
        expected: "a number within 32 bits",
        offset: element.offset,
    })
}

fn optional_number(element: &Element, name: &'static str) -> Result<Option<u32>> {
    element.child(name).map(|child| number(child, name)).transpose()
}

/// The value at the place that the element's number says.
fn one_of<T: Copy>(element: &Element, name: &'static str, expected: &'static str, all: &[T]) -> Result<T> {
    let index = number(element, name).ok().and_then(|number| usize::try_from(number).ok());
    let found = index.and_then(|index| all.get(index).copied());
    found.ok_or(ProfileError::Value { element: name, expected, offset: element.offset })
}

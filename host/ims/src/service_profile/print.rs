//! From a subscription to XML (TS 29.228 Annex E): what a home subscriber server sends.
//!
//! In: [`ImsSubscription`]. Out: a document whose elements stand in the order of the schema. An Extension is written
//! only where something is in it.

use super::{
    ApplicationServer, ConditionType, CoreNetworkServicesAuthorization, ImsSubscription,
    InitialFilterCriteria, PublicIdentity, ServicePointTrigger, ServiceProfile, What,
};
use crate::xml::Writer;

pub(super) fn subscription(subscription: &ImsSubscription) -> String {
    let mut out = Writer::new();
    out.open("IMSSubscription");
    out.leaf("PrivateID", &subscription.private_identity);
    for profile in &subscription.service_profiles {
        service_profile(profile, &mut out);
    }
    if let Some(imsi) = &subscription.imsi {
        out.open("Extension");
        out.leaf("IMSI", imsi);
        out.close();
    }
    out.close();
    out.finish()
}

fn service_profile(profile: &ServiceProfile, out: &mut Writer) {
    out.open("ServiceProfile");
    for identity in &profile.public_identities {
        public_identity(identity, out);
    }
    for criteria in &profile.initial_filter_criteria {
        filter_criteria(criteria, out);
    }
    if let Some(authorization) = &profile.core_network_services_authorization {
        services_authorization(authorization, out);
    }
    if !profile.shared_ifc_set_ids.is_empty() {
        out.open("Extension");
        for set in &profile.shared_ifc_set_ids {
            out.leaf("SharedIFCSetID", &set.to_string());
        }
        out.close();
    }
    out.close();
}

fn services_authorization(authorization: &CoreNetworkServicesAuthorization, out: &mut Writer) {
    out.open("CoreNetworkServicesAuthorization");
    out.optional("SubscribedMediaProfileId", authorization.subscribed_media_profile_id);
    if !authorization.service_ids.is_empty() {
        out.open("Extension");
        out.open("ListOfServiceIds");
        for service in &authorization.service_ids {
            out.leaf("ServiceId", service);
        }
        out.close();
        out.close();
    }
    out.close();
}

fn public_identity(identity: &PublicIdentity, out: &mut Writer) {
    out.open("PublicIdentity");
    if identity.is_barred {
        out.leaf("BarringIndication", "1");
    }
    out.leaf("Identity", &identity.identity);
    let depth = extensions_of(identity);
    if depth > 0 {
        out.open("Extension");
        out.optional("IdentityType", identity.identity_type.map(|kind| kind as u8));
        out.optional("WildcardedPSI", identity.wildcarded_psi.as_deref());
    }
    if depth > 1 {
        out.open("Extension");
        out.optional("DisplayName", identity.display_name.as_deref());
        out.optional("AliasIdentityGroupID", identity.alias_identity_group_id.as_deref());
    }
    if depth > 2 {
        out.open("Extension");
        out.optional("WildcardedIMPU", identity.wildcarded_impu.as_deref());
        out.optional("ServiceLevelTraceInfo", identity.service_level_trace_info.as_deref());
        out.optional("ServicePriorityLevel", identity.service_priority_level);
    }
    if depth > 3 {
        out.open("Extension");
        for priority in &identity.extended_priorities {
            out.open("ExtendedPriority");
            out.leaf("PriorityNamespace", &priority.namespace);
            out.leaf("PriorityLevel", &priority.level);
            out.close();
        }
    }
    if depth > 4 {
        out.open("Extension");
        out.optional("MaxNumOfAllowedSimultRegistrations", identity.max_simultaneous_registrations);
    }
    for _ in 0..depth {
        out.close();
    }
    out.close();
}

/// How deep the chain of extensions must go.
fn extensions_of(identity: &PublicIdentity) -> usize {
    let filled = [
        identity.identity_type.is_some() || identity.wildcarded_psi.is_some(),
        identity.display_name.is_some() || identity.alias_identity_group_id.is_some(),
        identity.wildcarded_impu.is_some()
            || identity.service_level_trace_info.is_some()
            || identity.service_priority_level.is_some(),
        !identity.extended_priorities.is_empty(),
        identity.max_simultaneous_registrations.is_some(),
    ];
    filled.iter().rposition(|filled| *filled).map_or(0, |last| last + 1)
}

fn filter_criteria(criteria: &InitialFilterCriteria, out: &mut Writer) {
    out.open("InitialFilterCriteria");
    out.leaf("Priority", &criteria.priority.to_string());
    if let Some(trigger) = &criteria.trigger_point {
        out.open("TriggerPoint");
        let is_cnf = trigger.condition_type == ConditionType::ConjunctiveNormalForm;
        out.leaf("ConditionTypeCNF", if is_cnf { "1" } else { "0" });
        for service_point in &trigger.service_point_triggers {
            service_point_trigger(service_point, out);
        }
        out.close();
    }
    application_server(&criteria.application_server, out);
    out.optional("ProfilePartIndicator", criteria.profile_part.map(|part| part as u8));
    out.close();
}

fn application_server(server: &ApplicationServer, out: &mut Writer) {
    out.open("ApplicationServer");
    out.leaf("ServerName", &server.server_name);
    out.optional("DefaultHandling", server.default_handling.map(|handling| handling as u8));
    out.optional("ServiceInfo", server.service_info.as_deref());
    if server.include_register_request || server.include_register_response {
        out.open("Extension");
        let includes = [
            ("IncludeRegisterRequest", server.include_register_request),
            ("IncludeRegisterResponse", server.include_register_response),
        ];
        for (name, _) in includes.into_iter().filter(|(_, includes)| *includes) {
            out.open(name);
            out.close();
        }
        out.close();
    }
    out.close();
}

fn service_point_trigger(trigger: &ServicePointTrigger, out: &mut Writer) {
    out.open("SPT");
    out.leaf("ConditionNegated", if trigger.is_negated { "1" } else { "0" });
    for group in &trigger.groups {
        out.leaf("Group", &group.to_string());
    }
    match &trigger.what {
        What::RequestUri(uri) => out.leaf("RequestURI", uri),
        What::Method(method) => out.leaf("Method", method),
        What::SipHeader { header, content } => {
            out.open("SIPHeader");
            out.leaf("Header", header);
            out.optional("Content", content.as_deref());
            out.close();
        }
        What::SessionCase(case) => out.leaf("SessionCase", &(*case as u8).to_string()),
        What::SessionDescription { line, content } => {
            out.open("SessionDescription");
            out.leaf("Line", line);
            out.optional("Content", content.as_deref());
            out.close();
        }
    }
    if !trigger.registration_types.is_empty() {
        out.open("Extension");
        for kind in &trigger.registration_types {
            out.leaf("RegistrationType", &(*kind as u8).to_string());
        }
        out.close();
    }
    out.close();
}

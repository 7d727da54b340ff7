//! How every answer begins: the features of Cx (TS 29.229 §7.2), and groups that several answers have.
//!
//! In: a request's head. Out: an answer's head, and whether the request is looked at any further.

use diameter::base::Origin;
use diameter::cx::SupportedFeatures;
use diameter::cx::{AnswerHead, AssociatedIdentities, ChargingInformation, RequestHead, ServerCapabilities};
use diameter::dictionary::cx::SERVER_NAME;
use diameter::{CxResult, Failure, FailureKind, Message, Outcome, vendor};

use crate::bounds::MAX_IDENTITY;
use crate::subscription::Subscription;

/// What this server does beyond what every server of Cx does (TS 29.229 §7.1.1).
const FEATURES: u32 =
    SupportedFeatures::SIFC | SupportedFeatures::ALIAS_IND | SupportedFeatures::IMS_RESTORATION_IND;

/// The head of an answer, and whether the request is looked at any further. It says DIAMETER_SUCCESS until something
/// else is known; or that the request demands a feature that is not there.
pub(crate) fn begin(request: &RequestHead, origin: &Origin) -> (AnswerHead, bool) {
    let mut head = AnswerHead::to(request, origin.clone(), Outcome::SUCCESS);
    if request.supported_features.is_empty() {
        return (head, true);
    }
    head.supported_features = vec![SupportedFeatures::of_cx(FEATURES, false)];
    let is_demanded_in_vain = |asked: &SupportedFeatures| {
        let is_of_cx = asked.vendor == vendor::TGPP && asked.feature_list_id == 1;
        asked.required && (!is_of_cx || asked.feature_list & !FEATURES != 0)
    };
    let goes_on = !request.supported_features.iter().any(is_demanded_in_vain);
    if !goes_on {
        head.outcome = CxResult::ERROR_FEATURE_UNSUPPORTED.into();
    }
    (head, goes_on)
}

/// The name of an S-CSCF is kept, and what is kept is bounded.
pub(crate) fn check_server_name(name: &str, message: &Message) -> Result<(), Failure> {
    if name.len() <= MAX_IDENTITY {
        return Ok(());
    }
    let kind = FailureKind::InvalidAvpValue;
    Err(message.first(SERVER_NAME.id).map_or_else(|| kind.into(), |avp| Failure::of_avp(kind, &avp)))
}

/// Whether who asks understands S-CSCF restoration (TS 23.380 §4).
pub(crate) fn restores(request: &RequestHead) -> bool {
    let wanted = SupportedFeatures::IMS_RESTORATION_IND;
    request.supported_features.iter().any(|features| {
        features.vendor == vendor::TGPP
            && features.feature_list_id == 1
            && features.feature_list & wanted != 0
    })
}

/// Server-Capabilities; none where any S-CSCF will do.
pub(crate) fn capabilities(subscription: &Subscription) -> Option<ServerCapabilities> {
    let capabilities = &subscription.capabilities;
    (!capabilities.is_empty()).then(|| ServerCapabilities {
        mandatory_capabilities: capabilities.mandatory.clone(),
        optional_capabilities: capabilities.optional.clone(),
        server_names: capabilities.servers.clone(),
        other: Vec::new(),
    })
}

/// Charging-Information; none where there is none.
pub(crate) fn charging(subscription: &Subscription) -> Option<ChargingInformation> {
    let charging = &subscription.charging;
    (!charging.is_empty()).then(|| ChargingInformation {
        primary_event_charging_function_name: charging.primary_event.clone(),
        secondary_event_charging_function_name: charging.secondary_event.clone(),
        primary_charging_collection_function_name: charging.primary_collection.clone(),
        secondary_charging_collection_function_name: charging.secondary_collection.clone(),
        other: Vec::new(),
    })
}

/// Private identities as a group; none where there are none.
pub(crate) fn associated(user_names: Vec<String>) -> Option<AssociatedIdentities> {
    (!user_names.is_empty()).then(|| AssociatedIdentities { user_names, other: Vec::new() })
}

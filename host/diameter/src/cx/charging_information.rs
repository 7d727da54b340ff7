//! Charging-Information: TS 29.229 §6.3.19: where events and records are charged.

use crate::avp::{Avp, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::cx::*;
use crate::failure::Failure;
use crate::fields::{group, optional};
use crate::value::{AvpValue, Reading};

/// The charging functions of a subscription, each as its DiameterURI was written.
///
/// Text, because HSSs in use send names that are no URI ("pcrf"), and the name is only passed on, in
/// P-Charging-Function-Addresses. [`crate::DiameterUri::parse`] reads one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargingInformation {
    /// Online charging.
    pub primary_event_charging_function_name: Option<String>,
    /// Online charging, if the first does not answer.
    pub secondary_event_charging_function_name: Option<String>,
    /// Offline charging.
    pub primary_charging_collection_function_name: Option<String>,
    /// Offline charging, if the first does not answer.
    pub secondary_charging_collection_function_name: Option<String>,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl AvpValue for ChargingInformation {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [
            optional(PRIMARY_EVENT_CHARGING_FUNCTION_NAME),
            optional(SECONDARY_EVENT_CHARGING_FUNCTION_NAME),
            optional(PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME),
            optional(SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME),
        ];
        group(avp, reading, &rules, |fields| {
            Ok(ChargingInformation {
                primary_event_charging_function_name: fields
                    .optional(PRIMARY_EVENT_CHARGING_FUNCTION_NAME)?,
                secondary_event_charging_function_name: fields
                    .optional(SECONDARY_EVENT_CHARGING_FUNCTION_NAME)?,
                primary_charging_collection_function_name: fields
                    .optional(PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME)?,
                secondary_charging_collection_function_name: fields
                    .optional(SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME)?,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put_optional(PRIMARY_EVENT_CHARGING_FUNCTION_NAME, &self.primary_event_charging_function_name)
            .put_optional(
                SECONDARY_EVENT_CHARGING_FUNCTION_NAME,
                &self.secondary_event_charging_function_name,
            )
            .put_optional(
                PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME,
                &self.primary_charging_collection_function_name,
            )
            .put_optional(
                SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME,
                &self.secondary_charging_collection_function_name,
            )
            .put_others(&self.other);
    }
}

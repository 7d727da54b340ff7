//! Supported-Features: TS 29.229 §6.3.29 to §6.3.31, and §7.1 for the features of Cx.

use crate::avp::{Avp, AvpFlags, OtherAvp, vendor};
use crate::builder::Builder;
use crate::dictionary::Definition;
use crate::dictionary::base::VENDOR_ID;
use crate::dictionary::cx::{FEATURE_LIST, FEATURE_LIST_ID};
use crate::failure::Failure;
use crate::fields::{group, required};
use crate::value::{AvpValue, Reading};

/// One list of features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportedFeatures {
    /// Whose features.
    pub vendor: u32,
    /// Which list of the vendor's.
    pub feature_list_id: u32,
    /// A bit for each feature.
    pub feature_list: u32,
    /// Whether the receiver must support them: the M bit (§7.2.1).
    pub required: bool,
    /// What no type here knows.
    pub other: Vec<OtherAvp>,
}

impl SupportedFeatures {
    /// Shared iFC sets (TS 29.229 §7.1.1), bit 0 of list 1.
    pub const SIFC: u32 = 1;
    /// Alias identities, bit 1.
    pub const ALIAS_IND: u32 = 1 << 1;
    /// IMS restoration, bit 2.
    pub const IMS_RESTORATION_IND: u32 = 1 << 2;
    /// P-CSCF restoration, bit 3.
    pub const P_CSCF_RESTORATION_MECHANISM: u32 = 1 << 3;

    /// Features of Cx: list 1 of 3GPP.
    pub const fn of_cx(features: u32, required: bool) -> SupportedFeatures {
        SupportedFeatures {
            vendor: vendor::TGPP,
            feature_list_id: 1,
            feature_list: features,
            required,
            other: Vec::new(),
        }
    }
}

impl AvpValue for SupportedFeatures {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        let rules = [required(VENDOR_ID), required(FEATURE_LIST_ID), required(FEATURE_LIST)];
        group(avp, reading, &rules, |fields| {
            Ok(SupportedFeatures {
                vendor: fields.one(VENDOR_ID)?,
                feature_list_id: fields.one(FEATURE_LIST_ID)?,
                feature_list: fields.one(FEATURE_LIST)?,
                required: avp.is_mandatory(),
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(VENDOR_ID, &self.vendor)
            .put(FEATURE_LIST_ID, &self.feature_list_id)
            .put(FEATURE_LIST, &self.feature_list)
            .put_others(&self.other);
    }

    fn flags(&self, definition: Definition<'_>) -> AvpFlags {
        let mut flags = definition.flags();
        flags.set(AvpFlags::MANDATORY, self.required);
        flags
    }
}

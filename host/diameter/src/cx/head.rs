//! What every request and every answer of Cx begins and ends with: TS 29.229 §6.1.
//!
//! Vendor-Specific-Application-Id and Auth-Session-State are constants: Cx, and NO_STATE_MAINTAINED (§5.3).

use crate::avp::{OtherAvp, vendor};
use crate::base::{AuthSessionState, Origin, VendorSpecificApplicationId, take_outcome, write_outcome};
use crate::builder::Builder;
use crate::cx::SupportedFeatures;
use crate::dictionary::base::*;
use crate::dictionary::cx::SUPPORTED_FEATURES;
use crate::failure::{Failure, FailureKind};
use crate::fields::{Fields, Rule, any, optional, required};
use crate::format::DiameterIdentity;
use crate::header::ApplicationId;
use crate::result::Outcome;

/// Of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// Session-Id.
    pub session_id: String,
    /// Who asks.
    pub origin: Origin,
    /// The HSS, or the S-CSCF, where it is known.
    pub destination_host: Option<DiameterIdentity>,
    /// Where it lives.
    pub destination_realm: DiameterIdentity,
    /// Supported-Features (§7.2).
    pub supported_features: Vec<SupportedFeatures>,
    /// Proxy-Info, as it came.
    pub proxy_info: Vec<OtherAvp>,
    /// Route-Record: who passed it on.
    pub route_record: Vec<DiameterIdentity>,
}

impl RequestHead {
    pub(super) const RULES: &'static [Rule] = &[
        required(SESSION_ID),
        required(VENDOR_SPECIFIC_APPLICATION_ID),
        required(AUTH_SESSION_STATE),
        required(ORIGIN_HOST),
        required(ORIGIN_REALM),
        optional(ORIGIN_STATE_ID),
        optional(DESTINATION_HOST),
        required(DESTINATION_REALM),
        any(SUPPORTED_FEATURES),
        any(PROXY_INFO),
        any(ROUTE_RECORD),
    ];

    /// Of a request to a realm, without the rest.
    pub fn new(session_id: String, origin: Origin, destination_realm: DiameterIdentity) -> RequestHead {
        RequestHead {
            session_id,
            origin,
            destination_host: None,
            destination_realm,
            supported_features: Vec::new(),
            proxy_info: Vec::new(),
            route_record: Vec::new(),
        }
    }

    pub(super) fn take(fields: &mut Fields<'_, '_>) -> Result<RequestHead, Failure> {
        take_constants(fields)?;
        Ok(RequestHead {
            session_id: fields.one(SESSION_ID)?,
            origin: Origin::take(fields)?,
            destination_host: fields.optional(DESTINATION_HOST)?,
            destination_realm: fields.one(DESTINATION_REALM)?,
            supported_features: fields.all(SUPPORTED_FEATURES)?,
            proxy_info: fields.kept(PROXY_INFO),
            route_record: fields.all(ROUTE_RECORD)?,
        })
    }

    /// What a request begins with.
    pub(super) fn write(&self, out: &mut Builder) {
        out.put(SESSION_ID, &self.session_id);
        write_application(out);
        out.put(AUTH_SESSION_STATE, &AuthSessionState::NoStateMaintained);
        self.origin.write(out);
        out.put_optional(DESTINATION_HOST, &self.destination_host)
            .put(DESTINATION_REALM, &self.destination_realm)
            .put_all(SUPPORTED_FEATURES, &self.supported_features);
    }

    /// What it ends with.
    pub(super) fn write_end(&self, other: &[OtherAvp], out: &mut Builder) {
        out.put_others(other).put_others(&self.proxy_info).put_all(ROUTE_RECORD, &self.route_record);
    }
}

/// Of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// Session-Id. Only an answer with the E bit may lack it (RFC 6733 §7.2).
    pub session_id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Who answers.
    pub origin: Origin,
    /// Supported-Features (§7.2).
    pub supported_features: Vec<SupportedFeatures>,
    /// For people.
    pub error_message: Option<String>,
    /// Failed-AVP, as it came.
    pub failed_avp: Vec<OtherAvp>,
    /// Proxy-Info, as it came.
    pub proxy_info: Vec<OtherAvp>,
}

impl AnswerHead {
    /// An answer with the E bit has none of a command's own AVPs, so what §6.1 requires is not required here. HSSs also
    /// leave away Auth-Session-State and Vendor-Specific-Application-Id where they refuse.
    pub(super) const RULES: &'static [Rule] = &[
        optional(SESSION_ID),
        optional(VENDOR_SPECIFIC_APPLICATION_ID),
        optional(RESULT_CODE),
        optional(EXPERIMENTAL_RESULT),
        optional(AUTH_SESSION_STATE),
        required(ORIGIN_HOST),
        required(ORIGIN_REALM),
        optional(ORIGIN_STATE_ID),
        any(SUPPORTED_FEATURES),
        optional(ERROR_MESSAGE),
        any(FAILED_AVP),
        any(PROXY_INFO),
    ];

    /// Of the answer to a request (RFC 6733 §6.2): its Session-Id and its Proxy-Info.
    pub fn to(request: &RequestHead, origin: Origin, outcome: impl Into<Outcome>) -> AnswerHead {
        AnswerHead {
            session_id: Some(request.session_id.clone()),
            outcome: outcome.into(),
            origin,
            supported_features: Vec::new(),
            error_message: None,
            failed_avp: Vec::new(),
            proxy_info: request.proxy_info.clone(),
        }
    }

    pub(super) fn take(fields: &mut Fields<'_, '_>) -> Result<AnswerHead, Failure> {
        take_constants(fields)?;
        Ok(AnswerHead {
            session_id: fields.optional(SESSION_ID)?,
            outcome: take_outcome(fields)?,
            origin: Origin::take(fields)?,
            supported_features: fields.all(SUPPORTED_FEATURES)?,
            error_message: fields.optional(ERROR_MESSAGE)?,
            failed_avp: fields.kept(FAILED_AVP),
            proxy_info: fields.kept(PROXY_INFO),
        })
    }

    /// What an answer begins with.
    pub(super) fn write(&self, out: &mut Builder) {
        out.put_optional(SESSION_ID, &self.session_id);
        write_application(out);
        write_outcome(self.outcome, out);
        out.put(AUTH_SESSION_STATE, &AuthSessionState::NoStateMaintained);
        self.origin.write(out);
        out.put_all(SUPPORTED_FEATURES, &self.supported_features);
    }

    /// What it ends with.
    pub(super) fn write_end(&self, other: &[OtherAvp], out: &mut Builder) {
        out.put_others(other)
            .put_optional(ERROR_MESSAGE, &self.error_message)
            .put_others(&self.failed_avp)
            .put_others(&self.proxy_info);
    }
}

fn write_application(out: &mut Builder) {
    let cx = VendorSpecificApplicationId::of(vendor::TGPP, ApplicationId::CX);
    out.put(VENDOR_SPECIFIC_APPLICATION_ID, &cx);
}

/// The application "MUST also match the Application Id present in the Diameter header" (RFC 6733 §6.11).
fn take_constants(fields: &mut Fields<'_, '_>) -> Result<(), Failure> {
    let id: Option<VendorSpecificApplicationId> = fields.optional(VENDOR_SPECIFIC_APPLICATION_ID)?;
    if let Some(id) = id
        && id.application != ApplicationId::CX
    {
        let kind = FailureKind::InvalidAvpValue;
        let definition = VENDOR_SPECIFIC_APPLICATION_ID;
        return Err(Failure::example(kind, definition.id, definition.flags(), 0));
    }
    // Whatever it says, there is no session.
    let _: Option<AuthSessionState> = fields.optional(AUTH_SESSION_STATE)?;
    Ok(())
}

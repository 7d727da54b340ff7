//! The base protocol's own commands, RFC 6733 §5, and the groups that other applications use too.
//!
//! | file | what | section |
//! |---|---|---|
//! | `capabilities_exchange.rs` | CER, CEA | 5.3 |
//! | `device_watchdog.rs` | DWR, DWA | 5.5 |
//! | `disconnect_peer.rs` | DPR, DPA | 5.4 |
//!
//! Here: who sends ([`Origin`]), how it ended ([`Outcome`]), Vendor-Specific-Application-Id, Auth-Session-State.

mod capabilities_exchange;
mod device_watchdog;
mod disconnect_peer;

pub use capabilities_exchange::{Capabilities, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest};
pub use device_watchdog::{DeviceWatchdogAnswer, DeviceWatchdogRequest};
pub use disconnect_peer::{DisconnectCause, DisconnectPeerAnswer, DisconnectPeerRequest};

use crate::avp::{Avp, Avps, OtherAvp};
use crate::builder::Builder;
use crate::dictionary::base::*;
use crate::failure::{Failure, FailureKind};
use crate::fields::{Fields, Rule, any, forbidden, group, optional, required};
use crate::format::DiameterIdentity;
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::message::Message;
use crate::result::{Outcome, ResultCode};
use crate::value::{AvpValue, Reading, enumerated};

/// Who sends a message: Origin-Host, Origin-Realm and Origin-State-Id (§6.3, §6.4, §8.16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The node.
    pub host: DiameterIdentity,
    /// Its realm.
    pub realm: DiameterIdentity,
    /// Grows whenever the node has lost its state; not sent where it is `None`.
    pub state_id: Option<u32>,
}

impl Origin {
    pub(crate) const RULES: &'static [Rule] =
        &[required(ORIGIN_HOST), required(ORIGIN_REALM), optional(ORIGIN_STATE_ID)];

    pub(crate) fn take(fields: &mut Fields<'_, '_>) -> Result<Origin, Failure> {
        Ok(Origin {
            host: fields.one(ORIGIN_HOST)?,
            realm: fields.one(ORIGIN_REALM)?,
            state_id: fields.optional(ORIGIN_STATE_ID)?,
        })
    }

    pub(crate) fn write(&self, out: &mut Builder) {
        out.put(ORIGIN_HOST, &self.host)
            .put(ORIGIN_REALM, &self.realm)
            .put_optional(ORIGIN_STATE_ID, &self.state_id);
    }
}

enumerated! {
    /// Auth-Session-State (§8.11).
    AuthSessionState {
        /// The server keeps state of the session.
        StateMaintained = 0,
        /// It does not: all of Cx (TS 29.229 §5.3).
        NoStateMaintained = 1,
    }
}

/// Vendor-Specific-Application-Id (§6.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorSpecificApplicationId {
    /// Who may have written the application. Informational.
    pub vendor: u32,
    /// The application.
    pub application: ApplicationId,
    /// Whether it is an accounting application: Acct- instead of Auth-Application-Id.
    pub is_accounting: bool,
    /// Other AVPs of the group. The grammar has none.
    pub other: Vec<OtherAvp>,
}

impl VendorSpecificApplicationId {
    /// An authentication or authorization application of a vendor.
    pub const fn of(vendor: u32, application: ApplicationId) -> VendorSpecificApplicationId {
        VendorSpecificApplicationId { vendor, application, is_accounting: false, other: Vec::new() }
    }
}

impl AvpValue for VendorSpecificApplicationId {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        // Exactly one of the two: §6.11 says what is answered to none and to both. Vendor-Id says nothing of its own,
        // and RFC 3588 let it be repeated.
        let rules =
            [crate::fields::some(VENDOR_ID), optional(AUTH_APPLICATION_ID), optional(ACCT_APPLICATION_ID)];
        group(avp, reading, &rules, |fields| {
            let auth: Option<u32> = fields.optional(AUTH_APPLICATION_ID)?;
            let acct: Option<u32> = fields.optional(ACCT_APPLICATION_ID)?;
            let (application, is_accounting) = match (auth, acct) {
                (Some(id), None) => (id, false),
                (None, Some(id)) => (id, true),
                (None, None) => {
                    let acct = Failure::missing(ACCT_APPLICATION_ID);
                    return Err(Failure::missing(AUTH_APPLICATION_ID).and(acct));
                }
                (Some(_), Some(_)) => return Err(both(avp)),
            };
            Ok(VendorSpecificApplicationId {
                vendor: fields.one(VENDOR_ID)?,
                application: ApplicationId(application),
                is_accounting,
                other: fields.other(),
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        let definition = if self.is_accounting { ACCT_APPLICATION_ID } else { AUTH_APPLICATION_ID };
        out.put(VENDOR_ID, &self.vendor).put(definition, &self.application.0).put_others(&self.other);
    }
}

/// "The Failed-AVP ... MUST contain the received Auth-Application-Id AVP and Acct-Application-Id AVP."
fn both(avp: &Avp<'_>) -> Failure {
    let of = |definition: crate::dictionary::Definition<'_>| {
        let found = avp.group().first(definition.id);
        found.map(|avp| Failure::of_avp(FailureKind::AvpOccursTooManyTimes, &avp))
    };
    match (of(AUTH_APPLICATION_ID), of(ACCT_APPLICATION_ID)) {
        (Some(auth), Some(acct)) => auth.and(acct),
        _ => Failure::of_avp(FailureKind::AvpOccursTooManyTimes, avp),
    }
}

/// Experimental-Result (§7.6).
struct ExperimentalResult {
    vendor: u32,
    code: u32,
}

impl AvpValue for ExperimentalResult {
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure> {
        group(avp, reading, &[required(VENDOR_ID), required(EXPERIMENTAL_RESULT_CODE)], |fields| {
            Ok(ExperimentalResult {
                vendor: fields.one(VENDOR_ID)?,
                code: fields.one(EXPERIMENTAL_RESULT_CODE)?,
            })
        })
    }

    fn write(&self, out: &mut Builder) {
        out.put(VENDOR_ID, &self.vendor).put(EXPERIMENTAL_RESULT_CODE, &self.code);
    }
}

/// How an answer says the request ended, without reading the rest.
pub(crate) fn outcome(avps: Avps<'_>) -> Option<Outcome> {
    let number = |avp: &Avp<'_>| avp.data.try_into().ok().map(u32::from_be_bytes);
    for avp in avps.map_while(Result::ok) {
        if avp.id == RESULT_CODE.id {
            return Some(Outcome::Result(ResultCode(number(&avp)?)));
        }
        if avp.id == EXPERIMENTAL_RESULT.id {
            let vendor = number(&avp.group().first(VENDOR_ID.id)?)?;
            let code = number(&avp.group().first(EXPERIMENTAL_RESULT_CODE.id)?)?;
            return Some(Outcome::Experimental { vendor, code });
        }
    }
    None
}

/// Result-Code or Experimental-Result of an answer; missing if neither is there (§7.6).
pub(crate) fn take_outcome(fields: &mut Fields<'_, '_>) -> Result<Outcome, Failure> {
    let code: Option<u32> = fields.optional(RESULT_CODE)?;
    let experimental: Option<ExperimentalResult> = fields.optional(EXPERIMENTAL_RESULT)?;
    match (code, experimental) {
        // Both are a fault of the sender's, and a base error is the more urgent news.
        (Some(code), _) => Ok(Outcome::Result(ResultCode(code))),
        (None, Some(ExperimentalResult { vendor, code })) => Ok(Outcome::Experimental { vendor, code }),
        (None, None) => Err(Failure::missing(RESULT_CODE)),
    }
}

/// What every answer between peers has beside its sender: Result-Code, Error-Message, Failed-AVP (§5).
const ANSWER_RULES: &[Rule] = &[required(RESULT_CODE), optional(ERROR_MESSAGE), any(FAILED_AVP)];

/// The Result-Code of an answer between peers, which has no Experimental-Result.
fn take_result_code(fields: &mut Fields<'_, '_>) -> Result<ResultCode, Failure> {
    match take_outcome(fields)? {
        Outcome::Result(code) => Ok(code),
        Outcome::Experimental { .. } => Err(Failure::missing(RESULT_CODE)),
    }
}

/// Prints it, and the E bit that goes with a protocol error (§7.1.3).
pub(crate) fn write_outcome(outcome: Outcome, out: &mut Builder) {
    match outcome {
        Outcome::Result(code) => {
            if code.class() == crate::result::ResultClass::ProtocolError {
                out.set_error();
            }
            out.put(RESULT_CODE, &code.0);
        }
        Outcome::Experimental { vendor, code } => {
            out.put(EXPERIMENTAL_RESULT, &ExperimentalResult { vendor, code });
        }
    }
}

/// Where a message goes: the AVPs that routing looks at (§6.1), borrowed from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Addressing<'a> {
    pub(crate) session_id: Option<&'a [u8]>,
    pub(crate) origin_host: Option<&'a [u8]>,
    pub(crate) destination_host: Option<&'a [u8]>,
    pub(crate) destination_realm: Option<&'a [u8]>,
}

impl<'a> Addressing<'a> {
    /// Of a message, as far as its AVPs can be read.
    pub(crate) fn of(message: &'a Message) -> Addressing<'a> {
        let mut found = Addressing::default();
        for avp in message.avps().map_while(Result::ok) {
            let place = match avp.id {
                id if id == SESSION_ID.id => &mut found.session_id,
                id if id == ORIGIN_HOST.id => &mut found.origin_host,
                id if id == DESTINATION_HOST.id => &mut found.destination_host,
                id if id == DESTINATION_REALM.id => &mut found.destination_realm,
                _ => continue,
            };
            place.get_or_insert(avp.data);
        }
        found
    }
}

/// The commands that peers exchange with each other and never pass on (§5).
pub(crate) const fn is_between_peers(command: CommandCode) -> bool {
    matches!(
        command,
        CommandCode::CAPABILITIES_EXCHANGE | CommandCode::DEVICE_WATCHDOG | CommandCode::DISCONNECT_PEER
    )
}

/// "A request that is not able to be proxied (such as a CER) MUST NOT contain either Destination-Realm or
/// Destination-Host AVPs" (§6.1).
const NO_DESTINATION: &[Rule] = &[forbidden(DESTINATION_HOST), forbidden(DESTINATION_REALM)];

/// The flags of a request between peers: never proxied.
const REQUEST: Flags = Flags::REQUEST;
/// The flags of an answer between peers.
const ANSWER: Flags = Flags::empty();

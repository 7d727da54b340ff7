//! Charging vectors (TS 24.229 §4.5.2, §4.5.4, §5.2.2.1, §5.2.6.3, §5.2.6.4; RFC 7315 §4.6): what ties the charging records
//! of a session together, and who is to be charged.
//!
//! ```text
//!   REGISTER, SUBSCRIBE of ours, a phone's request ─▶ a new identifier, type 1 orig-ioi: this network
//!   a phone's request inside a dialog ──────────────▶ the identifier of the dialog
//!   a request to a phone ─▶ kept ─▶ its answers get it back, with a type 1 term-ioi
//! ```
//! In: a message that crosses the border of the trust domain, from which the other side's has been taken. Out: the same with
//! ours.

use strowger_sdk::Message;
use strowger_sdk::hex;
use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::prelude::*;

use crate::settings::Settings;

/// Variable of the dialog: its charging identifier.
const ICID: &str = "icid";

/// Variable of the transaction: the vector of a request to a phone.
const CAME: &str = "charging";

/// Bytes of a vector that is kept until the answer; to a longer one the answers have none.
const MAX_VECTOR: usize = 1_024;

/// Before an operator's identifier that visited and home network exchange (§4.5.4).
const TYPE_1: &str = "Type 1";

/// A new charging identifier: ours alone.
pub(crate) fn vector(settings: &Settings, host: &impl Host) -> ChargingVector {
    let icid: String = hex(&host.random(16));
    let mut vector = ChargingVector::new(icid);
    vector.icid_generated_at = Uri::parse(settings.uri.as_bytes()).ok().map(|uri| uri.host().to_string());
    vector.orig_ioi = ioi(settings);
    vector
}

fn ioi(settings: &Settings) -> Option<String> {
    settings.ioi.as_ref().map(|ioi| [TYPE_1, ioi].concat())
}

/// A phone's request goes on its way.
pub(crate) fn from_phone(settings: &Settings, request: &mut Request<'_>, host: &impl Host) {
    if request.method() == Method::Ack {
        return;
    }
    let mut vector = vector(settings, host);
    if request.is_in_dialog() {
        let icid = host.dialog_variable(ICID).and_then(|icid| String::from_utf8(icid).ok());
        vector.icid_value = icid.unwrap_or(vector.icid_value);
    } else {
        keep_for_the_dialog(request, &vector, host);
    }
    request.append(HeaderId::P_CHARGING_VECTOR, vector.to_string());
}

/// A request to a phone: what it bears is not shown to it, and is to be said in the answers.
pub(crate) fn to_phone(request: &Request<'_>, host: &impl Host) {
    let Some(vector) = read(request) else { return };
    if !request.is_in_dialog() {
        keep_for_the_dialog(request, &vector, host);
    }
    let text = vector.to_string();
    if text.len() <= MAX_VECTOR {
        host.set_variable(CAME, Some(text.as_bytes()));
    }
}

/// A phone's answer goes back.
pub(crate) fn answer_from_phone(settings: &Settings, response: &mut Response<'_>, host: &impl Host) {
    let came = host.variable(CAME).and_then(|came| ChargingVector::parse(&came).ok());
    let Some(came) = came.filter(|_| response.status() > 100) else { return };
    let vector = ChargingVector {
        icid_generated_at: came.icid_generated_at,
        orig_ioi: came.orig_ioi,
        term_ioi: ioi(settings),
        ..ChargingVector::new(came.icid_value)
    };
    response.append(HeaderId::P_CHARGING_VECTOR, vector.to_string());
}

fn read(message: &Message<'_>) -> Option<ChargingVector> {
    ChargingVector::parse(message.header(HeaderId::P_CHARGING_VECTOR)?).ok()
}

fn keep_for_the_dialog(request: &Request<'_>, vector: &ChargingVector, host: &impl Host) {
    let is_dialogs = matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer);
    if is_dialogs && vector.icid_value.len() <= MAX_VECTOR {
        host.set_dialog_variable(ICID, Some(vector.icid_value.as_bytes()));
    }
}

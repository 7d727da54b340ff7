//! Charging vectors (TS 24.229 §4.5.4, §5.4.1, §5.4.3; RFC 7315 §4.6): on each leg the operators of its two ends say who they
//! are, and on no other.
//!
//! ```text
//!   P-CSCF ◀─ type 1 ─▶ S-CSCF ◀─ type 2 ─▶ S-CSCF of another network
//!                          └◀─ type 3 ─▶ application server
//!
//!   a request comes ─▶ kept ─▶ goes on with our orig-ioi of the next leg's type
//!                        └───▶ its answers: the identifiers as they came, and our term-ioi of the leg it came by
//! ```
//! In: requests and responses. Out: the same with the vector of the leg that they leave by.

use strowger_sdk::hex;
use strowger_sdk::ims::charging_vector::ChargingVector;
use strowger_sdk::prelude::*;
use strowger_sdk::sip::Head;

use crate::settings::Settings;

/// Variable of the transaction: the leg by which its request came, and the vector.
const CAME: &str = "charging";

/// Bytes of a vector that is kept until the answer; to a longer one the answers have none.
const MAX_VECTOR: usize = 1_024;

/// A leg, by the type of the identifiers that are exchanged on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leg {
    /// A P-CSCF: type 1.
    Pcscf,
    /// Another S-CSCF, maybe of another network: type 2.
    Network,
    /// An application server: type 3.
    Server,
}

impl Leg {
    const ALL: [Leg; 3] = [Leg::Pcscf, Leg::Network, Leg::Server];

    /// Our identifier on it; `None`: the operator says none.
    fn ioi(self, settings: &Settings) -> Option<String> {
        let prefix = match self {
            Leg::Pcscf => "Type 1",
            Leg::Network => "",
            Leg::Server => "Type 3",
        };
        settings.ioi.as_ref().map(|ioi| [prefix, ioi].concat())
    }
}

/// A request has come by this leg: what it bears is to be said in its answers.
pub(crate) fn came(settings: &Settings, leg: Leg, request: &Request<'_>, host: &impl Host) {
    let Some(vector) = request.header(HeaderId::P_CHARGING_VECTOR).filter(|_| settings.ioi.is_some()) else {
        return;
    };
    if vector.len() <= MAX_VECTOR && ChargingVector::parse(vector).is_ok() {
        let place = Leg::ALL.iter().position(|one| *one == leg).unwrap_or_default() as u8;
        host.set_variable(CAME, Some(&[&[place], vector].concat()));
    }
}

/// It goes on by this leg. One that bears no charging identifier gets one here (§5.4.3.2, §5.4.3.3).
pub(crate) fn goes(relay: Relay, settings: &Settings, leg: Leg, head: &Head<'_>, host: &impl Host) -> Relay {
    let vector = on(leg, settings, head, host);
    with(relay, settings, Some(vector))
}

/// It leaves for another network. One that is of the trust domain is told who we are, and nothing about accesses of ours
/// (§5.4.3.2 step 10); nobody else is told anything (§4.4; RFC 7315 §5.6).
pub(crate) fn leaves(
    relay: Relay,
    settings: &Settings,
    is_trusted: bool,
    head: &Head<'_>,
    host: &impl Host,
) -> Relay {
    let vector =
        is_trusted.then(|| ChargingVector { others: Vec::new(), ..on(Leg::Network, settings, head, host) });
    with(relay, settings, vector)
}

fn on(leg: Leg, settings: &Settings, head: &Head<'_>, host: &impl Host) -> ChargingVector {
    let came = head.header(HeaderId::P_CHARGING_VECTOR).and_then(|value| ChargingVector::parse(value).ok());
    ChargingVector {
        orig_ioi: leg.ioi(settings),
        term_ioi: None,
        ..came.unwrap_or_else(|| new_vector(settings, host))
    }
}

/// With this vector, and so that its answers can be given theirs.
fn with(relay: Relay, settings: &Settings, vector: Option<ChargingVector>) -> Relay {
    let mut relay = relay.without(HeaderId::P_CHARGING_VECTOR);
    if let Some(vector) = vector {
        relay = relay.header(HeaderId::P_CHARGING_VECTOR, vector.to_string());
    }
    if settings.ioi.is_some() { relay.ask_replies() } else { relay }
}

fn new_vector(settings: &Settings, host: &impl Host) -> ChargingVector {
    let icid: String = hex(&host.random(16));
    let mut vector = ChargingVector::new(icid);
    vector.icid_generated_at = Uri::parse(settings.uri.as_bytes()).ok().map(|uri| uri.host().to_string());
    vector
}

/// An answer goes back by the leg that its request came by: what others said on theirs ends here.
pub(crate) fn answered(settings: &Settings, response: &mut Response<'_>, host: &impl Host) {
    let came = host.variable(CAME).unwrap_or_default();
    let Some((leg, vector)) = came.split_first() else { return };
    let (Some(leg), Ok(came)) = (Leg::ALL.get(usize::from(*leg)), ChargingVector::parse(vector)) else {
        return;
    };
    if response.status() == 100 {
        return;
    }
    let vector = ChargingVector {
        icid_generated_at: came.icid_generated_at,
        orig_ioi: came.orig_ioi,
        term_ioi: leg.ioi(settings),
        ..ChargingVector::new(came.icid_value)
    };
    response.set_header(HeaderId::P_CHARGING_VECTOR, vector.to_string());
}

/// The vector of the answer to a REGISTER (§5.4.1.2.2F).
pub(crate) fn of_registered(settings: &Settings, vector: &str) -> String {
    match ChargingVector::parse(vector.as_bytes()) {
        Ok(vector) => ChargingVector { term_ioi: Leg::Pcscf.ioi(settings), ..vector }.to_string(),
        Err(_) => vector.to_owned(),
    }
}

/// The vector of the REGISTER to an application server (§5.4.1.7): the identifier of the user's one.
pub(crate) fn to_server(settings: &Settings, vector: &str) -> Option<String> {
    let vector = ChargingVector::parse(vector.as_bytes()).ok()?;
    Some(ChargingVector { orig_ioi: Leg::Server.ioi(settings), term_ioi: None, ..vector }.to_string())
}

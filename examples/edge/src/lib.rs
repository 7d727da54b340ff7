//! A registrar and record-routing proxy for one or more domains: the whole routing of a small SIP service.
//!
//! In: requests outside dialogs. Out: one decision for each.
//!
//! ```text
//!  CANCEL without a transaction ──────▶ the standard's way
//!  ACK without one ───────────────────▶ routing.rs     from registered callers only
//!  REGISTER for our domains ──────────▶ registrar.rs   RFC 3261 §10.3
//!  OPTIONS to this element ───────────▶ 200            RFC 3261 §11
//!  everything else ───────────────────▶ routing.rs     RFC 3261 §16.5, RFC 3325
//! ```
//!
//! Requests inside dialogs never come here: they follow the Record-Routes by themselves. What the host does with a
//! decision (forking, timers, the database) is no concern of this plugin.

use strowger_sdk::prelude::*;

mod registrar;
mod routing;
mod settings;

pub use settings::Settings;

/// The plugin: its settings are all that it knows.
#[derive(Debug)]
pub struct Edge(Settings);

impl Plugin for Edge {
    fn init(configuration: &str) -> Result<Self, String> {
        Ok(Edge(Settings::read(configuration)?))
    }

    fn manifest(&self) -> Manifest {
        Manifest::new().name("edge")
    }

    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let uri = request.uri()?;
        match request.method() {
            Method::Cancel => next().into(),
            Method::Ack => routing::stray_ack(&self.0, request, host),
            Method::Register if self.0.is_ours(&uri) => registrar::register(&self.0, request, host),
            Method::Options if self.is_probe(&uri) => capabilities().stateless().into(),
            Method::Options if self.0.is_ours(&uri) && uri.user() == Some(self.0.probe_user.as_bytes()) => {
                capabilities().into()
            }
            _ => routing::route(&self.0, request, &uri, host),
        }
    }
}

impl Edge {
    /// An OPTIONS without a user part asks this element itself (§11), unless it names a domain of somebody else.
    fn is_probe(&self, uri: &Uri<'_>) -> bool {
        uri.is_sip() && uri.user().is_none() && (uri.host().ip().is_some() || self.0.is_ours(uri))
    }
}

/// What this element can do (§11.2).
fn capabilities() -> strowger_sdk::Reply {
    reply(200)
        .header(HeaderId::ALLOW, "INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY, REFER, UPDATE, PRACK, INFO, PUBLISH")
        .header(HeaderId::ACCEPT, "*/*")
        .header(HeaderId::SUPPORTED, registrar::SUPPORTED)
}

strowger_sdk::export!(Edge);

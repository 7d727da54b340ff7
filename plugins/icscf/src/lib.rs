//! The I-CSCF: the entry of the home network (TS 24.229 §5.3). It asks the HSS which S-CSCF serves, or is to serve, and
//! stays out of the way.
//!
//! In: requests outside dialogs. Out: one decision for each.
//!
//! ```text
//!   to or from another network ───▶ border.rs         topology hiding                     §5.10.4
//!   REGISTER ─────────────────────▶ registration.rs   UAR, choice of an S-CSCF            §5.3.1
//!   everything else ──────────────▶ location.rs       LIR, PSTN breakout                  §5.3.2
//!   both fail at one S-CSCF ──────▶ the next one, while the HSS lets us choose            §5.3.1.3
//! ```
//! It records no route (§5.3.2.1), so that nothing inside dialogs comes here; unless it is the border to other networks,
//! which are not shown what is behind it (`border.rs`, §5.10.4). Which S-CSCFs there are is in `scscfs.rs`; what comes from
//! outside the trust domain loses what only the trust domain may say (`trust.rs`).

use strowger_sdk::prelude::*;

mod border;
mod location;
mod registration;
mod scscfs;
mod settings;
mod token;
mod trust;

pub use border::Border;
pub use scscfs::{Scscf, choose, uri_of};
pub use settings::Settings;

/// The plugin: its settings are all that it knows.
#[derive(Debug)]
pub struct Icscf(Settings);

impl Plugin for Icscf {
    fn init(configuration: &str) -> Result<Self, String> {
        Ok(Icscf(Settings::read(configuration)?))
    }

    fn manifest(&self) -> Manifest {
        let manifest = Manifest::new().name("icscf");
        if self.0.border.is_some() { manifest.in_dialog() } else { manifest }
    }

    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let uri = request.uri()?;
        match request.method() {
            Method::Cancel | Method::Ack => next().into(),
            Method::Options if uri.is_sip() && uri.user().is_none() => reply(200).stateless().into(),
            Method::Register => registration::register(&self.0, request, host),
            _ => trust::watch(&self.0, location::route(&self.0, request, host), host),
        }
    }

    fn on_in_dialog_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        match &self.0.border {
            Some(border) => {
                trust::enforce(&self.0, request, host);
                border::in_dialog(border, request, host)
            }
            None => next().into(),
        }
    }

    fn on_reply(&self, response: &mut Response<'_>, host: &impl Host) -> ReplyOutcome {
        trust::answered(&self.0, response, host);
        if let Some(border) = &self.0.border {
            border::answered(border, response, host);
        }
        pass().into()
    }

    fn on_failure(&self, response: &mut Response<'_>, host: &impl Host) -> Outcome {
        trust::answered(&self.0, response, host);
        if let Some(border) = &self.0.border {
            border::answered(border, response, host);
        }
        match response.method() {
            Method::Register => registration::reselect(&self.0, response.status(), host),
            _ => trust::watch(&self.0, location::reselect(&self.0, response.status(), host), host),
        }
    }
}

strowger_sdk::export!(Icscf);

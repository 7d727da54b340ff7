//! The P-CSCF: a phone's first hop (TS 24.229 §5.2). It knows who registered from where, says on the phone's behalf who it
//! is, and lets neither side of the trust domain see what is not meant for it.
//!
//! In: requests and responses of phones and of the core. Out: one decision for each.
//!
//! ```text
//!   REGISTER ───────────────────────────▶ registration.rs  Path, visited network, charging vector     §5.2.2
//!   by our Path ────────────────────────▶ terminating.rs   to the phone                               §5.2.6.4
//!   NOTIFY, Event: reg, to ourselves ───▶ reg_event.rs     registrations that the network ends        §5.2.3
//!   from a phone ───────────────────────▶ originating.rs   registered? identity, Service-Route        §5.2.6.3
//!   inside a dialog ────────────────────▶ trust.rs         by the side it comes from                  §5.2.6.3, .4
//!   INVITE, UPDATE and their 2xx ───────▶ session_timer.rs                                            RFC 4028 §8
//!   from a phone, to a phone ───────────▶ timers.rs        transactions of a slow side                §7.7
//!                                     └─▶ charging.rs      who is to be charged                       §4.5
//! ```
//! Phones that are registered are rows of the key-value table (`contact.rs`), which outlives restarts. Security
//! associations, policy (Rx), media and emergency calls are not here.

use strowger_sdk::prelude::*;

mod charging;
mod contact;
mod originating;
mod reg_event;
mod registration;
mod session_timer;
mod settings;
mod subscription;
mod terminating;
mod timers;
mod trust;

pub use settings::Settings;

/// The plugin: its settings are all that it knows.
#[derive(Debug)]
pub struct Pcscf(Settings);

impl Plugin for Pcscf {
    fn init(configuration: &str) -> Result<Self, String> {
        Ok(Pcscf(Settings::read(configuration)?))
    }

    fn manifest(&self) -> Manifest {
        Manifest::new().name("pcscf").in_dialog()
    }

    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let settings = &self.0;
        let from_phone = |outcome| timers::from_phone(settings, outcome);
        let uri = request.uri()?;
        if let Some(refusal) = trust::security_agreement(settings, request) {
            return from_phone(refusal.into());
        }
        match request.method() {
            Method::Cancel => next().into(),
            Method::Options if uri.is_sip() && uri.user().is_none() && !request.has(HeaderId::ROUTE) => {
                reply(200).stateless().into()
            }
            Method::Register => from_phone(registration::register(settings, request, host)),
            Method::Notify if reg_event::is_for_us(settings, request, &uri) => {
                reg_event::notify(request, host)
            }
            _ => match terminating::Target::of(&host.own_routes(), host) {
                Some(target) => terminating::terminate(settings, request, &target, host),
                None => from_phone(originating::originate(settings, request, host)),
            },
        }
    }

    fn on_in_dialog_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let settings = &self.0;
        let registered = contact::Registered::of_source(host);
        let is_phones = registered.is_some() || !settings.trusted.has_sent(host);
        let by_side = |outcome| if is_phones { timers::from_phone(settings, outcome) } else { outcome };
        let refusal = trust::security_agreement(settings, request);
        if let Some(refusal) = refusal.or_else(|| session_timer::refresh(settings, request, host)) {
            return by_side(refusal.into());
        }
        match registered {
            Some(registered) => {
                trust::from_phone(request);
                let from = request.from().ok().and_then(|from| from.uri().ok());
                originating::assert_identity(request, &registered, from.as_ref());
                charging::from_phone(settings, request, host);
            }
            // A phone's other socket: whose it is, is not known; what it says about that is not passed on.
            None if is_phones => {
                trust::from_phone(request);
                request.remove(HeaderId::P_PREFERRED_IDENTITY);
                charging::from_phone(settings, request, host);
            }
            None => {
                charging::to_phone(request, host);
                trust::to_phone(request);
                host.set_variable(terminating::CALLED, Some(b""));
            }
        }
        match request.method() {
            Method::Ack => next().into(),
            // Answers cross the border too (§5.2.6.3.6, §5.2.6.4.6).
            _ if is_phones => by_side(Relay::onward().ask_replies().into()),
            _ => timers::to_phone(settings, Relay::onward().ask_replies()).into(),
        }
    }

    fn on_reply(&self, response: &mut Response<'_>, host: &impl Host) -> ReplyOutcome {
        session_timer::settle(response, host);
        match response.method() {
            Method::Register => registration::answered(&self.0, response, host),
            _ => match host.variable(terminating::CALLED) {
                Some(called) => terminating::answered(&self.0, response, &called, host),
                None => trust::answer_to_phone(response),
            },
        }
        pass().into()
    }

    fn on_answer(&self, token: &str, response: &mut Response<'_>, host: &impl Host) {
        reg_event::answered(token, response, host);
    }
}

strowger_sdk::export!(Pcscf);

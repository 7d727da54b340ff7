//! The S-CSCF: registrar, and the node that decides what becomes of a user's sessions (TS 24.229 §5.4).
//!
//! In: requests outside dialogs, responses of application servers, events. Out: one decision for each.
//!
//! ```text
//!   REGISTER ─────────────────────────▶ registration.rs   challenge, SAR, 200             §5.4.1.2
//!        ├─▶ application servers ─────▶ third_party.rs                                    §5.4.1.7
//!        └─▶ several devices ─────────▶ devices.rs                                        TS 29.228 §6.1.2
//!   SUBSCRIBE, Event: reg ────────────▶ reg_event.rs                                      §5.4.2.1
//!   by Route sip:orig@us, or ;orig ───▶ originating.rs    served user, criteria, onward   §5.4.3.2
//!   by Route with an ODI of ours ─────▶ isc.rs            the chain goes on               §5.4.3.2, §5.4.3.3
//!   everything else ──────────────────▶ terminating.rs    served user, criteria, phones   §5.4.3.3
//!   nobody asks for who is not there ─▶ unregistered.rs   the profile is let go           §5.4.3.2, §5.4.3.3
//!   a registration ends by itself ────▶ deregistration.rs SAR, application servers        §5.4.1.4, §5.4.1.5
//!   each leg of a request's way ──────▶ charging.rs       who is to be charged            §4.5.4
//! ```
//! What is registered, the profiles, the vectors and their keys are the host's; what is done with them is decided here.

use strowger_sdk::Event;
use strowger_sdk::prelude::*;

mod charging;
mod deregistration;
mod devices;
mod isc;
mod leaving;
mod originating;
mod reg_event;
mod registration;
mod settings;
mod terminating;
mod third_party;
mod unregistered;

pub use settings::Settings;

use charging::Leg;

/// The plugin: its settings are all that it knows.
#[derive(Debug)]
pub struct Scscf(Settings);

impl Plugin for Scscf {
    fn init(configuration: &str) -> Result<Self, String> {
        Ok(Scscf(Settings::read(configuration)?))
    }

    fn manifest(&self) -> Manifest {
        Manifest::new().name("scscf")
    }

    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let settings = &self.0;
        let uri = request.uri()?;
        // Who is served is the word of those who send: whoever is not of the network has none (§4.4, §5.4.3.1).
        let is_of_the_network = settings.trusted.has_sent(host);
        match request.method() {
            Method::Cancel => next().into(),
            Method::Ack => Ok(Decision::Drop),
            Method::Options if uri.is_sip() && uri.user().is_none() => reply(200).stateless().into(),
            _ if !is_of_the_network => reply(403).into(),
            Method::Register => registration::register(settings, request, host),
            Method::Subscribe if reg_event::is_for_us(settings, request, &uri, host) => {
                reg_event::subscribe(settings, request, &uri, host)
            }
            _ => match Entry::of(&host.own_routes(), host).charged(settings, request, host) {
                Entry::Originating => originating::originate(settings, request, false, host),
                Entry::OnBehalf => originating::originate(settings, request, true, host),
                Entry::Chain(link) => isc::resume(settings, request, link, host),
                Entry::Terminating => terminating::terminate(settings, request, host),
                Entry::Forged => reply(403).reason("Not Our Dialog Identifier").into(),
            },
        }
    }

    fn on_reply(&self, response: &mut Response<'_>, host: &impl Host) -> ReplyOutcome {
        isc::heard(response.status(), host);
        charging::answered(&self.0, response, host);
        pass().into()
    }

    fn on_failure(&self, response: &mut Response<'_>, host: &impl Host) -> Outcome {
        charging::answered(&self.0, response, host);
        isc::failed(&self.0, response.status(), host)
    }

    fn on_timer(&self, token: &str, host: &impl Host) {
        registration::awaited(token, host);
        unregistered::is_over(token, host);
    }

    fn on_event(&self, event: &Event, host: &impl Host) {
        deregistration::happened(&self.0, event, host);
    }

    fn on_answer(&self, token: &str, response: &mut Response<'_>, host: &impl Host) {
        third_party::answered(&self.0, token, response.status(), host);
    }
}

/// By which of our own URIs a request came.
enum Entry {
    /// The Service-Route: it is on behalf of who sends it.
    Originating,
    /// The parameter `orig`: an application server acts on behalf of a user (§5.4.3.1).
    OnBehalf,
    /// The Route that an application server was given.
    Chain(isc::Link),
    /// The name that the HSS has for us, or none.
    Terminating,
    /// Something like an ODI that we did not make.
    Forged,
}

impl Entry {
    fn of(routes: &[String], host: &impl Host) -> Entry {
        let Some(uri) = routes.first().and_then(|route| Uri::parse(route.as_bytes()).ok()) else {
            return Entry::Terminating;
        };
        match uri.user() {
            None if uri.param("orig").is_some() => Entry::OnBehalf,
            None => Entry::Terminating,
            Some(user) if user == ORIGINATING.as_bytes() => Entry::Originating,
            Some(user) => match std::str::from_utf8(user).ok().and_then(|token| isc::Link::open(token, host))
            {
                Some(link) => Entry::Chain(link),
                None => Entry::Forged,
            },
        }
    }
}

impl Entry {
    /// Remembers what is said about charging on the leg that this is.
    fn charged(self, settings: &Settings, request: &Request<'_>, host: &impl Host) -> Entry {
        let leg = match self {
            Entry::Originating => Leg::Pcscf,
            Entry::OnBehalf | Entry::Chain(_) => Leg::Server,
            Entry::Terminating => Leg::Network,
            Entry::Forged => return self,
        };
        charging::came(settings, leg, request, host);
        self
    }
}

/// User part of the Service-Route.
pub(crate) const ORIGINATING: &str = "orig";

strowger_sdk::export!(Scscf);

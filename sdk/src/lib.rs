//! What an operator writes a Strowger plugin with.
//!
//! A plugin is a type that implements [`Plugin`]: one method per hook, each with the default that RFC 3261 gives. A
//! hook gets a [`Request`] or [`Response`] to read and edit and a [`Host`] to ask, and returns exactly one decision:
//! [`Relay`], [`reply`], [`challenge`], [`next`]. `?` ends it early, with a decision or a [`Fault`].
//!
//! ```
//! use strowger_sdk::prelude::*;
//!
//! /// Sends calls to the service number to the desk, everything else where the standard says.
//! struct Desk;
//!
//! impl Plugin for Desk {
//!     fn init(_configuration: &str) -> Result<Self, String> {
//!         Ok(Desk)
//!     }
//!
//!     fn on_request(&self, request: &mut Request<'_>, _host: &impl Host) -> Outcome {
//!         if request.method() == Method::Invite && request.uri()?.user() == Some(b"100") {
//!             return Relay::to_location("sip:desk@example.org").record_route().into();
//!         }
//!         next().into()
//!     }
//! }
//!
//! strowger_sdk::export!(Desk);
//! ```
//!
//! - `decision`, `builders`: what a hook answers. - `message`: what it reads and edits. - `host`: what it may ask.
//! - `client`: requests of its own. - `ims`: what CSCFs ask and are told.
//! - `configuration`: the text given to `init`. - `trust_domain`: whose word counts. - `testing`: `cargo test` without wasm. - `wasm`: the component.
//!
//! What does not belong here: anything that keeps state between hooks. An instance can be thrown away, pooled or
//! replaced between any two calls; variables and the key-value table of [`Host`] are what lasts.

#[cfg(all(feature = "rsip", target_arch = "wasm32"))]
compile_error!(
    "rsip 0.4 does not compile to wasm32-unknown-unknown: enable strowger-sdk/rsip under [dev-dependencies]"
);

mod builders;
pub mod client;
pub mod configuration;
pub mod decision;
mod elements;
mod field;
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(test, all(target_arch = "wasm32", feature = "heap")))]
mod heap;
#[doc(hidden)]
pub mod history_info;
pub mod hooks;
mod host;
pub mod ims;
mod ink;
mod message;
mod plugin;
pub mod route;
#[cfg(all(feature = "rsip", not(target_arch = "wasm32")))]
pub mod rsip;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
pub mod trust_domain;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use builders::{Outcome, ReplyOutcome, Stop, challenge, next, pass, reply};
pub use decision::{Challenge, Decision, DigestAlgorithm, Fault, Relay, Reply, ReplyDecision};
pub use field::FieldName;
pub use host::{
    Binding, CredentialsKind, Entry, Host, Level, Limits, PutRefusal, RegisterRefusal, Registration, Source,
    Verdict,
};
pub use message::{Lines, Message, Request, Response, Values};
pub use plugin::{Adoption, Event, Manifest, Plugin, Variables};
pub use text::{hex, line, text};

pub use ::sip;
pub use sip::{
    CSeq, Contact, HeaderError, HeaderId, Method, NameAddr, Scheme, Transport, Uri, UriError, Via,
};

/// Everything a plugin usually needs.
pub mod prelude {
    pub use crate::configuration::{Configuration, ConfigurationError};
    pub use crate::{
        Adoption, CredentialsKind, Decision, DigestAlgorithm, Fault, HeaderId, Host, Level, Limits, Manifest,
        Method, Outcome, Plugin, RegisterRefusal, Relay, ReplyDecision, ReplyOutcome, Request, Response,
        Scheme, Stop, Uri, Variables, Verdict, challenge, next, pass, reply,
    };
}

/// Makes a type that implements [`Plugin`] the plugin of this crate: once, at the top level. The crate wants
/// `crate-type = ["cdylib", "rlib"]`: the first for the component, the second for tests. Outside wasm it does nothing.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)] // exported symbols
        const _: () = {
            impl $crate::wasm::Exported for $plugin {
                const NAME: &'static str = env!("CARGO_PKG_NAME");
                const VERSION: &'static str = env!("CARGO_PKG_VERSION");
                fn cell() -> &'static ::std::sync::OnceLock<Self> {
                    static PLUGIN: ::std::sync::OnceLock<$plugin> = ::std::sync::OnceLock::new();
                    &PLUGIN
                }
            }
            type Component = $crate::wasm::Component<$plugin>;
    $crate::wasm::bindings::export_plugin!(Component with_types_in $crate::wasm::bindings);
        };
    };
}

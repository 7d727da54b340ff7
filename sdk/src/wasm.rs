//! A script as a component: the bindings of `wit/`, the exports, and the host on the other side of the imports.
//!
//! In: calls of the host. Out: its answers. Nobody beside this file and `wasm/imports.rs`, the imports, knows wit-bindgen,
//! and they are only built for `wasm32`. The values of `strowger:sip/types` are those of `decision.rs`, written into memory
//! as they are. What a hook does is `hooks.rs`'s.

mod imports;

use std::marker::PhantomData;
use std::sync::OnceLock;

use crate::decision::{Decision, Fault, ReplyDecision};
use crate::hooks;
use crate::plugin::{Adoption, Event, Plugin, Variables};
pub use imports::Imports;

#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used)] // generated
pub mod bindings {
    wit_bindgen::generate!({
        world: "plugin",
        path: "../wit",
        generate_all,
        with: { "strowger:sip/types@0.1.0": crate::decision },
        pub_export_macro: true,
        export_macro_name: "export_plugin",
        default_bindings_module: "strowger_sdk::wasm::bindings",
    });
}

use bindings::exports::strowger::sip as exports;
use bindings::strowger::host::log;

/// What [`export!`](crate::export) adds to a plugin: its package, and the place of this instance's value.
pub trait Exported: Plugin {
    /// Name of the Cargo package.
    const NAME: &'static str;
    /// Version of the Cargo package.
    const VERSION: &'static str;
    /// Where `init` puts the plugin.
    fn cell() -> &'static OnceLock<Self>;
}

/// The component of a plugin: what the host calls.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

fn instance<P: Exported>() -> Result<&'static P, Fault> {
    P::cell().get().ok_or_else(|| Fault::new(Fault::NOT_INITIALISED, "asked before init"))
}

impl<P: Exported> exports::lifecycle::Guest for Component<P> {
    fn init(configuration: String) -> Result<exports::lifecycle::Manifest, String> {
        std::panic::set_hook(Box::new(|panic| log::log(log::Level::Error, &panic.to_string())));
        let plugin = P::init(&configuration)?;
        let manifest = plugin.manifest().or_named(P::NAME, P::VERSION);
        if P::cell().set(plugin).is_err() {
            return Err("init was called twice".to_owned());
        }
        let mut wants = exports::lifecycle::Wants::empty();
        wants.set(exports::lifecycle::Wants::BODY, manifest.body);
        wants.set(exports::lifecycle::Wants::IN_DIALOG, manifest.in_dialog);
        Ok(exports::lifecycle::Manifest {
            name: manifest.name,
            version: manifest.version,
            methods: manifest.methods,
            wants,
        })
    }
}

impl<P: Exported> exports::on_request::Guest for Component<P> {
    fn handle(message: Vec<u8>) -> Result<Decision, Fault> {
        hooks::on_request(instance::<P>()?, &Imports, &message)
    }
}

impl<P: Exported> exports::on_in_dialog_request::Guest for Component<P> {
    fn handle(message: Vec<u8>) -> Result<Decision, Fault> {
        hooks::on_in_dialog_request(instance::<P>()?, &Imports, &message)
    }
}

impl<P: Exported> exports::on_reply::Guest for Component<P> {
    fn handle(message: Vec<u8>) -> Result<ReplyDecision, Fault> {
        hooks::on_reply(instance::<P>()?, &Imports, &message)
    }
}

impl<P: Exported> exports::on_failure::Guest for Component<P> {
    fn handle(message: Vec<u8>) -> Result<Decision, Fault> {
        hooks::on_failure(instance::<P>()?, &Imports, &message)
    }
}

impl<P: Exported> exports::on_timer::Guest for Component<P> {
    fn fired(token: String) {
        if let Ok(plugin) = instance::<P>() {
            plugin.on_timer(&token, &Imports);
        }
    }
}

impl<P: Exported> exports::on_event::Guest for Component<P> {
    fn happened(event: exports::on_event::Event) {
        use exports::on_event::Event as Happened;
        let event = match event {
            Happened::RegistrationEnded(ended) => Event::RegistrationEnded {
                address_of_record: ended.address_of_record,
                contact: ended.contact,
                why: ended.why,
            },
            Happened::DialogEnded(ended) => Event::DialogEnded { call_id: ended.call_id, why: ended.why },
            Happened::Other(other) => Event::Other { name: other.name, attrs: other.attrs },
        };
        if let Ok(plugin) = instance::<P>() {
            plugin.on_event(&event, &Imports);
        }
    }
}

impl<P: Exported> exports::on_answer::Guest for Component<P> {
    fn answered(token: String, message: Vec<u8>) {
        if let Ok(plugin) = instance::<P>() {
            hooks::on_answer(plugin, &Imports, &token, &message);
        }
    }
}

impl<P: Exported> exports::on_adopt::Guest for Component<P> {
    fn adopt(call: exports::on_adopt::Adoption) -> Result<Option<Variables>, Fault> {
        let exports::on_adopt::Adoption { name, version, call_id, variables } = call;
        instance::<P>()?.on_adopt(Adoption { name, version, call_id, variables }, &Imports)
    }
}

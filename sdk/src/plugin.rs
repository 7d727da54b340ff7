//! What a script is: one trait with a method per hook, each defaulting to what RFC 3261 says.
//!
//! In: the plugin's configuration, messages, events. Out: decisions. Calling the hooks is `hooks.rs`'s.

use crate::builders::{Outcome, ReplyOutcome, next, pass};
use crate::decision::Fault;
use crate::host::Host;
use crate::message::{Request, Response};
use sip::Method;

/// A script. One value is made for each instance, from the configuration alone: the host may throw an instance away,
/// pool it or replace it between any two calls, so what must last belongs in variables or the key-value table.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// Reads the configuration. An error refuses the plugin with this sentence, and the version that runs goes on.
    fn init(configuration: &str) -> Result<Self, String>;

    /// What the plugin is called and wants to be asked. Name and version default to those of its Cargo package.
    fn manifest(&self) -> Manifest {
        Manifest::new()
    }

    /// A request outside a dialog, also a REGISTER and a CANCEL that matches nothing. Default: proxied by RFC 3261
    /// §16.
    fn on_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let _ = (request, host);
        next().into()
    }

    /// A request inside a dialog. Asked only where the manifest says [`Manifest::in_dialog`]. Default: routed by
    /// RFC 3261 §16.
    fn on_in_dialog_request(&self, request: &mut Request<'_>, host: &impl Host) -> Outcome {
        let _ = (request, host);
        next().into()
    }

    /// A response on its way upstream, where a relay asked for it with `ask_replies`. Default: passed.
    fn on_reply(&self, response: &mut Response<'_>, host: &impl Host) -> ReplyOutcome {
        let _ = (response, host);
        pass().into()
    }

    /// All targets have failed, where a relay asked for it with `ask_failure`. `response` is the best one (§16.7 item
    /// 6). Default: `next`, which passes it upstream.
    fn on_failure(&self, response: &mut Response<'_>, host: &impl Host) -> Outcome {
        let _ = (response, host);
        next().into()
    }

    /// A timer that a hook started. Default: nothing.
    fn on_timer(&self, token: &str, host: &impl Host) {
        let _ = (token, host);
    }

    /// Something that no message carried. Default: nothing.
    fn on_event(&self, event: &Event, host: &impl Host) {
        let _ = (event, host);
    }

    /// The final response to a request of the script's own ([`Host::send`]); a 408 or 503 of the host's where none
    /// came. Default: nothing.
    fn on_answer(&self, token: &str, response: &mut Response<'_>, host: &impl Host) {
        let _ = (token, response, host);
    }

    /// A call that another version took goes on with this one: what is kept in its dialog from now on, in place of what that
    /// version kept there; `None`: the same. Asked once, before `on_in_dialog_request`; there is no message in hand. A fault
    /// leaves the variables as they are. Default: `None`.
    fn on_adopt(&self, call: Adoption, host: &impl Host) -> Result<Option<Variables>, Fault> {
        let _ = (call, host);
        Ok(None)
    }
}

/// Names with their values: at most 32, each name once, of 1 to 64 bytes, and with its value of 4 kB.
pub type Variables = Vec<(String, Vec<u8>)>;

/// A call that another version took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// That version's name, as its manifest said.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The call's Call-ID.
    pub call_id: String,
    /// What is kept in the dialog, in no particular order.
    pub variables: Variables,
}

impl Adoption {
    /// What is kept under this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// Gives what is kept under a name another one; whether there was anything. What was kept under the new name is gone then.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let is_there = self.variable(from).is_some();
        if is_there && from != to {
            self.variables.retain(|(known, _)| known != to);
            let meant = self.variables.iter_mut().filter(|(known, _)| known == from);
            meant.for_each(|(known, _)| to.clone_into(known));
        }
        is_there
    }
}

/// What a plugin is called, and when it wants to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) methods: Vec<String>,
    pub(crate) body: bool,
    pub(crate) in_dialog: bool,
}

impl Manifest {
    /// Named as the Cargo package, asked about every method outside dialogs, bodies left with the host.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another name: lower-case letters, digits and hyphens, 1 to 64.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Another version: 1 to 64 characters.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Ask `on_request` about these methods only; all others are treated as `next()`.
    #[must_use]
    pub fn methods(mut self, methods: &[Method]) -> Self {
        self.methods.extend(methods.iter().map(|method| method.as_str().to_owned()));
        self
    }

    /// Put bodies into the messages; without this they cost a question ([`Host::body`]).
    #[must_use]
    pub fn body(mut self) -> Self {
        self.body = true;
        self
    }

    /// Ask `on_in_dialog_request`; without this the host routes requests inside dialogs by itself.
    #[must_use]
    pub fn in_dialog(mut self) -> Self {
        self.in_dialog = true;
        self
    }

    /// The same with this name and version where it has none yet: what [`export!`](crate::export) does with those of
    /// the package. A package may be called what a plugin may not: `_` becomes `-`, and letters lower case.
    #[must_use]
    pub fn or_named(mut self, name: &str, version: &str) -> Self {
        if self.name.is_empty() {
            self.name = name.replace('_', "-").to_ascii_lowercase();
        }
        if self.version.is_empty() {
            version.clone_into(&mut self.version);
        }
        self
    }
}

/// Something that no message carried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A binding is gone.
    RegistrationEnded {
        /// Whose.
        address_of_record: String,
        /// Its Contact URI.
        contact: String,
        /// `expired`, `removed` or `replaced`.
        why: String,
    },
    /// A dialog is gone.
    DialogEnded {
        /// Its Call-ID.
        call_id: String,
        /// `bye`, `timeout` or `rejected`.
        why: String,
    },
    /// An event this SDK does not know.
    Other {
        /// Its name.
        name: String,
        /// Its values.
        attrs: Vec<crate::decision::Attr>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_named_as_its_package_unless_it_says_otherwise() {
        let manifest = Manifest::new().or_named("My_Plugin", "1.2.3");
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("my-plugin", "1.2.3"));
        let manifest =
            Manifest::new().name("edge").methods(&[Method::Invite]).in_dialog().or_named("other", "1");
        assert_eq!((manifest.name.as_str(), manifest.methods), ("edge", vec!["INVITE".to_owned()]));
        assert!(manifest.in_dialog && !manifest.body);
    }

    #[test]
    fn a_variable_gets_another_name_and_there_is_one_of_each() {
        let one = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let variables = vec![one("served", b"alice"), one("count", b"1"), one("served-user", b"old")];
        let mut call = Adoption { variables, ..Adoption::default() };
        assert!(call.rename("served", "served-user") && !call.rename("served", "count"));
        assert_eq!(call.variables, [one("served-user", b"alice"), one("count", b"1")]);
        assert!(call.rename("count", "count"));
        assert_eq!((call.variable("count"), call.variable("served")), (Some(&b"1"[..]), None));
    }
}

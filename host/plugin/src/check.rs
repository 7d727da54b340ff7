//! What a component needs and what it offers, compared with the contract and with the role's grants, before anything
//! is compiled.
//!
//! In: a component and a [`Role`]. Out: [`Checked`], or a [`LoadError`] that names the first thing that is missing.
//! The contract is the one the host's bindings were generated from. Whether types agree to the last field is checked
//! by wasmtime's linker (`load.rs`).
//!
//! Versions follow semver: 0.1.3 and 0.1.7 get on, 0.1 and 0.2 do not. A script of an older minor runs on a newer
//! host; one that needs a function that the host does not have yet is refused with that function's name.

use wit_parser::decoding::{DecodedWasm, decode, decode_world};
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem, WorldKey};

use crate::bindings::COMPONENT_TYPE;
use crate::error::LoadError;
use crate::role::Role;

/// What every plugin exports, without version.
const LIFECYCLE: &str = "strowger:sip/lifecycle";

/// The hook that a version has for calls of others.
const ON_ADOPT: &str = "on-adopt";

/// Which hooks a script exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hooks {
    /// `on-request`
    pub request: bool,
    /// `on-in-dialog-request`
    pub in_dialog_request: bool,
    /// `on-reply`
    pub reply: bool,
    /// `on-failure`
    pub failure: bool,
    /// `on-timer`
    pub timer: bool,
    /// `on-event`
    pub event: bool,
    /// `on-answer`
    pub answer: bool,
    /// `on-adopt`
    pub adopt: bool,
}

impl Hooks {
    /// By their names in the contract.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let all = [
            ("on-request", self.request),
            ("on-in-dialog-request", self.in_dialog_request),
            ("on-reply", self.reply),
            ("on-failure", self.failure),
            ("on-timer", self.timer),
            ("on-event", self.event),
            ("on-answer", self.answer),
            (ON_ADOPT, self.adopt),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// Those of another version that this one does not have, and whose questions nobody would answer any more. `on-adopt` is
    /// none of them: what one version makes of the calls of those before it, another one makes of its own.
    #[must_use]
    pub fn missing(&self, of: &Hooks) -> Vec<&'static str> {
        let own = self.names();
        of.names().into_iter().filter(|name| *name != ON_ADOPT && !own.contains(name)).collect()
    }

    fn flag(&mut self, interface: &str) -> Option<&mut bool> {
        Some(match interface {
            "strowger:sip/on-request" => &mut self.request,
            "strowger:sip/on-in-dialog-request" => &mut self.in_dialog_request,
            "strowger:sip/on-reply" => &mut self.reply,
            "strowger:sip/on-failure" => &mut self.failure,
            "strowger:sip/on-timer" => &mut self.timer,
            "strowger:sip/on-event" => &mut self.event,
            "strowger:sip/on-answer" => &mut self.answer,
            "strowger:sip/on-adopt" => &mut self.adopt,
            _ => return None,
        })
    }
}

/// What a component needs and offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Imported interfaces with their versions, in the component's order.
    pub imports: Vec<String>,
    /// The hooks it exports.
    pub hooks: Hooks,
}

/// Compares a component with the contract and the role.
///
/// # Errors
/// The first thing that is missing, in the component's order; imports before exports.
pub(crate) fn check(component: &[u8], role: &Role) -> Result<Checked, LoadError> {
    let host = Contract::of_host()?;
    let script = match decode(component).map_err(malformed)? {
        DecodedWasm::Component(resolve, world) => Contract { resolve, world },
        DecodedWasm::WitPackage(..) => {
            return Err(LoadError::Malformed { reason: "it is a WIT package, not a component".into() });
        }
    };
    let mut checked = Checked::default();
    for (key, item) in &script.resolve.worlds[script.world].imports {
        let import = script.resolve.name_world_key(key);
        let WorldItem::Interface { id, .. } = item else {
            return Err(LoadError::UnknownImport { import });
        };
        script.check_import(*id, &import, &host, role)?;
        checked.imports.push(import);
    }
    let mut has_lifecycle = false;
    for (key, item) in &script.resolve.worlds[script.world].exports {
        let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) else { continue };
        let name = script.name(*id);
        let Some(interface) = name.interface.as_deref() else { continue };
        let hook = checked.hooks.flag(interface);
        if hook.is_none() && interface != LIFECYCLE {
            continue; // an export of a newer contract that this host never asks about
        }
        let ours = host.find(interface).map(|id| host.name(id));
        if let Some(ours) = ours.filter(|ours| !ours.gets_on_with(&name)) {
            return Err(other_version(script.resolve.name_world_key(key), interface, &ours));
        }
        match hook {
            Some(hook) => *hook = true,
            None => has_lifecycle = true,
        }
    }
    if !has_lifecycle {
        return Err(LoadError::NoLifecycle);
    }
    if checked.hooks == Hooks::default() {
        return Err(LoadError::NoHook);
    }
    Ok(checked)
}

/// A world, the host's or a script's.
struct Contract {
    resolve: Resolve,
    world: WorldId,
}

/// An interface's name, taken apart.
struct Name {
    /// `namespace:package/interface`; none for an interface without a package.
    interface: Option<String>,
    version: Option<[u64; 3]>,
}

impl Name {
    /// Semver: the same up to the leftmost number that is not 0.
    fn gets_on_with(&self, other: &Name) -> bool {
        match (self.version, other.version) {
            (Some(a), Some(b)) => {
                let track = |[major, minor, patch]: [u64; 3]| match (major, minor) {
                    (0, 0) => [0, 0, patch],
                    (0, minor) => [0, minor, 0],
                    (major, _) => [major, 0, 0],
                };
                track(a) == track(b)
            }
            (a, b) => a == b,
        }
    }

    fn version_text(&self) -> String {
        match self.version {
            Some([major, minor, patch]) => format!("{major}.{minor}.{patch}"),
            None => "none".into(),
        }
    }
}

impl Contract {
    /// The host's own, as its bindings have it.
    fn of_host() -> Result<Contract, LoadError> {
        let (resolve, world) = decode_world(COMPONENT_TYPE).map_err(malformed)?;
        Ok(Contract { resolve, world })
    }

    fn name(&self, id: InterfaceId) -> Name {
        let interface = &self.resolve.interfaces[id];
        let package = interface.package.map(|package| &self.resolve.packages[package].name);
        let version = package.and_then(|package| package.version.as_ref());
        Name {
            interface: package
                .zip(interface.name.as_ref())
                .map(|(package, name)| format!("{}:{}/{name}", package.namespace, package.name)),
            version: version.map(|version| [version.major, version.minor, version.patch]),
        }
    }

    /// The interface that this world imports or exports under a name without version.
    fn find(&self, name: &str) -> Option<InterfaceId> {
        let world = &self.resolve.worlds[self.world];
        world.imports.values().chain(world.exports.values()).find_map(|item| match item {
            WorldItem::Interface { id, .. } if self.name(*id).interface.as_deref() == Some(name) => Some(*id),
            _ => None,
        })
    }

    /// One import of the script: known, of a compatible version, complete, granted.
    fn check_import(
        &self,
        id: InterfaceId,
        import: &str,
        host: &Contract,
        role: &Role,
    ) -> Result<(), LoadError> {
        let name = self.name(id);
        let unknown = || LoadError::UnknownImport { import: import.to_owned() };
        let interface = name.interface.as_deref().ok_or_else(unknown)?;
        let ours = host.find(interface).ok_or_else(unknown)?;
        let our_name = host.name(ours);
        if !our_name.gets_on_with(&name) {
            return Err(other_version(import.to_owned(), interface, &our_name));
        }
        let known = &host.resolve.interfaces[ours].functions;
        let functions = &self.resolve.interfaces[id].functions;
        if let Some(function) = functions.keys().find(|function| !known.contains_key(*function)) {
            return Err(LoadError::NewerFunction {
                function: function.clone(),
                interface: import.to_owned(),
                has: our_name.version_text(),
            });
        }
        if !role.grants(interface) {
            return Err(LoadError::NotGranted {
                role: role.name().to_owned(),
                interface: interface.to_owned(),
            });
        }
        Ok(())
    }
}

fn other_version(needed: String, interface: &str, ours: &Name) -> LoadError {
    LoadError::OtherVersion { needed, interface: interface.to_owned(), has: ours.version_text() }
}

fn malformed(error: impl std::fmt::Display) -> LoadError {
    LoadError::Malformed { reason: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_that_another_version_has_and_this_one_has_not() {
        let (few, more) = (
            Hooks { request: true, ..Hooks::default() },
            Hooks { request: true, reply: true, event: true, adopt: true, ..Hooks::default() },
        );
        assert_eq!(few.missing(&more), ["on-reply", "on-event"]);
        assert!(more.missing(&few).is_empty() && few.missing(&few).is_empty());
    }
}

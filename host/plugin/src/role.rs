//! A role: the place a plugin is loaded for, and which interfaces its scripts may import there.
//!
//! In: names. Out: [`Role`], whose grants `check.rs` compares with a component's imports. Linking is the permission:
//! an interface that is not granted is not linked either.

use std::collections::BTreeSet;

/// What every script may import: types without functions, the message in hand, the log and the clock.
const ALWAYS: [&str; 4] =
    ["strowger:sip/types", "strowger:sip/transaction", "strowger:host/log", "strowger:host/clock"];

/// What is granted to `edge` beside [`ALWAYS`]: all that needs no HSS.
const EDGE: [&str; 7] = [
    "strowger:host/random",
    "strowger:host/timer",
    "strowger:auth/digest",
    "strowger:location/registrar",
    "strowger:store/key-value",
    "strowger:host/token",
    "strowger:sip/client",
];

/// What is granted to every CSCF beside [`ALWAYS`].
const CSCF: [&str; 6] = [
    "strowger:host/random",
    "strowger:host/timer",
    "strowger:host/token",
    "strowger:store/key-value",
    "strowger:sip/client",
    "strowger:ims/types",
];

/// What an I-CSCF asks the HSS.
const ICSCF: [&str; 2] = ["strowger:cx/types", "strowger:cx/query"];

/// What an S-CSCF is granted beyond that.
const SCSCF: [&str; 7] = [
    "strowger:cx/types",
    "strowger:cx/authentication",
    "strowger:cx/assignment",
    "strowger:ims/subscribers",
    "strowger:ims/filter-criteria",
    "strowger:ims/reg-event",
    "strowger:location/registrar",
];

/// A role and the interfaces that its scripts may import, named `namespace:package/interface` without a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    name: Box<str>,
    grants: BTreeSet<Box<str>>,
}

impl Role {
    /// A role with what every script may import and nothing else.
    pub fn new(name: &str) -> Role {
        Role { name: name.into(), grants: ALWAYS.iter().map(|&interface| interface.into()).collect() }
    }

    /// The role `edge`: registrar and proxy for everything; it is granted what needs no HSS.
    pub fn edge() -> Role {
        EDGE.iter().fold(Role::new("edge"), |role, interface| role.grant(interface))
    }

    /// A CSCF with what it is granted beyond the others.
    fn cscf(name: &str, more: &[&str]) -> Role {
        CSCF.iter().chain(more).fold(Role::new(name), |role, interface| role.grant(interface))
    }

    /// The default grants of a known role (`edge`, `pcscf`, `icscf`, `scscf`); any other name gets [`Role::new`].
    pub fn named(name: &str) -> Role {
        match name {
            "edge" => Role::edge(),
            "pcscf" => Role::cscf(name, &[]),
            "icscf" => Role::cscf(name, &ICSCF),
            "scscf" => Role::cscf(name, &SCSCF),
            other => Role::new(other),
        }
    }

    /// The same role with one more interface, for example `strowger:store/key-value`.
    #[must_use]
    pub fn grant(mut self, interface: &str) -> Role {
        self.grants.insert(interface.into());
        self
    }

    /// The same role with exactly these interfaces beside those that every script has.
    #[must_use]
    pub fn with_grants<'a>(self, interfaces: impl IntoIterator<Item = &'a str>) -> Role {
        interfaces.into_iter().fold(Role::new(&self.name), |role, interface| role.grant(interface))
    }

    /// The role's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its scripts may import this interface (no version in the name).
    pub fn grants(&self, interface: &str) -> bool {
        self.grants.contains(interface)
    }

    /// All granted interfaces, in alphabetical order.
    pub fn granted(&self) -> impl Iterator<Item = &str> {
        self.grants.iter().map(AsRef::as_ref)
    }
}

//! An I-CSCF that knows three S-CSCFs, and what an HSS may answer it.

use icscf::Icscf;
use strowger_sdk::ims::{Capabilities, CxFailure, Location, LocationOutcome};
use strowger_sdk::prelude::*;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, TestMessage};

/// Of the three S-CSCFs, in order.
pub(crate) const A: &str = "sip:a.ims.test:6060";
pub(crate) const B: &str = "sip:b.ims.test:6060";
pub(crate) const C: &str = "sip:c.ims.test:6060";

/// With three S-CSCFs: `a` can do 1, `b` can do 1 and 2, `c` can do 3.
pub(crate) fn icscf() -> Icscf {
    with("")
}

/// With these settings above the tables.
pub(crate) fn with(more: &str) -> Icscf {
    Icscf::init(&format!(
        "domains = [\"ims.test\"]\n{more}\n[scscfs]\na = \"{A}\"\nb = \"{B}\"\nc = \"{C}\"\n[capabilities]\n\
         a = \"1\"\nb = \"1 2\"\nc = \"3\"\n"
    ))
    .expect("settings")
}

/// The HSS names an S-CSCF.
pub(crate) fn named(outcome: LocationOutcome, name: &str) -> Result<Location, CxFailure> {
    Ok(Location {
        outcome,
        server_name: Some(name.to_owned()),
        capabilities: None,
        wildcarded_public_identity: None,
    })
}

/// The HSS leaves the choice, by what is mandatory, what is optional and which there are.
pub(crate) fn to_choose(
    outcome: LocationOutcome,
    mandatory: &[u32],
    optional: &[u32],
    names: &[&str],
) -> Result<Location, CxFailure> {
    let capabilities = Capabilities {
        mandatory: mandatory.to_vec(),
        optional: optional.to_vec(),
        server_names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    Ok(Location { capabilities: Some(capabilities), ..nothing(outcome) })
}

/// The HSS says so and nothing else.
pub(crate) fn nothing(outcome: LocationOutcome) -> Location {
    Location { outcome, server_name: None, capabilities: None, wildcarded_public_identity: None }
}

/// A host whose HSS answers this.
pub(crate) fn hss(answer: Result<Location, CxFailure>) -> TestHost {
    TestHost::new().location(answer)
}

/// Alice's REGISTER as the P-CSCF sends it, with these lines more.
pub(crate) fn register(more: &str) -> TestMessage {
    sip!(
        "REGISTER sip:ims.test SIP/2.0\nFrom: <sip:alice@ims.test>;tag=1\nTo: <sip:alice@ims.test>\n\
         P-Visited-Network-ID: \"visited.test\"\nAuthorization: Digest username=\"alice@home\",realm=\"ims.test\"\n\
         {more}"
    )
}

//! Guests from text, against the contract as it is or as it might be one day. Used here and by the tests of the binary.
#![allow(dead_code, unreachable_pub, reason = "each user takes its part")]

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A core module with the component-type section of these worlds: what a script's build makes.
pub fn module(text: &str, worlds: &[&str]) -> Vec<u8> {
    let includes: String =
        worlds.iter().map(|world| format!("include strowger:sip/{world}@0.1.0; ")).collect();
    module_of_contract(text, |_| {}, &format!("package test:guest; world guest {{ {includes} }}"))
}

/// The same against a contract that may have been changed, with any world.
pub fn module_of_contract(text: &str, change: impl Fn(&mut String), world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    for part in ["host/host", "auth/auth", "location/location", "store/store", "ims/ims", "cx/cx", "../sip"] {
        let path = format!("{}/../../wit/deps/{part}.wit", env!("CARGO_MANIFEST_DIR"));
        let mut text = std::fs::read_to_string(&path).unwrap();
        change(&mut text);
        resolve.push_str(&path, &text).unwrap();
    }
    let package = resolve.push_str("guest.wit", world).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

//! A world for phones: virtual time, a network that loses and doubles datagrams by seed, and a home network written for
//! these tests alone.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test program uses its part")]

mod home;
mod peer;
mod proxy;
mod registrar;
mod world;

use std::net::SocketAddr;

use ims::aka::{Isim, Key, Milenage, OperatorKey, SequenceChecker};
use strowger_ue::{Credentials, Settings};

pub use home::Home;
pub use peer::{Peer, description};
pub use world::{World, header};

pub const DOMAIN: &str = "ims.example";
/// The home network: P-CSCF and everything behind it.
pub const HOME: &str = "192.0.2.1:5060";
pub const PASSWORD: &str = "s3cret";

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// `sip:alice@ims.example`
pub fn at(user: &str) -> String {
    format!("sip:{user}@{DOMAIN}")
}

/// The keys of TS 35.208 §4.3, test set 1, of every subscriber.
pub fn milenage() -> Milenage {
    let k = Key::from_hex("465b5ce8b199b49faa5f0a2ee238a6bc").unwrap();
    let opc = OperatorKey::from_hex("cd63cb71954a9f4e48a5994e37a02baf").unwrap();
    Milenage::new(&k, &opc)
}

/// A phone with an ISIM, at this address.
pub fn phone(user: &str, local: &str) -> Settings {
    let credentials = Credentials::Aka(Isim::new(milenage(), SequenceChecker::default()));
    let mut settings = Settings::new(
        &format!("{user}@{DOMAIN}"),
        &at(user),
        DOMAIN,
        credentials,
        address(local),
        address(HOME),
    );
    settings.media =
        vec![SocketAddr::new(settings.local.ip(), 40_000), SocketAddr::new(settings.local.ip(), 40_002)];
    settings
}

//! linphonec over UDP, TCP and TLS.

use crate::phones::{Linphone, Wire, call_both_ways};
use crate::router::{ALICE, BOB, Digest, Router};

fn calls_over(wire: Wire, digest: Digest) {
    let mut router = Router::start(digest);
    let Some(alice) = Linphone::start(&router, ALICE, wire) else { return };
    let Some(bob) = Linphone::start(&router, BOB, wire) else { return };
    call_both_ways(&mut router, Box::new(alice), Box::new(bob));
    if let Some(version) = wire.tls_version() {
        assert_eq!(router.log().matches(&format!("version=Some({version})")).count(), 2, "{}", router.log());
    }
}

#[test]
fn udp() {
    calls_over(Wire::Udp, Digest::Sha256First);
}

#[test]
fn udp_with_md5() {
    calls_over(Wire::Udp, Digest::Md5);
}

#[test]
fn tcp() {
    calls_over(Wire::Tcp, Digest::Sha256First);
}

#[test]
fn tls_1_2() {
    calls_over(Wire::Tls12, Digest::Sha256First);
}

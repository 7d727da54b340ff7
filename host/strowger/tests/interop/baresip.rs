//! baresip over UDP, TCP and TLS.

use crate::phones::{Baresip, Wire, call_both_ways};
use crate::router::{ALICE, BOB, Digest, Router};

/// It gives up where a challenge names an algorithm that it does not know, whatever else is offered: MD5 alone.
fn calls_over(wire: Wire) {
    let mut router = Router::start(Digest::Md5);
    let Some(alice) = Baresip::start(&router, ALICE, wire) else { return };
    let Some(bob) = Baresip::start(&router, BOB, wire) else { return };
    call_both_ways(&mut router, Box::new(alice), Box::new(bob));
    if let Some(version) = wire.tls_version() {
        let used = router.log().lines().filter(|line| line.contains("TLS is established")).count();
        let of_it = router.log().matches(&format!("version=Some({version})")).count();
        assert_eq!((used, of_it), (2, 2), "one connection for each phone\n{}", router.log());
    }
}

#[test]
fn udp() {
    calls_over(Wire::Udp);
}

#[test]
fn tcp() {
    calls_over(Wire::Tcp);
}

#[test]
fn tls_1_2() {
    calls_over(Wire::Tls12);
}

#[test]
fn tls_1_3() {
    calls_over(Wire::Tls13);
}

//! Calls between phones on different transports: the router records its route twice (RFC 5658), and requests inside the
//! dialog go back by the connection of each side (RFC 5626).

use crate::phones::{Baresip, Library, Linphone, NodePhone, Phone, Wire, call_both_ways};
use crate::router::{ALICE, BOB, Digest, Router};

fn call(
    alice: impl FnOnce(&Router) -> Option<Box<dyn Phone>>,
    bob: impl FnOnce(&Router) -> Option<Box<dyn Phone>>,
) {
    let mut router = Router::start(Digest::Md5);
    let Some(alice) = alice(&router) else { return };
    let Some(bob) = bob(&router) else { return };
    call_both_ways(&mut router, alice, bob);
}

fn baresip(who: (&'static str, &'static str), wire: Wire) -> impl FnOnce(&Router) -> Option<Box<dyn Phone>> {
    move |router| Some(Box::new(Baresip::start(router, who, wire)?))
}

fn linphone(who: (&'static str, &'static str), wire: Wire) -> impl FnOnce(&Router) -> Option<Box<dyn Phone>> {
    move |router| Some(Box::new(Linphone::start(router, who, wire)?))
}

fn browser(
    who: (&'static str, &'static str),
    secure: bool,
) -> impl FnOnce(&Router) -> Option<Box<dyn Phone>> {
    move |router| Some(Box::new(NodePhone::start(router, Library::SipJs, who, secure)?))
}

#[test]
fn baresip_udp_and_linphone_tcp() {
    call(baresip(ALICE, Wire::Udp), linphone(BOB, Wire::Tcp));
}

#[test]
fn linphone_tls_and_baresip_udp() {
    call(linphone(ALICE, Wire::Tls12), baresip(BOB, Wire::Udp));
}

#[test]
fn sipjs_ws_and_baresip_udp() {
    call(browser(ALICE, false), baresip(BOB, Wire::Udp));
}

#[test]
fn sipjs_wss_and_linphone_tcp() {
    call(browser(ALICE, true), linphone(BOB, Wire::Tcp));
}

#[test]
fn baresip_tls_1_3_and_baresip_tcp() {
    call(baresip(ALICE, Wire::Tls13), baresip(BOB, Wire::Tcp));
}

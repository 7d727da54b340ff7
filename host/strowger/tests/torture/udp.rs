//! One message in one datagram.
//!
//! It is sent from the port to which its Via wants the answers (RFC 3261 §18.2.2), at an address that nobody else has: the
//! address is where it comes from, whatever the Via names. All answers come back to one socket.

use std::net::SocketAddr;

use strowger_sip::Message as Parsed;

use crate::judge::Seen;
use crate::support::Peer;
use crate::world::World;

pub(crate) fn send(world: &mut World, bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let next_hop = world.next_hop(bytes);
    let own = SocketAddr::from((world.next_address(), port_of_answers(bytes)));
    let peer = Peer::at(own, world.router.sip);
    world.introduce(bytes, &peer.own(), |request| peer.ask(request));
    let before = world.counts();
    peer.send_bytes(bytes);
    let after = world.quiet();
    world.collect(&mut seen, bytes, (&before, &after), |patience| peer.receive(patience));
    while let Some(came) = peer.pending() {
        seen.answer(bytes, &came);
    }
    world.note_forwarded(&mut seen, bytes, next_hop.as_ref());
    seen
}

/// The port of the sent-by, or the default.
pub(crate) fn port_of_answers(bytes: &[u8]) -> u16 {
    let port = |message: Parsed| message.head().via().ok()?.port;
    Parsed::parse_datagram(bytes).ok().and_then(port).unwrap_or(5060)
}

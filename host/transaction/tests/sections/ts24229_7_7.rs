//! TS 24.229 §7.7: timers between phone and P-CSCF are T1 2 s, T2 16 s, T4 17 s; those of the core side of the same
//! node stay those of RFC 3261.

use crate::bench::{from_peer, udp};
use strowger_transaction::{Received, Response, Timers};

#[test]
fn an_invite_to_a_phone() {
    let mut b = udp();
    b.timers = Timers::IMS_PHONE;
    b.send("INVITE");
    b.until(200_000).sees(&[
        "0 INVITE",
        "2000 INVITE",
        "6000 INVITE",
        "14000 INVITE",
        "30000 INVITE",
        "62000 INVITE",
        "126000 INVITE",
        "128000 timeout",
        "128000 ended",
    ]);
    b.is_over();
}

#[test]
fn another_request_to_a_phone() {
    let mut b = udp();
    b.timers = Timers::IMS_PHONE;
    b.send("MESSAGE");
    b.until(200_000).sees(&[
        "0 MESSAGE",
        "2000 MESSAGE",
        "6000 MESSAGE",
        "14000 MESSAGE",
        "30000 MESSAGE",
        "46000 MESSAGE",
        "62000 MESSAGE",
        "78000 MESSAGE",
        "94000 MESSAGE",
        "110000 MESSAGE",
        "126000 MESSAGE",
        "128000 timeout",
        "128000 ended",
    ]);
    let id = b.send("BYE");
    b.trace();
    assert_eq!(b.answered(200), Response::Pass(id));
    b.until(216_990).sees(&[]);
    b.until(217_000).sees(&["217000 ended"]);
    b.is_over();
}

#[test]
fn a_failed_invite_to_a_phone_lingers_as_long_as_its_peer_may_repeat() {
    let mut b = udp();
    b.timers = Timers::IMS_PHONE;
    b.send("INVITE");
    b.answered(486);
    b.until(200_000).sees(&["0 INVITE", "0 ACK", "128000 ended"]);
    b.is_over();
}

#[test]
fn an_invite_from_a_phone() {
    let mut b = udp();
    b.timers = Timers::IMS_PHONE;
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 486);
    b.until(31_000).sees(&["0 486", "2000 486", "6000 486", "14000 486", "30000 486"]);
    assert_eq!(b.receives(&from_peer("ACK")), Received::Ack(id));
    b.until(47_990).sees(&[]);
    b.until(48_000).sees(&["48000 ended"]);
    b.is_over();
}

#[test]
fn each_side_has_its_own() {
    let mut b = udp();
    b.timers = Timers::IMS_PHONE;
    let bye = from_peer("BYE");
    let id = b.takes(&bye);
    b.timers = Timers::RFC3261;
    b.send("BYE");
    b.answered(200);
    b.respond(id, &bye, 200);
    b.until(200_000).sees(&["0 BYE", "0 200", "5000 ended", "128000 ended"]);
    b.is_over();
}

/// Who sent a request is known only once somebody has looked at it: until then the timers are those of the side that it
/// came by, and nothing has started.
#[test]
fn whose_it_is_may_be_known_later() {
    let mut b = udp();
    let message = from_peer("MESSAGE");
    let id = b.takes(&message);
    assert_eq!(b.table.server_timers(id), Some(Timers::RFC3261));
    b.table.set_server_timers(id, Timers::IMS_PHONE);
    b.respond(id, &message, 200);
    b.until(127_990).sees(&["0 200"]);
    assert_eq!(b.receives(&message), Received::Retransmission);
    b.until(200_000).sees(&["127990 200", "128000 ended"]);
    b.is_over();
    b.table.set_server_timers(id, Timers::RFC3261);
    assert_eq!(b.table.server_timers(id), None, "it is gone");
}

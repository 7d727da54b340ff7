//! RFC 3261 §17.2.4 and RFC 6026 §7.1: transport errors of server transactions.

use crate::bench::{from_peer, udp};
use strowger_transaction::Received;

#[test]
fn an_invite_transaction_tells_the_tu_and_goes_on() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 180).transport_fails().sees(&["0 180", "0 failed"]);
    b.respond(id, &invite, 486).transport_fails().sees(&["0 486", "0 failed"]);
    b.until(500).sees(&["500 486"]);
    assert_eq!(b.receives(&from_peer("ACK")), Received::Ack(id));
    b.transport_fails().sees(&[]);
}

#[test]
fn a_2xx_that_cannot_be_sent_is_the_tus_matter() {
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    b.respond(id, &invite, 200).transport_fails().sees(&["0 200", "0 failed"]);
    b.until(32_000).sees(&["32000 ended"]);
    b.is_over();
}

#[test]
fn another_transaction_ends() {
    let mut b = udp();
    let request = from_peer("OPTIONS");
    let id = b.takes(&request);
    b.respond(id, &request, 100).transport_fails().sees(&["0 100", "0 failed", "0 ended"]);
    b.is_over();
    let id = b.takes(&request);
    b.respond(id, &request, 200).transport_fails().sees(&["0 200", "0 failed", "0 ended"]);
    b.is_over();
}

#[test]
fn responses_may_be_led_elsewhere() {
    // §18.2.2: the connection is gone, so a new one is opened to the sent-by.
    let mut b = udp();
    let invite = from_peer("INVITE");
    let id = b.takes(&invite);
    let elsewhere = sip::Flow { remote: "192.0.2.99:5062".parse().unwrap(), ..b.flow };
    b.table.set_server_flow(id, elsewhere);
    assert_eq!(b.table.server_flow(id), Some(elsewhere));
    b.flow = elsewhere;
    b.respond(id, &invite, 180).sees(&["0 180"]);
}

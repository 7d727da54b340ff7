//! Calls with another network (TS 24.229 §5.10.4): it sees the I-CSCF and nothing behind it, and calls work all the same.
//!
//! The network is at 127.0.0.1; Carol is at 127.0.0.2, and knows nothing but the I-CSCF.

use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};
use crate::support::{Message, Peer, Request};

fn world() -> (Network, RawPhone, Peer) {
    let mut setup = Setup::of(sims(1..=2, ""));
    setup.icscf = "topology = [\"127.0.0.1\"]\nuri = \"sip:{icscf}\"".to_owned();
    setup.scscf = "border = \"sip:{icscf}\"".to_owned();
    let network = Network::start(&setup);
    let anna = RawPhone::registered(&network, Card::sim(1));
    let carol = Peer::on("127.0.0.2", network.icscf.at);
    (network, anna, carol)
}

/// Of these entries only the I-CSCF and Carol are shown; what else there is says nothing.
#[track_caller]
fn shows_the_border_only(network: &Network, carol: &Peer, entries: &[&str]) {
    let known = [network.icscf.at.to_string(), carol.own()];
    for entry in entries {
        let is_token = entry.contains(";tokenized-by=ims.test") && !entry.contains("127.0.0.");
        assert!(is_token || known.iter().any(|known| entry.contains(known)), "{entry} of {entries:?}");
    }
    let hidden = entries.iter().filter(|entry| entry.contains("tokenized-by")).count();
    assert_eq!(hidden, 1, "the P-CSCF and the S-CSCF are one: {entries:?}");
}

/// Every Via that it was sent with, and nothing else.
#[track_caller]
fn came_back_whole(response: &Message, anna: &RawPhone) {
    let vias = response.list("Via");
    assert_eq!(vias.len(), 1, "{vias:?}");
    assert!(vias[0].contains(&anna.peer.own()), "{vias:?}");
}

#[test]
fn a_call_to_another_network_and_what_follows_it() {
    let (network, anna, carol) = world();
    let invite = anna.request("INVITE", &format!("sip:carol@{}", carol.own()));
    anna.peer.send(&invite);
    let came = carol.expect("INVITE");
    shows_the_border_only(&network, &carol, &came.list("Via"));
    shows_the_border_only(&network, &carol, &came.list("Record-Route"));
    assert!(!came.has("Route"), "{}", came.text());
    carol.answer(&came, 180, "c", "");
    let ringing = anna.peer.expect("180");
    came_back_whole(&ringing, &anna);
    let contact = format!("Contact: <sip:carol@{}>", carol.own());
    carol.answer(&came, 200, "c", &contact);
    let ok = anna.peer.final_response();
    assert_eq!(ok.status(), 200, "{}", ok.text());
    came_back_whole(&ok, &anna);
    let route = ok.list("Record-Route");
    assert!(!ok.text().contains("tokenized-by"), "{route:?}");
    assert!(route.iter().any(|entry| entry.contains(&network.scscf().at.to_string())), "{route:?}");
    // A 2xx that comes again is as the first one (RFC 3261 §13.3.1.4).
    carol.answer(&came, 200, "c", &contact);
    let again = anna.peer.expect("200");
    assert_eq!(again.list("Record-Route"), route);

    anna.peer.send(&invite.within(&ok, "ACK", 1));
    let ack = carol.expect("ACK");
    assert!(!ack.text().contains(&network.scscf().at.to_string()), "{}", ack.text());
    // Carol's request finds its way in by what she cannot read.
    carol.send(&Request::back(&came, "c", "BYE", 1));
    let bye = anna.peer.expect("BYE");
    let passed = bye.list("Via");
    assert!(passed.iter().any(|via| via.contains(&network.scscf().at.to_string())), "{passed:?}");
    anna.peer.answer(&bye, 200, "", "");
    assert_eq!(carol.final_response().status(), 200);
    network.comes_to_rest();
}

#[test]
fn a_call_from_another_network_and_what_follows_it() {
    let (network, anna, carol) = world();
    let invite = Request::new("INVITE", &format!("sip:carol@{}", carol.own()), &anna.card.impu);
    carol.send(&invite);
    let came = anna.peer.expect("INVITE");
    anna.peer.answer(&came, 200, "a", &format!("Contact: <{}>", anna.contact()));
    let ok = carol.final_response();
    assert_eq!(ok.status(), 200, "{}", ok.text());
    shows_the_border_only(&network, &carol, &ok.list("Record-Route"));
    // Again: the same, and not what the script never saw.
    anna.peer.answer(&came, 200, "a", &format!("Contact: <{}>", anna.contact()));
    let again = carol.expect("200");
    assert_eq!(again.list("Record-Route"), ok.list("Record-Route"));
    carol.send(&invite.within(&ok, "ACK", 1));
    anna.peer.expect("ACK");
    carol.send(&invite.within(&ok, "INFO", 2));
    let info = anna.peer.expect("INFO");
    assert!(!info.has("Route"), "{}", info.text());
    anna.peer.answer(&info, 200, "", "");
    assert_eq!(carol.final_response().status(), 200);

    anna.peer.send(&Request::back(&came, "a", "BYE", 1));
    let bye = carol.expect("BYE");
    shows_the_border_only(&network, &carol, &bye.list("Via"));
    carol.answer(&bye, 200, "", "");
    let ended = anna.peer.final_response();
    assert_eq!(ended.status(), 200);
    came_back_whole(&ended, &anna);
    network.comes_to_rest();
}

/// A border is no way from one other network to another.
#[test]
fn a_stranger_reaches_nobody_else_by_it() {
    let (network, _, carol) = world();
    let dave = Peer::on("127.0.0.3", network.icscf.at);
    for method in ["MESSAGE", "INVITE"] {
        let request = Request::new(method, "sip:carol@far.test", "sip:dave@far.test").with(&format!(
            "Route: <sip:{};lr>, <sip:{};lr>",
            network.icscf.at,
            dave.own()
        ));
        carol.send(&request);
        assert_eq!(carol.final_response().status(), 403);
        if method == "INVITE" {
            carol.send(&request.follow_up("ACK", "x"));
        }
    }
    assert!(dave.pending().is_none());
}

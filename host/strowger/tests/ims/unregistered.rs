//! Services of who is not registered (TS 24.229 §5.4.3.3; TS 29.228 §6.1.2, UNREGISTERED_USER): by whose word they are
//! served, for how long, and who hears of the end.

use crate::application_server::ApplicationServer;
use crate::application_servers::{TERMINATING, answered, delivered, of, profile, sends};
use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::Card;
use crate::support::Request;
use crate::until;

/// A network with Anna, who is registered, and Bert, who is not.
struct World {
    network: Network,
    anna: RawPhone,
    bert: String,
    /// What comes for Bert while he is not registered.
    voicemail: ApplicationServer,
}

/// `scscf`: settings of the S-CSCF. `before`: criteria of Bert's that come first.
fn world(scscf: &str, before: &[(&ApplicationServer, &str)]) -> World {
    let voicemail = ApplicationServer::new();
    let unregistered = (&voicemail, "when = [\"case terminating-unregistered\"]");
    let criteria = [before, &[unregistered]].concat();
    let document =
        of(1, "plain") + &of(2, "bert") + &profile("bert", &criteria) + "[[profile]]\nname = \"plain\"\n";
    let network = Network::start(&Setup { scscf: scscf.to_owned(), ..Setup::of(document) });
    let anna = RawPhone::registered(&network, Card::sim(1));
    World { network, anna, bert: Card::sim(2).impu, voicemail }
}

/// §5.4.3.3, TS 29.228 §6.1.2 (UNREGISTERED_USER): who is not registered has services all the same; without one it is 480.
#[test]
fn services_of_who_is_not_registered() {
    let other = ApplicationServer::new();
    let World { network, anna, bert, voicemail } = world("", &[(&other, TERMINATING)]);
    sends(&anna, &bert);
    let came = voicemail.expect("MESSAGE");
    assert_eq!(came.message.get("P-Served-User"), format!("<{bert}>;sescase=term;regstate=unreg"));
    voicemail.answer(&came, 202, "as", "");
    assert_eq!(answered(&anna), 202);
    assert_eq!(network.state(&bert), "unregistered");
    // The server lets it go on: there is nobody.
    sends(&anna, &bert);
    let came = voicemail.expect("MESSAGE");
    voicemail.send_on(&came, |text| text);
    let refused = voicemail.expect("480");
    voicemail.send_back(&refused);
    assert_eq!(answered(&anna), 480);
    // TS 29.229 §6.3.17: REMOVE_S-CSCF, and the next caller finds it again.
    assert_eq!(network.deregister(&bert, "remove-scscf"), (1, 1));
    sends(&anna, &bert);
    voicemail.answer(&voicemail.expect("MESSAGE"), 202, "as", "");
    assert_eq!(answered(&anna), 202);
    // And once he registers, it is his phone that gets it.
    let phone = RawPhone::registered(&network, Card::sim(2));
    sends(&anna, &bert);
    let came = other.expect("MESSAGE");
    other.send_on(&came, |text| text);
    delivered(&phone, &[&other]);
    assert_eq!(answered(&anna), 200);
    network.comes_to_rest();
}

/// TS 29.228 §6.1.2.1: the S-CSCF does not keep the profile of who is not registered for ever; a caller has it fetched anew.
#[test]
fn who_is_not_registered_is_not_kept_for_ever() {
    let World { network, anna, bert, voicemail } = world("unregistered_expires = 1\n", &[]);
    let served = || network.scscf().metric("strowger_subscribers", &[]);
    for _ in 0..2 {
        sends(&anna, &bert);
        voicemail.answer(&voicemail.expect("MESSAGE"), 202, "as", "");
        assert_eq!(answered(&anna), 202);
        until("the S-CSCF lets go", || served() == 1);
        until("the HSS knows", || network.state(&bert) == "not-registered");
    }
    network.comes_to_rest();
}

/// §5.4.2.1.2, RFC 6665 §4.2.2: whoever watches a set without a contact hears that the HSS has ended it.
#[test]
fn the_end_of_a_set_without_contacts_is_told() {
    let World { network, anna, bert, voicemail } = world("", &[]);
    sends(&anna, &bert);
    voicemail.answer(&voicemail.expect("MESSAGE"), 202, "as", "");
    assert_eq!(answered(&anna), 202);

    let us = format!("sip:{}", voicemail.own());
    let mut subscribe = Request::new("SUBSCRIBE", &us, &bert)
        .with(&format!("Event: reg\nExpires: 600\nP-Asserted-Identity: <{us}>\nContact: <{us}>"));
    subscribe.contact = false;
    voicemail.request(&subscribe, network.scscf().at);
    let told = || loop {
        let came = voicemail.receive(crate::PATIENCE).expect("a NOTIFY");
        if came.message.method() == "NOTIFY" {
            voicemail.answer(&came, 200, "", "");
            return came.message.text();
        }
        assert!(came.message.status() < 300, "{}", came.message.text());
    };
    let first = told();
    assert!(first.contains("Subscription-State: active"), "{first}");
    assert_eq!(network.deregister(&bert, "remove-scscf"), (1, 1));
    let last = told();
    assert!(last.contains("Subscription-State: terminated"), "{last}");
    assert!(last.contains("state=\"terminated\""), "{last}");
    network.comes_to_rest();
}

//! A database server that goes and comes back under a network whose CSCFs keep everything there: calls and messages go on,
//! nobody is told that it is registered before it is durable, and who waits is served when the server is there again.

use std::time::Duration;

use crate::database::{Kind, Server};
use crate::network::{Network, Setup};
use crate::raw_phone::RawPhone;
use crate::subscribers::{Card, sims};

#[test]
fn mariadb_goes_and_comes_back() {
    goes_and_comes_back(Kind::MariaDb);
}

#[test]
fn postgresql_goes_and_comes_back() {
    goes_and_comes_back(Kind::Postgres);
}

/// Anna and Bert are registered, Carl registers meanwhile.
fn goes_and_comes_back(kind: Kind) {
    let Some(mut server) = Server::start(kind) else { return };
    let database = Some(server.url());
    let network = Network::start(&Setup { database, ..Setup::of(sims(1..=3, "")) });
    let anna = RawPhone::registered(&network, Card::sim(1));
    let bert = RawPhone::registered(&network, Card::sim(2));
    let mut carl = RawPhone::new(&network, Card::sim(3));
    server.kill();
    let request = carl.registration("Expires: 600");
    let challenged = carl.peer.ask(&request);
    assert_eq!(challenged.status(), 401, "a challenge is nothing to be kept\n{}", challenged.text());
    let proof = carl.proof(&request, &challenged);
    carl.peer.send(&proof);

    // Whoever is registered is reached from memory. By the time that this is done Carl's 200 would have come.
    for _ in 0..20 {
        let message = anna.request("MESSAGE", &bert.card.impu);
        anna.peer.send(&message);
        let came = bert.peer.expect("MESSAGE");
        bert.peer.answer(&came, 200, "", "");
        assert_eq!(anna.peer.final_response().status(), 200);
    }
    while let Some(came) = carl.peer.receive(Duration::ZERO) {
        assert!(came.status() < 200, "it is not durable:\n{}", came.text());
    }
    server.start_again();
    let ok = carl.peer.final_response();
    assert_eq!(ok.status(), 200, "{}", ok.text());
    network.comes_to_rest();
}

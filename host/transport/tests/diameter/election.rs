//! RFC 6733 §5.6.4 over sockets: both connect, and one connection stays.

use diameter::base::CapabilitiesExchangeAnswer;
use diameter::{Command, CommandCode, Outcome};

use crate::raw::{Raw, RawListener, cer};
use crate::world::*;

/// A service whose CER has no answer yet, and the same peer's own connection with its CER.
async fn both_connect(peer: &str) -> (strowger_transport::DiameterService, Raw, diameter::Message, Raw) {
    let listener = RawListener::new().await;
    let service = Setup::new(SCSCF).connecting(peer, listener.address()).start();
    let mut theirs = listener.accept().await;
    let first = theirs.request(CommandCode::CAPABILITIES_EXCHANGE).await;
    let mut ours = Raw::connect(service.listening()[0]).await;
    ours.send(&cer(peer)).await;
    (service, theirs, first, ours)
}

#[tokio::test]
async fn who_comes_later_in_the_alphabet_keeps_the_connection_of_the_other() {
    // s.ims.test wins over hss.ims.test, so that what the peer initiated stays
    let (service, mut theirs, _, mut ours) = both_connect(HSS).await;
    let cea = ours.message().await;
    let cea = CapabilitiesExchangeAnswer::parse(&cea, &service.reading()).unwrap();
    assert_eq!(cea.capabilities.origin.host, name(SCSCF));
    assert!(theirs.next().await.is_none());
    open(&service, 1).await;
    let pending = ask(&service);
    let request = ours.request(CommandCode::LOCATION_INFO).await;
    ours.agree(&request, HSS).await;
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
}

#[tokio::test]
async fn who_comes_earlier_keeps_its_own() {
    let peer = "zz.ims.test";
    let (service, mut theirs, first, mut ours) = both_connect(peer).await;
    theirs.answer_cer(&first, peer).await;
    open(&service, 1).await;
    assert!(ours.next().await.is_none());
    let pending = ask(&service);
    let request = theirs.request(CommandCode::LOCATION_INFO).await;
    theirs.agree(&request, peer).await;
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
}

/// Two services that know where each other is, started at once and many times: one connection, whoever was first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_end_with_one_connection() {
    for _ in 0..10 {
        let [one, two] = [RawListener::new().await.address(), RawListener::new().await.address()];
        let mut hss = Setup::new(HSS).connecting(SCSCF, two);
        hss.0.listen[0].address = one;
        let mut scscf = Setup::new(SCSCF).connecting(HSS, one);
        scscf.0.listen[0].address = two;
        let (hss, scscf) = (hss.start(), scscf.start());
        let settled = || {
            let live = (hss.connections().live, scscf.connections().live);
            live == (1, 1) && hss.ready() && scscf.ready()
        };
        until(settled).await;
        let (there, back) = (ask(&scscf), ask(&hss));
        assert_eq!(said(soon(there).await), Ok(Outcome::SUCCESS));
        assert_eq!(said(soon(back).await), Ok(Outcome::SUCCESS));
    }
}

//! RFC 6733 §5.5.4 and §2.1 over sockets: a peer is killed and comes back.

use diameter::node::What;
use diameter::{CommandCode, Flags, Outcome};
use strowger_transport::DiameterFailure;

use crate::raw::RawListener;
use crate::world::*;

#[tokio::test]
async fn what_was_outstanding_goes_to_the_second_peer_with_the_t_bit() {
    let (first, second) = (RawListener::new().await, RawListener::new().await);
    let service =
        Setup::new(SCSCF).connecting(HSS, first.address()).connecting(HSS2, second.address()).start();
    let (mut one, mut two) = (first.welcome(HSS).await, second.welcome(HSS2).await);
    open(&service, 2).await;
    let asked: Vec<_> = (0..5).map(|_| ask(&service)).collect();
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(one.request(CommandCode::LOCATION_INFO).await);
    }
    drop((one, first));
    for before in &seen {
        let again = two.request(CommandCode::LOCATION_INFO).await;
        assert_eq!(again.header().end_to_end, before.header().end_to_end);
        assert_eq!(again.body(), before.body());
        assert!(!before.header().flags.contains(Flags::RETRANSMITTED));
        assert!(again.header().flags.contains(Flags::RETRANSMITTED));
        two.agree(&again, HSS2).await;
    }
    for pending in asked {
        assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
    }
    assert_eq!(counted(&service, What::RequestSentAgain), 5);
}

#[tokio::test]
async fn a_peer_that_was_killed_and_comes_back_is_used_again() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let there = hss.listening()[0];
    let scscf = Setup::new(SCSCF).connecting(HSS, there).start();
    open(&scscf, 1).await;
    assert_eq!(said(soon(ask(&scscf)).await), Ok(Outcome::SUCCESS));
    drop(hss);
    until(|| !scscf.ready()).await;
    assert_eq!(said(soon(ask(&scscf)).await), Err(DiameterFailure::NoPeer));
    // it is tried in vain before it is there again
    until(|| scscf.connections().connects_failed > 0).await;
    let mut again = Setup::new(HSS).expecting(SCSCF);
    again.0.listen[0].address = there;
    let again = again.start();
    open(&again, 1).await;
    until(|| scscf.ready()).await;
    assert_eq!(said(soon(ask(&scscf)).await), Ok(Outcome::SUCCESS));
    assert_eq!(scscf.peers()[0].opened, 2);
}

//! Connections that another thread reads: they are connections like others, also when that thread has had enough.

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use diameter::Outcome;
use diameter::base::DisconnectCause;
use strowger_transport::DiameterService;
use strowger_transport::diameter::{Feed, Feeds, Met};

use crate::raw::RawListener;
use crate::world::*;

/// How often the thread looks. A real one would wait for the descriptors.
const LOOK: Duration = Duration::from_micros(200);

struct ToThread(Sender<Feed>);

impl Feeds for ToThread {
    fn opened(&self, feed: Feed) {
        // a thread that has ended drops it, and so gives it back
        let _ = self.0.send(feed);
    }
}

/// A thread that reads whatever it is given, for as long as the service is there.
pub(crate) fn reader() -> Arc<dyn Feeds> {
    let (to, given) = channel::<Feed>();
    thread::spawn(move || {
        let (mut feeds, mut buffer) = (Vec::new(), vec![0; 4096]);
        loop {
            match given.try_recv() {
                Ok(feed) => feeds.push(feed),
                Err(TryRecvError::Disconnected) if feeds.is_empty() => return,
                Err(_) => thread::sleep(LOOK),
            }
            feeds.retain(|feed| feed.read(&mut buffer) != Met::End);
        }
    });
    Arc::new(ToThread(to))
}

/// Keeps feeds, and reads when it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<Feed>>);

impl Feeds for Kept {
    fn opened(&self, feed: Feed) {
        self.0.lock().unwrap().push(feed);
    }
}

impl Kept {
    fn look(&self) -> Vec<Met> {
        let mut buffer = [0; 4096];
        self.0.lock().unwrap().iter().map(|feed| feed.read(&mut buffer)).collect()
    }
}

/// An S-CSCF that connects to this HSS, and what it brings is read when the test says so.
fn kept(hss: SocketAddr) -> (Arc<Kept>, DiameterService) {
    let kept = Arc::new(Kept::default());
    let mut setup = Setup::new(SCSCF).connecting(HSS, hss);
    setup.0.feeds = Some(kept.clone());
    (kept, setup.start())
}

#[tokio::test]
async fn nothing_is_read_until_its_reader_looks() {
    let listener = RawListener::new().await;
    let (kept, service) = kept(listener.address());
    let raw = listener.welcome(HSS).await;
    until(|| kept.0.lock().unwrap().len() == 1).await;
    assert!(!service.ready(), "the CEA is there, and nobody has read it");
    until(|| kept.look() == [Met::Bytes]).await;
    assert!(service.ready());
    assert_eq!(kept.look(), [Met::Nothing]);
    drop(raw);
    until(|| kept.look() == [Met::End]).await;
    until(|| !service.ready()).await;
}

#[tokio::test]
async fn one_that_is_given_back_goes_on() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let (kept, scscf) = kept(hss.listening()[0]);
    until(|| kept.look() == [Met::Bytes]).await;
    open(&hss, 1).await;
    let asked = ask(&scscf);
    // with its answer on the way, or there
    kept.0.lock().unwrap().clear();
    assert_eq!(said(soon(asked).await), Ok(Outcome::SUCCESS));
    assert_eq!(said(soon(ask(&hss)).await), Ok(Outcome::SUCCESS), "in the other direction too");
    soon(scscf.stop(DisconnectCause::Rebooting)).await;
    until(|| hss.connections().live == 0).await;
    assert_eq!(scscf.connections().connected, 1, "by the same connection");
}

#[tokio::test]
async fn its_reader_hears_of_an_end_on_our_side() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let (kept, scscf) = kept(hss.listening()[0]);
    until(|| kept.look() == [Met::Bytes]).await;
    // nobody says goodbye
    drop(scscf);
    until(|| kept.look() == [Met::End]).await;
    until(|| hss.connections().live == 0).await;
}

#[tokio::test]
async fn what_the_socket_does_not_take_is_written_later() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let mut setup = Setup::new(SCSCF).connecting(HSS, hss.listening()[0]);
    setup.0.feeds = Some(reader());
    let scscf =
        setup.limits(|_, node| (node.outstanding, node.outstanding_per_peer) = (50_000, 50_000)).start();
    open(&scscf, 1).await;
    let asked: Vec<_> = (0..20_000).map(|_| ask(&scscf)).collect();
    for pending in asked {
        assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
    }
}

use super::*;
use plugin::Role;
use storage::{Limits, Options, Store};

const AOR: &str = "sip:bob@biloxi.com";

struct Nobody;

impl storage::CommitSink for Nobody {
    fn committed(&self, _: &[u64], _: bool) {}
}

fn consultations(store: &Store) -> Consultations {
    let inbox = Arc::new(Inbox::new().unwrap());
    let queue = store.registrations().queue(Arc::new(Nobody));
    let registrations = Arc::clone(store.registrations());
    let active = Arc::new(Active::new(Role::new("test")));
    Consultations::new(active, Arc::new(Loaded::new(0)), inbox, queue, None, registrations, Arc::default())
}

/// A REGISTER that takes back what was never bound.
fn register() -> Message {
    let text = "REGISTER sip:biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\n\
                From: <sip:bob@biloxi.com>;tag=1\r\nTo: <sip:bob@biloxi.com>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\
                Contact: <sip:bob@192.0.2.4>;expires=0\r\nContent-Length: 0\r\n\r\n";
    Message::parse_datagram(text.as_bytes()).unwrap()
}

/// A profile is on disk before the 200 leaves, whatever becomes of the bindings.
#[test]
fn a_barrier_is_waited_for_beside_a_change_that_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    let mut consultations = consultations(&store);
    let limits = Limits { min_expires: 60, max_expires: 7200, default_expires: 3600, max_bindings: 3 };
    let remote = ([192, 0, 2, 4], 5060).into();
    let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
    let staged = store.registrations().register(register().head(), AOR, &limits, flow, wall_ms());
    let change = Change::Bindings(staged.unwrap().1.unwrap(), None);
    let staged: Vec<Staged> = vec![Box::new(Change::Barrier), Box::new(change)];
    assert!(consultations.store(None, Hook::Request, staged).is_none());
    let waiting: Vec<usize> = consultations.storing.iter().map(|(_, storing)| storing.left).collect();
    assert_eq!(waiting, [2]);
    assert!(consultations.stored(0, true).is_none());
    assert_eq!(consultations.storing.len(), 1, "half of it is there");
    assert!(consultations.stored(0, true).is_none());
    assert!(consultations.storing.is_empty());
}

/// Else a disk that is full for some time would leave no room for requests of one's own.
#[test]
fn what_is_not_sent_after_all_takes_no_place() {
    let store = Store::in_memory(&Options::default());
    let mut consultations = consultations(&store);
    let follow = |token| Follow {
        originate: Originate { request: register(), target: None, timeout: None, token },
        third_party: None,
    };
    let all: Vec<Follow> = (0..3).filter_map(|_| consultations.own(OwnToken::Nobody)).map(follow).collect();
    assert_eq!((all.len(), consultations.own.len()), (3, 3));
    consultations.give_up(all);
    assert!(consultations.own.is_empty());
}

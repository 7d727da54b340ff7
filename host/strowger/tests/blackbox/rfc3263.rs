//! RFC 3263: names are located by DNS, and where one server fails the next one is tried.

use std::net::UdpSocket;

use crate::support::{Names, Request, Router, Setup};

/// §4.2 and §4.3. The answer of the second server must find its way, too.
#[test]
fn the_second_server_of_a_name_is_tried_and_its_answer_comes_back() {
    // A port where nobody is: it was free a moment ago.
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr().expect("an address").port();
    let names = Names::bind();
    let router = Router::with(Setup { dns: Some(names.address()), ..Setup::default() });
    let (caller, second) = (router.phone("alice"), router.peer());
    names.serve(&["two.test"], &[nobody, second.port()]);
    for method in ["INVITE", "MESSAGE"] {
        let sent = Request::new(method, "alice", "sip:bob@two.test");
        caller.send(&sent);
        let came = second.expect(method);
        assert_eq!(came.uri(), "sip:bob@two.test");
        second.answer(&came, 486, "b", "");
        if method == "INVITE" {
            second.expect("ACK");
        }
        let answered = caller.final_response();
        assert_eq!(answered.status(), 486, "{}", answered.text());
        if method == "INVITE" {
            caller.send(&sent.follow_up("ACK", answered.tag("To")));
        }
    }
}

/// §4: who has no address cannot be reached, and the caller is told.
#[test]
fn a_name_that_does_not_exist_is_a_404() {
    let names = Names::bind();
    let dns = Some(names.address());
    names.serve(&[], &[]);
    let router = Router::with(Setup { dns, ..Setup::default() });
    let caller = router.phone("alice");
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "sip:bob@nowhere.test")).status(), 404);
    // a transport that nobody here speaks
    let sctp = Request::new("MESSAGE", "alice", "sip:bob@192.0.2.1;transport=sctp");
    assert_eq!(caller.ask(&sctp).status(), 502);
}

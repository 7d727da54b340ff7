//! RFC 3261 §11: OPTIONS.

use crate::support::{DOMAIN, Request, Router};

#[test]
fn the_element_says_what_it_can_do() {
    let router = Router::start();
    let stranger = router.peer();
    let addresses = [format!("sip:{DOMAIN}"), format!("sip:{}", router.sip), "sip:EXAMPLE.test.".into()];
    for uri in addresses {
        // §16.3 item 3: with Max-Forwards 0 it may be asked too
        for hops in ["70", "0", ""] {
            let request = Request::new("OPTIONS", "sip:x@elsewhere.test", &uri).max_forwards(hops);
            let answered = stranger.ask(&request);
            assert_eq!(answered.status(), 200, "{uri}: {}", answered.text());
            for method in ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER"] {
                assert!(answered.list("Allow").contains(&method), "{method}");
            }
            assert!(answered.has("Accept") && answered.list("Supported").contains(&"path"));
            assert!(!answered.tag("To").is_empty(), "§8.2.6.2");
        }
    }
}

/// §8.2.6, §8.2.7: without a transaction the answer is the same each time.
#[test]
fn a_repeated_request_is_answered_alike() {
    let router = Router::start();
    let stranger = router.peer();
    let request = Request::new("OPTIONS", "sip:x@elsewhere.test", &format!("sip:{DOMAIN}"));
    assert_eq!(stranger.ask(&request).raw, stranger.ask(&request).raw);
}

#[test]
fn options_to_a_user_go_to_the_phone() {
    let router = Router::start();
    let (caller, callee) = router.pair();
    caller.send(&Request::new("OPTIONS", "alice", "bob"));
    let came = callee.expect("OPTIONS");
    callee.answer(&came, 200, "b", "Accept-Language: de");
    let answered = caller.final_response();
    assert_eq!((answered.status(), answered.get("Accept-Language")), (200, "de"));
}

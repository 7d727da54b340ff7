//! RFC 3327: Path.

use crate::support::{Request, Router};

/// §5.3: kept with the binding and told; §5.4 (as Route) when the phone is called.
#[test]
fn a_path_is_kept_and_becomes_the_route() {
    let router = Router::start();
    let caller = router.phone("alice");
    let mut edge = router.peer();
    let path =
        [format!("<sip:{};lr>", edge.own()), "<sip:far.test;lr;ob>".into(), "<sip:farther.test;lr>".into()];
    let lines = format!(
        "Contact: <sip:bob@192.0.2.1>\nSupported: path\nPath: {}, {}\nPath: {}",
        path[0], path[1], path[2]
    );
    let registered = edge.register("bob", &lines);
    assert_eq!(
        (registered.status(), registered.list("Path")),
        (200, path.iter().map(String::as_str).collect())
    );
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    let came = edge.expect("MESSAGE");
    assert_eq!(came.uri(), "sip:bob@192.0.2.1");
    assert_eq!(came.list("Route"), path);
}

#[test]
fn a_path_that_cannot_be_read_is_a_400() {
    let router = Router::start();
    let mut edge = router.peer();
    let refused = edge.register("bob", "Contact: <sip:bob@192.0.2.1>\nSupported: path\nPath: <sip:");
    assert_eq!(refused.status(), 400);
}

//! RFC 3261 §10: registrations.

use crate::support::peer::{credentials_for, phones, registration, with_credentials};
use crate::support::{DOMAIN, PASSWORD, Request, Router, at};

/// §10.2: bound, asked for, removed.
#[test]
fn bindings_come_and_go() {
    let router = Router::start();
    let mut phone = router.peer();
    let own = format!("sip:alice@{}", phone.own());
    let bound = phone.register("alice", "");
    assert_eq!(bound.status(), 200, "{}", bound.text());
    assert_eq!(bound.list("Contact"), [format!("<{own}>;expires=3600")]);
    // §10.3 item 8
    assert!(bound.get("Date").ends_with(" GMT"), "{}", bound.text());

    let more = "Contact: <sip:a@192.0.2.1>;q=0.5, \"A\" <sip:a@192.0.2.2;transport=tcp>;expires=60;q=1.0\n\
                Contact: sip:a@192.0.2.3;q=0.25\nExpires: 300";
    let all = [
        format!("<{own}>;expires=3600"),
        "<sip:a@192.0.2.1>;q=0.5;expires=300".into(),
        "<sip:a@192.0.2.2;transport=tcp>;q=1;expires=60".into(),
        "<sip:a@192.0.2.3>;q=0.25;expires=300".into(),
    ];
    assert_eq!(phone.register("alice", more).list("Contact"), all);
    // §10.2.3: without a Contact it asks
    let request = registration("alice", "nowhere", "");
    let request = Request { more: String::new(), ..request };
    let challenged = phone.ask(&request);
    let asked = phone.ask(&with_credentials(&request, &challenged, "alice", PASSWORD, 1));
    assert_eq!(asked.list("Contact"), all);
    // §10.2.2
    let left = phone.register("alice", "Contact: <sip:a@192.0.2.1>\nExpires: 0");
    assert_eq!(left.list("Contact"), [&all[0], &all[2], &all[3]]);
    let none = phone.register("alice", "Contact: *\nExpires: 0");
    assert_eq!((none.status(), none.has("Contact")), (200, false));
    assert_eq!(phone.register("alice", "Contact: <sip:gone@192.0.2.1>\nExpires: 0").status(), 200);
}

/// §10.2.1.1, §10.3 item 7, §20.19, RFC 4475 §3.1.2.4.
#[test]
fn expiries_are_the_contacts_the_headers_or_the_registrars() {
    let router = Router::start();
    let mut phone = router.peer();
    let granted = |contact: &str, status: u16| {
        let answered = phone.register("alice", contact);
        assert_eq!(answered.status(), status, "{contact}: {}", answered.text());
        match status {
            423 => answered.get("Min-Expires").to_owned(),
            _ => answered.get("Contact").split("expires=").nth(1).unwrap_or_default().to_owned(),
        }
    };
    let mut granted = granted;
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>", 200), "3600");
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>;expires=100\nExpires: 3000", 200), "100");
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>\nExpires: 3000", 200), "3000");
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>\nExpires: 4294967295", 200), "7200");
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>\nExpires: 10", 200), "10");
    for brief in ["Contact: <sip:a@192.0.2.1>\nExpires: 9", "Contact: <sip:a@192.0.2.1>;expires=1"] {
        assert_eq!(granted(brief, 423), "10");
    }
    // what is no number counts as an hour, what is too great as the greatest
    for (odd, seconds) in [("Expires: soon", "3600"), ("Expires: 99999999999999", "7200")] {
        assert_eq!(granted(&format!("Contact: <sip:a@192.0.2.1>\n{odd}"), 200), seconds);
    }
    assert_eq!(granted("Contact: <sip:a@192.0.2.1>;expires=\"120\"", 200), "3600");
}

/// §10.3 item 6.
#[test]
fn a_star_stands_alone_and_with_expires_0() {
    let router = Router::start();
    let mut phone = router.phone("alice");
    for wrong in [
        "Contact: *",
        "Contact: *\nExpires: 60",
        "Contact: *\nExpires: soon",
        "Contact: *, <sip:a@192.0.2.1>\nExpires: 0",
        "Contact: <sip:a@192.0.2.1>\nContact: *\nExpires: 0",
    ] {
        assert_eq!(phone.register("alice", wrong).status(), 400, "{wrong}");
    }
    let left = phone.register("alice", "Contact: <sip:gone@192.0.2.1>;expires=0");
    assert_eq!(left.list("Contact").len(), 1, "nothing was removed");
}

/// §10.3 item 7: an older request of the same Call-ID changes nothing.
#[test]
fn requests_out_of_order_are_refused() {
    let router = Router::start();
    let phone = router.peer();
    let first = registration("alice", &phone.own(), "");
    let challenged = phone.ask(&first);
    let challenge = challenged.get("WWW-Authenticate");
    let send = |request: Request, nc| {
        let credentials = credentials_for(challenge, &request, "alice", PASSWORD, nc);
        phone.ask(&request.with(&format!("Authorization: {credentials}"))).status()
    };
    let with_cseq = |cseq| Request { cseq, ..first.again() };
    assert_eq!(send(with_cseq(10), 1), 200);
    assert_eq!(send(with_cseq(9), 2), 500);
    assert_eq!(send(with_cseq(10), 3), 500);
    assert_eq!(send(with_cseq(11), 4), 200);
    // another Call-ID is another phone's count
    assert_eq!(send(registration("alice", &phone.own(), ""), 5), 200);
}

/// §10.3 items 4 and 5.
#[test]
fn a_user_registers_its_own_address_of_record_in_our_domain() {
    let router = Router::start();
    let phone = router.peer();
    let own = phone.own();
    let register = |user: &str, to: &str, from: &str, uri: &str| {
        let mut request = registration(user, &own, "");
        (request.to, request.from, request.uri) = (to.into(), from.into(), uri.into());
        let challenged = phone.ask(&request);
        assert_eq!(challenged.status(), 401, "{}", challenged.text());
        phone.ask(&with_credentials(&request, &challenged, user, PASSWORD, 1)).status()
    };
    let (alice, ours) = (at("alice"), format!("sip:{DOMAIN}"));
    assert_eq!(register("alice", &at("bob"), &alice, &ours), 403);
    assert_eq!(register("alice", "sip:alice@elsewhere.test", &alice, &ours), 404);
    // §10.2: a third party's From is its own
    assert_eq!(register("alice", &alice, &at("secretary"), &ours), 200);
    for to in [
        "sip:alice@EXAMPLE.Test".to_owned(),
        format!("sip:%61lice@{DOMAIN}"),
        format!("sip:alice@{DOMAIN};transport=udp"),
        format!("sip:alice@{DOMAIN}:{}", router.sip.port()),
        format!("sips:alice@{DOMAIN}"),
        format!("sip:alice@{}", router.sip),
    ] {
        assert_eq!(register("alice", &to, &to, &ours), 200, "{to}");
    }
    assert_eq!(register("alice", "sip:ALICE@example.test", &alice, &ours), 403, "users are case-sensitive");
    assert_eq!(register("+4930123", "tel:+49-30-123", "tel:+4930123", &ours), 200);
    assert_eq!(register("j%20smith", "sip:j%20smith@example.test", &alice, &ours), 200);
    // the registrar by its address, and with its port
    for uri in [format!("sip:{}", router.sip), format!("sip:{DOMAIN}:{}", router.sip.port())] {
        assert_eq!(register("alice", &alice, &alice, &uri), 200, "{uri}");
    }
}

/// §10.3 item 2, §16.3 item 5.
#[test]
fn extensions_that_are_unknown_are_named() {
    let router = Router::start();
    let mut phone = router.peer();
    let refused = phone.register("alice", "Require: path, foo\nRequire: bar");
    assert_eq!((refused.status(), refused.list("Unsupported")), (420, vec!["foo", "bar"]));
    let refused = phone.register("alice", "Proxy-Require: foo");
    assert_eq!((refused.status(), refused.get("Unsupported")), (420, "foo"));
    assert_eq!(phone.register("alice", "Require: path\nSupported: path").status(), 200);
}

/// §10.3 item 7 with §19.1.4: which Contacts are the same.
#[test]
fn contacts_are_compared_as_uris() {
    let router = Router::start();
    let mut phone = router.peer();
    let mut bound =
        |contact: &str| phone.register("alice", &format!("Contact: {contact}")).list("Contact").len();
    assert_eq!(bound("<sip:%75ser@Host.example.com;transport=TCP>"), 1);
    assert_eq!(bound("<sip:user@host.EXAMPLE.com;Transport=tcp>;expires=99"), 1);
    assert_eq!(bound("<sip:user@host.example.com>"), 2);
    assert_eq!(bound("<sip:USER@host.example.com>"), 3);
    assert_eq!(bound("<sip:u@[2001:db8:0:0::1]:5070>"), 4);
    assert_eq!(bound("<sip:u@[2001:DB8::1]:5070>"), 4);
    assert_eq!(bound("<sips:u@example.com>, <tel:+4930>, <mailto:a@example.com>"), 7);
    assert_eq!(bound("*\nExpires: 0"), 0);
    let kept = "<sip:u@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\";audio;methods=\"INVITE;BYE\"";
    let answered = phone.register("alice", &format!("Contact: {kept}"));
    assert_eq!(answered.get("Contact"), format!("{kept};expires=3600"));
}

/// §10.3: all or nothing.
#[test]
fn a_contact_that_cannot_be_read_binds_none() {
    let router = Router::start();
    let mut phone = router.phone("alice");
    for wrong in ["<sip:@>", "<sip:a@192.0.2.1>;q=2", "<sip:a@192.0.2.1>;q=high", "<sip:a@192.0.2.1", ""] {
        let refused = phone.register("alice", &format!("Contact: <sip:b@192.0.2.2>, {wrong}\n"));
        assert!(wrong.is_empty() || refused.status() == 400, "{wrong}: {}", refused.text());
    }
    let many: Vec<String> = (0..20).map(|n| format!("<sip:a@192.0.2.{n}>")).collect();
    assert_eq!(phone.register("alice", &format!("Contact: {}", many.join(", "))).status(), 403);
}

/// §10.3 item 8 and §17.2.2: the answer is kept and repeated, the change made once.
#[test]
fn a_repeated_register_is_answered_with_the_same() {
    let router = Router::start();
    let phone = router.peer();
    let request = registration("alice", &phone.own(), "");
    let challenged = phone.ask(&request);
    let second = with_credentials(&request, &challenged, "alice", PASSWORD, 1);
    let answers = [phone.ask(&second), phone.ask(&second)];
    assert_eq!(answers[0].status(), 200);
    assert_eq!(answers[0].raw, answers[1].raw);
}

/// §10.2.4, §16.5: what was bound is where calls go, until it ends.
#[test]
fn a_binding_is_a_target_until_it_is_removed() {
    let mut router = Router::start();
    let (caller, mut callee) = router.pair();
    let message = Request::new("MESSAGE", "alice", "bob");
    caller.send(&message);
    let came = callee.expect("MESSAGE");
    assert_eq!(came.uri(), format!("sip:bob@{}", callee.own()));
    callee.answer(&came, 200, "b", "");
    assert_eq!(caller.final_response().status(), 200);
    callee.register("bob", "Contact: *\nExpires: 0");
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "bob")).status(), 480);
    // who never registered looks no different
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "nobody")).status(), 480);

    let phones = phones(&router, "bob", &[""]);
    router.kill();
    router.start_again();
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    phones[0].expect("MESSAGE");
}

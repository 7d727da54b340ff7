//! RFC 4475 §3.1.1, §3.3 and RFC 5118 §4: what is read out of the messages that are accepted.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

#[path = "torture/mod.rs"]
mod corpus;

use std::net::Ipv4Addr;

use strowger_sip::{Contact, HeaderId, Host, Message, Method, Scheme, unfold};

fn message(name: &str) -> Message {
    Message::parse_datagram(&corpus::message(name)).unwrap()
}

/// §3.1.1.1.
#[test]
fn wsinv() {
    let message = message("wsinv");
    let head = message.head();
    assert_eq!(head.to_tag(), Some(&b"1918181833n"[..]));
    assert_eq!(head.to().unwrap().uri_bytes, b"sip:vivekg@chair-dnrc.example.com");
    assert_eq!(head.from().unwrap().display_name().as_ref(), b"J Rosenberg \\\"");
    assert_eq!(head.from_tag(), Some(&b"98asjd8"[..]));
    assert_eq!(head.max_forwards(), Ok(Some(68)));
    assert_eq!(head.content_length(), Ok(Some(150)));
    let cseq = head.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    let vias: Vec<_> = head.vias().map(Result::unwrap).collect();
    assert_eq!(vias.len(), 3);
    assert_eq!((vias[0].transport, vias[0].branch()), (&b"UDP"[..], Some(&b"390skdjuw"[..])));
    assert_eq!((vias[1].transport, vias[1].host), (&b"TCP"[..], Host::Name("spindle.example.com")));
    assert_eq!(vias[2].unique_branch(), Some(&b"z9hG4bK30239"[..]));
    assert_eq!(head.header(HeaderId::SUBJECT), Some(&b""[..]));
    let odd = head.header_named("NewFangledHeader").unwrap();
    assert_eq!(unfold(odd).as_ref(), b"newfangled value continued newfangled value");
    let contact = head.contacts().next().unwrap().unwrap().address().unwrap();
    assert_eq!(contact.display_name().as_ref(), b"Quoted string \"\"");
    assert_eq!((contact.q(), contact.param("newparam")), (Some(330), Some(Some(&b"newvalue"[..]))));
    assert_eq!(contact.param("secondparam"), Some(None));
    let route = head.routes().next().unwrap().unwrap().uri().unwrap();
    assert!(route.is_loose() && route.param("unknown-no-value") == Some(None));
    assert_eq!(message.body().len(), 150);
}

/// §3.1.1.2.
#[test]
fn intmeth() {
    let message = message("intmeth");
    let head = message.head();
    assert_eq!(head.method(), Method::Other);
    assert_eq!(head.method_token(), b"!interesting-Method0123456789_*+`.%indeed'~");
    let uri = head.uri().unwrap();
    assert_eq!(uri.user(), Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..]));
    assert_eq!(uri.password(), Some(&b"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"[..]));
    assert_eq!(uri.host(), Host::Name("example.com"));
    assert_eq!(head.to().unwrap().display_name().as_ref(), b"BEL:\x07 NUL:\0 DEL:\x7f");
    let from = head.from().unwrap();
    assert_eq!(from.display, b"token1~` token2'+_ token3*%!.-");
    assert_eq!(from.tag(), Some(&b"_token~1'+`*%!-."[..]));
    assert_eq!(head.via().unwrap().branch(), Some(&b"z9hG4bK-.!%66*_+`'~"[..]));
    assert_eq!(head.call_id(), Ok(&b"intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"[..]));
    assert_eq!(head.max_forwards(), Ok(Some(255)));
    let name = head.name_of(6);
    assert_eq!(name, b"extensionHeader-!.%*+_`'~");
    assert_eq!(head.value_of(6), "\u{feff}大停電".as_bytes());
}

/// §3.1.1.3, §3.1.1.4, §3.1.1.5: escapes count in URIs and nowhere else.
#[test]
fn escapes() {
    let esc01 = message("esc01");
    let uri = esc01.head().uri().unwrap();
    assert_eq!(uri.unescaped_user().unwrap().as_ref(), b"sips:user@example.com");
    assert_eq!(uri.host(), Host::Name("example.net"));
    assert_eq!(esc01.head().to().unwrap().uri().unwrap().aor(), "sip:user@example.com");
    assert_eq!(
        esc01.head().from().unwrap().uri().unwrap().unescaped_user().unwrap().as_ref(),
        b"I have spaces"
    );
    let contact = esc01.head().contacts().next().unwrap().unwrap().address().unwrap().uri().unwrap();
    assert_eq!(contact.unescaped_user().unwrap().as_ref(), b"caller");
    assert!(contact.is_loose(), "%6C%72 is lr");
    assert_eq!(contact.param("name"), Some(Some(&b"v%61lue%25%34%31"[..])));
    assert_eq!(
        strowger_sip::Uri::unescape(b"v%61lue%25%34%31").as_ref(),
        b"value%41",
        "decoded once, not twice"
    );

    let escnull = message("escnull");
    assert_eq!(
        escnull.head().to().unwrap().uri().unwrap().unescaped_user().unwrap().as_ref(),
        b"null-\0-null"
    );
    assert_eq!(escnull.head().contacts().count(), 2);

    let esc02 = message("esc02");
    assert_eq!(esc02.method(), Method::Other, "not REGISTER");
    assert_eq!(esc02.head().to().unwrap().display_name().as_ref(), b"%Z%45");
    assert_eq!(esc02.head().contacts().count(), 2, "C%6Fntact is no Contact");
    assert_eq!(esc02.head().via().unwrap().branch(), Some(&b"z9hG4bK209%fzsnel234"[..]));
}

/// §3.1.1.6 to §3.1.1.9.
#[test]
fn names_lengths_trailers_and_semicolons() {
    assert_eq!(message("lwsdisp").head().from().unwrap().display, b"caller");
    let longreq = message("longreq");
    assert_eq!(longreq.head().vias().filter_map(Result::ok).count(), 34);
    assert_eq!(longreq.head().from_tag().unwrap().len(), 155);
    let dblreq = message("dblreq");
    assert_eq!((dblreq.method(), dblreq.body().len()), (Method::Register, 0));
    assert!(corpus::message("dblreq").len() > dblreq.bytes().len() + 400);
    let semiuri = message("semiuri");
    assert_eq!(semiuri.head().uri().unwrap().unescaped_user().unwrap().as_ref(), b"user;par=u@example.net");
    assert_eq!(semiuri.values(HeaderId::ACCEPT).count(), 6);
}

/// §3.1.1.10 to §3.1.1.13.
#[test]
fn transports_bodies_and_reasons() {
    let transports = message("transports");
    let seen: Vec<_> = transports.head().vias().map(|via| via.unwrap().transport).collect();
    assert_eq!(seen, [&b"UDP"[..], b"SCTP", b"TLS", b"UNKNOWN", b"TCP"]);
    let mpart01 = message("mpart01");
    assert_eq!(mpart01.body().len(), 553);
    assert!(mpart01.head().content_type().unwrap().unwrap().is("multipart/mixed"));
    let unreason = message("unreason");
    assert_eq!(unreason.head().reason(), "= 2**3 * 5**2 но сто девяносто девять - простое".as_bytes());
    let noreason = message("noreason");
    assert_eq!((noreason.status(), noreason.head().reason()), (100, &b""[..]));
}

/// §3.1.2.12, §3.2.1: accepted, for others to judge.
#[test]
fn what_others_judge() {
    let baddate = message("baddate");
    assert!(strowger_sip::header::date::parse(baddate.header(HeaderId::DATE).unwrap()).is_err());
    let badbranch = message("badbranch");
    let via = badbranch.head().via().unwrap();
    assert_eq!((via.branch(), via.unique_branch()), (Some(&b"z9hG4bK"[..]), None));
}

/// §3.3.2 to §3.3.7.
#[test]
fn schemes_options_and_types() {
    assert_eq!(message("unkscm").head().uri().unwrap().scheme(), Scheme::Other);
    assert_eq!(message("novelsc").head().uri().unwrap().scheme_token(), b"soap.beep");
    let unksm2 = message("unksm2");
    assert_eq!(unksm2.head().to().unwrap().uri().unwrap().scheme_token(), b"isbn");
    assert_eq!(unksm2.head().from().unwrap().uri().unwrap().scheme_token(), b"http");
    let bext01 = message("bext01");
    let tags: Vec<_> = bext01.head().option_tags(HeaderId::PROXY_REQUIRE).collect();
    assert_eq!(tags, [&b"noProxiesSupportThis"[..], b"norDoAnyProxiesSupportThis"]);
    assert!(bext01.head().has_option_tag(HeaderId::REQUIRE, "NOTHINGsupportsthis"));
    assert!(message("invut").head().content_type().unwrap().unwrap().is("application/unknownformat"));
    let regaut01 = message("regaut01");
    let credentials = regaut01.head().credentials(HeaderId::AUTHORIZATION).next().unwrap().unwrap();
    assert!(credentials.is("NoOneKnowsThisScheme") && !credentials.is("Digest"));
}

/// §3.3.10 to §3.3.14, §3.4.1.
#[test]
fn contacts_and_old_requests() {
    let bcast = message("bcast");
    let second = bcast.head().vias().nth(1).unwrap().unwrap();
    assert_eq!(second.host, Host::V4(Ipv4Addr::BROADCAST));
    assert_eq!(message("zeromf").head().max_forwards(), Ok(Some(0)));

    let address = |name: &str| {
        let message = message(name);
        let Some(Ok(Contact::Address(contact))) = message.head().contacts().next() else { panic!("{name}") };
        let uri = contact.uri().unwrap();
        let route = uri.header_components().next().map(|(name, value)| (name.to_vec(), value.to_vec()));
        (contact.param("unknownparam").is_some(), uri.param("unknownparam").is_some(), route)
    };
    assert_eq!(address("cparam01"), (true, false, None));
    assert_eq!(address("cparam02"), (false, true, None));
    let route = (b"Route".to_vec(), b"%3Csip:sip.example.com%3E".to_vec());
    assert_eq!(address("regescrt"), (false, false, Some(route)));

    let inv2543 = message("inv2543");
    assert_eq!((inv2543.head().from_tag(), inv2543.head().via().unwrap().branch()), (None, None));
    assert_eq!(inv2543.head().to().unwrap().param("user"), Some(Some(&b"phone"[..])));
}

/// RFC 5118 §4.
#[test]
fn ipv6() {
    let ambiguous = message("port-ambiguous");
    let uri = ambiguous.head().uri().unwrap();
    assert_eq!((uri.host(), uri.port()), (Host::V6("2001:db8::10:5070".parse().unwrap()), None));
    let unambiguous = message("port-unambiguous");
    let uri = unambiguous.head().uri().unwrap();
    assert_eq!((uri.host(), uri.port()), (Host::V6("2001:db8::10".parse().unwrap()), Some(5070)));
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        let received = message(name).head().via().unwrap().received();
        assert_eq!(received, Some("2001:db8::9:255".parse().unwrap()), "{name}");
    }
    let mixed = message("mult-ip-in-header");
    let ports: Vec<_> = mixed.head().vias().map(|via| via.unwrap().port).collect();
    assert_eq!(ports, [Some(6050), None, None]);
    assert_eq!(mixed.head().vias().nth(2).unwrap().unwrap().received(), Some("192.0.2.200".parse().unwrap()));
    let mapped = message("ipv4-mapped-ipv6");
    assert!(mapped.head().via().unwrap().host.is_ip("192.0.2.10".parse().unwrap()));
    let three = message("ipv6-bug-abnf-3-colons");
    let two = message("ipv6-correct-abnf-2-colons");
    assert!(three.head().uri().unwrap().equivalent(&two.head().uri().unwrap()));
    assert_eq!(three.request_uri(), b"sip:user@[2001:db8:::192.0.2.1]", "passed on as it came");
}

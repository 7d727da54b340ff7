//! RFC 6733 §6.1: where requests go, and what becomes of those that are not for us.

use strowger_diameter::dictionary::base::{REDIRECT_HOST, RESULT_CODE};
use strowger_diameter::node::{ConfigError, Node, PeerId, RouteError, SendError, What};
use strowger_diameter::{
    ApplicationId, Builder, Command, CommandCode, DiameterUri, Flags, Message, Outcome, ResultCode,
};

use crate::messages::*;
use crate::world::{Host, World};

const HSSS: [&str; 3] = ["hss1.ims.test", "hss2.ims.test", "hss3.ims.test"];

/// An S-CSCF (0) and three HSSs (1, 2, 3) of the realm.
fn world(routes: &[(Option<&str>, &str, u16)]) -> World {
    let mut client = config("s.ims.test", &HSSS.map(|hss| (hss, true)));
    client.routes = routes.iter().map(|(realm, peer, priority)| route(*realm, peer, *priority)).collect();
    let mut configs = vec![client];
    configs.extend(HSSS.map(|hss| config(hss, &[("s.ims.test", false)])));
    World::open(configs)
}

fn seen(world: &World) -> [usize; 3] {
    [1, 2, 3].map(|actor| world.actors[actor].seen.len())
}

#[test]
fn a_realm_without_a_route_is_reached_by_its_peers_in_shares() {
    let mut world = world(&[]);
    for number in 0..300 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
    }
    world.pass(seconds(1));
    assert!(seen(&world).iter().all(|count| (60..=140).contains(count)), "{:?}", seen(&world));
}

#[test]
fn priorities_are_an_order() {
    let mut world = world(&[(Some(REALM), "hss2.ims.test", 1), (Some(REALM), "hss3.ims.test", 2)]);
    for number in 0..20 {
        world.send(0, uar("s.ims.test", &format!("s;1;{number}")), seconds(5));
    }
    world.pass(seconds(1));
    assert_eq!(seen(&world), [0, 20, 0]);
}

#[test]
fn a_destination_host_that_is_a_peer_gets_it() {
    let mut world = world(&[(Some(REALM), "hss2.ims.test", 1)]);
    world.send(0, uar_to("s.ims.test", "s;1;1", "HSS3.ims.test"), seconds(5));
    world.pass(seconds(1));
    assert_eq!(seen(&world), [0, 0, 1]);
    // One that is none is reached through its realm.
    let id = world.send(0, uar_to("s.ims.test", "s;1;2", "hss9.ims.test"), seconds(5));
    world.pass(seconds(1));
    assert_eq!(world.outcome(0, id), Outcome::Result(ResultCode::UNABLE_TO_DELIVER), "it does not relay");
}

#[test]
fn what_cannot_be_routed_is_refused_with_a_reason() {
    let mut world = world(&[]);
    let now = world.now;
    let mut send = |message: Message| world.actors[0].node.send(now, message, now + seconds(1));
    let flags = Flags::REQUEST | Flags::PROXIABLE;
    let bare = Builder::new(flags, CommandCode::USER_AUTHORIZATION, ApplicationId::CX).finish().unwrap();
    assert_eq!(send(bare), Err(SendError::Route(RouteError::NoDestination)));
    let mut head = request_head("s.ims.test", "s;1;1");
    head.destination_realm = name("elsewhere.test");
    let lir = strowger_diameter::cx::LocationInfoRequest {
        head,
        originating_request: None,
        public_identity: "sip:alice@elsewhere.test".to_owned(),
        user_authorization_type: None,
        session_priority: None,
        other: Vec::new(),
    };
    assert_eq!(send(lir.print().unwrap()), Err(SendError::Route(RouteError::NoRoute)));
    // An application that no peer has named.
    let mut other = Builder::new(flags, CommandCode(272), ApplicationId(4));
    other.put(strowger_diameter::dictionary::base::DESTINATION_REALM, &name(REALM));
    assert_eq!(send(other.finish().unwrap()), Err(SendError::Route(RouteError::NoPeer)));
    let request = uar("s.ims.test", "s;1;1");
    let answer = answer("s.ims.test", &request, Outcome::SUCCESS);
    assert_eq!(send(answer), Err(SendError::NotARequest));
    let dwr = Builder::new(Flags::REQUEST, CommandCode::DEVICE_WATCHDOG, ApplicationId::BASE);
    assert_eq!(send(dwr.finish().unwrap()), Err(SendError::NotARequest));
    for actor in 1..=3 {
        world.kill(actor);
    }
    world.pass(seconds(1));
    let now = world.now;
    let sent = world.actors[0].node.send(now, request, now + seconds(1));
    assert_eq!(sent, Err(SendError::Route(RouteError::NoPeer)));
}

#[test]
fn busy_and_unable_mean_the_next_one_and_no_t_bit() {
    for code in [ResultCode::TOO_BUSY, ResultCode::UNABLE_TO_DELIVER, ResultCode::LOOP_DETECTED] {
        let mut world = world(&[(Some(REALM), "hss1.ims.test", 1), (Some(REALM), "hss2.ims.test", 2)]);
        world.actors[1].host = Host::Answers(code.into());
        let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
        world.pass(seconds(1));
        assert_eq!((world.outcome(0, id), seen(&world)), (Outcome::SUCCESS, [1, 1, 0]), "{code}");
        assert!(!world.actors[2].seen[0].header().flags.contains(Flags::RETRANSMITTED));
    }
}

#[test]
fn when_all_are_busy_the_last_answer_is_the_answer() {
    let mut world = world(&[]);
    for actor in 1..=3 {
        world.actors[actor].host = Host::Answers(ResultCode::TOO_BUSY.into());
    }
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    assert_eq!((world.outcome(0, id), seen(&world)), (ResultCode::TOO_BUSY.into(), [1, 1, 1]));
}

#[test]
fn any_other_error_is_the_answer() {
    for code in [ResultCode::REALM_NOT_SERVED, ResultCode::COMMAND_UNSUPPORTED, ResultCode::OUT_OF_SPACE] {
        let mut world = world(&[]);
        for actor in 1..=3 {
            world.actors[actor].host = Host::Answers(code.into());
        }
        let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
        world.pass(seconds(1));
        assert_eq!(world.outcome(0, id), code.into());
        assert_eq!(seen(&world).iter().sum::<usize>(), 1, "{code}");
    }
}

/// Lets HSS 1 redirect its last request to these hosts.
fn redirect(world: &mut World, hosts: &[&str]) {
    let request = world.actors[1].seen.last().unwrap().clone();
    let mut out = Builder::answer(request.header());
    out.set_error().put(RESULT_CODE, &ResultCode::REDIRECT_INDICATION.0);
    for host in hosts {
        out.put(REDIRECT_HOST, &DiameterUri::of(name(host)));
    }
    let bytes = out.finish().unwrap().bytes().clone();
    let end = world.ends(0)[0];
    world.inject(end, &bytes);
}

#[test]
fn a_redirection_to_a_peer_is_followed() {
    let mut world = world(&[(Some(REALM), "hss1.ims.test", 1), (Some(REALM), "hss2.ims.test", 2)]);
    world.actors[1].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    redirect(&mut world, &["unknown.test", "hss1.ims.test", "hss3.ims.test"]);
    world.pass(seconds(1));
    assert_eq!((world.outcome(0, id), seen(&world)), (Outcome::SUCCESS, [1, 0, 1]));
}

#[test]
fn a_redirection_to_nobody_we_know_is_the_answer() {
    let mut world = world(&[(Some(REALM), "hss1.ims.test", 1)]);
    world.actors[1].host = Host::Sleeps;
    let id = world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    redirect(&mut world, &["unknown.test"]);
    world.pass(seconds(1));
    assert_eq!(world.outcome(0, id), ResultCode::REDIRECT_INDICATION.into());
}

#[test]
fn requests_for_somebody_else_are_not_relayed() {
    let mut world = world(&[]);
    let end = world.ends(0)[0];
    let mut ask = |message: Message| {
        world.inject(end, message.bytes());
        let answer = world.last_sent(0);
        assert!(answer.header().flags.contains(Flags::ERROR));
        answer.outcome().unwrap()
    };
    assert_eq!(ask(ppr("hss1.ims.test", "h;1;1", "other.ims.test")), ResultCode::UNABLE_TO_DELIVER.into());
    let mut head = request_head("hss1.ims.test", "h;1;2");
    head.destination_realm = name("elsewhere.test");
    let ppr = strowger_diameter::cx::PushProfileRequest {
        head,
        user_name: "alice".to_owned(),
        user_data: None,
        charging_information: None,
        sip_auth_data_item: None,
        allowed_waf_wwsf_identities: None,
        other: Vec::new(),
    };
    assert_eq!(ask(ppr.print().unwrap()), ResultCode::REALM_NOT_SERVED.into());
    assert!(world.actors[0].seen.is_empty());
}

#[test]
fn a_wrong_table_is_no_node() {
    let new = |change: fn(&mut strowger_diameter::node::Config)| {
        let mut config = config("s.ims.test", &[("hss.ims.test", true)]);
        change(&mut config);
        Node::new(config).err()
    };
    assert_eq!(new(|_| {}), None);
    assert_eq!(new(|config| config.host_ip_addresses.clear()), Some(ConfigError::NoAddress));
    assert_eq!(new(|config| config.applications.clear()), Some(ConfigError::NoApplication));
    let twice = new(|config| config.peers.push(config.peers[0].clone()));
    assert_eq!(twice, Some(ConfigError::PeerTwice(name("hss.ims.test"))));
    let own = new(|config| config.peers[0].identity = name("S.ims.test"));
    assert_eq!(own, Some(ConfigError::OwnName(name("s.ims.test"))));
    let unknown = new(|config| config.routes.push(route(None, "nobody.test", 1)));
    assert_eq!(unknown, Some(ConfigError::UnknownPeer(name("nobody.test"))));
    let many =
        new(|config| config.peers = vec![config.peers[0].clone(); strowger_diameter::node::MAX_PEERS + 1]);
    assert_eq!(many, Some(ConfigError::TooManyPeers));
}

#[test]
fn what_happens_is_counted_by_peer_command_and_result() {
    let mut world = world(&[(Some(REALM), "hss1.ims.test", 1)]);
    world.send(0, uar("s.ims.test", "s;1;1"), seconds(5));
    world.pass(seconds(1));
    world.actors[1].host = Host::Answers(strowger_diameter::CxResult::ERROR_USER_UNKNOWN.into());
    world.send(0, uar("s.ims.test", "s;1;2"), seconds(5));
    world.pass(seconds(1));
    let unknown = Outcome::from(strowger_diameter::CxResult::ERROR_USER_UNKNOWN);
    let command = CommandCode::USER_AUTHORIZATION;
    let client = world.actors[0].node.counters();
    let counts: Vec<_> = client.iter().map(|(counter, count)| (counter.peer, counter.what, count)).collect();
    let peer = PeerId(0);
    assert_eq!(client.get(peer, command, What::RequestSent), 2);
    assert_eq!(client.get(peer, command, What::AnswerReceived(Some(Outcome::SUCCESS))), 1);
    assert_eq!(client.get(peer, command, What::AnswerReceived(Some(unknown))), 1);
    assert_eq!(counts.len(), 3, "{counts:?}");
    let server = world.actors[1].node.counters();
    assert_eq!(server.get(peer, command, What::RequestReceived), 2);
    assert_eq!(server.get(peer, command, What::AnswerSent(Some(unknown))), 1);
}

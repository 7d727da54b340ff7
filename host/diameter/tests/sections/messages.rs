//! Who is who in these tests, and the messages they send.

use std::time::Duration;

use strowger_diameter::base::Origin;
use strowger_diameter::cx::*;
use strowger_diameter::node::{Application, Config, Limits, Route};
use strowger_diameter::peer::{PeerSettings, PeerTimers};
use strowger_diameter::{
    ApplicationId, AvpBits, Command, CommandCode, DiameterIdentity, Dictionary, Message, Outcome,
};

pub(crate) const REALM: &str = "ims.test";

pub(crate) fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

pub(crate) fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name(REALM), state_id: Some(1) }
}

/// A node that knows these peers; those with `true` it connects to.
pub(crate) fn config(host: &str, peers: &[(&str, bool)]) -> Config {
    let seed = host.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    let peers = peers.iter().map(|(peer, initiates)| PeerSettings {
        identity: name(peer),
        realm: name(REALM),
        initiates: *initiates,
        timers: PeerTimers::default(),
    });
    let commands = OF_AN_SCSCF.iter().chain(&OF_AN_HSS);
    Config {
        origin: origin(host),
        host_ip_addresses: vec![[192, 0, 2, 1].into()],
        vendor_id: 0,
        product_name: "test".to_owned(),
        firmware_revision: None,
        applications: vec![Application::CX],
        serves: commands.map(|command| (ApplicationId::CX, *command)).collect(),
        peers: peers.collect(),
        routes: Vec::new(),
        limits: Limits::default(),
        dictionary: Dictionary::new(),
        bits: AvpBits::Lenient,
        started: 1_795_000_000,
        seed,
    }
}

/// The same, and it never asks whether its peers live.
pub(crate) fn without_watchdog(mut config: Config) -> Config {
    for peer in &mut config.peers {
        peer.timers.tw = seconds(80_000);
    }
    config
}

pub(crate) fn route(realm: Option<&str>, peer: &str, priority: u16) -> Route {
    Route { realm: realm.map(name), application: None, peer: name(peer), priority, weight: 1 }
}

pub(crate) fn request_head(host: &str, session_id: &str) -> RequestHead {
    RequestHead::new(session_id.to_owned(), origin(host), name(REALM))
}

/// A UAR of alice.
pub(crate) fn uar(host: &str, session_id: &str) -> Message {
    let uar = UserAuthorizationRequest {
        head: request_head(host, session_id),
        user_name: "alice@ims.test".to_owned(),
        public_identity: "sip:alice@ims.test".to_owned(),
        visited_network_identifier: b"ims.test".to_vec(),
        user_authorization_type: None,
        uar_flags: None,
        other: Vec::new(),
    };
    uar.print().unwrap()
}

/// The same to one HSS.
pub(crate) fn uar_to(host: &str, session_id: &str, hss: &str) -> Message {
    let mut head = request_head(host, session_id);
    head.destination_host = Some(name(hss));
    let lir = LocationInfoRequest {
        head,
        originating_request: None,
        public_identity: "sip:alice@ims.test".to_owned(),
        user_authorization_type: None,
        session_priority: None,
        other: Vec::new(),
    };
    lir.print().unwrap()
}

/// An answer of any command of Cx to a request, with this outcome.
pub(crate) fn answer(host: &str, request: &Message, outcome: impl Into<Outcome>) -> Message {
    let session = request.first(strowger_diameter::dictionary::base::SESSION_ID.id);
    let session_id = session.map(|avp| String::from_utf8(avp.data.to_vec()).unwrap());
    let head = AnswerHead {
        session_id,
        outcome: outcome.into(),
        origin: origin(host),
        supported_features: Vec::new(),
        error_message: None,
        failed_avp: Vec::new(),
        proxy_info: Vec::new(),
    };
    match request.header().command {
        CommandCode::USER_AUTHORIZATION => {
            let server_name = Some("sip:s.ims.test".to_owned());
            UserAuthorizationAnswer { server_name, ..UserAuthorizationAnswer::bare(head) }.print()
        }
        CommandCode::LOCATION_INFO => LocationInfoAnswer::bare(head).print(),
        CommandCode::PUSH_PROFILE => PushProfileAnswer { head, other: Vec::new() }.print(),
        other => panic!("no answer to {other:?}"),
    }
    .unwrap()
}

/// A PPR for alice, to an S-CSCF.
pub(crate) fn ppr(host: &str, session_id: &str, to: &str) -> Message {
    let mut head = request_head(host, session_id);
    head.destination_host = Some(name(to));
    let ppr = PushProfileRequest {
        head,
        user_name: "alice@ims.test".to_owned(),
        user_data: Some(b"<IMSSubscription/>".to_vec()),
        charging_information: None,
        sip_auth_data_item: None,
        allowed_waf_wwsf_identities: None,
        other: Vec::new(),
    };
    ppr.print().unwrap()
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

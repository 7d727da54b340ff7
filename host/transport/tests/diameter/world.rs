//! Who is who in these tests: services, what they are asked, and how one waits for something.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use diameter::base::Origin;
use diameter::cx::{LocationInfoRequest, OF_AN_HSS, OF_AN_SCSCF, RequestHead};
use diameter::dictionary::base::{ORIGIN_HOST, ORIGIN_REALM, RESULT_CODE, SESSION_ID};
use diameter::node::{Application, Config, Limits, Route, What};
use diameter::peer::{PeerSettings, PeerTimers};
use diameter::{
    ApplicationId, AvpBits, Builder, Command, CommandCode, DiameterIdentity, Dictionary, Message, Outcome,
};
use strowger_transport::diameter::{Incoming, Pending, Requests};
use strowger_transport::{
    ClientTls, DiameterConfig, DiameterFailure, DiameterLimits, DiameterListener, DiameterService,
    PeerAddress,
};
use tokio::runtime::Handle;

pub(crate) const REALM: &str = "ims.test";
/// The service under test, and its peers.
pub(crate) const SCSCF: &str = "s.ims.test";
pub(crate) const HSS: &str = "hss.ims.test";
pub(crate) const HSS2: &str = "hss2.ims.test";

/// The patience of a test for what must come.
const SOON: Duration = Duration::from_secs(20);

/// Longer than any test: a deadline that is not the matter.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

pub(crate) fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name(REALM), state_id: Some(1) }
}

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// The outcome of `future`, which must come soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("nothing happened in time")
}

/// Until something is so, which must be soon.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(2));
    soon(async {
        while !is_so() {
            look.tick().await;
        }
    })
    .await;
}

/// A service's configuration: it listens on a free port of loopback.
pub(crate) struct Setup(pub(crate) DiameterConfig);

impl Setup {
    pub(crate) fn new(host: &str) -> Setup {
        let commands = OF_AN_SCSCF.iter().chain(&OF_AN_HSS);
        let node = Config {
            origin: origin(host),
            host_ip_addresses: vec![[127, 0, 0, 1].into()],
            vendor_id: 0,
            product_name: "test".to_owned(),
            firmware_revision: None,
            applications: vec![Application::CX],
            serves: commands.map(|command| (ApplicationId::CX, *command)).collect(),
            peers: Vec::new(),
            routes: Vec::new(),
            limits: Limits::default(),
            dictionary: Dictionary::new(),
            bits: AvpBits::Lenient,
            started: 1_795_000_000,
            seed: host.bytes().map(u64::from).sum(),
        };
        Setup(DiameterConfig {
            node,
            listen: vec![DiameterListener { address: loopback(), tls: None }],
            peers: Vec::new(),
            client_tls: ClientTls::default(),
            limits: DiameterLimits::default(),
            trace: None,
            // one side of each connection is read elsewhere, the other by the service
            feeds: (host == SCSCF).then(crate::feeds::reader),
        })
    }

    fn peer(&mut self, host: &str, initiates: bool) {
        let timers = PeerTimers {
            first_reconnect: Duration::from_millis(20),
            tc: Duration::from_millis(100),
            ..PeerTimers::default()
        };
        let settings = PeerSettings { identity: name(host), realm: name(REALM), initiates, timers };
        self.0.node.peers.push(settings);
        // the first peer is the first that is asked
        let priority = self.0.node.peers.len() as u16;
        let route =
            Route { realm: Some(name(REALM)), application: None, peer: name(host), priority, weight: 1 };
        self.0.node.routes.push(route);
    }

    /// A peer that connects to us.
    pub(crate) fn expecting(mut self, host: &str) -> Setup {
        self.peer(host, false);
        self
    }

    /// A peer that we connect to.
    pub(crate) fn connecting(self, host: &str, to: SocketAddr) -> Setup {
        self.connecting_by(PeerAddress::tcp(name(host), to.ip().to_string(), to.port()))
    }

    pub(crate) fn connecting_by(mut self, address: PeerAddress) -> Setup {
        self.peer(address.identity.as_str(), true);
        self.0.peers.push(address);
        self
    }

    pub(crate) fn limits(mut self, set: impl FnOnce(&mut DiameterLimits, &mut Limits)) -> Setup {
        set(&mut self.0.limits, &mut self.0.node.limits);
        self
    }

    pub(crate) fn timers(mut self, set: impl Fn(&mut PeerTimers)) -> Setup {
        self.0.node.peers.iter_mut().for_each(|peer| set(&mut peer.timers));
        self
    }

    /// Starts it; its host answers so. Within a runtime.
    pub(crate) fn answering(self, host: impl Fn(Incoming) + Send + Sync + 'static) -> DiameterService {
        DiameterService::start(&Handle::current(), self.0, Arc::new(Host(host))).unwrap()
    }

    /// Starts it; its host agrees to everything.
    pub(crate) fn start(self) -> DiameterService {
        let origin = self.0.node.origin.clone();
        self.answering(move |incoming| {
            let answer = success(incoming.message(), &origin);
            incoming.answer(answer);
        })
    }
}

struct Host<F>(F);

impl<F: Fn(Incoming) + Send + Sync + 'static> Requests for Host<F> {
    fn request(&self, request: Incoming) {
        (self.0)(request);
    }
}

/// DIAMETER_SUCCESS, to anything.
pub(crate) fn success(request: &Message, origin: &Origin) -> Message {
    let mut out = Builder::answer(request.header());
    if let Some(session) = request.first(SESSION_ID.id) {
        out.put_bytes(SESSION_ID, session.data);
    }
    out.put(RESULT_CODE, &2001_u32).put(ORIGIN_HOST, &origin.host).put(ORIGIN_REALM, &origin.realm);
    out.finish().unwrap()
}

/// A Location-Info-Request to the realm, about somebody.
pub(crate) fn lir(session_id: String, host: &str, whom: &str) -> Message {
    let lir = LocationInfoRequest {
        head: RequestHead::new(session_id, origin(host), name(REALM)),
        originating_request: None,
        public_identity: whom.to_owned(),
        user_authorization_type: None,
        session_priority: None,
        other: Vec::new(),
    };
    lir.print().unwrap()
}

/// Asks where alice is.
pub(crate) fn ask(service: &DiameterService) -> Pending {
    ask_within(service, LONG)
}

pub(crate) fn ask_within(service: &DiameterService, deadline: Duration) -> Pending {
    let host = service.origin().host.to_string();
    service.send(lir(service.new_session_id(), &host, "sip:alice@ims.test"), deadline)
}

/// What an answer says.
pub(crate) fn said(end: Result<Message, DiameterFailure>) -> Result<Outcome, DiameterFailure> {
    end.map(|answer| answer.outcome().unwrap())
}

/// Until the service's first `count` peers are open.
pub(crate) async fn open(service: &DiameterService, count: usize) {
    let mut changes = service.changes();
    let are_open = |_: &u64| service.peers().iter().take(count).all(|peer| peer.is_open());
    soon(changes.wait_for(are_open)).await.unwrap();
}

/// How often something happened with Location-Info, whatever the peer.
pub(crate) fn counted(service: &DiameterService, what: What) -> u64 {
    let counters = service.counters().into_iter();
    let is_it = |counter: &strowger_transport::diameter::PeerCounter| {
        counter.what == what && counter.command == CommandCode::LOCATION_INFO
    };
    counters.filter(is_it).map(|counter| counter.count).sum()
}

/// The end of a future on a plain thread, as a signalling thread would have it.
pub(crate) fn on_a_thread<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(end) => return end,
            Poll::Pending => std::thread::park_timeout(SOON),
        }
    }
}

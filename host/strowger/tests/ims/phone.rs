//! A phone of crate `ue`, alive on a thread of its own: told what to do, asked what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use ue::{CallId, DeregisteredBy, Event, Page, Settings, UePhone, Why};

use crate::network::Network;
use crate::subscribers::Card;
use crate::{DOMAIN, PATIENCE};

type Order = Box<dyn FnOnce(&mut UePhone) + Send>;

/// What a phone has told.
#[derive(Default)]
struct Heard {
    told: Mutex<Told>,
    news: Condvar,
}

#[derive(Default)]
struct Told {
    /// Events that no test has asked for yet.
    events: Vec<Event>,
    /// Messages that it sent and got: `INVITE`, `183 INVITE`.
    ladder: Vec<String>,
}

/// What a REGISTER brought.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) identity: String,
    pub(crate) associated: Vec<String>,
    pub(crate) service_route: Vec<String>,
    pub(crate) expires: u32,
    pub(crate) is_first: bool,
}

/// A phone. Dropped, it is gone without a word.
pub(crate) struct Phone {
    orders: mpsc::UnboundedSender<Order>,
    heard: Arc<Heard>,
    pub(crate) card: Card,
    pub(crate) at: SocketAddr,
}

impl Phone {
    pub(crate) fn new(network: &Network, card: Card) -> Phone {
        Phone::with(network, card, |_| {})
    }

    /// One with other settings than the usual ones.
    pub(crate) fn with(network: &Network, card: Card, change: impl FnOnce(&mut Settings)) -> Phone {
        Phone::at(network.pcscf.at, card, change)
    }

    /// One at this P-CSCF.
    pub(crate) fn at(pcscf: SocketAddr, card: Card, change: impl FnOnce(&mut Settings)) -> Phone {
        static INSTANCES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let loopback = "127.0.0.1:0".parse().expect("an address");
        let mut settings = Settings::new(&card.impi, &card.impu, DOMAIN, card.credentials(), loopback, pcscf);
        let n = INSTANCES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        settings.instance = format!("urn:gsma:imei:35394803-{n:06}-0");
        change(&mut settings);
        let heard = Arc::new(Heard::default());
        let (orders, mut taken) = mpsc::unbounded_channel::<Order>();
        let mut phone = threads().block_on(UePhone::bind(settings)).expect("a phone");
        let at = phone.settings().local;
        let tells = Arc::clone(&heard);
        threads().spawn(async move {
            loop {
                tokio::select! {
                    order = taken.recv() => match order {
                        Some(order) => order(&mut phone),
                        None => return,
                    },
                    (_, event) = phone.next_event() => tells.tell(event),
                }
            }
        });
        Phone { orders, heard, card, at }
    }

    /// A phone that has registered, with its subscription to that.
    #[track_caller]
    pub(crate) fn registered(network: &Network, card: Card) -> Phone {
        let phone = Phone::new(network, card);
        phone.register();
        phone.subscribed();
        phone
    }

    /// Tells the phone what to do, and gives what it says.
    pub(crate) fn wish<T: Send + 'static>(&self, wish: impl FnOnce(&mut UePhone) -> T + Send + 'static) -> T {
        let (says, said) = std::sync::mpsc::channel();
        let order = move |phone: &mut UePhone| {
            let _ = says.send(wish(phone));
        };
        self.orders.send(Box::new(order)).expect("the phone is there");
        said.recv_timeout(PATIENCE).expect("the phone answers")
    }

    /// The first event for which there is something, taken out of what was not asked for yet.
    #[track_caller]
    pub(crate) fn expect<T>(&self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let began = Instant::now();
        let mut told = self.heard.lock();
        loop {
            let found = told.events.iter().enumerate().find_map(|(n, event)| Some((n, pick(event)?)));
            if let Some((n, found)) = found {
                told.events.remove(n);
                return found;
            }
            let left = PATIENCE.saturating_sub(began.elapsed());
            assert!(
                !left.is_zero(),
                "{}: no {what}\nnot asked for: {:#?}\nsaid: {:?}",
                self.card.impu,
                told.events.iter().map(ToString::to_string).collect::<Vec<_>>(),
                told.ladder
            );
            told = self.heard.news.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Forgets what nobody asked for.
    pub(crate) fn forget(&self) {
        self.heard.lock().events.clear();
    }

    /// Whether such an event is there and was not asked for.
    pub(crate) fn has(&self, is: impl FnMut(&Event) -> bool) -> bool {
        self.heard.lock().events.iter().any(is)
    }

    /// Messages that it has sent and got so far.
    pub(crate) fn ladder(&self) -> Vec<String> {
        self.heard.lock().ladder.clone()
    }

    #[track_caller]
    pub(crate) fn register(&self) -> Registration {
        self.begin_to_register();
        self.registration()
    }

    #[track_caller]
    pub(crate) fn begin_to_register(&self) {
        self.wish(|phone| phone.wish(|ue, now| ue.register(now))).expect("it can register");
    }

    /// What the REGISTER that is under way brings.
    #[track_caller]
    pub(crate) fn registration(&self) -> Registration {
        let brought = self.expect("registration", |event| match event {
            Event::Registered { identity, associated, service_route, expires, is_first } => {
                Some(Ok(Registration {
                    identity: identity.clone(),
                    associated: associated.clone(),
                    service_route: service_route.clone(),
                    expires: *expires,
                    is_first: *is_first,
                }))
            }
            Event::RegistrationFailed { why, .. } => Some(Err(*why)),
            _ => None,
        });
        brought.unwrap_or_else(|why| panic!("{}: not registered: {why}", self.card.impu))
    }

    #[track_caller]
    pub(crate) fn subscribed(&self) {
        self.expect("subscription", |event| matches!(event, Event::Subscribed { .. }).then_some(()));
        self.expect("NOTIFY", |event| matches!(event, Event::Notified { .. }).then_some(()));
    }

    #[track_caller]
    pub(crate) fn deregister(&self) {
        self.wish(|phone| phone.wish(|ue, now| ue.deregister(now))).expect("it is registered");
        assert_eq!(self.deregistered(), DeregisteredBy::User);
    }

    #[track_caller]
    pub(crate) fn deregistered(&self) -> DeregisteredBy {
        self.expect("end of the registration", |event| match event {
            Event::Deregistered { by } => Some(*by),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn call(&self, to: &str) -> CallId {
        let to = to.to_owned();
        self.wish(move |phone| phone.wish(|ue, now| ue.call(now, &to))).expect("it can call")
    }

    /// A call that comes: which one, and the identities that are asserted.
    #[track_caller]
    pub(crate) fn incoming(&self) -> (CallId, Vec<String>) {
        self.expect("call", |event| match event {
            Event::Incoming { call, asserted, .. } => Some((*call, asserted.clone())),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn ringing(&self, call: CallId) {
        self.expect("ringing", |event| (*event == Event::Ringing { call }).then_some(()));
    }

    /// Answers a call that came.
    #[track_caller]
    pub(crate) fn answer(&self, call: CallId) {
        self.wish(move |phone| phone.wish(|ue, now| ue.answer(now, call))).expect("it can answer");
    }

    #[track_caller]
    pub(crate) fn answered(&self, call: CallId) {
        self.expect("answer", |event| match event {
            Event::Answered { call: own } if *own == call => Some(Ok(())),
            Event::Ended { call: own, why, .. } if *own == call => Some(Err(*why)),
            _ => None,
        })
        .unwrap_or_else(|why| panic!("{}: not answered: {why}", self.card.impu));
    }

    #[track_caller]
    pub(crate) fn hang_up(&self, call: CallId) {
        self.wish(move |phone| phone.wish(|ue, now| ue.hang_up(now, call))).expect("there is the call");
    }

    #[track_caller]
    pub(crate) fn ended(&self, call: CallId) -> Why {
        self.expect("end of the call", |event| match event {
            Event::Ended { call: own, why, .. } if *own == call => Some(*why),
            _ => None,
        })
    }

    /// Sends a MESSAGE; the status that it is answered with.
    #[track_caller]
    pub(crate) fn message(&self, to: &str, text: &str) -> u16 {
        let page = Page::text(to, text);
        let message =
            self.wish(move |phone| phone.wish(|ue, now| ue.message(now, page))).expect("it can be sent");
        self.expect("answer to a MESSAGE", |event| match event {
            Event::MessageAnswered { message: own, status } if *own == message => Some(*status),
            _ => None,
        })
    }

    /// Waits for a MESSAGE with this text.
    #[track_caller]
    pub(crate) fn gets(&self, text: &str) {
        self.expect("MESSAGE", |event| {
            matches!(event, Event::Message { body, .. } if body == text.as_bytes()).then_some(())
        });
    }
}

/// A call that is up: the caller's name for it, and the callee's. The callee has its ACK: until then it may not hang up
/// (RFC 3261 §15).
#[track_caller]
pub(crate) fn talk(caller: &Phone, callee: &Phone, to: &str) -> (CallId, CallId) {
    let acknowledged = || callee.ladder().iter().filter(|said| *said == "ACK").count();
    let before = acknowledged();
    let outgoing = caller.call(to);
    let (incoming, _) = callee.incoming();
    callee.ringing(incoming);
    callee.answer(incoming);
    caller.answered(outgoing);
    callee.answered(incoming);
    crate::until("the callee has the ACK", || acknowledged() > before);
    (outgoing, incoming)
}

impl Heard {
    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        let mut told = self.lock();
        match event {
            Event::Sent(spoken) | Event::Heard(spoken) => told.ladder.push(spoken.to_string()),
            event => told.events.push(event),
        }
        self.news.notify_all();
    }
}

/// Where the phones live.
fn threads() -> &'static Runtime {
    static THREADS: OnceLock<Runtime> = OnceLock::new();
    THREADS.get_or_init(|| {
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        threads.worker_threads(2).enable_all().build().expect("threads")
    })
}

//! The router as the torture messages find it: it serves the domains that they are about, everybody who sends or is
//! called in them is registered, and the hosts that they name are there.

use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use strowger_sip::{Message as Parsed, Uri};

use crate::corpus;
use crate::judge::{Seen, lost_on_the_way};
use crate::phone::Phone;
use crate::support::peer::with_credentials;
use crate::support::{DOMAIN, Message, Names, PASSWORD, PATIENCE, Request, Router, Setup};

/// Served by the router. The addresses of [`ALIASES`] stand for the first one.
const DOMAINS: &[&str] =
    &["example.com", "example.net", "example.org", "east.example.com", "ift.client.example.net"];
const ALIASES: &[&str] = &["[2001:db8::10]", "[2001:db8::10]:5070", "[2001:db8::192.0.2.1]"];

/// Hosts that are somebody else's, and are at the phone too.
const ELSEWHERE: &[&str] = &["services.example.com", "registrar.example.com", "host.example.net"];

/// Who is called.
const CALLED: &[&str] = &[
    "sip:user@example.com",
    "sip:UserB@example.com",
    "sip:kumiko@example.org",
    "sip:sips%3Auser%40example.com@example.net",
    "sip:user;par=u%40example.net@example.com",
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
];

/// The next hop that a message of RFC 4475 §3.1.1.11 names.
const NEXT_HOP: (&[u8], u16) = (b"Route: <sip:127.0.0.1:5080>", 5080);

/// Longest wait for an answer that the router says it has sent.
const UNTIL_MISSING: Duration = Duration::from_secs(5);

/// Addresses-of-record of all who are called or send.
static IDENTITIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let called = CALLED.iter().map(|uri| Uri::parse(uri.as_bytes()).expect("a URI").aor());
    let mut identities: Vec<String> =
        called.chain(corpus::rows().filter_map(|row| sender(&row.bytes()))).collect();
    identities.sort();
    identities.dedup();
    identities
});

/// Their user names.
static USERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut users: Vec<_> = IDENTITIES.iter().map(|identity| user_of(identity)).collect();
    users.sort_unstable();
    users.dedup();
    users
});

/// A router and what is around it.
pub(crate) struct World {
    pub(crate) router: Router,
    phone: Phone,
    /// Senders have an address each, so that the ports that they name are theirs.
    network: [u8; 2],
    next_host: u8,
    /// Final answers of the router to who is no sender of a message.
    answered_others: u64,
}

/// What the router has counted.
pub(crate) struct Counts {
    finals: u64,
    discards: Vec<(String, u64)>,
    under_way: u64,
}

impl World {
    pub(crate) fn start() -> World {
        let names = Names::bind();
        let dns = Some(names.address());
        let router = Router::with(Setup {
            dns,
            domains: DOMAINS,
            aliases: ALIASES,
            users: USERS.as_slice(),
            ..Setup::default()
        });
        let phone = Phone::at(0);
        names.serve(ELSEWHERE, &[phone.address().port()]);
        let network = crate::ports::random_pair();
        let world = World { router, phone, network, next_host: 0, answered_others: 0 };
        let peer = world.router.peer();
        for identity in IDENTITIES.iter() {
            world.register(identity, &peer.own(), |request| peer.ask(request));
        }
        world
    }

    /// The address of the next sender.
    pub(crate) fn next_address(&mut self) -> Ipv4Addr {
        self.next_host += 1;
        Ipv4Addr::new(127, self.network[0], self.network[1], self.next_host)
    }

    /// Registers who sends this message, from where it sends: callers are believed from there. The contact is the phone
    /// all the same, since some call themselves.
    pub(crate) fn introduce(&self, bytes: &[u8], own: &str, ask: impl FnMut(&Request) -> Message) {
        if let Some(identity) = sender(bytes) {
            self.register(&identity, own, ask);
        }
    }

    fn register(&self, identity: &str, own: &str, mut ask: impl FnMut(&Request) -> Message) {
        let number = IDENTITIES.iter().position(|one| one == identity).expect("one of them");
        let contact = format!("Contact: <sip:to{number}@{};transport=udp>", self.phone.address());
        let mut request =
            Request::new("REGISTER", identity, identity).uri(&format!("sip:{DOMAIN}")).with(&contact);
        request.contact = false;
        let challenged = ask(&request);
        let registered = ask(&with_credentials(&request, &challenged, user_of(identity), PASSWORD, 1));
        assert_eq!(registered.status(), 200, "{identity} from {own}\n{}", registered.text());
    }

    /// Who else is at the next hop that this message names.
    pub(crate) fn next_hop(&self, bytes: &[u8]) -> Option<Phone> {
        let (route, port) = NEXT_HOP;
        bytes.windows(route.len()).any(|window| window == route).then(|| Phone::at(port))
    }

    /// Another client's good request, which must be answered. What the router received before has then been taken up.
    pub(crate) fn good_request(&mut self) {
        self.router.settle();
        self.answered_others += 1;
    }

    /// One more answer to somebody else.
    pub(crate) fn answered_other(&mut self) {
        self.answered_others += 1;
    }

    /// Nothing that it took up is still under way, and all answers have left.
    pub(crate) fn quiet(&mut self) -> Counts {
        self.good_request();
        let began = Instant::now();
        while self.counts().under_way > 0 {
            assert!(began.elapsed() < PATIENCE, "it does not come to rest\n{}", self.router.log());
        }
        self.good_request();
        self.counts()
    }

    pub(crate) fn counts(&self) -> Counts {
        let (_, metrics) = self.router.http("GET", "/metrics", b"");
        let series = |name: &'static str| {
            metrics.lines().filter_map(move |line| {
                let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
                Some((labels.to_owned(), value.parse::<u64>().ok()?))
            })
        };
        let label = |labels: &str, name: &str| {
            let begin = labels.find(&format!("{name}=\""))? + name.len() + 2;
            Some(labels[begin..].split('"').next().unwrap_or_default().to_owned())
        };
        let finals = series("strowger_sip_responses_total{")
            .filter(|(labels, _)| label(labels, "code").is_some_and(|code| code.as_str() >= "200"))
            .map(|(_, value)| value)
            .sum::<u64>();
        let discards = series("strowger_sip_discards_total{")
            .filter_map(|(labels, value)| Some((label(&labels, "why")?.replace('_', " "), value)))
            .collect();
        let under_way = series("strowger_active_transactions").map(|(_, value)| value).sum();
        Counts { finals: finals - self.answered_others, discards, under_way }
    }

    /// Collects answers until the sender has as many as the router says that it sent, and notes what it discarded. `next`
    /// gives the next message that comes within that time.
    pub(crate) fn collect(
        &self,
        seen: &mut Seen,
        sent: &[u8],
        (before, after): (&Counts, &Counts),
        mut next: impl FnMut(Duration) -> Option<Message>,
    ) {
        let expected = (after.finals - before.finals) as usize;
        let began = Instant::now();
        while seen.answers.len() < expected {
            match next(UNTIL_MISSING.saturating_sub(began.elapsed())) {
                Some(came) => seen.answer(sent, &came),
                None => {
                    seen.missing = expected - seen.answers.len();
                    break;
                }
            }
        }
        for ((why, before), (_, after)) in before.discards.iter().zip(&after.discards) {
            seen.discarded.extend((*before..*after).map(|_| why.clone()));
        }
    }

    /// Notes to whom a message was forwarded, and whether as it should be.
    pub(crate) fn note_forwarded(&self, seen: &mut Seen, sent: &[u8], next_hop: Option<&Phone>) {
        let phones = [Some(&self.phone), next_hop];
        for came in phones.into_iter().flatten().flat_map(Phone::take) {
            let mut to = Message::read(&came).map(|came| destination(&came)).unwrap_or_default();
            if let Some(lost) = lost_on_the_way(sent, &came) {
                to += &format!(" without {lost}");
            }
            if !seen.forwarded.contains(&to) {
                seen.forwarded.push(to);
            }
        }
    }

    /// All is well at the end.
    pub(crate) fn end(self) {
        let (_, metrics) = self.router.http("GET", "/metrics", b"");
        let failed: Vec<_> = metrics
            .lines()
            .filter(|line| line.contains("code=\"500\"") || line.starts_with("strowger_plugin_traps_total{"))
            .collect();
        assert!(failed.is_empty(), "{failed:#?}\n{}", self.router.log());
        assert!(!self.router.log().contains("panicked"), "{}", self.router.log());
    }
}

/// The address-of-record of the From of a request that can be read, where that is a SIP URI of somebody we serve.
fn sender(bytes: &[u8]) -> Option<String> {
    let message = Parsed::parse_datagram(bytes).ok()?;
    let uri = message.head().from().ok()?.uri().ok().filter(Uri::is_sip)?;
    let served = DOMAINS.contains(&uri.host().to_string().as_str());
    (message.is_request() && served && uri.user().is_some()).then(|| uri.aor())
}

fn user_of(identity: &str) -> &str {
    identity.split([':', '@']).nth(1).unwrap_or_default()
}

/// Whom a request that came to a phone was for: one of [`IDENTITIES`], or the host of the next hop.
fn destination(came: &Message) -> String {
    let identity = |uri: &str| {
        let number: usize = uri.split("sip:to").nth(1)?.split('@').next()?.parse().ok()?;
        IDENTITIES.get(number)?.strip_prefix("sip:").map(str::to_owned)
    };
    let host = |uri: &str| {
        let rest = uri.split("sip:").nth(1).unwrap_or(uri);
        let rest = rest.split('@').next_back().unwrap_or(rest);
        rest.split([';', '>']).next().unwrap_or(rest).to_owned()
    };
    let route = came.get("Route");
    if let Some(identity) = identity(came.uri()) {
        return identity;
    }
    match (route.contains(";lr"), identity(route)) {
        (true, _) => host(route),
        (false, Some(identity)) => format!("{} for {identity}", host(came.uri())),
        (false, None) => host(came.uri()),
    }
}

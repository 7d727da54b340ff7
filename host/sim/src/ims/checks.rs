//! What must hold in every IMS, beside what must hold at every element (`crate::checks`).
//!
//! In: messages as phones, elements and application servers see them, what is left at the end. Out: [`Violation`]s.
//!
//! | rule | here |
//! |---|---|
//! | every request of a phone is answered, unless a trouble of the story explains that | [`ImsChecks::judge`] |
//! | a callee is told an identity of the caller's registered set (TS 24.229 §5.2.6.3.1) | [`ImsChecks::phone_received`] |
//! | the I-CSCF records no route (§5.3.2.1) | [`ImsChecks::element_sent`] |
//! | a vector registers once (TS 33.203 §6.1.1) | [`ImsChecks::element_sent`] |
//! | an application server is passed once for each of its criteria (§5.4.3.2) | [`ImsChecks::server_received`] |
//! | a callee gets a request once, whatever application servers do | [`ImsChecks::phone_received`] |
//! | what comes by a forged ODI goes nowhere (§5.4.3.4) | [`ImsChecks::element_sent`] |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sip::{Flow, HeaderId, Message, Method, NameAddr};
use transaction::Time;

use super::b2bua::PREFIX;
use super::home::{self, ICSCF, SCSCFS, public_identities};
use super::story::Story;
use crate::checks::{Checks, Left, Rule, Seen, Violation};

/// Names a client transaction of a phone.
pub(crate) type Asked = (usize, Vec<u8>, Vec<u8>);

/// By which branches a request came.
type Came = BTreeSet<Vec<u8>>;

/// A request of a phone.
struct Request {
    what: String,
    call_id: Vec<u8>,
    at: Time,
    lost: u32,
    /// A re-INVITE.
    is_reinvite: bool,
    is_answered: bool,
}

/// All rules with what they remember.
pub(crate) struct ImsChecks {
    story: Arc<Story>,
    base: Checks,
    requests: BTreeMap<Asked, Request>,
    /// Who began a call.
    callers: BTreeMap<Vec<u8>, usize>,
    /// By S-CSCF and branch: the proof of a REGISTER.
    proofs: BTreeMap<(usize, Vec<u8>), Vec<u8>>,
    /// By proof: by which branch it was accepted.
    accepted: BTreeMap<Vec<u8>, (usize, Vec<u8>)>,
    /// By application server and request: branches.
    passed: BTreeMap<(usize, String), Came>,
    /// By phone, call and number: branches of what came.
    came: BTreeMap<(usize, Vec<u8>, u32), Came>,
    /// Branches of what went back by a forged ODI.
    forged: BTreeSet<Vec<u8>>,
}

/// A REGISTER that was accepted, as an S-CSCF says so.
pub(crate) struct Accepted {
    pub(crate) user: usize,
    pub(crate) scscf: usize,
}

impl ImsChecks {
    pub(crate) fn new(story: &Arc<Story>) -> ImsChecks {
        ImsChecks {
            story: Arc::clone(story),
            base: Checks::default(),
            requests: BTreeMap::new(),
            callers: BTreeMap::new(),
            proofs: BTreeMap::new(),
            accepted: BTreeMap::new(),
            passed: BTreeMap::new(),
            came: BTreeMap::new(),
            forged: BTreeSet::new(),
        }
    }

    /// A phone sends. A request that is new: what names it, and whether it is an INVITE.
    pub(crate) fn phone_sent(
        &mut self,
        now: Time,
        phone: usize,
        message: &Message,
        lost: u32,
    ) -> Option<(Asked, bool)> {
        let (head, method) = (message.head(), message.method());
        if !message.is_request() || method == Method::Ack {
            return None;
        }
        let call_id = head.call_id().unwrap_or_default().to_vec();
        if head.to_tag().is_none_or(<[u8]>::is_empty) {
            self.callers.entry(call_id.clone()).or_insert(phone);
        }
        let asked = (phone, branch(message)?, head.method_token().to_vec());
        if self.requests.contains_key(&asked) {
            return None;
        }
        let what = format!("{} of phone {phone} in {}", text(head.method_token()), text(&call_id));
        let is_reinvite = method == Method::Invite && head.to_tag().is_some_and(|tag| !tag.is_empty());
        let request = Request { what, call_id, at: now, lost, is_reinvite, is_answered: false };
        self.requests.insert(asked.clone(), request);
        Some((asked, method == Method::Invite))
    }

    /// A phone receives. `lost`: datagrams of the call.
    pub(crate) fn phone_received(&mut self, now: Time, phone: usize, message: &Message, lost: u32) {
        let head = message.head();
        if !message.is_request() {
            let method = head.cseq().map(|cseq| cseq.token.to_vec()).unwrap_or_default();
            if message.status() >= 200
                && let Some(branch) = branch(message)
                && let Some(request) = self.requests.get_mut(&(phone, branch, method))
            {
                request.is_answered = true;
            }
            return;
        }
        let is_initial = head.to_tag().is_none_or(<[u8]>::is_empty);
        if !is_initial || !matches!(message.method(), Method::Invite | Method::Message) {
            return;
        }
        let call_id = head.call_id().unwrap_or_default();
        if let Some(branch) = branch(message) {
            let number = head.cseq().map_or(0, |cseq| cseq.number);
            let came = self.came.entry((phone, call_id.to_vec(), number)).or_default();
            came.insert(branch);
            if came.len() > 1 && lost < ENOUGH_LOST && !self.is_excused(Time::ZERO, now) {
                let what = format!("phone {phone} gets {} twice", text(call_id));
                self.base.add(now, Rule::Chain, what);
            }
        }
        let Some(caller) = self.callers.get(original(call_id)).copied() else {
            let what = format!("phone {phone} is called by nobody, in {}", text(call_id));
            return self.base.add(now, Rule::Asserted, what);
        };
        let own = public_identities(caller);
        let asserted: Vec<String> = head
            .values(HeaderId::P_ASSERTED_IDENTITY)
            .filter_map(|value| Some(NameAddr::parse(value.bytes).ok()?.uri().ok()?.aor()))
            .collect();
        if asserted.is_empty() || asserted.iter().any(|identity| !own.contains(identity)) {
            let what = format!("phone {phone} is told that {asserted:?} calls, which is phone {caller}");
            self.base.add(now, Rule::Asserted, what);
        }
    }

    /// An element receives; its top Via is stamped.
    pub(crate) fn element_received(&mut self, element: usize, flow: Flow, message: &Message) {
        self.base.received(&Seen::new(element, flow, message));
        if SCSCFS.contains(&element)
            && message.method() == Method::Register
            && let Some(branch) = branch(message)
            && let Some(proof) = message.header(HeaderId::AUTHORIZATION)
        {
            self.proofs.insert((element, branch), nonce(proof));
        }
    }

    /// An element sends. A 200 to a REGISTER that binds is told.
    pub(crate) fn element_sent(
        &mut self,
        now: Time,
        element: usize,
        flow: Flow,
        message: &Message,
        is_stateless: bool,
    ) -> Option<Accepted> {
        self.base.sent(now, &Seen::new(element, flow, message), is_stateless);
        let head = message.head();
        if message.is_request() {
            let own = home::element_address(ICSCF).to_string();
            let recorded = head.values(HeaderId::RECORD_ROUTE).map(|value| text(value.bytes));
            if element == ICSCF && recorded.into_iter().any(|route| route.contains(&own)) {
                let what = format!("the I-CSCF records its route in {}", text(head.method_token()));
                self.base.add(now, Rule::RecordRoute, what);
            }
            let vias = head.vias().filter_map(|via| Some(via.ok()?.branch()?.to_vec()));
            if vias.into_iter().any(|branch| self.forged.contains(&branch)) {
                let what = format!("{} passes on what came by a forged ODI", home::name(element));
                self.base.add(now, Rule::Identifiers, what);
            }
            return None;
        }
        let is_register = head.cseq().is_ok_and(|cseq| cseq.token == b"REGISTER");
        if !SCSCFS.contains(&element) || !is_register || message.status() != 200 {
            return None;
        }
        let branch = branch(message)?;
        let proof = self.proofs.get(&(element, branch.clone()))?.clone();
        let by = self.accepted.entry(proof).or_insert_with(|| (element, branch.clone()));
        if *by != (element, branch) {
            self.base.add(now, Rule::Vectors, format!("{} accepts a vector twice", home::name(element)));
        }
        let binds = head.contacts().next().is_some();
        let to = NameAddr::parse(message.header(HeaderId::TO)?).ok()?.uri().ok()?.aor();
        let user = home::user_of(&to, self.story.users.len()).filter(|_| binds)?;
        Some(Accepted { user, scscf: element })
    }

    /// An application server receives. `lost`: datagrams of the call.
    pub(crate) fn server_received(&mut self, now: Time, server: usize, message: &Message, lost: u32) {
        let (head, method) = (message.head(), message.method());
        let is_initial = message.is_request() && head.to_tag().is_none_or(<[u8]>::is_empty);
        if !is_initial || matches!(method, Method::Ack | Method::Cancel | Method::Register) {
            return;
        }
        let (Some(branch), Some(served)) = (branch(message), message.header(HeaderId::P_SERVED_USER)) else {
            let what = format!("as{} is not told whom it serves", server + 1);
            return self.base.add(now, Rule::Chain, what);
        };
        let served = text(served);
        let allowed = self.criteria(server, head.method_token(), &served);
        let number = head.cseq().map_or(0, |cseq| cseq.number);
        let call_id = text(head.call_id().unwrap_or_default());
        let request = format!("{} {number} of {call_id} for {served}", text(head.method_token()));
        let branches = self.passed.entry((server, request.clone())).or_default();
        branches.insert(branch);
        let count = branches.len();
        if count > allowed && lost < ENOUGH_LOST && !self.is_excused(Time::ZERO, now) {
            let what = format!("as{} gets {request} {count} times, and has {allowed} criteria", server + 1);
            self.base.add(now, Rule::Chain, what);
        }
    }

    /// How many criteria of the served user lead a request to this server.
    fn criteria(&self, server: usize, method: &[u8], served: &str) -> usize {
        let identity = served.split(['<', '>']).nth(1).unwrap_or_default();
        let Some(user) = home::user_of(identity, self.story.users.len()) else { return 0 };
        let case = match (served.contains("sescase=orig"), served.contains("regstate=unreg")) {
            (true, false) => 0,
            (false, false) => 1,
            (false, true) => 2,
            (true, true) => 3,
        };
        let meets = |criterion: &&super::story::Criterion| {
            criterion.server == server
                && criterion.method.as_bytes() == method
                && criterion.case.is_none_or(|own| own == case)
        };
        self.story.users[user].chain.iter().filter(meets).count()
    }

    /// Whether something of the story went wrong between two times.
    pub(crate) fn is_excused(&self, from: Time, until: Time) -> bool {
        self.story.troubles.iter().any(|trouble| trouble.from <= until && trouble.until >= from)
    }

    /// A server sends something back by an ODI of its own.
    pub(crate) fn forged(&mut self, branch: &str) {
        self.forged.insert(branch.as_bytes().to_vec());
    }

    /// The time for an answer is over. `lost`: datagrams of the call by now; `is_gone`: somebody was switched off.
    pub(crate) fn judge(&mut self, now: Time, asked: &Asked, lost: impl Fn(&[u8]) -> u32, is_gone: bool) {
        let Some(request) = self.requests.remove(asked).filter(|request| !request.is_answered) else {
            return;
        };
        let lost = lost(&request.call_id).saturating_sub(request.lost);
        // Who sends a proof again sends it once; and a BYE ends the 2xx to a re-INVITE that would be sent again.
        let enough = if asked.1.starts_with(AGAIN) || request.is_reinvite { 1 } else { ENOUGH_LOST };
        let excused = is_gone || lost >= enough || self.is_excused(request.at, now);
        if !excused {
            let what = format!("no final response to {}, {lost} datagrams were lost", request.what);
            self.base.add(now, Rule::Answered, what);
        }
    }

    /// An element has restarted.
    pub(crate) fn restarted(&mut self, element: usize) {
        self.base.restarted(element);
        self.proofs.retain(|(of, _), _| *of != element);
    }

    /// All is over.
    pub(crate) fn ended(&mut self, now: Time, left: &[Left]) {
        self.base.ended(now, left);
    }

    /// A rule of the world's own was broken.
    pub(crate) fn add(&mut self, now: Time, rule: Rule, what: String) {
        self.base.add(now, rule, what);
    }

    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.base.into_violations()
    }
}

/// What the branch of a proof that is sent again begins with.
const AGAIN: &[u8] = b"z9hG4bKagain";

/// Datagrams of one call that must have been lost before a missing answer is the network's fault: a request of a phone is
/// sent seven times, and what others sent again for it is in the same call.
const ENOUGH_LOST: u32 = 6;

/// The Call-ID by which a call began that has passed back-to-back user agents.
fn original(mut call_id: &[u8]) -> &[u8] {
    while let Some(rest) = call_id.strip_prefix(PREFIX.as_bytes()) {
        call_id = rest;
    }
    call_id
}

fn branch(message: &Message) -> Option<Vec<u8>> {
    Some(message.head().via().ok()?.branch()?.to_vec())
}

fn nonce(authorization: &[u8]) -> Vec<u8> {
    let text = text(authorization);
    text.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().into()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

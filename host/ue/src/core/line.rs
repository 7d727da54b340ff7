//! What all procedures of a phone share: transactions, outputs, alarms, and what its registration brought.
//!
//! In: requests to send and responses to give. Out: bytes and events in order; what became of requests that nobody
//! answered. Not here: what a request or response means.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use sip::{Flow, HeaderId, Message, Method, ResponseBuilder, Transport, respond};
use transaction::{ClientId, Limits, Received, Response, ServerId, Time, TransactionId, Transactions};

use super::alarms::Alarms;
use super::authorization::{self, Asking, Proof};
use super::event::{Event, Spoken};
use super::luck::Luck;
use super::request::Request;
use super::{CallId, MessageId, Settings};
use crate::bounds::{MAX_PROOFS, MAX_TRANSACTIONS};

/// Methods that a phone takes.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, MESSAGE, NOTIFY";
/// The communication service of multimedia telephony, as a feature tag spells it (TS 24.173 §5.1).
pub(crate) const MMTEL: &str = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"";

/// What a phone puts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes on this flow. If that fails, say so by [`crate::Ue::handle_transport_error`].
    Transmit {
        /// Where to.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
        /// The transaction that sends it; `None` for the ACK of a 2xx.
        of: Option<TransactionId>,
    },
    /// Something happened.
    Event {
        /// When.
        at: Time,
        /// What.
        event: Event,
    },
}

/// What a request was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Register,
    Subscribe,
    Message(MessageId),
    Invite(CallId),
    Prack(CallId),
    Update(CallId),
    Reinvite(CallId),
    /// The call is over already.
    Bye,
}

/// A request under way; of an INVITE that was accepted, as long as another 2xx can come.
pub(crate) struct Pending {
    pub(crate) request: Request,
    pub(crate) purpose: Purpose,
    proofs: u8,
}

/// What became of a request.
#[derive(Clone, Copy)]
pub(crate) enum Outcome<'a> {
    /// A final response.
    Response(&'a Message),
    /// Timer B or F.
    Silence,
    /// It could not be sent.
    Undelivered,
}

impl Outcome<'_> {
    /// Its status, or what stands for it (RFC 3261 §8.1.3.1).
    pub(crate) fn status(&self) -> u16 {
        match self {
            Outcome::Response(response) => response.status(),
            Outcome::Silence => 408,
            Outcome::Undelivered => 503,
        }
    }

    pub(crate) fn response(&self) -> Option<&Message> {
        match self {
            Outcome::Response(response) => Some(response),
            Outcome::Silence | Outcome::Undelivered => None,
        }
    }
}

/// What the registration brought; before it, what the settings say.
pub(crate) struct Standing {
    /// The public identity that it calls itself by.
    pub(crate) identity: String,
    /// Values of Service-Route.
    pub(crate) service_route: Vec<String>,
}

/// See the top of the file.
pub(crate) struct Line {
    pub(crate) settings: Settings,
    pub(crate) luck: Luck,
    pub(crate) alarms: Alarms,
    pub(crate) standing: Standing,
    transactions: Transactions,
    pending: BTreeMap<ClientId, Pending>,
    unanswered: VecDeque<(Pending, Outcome<'static>)>,
    /// Transactions that are over. Over TCP that is so before their final response was looked at.
    ended: Vec<ClientId>,
    outputs: VecDeque<Output>,
}

impl Line {
    pub(crate) fn new(settings: Settings, seed: [u8; 16]) -> Line {
        let limits = Limits { max_server: MAX_TRANSACTIONS, max_client: MAX_TRANSACTIONS };
        Line {
            luck: Luck::new(&seed),
            alarms: Alarms::default(),
            standing: Standing { identity: settings.impu.clone(), service_route: Vec::new() },
            settings,
            transactions: Transactions::new(seed, 0, limits),
            pending: BTreeMap::new(),
            unanswered: VecDeque::new(),
            ended: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Our Contact URI: the user of the public identity at our address.
    pub(crate) fn contact_uri(&self) -> String {
        let uri = sip::Uri::parse(self.settings.impu.as_bytes()).ok();
        let user = uri.and_then(|uri| uri.user()).unwrap_or_default();
        let transport = if self.settings.transport == Transport::Tcp { ";transport=tcp" } else { "" };
        format!("sip:{}@{}{transport}", String::from_utf8_lossy(user), self.settings.local)
    }

    /// The value of Contact in calls (TS 24.229 §5.1.3.1).
    pub(crate) fn contact(&self) -> String {
        format!("<{}>;+sip.instance=\"<{}>\";{MMTEL}", self.contact_uri(), self.settings.instance)
    }

    /// A request that begins something: our identity, the P-CSCF and the service route before it.
    pub(crate) fn request(&mut self, method: Method, to: &str) -> Request {
        let mut routes = vec![format!("<sip:{};lr>", self.settings.pcscf)];
        routes.extend(self.standing.service_route.iter().cloned());
        let request = Request {
            method,
            uri: to.to_owned(),
            routes,
            from: format!("<{}>;tag={}", self.standing.identity, self.luck.token()),
            to: format!("<{to}>"),
            call_id: self.luck.token(),
            cseq: 1,
            headers: Vec::new(),
            content_type: String::new(),
            body: Vec::new(),
        };
        match &self.settings.access {
            Some(access) => request.with(HeaderId::P_ACCESS_NETWORK_INFO, access),
            None => request,
        }
    }

    /// Sends a request. `None`: there is no room for it; nothing was done.
    pub(crate) fn send(&mut self, now: Time, request: Request, purpose: Purpose) -> Option<ClientId> {
        self.send_pending(now, Pending { request, purpose, proofs: 0 })
    }

    fn send_pending(&mut self, now: Time, pending: Pending) -> Option<ClientId> {
        let id = self.transactions.new_client()?;
        let branch = self.transactions.branch(id, 0);
        let (flow, bytes) = self.print(&pending.request, &branch);
        if !self.transactions.send_request(now, id, bytes, flow, self.settings.timers) {
            self.transactions.forget_client(id);
            return None;
        }
        self.pending.insert(id, pending);
        self.flush(now);
        Some(id)
    }

    /// The ACK for a 2xx: no transaction carries it. What was sent, to be sent again.
    pub(crate) fn send_ack(&mut self, now: Time, ack: &Request) -> (Flow, Bytes) {
        let branch = format!("{}{}", transaction::MAGIC_COOKIE, self.luck.token());
        let (flow, bytes) = self.print(ack, &branch);
        self.send_again(now, flow, bytes.clone());
        (flow, bytes)
    }

    /// An ACK again.
    pub(crate) fn send_again(&mut self, now: Time, flow: Flow, bytes: Bytes) {
        self.transmit(now, flow, bytes, None);
    }

    /// Where a request goes, and its bytes: over TCP where it is too long for a datagram (RFC 3261 §18.1.1).
    fn print(&self, request: &Request, branch: &str) -> (Flow, Bytes) {
        let over = |transport: Transport| {
            let local = self.settings.local;
            request.print(&format!("SIP/2.0/{} {local};branch={branch};rport", transport.name()))
        };
        let mut transport = self.settings.transport;
        let mut bytes = over(transport);
        if self.settings.tcp_above.is_some_and(|limit| !transport.is_reliable() && bytes.len() > limit) {
            transport = Transport::Tcp;
            bytes = over(transport);
        }
        (Flow { transport, listener: 0, connection: 0, remote: self.settings.pcscf }, bytes)
    }

    /// Sends a request again, its number one more, with credentials for a 401 or 407 (RFC 3261 §22.2, §22.3). `None`:
    /// that cannot be done.
    pub(crate) fn send_with_proof(
        &mut self,
        now: Time,
        pending: &mut Pending,
        response: &Message,
    ) -> Option<ClientId> {
        let (challenge, proof) = match response.status() {
            401 => (HeaderId::WWW_AUTHENTICATE, HeaderId::AUTHORIZATION),
            _ => (HeaderId::PROXY_AUTHENTICATE, HeaderId::PROXY_AUTHORIZATION),
        };
        if pending.proofs >= MAX_PROOFS {
            return None;
        }
        let cnonce = self.luck.token();
        let asking = Asking {
            impi: &self.settings.impi,
            method: pending.request.method.as_str(),
            uri: &pending.request.uri,
            body: &pending.request.body,
            cnonce: &cnonce,
            nc: 1,
        };
        let challenges = response.head().fields(challenge);
        let answered = authorization::answer(&mut self.settings.credentials, challenges, &asking);
        let Ok(Proof::Response(value)) = answered else { return None };
        pending.request.set(proof, value);
        pending.request.cseq += 1;
        pending.proofs += 1;
        let Pending { request, purpose, proofs } = pending;
        self.send_pending(now, Pending { request: request.clone(), purpose: *purpose, proofs: *proofs })
    }

    /// Cancels an INVITE (RFC 3261 §9.1). Whatever becomes of that, its final response or its end is told.
    pub(crate) fn cancel(&mut self, now: Time, id: ClientId) {
        self.transactions.cancel(now, id);
        self.flush(now);
    }

    /// Gives a response. `tag` is our To tag where the request has none. What was sent, to be sent again.
    pub(crate) fn respond(
        &mut self,
        now: Time,
        id: ServerId,
        request: &Message,
        (status, tag): (u16, &str),
        extra: impl FnOnce(&mut ResponseBuilder<'_>),
    ) -> Bytes {
        let mut out = Vec::new();
        let tag = (status > 100).then_some(tag);
        respond(request.head(), status, "", tag, &mut out, extra);
        let bytes = Bytes::from(out.into_boxed_slice());
        self.respond_again(now, id, status, bytes.clone());
        bytes
    }

    /// A response again.
    pub(crate) fn respond_again(&mut self, now: Time, id: ServerId, status: u16, bytes: Bytes) {
        self.transactions.respond(now, id, status, bytes);
        self.flush(now);
    }

    /// A response that says nothing but its status; 405 and 501 say what is allowed (RFC 3261 §21.4.6).
    pub(crate) fn answer(&mut self, now: Time, id: ServerId, request: &Message, status: u16) {
        let tag = self.luck.token();
        self.respond(now, id, request, (status, &tag), |response| {
            if matches!(status, 405 | 501) {
                response.header(HeaderId::ALLOW, ALLOW);
            }
        });
    }

    /// A request came.
    pub(crate) fn handle_request(&mut self, now: Time, request: &Message, flow: Flow) -> Received {
        let received = self.transactions.handle_request(now, request, flow, self.settings.timers);
        self.flush(now);
        received
    }

    /// A response came; the transaction that waits for it.
    pub(crate) fn handle_response(&mut self, now: Time, response: &Message) -> Option<ClientId> {
        let passed = self.transactions.handle_response(now, response);
        self.flush(now);
        match passed {
            Response::Pass(id) => Some(id),
            Response::Absorbed | Response::Stray => None,
        }
    }

    pub(crate) fn handle_transport_error(&mut self, now: Time, of: TransactionId) {
        self.transactions.transport_error(now, of);
        self.flush(now);
    }

    pub(crate) fn handle_timeout(&mut self, now: Time) {
        self.transactions.handle_timeout(now);
        self.flush(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        [self.transactions.poll_timeout(), self.alarms.next()].into_iter().flatten().min()
    }

    /// The request of a transaction that is under way.
    pub(crate) fn pending(&self, id: ClientId) -> Option<&Pending> {
        self.pending.get(&id)
    }

    pub(crate) fn take_pending(&mut self, id: ClientId) -> Option<Pending> {
        self.pending.remove(&id)
    }

    /// What was taken in has been dealt with: requests of transactions that are over are forgotten.
    pub(crate) fn forget_ended(&mut self) {
        for id in self.ended.drain(..) {
            self.pending.remove(&id);
        }
    }

    /// A request that nobody answered.
    pub(crate) fn next_unanswered(&mut self) -> Option<(Pending, Outcome<'static>)> {
        self.unanswered.pop_front()
    }

    pub(crate) fn tell(&mut self, now: Time, event: Event) {
        self.outputs.push_back(Output::Event { at: now, event });
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Bytes that no transaction repeats, and bytes that one sends.
    pub(crate) fn transmit(&mut self, now: Time, flow: Flow, bytes: Bytes, of: Option<TransactionId>) {
        if let Ok(message) = Message::parse_datagram(&bytes) {
            self.tell(now, Event::Sent(Spoken::of(message.head())));
        }
        self.outputs.push_back(Output::Transmit { flow, bytes, of });
    }

    /// Takes over what the transactions put out.
    fn flush(&mut self, now: Time) {
        use transaction::Output as Of;
        while let Some(output) = self.transactions.poll_output() {
            match output {
                Of::Transmit { flow, bytes, of } => self.transmit(now, flow, bytes, Some(of)),
                Of::ClientTimeout(id) => {
                    self.unanswered.extend(self.pending.remove(&id).map(|of| (of, Outcome::Silence)));
                }
                Of::ClientFailed(id) => {
                    self.unanswered.extend(self.pending.remove(&id).map(|of| (of, Outcome::Undelivered)));
                }
                Of::ClientEnded(id) => self.ended.push(id),
                // A response that does not arrive: the peer asks again, or its own timers tell it.
                Of::ServerTimeout(_) | Of::ServerFailed(_) | Of::ServerEnded(_) => {}
            }
        }
    }
}

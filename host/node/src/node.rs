//! The node itself: what it holds and how it is driven. In: [`Input`]s and the time. Out: [`Output`]s.
//!
//! What is done with each input lies in the files named after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialog::{Dialogs, Holder};
use transaction::{ClientId, ServerId, Time, Timers, TransactionId, Transactions, Wheel};

use crate::adopt::AdoptId;
use crate::alive::Alive;
use crate::config::{NodeConfig, Wants};
use crate::context::{Contexts, Owners};
use crate::counters::Counters;
use crate::io::{ContextId, Input, Output, Pin, Unsent};
use crate::receive::response_flow;

/// One node of one shard.
pub struct Node {
    pub(crate) config: NodeConfig,
    pub(crate) wants: Wants,
    pub(crate) draining: bool,
    /// What it takes to end a call is remembered of all of them, not only of those that pass on behalf of a user.
    pub(crate) ends_calls: bool,
    pub(crate) transactions: Transactions,
    pub(crate) contexts: Contexts,
    pub(crate) servers: Owners,
    pub(crate) clients: Owners,
    pub(crate) dialogs: Dialogs,
    pub(crate) timers: Wheel<(ContextId, u16)>,
    pub(crate) output: VecDeque<Output>,
    /// Names that peers' certificates must bear, of client transactions that have one.
    pub(crate) server_names: HashMap<ClientId, Arc<str>>,
    /// Requests that wait until their dialog is taken over.
    pub(crate) adopting: HashMap<AdoptId, Vec<ContextId>>,
    /// Next hops that requests wait for.
    pub(crate) alive: Alive,
    pub(crate) counters: Arc<Counters>,
    /// Where messages are printed before they get their exact size.
    pub(crate) page: Vec<u8>,
    /// Keyed hash for To tags and tokens.
    pub(crate) tag_key: [u8; 16],
    pub(crate) nonce_count: u64,
    /// The last answer that was made here, for what follows it.
    pub(crate) last_reply: Option<Bytes>,
}

impl Node {
    /// A node with nothing under way.
    #[must_use]
    pub fn new(config: NodeConfig) -> Self {
        let (low, high) = config.seed.split_at(16);
        let mut seed = [0; 16];
        seed.copy_from_slice(low);
        let mut tag_key = [0; 16];
        tag_key.copy_from_slice(high);
        Self {
            transactions: Transactions::new(seed, config.shard, config.limits),
            dialogs: Dialogs::new(
                config.route_key,
                dialog::Limits { dialogs: config.max_dialogs, ..dialog::Limits::default() },
            ),
            wants: Wants::default(),
            draining: false,
            ends_calls: false,
            contexts: Contexts::default(),
            servers: Owners::default(),
            clients: Owners::default(),
            timers: Wheel::default(),
            output: VecDeque::new(),
            server_names: HashMap::new(),
            adopting: HashMap::new(),
            alive: Alive::default(),
            counters: Arc::new(Counters::default()),
            page: Vec::with_capacity(4096),
            tag_key,
            nonce_count: 0,
            last_reply: None,
            config,
        }
    }

    /// What the node counts; to be read by anybody at any time.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Lets go of a version of a script before its dialogs end: they are taken over ([`Output::Adopt`]), each with the next
    /// request inside it that the script is to be asked about. How many dialogs that are. `word` makes of the version what
    /// says later which it was, and does not keep it alive.
    pub fn let_go(&mut self, version: u32, word: impl FnOnce(Pin) -> Pin) -> usize {
        self.dialogs.let_go(version, |holder| Holder::new(word(holder.version())))
    }

    /// How many dialogs keep a version of a script alive.
    #[must_use]
    pub fn held(&self, version: u32) -> usize {
        self.dialogs.held(version)
    }

    /// Which requests the script is asked about from now on.
    pub fn set_wants(&mut self, wants: Wants) {
        self.wants = wants;
    }

    /// Transactions that begin from now on have these timers, and this Timer C (RFC 3261 §17, §16.6 item 11).
    pub fn set_timers(&mut self, timers: Timers, timer_c: Duration) {
        (self.config.timers, self.config.timer_c) = (timers, timer_c);
    }

    /// Whether what it takes to end a call ([`Node::end_version`]) is remembered of all calls from now on, and not only of
    /// those that pass on behalf of a user.
    pub fn set_ends_calls(&mut self, ends_calls: bool) {
        self.ends_calls = ends_calls;
    }

    /// Refuse new requests outside dialogs with 503 from now on; finish what is under way.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Nothing is under way that somebody waits for: no open context. Transactions that only linger do not count.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.contexts.open() == 0
    }

    /// Nothing is left at all: no transaction, no context, no dialog timer.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        self.transactions.is_quiescent() && self.contexts.len() == 0 && self.output.is_empty()
    }

    /// Takes one input in.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        match input {
            Input::Received { flow, message } => self.handle_received(now, flow, message),
            Input::Unparsable { flow, excerpt } => self.handle_unparsable(flow, excerpt.as_deref()),
            Input::Decided(decided) => self.handle_decided(now, *decided),
            Input::Adopted(adopted) => self.handle_adopted(*adopted),
            Input::Originate(originate) => self.handle_originate(now, *originate),
            Input::Located { id, hops } => self.handle_located(now, id, hops),
            Input::Release { served_user } => self.handle_release(now, &served_user),
            Input::Returned { context, token } => self.handle_returned(now, context, &token),
            Input::Undelivered { token, unsent } => self.handle_undelivered(now, token, unsent),
        }
        self.settle(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.transactions.handle_timeout(now);
        self.settle(now);
        self.handle_timers(now);
        self.dialogs.handle_timeout(now);
        self.tell_ended();
        self.settle(now);
    }

    /// When [`Node::handle_timeout`] is wanted next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.poll_prompt_timeout(), self.poll_patient_timeout()].into_iter().flatten().min()
    }

    /// The part of [`Node::poll_timeout`] that somebody waits for: retransmissions and time-outs of transactions.
    #[must_use]
    pub fn poll_prompt_timeout(&self) -> Option<Time> {
        self.transactions.poll_prompt_timeout()
    }

    /// The part of [`Node::poll_timeout`] that may be done some tenths of a second later, together with others:
    /// transactions to be forgotten, timers of branches (Timer C, a script's own), ends of dialogs.
    #[must_use]
    pub fn poll_patient_timeout(&self) -> Option<Time> {
        [self.transactions.poll_patient_timeout(), self.timers.next(), self.dialogs.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next thing to be done by others.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// The token of the transaction that sent this datagram, where its Via still tells (an ICMP error quotes it).
    #[must_use]
    pub fn token_of(&self, datagram: &[u8]) -> Option<u64> {
        self.transactions.client_of_datagram(datagram).map(client_token)
    }

    /// Carries out what the transactions want.
    pub(crate) fn settle(&mut self, now: Time) {
        while let Some(output) = self.transactions.poll_output() {
            match output {
                transaction::Output::Transmit { flow, bytes, of } => {
                    let (token, server_name) = match of {
                        TransactionId::Server(id) => (server_token(id), None),
                        TransactionId::Client(id) => (client_token(id), self.server_names.get(&id).cloned()),
                    };
                    self.output.push_back(Output::Transmit { flow, bytes, server_name, token });
                }
                transaction::Output::ServerEnded(id) => self.server_ended(id),
                transaction::Output::ClientTimeout(id) => self.client_failed(now, id, false),
                transaction::Output::ClientFailed(id) => self.client_failed(now, id, true),
                transaction::Output::ServerTimeout(_) | transaction::Output::ServerFailed(_) => {}
                transaction::Output::ClientEnded(id) => {
                    self.clients.clear(id.slot());
                    if !self.server_names.is_empty() {
                        self.server_names.remove(&id);
                    }
                }
            }
        }
        let counts = self.transactions.counts();
        self.counters.server_transactions.set(counts.server() as u64);
        self.counters.client_transactions.set(counts.client() as u64);
        self.counters.dialogs.set(self.dialogs.len() as u64);
        self.counters.open_contexts.set(self.contexts.open() as u64);
    }

    fn handle_undelivered(&mut self, now: Time, token: u64, unsent: Option<Unsent>) {
        let Some(id) = transaction_of(token) else { return };
        if let (TransactionId::Server(server), Some(unsent)) = (id, unsent)
            && self.respond_elsewhere(server, unsent)
        {
            return;
        }
        self.transactions.transport_error(now, id);
    }

    /// The connection that a request came by is gone before its response has left: a new one is opened to where the
    /// top Via says that its sender listens (RFC 3261 §18.2.2). Tried once, and also where the transaction has ended
    /// with that response. False: there is no such place.
    fn respond_elsewhere(&mut self, id: ServerId, unsent: Unsent) -> bool {
        let Some((flow, server_name)) = response_flow(&unsent) else { return false };
        self.transactions.set_server_flow(id, flow);
        self.output.push_back(Output::Transmit {
            flow,
            bytes: unsent.bytes,
            server_name,
            token: server_token(id),
        });
        true
    }

    /// The server transaction is gone: so is what was kept for it.
    fn server_ended(&mut self, id: ServerId) {
        if let Some(context) = self.servers.get(id.slot()) {
            self.servers.clear(id.slot());
            self.contexts.remove(context);
        }
    }
}

/// The lowest bit of a token tells the side.
fn server_token(id: ServerId) -> u64 {
    id.to_u64() << 1
}

fn client_token(id: ClientId) -> u64 {
    id.to_u64() << 1 | 1
}

fn transaction_of(token: u64) -> Option<TransactionId> {
    if token & 1 == 1 {
        ClientId::from_u64(token >> 1).map(TransactionId::Client)
    } else {
        ServerId::from_u64(token >> 1).map(TransactionId::Server)
    }
}

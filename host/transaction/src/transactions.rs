//! The table of one shard's transactions: what it holds, its clock, what it puts out.
//!
//! In and out: see the top of the crate. The server transactions' part is in `server_side.rs`, the client
//! transactions' in `client_side.rs`.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashTable;
use siphasher::sip128::SipHasher13;

use crate::branch::Brancher;
use crate::client_side::{Cancelling, Client};
use crate::id::{ClientId, TransactionId};
use crate::matching::Matcher;
use crate::output::Output;
use crate::server_side::{Indexed, Server};
use crate::slots::Slots;
use crate::time::Time;
use crate::wheels::{Sort, Wheels};

/// How many transactions a table may hold. Either is brought below [`Limits::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Server transactions, lingering ones included. A CANCEL of one that is there always finds room.
    pub max_server: u32,
    /// Client transactions, lingering ones included. The CANCEL of one always finds room.
    pub max_client: u32,
}

impl Limits {
    /// What a limit cannot exceed: 2^29, so that with their CANCELs a bit of 32 is left.
    pub const MOST: u32 = 1 << 29;
}

impl Default for Limits {
    /// A million of each: at 100 to 200 bytes and a last response each, some hundred megabytes.
    fn default() -> Self {
        Limits { max_server: 1_000_000, max_client: 1_000_000 }
    }
}

/// How many transactions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// INVITE server transactions.
    pub server_invite: u32,
    /// Other server transactions.
    pub server_non_invite: u32,
    /// INVITE client transactions.
    pub client_invite: u32,
    /// Other client transactions, the table's own CANCELs included.
    pub client_non_invite: u32,
    /// Of all these, those that have their final response and only wait for what may come again.
    pub lingering: u32,
}

impl Counts {
    /// All server transactions.
    pub const fn server(&self) -> u32 {
        self.server_invite + self.server_non_invite
    }

    /// All client transactions that have sent their request.
    pub const fn client(&self) -> u32 {
        self.client_invite + self.client_non_invite
    }

    /// Transactions of either side that have no final response yet: what a shutdown waits for.
    pub const fn active(&self) -> u32 {
        self.server() + self.client() - self.lingering
    }
}

/// The transactions of one shard. See the top of the crate for how it is driven.
pub struct Transactions {
    pub(crate) matcher: Matcher,
    pub(crate) brancher: Brancher,
    pub(crate) limits: Limits,
    pub(crate) servers: Slots<Server>,
    /// Server transactions by the hash of their identity.
    pub(crate) index: HashTable<Indexed>,
    pub(crate) clients: Slots<Client>,
    /// By INVITE client transactions: the CANCELs that are under way or held. Few, so a plain tree.
    pub(crate) cancels: BTreeMap<ClientId, Cancelling>,
    pub(crate) wheels: Wheels,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) counts: Counts,
}

/// What the wheel keeps of a transaction: its slot and side.
pub(crate) fn server_token(slot: u32) -> u32 {
    slot << 1
}

pub(crate) fn client_token(slot: u32) -> u32 {
    slot << 1 | 1
}

impl Transactions {
    /// An empty table. The seed must be another one at each start of the node and secret: branches are unique
    /// and hard to guess because of it. Two tables with the same seed and inputs behave alike. `shard` is
    /// written into every branch ([`crate::shard_of_branch`]).
    pub fn new(seed: [u8; 16], shard: u8, limits: Limits) -> Self {
        let derive = |label: &[u8]| SipHasher13::new_with_key(&seed).hash(label).as_bytes();
        Transactions {
            matcher: Matcher::new(derive(b"request matching")),
            brancher: Brancher::new(derive(b"branch"), shard),
            limits: Limits {
                max_server: limits.max_server.min(Limits::MOST),
                max_client: limits.max_client.min(Limits::MOST),
            },
            servers: Slots::default(),
            index: HashTable::new(),
            clients: Slots::default(),
            cancels: BTreeMap::new(),
            wheels: Wheels::default(),
            outputs: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// What has to be done next, oldest first. The place of a transaction ([`ClientId::slot`], [`ServerId::slot`](crate::ServerId::slot)) is
    /// given to another one only after its end was told here, so that what the TU keeps by places is never taken for
    /// that of a later transaction.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        match output {
            Output::ServerEnded(id) => self.servers.release(id.0),
            Output::ClientEnded(id) => self.clients.release(id.0),
            _ => {}
        }
        Some(output)
    }

    /// When [`Transactions::handle_timeout`] is wanted; `None`: not before something else happens.
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.poll_prompt_timeout(), self.poll_patient_timeout()].into_iter().flatten().min()
    }

    /// The part of [`Transactions::poll_timeout`] that somebody waits for: retransmissions and time-outs.
    pub fn poll_prompt_timeout(&self) -> Option<Time> {
        self.wheels.next(Sort::Prompt)
    }

    /// The part of [`Transactions::poll_timeout`] that can wait a little, to be done together with others: the end of
    /// transactions that only absorb what may come again (Timers D, I, J, K, L, M).
    pub fn poll_patient_timeout(&self) -> Option<Time> {
        self.wheels.next(Sort::Patient)
    }

    /// Fires all timers that are due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(token) = self.wheels.pop_due(now) {
            if token & 1 == 0 {
                self.server_due(now, token >> 1);
            } else {
                self.client_due(now, token >> 1);
            }
        }
    }

    /// Bytes of an [`Output::Transmit`] could not be sent (§17.1.4, §17.2.4). Nothing happens if the
    /// transaction is gone, or is past caring.
    pub fn transport_error(&mut self, now: Time, of: TransactionId) {
        match of {
            TransactionId::Server(id) => self.server_transport_error(now, id),
            TransactionId::Client(id) => self.client_transport_error(now, id),
        }
    }

    /// How many transactions there are of each kind.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether nothing is left: no transaction, sent or not, no timer, no output.
    pub fn is_quiescent(&self) -> bool {
        self.servers.len() == 0
            && self.clients.len() == 0
            && self.cancels.is_empty()
            && self.wheels.is_empty()
            && self.outputs.is_empty()
    }
}

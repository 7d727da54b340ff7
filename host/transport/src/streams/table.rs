//! Which connections there are: by number for flows, by remote for reuse, by source for the bounds.
//!
//! In: admissions and registrations. Out: guards that undo them when a connection's task ends, however it ends.
//! Not here: what happens on a connection.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};
use sip::{Flow, Transport};
use tokio::sync::Notify;

use super::outbox::Outbox;
use super::{SendError, StreamLimits};

/// One connection, seen from outside its task.
#[derive(Debug)]
pub(super) struct Connection {
    /// How messages that arrive by it name it.
    pub(super) flow: Flow,
    /// What its certificate was checked for; `None` for accepted connections.
    pub(super) server_name: Option<Arc<str>>,
    pub(super) outbox: Outbox,
    born: Instant,
    /// Milliseconds from `born` to the last read or write.
    active: AtomicU64,
}

impl Connection {
    fn new(flow: Flow, server_name: Option<Arc<str>>) -> Arc<Connection> {
        Arc::new(Connection {
            flow,
            server_name,
            outbox: Outbox::new(),
            born: Instant::now(),
            active: AtomicU64::new(0),
        })
    }

    /// Whether this is the connection that `flow` names. The number alone is not enough: it may come from a
    /// registration stored before a restart.
    pub(super) fn serves(&self, flow: &Flow) -> bool {
        self.flow.transport == flow.transport && self.flow.remote == flow.remote
    }

    /// Something was read or written.
    pub(super) fn touch(&self) {
        self.active.store(self.born.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// When something was last read or written.
    pub(super) fn last_active(&self) -> Instant {
        self.born + Duration::from_millis(self.active.load(Ordering::Relaxed))
    }
}

type Remote = (Transport, SocketAddr, Option<Arc<str>>);

#[derive(Default)]
struct Index {
    by_number: HashMap<u64, Arc<Connection>>,
    by_remote: HashMap<Remote, u64>,
}

#[derive(Default)]
struct Admissions {
    total: usize,
    by_source: HashMap<IpAddr, usize>,
}

struct Shared {
    index: RwLock<Index>,
    admissions: Mutex<Admissions>,
    emptied: Notify,
    /// Whether no connection is to be made any more.
    shut_down: AtomicBool,
    next_number: AtomicU64,
    max_connections: usize,
    max_per_source: usize,
}

/// All connections of a [`super::Streams`].
#[derive(Clone)]
pub(super) struct Table(Arc<Shared>);

/// What [`Table::find_or_register`] found.
pub(super) enum Found {
    /// An open connection, perhaps still being made.
    Open(Arc<Connection>),
    /// None: here is one to make.
    New(Registered),
}

/// Why a connection is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Total,
    Source,
}

impl Table {
    pub(super) fn new(limits: &StreamLimits) -> Table {
        Table(Arc::new(Shared {
            index: RwLock::default(),
            admissions: Mutex::default(),
            emptied: Notify::new(),
            shut_down: AtomicBool::new(false),
            next_number: AtomicU64::new(first_number()),
            max_connections: limits.max_connections,
            max_per_source: limits.max_connections_per_source,
        }))
    }

    /// Counts one more connection, from this source if it is an accepted one.
    pub(super) fn admit(&self, source: Option<IpAddr>) -> Result<Admission, Refusal> {
        let source = source.map(network);
        let mut admissions = self.0.admissions.lock();
        if admissions.total >= self.0.max_connections {
            return Err(Refusal::Total);
        }
        if let Some(source) = source {
            let share = admissions.by_source.entry(source).or_default();
            if *share >= self.0.max_per_source {
                return Err(Refusal::Source);
            }
            *share += 1;
        }
        admissions.total += 1;
        Ok(Admission { table: self.clone(), source })
    }

    /// Connections admitted now.
    pub(super) fn admitted(&self) -> usize {
        self.0.admissions.lock().total
    }

    /// Enters an accepted connection.
    pub(super) fn register(
        &self,
        admission: Admission,
        transport: Transport,
        listener: u16,
        remote: SocketAddr,
    ) -> Registered {
        self.enter(
            &mut self.0.index.write(),
            admission,
            Flow { transport, listener, connection: 0, remote },
            None,
        )
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<Connection>> {
        self.0.index.read().by_number.get(&number).cloned()
    }

    /// The connection to reuse for a message without one, or a new entry to connect (RFC 3261 §18.1.1, §18.2.2).
    pub(super) fn find_or_register(
        &self,
        flow: Flow,
        server_name: Option<Arc<str>>,
        connectable: bool,
    ) -> Result<Found, SendError> {
        let remote = (flow.transport, flow.remote, server_name);
        if let Some(connection) = self.0.index.read().find(&remote) {
            return Ok(Found::Open(connection));
        }
        if self.0.shut_down.load(Ordering::Relaxed) {
            return Err(SendError::ShutDown);
        }
        if !connectable {
            return Err(SendError::NotConnectable(flow.transport));
        }
        let admission = self.admit(None).map_err(|_| SendError::TooManyConnections)?;
        let mut index = self.0.index.write();
        // another thread may have been first
        match index.find(&remote) {
            Some(connection) => Ok(Found::Open(connection)),
            None => Ok(Found::New(self.enter(&mut index, admission, flow, remote.2))),
        }
    }

    /// Makes no more connections, and lets every one write what it has queued and close.
    pub(super) fn finish_all(&self) {
        self.0.shut_down.store(true, Ordering::Relaxed);
        // without the lock, which the ending tasks need
        let all: Vec<_> = self.0.index.read().by_number.values().cloned().collect();
        all.iter().for_each(|connection| connection.outbox.finish());
    }

    /// Waits until no connection is left.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.0.emptied.notified();
            if self.admitted() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn enter(
        &self,
        index: &mut Index,
        admission: Admission,
        flow: Flow,
        server_name: Option<Arc<str>>,
    ) -> Registered {
        let number = self.0.next_number.fetch_add(1, Ordering::Relaxed);
        let connection = Connection::new(Flow { connection: number, ..flow }, server_name.clone());
        index.by_number.insert(number, connection.clone());
        index.by_remote.insert((flow.transport, flow.remote, server_name), number);
        Registered { connection, _admission: admission, table: self.clone() }
    }
}

impl Index {
    /// An open connection to this remote that was verified for this name.
    fn find(&self, remote: &Remote) -> Option<Arc<Connection>> {
        let number = self.by_remote.get(remote)?;
        self.by_number.get(number).filter(|connection| connection.outbox.is_open()).cloned()
    }

    fn forget_remote(&mut self, connection: &Connection) {
        let remote = (connection.flow.transport, connection.flow.remote, connection.server_name.clone());
        if self.by_remote.get(&remote) == Some(&connection.flow.connection) {
            self.by_remote.remove(&remote);
        }
    }
}

/// Place of one connection within the bounds, given back when dropped.
pub(super) struct Admission {
    table: Table,
    source: Option<IpAddr>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut admissions = self.table.0.admissions.lock();
        admissions.total -= 1;
        if let Some(source) = self.source
            && let Some(share) = admissions.by_source.get_mut(&source)
        {
            *share -= 1;
            if *share == 0 {
                admissions.by_source.remove(&source);
            }
        }
        if admissions.total == 0 {
            self.table.0.emptied.notify_waiters();
        }
    }
}

/// Entry of one connection in the table, taken out when dropped.
pub(super) struct Registered {
    pub(super) connection: Arc<Connection>,
    table: Table,
    // after the entry: when the place is free, the entry is gone
    _admission: Admission,
}

impl Registered {
    /// Not to be reused for messages that do not name it.
    pub(super) fn retire(&self) {
        self.table.0.index.write().forget_remote(&self.connection);
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut index = self.table.0.index.write();
        index.forget_remote(&self.connection);
        index.by_number.remove(&self.connection.flow.connection);
    }
}

/// Where the bound per source counts: an address, or for IPv6 what one subscriber commonly has.
fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

/// Numbers are never used again, also not after a restart, since registrations that outlive it hold them: they
/// count from the milliseconds since 1970, a million to each.
fn first_number() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ((since.as_millis() as u64) << 20).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(total: usize, per_source: usize) -> Table {
        Table::new(&StreamLimits {
            max_connections: total,
            max_connections_per_source: per_source,
            ..StreamLimits::default()
        })
    }

    fn remote(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn flow(port: u16) -> Flow {
        Flow { transport: Transport::Tls, listener: 3, connection: 0, remote: remote(port) }
    }

    fn new(found: Result<Found, SendError>) -> Registered {
        match found {
            Ok(Found::New(registered)) => registered,
            Ok(Found::Open(_)) => panic!("found an open connection"),
            Err(error) => panic!("{error}"),
        }
    }

    fn open(found: Result<Found, SendError>) -> u64 {
        match found {
            Ok(Found::Open(connection)) => connection.flow.connection,
            Ok(Found::New(_)) => panic!("found none"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn places_are_given_back() {
        let table = table(3, 2);
        let a: IpAddr = [192, 0, 2, 1].into();
        let b: IpAddr = [192, 0, 2, 2].into();
        let first = table.admit(Some(a)).unwrap_or_else(|_| panic!("place 1"));
        let _second = table.admit(Some(a)).unwrap_or_else(|_| panic!("place 2"));
        assert_eq!(table.admit(Some(a)).err(), Some(Refusal::Source));
        let _third = table.admit(Some(b)).unwrap_or_else(|_| panic!("place 3"));
        assert_eq!(table.admit(Some(b)).err(), Some(Refusal::Total));
        drop(first);
        assert!(table.admit(Some(a)).is_ok());
    }

    #[test]
    fn an_ipv6_source_is_a_network() {
        let table = table(9, 1);
        let _first = table.admit(Some("2001:db8::1".parse().unwrap()));
        assert_eq!(table.admit(Some("2001:db8::2".parse().unwrap())).err(), Some(Refusal::Source));
        assert!(table.admit(Some("2001:db8:0:1::1".parse().unwrap())).is_ok());
    }

    #[test]
    fn a_remote_is_connected_to_once_per_name() {
        let table = table(9, 9);
        let name = |name: &str| Some(Arc::from(name));
        let plain = new(table.find_or_register(flow(1), None, true));
        assert_eq!(open(table.find_or_register(flow(1), None, true)), plain.connection.flow.connection);
        let named = new(table.find_or_register(flow(1), name("a.example"), true));
        assert_eq!(
            open(table.find_or_register(flow(1), name("a.example"), true)),
            named.connection.flow.connection
        );
        let _other = new(table.find_or_register(flow(1), name("b.example"), true));
        assert_eq!(table.admitted(), 3);
    }

    #[test]
    fn a_connection_that_ends_makes_room_for_the_next() {
        let table = table(9, 9);
        let first = new(table.find_or_register(flow(1), None, true));
        first.retire();
        let second = new(table.find_or_register(flow(1), None, true));
        assert_ne!(first.connection.flow.connection, second.connection.flow.connection);
        let number = first.connection.flow.connection;
        assert!(table.get(number).is_some(), "a retired connection is still found by its number");
        drop(first);
        assert!(table.get(number).is_none());
        assert_eq!(open(table.find_or_register(flow(1), None, true)), second.connection.flow.connection);
    }

    #[test]
    fn who_cannot_be_connected_to_is_only_reused() {
        let table = table(9, 9);
        let ws = Flow { transport: Transport::Ws, ..flow(1) };
        assert!(matches!(
            table.find_or_register(ws, None, false),
            Err(SendError::NotConnectable(Transport::Ws))
        ));
        let admission = table.admit(Some(ws.remote.ip())).unwrap_or_else(|_| panic!("place"));
        let accepted = table.register(admission, Transport::Ws, 2, ws.remote);
        assert_eq!(open(table.find_or_register(ws, None, false)), accepted.connection.flow.connection);
        assert_eq!(accepted.connection.flow.listener, 2);
    }

    #[test]
    fn the_total_bounds_outgoing_connections_too() {
        let table = table(1, 9);
        let _first = new(table.find_or_register(flow(1), None, true));
        assert!(matches!(table.find_or_register(flow(2), None, true), Err(SendError::TooManyConnections)));
    }
}

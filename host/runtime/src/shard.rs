//! One shard: the loop that carries messages between sockets, the node, the scripts and the stores.
//!
//! In: datagrams, and what other threads tell ([`ToShard`]). Out: datagrams, and what others are asked. It carries and
//! never decides. One thread owns a shard and everything in it; nothing here is locked while a message is under way.
//!
//! A round: what others told → datagrams → woken scripts → timers → send. Between rounds the shard waits as `pace.rs`
//! says: under load it naps and looks again, so that messages come and go in batches and no wake-up is paid for each;
//! otherwise it sleeps until a socket, a timer or another thread wants it.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use node::{Consulted, Discard, Input, Node, Output};
use rustix::event::epoll;
use rustix::time::Timespec;
use sip::{Flow, Message, Transport};
use trace::Trace;
use transaction::Time;
use transport::diameter::{Feed, Met};
use transport::{RecvBatch, SendBatch, UdpListener};

use crate::clock::Clock;
use crate::consult::Consultations;
use crate::consult::adopting::word;
use crate::inbox::Inbox;
use crate::locating::Locating;
use crate::message::{Pinned, PinnedCalls, ToShard};
use crate::owner::Owner;
use crate::pace::{Pace, Until};
use crate::script_timers::ScriptTimers;
use crate::streams::StreamSender;

/// Longest sleep: the shard shows that it is alive at least this often.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// How long after its time a timer may come that nobody waits for: what is only forgotten is forgotten in batches, and
/// a shard with nothing else to do is not woken for each.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the kernel says is readable: the inbox's bell, or a socket.
const BELL: u64 = 0;
const SOCKET: u64 = 1;
const FEED: u64 = 2;

/// Bytes that are read of a Diameter connection at a time.
const FEED_BYTES: usize = 16 * 1024;

/// Batches read from one socket in one round before the others get their turn.
const MAX_BATCHES: usize = 4;

/// How a shard behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShardConfig {
    /// Longest rest between two rounds while there is work.
    pub(crate) rest: Duration,
}

/// A UDP socket of this shard, and which listening address it is.
pub(crate) struct UdpPort {
    /// Index of the listening address.
    pub(crate) listener: u16,
    /// The socket.
    pub(crate) socket: UdpListener,
}

struct Port {
    listener: u16,
    socket: UdpListener,
    sending: SendBatch,
}

/// What a shard is made of.
pub(crate) struct ShardParts {
    /// The core.
    pub(crate) node: Node,
    /// Its sockets.
    pub(crate) ports: Vec<UdpPort>,
    /// What others tell it.
    pub(crate) inbox: Arc<Inbox<ToShard>>,
    /// Whose message is whose.
    pub(crate) owner: Owner,
    /// The scripts.
    pub(crate) consultations: Consultations,
    /// Name resolution.
    pub(crate) locating: Locating,
    /// Stream connections.
    pub(crate) streams: StreamSender,
    /// Time.
    pub(crate) clock: Clock,
    /// Microseconds since the start at which the shard was last awake.
    pub(crate) heartbeat: Arc<AtomicU64>,
    /// Timers of scripts, where this is the shard that takes them.
    pub(crate) script_timers: Option<Arc<ScriptTimers>>,
    /// How it behaves.
    pub(crate) config: ShardConfig,
    /// What goes over the wire.
    pub(crate) trace: Option<Arc<Trace>>,
}

/// A running shard.
pub(crate) struct Shard {
    node: Node,
    ports: Vec<Port>,
    inbox: Arc<Inbox<ToShard>>,
    owner: Owner,
    consultations: Consultations,
    locating: Locating,
    streams: StreamSender,
    clock: Clock,
    heartbeat: Arc<AtomicU64>,
    script_timers: Option<Arc<ScriptTimers>>,
    pace: Pace,
    /// Out while its datagrams are dealt with.
    received: Option<Box<RecvBatch>>,
    told: Vec<ToShard>,
    now: Time,
    stopping: bool,
    trace: Option<Arc<Trace>>,
    /// Diameter connections that this shard reads.
    feeds: Vec<Feed>,
    feed_buffer: Box<[u8]>,
    /// What the kernel tells of.
    watch: OwnedFd,
}

impl Shard {
    /// Takes the parts. Nothing runs yet.
    ///
    /// # Errors
    /// The kernel refuses to watch the sockets.
    pub(crate) fn new(parts: ShardParts) -> std::io::Result<Self> {
        let watch = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&watch, parts.inbox.bell(), epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
        for port in &parts.ports {
            let data = epoll::EventData::new_u64(SOCKET);
            epoll::add(&watch, port.socket.as_fd(), data, epoll::EventFlags::IN)?;
        }
        let ports = parts
            .ports
            .into_iter()
            .map(|port| Port { listener: port.listener, socket: port.socket, sending: SendBatch::new() })
            .collect();
        Ok(Self {
            node: parts.node,
            ports,
            inbox: parts.inbox,
            owner: parts.owner,
            consultations: parts.consultations,
            locating: parts.locating,
            streams: parts.streams,
            now: parts.clock.now(),
            clock: parts.clock,
            heartbeat: parts.heartbeat,
            script_timers: parts.script_timers,
            pace: Pace::new(parts.config.rest, parts.clock.now()),
            received: Some(Box::default()),
            told: Vec::new(),
            stopping: false,
            trace: parts.trace,
            feeds: Vec::new(),
            feed_buffer: Box::default(),
            watch,
        })
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// The kernel refuses to watch the sockets.
    pub(crate) fn run(mut self) -> std::io::Result<()> {
        let mut events =
            [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 8];
        while !self.stopping {
            let met = self.round();
            self.pace.met(self.now, met);
            if let Until::Rest(rest) = self.pace.until_next() {
                std::thread::sleep(rest);
                continue;
            }
            if self.inbox.park() {
                let wait = self.sleep();
                let wait =
                    Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
                let came = match epoll::wait(&self.watch, &mut events, Some(&wait)) {
                    Ok(count) => count,
                    Err(rustix::io::Errno::INTR) => 0,
                    Err(error) => return Err(error.into()),
                };
                self.inbox.unpark(events[..came].iter().any(|event| event.data.u64() == BELL));
            }
        }
        Ok(())
    }

    /// How long nothing is due. A socket whose send buffer is full is looked at again soon.
    fn sleep(&self) -> Duration {
        if self.ports.iter().any(|port| !port.sending.is_empty()) {
            return Duration::from_millis(1);
        }
        self.due().map_or(MAX_SLEEP, |due| due - self.clock.now()).min(MAX_SLEEP)
    }

    /// When the node's timers want a round.
    fn due(&self) -> Option<Time> {
        let patient = self.node.poll_patient_timeout().map(|due| due + PATIENCE);
        [self.node.poll_prompt_timeout(), patient, self.script_timer()].into_iter().flatten().min()
    }

    /// When a script's timer wants a round.
    fn script_timer(&self) -> Option<Time> {
        self.script_timers.as_ref().and_then(|timers| timers.next())
    }

    /// One turn of the loop; how many messages it met.
    fn round(&mut self) -> usize {
        self.now = self.clock.now();
        self.heartbeat.store(self.now.0, Ordering::Relaxed);
        let mut met = self.listen_to_others();
        for port in 0..self.ports.len() {
            met += self.receive(port);
        }
        met += self.read_feeds();
        self.poll_scripts();
        if self.due().is_some_and(|due| due <= self.now) {
            self.node.handle_timeout(self.now);
            self.drain();
            self.fire();
        }
        self.consultations.flush();
        for port in 0..self.ports.len() {
            self.send(port);
        }
        met
    }

    /// Scripts' timers whose time has come.
    fn fire(&mut self) {
        if self.script_timer().is_none_or(|due| due > self.now) {
            return;
        }
        let due = self.script_timers.as_ref().map(|timers| timers.take_due(self.now));
        for token in due.into_iter().flatten() {
            self.consultations.timer(&token);
        }
        self.poll_scripts();
    }

    fn listen_to_others(&mut self) -> usize {
        let mut told = std::mem::take(&mut self.told);
        self.inbox.drain(&mut told);
        let met = told.len();
        for one in told.drain(..) {
            self.told(one);
        }
        self.told = told;
        met
    }

    fn told(&mut self, told: ToShard) {
        match told {
            ToShard::Received { flow, message } => {
                self.node.handle_input(self.now, Input::Received { flow, message })
            }
            ToShard::Unparsable { flow, excerpt } => {
                self.node.handle_input(self.now, Input::Unparsable { flow, excerpt })
            }
            ToShard::Stored { tokens, durable } => {
                for token in tokens {
                    if let Some(decided) = self.consultations.stored(token, durable) {
                        self.node.handle_input(self.now, decided);
                        self.drain();
                    }
                }
            }
            ToShard::Located { id, hops } => self.node.handle_input(self.now, Input::Located { id, hops }),
            ToShard::Undelivered { token, unsent } => {
                self.node.handle_input(self.now, Input::Undelivered { token, unsent });
            }
            ToShard::Returned { context, token } => {
                self.node.handle_input(self.now, Input::Returned { context, token });
            }
            ToShard::Release { served_user } => {
                self.node.handle_input(self.now, Input::Release { served_user });
            }
            ToShard::Originate { request, token } => {
                if let Some(input) = self.consultations.originate(request, token) {
                    self.node.handle_input(self.now, input);
                }
            }
            ToShard::Event(event) => self.consultations.event(event),
            ToShard::Feed(feed) => self.watch(feed),
            ToShard::Pinned { number, what, told } => {
                let ended = match what {
                    Pinned::Count => 0,
                    Pinned::LetGo => {
                        self.node.let_go(number, word);
                        0
                    }
                    Pinned::End(most) => self.node.end_version(self.now, number, most),
                };
                // Who asked may have lost patience.
                let _ = told.send(PinnedCalls { left: self.node.held(number), ended });
            }
            ToShard::Wants(wants) => self.node.set_wants(wants),
            ToShard::Timers(timers, timer_c) => self.node.set_timers(timers, timer_c),
            ToShard::Drain => self.node.drain(),
            ToShard::Stop => self.stopping = true,
        }
        self.drain();
    }

    /// Reads what waits at one socket.
    fn receive(&mut self, port: usize) -> usize {
        let mut met = 0;
        let Some(mut batch) = self.received.take() else { return 0 };
        for _ in 0..MAX_BATCHES {
            let listener = self.ports[port].listener;
            match self.ports[port].socket.recv_batch(&mut batch) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "a UDP socket cannot be read");
                    break;
                }
            }
            met += batch.len();
            for datagram in batch.iter() {
                self.datagram(port, listener, datagram.source, datagram.bytes);
            }
            if !batch.is_full() {
                break;
            }
        }
        self.received = Some(batch);
        while let Some(gone) = self.ports[port].socket.poll_unreachable() {
            self.unreachable(gone.remote, &gone.datagram);
        }
        met
    }

    /// Reads a Diameter connection from now on; one that cannot be watched is given back.
    fn watch(&mut self, feed: Feed) {
        let data = epoll::EventData::new_u64(FEED);
        match epoll::add(&self.watch, feed.as_fd(), data, epoll::EventFlags::IN) {
            Ok(()) => self.feeds.push(feed),
            Err(error) => tracing::error!(%error, "a Diameter connection cannot be watched"),
        }
        if self.feed_buffer.is_empty() {
            self.feed_buffer = vec![0; FEED_BYTES].into_boxed_slice();
        }
    }

    /// Takes what the HSS has sent; who waits for it goes on in this round.
    fn read_feeds(&mut self) -> usize {
        let Self { feeds, feed_buffer, watch, .. } = self;
        let mut met = 0;
        feeds.retain(|feed| match feed.read(feed_buffer) {
            Met::Nothing => true,
            Met::Bytes => {
                met += 1;
                true
            }
            Met::End => {
                let _ = epoll::delete(&*watch, feed.as_fd());
                false
            }
        });
        met
    }

    fn datagram(&mut self, port: usize, listener: u16, source: SocketAddr, bytes: &[u8]) {
        match transport::stun::classify(bytes) {
            transport::stun::Arrival::Sip => {}
            transport::stun::Arrival::Stun => {
                if let Some(answer) = transport::stun::respond(bytes, source) {
                    self.ports[port].sending.push(source, Bytes::from(answer), 0);
                }
                return;
            }
            transport::stun::Arrival::Keepalive => return,
        }
        if let Some(trace) = &self.trace {
            trace.sip_received(Transport::Udp.name(), source, bytes);
        }
        let flow = Flow { transport: Transport::Udp, listener, connection: 0, remote: source };
        match Message::parse_datagram_from(bytes, source) {
            Ok(message) => match self.owner.other(&message) {
                None => {
                    self.node.handle_input(self.now, Input::Received { flow, message });
                    self.drain();
                }
                Some(other) => {
                    if other.push(ToShard::Received { flow, message }).is_err() {
                        self.node.counters().discard(Discard::Overload);
                    }
                }
            },
            Err(error) => {
                tracing::debug!(%error, "a datagram is not a SIP message");
                let excerpt = sip::Excerpt::of(bytes, error, source).map(Box::new);
                self.node.handle_input(self.now, Input::Unparsable { flow, excerpt });
                self.drain();
            }
        }
    }

    /// A datagram came back: the transaction that sent it fails at once instead of waiting for its timers.
    fn unreachable(&mut self, remote: SocketAddr, datagram: &[u8]) {
        self.locating.report_dead(remote, Transport::Udp);
        if let Some(token) = self.node.token_of(datagram) {
            self.node.handle_input(self.now, Input::Undelivered { token, unsent: None });
            self.drain();
        }
    }

    fn poll_scripts(&mut self) {
        while let Some(decided) = self.consultations.poll() {
            self.node.handle_input(self.now, decided);
            self.drain();
        }
    }

    /// Carries out what the node wants, until it wants nothing more.
    fn drain(&mut self) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { flow, bytes, server_name, token } => {
                    self.transmit(flow, bytes, server_name, token)
                }
                Output::Consult(consult) => {
                    if let Some(decided) = self.consultations.ask(consult) {
                        self.node.handle_input(self.now, decided);
                    }
                }
                Output::Adopt(adopt) => {
                    if let Some(adopted) = self.consultations.adopt(adopt) {
                        self.node.handle_input(self.now, adopted);
                    }
                }
                Output::Locate { id, uri } => self.locating.locate(id, &uri),
                Output::Returned { shard, context, token } => {
                    // A full inbox: the wait goes on, and may end in vain.
                    let told = self.owner.inbox(shard.into()).push(ToShard::Returned { context, token });
                    if told.is_err() {
                        self.node.counters().discard(Discard::Overload);
                    }
                }
                Output::Event(ended) => self.consultations.dialog_ended(ended),
                Output::Answered(answered) => crate::consult::answered(&answered),
                Output::Concluded { token, response } => self.consultations.concluded(token, response),
            }
        }
    }

    fn transmit(&mut self, flow: Flow, bytes: Bytes, server_name: Option<Arc<str>>, token: u64) {
        if let Some(trace) = &self.trace {
            trace.sip_sent(flow.transport.name(), flow.remote, &bytes);
        }
        if flow.transport != Transport::Udp {
            self.streams.send(flow, bytes, server_name, token);
            return;
        }
        let Some(port) = self.port_of(flow) else {
            self.node.counters().discard(Discard::Undeliverable);
            self.undelivered(token);
            return;
        };
        if !self.ports[port].sending.push(flow.remote, bytes, token) {
            self.node.counters().discard(Discard::Undeliverable);
        }
    }

    /// The socket of the flow's listening address.
    fn port_of(&self, flow: Flow) -> Option<usize> {
        self.ports.iter().position(|port| port.listener == flow.listener)
    }

    fn send(&mut self, port: usize) {
        if self.ports[port].sending.is_empty() {
            return;
        }
        let Port { socket, sending, .. } = &mut self.ports[port];
        socket.flush(sending);
        while let Some(failed) = self.ports[port].sending.poll_undelivered() {
            tracing::debug!(error = %failed.error, "a datagram was refused");
            self.undelivered(failed.token);
        }
    }

    fn undelivered(&mut self, token: u64) {
        if token != 0 {
            self.node.handle_input(self.now, Input::Undelivered { token, unsent: None });
            self.drain();
        }
    }
}

/// The answer to a consultation that cannot be made.
pub(crate) fn refused(hook: node::Hook, error: node::ConsultError) -> Consulted {
    match hook {
        node::Hook::Reply => Consulted::Reply(Err(error)),
        _ => Consulted::Request(Err(error)),
    }
}

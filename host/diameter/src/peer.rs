//! One peer: RFC 6733 §5: its connections, who may be which, when it is alive, when to try again.
//!
//! In: what happens to its connections, whole messages, wishes, the time. Out: connections to open and to close,
//! messages to send, messages for the node. Drive it as every machine of the house: after each `handle_*` take
//! [`Peer::poll_output`] until it is `None`, and call [`Peer::handle_timeout`] at [`Peer::poll_timeout`].
//!
//! | file | what | section |
//! |---|---|---|
//! | `peer/state.rs` | the state machine, a table | 5.6 |
//! | `peer/watchdog.rs` | the watchdog, a table | RFC 3539 §3.4.1 |
//! | `peer/backoff.rs` | Tc | 2.1 |
//! | `peer/settings.rs` | what an operator sets, the timers' names | |
//! | `peer/exchange.rs` | CER, CEA, DWR, DWA, DPR, DPA as this peer sends and judges them | 5.3 to 5.5 |
//!
//! Not here: which request goes to which peer, and matching answers (`node.rs`); sockets.

mod backoff;
pub(crate) mod exchange;
mod settings;
pub mod state;
pub mod watchdog;

pub use settings::{CloseReason, Local, PeerSettings, PeerTimers, TimerName};

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::base::{Capabilities, DisconnectCause};
use crate::header::{ApplicationId, Header};
use crate::luck::Luck;
use crate::message::Message;
use backoff::Backoff;
use exchange::Heard;
use state::{Actions, Event, Side, State, step};
use watchdog::{Watch, WatchActions, WatchEvent, Watchdog};

/// What a peer is told.
#[derive(Debug)]
pub enum Input {
    /// A connection is wanted from now on.
    Start,
    /// It is not wanted any more.
    Stop(DisconnectCause),
    /// The connection that was asked for is open.
    Connected,
    /// It could not be opened.
    NotConnected,
    /// A connection was accepted, and this CER came on it, whose Origin-Host is this peer's.
    Accepted {
        /// Of the CER.
        header: Header,
        /// What it says.
        capabilities: Capabilities,
    },
    /// A message came on one of the peer's connections.
    Received(Side, Message),
    /// One of them was closed, by the peer or by accident.
    Disconnected(Side),
    /// A message of the node's is to be sent. Dropped where the peer is not open: see [`Peer::is_open`].
    Send(Message),
}

/// What a peer asks for.
#[derive(Debug)]
pub enum Output {
    /// Open a connection.
    Connect,
    /// Send a message.
    Transmit(Side, Message),
    /// Close a connection.
    Disconnect(Side),
    /// The accepted connection is this peer's now.
    Accept,
    /// The accepted connection is to be closed, after this answer.
    Reject(Option<Message>),
    /// The peer is open.
    Opened,
    /// The peer is closed; what is outstanding there has no answer any more.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Whether it was open before.
        was_open: bool,
    },
    /// The watchdog has lost trust: requests go elsewhere (RFC 3539: Failover).
    Suspect,
    /// The watchdog has trust again (Failback).
    Okay,
    /// A message for the node.
    Deliver(Message),
}

/// How good a peer is for a request. The best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// In use.
    Okay,
    /// It came back and has not answered three watchdogs.
    Reopen,
    /// It has been silent for two Tw.
    Suspect,
}

/// A peer.
#[derive(Debug)]
pub struct Peer {
    local: Arc<Local>,
    settings: PeerSettings,
    state: State,
    /// The connection that carries messages, also while it is being closed.
    open_side: Option<Side>,
    /// Whether [`Output::Opened`] was the last that was said of it.
    said_open: bool,
    /// Which connections there are, by [`Side`].
    connected: [bool; 2],
    /// What it says of itself.
    capabilities: Option<Capabilities>,
    /// The CER that has no answer yet.
    unanswered_cer: Option<Header>,
    watchdog: Watchdog,
    wanted: bool,
    /// Why it will be closed, once it is.
    reason: Option<CloseReason>,
    backoff: Backoff,
    wait: Option<(Instant, TimerName)>,
    tc: Option<Instant>,
    tw: Option<Instant>,
    luck: Luck,
    hop_by_hop: u32,
    outputs: VecDeque<Output>,
}

impl Peer {
    /// A peer without a connection, which is not wanted yet.
    pub fn new(local: Arc<Local>, settings: PeerSettings, seed: u64) -> Peer {
        let mut luck = Luck::new(seed);
        let timers = settings.timers.bounded();
        Peer {
            local,
            state: State::Closed,
            open_side: None,
            said_open: false,
            connected: [false; 2],
            capabilities: None,
            unanswered_cer: None,
            watchdog: Watchdog::new(),
            wanted: false,
            reason: None,
            backoff: Backoff::new(timers.first_reconnect, timers.tc),
            wait: None,
            tc: None,
            tw: None,
            hop_by_hop: luck.next() as u32,
            luck,
            outputs: VecDeque::new(),
            settings: PeerSettings { timers, ..settings },
        }
    }

    /// Who it is.
    pub const fn settings(&self) -> &PeerSettings {
        &self.settings
    }

    /// Where its machine is.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Where its watchdog is.
    pub const fn watch(&self) -> Watch {
        self.watchdog.state
    }

    /// What it said of itself, while it is open.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.capabilities.as_ref().filter(|_| self.is_open())
    }

    /// Whether messages can be sent to it.
    pub const fn is_open(&self) -> bool {
        self.state.open_side().is_some()
    }

    /// How good it is for a request of an application. `None`: it is not open, or does not know the application.
    pub fn trust(&self, application: ApplicationId) -> Option<Trust> {
        let supports = self.capabilities()?.supports(application);
        match self.watchdog.state {
            Watch::Okay if supports => Some(Trust::Okay),
            Watch::Reopen if supports => Some(Trust::Reopen),
            Watch::Suspect if supports => Some(Trust::Suspect),
            _ => None,
        }
    }

    /// The next Hop-by-Hop Identifier: "normally a monotonically increasing number, whose start value was randomly
    /// generated" (§3).
    pub(crate) const fn next_hop_by_hop(&mut self) -> u32 {
        self.hop_by_hop = self.hop_by_hop.wrapping_add(1);
        self.hop_by_hop
    }

    /// Takes one thing in.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start => {
                self.wanted = true;
                if self.settings.initiates && self.state == State::Closed {
                    self.tc = None;
                    self.on(now, Event::Start, None);
                }
            }
            Input::Stop(cause) => {
                (self.wanted, self.tc) = (false, None);
                self.reason = Some(CloseReason::Stopped(cause));
                self.on(now, Event::Stop, None);
            }
            Input::Connected => self.on(now, Event::IRcvConnAck, None),
            Input::NotConnected => {
                self.connected[Side::Initiator as usize] = false;
                self.reason.get_or_insert(CloseReason::NotConnected);
                self.on(now, Event::IRcvConnNack, None);
            }
            Input::Accepted { header, capabilities } => self.accept(now, header, capabilities),
            Input::Received(side, message) => self.receive(now, side, message),
            Input::Disconnected(side) => {
                self.connected[side as usize] = false;
                self.reason.get_or_insert(CloseReason::Lost);
                self.on(now, Event::PeerDisc(side), None);
            }
            Input::Send(message) => self.on(now, Event::SendMessage, Some(message)),
        }
        // A reason that led nowhere is none for the next time.
        if !matches!(self.state, State::Closing) {
            self.reason = None;
        }
    }

    fn accept(&mut self, now: Instant, header: Header, capabilities: Capabilities) {
        if let Err(kind) = self.local.capabilities.check(&capabilities) {
            let answer = exchange::refuse_cer(&self.local, &header, &kind.into());
            return self.outputs.push_back(Output::Reject(answer));
        }
        if step(self.state, Event::RConnCer).actions.contains(Actions::ACCEPT) {
            (self.unanswered_cer, self.capabilities) = (Some(header), Some(capabilities));
        }
        self.on(now, Event::RConnCer, None);
    }

    fn receive(&mut self, now: Instant, side: Side, message: Message) {
        let is_ours = matches!(self.state, State::WaitICea | State::WaitReturns) && side == Side::Initiator;
        let heard = exchange::hear(&self.local, &self.settings, &message, is_ours);
        let kind = heard.kind();
        match heard {
            Heard::Cea(capabilities) => self.capabilities = Some(capabilities),
            Heard::Refused(reason) => self.reason = Some(reason),
            Heard::Cer(header, capabilities) if self.open_side == Some(side) && self.is_open() => {
                (self.unanswered_cer, self.capabilities) = (Some(header), Some(capabilities));
            }
            Heard::Dpr(cause) if self.is_open() => self.reason = Some(CloseReason::Disconnected(cause)),
            _ => {}
        }
        if self.is_open() && self.open_side == Some(side) {
            let event = match kind {
                state::Kind::Dwa => WatchEvent::ReceiveDwa,
                _ => WatchEvent::ReceiveNonDwa,
            };
            self.watch_out(now, event);
        }
        self.on(now, Event::Received(side, kind), Some(message));
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some((due, name)) = self.wait
            && due <= now
        {
            self.wait = None;
            self.reason.get_or_insert(CloseReason::Timeout(name));
            self.on(now, Event::Timeout, None);
        }
        if self.tc.is_some_and(|due| due <= now) {
            self.tc = None;
            self.on(now, Event::Start, None);
        }
        if self.tw.is_some_and(|due| due <= now) {
            self.tw = None;
            self.watch_out(now, WatchEvent::TimerExpires);
        }
    }

    /// What is next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Peer::handle_timeout`] is next due, and what for.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerName)> {
        let tc = self.tc.map(|due| (due, TimerName::Tc));
        let tw = self.tw.map(|due| (due, TimerName::Tw));
        [self.wait, tc, tw].into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    /// One event, and all that follows from it.
    fn on(&mut self, now: Instant, event: Event, message: Option<Message>) {
        let was = self.state;
        let step = step(was, event);
        self.state = step.next;
        if was != step.next {
            self.enter(now, step.next);
        }
        for action in step.actions.iter() {
            self.act(action, message.as_ref());
        }
        match (self.is_open(), self.said_open) {
            (true, false) => self.opened(now),
            (false, _) if self.state == State::Closed && was != State::Closed => self.closed(now),
            _ => {}
        }
        // After everything else: it is an event of its own (§5.6.4).
        if step.actions.contains(Actions::ELECT) && self.is_elected() {
            self.on(now, Event::WinElection, None);
        }
    }

    /// How long a state may last.
    fn enter(&mut self, now: Instant, state: State) {
        let name = match state {
            State::Closed | State::ROpen | State::IOpen => None,
            State::WaitConnAck | State::WaitConnAckElect => Some(TimerName::Connect),
            State::WaitICea | State::WaitReturns => Some(TimerName::CapabilitiesExchange),
            State::Closing => Some(TimerName::Disconnect),
        };
        self.wait = name.map(|name| (now + self.settings.timers.exchange, name));
        if let Some(side) = state.open_side() {
            self.open_side = Some(side);
        }
        if state == State::Closing {
            self.tw = None;
        }
    }

    fn act(&mut self, action: Actions, message: Option<&Message>) {
        match action {
            Actions::CONNECT => {
                self.connected[Side::Initiator as usize] = true;
                self.outputs.push_back(Output::Connect);
            }
            Actions::ACCEPT => {
                self.connected[Side::Responder as usize] = true;
                self.outputs.push_back(Output::Accept);
            }
            Actions::REJECT => self.outputs.push_back(Output::Reject(None)),
            Actions::SEND_CER => {
                let hop_by_hop = self.next_hop_by_hop();
                let cer = exchange::cer(&self.local, hop_by_hop);
                self.transmit(Side::Initiator, cer);
            }
            Actions::SEND_CEA => {
                let cea = self.unanswered_cer.take().and_then(|cer| exchange::cea(&self.local, &cer));
                self.transmit(self.open_side.unwrap_or(Side::Responder), cea);
            }
            Actions::DISCONNECT_INITIATOR => self.disconnect(Side::Initiator),
            Actions::DISCONNECT_RESPONDER => self.disconnect(Side::Responder),
            Actions::ERROR | Actions::CLEANUP => {
                Side::BOTH.into_iter().for_each(|side| self.disconnect(side))
            }
            Actions::SEND_MESSAGE => self.transmit_open(message.cloned()),
            Actions::PROCESS => self.outputs.extend(message.cloned().map(Output::Deliver)),
            Actions::SEND_DWA => {
                let answer = message.and_then(|dwr| exchange::dwa(&self.local, dwr));
                self.transmit_open(answer);
            }
            Actions::SEND_DPA => {
                let answer = message.and_then(|dpr| exchange::dpa(&self.local, dpr));
                self.transmit_open(answer);
            }
            Actions::SEND_DPR => {
                let cause = match self.reason {
                    Some(CloseReason::Stopped(cause)) => cause,
                    _ => DisconnectCause::Rebooting,
                };
                let hop_by_hop = self.next_hop_by_hop();
                let dpr = exchange::dpr(&self.local, cause, hop_by_hop);
                self.transmit_open(dpr);
            }
            // What they process was taken when it was heard; the election is held when all else is done.
            _ => {}
        }
    }

    fn transmit(&mut self, side: Side, message: Option<Message>) {
        self.outputs.extend(message.map(|message| Output::Transmit(side, message)));
    }

    fn transmit_open(&mut self, message: Option<Message>) {
        if let Some(side) = self.open_side {
            self.transmit(side, message);
        }
    }

    fn disconnect(&mut self, side: Side) {
        if std::mem::take(&mut self.connected[side as usize]) {
            self.outputs.push_back(Output::Disconnect(side));
        }
    }

    /// §5.6.4: "If the local Origin-Host lexicographically succeeds the received Origin-Host".
    fn is_elected(&self) -> bool {
        let theirs = self.capabilities.as_ref().map(|capabilities| &capabilities.origin.host);
        theirs.is_some_and(|theirs| self.local.capabilities.origin.host > *theirs)
    }

    fn opened(&mut self, now: Instant) {
        (self.said_open, self.tc) = (true, None);
        self.backoff.reset();
        self.outputs.push_back(Output::Opened);
        self.watch_out(now, WatchEvent::ConnectionUp);
    }

    fn closed(&mut self, now: Instant) {
        let reason = self.reason.take().unwrap_or(CloseReason::Lost);
        let was_open = std::mem::take(&mut self.said_open);
        (self.open_side, self.capabilities, self.unanswered_cer) = (None, None, None);
        if was_open {
            self.watch_out(now, WatchEvent::ConnectionDown);
        }
        let timers = self.settings.timers;
        let wait = match reason {
            _ if !self.wanted || !self.settings.initiates => None,
            CloseReason::Disconnected(DisconnectCause::DoNotWantToTalkToYou) => None,
            CloseReason::Disconnected(DisconnectCause::Busy) => Some(timers.busy),
            _ => Some(self.backoff.wait(&mut self.luck)),
        };
        // Both sides know of it: the next connection is as good as the first.
        if matches!(reason, CloseReason::Stopped(_) | CloseReason::Disconnected(_)) {
            self.watchdog.reset();
        }
        self.tc = wait.map(|wait| now + wait);
        self.outputs.push_back(Output::Closed { reason, was_open });
    }

    fn watch_out(&mut self, now: Instant, event: WatchEvent) {
        let actions = self.watchdog.handle(event);
        if actions.contains(WatchActions::SET_TIMER) {
            let timers = self.settings.timers;
            self.tw = Some(now + self.luck.around(timers.tw, PeerTimers::TW_JITTER));
        }
        if actions.contains(WatchActions::STOP_TIMER) {
            self.tw = None;
        }
        if actions.contains(WatchActions::SEND_WATCHDOG) {
            let hop_by_hop = self.next_hop_by_hop();
            let dwr = exchange::dwr(&self.local, hop_by_hop);
            self.transmit_open(dwr);
        }
        if actions.contains(WatchActions::FAILOVER) && self.watchdog.state == Watch::Suspect {
            self.outputs.push_back(Output::Suspect);
        }
        if actions.contains(WatchActions::FAILBACK) {
            self.outputs.push_back(Output::Okay);
        }
        if actions.contains(WatchActions::CLOSE_CONNECTION) {
            self.reason = Some(CloseReason::Watchdog);
            self.on(now, Event::Timeout, None);
        }
    }
}

#[cfg(test)]
mod tests;

//! A phone with sockets: UDP and TCP at one address, a socket for the media of each call.
//!
//! In: datagrams, connections, the clock, wishes. Out: events. It has no task of its own for signalling: it lives while
//! [`UePhone::next_event`] is awaited, and what comes meanwhile waits in the sockets. RTP goes on by itself.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::bounds::MAX_MESSAGE;
use sip::{Flow, Transport};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use transaction::{Time, TransactionId};

use super::audio::{Audio, MediaReport, MediaReports};
use super::connections::{Connections, FromConnection};
use crate::bounds::MAX_WAITING;
use crate::core::{CallId, Event, Output, Settings, SettingsError, Ue};

/// Ports that are tried until UDP and TCP have the same one, or a port for media is even (RFC 3550 §11).
const ATTEMPTS: usize = 32;

/// A phone cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Its settings are wrong.
    #[error("the phone's settings")]
    Settings(#[from] SettingsError),
    /// A socket cannot be had.
    #[error("cannot listen at {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no entropy for a seed.
    #[error("no entropy: {0}")]
    Entropy(getrandom::Error),
}

/// See the top of the file.
pub struct UePhone {
    ue: Ue,
    began: Instant,
    udp: UdpSocket,
    /// The same socket, for sending without waiting.
    sender: StdUdpSocket,
    listener: TcpListener,
    connections: Connections,
    from_connections: mpsc::Receiver<FromConnection>,
    media: Vec<Arc<UdpSocket>>,
    audio: BTreeMap<CallId, Audio>,
    reports: MediaReports,
    events: VecDeque<(Time, Event)>,
    buffer: Vec<u8>,
}

enum Woken {
    Datagram(usize, SocketAddr),
    Connection(FromConnection),
    Accepted(TcpStream, SocketAddr),
    Due,
    Nothing,
}

impl UePhone {
    /// Binds its sockets: port 0 of the settings becomes a free one, in [`UePhone::settings`] for all to see.
    ///
    /// # Errors
    /// Wrong settings, an address that cannot be had, no entropy.
    pub async fn bind(settings: Settings) -> Result<UePhone, PhoneError> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(PhoneError::Entropy)?;
        UePhone::bind_seeded(settings, seed).await
    }

    /// The same, with a seed of one's own: see [`Ue::new`].
    ///
    /// # Errors
    /// Wrong settings, an address that cannot be had.
    pub async fn bind_seeded(mut settings: Settings, seed: [u8; 16]) -> Result<UePhone, PhoneError> {
        let wanted = settings.local;
        let listen = |address| move |source| PhoneError::Listen { address, source };
        let (sender, listener) = signalling(wanted).await.map_err(listen(wanted))?;
        settings.local = sender.local_addr().map_err(listen(wanted))?;
        let udp = sender.try_clone().and_then(UdpSocket::from_std).map_err(listen(settings.local))?;
        let mut media = Vec::new();
        for address in &mut settings.media {
            let socket = media_socket(*address).await.map_err(listen(*address))?;
            *address = socket.local_addr().map_err(listen(*address))?;
            media.push(Arc::new(socket));
        }
        let (to_phone, from_connections) = mpsc::channel(MAX_WAITING);
        Ok(UePhone {
            ue: Ue::new(settings, seed)?,
            began: Instant::now(),
            udp,
            sender,
            listener,
            connections: Connections::new(to_phone),
            from_connections,
            media,
            audio: BTreeMap::new(),
            reports: MediaReports::default(),
            events: VecDeque::new(),
            buffer: vec![0; MAX_MESSAGE],
        })
    }

    /// The settings, with the ports that it listens at.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.ue.settings()
    }

    /// Time since it began: that of its events.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }

    /// Tells the core something: any method of [`Ue`] that takes the time. What it puts out is sent at once.
    pub fn wish<T>(&mut self, wish: impl FnOnce(&mut Ue, Time) -> T) -> T {
        let now = self.now();
        let result = wish(&mut self.ue, now);
        self.flush();
        result
    }

    /// The core, to look at.
    #[must_use]
    pub fn ue(&self) -> &Ue {
        &self.ue
    }

    /// What happens next, with its time. The phone lives while this is awaited; giving it up loses nothing.
    pub async fn next_event(&mut self) -> (Time, Event) {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let woken = self.wake().await;
            self.handle(woken);
        }
    }

    /// Waits for one thing. Nothing is taken out of a socket before it is the one that is returned.
    async fn wake(&mut self) -> Woken {
        let due = self.ue.poll_timeout().map(|at| self.began + (at - Time::ZERO));
        let due_at = due.unwrap_or(self.began);
        tokio::select! {
            received = self.udp.recv_from(&mut self.buffer) => match received {
                Ok((length, from)) => Woken::Datagram(length, from),
                // An ICMP error of something that was sent: the transaction's timers find out.
                Err(_) => Woken::Nothing,
            },
            Some(news) = self.from_connections.recv() => Woken::Connection(news),
            accepted = self.listener.accept() => match accepted {
                Ok((stream, from)) => Woken::Accepted(stream, from),
                Err(_) => Woken::Nothing,
            },
            () = sleep_until(due_at), if due.is_some() => Woken::Due,
        }
    }

    fn handle(&mut self, woken: Woken) {
        let now = self.now();
        match woken {
            Woken::Datagram(length, from) => {
                let flow = Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: from };
                self.ue.handle_received(now, flow, &self.buffer[..length]);
            }
            Woken::Connection(FromConnection::Message { flow, bytes }) => {
                self.ue.handle_received(now, flow, &bytes);
            }
            Woken::Connection(FromConnection::Closed { number }) => self.connections.forget(number),
            Woken::Connection(FromConnection::Undelivered { of }) => {
                self.ue.handle_transport_error(now, of);
            }
            Woken::Accepted(stream, from) => self.connections.accept(stream, from),
            Woken::Due => self.ue.handle_timeout(now),
            Woken::Nothing => {}
        }
        self.flush();
    }

    /// Does what the core puts out.
    fn flush(&mut self) {
        while let Some(output) = self.ue.poll_output() {
            match output {
                Output::Transmit { flow, bytes, of } => self.transmit(flow, bytes, of),
                Output::Event { at, event } => {
                    self.follow(&event);
                    self.events.push_back((at, event));
                }
            }
        }
    }

    fn transmit(&mut self, flow: Flow, bytes: Bytes, of: Option<TransactionId>) {
        let is_sent = match flow.transport {
            Transport::Udp => match self.sender.send_to(&bytes, flow.remote) {
                Ok(_) => true,
                // As if the network had lost it.
                Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused),
            },
            _ => self.connections.send(flow, bytes, of),
        };
        if let (false, Some(of)) = (is_sent, of) {
            let now = self.now();
            self.ue.handle_transport_error(now, of);
        }
    }

    /// Media begin, change and end with what the core tells.
    fn follow(&mut self, event: &Event) {
        match event {
            Event::Media { call, media } => {
                if let Some(audio) = self.audio.get(call) {
                    return audio.change(*media);
                }
                let is_its =
                    |socket: &&Arc<UdpSocket>| socket.local_addr().is_ok_and(|own| own == media.local);
                if let Some(socket) = self.media.iter().find(is_its) {
                    self.audio.insert(*call, Audio::start(*call, Arc::clone(socket), *media, self.began));
                }
            }
            Event::Ended { call, .. } => {
                if let Some(audio) = self.audio.remove(call) {
                    self.reports.add(audio.report());
                }
            }
            _ => {}
        }
    }

    /// What was sent and heard in calls, those that are over first.
    #[must_use]
    pub fn media_reports(&self) -> Vec<MediaReport> {
        self.reports.iter().copied().chain(self.audio.values().map(Audio::report)).collect()
    }

    /// What was sent and heard in one call.
    #[must_use]
    pub fn media_report(&self, call: CallId) -> Option<MediaReport> {
        self.media_reports().into_iter().find(|report| report.call == call)
    }
}

/// UDP and TCP at one port.
async fn signalling(wanted: SocketAddr) -> std::io::Result<(StdUdpSocket, TcpListener)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let udp = StdUdpSocket::bind(wanted)?;
        udp.set_nonblocking(true)?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(listener) => return Ok((udp, listener)),
            // The port that UDP was given may be somebody's over TCP.
            Err(_) if wanted.port() == 0 && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

async fn media_socket(wanted: SocketAddr) -> std::io::Result<UdpSocket> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let socket = UdpSocket::bind(wanted).await?;
        if wanted.port() != 0 || socket.local_addr()?.port() % 2 == 0 || attempt == ATTEMPTS {
            return Ok(socket);
        }
    }
}

/// How long an attempt to connect may take.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

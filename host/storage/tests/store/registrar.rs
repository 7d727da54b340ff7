//! A registrar with a clock that can be turned, for the tests of the standards.

use sip::{Flow, Message, Transport};
use strowger_storage::{Binding, Limits, Options, Refusal, Registration, Registrations, StagedChange, Store};

pub(crate) const NOW: u64 = 2_000_000_000_000;
pub(crate) const AOR: &str = "sip:bob@biloxi.com";

pub(crate) struct Registrar {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) now_ms: u64,
    pub(crate) flow: Flow,
}

impl Registrar {
    pub(crate) fn new() -> Registrar {
        Registrar::over(Store::in_memory(&Options::default()))
    }

    pub(crate) fn over(store: Store) -> Registrar {
        let limits = Limits { min_expires: 60, max_expires: 7200, default_expires: 3600, max_bindings: 3 };
        Registrar { store, limits, now_ms: NOW, flow: udp("192.0.2.4:5060") }
    }

    pub(crate) fn registrations(&self) -> &Registrations {
        self.store.registrations()
    }

    pub(crate) fn stage(&self, register: &Message) -> Result<(Registration, Option<StagedChange>), Refusal> {
        self.registrations().register(register.head(), AOR, &self.limits, self.flow, self.now_ms)
    }

    /// Registers and waits until it is durable.
    pub(crate) fn register(&self, register: &Message) -> Result<Registration, Refusal> {
        let (registration, change) = self.stage(register)?;
        if let Some(change) = change {
            let (done, outcome) = std::sync::mpsc::channel();
            self.registrations().commit(change, Box::new(move |it| done.send(it).expect("somebody waits")));
            outcome.recv().expect("told once").expect("durable");
        }
        Ok(registration)
    }

    pub(crate) fn lookup(&self) -> Vec<Binding> {
        self.registrations().lookup(AOR, self.now_ms)
    }

    /// URI and seconds left of every binding, highest q first.
    pub(crate) fn bound(&self) -> Vec<(String, u32)> {
        self.lookup().iter().map(|b| (b.uri.to_string(), b.seconds_left(self.now_ms))).collect()
    }

    pub(crate) fn uris(&self) -> Vec<String> {
        self.bound().into_iter().map(|(uri, _)| uri).collect()
    }
}

pub(crate) fn udp(remote: &str) -> Flow {
    Flow {
        transport: Transport::Udp,
        listener: 0,
        connection: 0,
        remote: remote.parse().expect("an address"),
    }
}

pub(crate) fn connection(transport: Transport, connection: u64) -> Flow {
    Flow { transport, listener: 1, connection, remote: "192.0.2.4:40000".parse().expect("an address") }
}

/// A REGISTER of bob with these header lines.
pub(crate) fn register(call_id: &str, cseq: u32, lines: &[&str]) -> Message {
    let mut text = format!(
        "REGISTER sip:biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\n\
         From: <sip:bob@biloxi.com>;tag=1\r\nTo: <sip:bob@biloxi.com>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n"
    );
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Message::parse_datagram(text.as_bytes()).expect("a message")
}

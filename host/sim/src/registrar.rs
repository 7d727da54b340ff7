//! Bindings in memory: the location service of the simulated world (RFC 3261 §10.3 items 6 to 8).
//!
//! In: a REGISTER, where it came from, the wall clock. Out: the bindings then, as a value that is put into place when
//! the script's decision is. A plain second reading of the same section as `strowger-storage`, without disk.

use std::collections::BTreeMap;

use plugin::{Binding, Refusal, Registration, RegistrationLimits};
use sip::{Contact, Flow, Head, HeaderId, Transport};

use crate::scenario::DOMAIN;

/// One contact.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) uri: String,
    pub(crate) q: Option<u16>,
    pub(crate) expires_at_ms: u64,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    path: Vec<String>,
    flow: Flow,
}

/// The bindings of an address-of-record after a REGISTER.
#[derive(Debug)]
pub(crate) struct Change {
    address_of_record: String,
    bindings: Vec<Bound>,
}

/// All bindings.
#[derive(Debug, Default)]
pub(crate) struct Registrar(BTreeMap<String, Vec<Bound>>);

impl Registrar {
    /// What a REGISTER leads to; no change where it only asks.
    pub(crate) fn register(
        &self,
        head: Head<'_>,
        address_of_record: &str,
        limits: &RegistrationLimits,
        flow: Flow,
        now_ms: u64,
    ) -> Result<(Registration, Option<Change>), Refusal> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let call_id = text(head.call_id().map_err(|_| Refusal::Malformed)?);
        let cseq = head.cseq().map_err(|_| Refusal::Malformed)?.number;
        let expires = head.expires().map_err(|_| Refusal::Malformed)?;
        let path: Vec<String> = head.values(HeaderId::PATH).map(|value| text(value.bytes)).collect();
        let mut bindings: Vec<Bound> = self.current(address_of_record, now_ms).cloned().collect();
        let mut asked = false;
        for contact in head.contacts() {
            asked = true;
            let contact = match contact.map_err(|_| Refusal::Malformed)? {
                Contact::Star if expires == Some(0) => {
                    bindings.clear();
                    continue;
                }
                Contact::Star => return Err(Refusal::Malformed),
                Contact::Address(contact) => contact,
            };
            let uri = text(contact.uri_bytes);
            let place = bindings.iter().position(|bound| bound.uri == uri);
            if place.is_some_and(|place| bindings[place].call_id == call_id && bindings[place].cseq >= cseq) {
                return Err(Refusal::OutOfOrder);
            }
            let wish = contact.expires().or(expires).unwrap_or(limits.default_expires);
            let granted = match wish {
                0 => {
                    place.map(|place| bindings.remove(place));
                    continue;
                }
                wish if wish < limits.min_expires => return Err(Refusal::TooBrief(limits.min_expires)),
                wish => wish.min(limits.max_expires),
            };
            let bound = Bound {
                uri,
                q: contact.q(),
                expires_at_ms: now_ms + u64::from(granted) * 1000,
                call_id: call_id.clone(),
                cseq,
                path: path.clone(),
                flow,
            };
            match place {
                Some(place) => bindings[place] = bound,
                None => bindings.push(bound),
            }
        }
        if bindings.len() > limits.max_bindings as usize {
            return Err(Refusal::TooMany);
        }
        let contacts = bindings.iter().map(|bound| bound.contact(now_ms)).collect();
        let change = asked.then(|| Change { address_of_record: address_of_record.into(), bindings });
        Ok((Registration { contacts, outbound: false }, change))
    }

    /// Whether nobody has ever registered, or all have ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }

    /// The bindings of an address-of-record.
    pub(crate) fn bindings(&self, address_of_record: &str, now_ms: u64) -> Vec<Bound> {
        self.current(address_of_record, now_ms).cloned().collect()
    }

    /// Takes out what has ended, with whose it was.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<(String, Vec<Bound>)> {
        let mut ended = Vec::new();
        for (address_of_record, bindings) in &mut self.0 {
            let (over, left): (Vec<Bound>, Vec<Bound>) =
                bindings.drain(..).partition(|bound| bound.expires_at_ms <= now_ms);
            *bindings = left;
            if !over.is_empty() {
                ended.push((address_of_record.clone(), over));
            }
        }
        self.0.retain(|_, bindings| !bindings.is_empty());
        ended
    }

    /// Puts a change into place.
    pub(crate) fn commit(&mut self, change: Change) {
        self.0.insert(change.address_of_record, change.bindings);
    }

    /// Binds without asking, for benches.
    pub(crate) fn bind(&mut self, address_of_record: &str, uri: &str, flow: Flow, expires_at_ms: u64) {
        let bound = Bound {
            uri: uri.into(),
            q: None,
            expires_at_ms,
            call_id: String::new(),
            cseq: 0,
            path: Vec::new(),
            flow,
        };
        self.0.entry(address_of_record.into()).or_default().push(bound);
    }

    /// The removal of all bindings.
    pub(crate) fn remove(&self, address_of_record: &str, now_ms: u64) -> (u32, Option<Change>) {
        let count = self.current(address_of_record, now_ms).count() as u32;
        let change = Change { address_of_record: address_of_record.into(), bindings: Vec::new() };
        (count, (count > 0).then_some(change))
    }

    pub(crate) fn is_registered(&self, address_of_record: &str, now_ms: u64) -> bool {
        self.current(address_of_record, now_ms).next().is_some()
    }

    /// From the same connection, or for datagrams the same address.
    pub(crate) fn is_registered_here(&self, address_of_record: &str, flow: Flow, now_ms: u64) -> bool {
        self.current(address_of_record, now_ms).any(|bound| {
            bound.flow.transport == flow.transport
                && bound.flow.connection == flow.connection
                && bound.flow.remote.ip() == flow.remote.ip()
        })
    }

    pub(crate) fn lookup(&self, address_of_record: &str, now_ms: u64) -> Vec<Binding> {
        let mut found: Vec<Binding> = self
            .current(address_of_record, now_ms)
            .map(|bound| Binding {
                uri: bound.uri.clone(),
                q: bound.q.unwrap_or(1000),
                expires: bound.seconds_left(now_ms),
                path: bound.path.clone(),
                parameters: String::new(),
            })
            .collect();
        found.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        found
    }

    /// The target set (§16.5). Behind a Path it is reached by that (RFC 3327 §5.3); else a phone by its own connection:
    /// over a WebSocket only so (RFC 7118 §5), otherwise by its Contact once that is gone.
    pub(crate) fn targets(&self, address_of_record: &str, now_ms: u64, into: &mut Vec<node::Target>) {
        let targets = self.current(address_of_record, now_ms).map(|bound| node::Target {
            uri: bound.uri.as_str().into(),
            route: bound.path.iter().map(|path| path.as_str().into()).collect(),
            q: bound.q.unwrap_or(1000),
            flow: bound.is_flow().then_some(bound.flow),
            flow_only: bound.flow.transport == Transport::Ws && bound.path.is_empty(),
            next_hop: None,
            timers: None,
        });
        into.extend(targets);
        into.sort_by_key(|target| std::cmp::Reverse(target.q));
    }

    fn current(&self, address_of_record: &str, now_ms: u64) -> impl Iterator<Item = &Bound> {
        self.0.get(address_of_record).into_iter().flatten().filter(move |bound| bound.expires_at_ms > now_ms)
    }
}

impl Bound {
    /// Reached by the connection that it registered on.
    fn is_flow(&self) -> bool {
        self.flow.connection != 0 && self.path.is_empty() && !self.uri.contains(DOMAIN)
    }

    pub(crate) fn seconds_left(&self, now_ms: u64) -> u32 {
        self.expires_at_ms.saturating_sub(now_ms).div_ceil(1000) as u32
    }

    fn contact(&self, now_ms: u64) -> String {
        let q = self.q.map(|q| format!(";q={}.{:03}", q / 1000, q % 1000)).unwrap_or_default();
        format!("<{}>{q};expires={}", self.uri, self.seconds_left(now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RegistrationLimits =
        RegistrationLimits { min_expires: 10, max_expires: 100, default_expires: 50, max_bindings: 2 };
    const AOR: &str = "sip:u1@example.test";

    fn flow() -> Flow {
        Flow {
            transport: Transport::Udp,
            listener: 0,
            connection: 0,
            remote: "192.0.2.10:5060".parse().unwrap(),
        }
    }

    fn register(
        registrar: &mut Registrar,
        cseq: u32,
        more: &str,
        now_ms: u64,
    ) -> Result<Vec<String>, Refusal> {
        let text = format!(
            "REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK{cseq}\r\n\
             From: <{AOR}>;tag=1\r\nTo: <{AOR}>\r\nCall-ID: c\r\nCSeq: {cseq} REGISTER\r\n{more}\r\n"
        );
        let message = sip::Message::parse_datagram(text.as_bytes()).unwrap();
        let (registration, change) = registrar.register(message.head(), AOR, &LIMITS, flow(), now_ms)?;
        change.into_iter().for_each(|change| registrar.commit(change));
        Ok(registration.contacts)
    }

    #[test]
    fn bindings_come_stay_and_go() {
        let mut registrar = Registrar::default();
        let contacts =
            register(&mut registrar, 1, "Contact: <sip:a>;q=0.5, <sip:b>;expires=20\r\n", 0).unwrap();
        assert_eq!(contacts, ["<sip:a>;q=0.500;expires=50", "<sip:b>;expires=20"]);
        let uris = |registrar: &Registrar, now_ms| {
            let found = registrar.lookup(AOR, now_ms);
            found.into_iter().map(|binding| binding.uri).collect::<Vec<_>>()
        };
        assert_eq!(uris(&registrar, 0), ["sip:b", "sip:a"], "highest q first");
        assert_eq!(uris(&registrar, 20_000), ["sip:a"]);
        assert!(registrar.is_registered_here(AOR, flow(), 49_999));
        assert!(!registrar.is_registered(AOR, 50_000));
        register(&mut registrar, 2, "Contact: <sip:a>;expires=0\r\n", 0).unwrap();
        assert_eq!(uris(&registrar, 0), ["sip:b"]);
        register(&mut registrar, 3, "Contact: *\r\nExpires: 0\r\n", 0).unwrap();
        assert!(uris(&registrar, 0).is_empty());
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 5, "Contact: <sip:a>\r\n", 0).unwrap();
        let refused = |registrar: &mut Registrar, cseq, more| register(registrar, cseq, more, 0).unwrap_err();
        assert_eq!(refused(&mut registrar, 5, "Contact: <sip:a>;expires=0\r\n"), Refusal::OutOfOrder);
        assert_eq!(refused(&mut registrar, 6, "Contact: <sip:c>;expires=5\r\n"), Refusal::TooBrief(10));
        assert_eq!(refused(&mut registrar, 6, "Contact: <sip:b>, <sip:c>\r\n"), Refusal::TooMany);
        assert_eq!(refused(&mut registrar, 6, "Contact: *\r\n"), Refusal::Malformed);
        assert_eq!(registrar.lookup(AOR, 0).len(), 1);
    }
}

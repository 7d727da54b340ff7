//! Responses retrace their Vias (RFC 3261 §16.7 item 3, §18.2.2; RFC 3581 §4).
//!
//! In: requests that a node receives, responses that it sends. Out: a response whose Vias are not those of its request,
//! or that goes elsewhere than the top one says: back on the connection, or, where that is gone, by a new one to the
//! port of the sent-by; for datagrams to `received` and `rport`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sip::{Flow, HeaderId, Message, Transport};

use super::{Seen, Upstream};

#[derive(Default)]
pub(super) struct Vias(BTreeMap<Upstream, (Vec<Vec<u8>>, Flow)>);

impl Vias {
    pub(super) fn received(&mut self, seen: &Seen<'_>) {
        if let Some(upstream) = seen.upstream(0) {
            self.0.insert(upstream, (values(seen.message), seen.flow));
        }
    }

    pub(super) fn sent(&self, seen: &Seen<'_>) -> Option<String> {
        let what = || seen.what("sent");
        let Some(request) = seen.upstream(0).and_then(|upstream| self.0.get(&upstream)) else {
            return Some(format!("{}, a request that it had not received", what()));
        };
        let (vias, flow) = request;
        if values(seen.message) != *vias {
            return Some(format!("{} with other Vias than the request had", what()));
        }
        let Flow { transport, connection, .. } = seen.flow;
        let expected = match flow.transport {
            Transport::Udp => address(seen.message, true),
            Transport::Tcp | Transport::Tls if connection != flow.connection => address(seen.message, false),
            _ => Some(flow.remote),
        };
        let may_differ = matches!(flow.transport, Transport::Tcp | Transport::Tls);
        let by_its_way = transport == flow.transport && (connection == flow.connection || may_differ);
        (expected != Some(seen.flow.remote) || !by_its_way)
            .then(|| format!("{} to {} instead of {expected:?}", what(), seen.flow.remote))
    }
}

fn values(message: &Message) -> Vec<Vec<u8>> {
    message.values(HeaderId::VIA).map(|value| value.bytes.to_vec()).collect()
}

/// Where the top Via says that the response goes: to the port that it came from, if the client asked for that and it is
/// `by_rport`, else to that of the sent-by.
fn address(response: &Message, by_rport: bool) -> Option<SocketAddr> {
    let via = response.head().via().ok()?;
    let ip = via.received().or_else(|| via.host.ip())?;
    let rport = via.rport().flatten().filter(|_| by_rport);
    Some(SocketAddr::new(ip, rport.or(via.port).unwrap_or(5060)))
}

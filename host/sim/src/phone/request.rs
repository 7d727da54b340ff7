//! A phone's requests as values, until they are printed (RFC 3261 §8.1.1).
//!
//! In: header field values. Out: bytes, with the Via of one transaction. Printed by hand and not by the code under
//! test.

/// A request without its Via.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) uri: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) call_id: String,
    pub(super) cseq: u32,
    pub(super) routes: Vec<String>,
    pub(super) max_forwards: u8,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The whole message.
    pub(super) fn print(&self, via: &str) -> Vec<u8> {
        let Self { method, uri, from, to, call_id, cseq, max_forwards, .. } = self;
        let mut text = format!("{method} {uri} SIP/2.0\r\nVia: {via}\r\n");
        for route in &self.routes {
            text.push_str(&format!("Route: {route}\r\n"));
        }
        text.push_str(&format!(
            "Max-Forwards: {max_forwards}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        ));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sets a header field, in place of one of this name.
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
    }

    /// The value of a header field.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The same request to its server for another purpose: CANCEL, or the ACK of a failure (§9.1, §17.1.1.3).
    pub(super) fn of_same_hop(&self, method: &'static str, to: &str) -> Self {
        Self { method, to: to.into(), headers: Vec::new(), body: Vec::new(), ..self.clone() }
    }
}

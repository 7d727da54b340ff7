//! An application server that is a back-to-back user agent (RFC 7092 §3.1.3, "signalling only"): a call that comes by it is
//! two, with Call-IDs, tags, Contacts and Record-Routes of their own.
//!
//! ```text
//!   caller's side: Call-ID c, tag t  ──▶  here  ──▶  callee's side: Call-ID b2b-c, tag b2b-t
//!   ◀── Vias, Record-Routes and names as they came ◀── responses, found by the branch
//!   requests inside: to the Contact of the other side, along its route set
//! ```
//! In: messages as lines. Out: messages as lines, each with where it goes. What is sent again is made again alike, or
//! answered as before, so that this is no transaction layer; the ACK of a failure is made here, and the other side's ends here.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::server::{Lines, address};

/// What names of the callee's side begin with.
pub(crate) const PREFIX: &str = "b2b-";

/// A request that went on: what its responses need to come back.
struct Passed {
    vias: Vec<String>,
    from: String,
    to: String,
    call_id: String,
    recorded: Vec<String>,
    /// As it was sent.
    sent: Lines,
    /// Where.
    next: SocketAddr,
}

/// One side of a dialog: where requests to it go.
#[derive(Clone)]
struct Side {
    target: String,
    routes: Vec<String>,
}

/// The user agents of one application server.
pub(crate) struct Agents {
    own: SocketAddr,
    passed: BTreeMap<String, Passed>,
    /// By branch: the final response that a request has had.
    finals: BTreeMap<String, Sent>,
    /// By Call-ID of the caller's side.
    callers: BTreeMap<String, Side>,
    /// By Call-ID of the callee's side and the callee's tag.
    callees: BTreeMap<(String, String), Side>,
}

/// What is sent.
pub(crate) type Sent = (SocketAddr, Vec<u8>);

impl Agents {
    pub(crate) fn new(own: SocketAddr) -> Agents {
        Agents {
            own,
            passed: BTreeMap::new(),
            finals: BTreeMap::new(),
            callers: BTreeMap::new(),
            callees: BTreeMap::new(),
        }
    }

    /// Takes a message.
    pub(crate) fn take(&mut self, lines: Lines) -> Vec<Sent> {
        let taken = match lines.start.starts_with("SIP/2.0 ") {
            true => self.response(lines),
            false => self.request(lines),
        };
        taken.unwrap_or_default()
    }

    fn request(&mut self, lines: Lines) -> Option<Vec<Sent>> {
        let method = lines.method().to_owned();
        let branch = self.branch(&lines)?;
        let is_inside = lines.one("To")?.contains(";tag=");
        match method.as_str() {
            "CANCEL" => {
                let passed = self.passed.get(&branch)?;
                let (mut cancel, to) = (passed.sent.bare("CANCEL"), passed.next);
                cancel.set("Max-Forwards", vec!["70".into()]);
                let answer = lines.reply(200);
                return Some(vec![(lines.upstream()?, answer), (to, cancel.write())]);
            }
            // Of a failure: it was made here when that passed.
            "ACK" if self.passed.contains_key(&branch) => return None,
            "ACK" => {}
            // What had its answer is not sent on again.
            _ => {
                if let Some(last) = self.finals.get(&branch) {
                    return Some(vec![last.clone()]);
                }
            }
        }
        let call_id = lines.one("Call-ID")?;
        // A server may be passed twice: what names the prefixed tag as its callee's comes from the callee's side.
        let is_back = call_id.starts_with(PREFIX) && tag(&lines.one("To")?).starts_with(PREFIX);
        let (mut sent, next) = match (is_inside, is_back) {
            (false, _) => self.onward(&lines)?,
            (true, false) => {
                let other = [PREFIX, &call_id].concat();
                let callee = self.callees.get(&(other, tag(&lines.one("To")?)))?.clone();
                let mut sent = renamed(&lines, "From", true)?;
                (sent.redirect(&callee.target, &callee.routes), next_of(&callee)?)
            }
            (true, true) => {
                let caller = self.callers.get(&call_id[PREFIX.len()..])?.clone();
                let mut sent = renamed(&lines, "To", false)?;
                (sent.redirect(&caller.target, &caller.routes), next_of(&caller)?)
            }
        };
        sent.set("Via", vec![format!("SIP/2.0/UDP {};branch={branch}", self.own)]);
        let recorded = lines.values("Record-Route");
        sent.remove("Record-Route");
        if !sent.values("Contact").is_empty() {
            sent.set("Contact", vec![format!("<sip:b2b@{}>", self.own)]);
        }
        let hops: u32 = lines.one("Max-Forwards")?.parse().ok()?;
        sent.set("Max-Forwards", vec![hops.checked_sub(1)?.to_string()]);
        let bytes = sent.write();
        if method != "ACK" {
            let passed = Passed {
                vias: lines.values("Via"),
                from: lines.one("From")?,
                to: lines.one("To")?,
                call_id,
                recorded,
                sent,
                next,
            };
            self.passed.insert(branch, passed);
        }
        Some(vec![(next, bytes)])
    }

    /// A call that begins: what the callee's side is to see.
    fn onward(&mut self, lines: &Lines) -> Option<(Lines, SocketAddr)> {
        let mut sent = renamed(lines, "From", true)?;
        let mut routes = sent.values("Route");
        if routes.first().and_then(|route| address(route)) == Some(self.own) {
            routes.remove(0);
        }
        let next = routes.first().and_then(|route| address(route))?;
        sent.set("Route", routes);
        if let Some(contact) = lines.one("Contact") {
            let side = Side { target: uri(&contact), routes: lines.values("Record-Route") };
            self.callers.insert(lines.one("Call-ID")?, side);
        }
        Some((sent, next))
    }

    fn response(&mut self, mut lines: Lines) -> Option<Vec<Sent>> {
        let via = lines.one("Via")?;
        let branch = via.split(';').find_map(|param| param.trim().strip_prefix("branch="))?.to_owned();
        let passed = self.passed.get(&branch)?;
        let mut out = Vec::new();
        let is_cancel = lines.one("CSeq")?.ends_with(" CANCEL");
        if is_cancel {
            return None;
        }
        let status: u16 = lines.start.split(' ').nth(1)?.parse().ok()?;
        let (to, is_invite) = (lines.one("To")?, passed.sent.method() == "INVITE");
        let is_inside = passed.to.contains(";tag=");
        if is_invite && (101..300).contains(&status) && !is_inside && to.contains(";tag=") {
            let mut routes = lines.values("Record-Route");
            routes.reverse();
            if let Some(contact) = lines.one("Contact") {
                let key = (passed.sent.one("Call-ID")?, tag(&to));
                self.callees.insert(key, Side { target: uri(&contact), routes });
            }
        }
        if is_invite && status >= 300 {
            let mut ack = passed.sent.bare("ACK");
            ack.set("To", vec![to.clone()]);
            ack.set("Max-Forwards", vec!["70".into()]);
            out.push((passed.next, ack.write()));
        }
        lines.set("Via", passed.vias.clone());
        lines.set("From", vec![passed.from.clone()]);
        lines.set("Call-ID", vec![passed.call_id.clone()]);
        // Inside a dialog the other side's tag is in From or To already.
        if is_inside {
            lines.set("To", vec![passed.to.clone()]);
        }
        lines.remove("Record-Route");
        if !passed.recorded.is_empty() {
            lines.set("Record-Route", passed.recorded.clone());
        }
        if lines.one("Contact").is_some() && status < 300 {
            lines.set("Contact", vec![format!("<sip:b2b@{}>", self.own)]);
        }
        let answer = (lines.upstream()?, lines.write());
        if status >= 200 {
            self.finals.insert(branch, answer.clone());
        }
        out.push(answer);
        Some(out)
    }

    /// The branch under which what came by this one goes on.
    fn branch(&self, lines: &Lines) -> Option<String> {
        let via = lines.one("Via")?;
        let branch = via.split(';').find_map(|param| param.trim().strip_prefix("branch="))?.to_owned();
        // An ACK to a 2xx has a branch of its own, so all that share one are of one transaction.
        Some(format!("{branch}b2b"))
    }
}

/// The same with the names of the other side: prefixed, or without the prefix.
fn renamed(lines: &Lines, whose_tag: &str, onward: bool) -> Option<Lines> {
    let mut other = lines.clone();
    let (call_id, party) = (lines.one("Call-ID")?, lines.one(whose_tag)?);
    let (call_id, party) = match onward {
        true => ([PREFIX, &call_id].concat(), party.replacen(";tag=", &[";tag=", PREFIX].concat(), 1)),
        false => (
            call_id.strip_prefix(PREFIX)?.to_owned(),
            party.replacen(&[";tag=", PREFIX].concat(), ";tag=", 1),
        ),
    };
    other.set("Call-ID", vec![call_id]);
    other.set(whose_tag, vec![party]);
    Some(other)
}

fn next_of(side: &Side) -> Option<SocketAddr> {
    side.routes.first().and_then(|route| address(route)).or_else(|| address(&side.target))
}

fn tag(party: &str) -> String {
    party.split(";tag=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default().into()
}

/// The URI in a Contact.
fn uri(contact: &str) -> String {
    match contact.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        Some((uri, _)) => uri.to_owned(),
        None => contact.split(';').next().unwrap_or_default().to_owned(),
    }
}

//! Application servers of the simulated IMS: stateless proxies of a few lines (RFC 3261 §16.11) that misbehave as the story
//! says. They work on text, so that a mistake in the code under test does not meet the same mistake here.
//!
//! ```text
//!   request ─▶ Via of ours on top, our Route gone, one hop less ─▶ where the next Route points: the S-CSCF, with its ODI
//!   response ─▶ our Via gone ─▶ where the next one points
//! ```
//! In: a message. Out: [`Sent`]: what is sent where, after how long.

use std::net::SocketAddr;
use std::time::Duration;

use super::home::{ELEMENTS, element_address};
use super::story::Server;
use crate::random::Random;

/// What an application server sends.
pub(crate) struct Sent {
    pub(crate) after: Duration,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    /// It goes back by an ODI that the server made itself: the branch of its Via.
    pub(crate) forged: Option<String>,
}

/// A message as lines.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(crate) start: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Lines {
    /// The method of a request.
    pub(crate) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// A REGISTER, or an answer to one.
    pub(crate) fn is_of_a_register(&self) -> bool {
        self.one("CSeq").is_some_and(|cseq| cseq.ends_with(" REGISTER"))
    }

    /// The first value of a header field.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    /// Where the topmost Via points.
    pub(crate) fn upstream(&self) -> Option<SocketAddr> {
        self.one("Via")?.split([' ', ';']).nth(1)?.parse().ok()
    }

    /// The same request, of which this is a CANCEL or the ACK of a failure (RFC 3261 §9.1, §17.1.1.3).
    pub(crate) fn bare(&self, method: &str) -> Lines {
        let kept = ["Via", "From", "To", "Call-ID", "CSeq", "Route"];
        let mut bare = self.clone();
        bare.start = self.start.replacen(self.method(), method, 1);
        bare.headers.retain(|(name, _)| kept.iter().any(|own| own.eq_ignore_ascii_case(name)));
        let number = self.one("CSeq").unwrap_or_default();
        let number = number.split(' ').next().unwrap_or_default();
        bare.set("CSeq", vec![format!("{number} {method}")]);
        bare.headers.push(("Content-Length".into(), "0".into()));
        bare.body.clear();
        bare
    }

    /// The same request to another target by another route.
    pub(crate) fn redirect(&mut self, target: &str, routes: &[String]) -> Lines {
        self.start = format!("{} {target} SIP/2.0", self.method());
        self.set("Route", routes.to_vec());
        self.clone()
    }

    /// A final response without a body.
    pub(crate) fn reply(&self, status: u16) -> Vec<u8> {
        reply(self, status)
    }

    pub(crate) fn of(bytes: &[u8]) -> Option<Lines> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        });
        Some(Lines { start, headers: headers.collect(), body: body.to_owned() })
    }

    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let own = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        own.flat_map(|(_, value)| split(value)).collect()
    }

    pub(crate) fn remove(&mut self, name: &str) -> usize {
        let place = self.headers.iter().position(|(own, _)| own.eq_ignore_ascii_case(name));
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        place.unwrap_or(0)
    }

    pub(crate) fn set(&mut self, name: &str, values: Vec<String>) {
        let place = self.remove(name);
        for value in values.into_iter().rev() {
            self.headers.insert(place, (name.into(), value));
        }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{}\r\n{headers}\r\n{}", self.start, self.body).into_bytes()
    }
}

/// Values with commas between them, outside of brackets and quotes.
fn split(value: &str) -> Vec<String> {
    let (mut values, mut one, mut depth, mut is_quoted) = (Vec::new(), String::new(), 0_u32, false);
    for letter in value.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '<' if !is_quoted => depth += 1,
            '>' if !is_quoted => depth = depth.saturating_sub(1),
            ',' if !is_quoted && depth == 0 => {
                values.push(std::mem::take(&mut one).trim().to_owned());
                continue;
            }
            _ => {}
        }
        one.push(letter);
    }
    values.push(one.trim().to_owned());
    values
}

/// The address in a Route or Request-URI.
pub(crate) fn address(route: &str) -> Option<SocketAddr> {
    let uri = route.split_once("sip:")?.1;
    let uri = uri.split(['>', ';', '?']).next()?;
    uri.rsplit('@').next()?.parse().ok()
}

/// What a server does about a message.
pub(crate) fn serve(number: usize, server: Server, bytes: &[u8], random: &mut Random) -> Vec<Sent> {
    let Some(lines) = Lines::of(bytes) else { return Vec::new() };
    let sent = if lines.start.starts_with("SIP/2.0 ") {
        respond(lines)
    } else {
        request(number, server, lines, random)
    };
    sent.into_iter().collect()
}

/// A response goes on upstream.
fn respond(mut lines: Lines) -> Option<Sent> {
    let mut vias = lines.values("Via");
    vias.remove(0);
    let to = vias.first()?.split([' ', ';']).nth(1)?.parse().ok()?;
    lines.set("Via", vias);
    Some(Sent { after: Duration::ZERO, to, bytes: lines.write(), forged: None })
}

fn request(number: usize, server: Server, lines: Lines, random: &mut Random) -> Option<Sent> {
    let method = lines.method().to_owned();
    let answer = |status: u16| {
        let to = lines.upstream()?;
        Some(Sent { after: Duration::ZERO, to, bytes: reply(&lines, status), forged: None })
    };
    match (method.as_str(), server) {
        (_, Server::Silent) => None,
        ("REGISTER", Server::Refuses(status)) => answer(status),
        ("REGISTER", _) => answer(200),
        ("ACK", Server::Refuses(_)) => None,
        ("CANCEL", Server::Refuses(_)) => answer(200),
        (_, Server::Refuses(status)) => answer(status),
        // REGISTERs alone come here of these.
        (_, Server::B2bua) => None,
        (_, Server::Transparent) => pass(number, lines, None, Duration::ZERO),
        // Longer than anybody waits, and shorter than a transaction lasts. All of one call alike: nothing is overtaken.
        (_, Server::Late) => pass(number, lines, None, Duration::from_secs(6)),
        (_, Server::Forges) => {
            let forged = random.number();
            pass(number, lines, Some(format!("AQAAAAA{forged:016x}")), Duration::ZERO)
        }
    }
}

/// The request goes on. `odi`: in the place of the S-CSCF's own.
fn pass(number: usize, mut lines: Lines, odi: Option<String>, after: Duration) -> Option<Sent> {
    let own = element_address(ELEMENTS + number);
    let mut vias = lines.values("Via");
    let branch = vias.first()?.split(';').find_map(|param| param.trim().strip_prefix("branch="))?.to_owned();
    let branch = format!("{branch}as{number}");
    vias.insert(0, format!("SIP/2.0/UDP {own};branch={branch}"));
    lines.set("Via", vias);
    let mut routes = lines.values("Route");
    if routes.first().and_then(|route| address(route)) == Some(own) {
        routes.remove(0);
    }
    if let (Some(odi), Some(first)) = (&odi, routes.first_mut())
        && let Some((_, host)) = first.clone().rsplit_once('@')
    {
        *first = format!("<sip:{odi}@{host}");
    }
    let to = routes.first().and_then(|route| address(route))?;
    lines.set("Route", routes);
    let hops: u32 = lines.values("Max-Forwards").first()?.parse().ok()?;
    lines.set("Max-Forwards", vec![hops.checked_sub(1)?.to_string()]);
    let forged = odi.map(|_| branch);
    Some(Sent { after, to, bytes: lines.write(), forged })
}

/// A final response without a body.
fn reply(request: &Lines, status: u16) -> Vec<u8> {
    let copied = ["Via", "From", "Call-ID", "CSeq"];
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .filter(|(name, _)| copied.iter().any(|own| own.eq_ignore_ascii_case(name)))
        .cloned()
        .collect();
    let to = request.values("To").join(", ");
    let tag = if to.contains(";tag=") { "" } else { ";tag=as" };
    headers.push(("To".into(), format!("{to}{tag}")));
    headers.push(("Content-Length".into(), "0".into()));
    Lines { start: format!("SIP/2.0 {status} So Be It"), headers, body: String::new() }.write()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:u1@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.3:5060;branch=z9hG4bKa\r\n\
        Route: <sip:203.0.113.1:5060;lr>, <sip:odi@192.0.2.3:5060;lr>\r\nMax-Forwards: 68\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:u1@ims.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

    fn serve_one(server: Server, bytes: &[u8]) -> (SocketAddr, String, Option<String>) {
        let mut sent = serve(0, server, bytes, &mut Random::new(1));
        let sent = sent.pop().unwrap();
        (sent.to, String::from_utf8(sent.bytes).unwrap(), sent.forged)
    }

    #[test]
    fn a_request_goes_back_and_its_answer_too() {
        let (to, text, _) = serve_one(Server::Transparent, INVITE.as_bytes());
        assert_eq!(to, element_address(2));
        assert!(
            text.contains("Route: <sip:odi@192.0.2.3:5060;lr>\r\n") && text.contains("Max-Forwards: 67\r\n")
        );
        assert!(
            text.contains(
                "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKaas0\r\nVia: SIP/2.0/UDP 192.0.2.3"
            )
        );
        let answer = text.replacen("INVITE sip:u1@ims.test SIP/2.0", "SIP/2.0 180 Ringing", 1);
        let (to, text, _) = serve_one(Server::Transparent, answer.as_bytes());
        assert_eq!(to, element_address(2));
        assert!(!text.contains("203.0.113.1:5060;branch"));
    }

    #[test]
    fn others_refuse_forge_or_say_nothing() {
        let (to, text, _) = serve_one(Server::Refuses(486), INVITE.as_bytes());
        assert!(to == element_address(2) && text.starts_with("SIP/2.0 486 ") && text.contains(";tag=as"));
        let (_, text, forged) = serve_one(Server::Forges, INVITE.as_bytes());
        assert!(!text.contains("sip:odi@") && text.contains(&forged.unwrap()));
        assert!(serve(0, Server::Silent, INVITE.as_bytes(), &mut Random::new(1)).is_empty());
    }
}

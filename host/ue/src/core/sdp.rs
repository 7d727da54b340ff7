//! Session descriptions, as far as a phone uses them (RFC 4566 §5, RFC 3264, RFC 3312).
//!
//! In: the body of a message, or streams of ours. Out: [`SessionDescription`], and its text. Reading passes over lines
//! that nobody here asks about; printing writes a fixed form. Not here: what is offered and agreed upon
//! (`session.rs`), status and strength of preconditions (`sdp/qos.rs`).

pub(crate) mod qos;

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use qos::Qos;

use crate::bounds::{MAX_FORMATS, MAX_SESSION_DESCRIPTION, MAX_STREAMS};

/// The media type.
pub(crate) const CONTENT_TYPE: &str = "application/sdp";
/// PCMU at 8,000 Hz: its static payload type (RFC 3551 table 4).
pub(crate) const PCMU: &str = "0";

/// Which ways media flow, as one side says it (RFC 4566 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From us.
    SendOnly,
    /// To us.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    const ALL: [Direction; 4] =
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

    /// The word in descriptions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// Whether media flow from us.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether media flow to us.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    pub(crate) const fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// What is left of what we want where the other side says this (RFC 3264 §6.1).
    pub(crate) const fn with_theirs(self, theirs: Direction) -> Direction {
        Direction::of(self.sends() && theirs.receives(), self.receives() && theirs.sends())
    }
}

/// A stream: a media description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) kind: String,
    /// 0: not wanted.
    pub(crate) port: u16,
    pub(crate) protocol: String,
    pub(crate) formats: Vec<String>,
    /// Where it goes; `None` where no address is given, or a name.
    pub(crate) address: Option<IpAddr>,
    pub(crate) direction: Direction,
    /// Preconditions, from the point of view of who wrote it.
    pub(crate) qos: Option<Qos>,
}

impl Stream {
    /// PCMU over RTP.
    pub(crate) fn audio(local: SocketAddr, direction: Direction, qos: Option<Qos>) -> Stream {
        Stream {
            kind: "audio".to_owned(),
            port: local.port(),
            protocol: "RTP/AVP".to_owned(),
            formats: vec![PCMU.to_owned()],
            address: Some(local.ip()),
            direction,
            qos,
        }
    }

    /// The answer to one that is not wanted (RFC 3264 §6).
    pub(crate) fn rejected(&self) -> Stream {
        Stream { port: 0, qos: None, direction: Direction::Inactive, ..self.clone() }
    }

    /// Whether it is one that a phone can take.
    pub(crate) fn is_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio")
            && self.port != 0
            && self.protocol.eq_ignore_ascii_case("RTP/AVP")
            && self.formats.iter().any(|format| format == PCMU)
    }
}

/// A description without what a phone does not ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionDescription {
    pub(crate) streams: Vec<Stream>,
}

/// A description that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpError {
    #[error("session description: line {line} is none")]
    Malformed { line: usize },
    #[error("session description: more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
    #[error("no stream that both sides can use")]
    NothingInCommon,
    #[error("the answer has other streams than the offer")]
    OtherStreams,
}

impl SessionDescription {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<SessionDescription, SdpError> {
        if body.len() > MAX_SESSION_DESCRIPTION {
            return Err(SdpError::TooMany { what: "bytes", limit: MAX_SESSION_DESCRIPTION });
        }
        let body = String::from_utf8_lossy(body);
        let (mut address, mut direction) = (None, Direction::SendRecv);
        let mut streams: Vec<Stream> = Vec::new();
        for (index, line) in body.lines().map(str::trim_end).filter(|line| !line.is_empty()).enumerate() {
            let malformed = SdpError::Malformed { line: index + 1 };
            let (name, value) = line.split_once('=').ok_or(malformed)?;
            if index == 0 && line != "v=0" {
                return Err(malformed);
            }
            match name {
                "m" => {
                    if streams.len() == MAX_STREAMS {
                        return Err(SdpError::TooMany { what: "streams", limit: MAX_STREAMS });
                    }
                    streams.push(stream(value, address, direction).ok_or(malformed)??);
                }
                "c" => {
                    let own = streams.last_mut().map_or(&mut address, |stream| &mut stream.address);
                    *own = connection(value).ok_or(malformed)?;
                }
                "a" => {
                    let word = Direction::ALL.into_iter().find(|direction| direction.as_str() == value);
                    match (word, streams.last_mut()) {
                        (Some(word), None) => direction = word,
                        (Some(word), Some(stream)) => stream.direction = word,
                        (None, Some(stream)) => qos::read(value, &mut stream.qos),
                        (None, None) => {}
                    }
                }
                _ => {}
            }
        }
        if body.trim().is_empty() {
            return Err(SdpError::Malformed { line: 1 });
        }
        Ok(SessionDescription { streams })
    }

    /// The text, of a session of this name and version, whose owner is at this address.
    pub(crate) fn print(&self, id: u64, version: u64, local: IpAddr) -> Vec<u8> {
        let family = if local.is_ipv4() { "IP4" } else { "IP6" };
        let mut out = format!(
            "v=0\r\no=- {id} {version} IN {family} {local}\r\ns=-\r\nc=IN {family} {local}\r\nt=0 0\r\n"
        );
        for stream in &self.streams {
            // Writing to a String does not fail.
            let _ = write!(out, "m={} {} {}", stream.kind, stream.port, stream.protocol);
            for format in &stream.formats {
                let _ = write!(out, " {format}");
            }
            out.push_str("\r\n");
            if stream.port == 0 {
                continue;
            }
            // 64 kbit/s of PCMU with the header of RTP, UDP and IP every 20 ms (TS 24.229 §6.1.1).
            out.push_str("b=AS:80\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n");
            if let Some(qos) = &stream.qos {
                let _ = write!(out, "{qos}");
            }
            let _ = write!(out, "a={}\r\n", stream.direction.as_str());
        }
        out.into_bytes()
    }
}

/// `audio 49170 RTP/AVP 0 8`
fn stream(value: &str, address: Option<IpAddr>, direction: Direction) -> Option<Result<Stream, SdpError>> {
    let mut words = value.split_ascii_whitespace();
    let kind = words.next()?.to_owned();
    // A number of ports may follow behind a slash (RFC 4566 §5.14).
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let protocol = words.next()?.to_owned();
    let formats: Vec<String> = words.by_ref().take(MAX_FORMATS).map(str::to_owned).collect();
    if words.next().is_some() {
        return Some(Err(SdpError::TooMany { what: "formats", limit: MAX_FORMATS }));
    }
    Some(Ok(Stream { kind, port, protocol, formats, address, direction, qos: None }))
}

/// `IN IP4 192.0.2.1`; an address that is a name is none here.
fn connection(value: &str) -> Option<Option<IpAddr>> {
    let mut words = value.split_ascii_whitespace();
    let (_, _, address) = (words.next()?, words.next()?, words.next()?);
    Some(address.split('/').next()?.parse().ok())
}

#[cfg(test)]
#[path = "sdp/tests.rs"]
mod tests;

//! What two sides agree upon: offers and answers of one call (RFC 3264; RFC 3312 for preconditions).
//!
//! ```text
//!   stable ── offer ──▶ offering ── answered ──▶ stable
//!      │  ▲                 └────── withdraw ──▶ stable, as before
//!      └──┘ answer
//! ```
//! In: what we want, descriptions of the other side. Out: descriptions of ours, and [`Media`]. Which message carries
//! them is the call's matter.

use std::fmt;
use std::net::SocketAddr;

use super::sdp::qos::{Qos, Status};
use super::sdp::{Direction, SdpError, SessionDescription, Stream};

/// Where media go: PCMU over RTP, 20 ms to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Where we listen.
    pub local: SocketAddr,
    /// Where the other side listens.
    pub remote: SocketAddr,
    /// Which ways they flow, as we see it.
    pub direction: Direction,
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.local, self.direction.as_str(), self.remote)
    }
}

/// See the top of the file.
#[derive(Clone)]
pub(crate) struct Session {
    local: SocketAddr,
    id: u64,
    version: u64,
    /// Our streams as they were last said; none before the first description.
    streams: Vec<Stream>,
    /// Which of them is the one that is used.
    audio: usize,
    /// Preconditions, where they are in use.
    qos: Option<Qos>,
    /// What was agreed upon before the offer that is out.
    before: Option<Before>,
    media: Option<Media>,
}

#[derive(Clone)]
struct Before {
    streams: Vec<Stream>,
    qos: Option<Qos>,
}

impl Session {
    pub(crate) fn new(local: SocketAddr, id: u64) -> Session {
        // 63 bits are what everybody reads.
        let id = id >> 1;
        Session {
            local,
            id,
            version: id,
            streams: Vec::new(),
            audio: 0,
            qos: None,
            before: None,
            media: None,
        }
    }

    /// An offer, with preconditions or without them.
    pub(crate) fn offer(&mut self, direction: Direction, qos: Option<Qos>) -> Vec<u8> {
        self.before = Some(Before { streams: self.streams.clone(), qos: self.qos });
        if self.streams.is_empty() {
            self.streams.push(Stream::audio(self.local, direction, None));
        }
        self.qos = qos;
        if let Some(audio) = self.streams.get_mut(self.audio) {
            audio.direction = direction;
            audio.qos = qos;
        }
        self.print()
    }

    /// The offer of a caller whose resources are reserved by now (TS 24.229 §5.1.3.1).
    pub(crate) fn offer_resources(&mut self) -> Vec<u8> {
        let qos = self.qos.map(|qos| qos.reserved(true));
        self.offer(self.direction(), qos)
    }

    /// Takes the answer to our offer.
    pub(crate) fn answered(&mut self, answer: &[u8]) -> Result<(), SdpError> {
        let theirs = SessionDescription::parse(answer)?.streams;
        if theirs.len() != self.streams.len() {
            return Err(SdpError::OtherStreams);
        }
        let (Some(own), Some(theirs)) = (self.streams.get(self.audio), theirs.get(self.audio)) else {
            return Err(SdpError::OtherStreams);
        };
        self.media = Some(agreed(self.local, own.direction, theirs)?);
        self.qos = match (self.qos, theirs.qos) {
            (Some(own), Some(theirs)) => Some(own.heard(theirs)),
            _ => None,
        };
        self.before = None;
        Ok(())
    }

    /// An answer that is not reliable yet: media may follow it, and nothing else (RFC 3261 §13.2.1).
    pub(crate) fn preview(&mut self, answer: &[u8]) {
        let mut preview = self.clone();
        if preview.answered(answer).is_ok() {
            self.media = preview.media;
        }
    }

    /// The final response to the offer of an INVITE: whether the offer has its answer by now, in it or before it. An
    /// answer that came unreliably and does not come again is taken as it was.
    pub(crate) fn concluded(&mut self, answer: Option<&[u8]>) -> bool {
        if !self.before.as_ref().is_some_and(|before| before.streams.is_empty()) {
            return true;
        }
        match answer {
            Some(answer) => self.answered(answer).is_ok(),
            None => {
                self.before = None;
                self.media.is_some()
            }
        }
    }

    /// Our offer was refused: what was agreed upon before it holds (RFC 3264 §8).
    pub(crate) fn withdraw(&mut self) {
        if let Some(before) = self.before.take() {
            self.streams = before.streams;
            self.qos = before.qos;
        }
    }

    /// Answers an offer. `wanted`: what we want ourselves; `reserved`: whether our resources are there, where
    /// preconditions are used at all.
    pub(crate) fn answer(
        &mut self,
        offer: &[u8],
        wanted: Direction,
        reserved: Option<bool>,
    ) -> Result<Vec<u8>, SdpError> {
        let theirs = SessionDescription::parse(offer)?.streams;
        let audio = theirs.iter().position(Stream::is_audio).ok_or(SdpError::NothingInCommon)?;
        let offered = theirs.get(audio).ok_or(SdpError::NothingInCommon)?;
        let media = agreed(self.local, wanted, offered)?;
        self.qos = match (reserved, offered.qos) {
            (Some(is_reserved), Some(theirs)) => {
                let own = self.qos.unwrap_or(Qos::first(is_reserved)).reserved(is_reserved).heard(theirs);
                Some(Qos { confirm: own.remote != Status::SendRecv, ..own })
            }
            _ => None,
        };
        self.streams = theirs.iter().map(Stream::rejected).collect();
        if let Some(own) = self.streams.get_mut(audio) {
            *own = Stream::audio(self.local, media.direction, self.qos);
        }
        self.audio = audio;
        self.media = Some(media);
        Ok(self.print())
    }

    fn print(&mut self) -> Vec<u8> {
        // One more for each description of ours (RFC 3264 §8); who says the same again may count on as well.
        self.version += 1;
        SessionDescription { streams: self.streams.clone() }.print(self.id, self.version, self.local.ip())
    }

    /// Whether an offer of ours waits for its answer.
    pub(crate) fn is_offering(&self) -> bool {
        self.before.is_some()
    }

    /// What was agreed upon.
    pub(crate) fn media(&self) -> Option<Media> {
        self.media
    }

    /// The direction that we said last.
    pub(crate) fn direction(&self) -> Direction {
        self.streams.get(self.audio).map_or(Direction::SendRecv, |audio| audio.direction)
    }

    /// Whether preconditions are in use.
    pub(crate) fn has_preconditions(&self) -> bool {
        self.qos.is_some()
    }

    /// Our resources are reserved.
    pub(crate) fn reserve(&mut self) {
        self.qos = self.qos.map(|qos| qos.reserved(true));
    }

    /// Whether the callee may be alerted.
    pub(crate) fn is_ready(&self) -> bool {
        self.qos.is_none_or(Qos::is_met)
    }

    /// Whether the other side waits to hear that our resources are reserved.
    pub(crate) fn owes_resources(&self) -> bool {
        self.media.is_some() && self.qos.is_some_and(|qos| qos.local != Status::SendRecv)
    }
}

/// What we want and the other side says, put together.
fn agreed(local: SocketAddr, wanted: Direction, theirs: &Stream) -> Result<Media, SdpError> {
    let address = theirs.address.filter(|_| theirs.is_audio()).ok_or(SdpError::NothingInCommon)?;
    let mut direction = wanted.with_theirs(theirs.direction);
    // The hold of RFC 2543: they listen nowhere (RFC 3264 §8.4).
    if address.is_unspecified() {
        direction = Direction::of(false, direction.receives());
    }
    Ok(Media { local, remote: SocketAddr::new(address, theirs.port), direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(port: u16) -> Session {
        Session::new(SocketAddr::from(([192, 0, 2, 1], port)), 9)
    }

    #[test]
    fn both_sides_come_to_the_same_end() {
        let (mut alice, mut bob) = (session(4000), session(5000));
        let offer = alice.offer(Direction::SendRecv, None);
        assert!(alice.is_offering());
        let answer = bob.answer(&offer, Direction::SendRecv, Some(true)).unwrap();
        alice.answered(&answer).unwrap();
        assert!(!alice.is_offering() && !bob.has_preconditions());
        let media = alice.media().unwrap();
        assert_eq!((media.local.port(), media.remote.port()), (4000, 5000));
        assert_eq!(bob.media().unwrap().remote.port(), 4000);
        assert_eq!(media.direction, Direction::SendRecv);
    }

    #[test]
    fn hold_resume_and_an_offer_that_is_refused() {
        let (mut alice, mut bob) = (session(4000), session(5000));
        let offer = alice.offer(Direction::SendRecv, None);
        alice.answered(&bob.answer(&offer, Direction::SendRecv, None).unwrap()).unwrap();
        let offer = alice.offer(Direction::SendOnly, None);
        alice.answered(&bob.answer(&offer, Direction::SendRecv, None).unwrap()).unwrap();
        assert_eq!(alice.media().unwrap().direction, Direction::SendOnly);
        assert_eq!(bob.media().unwrap().direction, Direction::RecvOnly);
        alice.offer(Direction::SendRecv, None);
        alice.withdraw();
        assert_eq!(alice.direction(), Direction::SendOnly);
        let old = "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n";
        bob.answer(old.as_bytes(), Direction::SendRecv, None).unwrap();
        assert_eq!(bob.media().unwrap().direction, Direction::RecvOnly);
    }

    /// RFC 3312 §5 and §13.1: the caller's resources come later.
    #[test]
    fn preconditions_of_both_sides() {
        let (mut alice, mut bob) = (session(4000), session(5000));
        let offer = alice.offer(Direction::SendRecv, Some(Qos::first(false)));
        let answer = bob.answer(&offer, Direction::SendRecv, Some(false)).unwrap();
        assert!(String::from_utf8_lossy(&answer).contains("a=conf:qos remote sendrecv"));
        alice.answered(&answer).unwrap();
        assert!(alice.owes_resources() && !bob.is_ready());
        let offer = alice.offer_resources();
        assert!(!alice.owes_resources());
        bob.reserve();
        let answer = bob.answer(&offer, Direction::SendRecv, Some(true)).unwrap();
        assert!(!String::from_utf8_lossy(&answer).contains("conf:qos"));
        alice.answered(&answer).unwrap();
        assert!(alice.is_ready() && bob.is_ready());
    }

    #[test]
    fn streams_that_are_not_wanted_are_refused_in_their_place() {
        let mut bob = session(5000);
        let offer = "v=0\r\nc=IN IP4 192.0.2.2\r\nm=video 4002 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n";
        let answer = bob.answer(offer.as_bytes(), Direction::SendRecv, None).unwrap();
        let answer = SessionDescription::parse(&answer).unwrap();
        assert_eq!(answer.streams.iter().map(|stream| stream.port).collect::<Vec<_>>(), [0, 5000]);
        let nothing = "v=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 RTP/AVP 96\r\n";
        assert_eq!(
            session(1).answer(nothing.as_bytes(), Direction::SendRecv, None),
            Err(SdpError::NothingInCommon)
        );
        let mut alice = session(4000);
        alice.offer(Direction::SendRecv, None);
        assert_eq!(alice.answered(offer.as_bytes()), Err(SdpError::OtherStreams));
    }
}

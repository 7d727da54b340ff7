//! Where the pieces of a message's top Via lie, found once when the message came: half a dozen readers ask for it, from
//! matching (RFC 3261 §17.2.3) to the way of the answer (§18.2.2), and need not parse it again.
//!
//! In: a [`Via`] that was read from the message. Out: the same again. What parses is `header/via.rs`; `received.rs` moves
//! the pieces when it writes the source in.

use crate::header::via::{Via, ViaParts};
use crate::{Host, host};

/// Bytes of the message.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    /// A header field value is no longer.
    pub(crate) length: u16,
}

impl Place {
    /// Where a piece of `raw` lies in it; `None` for bytes of somebody else.
    fn of(raw: &[u8], piece: &[u8]) -> Option<Place> {
        let offset = (piece.as_ptr() as usize).checked_sub(raw.as_ptr() as usize)?;
        let place = Place { offset: offset.try_into().ok()?, length: piece.len().try_into().ok()? };
        place.read(raw).map(|_| place)
    }

    fn read<'a>(&self, raw: &'a [u8]) -> Option<&'a [u8]> {
        raw.get(self.offset as usize..)?.get(..usize::from(self.length))
    }
}

/// A host as it can be kept.
#[derive(Clone, Copy)]
enum KeptHost {
    Name(Place),
    V4(std::net::Ipv4Addr),
    V6(std::net::Ipv6Addr),
}

/// The pieces of the top Via.
#[derive(Clone, Copy)]
pub(crate) struct TopVia {
    version: Place,
    transport: Place,
    host: KeptHost,
    port: Option<u16>,
    sent_by: Place,
    pub(crate) params: Place,
    pub(crate) branch: Option<Place>,
    pub(crate) rport: Option<Option<u16>>,
}

impl TopVia {
    /// The places of a Via that was read from `raw`.
    pub(crate) fn of(raw: &[u8], via: &Via<'_>) -> Option<TopVia> {
        let place = |piece| Place::of(raw, piece);
        let host = match via.host {
            Host::Name(name) => KeptHost::Name(place(name.as_bytes())?),
            Host::V4(address) => KeptHost::V4(address),
            Host::V6(address) => KeptHost::V6(address),
        };
        Some(TopVia {
            version: place(via.version)?,
            transport: place(via.transport)?,
            host,
            port: via.port,
            sent_by: place(via.sent_by)?,
            params: place(via.params.as_bytes())?,
            branch: match via.branch() {
                Some(branch) => Some(place(branch)?),
                None => None,
            },
            rport: via.rport(),
        })
    }

    /// The Via again.
    #[inline]
    pub(crate) fn read<'a>(&self, raw: &'a [u8]) -> Option<Via<'a>> {
        let host = match self.host {
            KeptHost::Name(name) => Host::Name(host::ascii(name.read(raw)?)?),
            KeptHost::V4(address) => Host::V4(address),
            KeptHost::V6(address) => Host::V6(address),
        };
        let branch = match &self.branch {
            Some(branch) => Some(branch.read(raw)?),
            None => None,
        };
        Some(Via::from_parts(ViaParts {
            version: self.version.read(raw)?,
            transport: self.transport.read(raw)?,
            host,
            port: self.port,
            sent_by: self.sent_by.read(raw)?,
            params: self.params.read(raw)?,
            branch,
            rport: self.rport,
        }))
    }
}

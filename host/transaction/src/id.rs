//! The names of transactions.
//!
//! In: a place in a table and how often it was used before. Out: ids that never name another transaction
//! once theirs has ended (until a place was reused four thousand million times). Ids are one shard's own.

use std::num::NonZeroU32;

/// What both kinds of id are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    pub(crate) slot: u32,
    pub(crate) generation: NonZeroU32,
}

impl Id {
    const fn to_u64(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.slot as u64
    }

    fn from_u64(bits: u64) -> Option<Id> {
        Some(Id { slot: bits as u32, generation: NonZeroU32::new((bits >> 32) as u32)? })
    }
}

macro_rules! id {
    ($name:ident, $letter:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) Id);

        impl $name {
            /// The id as a number, never 0.
            pub const fn to_u64(self) -> u64 {
                self.0.to_u64()
            }

            /// The id that [`Self::to_u64`] gave; `None` for a number that it never gives.
            pub fn from_u64(bits: u64) -> Option<Self> {
                Id::from_u64(bits).map(Self)
            }

            /// Its place in the table: small, dense, reused by later transactions.
            pub const fn slot(self) -> u32 {
                self.0.slot
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($letter, "{}.{}"), self.0.slot, self.0.generation)
            }
        }
    };
}

id!(ServerId, "s", "Names a server transaction of one shard.");
id!(ClientId, "c", "Names a client transaction of one shard. The branch of its request spells it.");

/// A transaction of either side: whose bytes these are, and whose transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionId {
    /// A server transaction: the bytes are a response.
    Server(ServerId),
    /// A client transaction: the bytes are a request, its ACK, or the CANCEL of another.
    Client(ClientId),
}

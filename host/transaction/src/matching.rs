//! Which server transaction a request belongs to: RFC 3261 §17.2.3, and §9.2 for CANCEL.
//!
//! In: a request. Out: an [`Identity`]: a keyed 128-bit hash of what names the transaction, and a code for the
//! method. Two requests belong together if both agree. What goes into the hash:
//!
//! - with a branch that begins with the magic cookie: the branch and the sent-by of the top Via, without regard
//!   to case, the port made explicit;
//! - else (RFC 2543): Request-URI, To tag, From tag, Call-ID, CSeq number, and of the top Via transport, sent-by
//!   and branch. `received` and `rport`, which we put there ourselves, are left out.
//!
//! The hash is keyed, so no peer can make two transactions meet. The method stands beside it because CANCEL and
//! ACK ask for a transaction of another method.

use sip::{Head, HeaderError, Host, Method, Transport, Via};
use siphasher::sip128::SipHasher13;
use smallvec::SmallVec;

/// What a transaction is known by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) hash: [u64; 2],
    pub(crate) method: MethodCode,
    /// Found by the rules of RFC 2543.
    pub(crate) is_rfc2543: bool,
}

/// A method as a number; methods without a name of their own differ by a hash of their token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MethodCode(u32);

impl MethodCode {
    pub(crate) const INVITE: MethodCode = MethodCode(Method::Invite as u32);
    pub(crate) const ACK: MethodCode = MethodCode(Method::Ack as u32);
    pub(crate) const CANCEL: MethodCode = MethodCode(Method::Cancel as u32);

    pub(crate) fn new(method: Method, token: &[u8]) -> MethodCode {
        match method {
            // FNV-1a; whoever makes two tokens collide confuses only their own requests.
            Method::Other => MethodCode(
                token
                    .iter()
                    .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
                    | 1 << 31,
            ),
            known => MethodCode(known as u32),
        }
    }
}

/// Finds identities; holds the key of the hash.
pub(crate) struct Matcher {
    key: SipHasher13,
}

impl Matcher {
    pub(crate) fn new(key: [u8; 16]) -> Matcher {
        Matcher { key: SipHasher13::new_with_key(&key) }
    }

    /// The identity of a request's own transaction (an ACK has none: see [`Matcher::invite_of_ack`]).
    pub(crate) fn identify(&self, request: &Head<'_>) -> Result<Identity, HeaderError> {
        let method = MethodCode::new(request.method(), request.method_token());
        self.identity(request, method, || request.to_tag())
    }

    /// The identities that the INVITE of this ACK can have, likelier first. By RFC 2543 an ACK has the To tag of
    /// the response, while its INVITE had that one (within a dialog) or none.
    pub(crate) fn invite_of_ack(&self, ack: &Head<'_>) -> Result<[Option<Identity>; 2], HeaderError> {
        let first = self.identity(ack, MethodCode::INVITE, || None)?;
        match ack.to_tag() {
            Some(tag) if first.is_rfc2543 => {
                Ok([Some(first), Some(self.identity(ack, MethodCode::INVITE, || Some(tag))?)])
            }
            _ => Ok([Some(first), None]),
        }
    }

    fn identity<'a>(
        &self,
        request: &Head<'a>,
        method: MethodCode,
        to_tag: impl FnOnce() -> Option<&'a [u8]>,
    ) -> Result<Identity, HeaderError> {
        let via = request.via()?;
        // Enough for any usual branch and sent-by without an allocation.
        let mut text = SmallVec::<[u8; 256]>::new();
        push_sent_by(&mut text, &via);
        let is_rfc2543 = match via.unique_branch() {
            Some(branch) => {
                push_lower(&mut text, branch);
                false
            }
            None => {
                let number = request.cseq()?.number;
                for part in [
                    via.transport,
                    via.branch().unwrap_or_default(),
                    request.request_uri(),
                    request.call_id().unwrap_or_default(),
                    request.from_tag().unwrap_or_default(),
                    to_tag().unwrap_or_default(),
                    &number.to_be_bytes(),
                ] {
                    // Lengths keep one part from running into the next.
                    text.extend_from_slice(&(part.len() as u32).to_be_bytes());
                    text.extend_from_slice(part);
                }
                true
            }
        };
        let hash = self.key.hash(&text);
        Ok(Identity { hash: [hash.h1, hash.h2], method, is_rfc2543 })
    }
}

/// The sent-by in one form: host in lower case or as an address, port always there.
fn push_sent_by(text: &mut SmallVec<[u8; 256]>, via: &Via<'_>) {
    match via.host {
        Host::Name(name) => push_lower(text, name.as_bytes()),
        Host::V4(address) => text.extend_from_slice(&address.octets()),
        Host::V6(address) => text.extend_from_slice(&address.octets()),
    }
    let default = || via.known_transport().unwrap_or(Transport::Udp).default_port();
    text.push(0);
    text.extend_from_slice(&via.port.unwrap_or_else(default).to_be_bytes());
}

fn push_lower(text: &mut SmallVec<[u8; 256]>, piece: &[u8]) {
    let begin = text.len();
    text.extend_from_slice(piece);
    text[begin..].make_ascii_lowercase();
}

#[cfg(test)]
mod tests;

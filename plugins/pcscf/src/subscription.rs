//! A subscription to a phone's registration, as the table keeps it: half a dialog (RFC 6665, RFC 3261 §12.1.2).
//!
//! ```text
//!   w alice@ims.test sip:alice@ims.test    ▶ when it ends, Call-ID, CSeq, From, To, remote target, route set
//! ```
//! In: what was sent and answered. Out: [`Subscription`]. Whom to watch, and for how long, is `reg_event.rs`'s.

use strowger_sdk::prelude::*;
use strowger_sdk::{hex, text};

/// Bytes of a key; the table takes 256, and so does a token.
const MAX_KEY: usize = 240;

/// Record-Route values of an answer that are kept.
const MAX_ROUTES: usize = 16;

/// See the top of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// ms since 1970.
    pub(crate) ends_at: u64,
    /// Empty: not sent yet.
    pub(crate) call_id: String,
    /// Of the last SUBSCRIBE.
    pub(crate) cseq: u32,
    /// With our tag.
    pub(crate) from: String,
    /// With their tag, as soon as they have answered.
    pub(crate) to: String,
    /// The Request-URI.
    pub(crate) target: String,
    /// The route set, in the order of Route.
    pub(crate) routes: Vec<String>,
}

impl Subscription {
    /// The key of the subscription to this identity, for the phones of this private identity.
    pub(crate) fn key(private_identity: &str, identity: &str) -> String {
        let mut key = ["w ", private_identity, " ", identity].concat();
        key.truncate(key.floor_char_boundary(MAX_KEY));
        key
    }

    /// One that is still to be made.
    pub(crate) fn new(own_uri: &str, identity: &str, ends_at: u64, host: &impl Host) -> Subscription {
        let tag: String = hex(&host.random(8));
        Subscription {
            ends_at,
            call_id: String::new(),
            cseq: 1,
            from: ["<", own_uri, ">;tag=", &tag].concat(),
            to: ["<", identity, ">"].concat(),
            target: identity.to_owned(),
            routes: Vec::new(),
        }
    }

    /// The one in the table.
    pub(crate) fn get(key: &str, host: &impl Host) -> Option<Subscription> {
        Subscription::read(&host.get(key)?.value)
    }

    /// Keeps it until it ends.
    pub(crate) fn keep(&self, key: &str, host: &impl Host) {
        let left = self.ends_at.saturating_sub(host.now());
        match left {
            0 => {
                host.delete(key);
            }
            _ => {
                let _ = host.put(key, &self.write(), left, None);
            }
        }
    }

    /// Whether it is a dialog already.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.to.contains(";tag=")
    }

    /// As a 2xx makes it (RFC 3261 §12.1.2).
    pub(crate) fn answered(mut self, response: &Response<'_>, now: u64) -> Subscription {
        let text = |value: &[u8]| text(value).into_owned();
        if !self.is_confirmed() {
            self.routes = response.values(HeaderId::RECORD_ROUTE).map(text).take(MAX_ROUTES).collect();
            self.routes.reverse();
            self.to =
                response.header(HeaderId::TO).map_or(self.to, |to| text(&strowger_sdk::sip::unfold(to)));
        }
        let contact = response.contacts().flatten().find_map(|contact| match contact {
            strowger_sdk::Contact::Address(address) => Some(text(address.uri_bytes)),
            strowger_sdk::Contact::Star => None,
        });
        self.target = contact.unwrap_or(self.target);
        let granted = response.text(HeaderId::EXPIRES).and_then(|text| text.trim().parse::<u32>().ok());
        if let Some(seconds) = granted {
            self.ends_at = self.ends_at.min(now + u64::from(seconds) * 1000);
        }
        self
    }

    /// A line each; none of the values has a line break.
    fn write(&self) -> Vec<u8> {
        let (ends_at, cseq) = (self.ends_at.to_string(), self.cseq.to_string());
        let routes = self.routes.join("\t");
        [ends_at.as_str(), &self.call_id, &cseq, &self.from, &self.to, &self.target, &routes]
            .join("\n")
            .into_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Subscription> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split('\n').map(str::to_owned);
        Some(Subscription {
            ends_at: lines.next()?.parse().ok()?,
            call_id: lines.next()?,
            cseq: lines.next()?.parse().ok()?,
            from: lines.next()?,
            to: lines.next()?,
            target: lines.next()?,
            routes: lines.next()?.split('\t').filter(|route| !route.is_empty()).map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_read_as_it_was_written() {
        let subscription = Subscription {
            ends_at: 1_700_000_000_000,
            call_id: "c".to_owned(),
            cseq: 3,
            from: "<sip:us>;tag=1".to_owned(),
            to: "<sip:alice@ims.test>;tag=2".to_owned(),
            target: "sip:192.0.2.3:6060".to_owned(),
            routes: vec!["<sip:a;lr>".to_owned(), "<sip:b;lr>".to_owned()],
        };
        assert_eq!(Subscription::read(&subscription.write()), Some(subscription.clone()));
        let bare = Subscription { routes: Vec::new(), ..subscription };
        assert_eq!(Subscription::read(&bare.write()), Some(bare));
        assert_eq!(Subscription::read(b"soon\nc"), None);
    }
}

//! Whose calls of scripts are recorded.
//!
//! In: a word of an operator's (`errors`, `all`, `1.5%`, `sip:alice@ims.test`), and what a script is about to be asked. Out:
//! whether that is wanted. Runs on the threads that carry calls.

use std::fmt;
use std::str::FromStr;

use plugin::{Ask, End, Event, Place, Share};
use sip::{HeaderId, Message, NameAddr, Scheme, Uri};

use crate::ims::Ims;
use crate::subscriber;

/// Header fields that name who takes part in a request, or answers it.
const PARTIES: [HeaderId; 6] = [
    HeaderId::FROM,
    HeaderId::TO,
    HeaderId::P_ASSERTED_IDENTITY,
    HeaderId::P_PREFERRED_IDENTITY,
    HeaderId::P_SERVED_USER,
    HeaderId::P_CALLED_PARTY_ID,
];

/// Whose calls are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Transactions in which a call of the script failed: a fault, a trap, a deadline, a decision that breaks the contract, or
    /// an answer 5xx of the script's own.
    Errors,
    /// Everything.
    All,
    /// A share of the subscribers: the same ones as a candidate of this share gets.
    Share(Share),
    /// What this public identity, in canonical form, takes part in.
    Identity(String),
}

/// Not one of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not whose calls can be recorded: errors, all, a share such as 1.5%, or a SIP or tel URI")]
pub struct WantedError(String);

impl FromStr for Wanted {
    type Err = WantedError;

    fn from_str(text: &str) -> Result<Wanted, WantedError> {
        let wrong = || WantedError(text.to_owned());
        if let Some(share) = text.strip_suffix('%') {
            let (whole, tenths) = share.split_once('.').unwrap_or((share, "0"));
            let is_digits = |text: &str, most: usize| {
                (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
            };
            if !is_digits(whole, 2) || !is_digits(tenths, 1) {
                return Err(wrong());
            }
            let number = |text: &str| text.parse::<u16>().map_err(|_| wrong());
            let share = Share::new(10 * number(whole)? + number(tenths)?);
            return share.map(Wanted::Share).ok_or_else(wrong);
        }
        match text {
            "errors" => Ok(Wanted::Errors),
            "all" => Ok(Wanted::All),
            text => {
                let uri = Uri::parse(text.as_bytes()).map_err(|_| wrong())?;
                let is_identity = matches!(uri.scheme(), Scheme::Sip | Scheme::Sips | Scheme::Tel);
                is_identity.then(|| Wanted::Identity(uri.aor())).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Errors => f.write_str("errors"),
            Wanted::All => f.write_str("all"),
            Wanted::Share(share) => {
                let tenths = share.tenths_of_a_percent();
                write!(f, "{}.{}%", tenths / 10, tenths % 10)
            }
            Wanted::Identity(identity) => f.write_str(identity),
        }
    }
}

impl Wanted {
    /// As the history says it: without anybody's identity.
    pub(crate) fn kind(&self) -> String {
        match self {
            Wanted::Identity(_) => "one subscriber".into(),
            other => other.to_string(),
        }
    }

    /// Whether a call of a script is of interest. Which ones fail is known only when they have.
    pub(crate) fn has(&self, ask: &Ask, is_callers_edge: bool, ims: Option<&Ims>) -> bool {
        match self {
            Wanted::Errors | Wanted::All => true,
            Wanted::Share(share) => {
                let whose = whose(ask, is_callers_edge);
                whose.is_some_and(|whose| {
                    let counts = subscriber::counts(whose, ims);
                    Place::of(counts.as_bytes()).is_within(*share, End::Lower)
                })
            }
            Wanted::Identity(identity) => takes_part(identity, ask, ims),
        }
    }
}

/// The subscriber of a call, as shares count him.
fn whose(ask: &Ask, is_callers_edge: bool) -> Option<String> {
    match ask {
        Ask::Message { message, context, .. } => {
            let request = context.request.as_ref().unwrap_or(message);
            let routes = context.own_routes.as_deref().unwrap_or_default();
            request.is_request().then(|| subscriber::of(&request.head(), routes, is_callers_edge)).flatten()
        }
        Ask::Event(Event::RegistrationEnded { address_of_record, .. }) => Some(address_of_record.clone()),
        Ask::Event(_) | Ask::Timer(_) | Ask::Answer { .. } | Ask::Adopt(_) => None,
    }
}

fn takes_part(identity: &str, ask: &Ask, ims: Option<&Ims>) -> bool {
    let is_it = |uri: &Uri<'_>| {
        let other = uri.aor();
        let default = |identity: &str| ims.and_then(|ims| ims.default_identity(identity));
        other == identity || default(&other).is_some_and(|other| Some(other) == default(identity))
    };
    let named = |message: &Message| {
        let values = || PARTIES.into_iter().flat_map(|id| message.values(id).map(|value| value.bytes));
        let in_header = values().any(|value| {
            NameAddr::parse(value).ok().and_then(|named| named.uri().ok().map(|uri| is_it(&uri)))
                == Some(true)
        });
        in_header || (message.is_request() && Uri::parse(message.request_uri()).is_ok_and(|uri| is_it(&uri)))
    };
    match ask {
        Ask::Message { message, context, .. } => {
            named(message) || context.request.as_ref().is_some_and(|request| named(request))
        }
        Ask::Answer { response, .. } => named(response),
        Ask::Event(Event::RegistrationEnded { address_of_record, .. }) => address_of_record == identity,
        Ask::Event(_) | Ask::Timer(_) | Ask::Adopt(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use plugin::ConsultContext;

    #[test]
    fn as_an_operator_writes_it() {
        for text in ["errors", "all", "1.5%", "sip:alice@ims.test", "tel:+4930123"] {
            assert_eq!(text.parse::<Wanted>().unwrap().to_string(), text);
        }
        assert_eq!("2%".parse::<Wanted>().unwrap().to_string(), "2.0%");
        for wrong in ["", "alice", "0%", "100%", "1.25%", "http://x", "%", "-1%"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
        assert_eq!("sip:alice@ims.test".parse::<Wanted>().unwrap().kind(), "one subscriber");
    }

    fn ask(from: &str, to: &str) -> Ask {
        let text = format!(
            "INVITE {to} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7\r\nFrom: <{from}>;tag=1\r\nTo: <{to}>\r\n\
             Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        let message = Arc::new(Message::parse_datagram(text.as_bytes()).unwrap());
        let remote = ([192, 0, 2, 4], 5060).into();
        let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
        Ask::Message { hook: node::Hook::Request, message, context: ConsultContext::new(1, flow) }
    }

    #[test]
    fn an_identity_is_wanted_on_both_sides_of_a_call() {
        let wanted: Wanted = "sip:alice@ims.test".parse().unwrap();
        assert!(wanted.has(&ask("sip:alice@IMS.test;user=ip", "sip:bob@ims.test"), true, None));
        assert!(wanted.has(&ask("sip:bob@ims.test", "sip:alice@ims.test:5060"), true, None));
        assert!(!wanted.has(&ask("sip:bob@ims.test", "sip:malice@ims.test"), true, None));
        assert!(!wanted.has(&Ask::Timer("t".into()), true, None));
    }

    /// Place 384 of 1000 is alice's (`plugin::Place`).
    #[test]
    fn a_share_is_of_subscribers_and_errors_are_found_later() {
        let (alice, bob) =
            (ask("sip:alice@ims.test", "sip:bob@ims.test"), ask("sip:bob@ims.test", "sip:x@y"));
        let share: Wanted = "30%".parse().unwrap();
        assert!(!share.has(&alice, true, None) && share.has(&bob, true, None), "bob's is 254");
        assert!(
            Wanted::Errors.has(&alice, true, None) && Wanted::All.has(&Ask::Timer("t".into()), true, None)
        );
    }
}

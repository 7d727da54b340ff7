//! What a script was asked, as it is written down.
//!
//! In: [`plugin::Ask`]. Out: [`Asked`], and from that an equal [`plugin::Ask`] again; or, where a message in it cannot be
//! read, why not.

use std::sync::Arc;

use node::Hook;
use plugin::{Adoption, Ask, ConsultContext, Event, TapedFlow, Variables};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sip::Message;

/// Bytes: in text formats a string where they are one, else hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Vec<u8>);

/// Variables, in the order of their names.
pub type Stored = Vec<(String, Octets)>;

/// What a script was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of plugin::Ask")]
pub enum Asked {
    Message {
        hook: HookName,
        /// As it came.
        message: Octets,
        /// `None`: the message itself, or there is none.
        request: Option<Octets>,
        /// Whether the request is the message itself.
        request_is_message: bool,
        transaction: u64,
        flow: TapedFlow,
        variables: Option<Stored>,
        dialog_variables: Option<Stored>,
        own_routes: Option<Vec<String>>,
    },
    Timer(String),
    RegistrationEnded {
        address_of_record: String,
        contact: String,
        why: String,
    },
    DialogEnded {
        call_id: String,
        why: String,
    },
    Event {
        name: String,
        attrs: Vec<(u16, Octets)>,
    },
    Answer {
        token: String,
        response: Octets,
    },
    Adopt {
        name: String,
        version: String,
        call_id: String,
        variables: Stored,
    },
}

/// A hook with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "those of node::Hook")]
pub enum HookName {
    Request,
    InDialogRequest,
    Reply,
    Failure,
}

impl From<Hook> for HookName {
    fn from(hook: Hook) -> HookName {
        match hook {
            Hook::Request => HookName::Request,
            Hook::InDialogRequest => HookName::InDialogRequest,
            Hook::Reply => HookName::Reply,
            Hook::Failure => HookName::Failure,
        }
    }
}

impl From<HookName> for Hook {
    fn from(hook: HookName) -> Hook {
        match hook {
            HookName::Request => Hook::Request,
            HookName::InDialogRequest => Hook::InDialogRequest,
            HookName::Reply => Hook::Reply,
            HookName::Failure => Hook::Failure,
        }
    }
}

impl HookName {
    /// For a person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HookName::Request => "request",
            HookName::InDialogRequest => "in-dialog",
            HookName::Reply => "reply",
            HookName::Failure => "failure",
        }
    }
}

impl Asked {
    /// To be written down.
    #[must_use]
    pub fn of(ask: &Ask) -> Asked {
        let octets = |message: &Message| Octets(message.bytes().to_vec());
        match ask {
            Ask::Message { hook, message, context } => {
                let other = context.request.as_ref().filter(|request| request.bytes() != message.bytes());
                Asked::Message {
                    hook: (*hook).into(),
                    message: octets(message),
                    request: other.map(|request| octets(request)),
                    request_is_message: context.request.is_some() && other.is_none(),
                    transaction: context.transaction,
                    flow: context.flow.into(),
                    variables: context.variables.as_deref().map(stored),
                    dialog_variables: context.dialog_variables.as_deref().map(stored),
                    own_routes: context
                        .own_routes
                        .as_ref()
                        .map(|routes| routes.iter().map(ToString::to_string).collect()),
                }
            }
            Ask::Timer(token) => Asked::Timer(token.clone()),
            Ask::Event(Event::RegistrationEnded { address_of_record, contact, why }) => {
                Asked::RegistrationEnded {
                    address_of_record: address_of_record.clone(),
                    contact: contact.clone(),
                    why: (*why).to_owned(),
                }
            }
            Ask::Event(Event::DialogEnded { call_id, why }) => {
                Asked::DialogEnded { call_id: call_id.clone(), why: (*why).to_owned() }
            }
            Ask::Event(Event::Other { name, attrs }) => Asked::Event {
                name: name.clone(),
                attrs: attrs.iter().map(|(tag, value)| (*tag, Octets(value.clone()))).collect(),
            },
            Ask::Answer { token, response } => {
                Asked::Answer { token: token.clone(), response: octets(response) }
            }
            Ask::Adopt(Adoption { name, version, call_id, variables }) => Asked::Adopt {
                name: name.clone(),
                version: version.clone(),
                call_id: call_id.clone(),
                variables: stored(variables),
            },
        }
    }

    /// To be asked again.
    ///
    /// # Errors
    /// A message of it cannot be read.
    pub fn ask(&self) -> Result<Ask, sip::ParseError> {
        let parse = |octets: &Octets| Message::parse_datagram(&octets.0).map(Arc::new);
        Ok(match self {
            Asked::Message {
                hook,
                message,
                request,
                request_is_message,
                transaction,
                flow,
                variables,
                dialog_variables,
                own_routes,
            } => {
                let message = parse(message)?;
                let request = match request {
                    Some(request) => Some(parse(request)?),
                    None => request_is_message.then(|| Arc::clone(&message)),
                };
                let routes = own_routes.as_ref();
                let context = ConsultContext {
                    variables: variables.as_ref().map(self::variables),
                    dialog_variables: dialog_variables.as_ref().map(self::variables),
                    request,
                    own_routes: routes
                        .map(|routes| routes.iter().map(|route| route.as_str().into()).collect()),
                    ..ConsultContext::new(*transaction, (*flow).into())
                };
                Ask::Message { hook: (*hook).into(), message, context }
            }
            Asked::Timer(token) => Ask::Timer(token.clone()),
            Asked::RegistrationEnded { address_of_record, contact, why } => {
                Ask::Event(Event::RegistrationEnded {
                    address_of_record: address_of_record.clone(),
                    contact: contact.clone(),
                    why: reason(why),
                })
            }
            Asked::DialogEnded { call_id, why } => {
                Ask::Event(Event::DialogEnded { call_id: call_id.clone(), why: reason(why) })
            }
            Asked::Event { name, attrs } => Ask::Event(Event::Other {
                name: name.clone(),
                attrs: attrs.iter().map(|(tag, value)| (*tag, value.0.clone())).collect(),
            }),
            Asked::Answer { token, response } => {
                Ask::Answer { token: token.clone(), response: parse(response)? }
            }
            Asked::Adopt { name, version, call_id, variables } => Ask::Adopt(Adoption {
                name: name.clone(),
                version: version.clone(),
                call_id: call_id.clone(),
                variables: self::variables(variables),
            }),
        })
    }

    /// The message, if it is about one.
    #[must_use]
    pub fn message(&self) -> Option<&[u8]> {
        match self {
            Asked::Message { message, .. } => Some(&message.0),
            Asked::Answer { response, .. } => Some(&response.0),
            _ => None,
        }
    }

    /// What was asked, in few words: `INVITE request`, `200 reply`, `timer x`.
    #[must_use]
    pub fn title(&self) -> String {
        let of_message = |bytes: &[u8]| match Message::parse_datagram(bytes) {
            Ok(message) if message.is_request() => {
                String::from_utf8_lossy(message.method_token()).into_owned()
            }
            Ok(message) => message.status().to_string(),
            Err(_) => "?".into(),
        };
        match self {
            Asked::Message { hook, message, .. } => format!("{} {}", of_message(&message.0), hook.name()),
            Asked::Timer(token) => format!("timer {token:?}"),
            Asked::RegistrationEnded { why, .. } => format!("registration ended: {why}"),
            Asked::DialogEnded { why, .. } => format!("dialog ended: {why}"),
            Asked::Event { name, .. } => format!("event {name}"),
            Asked::Answer { response, .. } => format!("{} answer", of_message(&response.0)),
            Asked::Adopt { name, version, .. } => format!("call of {name} {version} adopted"),
        }
    }

    /// The Call-ID that it belongs to, if it has one.
    #[must_use]
    pub fn call_id(&self) -> Option<String> {
        if let Asked::DialogEnded { call_id, .. } | Asked::Adopt { call_id, .. } = self {
            return Some(call_id.clone());
        }
        let message = Message::parse_datagram(self.message()?).ok()?;
        let call_id = message.head().call_id().ok()?;
        Some(String::from_utf8_lossy(call_id).into_owned())
    }
}

fn stored(variables: &Variables) -> Stored {
    let mut all: Stored =
        variables.iter().map(|(name, value)| (name.to_owned(), Octets(value.to_vec()))).collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// More than there may be are left out.
fn variables(stored: &Stored) -> Arc<Variables> {
    let mut all = Variables::default();
    for (name, value) in stored {
        let _ = all.set(name, Some(value.0.clone().into()));
    }
    Arc::new(all)
}

/// The host's own words; anything else is none of them.
fn reason(why: &str) -> &'static str {
    const WORDS: [&str; 6] = ["expired", "removed", "replaced", "bye", "timeout", "rejected"];
    WORDS.into_iter().find(|word| *word == why).unwrap_or("other")
}

#[derive(Serialize, Deserialize)]
struct Hex {
    hex: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Readable {
    Text(String),
    Hex(Hex),
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let hex = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
                Hex { hex }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Octets, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::<u8>::deserialize(deserializer).map(Octets);
        }
        let hex = match Readable::deserialize(deserializer)? {
            Readable::Text(text) => return Ok(Octets(text.into_bytes())),
            Readable::Hex(Hex { hex }) => hex,
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = hex.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        pairs.collect::<Option<_>>().map(Octets).ok_or_else(|| D::Error::custom("hex has pairs of digits"))
    }
}

//! The notifier of the event package `reg` (RFC 3680, RFC 6665 §4.2; TS 24.229 §5.4.2.1): who watches which set, and what
//! they are told.
//!
//! ```text
//!   SUBSCRIBE ─▶ subscribe ─▶ Staged ── the script decides ──▶ commit ─▶ NOTIFY, full
//!   a binding is made, renewed, ends ─▶ changed ─▶ NOTIFY, partial
//!   time ─▶ expire ─▶ NOTIFY, terminated;reason=timeout          481 to a NOTIFY ─▶ answered: gone
//!   take_documents ─▶ disk ─▶ load
//! ```
//! In: SUBSCRIBEs, what became of bindings, answers to NOTIFYs, the time. Out: NOTIFYs as whole messages but for Via. What
//! is registered is asked for by a closure: the registrar knows. Not here: who may subscribe.

mod contacts;
mod stored;

use std::collections::{BTreeSet, HashMap};

use ims::reginfo::{self, DocumentState, Event, Reginfo, Registration};
use sip::{Draft, Head, HeaderId, Message, NameAddr, Uri};

use crate::words::SubscribeRefusal;

pub use contacts::{Bound, is_same_contact, registrations};

/// Subscriptions at once.
pub const MAX_SUBSCRIPTIONS: usize = 2_000_000;

/// Subscriptions to one set: phones, their P-CSCFs, application servers.
pub const MAX_OF_ONE: usize = 64;

/// Route values of one subscription.
const MAX_ROUTES: usize = 16;

/// Bytes of what is kept of a SUBSCRIBE's header fields, each.
const MAX_FIELD: usize = 2_048;

/// Names a subscription: Call-ID, our tag, their tag.
type Key = (Box<str>, Box<str>, Box<str>);

/// One subscription: half a dialog (RFC 3261 §12).
#[derive(Debug, Clone)]
struct Subscription {
    set: Box<str>,
    /// Our From, with the tag: the SUBSCRIBE's To.
    from: Box<str>,
    /// Our To: the SUBSCRIBE's From.
    to: Box<str>,
    remote_target: Box<str>,
    routes: Vec<Box<str>>,
    contact: Box<str>,
    /// The Event header field's `id`.
    event_id: Option<Box<str>>,
    cseq: u32,
    remote_cseq: u32,
    version: u32,
    expires_at_ms: u64,
    /// It was loaded, and its watcher has missed something: a partial document makes it ask for all of it (RFC 3680 §5.2);
    /// the last one has to be whole.
    is_ahead: bool,
}

/// A document of a subscription: its name, and what it says from now on; `None`: it is gone.
pub type Document = (String, Option<Vec<u8>>);

/// A SUBSCRIBE that was looked at and not yet taken.
#[derive(Debug)]
pub struct Staged {
    key: Key,
    subscription: Subscription,
}

/// What happened to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The contact URI.
    pub uri: String,
    /// What.
    pub event: Event,
}

/// A NOTIFY, and by which it is known when it is answered.
#[derive(Debug)]
pub struct Notify {
    /// For [`Notifier::answered`].
    pub of: SubscriptionId,
    /// Complete but for Via.
    pub request: Message,
}

/// Names a subscription to others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubscriptionId(Key);

/// All subscriptions.
#[derive(Debug)]
pub struct Notifier {
    subscriptions: HashMap<Key, Subscription>,
    by_set: HashMap<Box<str>, Vec<Key>>,
    /// When each ends, the first to end first.
    ends: BTreeSet<(u64, Key)>,
    max: usize,
    /// What is to be on disk, since it was last asked for.
    documents: Vec<Document>,
}

impl Default for Notifier {
    fn default() -> Notifier {
        Notifier::with_room(MAX_SUBSCRIPTIONS)
    }
}

impl Notifier {
    /// With room for so many subscriptions.
    #[must_use]
    pub fn with_room(max: usize) -> Notifier {
        Notifier {
            subscriptions: HashMap::new(),
            by_set: HashMap::new(),
            ends: BTreeSet::new(),
            max,
            documents: Vec::new(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Changes of what is to be on disk. To be taken after each call that changes something.
    pub fn take_documents(&mut self) -> Vec<Document> {
        std::mem::take(&mut self.documents)
    }

    /// What is to be on disk before the 200 to a SUBSCRIBE leaves, so that who was told of a subscription has it after a
    /// restart; none for one that ends. The rest is [`Notifier::commit`]'s.
    #[must_use]
    pub fn document_of(&self, staged: &Staged, now_ms: u64) -> Option<(String, Vec<u8>)> {
        let Staged { key, subscription } = staged;
        if subscription.expires_at_ms <= now_ms {
            return None;
        }
        let mut subscription = subscription.clone();
        if let Some(before) = self.subscriptions.get(key) {
            (subscription.cseq, subscription.version) = (before.cseq, before.version);
        }
        Some((stored::name(key), stored::write(key, &subscription)))
    }

    /// After a restart: one that was on disk. False: it is none, it is over, or there are too many.
    pub fn load(&mut self, document: &[u8], now_ms: u64) -> bool {
        let Some((key, subscription)) = stored::read(document) else { return false };
        if subscription.expires_at_ms <= now_ms || self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return false;
        }
        self.documents.push((stored::name(&key), Some(stored::write(&key, &subscription))));
        self.by_set.entry(subscription.set.clone()).or_default().push(key.clone());
        self.insert(key, subscription);
        true
    }

    /// Whether anybody watches this set.
    #[must_use]
    pub fn is_watched(&self, set: &str) -> bool {
        self.by_set.contains_key(set)
    }

    /// Looks at a SUBSCRIBE for this set; nothing is changed yet. Seconds that are granted, the To tag of the 200, and what
    /// [`Notifier::commit`] takes.
    ///
    /// # Errors
    /// It cannot be read, is of no subscription, or there are too many.
    pub fn subscribe(
        &self,
        head: Head<'_>,
        set: &str,
        contact: &str,
        max_expires: u32,
        now_ms: u64,
        luck: [u8; 8],
    ) -> Result<(u32, Box<str>, Staged), SubscribeRefusal> {
        const BAD: SubscribeRefusal = SubscribeRefusal::Malformed;
        // It is written into every NOTIFY.
        if contact.contains(['<', '>', ' ', '\r', '\n']) || Uri::parse(contact.as_bytes()).is_err() {
            return Err(BAD);
        }
        let text = |id| head.header(id).and_then(field).ok_or(BAD);
        let (call_id, from, to) = (text(HeaderId::CALL_ID)?, text(HeaderId::FROM)?, text(HeaderId::TO)?);
        let tag = |value: &str| {
            let address = NameAddr::parse(value.as_bytes()).ok()?;
            address.tag().and_then(field)
        };
        let remote_tag = tag(&from).ok_or(BAD)?;
        let remote_cseq = head.cseq().map_err(|_| BAD)?.number;
        // RFC 6665 §4.2.1.1: no Expires is the package's default (RFC 3680 §4.4: 3761).
        let wish = head.header(HeaderId::EXPIRES).map_or(Some(3761), |value| {
            std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok())
        });
        let expires = wish.ok_or(BAD)?.min(max_expires);
        let target = head.contacts().next().and_then(Result::ok).and_then(|contact| match contact {
            sip::Contact::Address(address) => field(address.uri_bytes),
            sip::Contact::Star => None,
        });
        let event = text(HeaderId::EVENT)?;
        let (package, params) = event.split_at(event.find(';').unwrap_or(event.len()));
        if !package.trim().eq_ignore_ascii_case("reg") {
            return Err(BAD);
        }
        let event_id =
            sip::Params::parse(params.as_bytes()).ok().and_then(|params| params.value("id").and_then(field));
        let local_tag = tag(&to);
        let expires_at_ms = now_ms + u64::from(expires) * 1000;
        if let Some(local_tag) = local_tag {
            let key = (call_id, local_tag.clone(), remote_tag);
            let before = self.subscriptions.get(&key).ok_or(SubscribeRefusal::NoSubscription)?;
            // Its user is in another set now: whoever watched the old one is to watch anew.
            if *before.set != *set {
                return Err(SubscribeRefusal::NoSubscription);
            }
            // RFC 3261 §12.2.2.
            if before.remote_cseq >= remote_cseq {
                return Err(SubscribeRefusal::OutOfOrder);
            }
            let remote_target = target.unwrap_or_else(|| before.remote_target.clone());
            let subscription = Subscription {
                remote_target,
                remote_cseq,
                expires_at_ms,
                contact: contact.into(),
                ..before.clone()
            };
            return Ok((expires, local_tag, Staged { key, subscription }));
        }
        let of_one = self.by_set.get(set).map_or(0, Vec::len);
        if self.subscriptions.len() >= self.max || of_one >= MAX_OF_ONE {
            return Err(SubscribeRefusal::TooMany);
        }
        let local_tag: Box<str> = luck.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        let routes = head.values(HeaderId::RECORD_ROUTE).map(|value| field(value.bytes).ok_or(BAD));
        let routes = routes.collect::<Result<Vec<_>, _>>()?;
        if routes.len() > MAX_ROUTES {
            return Err(BAD);
        }
        let subscription = Subscription {
            set: set.into(),
            from: format!("{to};tag={local_tag}").into(),
            to: from,
            remote_target: target.ok_or(BAD)?,
            routes,
            contact: contact.into(),
            event_id,
            cseq: 0,
            remote_cseq,
            version: 0,
            expires_at_ms,
            is_ahead: false,
        };
        let key = (call_id, local_tag.clone(), remote_tag);
        Ok((expires, local_tag, Staged { key, subscription }))
    }

    /// Takes it: the NOTIFY with everything that follows every SUBSCRIBE (RFC 6665 §4.2.1.2). `state`: the registrations of
    /// a set as they are.
    pub fn commit(
        &mut self,
        staged: Staged,
        now_ms: u64,
        state: impl Fn(&str) -> Vec<Registration>,
    ) -> Option<Notify> {
        let Staged { key, mut subscription } = staged;
        let set = subscription.set.clone();
        if let Some(before) = self.subscriptions.get(&key) {
            (subscription.cseq, subscription.version) = (before.cseq, before.version);
        } else {
            self.by_set.entry(set.clone()).or_default().push(key.clone());
        }
        let is_over = subscription.expires_at_ms <= now_ms;
        self.insert(key.clone(), subscription);
        let notify =
            self.notify(&key, now_ms, is_over.then_some("timeout"), DocumentState::Full, state(&set));
        if is_over {
            self.remove(&key);
        } else if let Some(subscription) = self.subscriptions.get(&key) {
            self.documents.push((stored::name(&key), Some(stored::write(&key, subscription))));
        }
        notify
    }

    /// Contacts of a set have changed: one NOTIFY for each who watches. `registrations`: of those that changed, with only
    /// the contacts that did. `is_over`: nothing of the set is registered any more, and the subscriptions end with it
    /// (TS 24.229 §5.4.2.1.2).
    pub fn changed(
        &mut self,
        set: &str,
        now_ms: u64,
        registrations: &[Registration],
        is_over: bool,
    ) -> Vec<Notify> {
        let Some(keys) = self.by_set.get(set).cloned() else { return Vec::new() };
        let mut notifies = Vec::new();
        for key in keys {
            let reason = is_over.then_some("noresource");
            notifies.extend(self.notify(
                &key,
                now_ms,
                reason,
                DocumentState::Partial,
                registrations.to_vec(),
            ));
            if is_over {
                self.remove(&key);
            }
        }
        notifies
    }

    /// Ends what is over by now.
    pub fn expire(&mut self, now_ms: u64, state: impl Fn(&str) -> Vec<Registration>) -> Vec<Notify> {
        let mut notifies = Vec::new();
        while self.ends.first().is_some_and(|(at, _)| *at <= now_ms)
            && let Some((_, key)) = self.ends.pop_first()
        {
            let Some(set) = self.subscriptions.get(&key).map(|subscription| subscription.set.clone()) else {
                continue;
            };
            notifies.extend(self.notify(&key, now_ms, Some("timeout"), DocumentState::Full, state(&set)));
            self.remove(&key);
        }
        notifies
    }

    /// A NOTIFY was answered: where the subscriber knows of nothing, or does not answer, the subscription is over (RFC 6665
    /// §4.2.2).
    pub fn answered(&mut self, of: &SubscriptionId, status: u16) {
        let is_temporary = matches!(status, 200..=299 | 401 | 407 | 413 | 480 | 486 | 500 | 503 | 600);
        if !is_temporary {
            self.remove(&of.0);
        }
    }

    /// In the place of what there was.
    fn insert(&mut self, key: Key, subscription: Subscription) {
        let ends = (subscription.expires_at_ms, key.clone());
        if let Some(before) = self.subscriptions.insert(key.clone(), subscription) {
            self.ends.remove(&(before.expires_at_ms, key));
        }
        self.ends.insert(ends);
    }

    fn remove(&mut self, key: &Key) {
        let Some(subscription) = self.subscriptions.remove(key) else { return };
        self.ends.remove(&(subscription.expires_at_ms, key.clone()));
        self.documents.push((stored::name(key), None));
        if let Some(keys) = self.by_set.get_mut(&subscription.set) {
            keys.retain(|own| own != key);
            if keys.is_empty() {
                self.by_set.remove(&subscription.set);
            }
        }
    }

    fn notify(
        &mut self,
        key: &Key,
        now_ms: u64,
        ends: Option<&str>,
        state: DocumentState,
        registrations: Vec<Registration>,
    ) -> Option<Notify> {
        let subscription = self.subscriptions.get_mut(key)?;
        subscription.cseq += 1;
        let state = if subscription.is_ahead && ends.is_some() { DocumentState::Full } else { state };
        subscription.is_ahead &= state != DocumentState::Full;
        let document = Reginfo { version: subscription.version, state, registrations };
        subscription.version = subscription.version.wrapping_add(1);
        let request = print(&key.0, subscription, now_ms, ends, &document.to_xml())?;
        Some(Notify { of: SubscriptionId(key.clone()), request })
    }
}

fn print(
    call_id: &str,
    subscription: &Subscription,
    now_ms: u64,
    ends: Option<&str>,
    document: &str,
) -> Option<Message> {
    let state = match ends {
        Some(reason) => format!("terminated;reason={reason}"),
        None => {
            let left = subscription.expires_at_ms.saturating_sub(now_ms).div_ceil(1000);
            format!("active;expires={left}")
        }
    };
    let event = match &subscription.event_id {
        Some(id) => format!("reg;id={id}"),
        None => "reg".to_owned(),
    };
    let cseq = format!("{} NOTIFY", subscription.cseq);
    let contact = format!("<{}>", subscription.contact);
    let mut draft = Draft::request(&b"NOTIFY"[..], subscription.remote_target.as_bytes());
    draft.append(HeaderId::MAX_FORWARDS, &b"71"[..]);
    for route in &subscription.routes {
        draft.append(HeaderId::ROUTE, route.as_bytes());
    }
    for (id, value) in [
        (HeaderId::FROM, &*subscription.from),
        (HeaderId::TO, &*subscription.to),
        (HeaderId::CALL_ID, call_id),
        (HeaderId::CSEQ, &cseq),
        (HeaderId::CONTACT, &contact),
        (HeaderId::EVENT, &event),
        (HeaderId::SUBSCRIPTION_STATE, &state),
    ] {
        draft.append(id, value.as_bytes());
    }
    draft.body(reginfo::CONTENT_TYPE.as_bytes(), document.as_bytes());
    let mut bytes = Vec::new();
    draft.print(&mut bytes);
    Message::parse_stream(&bytes).ok()
}

/// One line of text of a header field.
fn field(value: &[u8]) -> Option<Box<str>> {
    let line = sip::unfold(value);
    let text = std::str::from_utf8(&line).ok()?;
    (text.len() <= MAX_FIELD && !text.bytes().any(|byte| byte < b' ')).then(|| text.into())
}

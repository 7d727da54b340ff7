//! The home network's registrar, and its notifier of registrations.

use std::net::SocketAddr;
use std::time::Duration;

use auth::{Algorithm, Exchange, Qop, QopValues};
use ims::aka::{AuthenticationVector, Challenge, auts_from_base64, resynchronise};
use ims::reginfo::{Contact, DocumentState, Event, Reginfo, Registration, RegistrationState};
use sip::{Credentials, Draft, HeaderId, Message, Transport};
use transaction::Time;

use super::{DOMAIN, Home, PASSWORD, at, milenage};

/// Who is told of a registration.
pub struct Watcher {
    /// From and To of NOTIFYs, their Call-ID, where they go.
    from: String,
    to: String,
    call_id: String,
    target: String,
    address: SocketAddr,
    cseq: u32,
    version: u32,
    is_told: bool,
}

fn param(credentials: &Credentials<'_>, name: &str) -> String {
    credentials.param(name).map(|value| String::from_utf8(value.to_vec()).unwrap()).unwrap_or_default()
}

impl Home {
    pub(super) fn register(&mut self, now: Time, from: SocketAddr, message: &Message) -> Vec<u8> {
        let head = message.head();
        let user = Home::user(message, HeaderId::TO);
        if !self.wants.refusals.is_empty() {
            let (status, after) = self.wants.refusals.remove(0);
            return Home::answer(message, status, |response| {
                if let Some(after) = after {
                    response.header(HeaderId::RETRY_AFTER, after);
                }
            });
        }
        let asked = head.expires().unwrap().unwrap();
        if asked != 0 && asked < self.wants.min_expires {
            let least = self.wants.min_expires;
            return Home::answer(message, 423, |response| response.header(HeaderId::MIN_EXPIRES, least));
        }
        let credentials =
            head.credentials(HeaderId::AUTHORIZATION).next().expect("an Authorization").unwrap();
        assert_eq!(param(&credentials, "username"), format!("{user}@{DOMAIN}"));
        assert_eq!(param(&credentials, "uri"), format!("sip:{DOMAIN}"));
        if !self.is_proven(&user, "REGISTER", &credentials) {
            let challenge = self.new_challenge(&user);
            return Home::answer(message, 401, |response| {
                response.header(HeaderId::WWW_AUTHENTICATE, challenge)
            });
        }
        let (expires, own) = (self.wants.expires.min(asked), self.own);
        let contact = head.contacts().next().unwrap().unwrap().address().unwrap();
        let contact = String::from_utf8(contact.uri_bytes.to_vec()).unwrap();
        let subscriber = self.subscriber(&user);
        subscriber.contact =
            (expires > 0).then(|| (contact.clone(), from, now + Duration::from_secs(expires.into())));
        Home::answer(message, 200, |response| {
            response.header(HeaderId::CONTACT, format!("<{contact}>;expires={expires}"));
            response.header(HeaderId::SERVICE_ROUTE, format!("<sip:orig@{own};lr>"));
            response.header(HeaderId::P_ASSOCIATED_URI, format!("<{}>, <tel:+1-555-0100>", at(&user)));
        })
    }

    /// Whether credentials answer the last challenge; an AUTS moves the counter.
    fn is_proven(&mut self, user: &str, method: &str, credentials: &Credentials<'_>) -> bool {
        let (digest, trusts) = (self.wants.digest, self.wants.trusts);
        let subscriber = self.subscriber(user);
        let (nonce, auts) = (param(credentials, "nonce"), param(credentials, "auts"));
        if nonce.is_empty() || nonce != subscriber.nonce {
            return false;
        }
        let password = match digest {
            Some(_) => PASSWORD.as_bytes().to_vec(),
            None if auts.is_empty() => milenage().f2(&subscriber.rand).expose().to_vec(),
            None => Vec::new(),
        };
        let (nc, cnonce) = (param(credentials, "nc"), param(credentials, "cnonce"));
        let qop = Qop::from_name(param(credentials, "qop").as_bytes());
        let uri = param(credentials, "uri");
        let exchange = Exchange {
            method: method.as_bytes(),
            uri: uri.as_bytes(),
            nonce: nonce.as_bytes(),
            qop: qop.map(|qop| QopValues { qop, nc: nc.as_bytes(), cnonce: cnonce.as_bytes() }),
            body: b"",
        };
        let name = format!("{user}@{DOMAIN}");
        let ha1 = auth::ha1(&name, DOMAIN, password, digest.unwrap_or(Algorithm::Md5));
        let is_right = auth::response(&ha1, &exchange).hex().as_str() == param(credentials, "response");
        if is_right && !auts.is_empty() {
            let auts = auts_from_base64(auts.as_bytes()).unwrap();
            let sqn_ms = resynchronise(&milenage(), &subscriber.rand, &auts).unwrap();
            subscriber.sequence.resynchronise(sqn_ms);
            return false;
        }
        // Each challenge is good for one answer, unless the network trusts the way.
        let is_fresh = !std::mem::replace(&mut subscriber.is_proven, is_right);
        is_right && (is_fresh || trusts || digest.is_some())
    }

    fn new_challenge(&mut self, user: &str) -> String {
        let count = self.count();
        let (digest, wrong_macs) = (self.wants.digest, self.wants.wrong_macs);
        self.wants.wrong_macs = wrong_macs.saturating_sub(1);
        let subscriber = self.subscriber(user);
        subscriber.is_proven = false;
        if let Some(algorithm) = digest {
            subscriber.nonce = format!("nonce{count}");
            return auth::challenge_value(DOMAIN, &subscriber.nonce, algorithm, false, &[Qop::Auth]);
        }
        subscriber.rand = [count as u8; 16];
        let sqn = subscriber.sequence.next_sqn().unwrap();
        let mut vector = AuthenticationVector::generate(&milenage(), subscriber.rand, sqn, [0x80, 0]);
        if wrong_macs > 0 {
            vector.autn[15] ^= 1;
        }
        let challenge = Challenge { rand: vector.rand, autn: vector.autn, server_data: Vec::new() };
        subscriber.nonce = challenge.to_nonce();
        format!("Digest realm=\"{DOMAIN}\",nonce=\"{}\",algorithm=AKAv1-MD5,qop=\"auth\"", subscriber.nonce)
    }

    /// 407 to a request that has no right credentials.
    pub(super) fn challenge(&mut self, message: &Message) -> Option<Vec<u8>> {
        let user = Home::user(message, HeaderId::FROM);
        let method = String::from_utf8(message.method_token().to_vec()).unwrap();
        let credentials = message.head().credentials(HeaderId::PROXY_AUTHORIZATION).next();
        if credentials.is_some_and(|credentials| self.is_proven(&user, &method, &credentials.unwrap())) {
            return None;
        }
        let challenge = self.new_challenge(&user);
        Some(Home::answer(message, 407, |response| response.header(HeaderId::PROXY_AUTHENTICATE, challenge)))
    }

    pub(super) fn subscribe(&mut self, now: Time, message: &Message) -> Vec<u8> {
        if let Some(status) = self.wants.no_subscriptions {
            return Home::answer(message, status, |_| {});
        }
        let head = message.head();
        let text = |id| String::from_utf8(message.header(id).unwrap().to_vec()).unwrap();
        assert_eq!(head.event().unwrap().unwrap().package, b"reg");
        assert_eq!(text(HeaderId::ACCEPT), "application/reginfo+xml");
        let (user, own) = (Home::user(message, HeaderId::TO), self.own);
        let target = head.contacts().next().unwrap().unwrap().address().unwrap().uri_bytes.to_vec();
        let subscriber = self.subscriber(&user);
        let (_, address, _) = subscriber.contact.clone().expect("only who is registered subscribes");
        let known = subscriber.watcher.take().filter(|_| head.to_tag().is_some());
        let (cseq, version) = known.map_or((0, 0), |known| (known.cseq, known.version));
        let to_tag = if head.to_tag().is_some() { "" } else { ";tag=home" };
        subscriber.watcher = Some(Watcher {
            from: format!("{}{to_tag}", text(HeaderId::TO)),
            to: text(HeaderId::FROM),
            call_id: text(HeaderId::CALL_ID),
            target: String::from_utf8(target).unwrap(),
            address,
            cseq,
            version,
            is_told: false,
        });
        let _ = now;
        Home::answer(message, 200, |response| {
            response.header(HeaderId::EXPIRES, 600_000_u32);
            response.header(HeaderId::CONTACT, format!("<sip:scscf@{own}>"));
        })
    }

    /// A first NOTIFY to who has subscribed just now.
    pub(super) fn notify_new(&mut self, now: Time) {
        let is_new = |watcher: &Option<Watcher>| watcher.as_ref().is_some_and(|watcher| !watcher.is_told);
        let new = self.subscribers.iter().filter(|(_, subscriber)| is_new(&subscriber.watcher));
        for user in new.map(|(user, _)| user.clone()).collect::<Vec<_>>() {
            self.notify(now, &user, Event::Registered, |_| {});
        }
    }

    /// NOTIFY, with what happened to the contact.
    pub fn notify(&mut self, now: Time, user: &str, event: Event, change: impl FnOnce(&mut Contact)) {
        let own = self.own;
        let (uri, _, until) = self.subscriber(user).contact.clone().unwrap_or((String::new(), own, now));
        let mut contact = Contact::new("c1", event, uri);
        contact.expires = Some((until - now).as_secs());
        change(&mut contact);
        let state = RegistrationState::Active.after(event.leads_to() == ims::reginfo::ContactState::Active);
        self.notify_registration(now, user, state, vec![contact]);
    }

    /// NOTIFY, with these contacts.
    pub fn notify_registration(
        &mut self,
        now: Time,
        user: &str,
        state: RegistrationState,
        contacts: Vec<Contact>,
    ) {
        let (count, own) = (self.count(), self.own);
        let watcher = self.subscriber(user).watcher.as_mut().expect("somebody watches");
        let is_over = state == RegistrationState::Terminated;
        let registration = Registration { aor: at(user), id: "r1".to_owned(), state, contacts };
        let document_state = if watcher.is_told { DocumentState::Partial } else { DocumentState::Full };
        let document =
            Reginfo { version: watcher.version, state: document_state, registrations: vec![registration] };
        watcher.version += 1;
        watcher.cseq += 1;
        watcher.is_told = true;
        let branch = format!("z9hG4bKnotify{count}");
        let mut draft = Draft::request("NOTIFY", &watcher.target);
        draft.append(HeaderId::VIA, format!("SIP/2.0/UDP {own};branch={branch}"));
        draft.append(HeaderId::MAX_FORWARDS, 70_u32);
        draft.append(HeaderId::FROM, &watcher.from);
        draft.append(HeaderId::TO, &watcher.to);
        draft.append(HeaderId::CALL_ID, &watcher.call_id);
        draft.append(HeaderId::CSEQ, format!("{} NOTIFY", watcher.cseq));
        draft.append(HeaderId::CONTACT, format!("<sip:scscf@{own}>"));
        draft.append(HeaderId::EVENT, "reg");
        draft.append(
            HeaderId::SUBSCRIPTION_STATE,
            if is_over { "terminated" } else { "active;expires=600000" },
        );
        draft.body(ims::reginfo::CONTENT_TYPE, document.to_xml());
        let mut bytes = Vec::new();
        draft.print(&mut bytes);
        drop(draft);
        let (again, to) = (Duration::from_secs(2), watcher.address);
        self.notifies.insert(branch, (to, bytes.clone(), now + again, again));
        self.outbox.push((Transport::Udp, to, bytes));
    }
}

//! Phones that are registered (TS 24.229 §5.2.2): what a 200 to REGISTER said, by where the phone is.
//!
//! ```text
//!   r udp 192.0.2.10 5060 0        ▶ the registration of who sends from there
//!   c sip:alice@192.0.2.10:5060    ▶ the key above, for a phone that sends from another port than it registered from
//!   p alice@ims.test               ▶ until when (ms since 1970) and the key of each phone of a private identity
//! ```
//! In: a 200, later a request's source. Out: [`Registered`]. The rows lie in the script's table, with the lifetime of the
//! registration; the 200 goes to the phone when they are on disk.

use strowger_sdk::prelude::*;
use strowger_sdk::text;

/// Phones of one private identity.
const MAX_PHONES: usize = 16;

/// One phone's registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The private identity that registered.
    pub(crate) private_identity: String,
    /// The Contact URI.
    pub(crate) contact: String,
    /// Values of Service-Route, as they came.
    pub(crate) service_route: Vec<String>,
    /// Public identities that are not barred, as they came; the default one first.
    pub(crate) identities: Vec<String>,
    /// P-Charging-Function-Addresses; empty: none.
    pub(crate) charging: String,
}

impl Registered {
    /// A line each; none of the values has a line break.
    fn write(&self) -> Vec<u8> {
        let lists = [&self.service_route, &self.identities].map(|list| list.join("\t"));
        let [service_route, identities] = &lists;
        [self.private_identity.as_str(), &self.contact, service_route, identities, &self.charging]
            .join("\n")
            .into_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Registered> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split('\n').map(str::to_owned);
        let list = |line: String| line.split('\t').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        Some(Registered {
            private_identity: lines.next()?,
            contact: lines.next()?,
            service_route: list(lines.next()?),
            identities: list(lines.next()?),
            charging: lines.next()?,
        })
    }

    /// The registration of where the message in hand comes from.
    pub(crate) fn of_source(host: &impl Host) -> Option<Registered> {
        Registered::read(&host.get(&source_key(host))?.value)
    }

    /// The registration of who sends a request: by where it comes from, else by its Contact, from the same address.
    pub(crate) fn of(request: &Request<'_>, host: &impl Host) -> Option<Registered> {
        if let Some(registered) = Registered::of_source(host) {
            return Some(registered);
        }
        let contact = request.contacts().flatten().find_map(|contact| match contact {
            strowger_sdk::Contact::Address(address) => address.uri().ok().map(|uri| contact_key(&uri)),
            strowger_sdk::Contact::Star => None,
        })?;
        let key = String::from_utf8(host.get(&contact)?.value).ok()?;
        let source = host.source();
        // A request that is too long for a datagram comes on a connection (RFC 3261 §18.1.1), from a port of its own.
        if key.split(' ').nth(2) != Some(source.address.as_str()) {
            return None;
        }
        let registered = Registered::read(&host.get(&key)?.value)?;
        // Behind a NAT one address is many phones, and a Contact is no proof (TS 33.203 §N.2): it counts where it names
        // the very address that the request comes from.
        let contact = Uri::parse(registered.contact.as_bytes()).ok()?;
        let is_there = contact.host().ip().is_some_and(|ip| ip.to_canonical().to_string() == source.address);
        is_there.then_some(registered)
    }

    /// Keeps it for so many seconds, for where the message in hand comes from.
    pub(crate) fn keep(&self, seconds: u32, host: &impl Host) {
        let key = source_key(host);
        let lifetime = u64::from(seconds) * 1000;
        let _ = host.put(&key, &self.write(), lifetime, None);
        if let Ok(uri) = Uri::parse(self.contact.as_bytes()) {
            let _ = host.put(&contact_key(&uri), key.as_bytes(), lifetime, None);
        }
        let list = phones_key(&self.private_identity);
        let mut phones = phones(&list, host);
        phones.retain(|(_, other)| *other != key);
        phones.push((host.now() + lifetime, key));
        if phones.len() > MAX_PHONES {
            phones.remove(0);
        }
        put_phones(&list, &phones, host);
    }

    /// A public identity is no longer registered with this contact (§5.2.3). A phone may lose one of several and keep the
    /// others; with its default one it is gone.
    pub(crate) fn end_identity(private_identity: &str, identity: &str, contact: &Uri<'_>, host: &impl Host) {
        let same = |one: &str, other: &str| {
            let aor = |text: &str| Uri::parse(text.as_bytes()).ok().map(|uri| uri.aor());
            one == other || (aor(one).is_some() && aor(one) == aor(other))
        };
        for (_, key) in phones(&phones_key(private_identity), host) {
            let registered = host.get(&key).and_then(|entry| Registered::read(&entry.value));
            let Some(registered) = registered else { continue };
            let own = Uri::parse(registered.contact.as_bytes());
            let is_default =
                registered.identities.iter().position(|own| same(own, identity)).is_none_or(|n| n == 0);
            if is_default && own.is_ok_and(|own| own.equivalent(contact)) {
                drop_key(&key, private_identity, host);
            }
        }
    }

    /// A contact of a private identity is gone; all of them, where none is named.
    pub(crate) fn drop_contact(private_identity: &str, contact: Option<&Uri<'_>>, host: &impl Host) {
        for (_, key) in phones(&phones_key(private_identity), host) {
            let registered = host.get(&key).and_then(|entry| Registered::read(&entry.value));
            let is_meant = |contact: &Uri<'_>| {
                let own = registered.as_ref().map(|registered| Uri::parse(registered.contact.as_bytes()));
                own.is_some_and(|own| own.is_ok_and(|own| own.equivalent(contact)))
            };
            if contact.is_none_or(is_meant) {
                drop_key(&key, private_identity, host);
            }
        }
    }
}

fn drop_key(key: &str, private_identity: &str, host: &impl Host) {
    if let Some(registered) = host.get(key).and_then(|entry| Registered::read(&entry.value))
        && let Ok(uri) = Uri::parse(registered.contact.as_bytes())
    {
        host.delete(&contact_key(&uri));
    }
    host.delete(key);
    let list = phones_key(private_identity);
    let mut left = phones(&list, host);
    left.retain(|(_, own)| own != key);
    put_phones(&list, &left, host);
}

/// Until when, and the key of each phone whose registration has not ended by itself.
fn phones(list: &str, host: &impl Host) -> Vec<(u64, String)> {
    let value = host.get(list).map(|entry| entry.value).unwrap_or_default();
    let read = |line: &str| {
        let (until, key) = line.split_once(' ')?;
        Some((until.parse().ok()?, key.to_owned()))
    };
    let mut phones: Vec<_> = text(&value).lines().filter_map(read).collect();
    phones.retain(|(until, _)| *until > host.now());
    phones
}

/// Keeps the list for as long as the last of its registrations lasts.
fn put_phones(list: &str, phones: &[(u64, String)], host: &impl Host) {
    let Some(last) = phones.iter().map(|(until, _)| *until).max() else {
        host.delete(list);
        return;
    };
    let lines: Vec<String> = phones.iter().map(|(until, key)| format!("{until} {key}")).collect();
    let _ = host.put(list, lines.join("\n").as_bytes(), last.saturating_sub(host.now()), None);
}

fn source_key(host: &impl Host) -> String {
    let source = host.source();
    format!("r {} {} {} {}", source.transport.name(), source.address, source.port, source.connection)
}

fn contact_key(uri: &Uri<'_>) -> String {
    let user = uri.user().map(text).unwrap_or_default();
    let mut key = format!("c {user}@{}:{}", uri.host(), uri.port().unwrap_or(5060));
    key.truncate(key.floor_char_boundary(250));
    key
}

fn phones_key(private_identity: &str) -> String {
    let mut key = ["p ", private_identity].concat();
    key.truncate(key.floor_char_boundary(250));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_read_as_it_was_written() {
        let registered = Registered {
            private_identity: "alice@ims.test".to_owned(),
            contact: "sip:alice@192.0.2.10".to_owned(),
            service_route: vec!["<sip:orig@s;lr>".to_owned()],
            identities: vec!["sip:alice@ims.test".to_owned(), "tel:+49".to_owned()],
            charging: String::new(),
        };
        assert_eq!(Registered::read(&registered.write()), Some(registered.clone()));
        let bare = Registered { service_route: Vec::new(), identities: Vec::new(), ..registered };
        assert_eq!(Registered::read(&bare.write()), Some(bare));
        assert_eq!(Registered::read(b"one line"), None);
    }
}

//! From what somebody wrote down to a subscription: what follows from it is added, and all of it is checked.
//!
//! ```text
//!   imsi                   impi imsi@domain; the temporary public identity sip:imsi@domain (TS 23.003 §13.3, §13.4B)
//!   msisdn                 sip:+msisdn@domain, tel:+msisdn (§13.4)
//!   impi alone             sip:impi
//!   domain                 the realm of impi, or ims.mncNNN.mccNNN.3gppnetwork.org of the IMSI (§13.2)
//! ```
//! The temporary public identity is barred where there is another one that is not. In: a [`Subscriber`]. Out:
//! [`Resolved`], or the first key that is wrong. `keys.rs` reads keys, `identities.rs` public identities.

mod identities;
mod keys;

use ims::aka::Sqn;
use ims::identity::{Imsi, Plmn};

use super::{Device, Subscriber};
use crate::bounds::{MAX_LIST, MAX_PRIVATE_IDENTITIES, MAX_TEXT};
use crate::credentials::Credentials;
use crate::error::EntryError;
use crate::subscription::{PrivateIdentity, Subscription, canonical_private};

/// A subscription and its keys.
pub(crate) struct Resolved {
    /// By what it is kept.
    pub(crate) name: String,
    pub(crate) subscription: Subscription,
    /// As many as private identities, in their order.
    pub(crate) devices: Vec<ResolvedDevice>,
}

/// The keys of one private identity.
pub(crate) struct ResolvedDevice {
    pub(crate) impi: String,
    /// `None`: nothing was said; what is stored stays.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) sqn: Option<Sqn>,
}

/// Whose keys are read: for messages.
#[derive(Clone, Copy)]
struct Entry<'a> {
    name: &'a str,
}

impl Entry<'_> {
    fn wrong(&self, key: impl Into<String>, value: Option<&str>, reason: impl Into<String>) -> EntryError {
        EntryError {
            table: "subscriber",
            name: self.name.to_owned(),
            key: key.into(),
            value: value.map(str::to_owned),
            reason: reason.into(),
        }
    }

    /// A list that may not be longer than this.
    fn bounded<T>(&self, key: &str, list: &[T], limit: usize) -> Result<(), EntryError> {
        let reason = || format!("more than {limit} entries");
        if list.len() > limit { Err(self.wrong(key, None, reason())) } else { Ok(()) }
    }

    /// A text that is not empty and not too long.
    fn text(&self, key: &str, text: &str) -> Result<(), EntryError> {
        match text.len() {
            0 => Err(self.wrong(key, Some(text), "expected a text that is not empty")),
            1..=MAX_TEXT => Ok(()),
            _ => Err(self.wrong(key, None, format!("more than {MAX_TEXT} bytes"))),
        }
    }

    /// A SIP URI of a server.
    fn server(&self, key: &str, uri: &str) -> Result<(), EntryError> {
        crate::profile::check_server(uri).map_err(|reason| self.wrong(key, Some(uri), reason))
    }
}

/// A private identity with what its IMSI says.
struct Private {
    identity: PrivateIdentity,
    /// The temporary public identity's user part, and the domain that follows from the IMSI.
    temporary: Option<(String, String)>,
}

/// Adds what follows and checks everything. `place`: what it is called if it says nothing of itself.
pub(crate) fn resolve(subscriber: &Subscriber, place: &str) -> Result<Resolved, EntryError> {
    let entry = Entry { name: subscriber.title().unwrap_or(place) };
    lists(subscriber, entry)?;
    let first = subscriber.first_device();
    let first = (!first.is_empty()).then_some((String::new(), first));
    let more = subscriber.private.iter().enumerate();
    let more = more.map(|(place, device)| (format!("private.{place}."), device.clone()));
    let mut private: Vec<Private> = Vec::new();
    let mut devices = Vec::new();
    for (path, device) in first.into_iter().chain(more) {
        let found = private_identity(&device, subscriber.domain.as_deref(), &path, entry)?;
        let impi = found.identity.impi.clone();
        if private.iter().any(|other| other.identity.impi == impi) {
            return Err(entry.wrong(format!("{path}impi"), Some(&impi), "is there twice"));
        }
        let credentials = keys::credentials(&device, &impi, &path, entry)?;
        devices.push(ResolvedDevice { impi, credentials, sqn: device.sqn.map(|sqn| sqn.0) });
        private.push(found);
    }
    let sets = identities::sets(subscriber, &private, entry)?;
    let subscription = Subscription {
        private: private.into_iter().map(|private| private.identity).collect(),
        sets,
        visited_networks: subscriber.visited_networks.clone(),
        capabilities: subscriber.capabilities.clone(),
        charging: subscriber.charging.clone(),
    };
    let nothing = || entry.wrong("imsi", None, "expected an imsi, an impi or identities");
    Ok(Resolved { name: subscription.name().ok_or_else(nothing)?, subscription, devices })
}

/// Everything that is neither a key nor an identity.
fn lists(subscriber: &Subscriber, entry: Entry<'_>) -> Result<(), EntryError> {
    entry.bounded("private", &subscriber.private, MAX_PRIVATE_IDENTITIES - 1)?;
    entry.bounded("visited_networks", &subscriber.visited_networks, MAX_LIST)?;
    for network in &subscriber.visited_networks {
        entry.text("visited_networks", network)?;
    }
    let capabilities = &subscriber.capabilities;
    entry.bounded("capabilities.mandatory", &capabilities.mandatory, MAX_LIST)?;
    entry.bounded("capabilities.optional", &capabilities.optional, MAX_LIST)?;
    entry.bounded("capabilities.servers", &capabilities.servers, MAX_LIST)?;
    for server in &capabilities.servers {
        entry.server("capabilities.servers", server)?;
    }
    let charging = &subscriber.charging;
    for (key, name) in [
        ("charging.primary_event", &charging.primary_event),
        ("charging.secondary_event", &charging.secondary_event),
        ("charging.primary_collection", &charging.primary_collection),
        ("charging.secondary_collection", &charging.secondary_collection),
    ] {
        if let Some(name) = name {
            entry.text(key, name)?;
        }
    }
    Ok(())
}

fn private_identity(
    device: &Device,
    domain: Option<&str>,
    path: &str,
    entry: Entry<'_>,
) -> Result<Private, EntryError> {
    let key = |key: &str| format!("{path}{key}");
    let of_imsi =
        device.imsi.as_deref().map(|imsi| home(imsi, device.mnc_digits, &key, entry)).transpose()?;
    let written = match (&device.impi, &of_imsi) {
        (Some(impi), _) => impi.clone(),
        (None, Some((imsi, home))) => format!("{imsi}@{}", domain.unwrap_or(home)),
        (None, None) => return Err(entry.wrong(key("impi"), None, "expected an impi or an imsi")),
    };
    let wrong = || entry.wrong(key("impi"), Some(&written), "expected user@realm of at most 255 bytes");
    let impi = canonical_private(&written).ok_or_else(wrong)?;
    let realm = impi.rsplit_once('@').map(|(_, realm)| realm.to_owned());
    let temporary = of_imsi.map(|(imsi, home)| {
        let domain = domain.map(str::to_owned).or(realm).unwrap_or(home);
        (imsi, domain)
    });
    Ok(Private { identity: PrivateIdentity { impi, imsi: device.imsi.clone() }, temporary })
}

/// The digits of an IMSI and its home network domain.
fn home(
    imsi: &str,
    mnc_digits: Option<u8>,
    key: &impl Fn(&str) -> String,
    entry: Entry<'_>,
) -> Result<(String, String), EntryError> {
    let parsed = Imsi::parse(imsi).map_err(|why| entry.wrong(key("imsi"), Some(imsi), why.to_string()))?;
    let digits = match mnc_digits {
        Some(digits @ (2 | 3)) => usize::from(digits),
        Some(other) => {
            return Err(entry.wrong(key("mnc_digits"), Some(&other.to_string()), "expected 2 or 3"));
        }
        None => mnc_digits_of(imsi),
    };
    let home: Option<Plmn> = parsed.home_network(digits);
    let home =
        home.ok_or_else(|| entry.wrong(key("imsi"), Some(imsi), "expected MCC, MNC and more digits"))?;
    Ok((parsed.as_str().to_owned(), home.home_network_domain()))
}

/// Canada, the United States, Mexico, and some of the Caribbean have only MNCs of three digits (ITU-T E.212 Annex).
fn mnc_digits_of(imsi: &str) -> usize {
    match imsi.get(..3).and_then(|mcc| mcc.parse::<u16>().ok()) {
        Some(
            302
            | 310..=316
            | 330
            | 334
            | 338
            | 342
            | 344
            | 346
            | 348
            | 354
            | 356
            | 358
            | 360
            | 365
            | 366
            | 376,
        ) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests;

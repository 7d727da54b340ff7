//! A subscription as somebody would have written it down, with nothing left to derive.
//!
//! In: a subscription and, only where they are asked for, its keys. Out: a [`Subscriber`] from which the same
//! subscription follows. Hashes come in place of a password, OPc in place of OP.

use auth::Hash;
use ims::aka::Sqn;

use super::{Device, SecretText, SqnText, Subscriber};
use crate::credentials::{Credentials, amf_text};
use crate::subscription::{PrivateIdentity, Subscription};

/// What is known of one private identity beside what it is called.
pub(crate) struct Keys {
    pub(crate) credentials: Credentials,
    pub(crate) sqn: Sqn,
}

/// `keys`: by private identity, in its order; empty where they are not to be seen.
pub(crate) fn show(subscription: &Subscription, keys: &[Keys]) -> Subscriber {
    let mut devices: Vec<Device> = Vec::new();
    for (place, private) in subscription.private.iter().enumerate() {
        devices.push(device(private, keys.get(place)));
    }
    let mut devices = devices.into_iter();
    let first = devices.next().unwrap_or_default();
    let mut sets = subscription.sets.iter();
    // A set that not all may register needs its own table.
    let is_plain = subscription.sets.first().is_some_and(|set| set.private.is_empty());
    let identities = if is_plain { sets.next() } else { None };
    Subscriber {
        imsi: first.imsi,
        mnc_digits: None,
        impi: first.impi,
        k: first.k,
        op: None,
        opc: first.opc,
        amf: first.amf,
        sqn: first.sqn,
        password: None,
        ha1: first.ha1,
        ha1_sha256: first.ha1_sha256,
        realm: first.realm,
        private: devices.collect(),
        domain: None,
        msisdn: Vec::new(),
        profile: None,
        identities: identities.map(|set| set.identities.clone()).unwrap_or_default(),
        set: sets.cloned().collect(),
        visited_networks: subscription.visited_networks.clone(),
        capabilities: subscription.capabilities.clone(),
        charging: subscription.charging.clone(),
    }
}

fn device(private: &PrivateIdentity, keys: Option<&Keys>) -> Device {
    let aka = keys.and_then(|keys| keys.credentials.aka.as_ref());
    let digest = keys.and_then(|keys| keys.credentials.digest.as_ref());
    let hex = |hash: &Hash| SecretText::new(hash.hex().as_str());
    Device {
        imsi: private.imsi.clone(),
        impi: Some(private.impi.clone()),
        k: aka.map(|aka| SecretText::new(aka.k.expose_hex())),
        opc: aka.map(|aka| SecretText::new(aka.opc.expose_hex())),
        amf: aka.map(|aka| amf_text(aka.amf)),
        sqn: keys.map(|keys| SqnText(keys.sqn)),
        ha1: digest.and_then(|digest| digest.md5.as_ref().map(hex)),
        ha1_sha256: digest.and_then(|digest| digest.sha256.as_ref().map(hex)),
        realm: digest.map(|digest| digest.realm.clone()),
        ..Device::default()
    }
}

//! One entry in the place of several (TS 24.229 §5.10.4.2, §5.10.4.3).
//!
//! ```text
//!   <sip:SEALED@home1.test;lr;tokenized-by=home1.test>        Route, Record-Route, Path, Service-Route
//!   SIP/2.0/UDP LABEL.home1.test;branch=…;tokenized-by=home1.test                                  Via
//! ```
//! In: entries, and the network's name. Out: what stands for them; and the entries again. Nobody but this network's I-CSCFs
//! can make or read what is sealed.

use strowger_sdk::prelude::*;
use strowger_sdk::text;

/// Which network hid it.
const TOKENIZED_BY: &str = "tokenized-by";

/// Bytes that are sealed at once (`wit/deps/host/host.wit`); more entries than fit become several tokens.
const MAX_SEALED: usize = 2_048;

/// Between entries, which hold no line break.
const BETWEEN: u8 = b'\n';

/// What stands for these entries. One that is too long by itself is left out: a route that ends is better than one that is
/// shown.
pub(crate) fn seal(network: &str, entries: &[String], host: &impl Host) -> Vec<String> {
    let mut sealed: Vec<Vec<u8>> = Vec::new();
    for entry in entries {
        if entry.len() > MAX_SEALED {
            host.log(Level::Warning, "a route is too long to be hidden, and is left out");
            continue;
        }
        match sealed.last_mut() {
            Some(last) if last.len() + 1 + entry.len() <= MAX_SEALED => {
                last.push(BETWEEN);
                last.extend_from_slice(entry.as_bytes());
            }
            _ => sealed.push(entry.as_bytes().to_vec()),
        }
    }
    let token = |bytes: Vec<u8>| {
        ["<sip:", &host.seal(&bytes), "@", network, ";lr;", TOKENIZED_BY, "=", network, ">"].concat()
    };
    sealed.into_iter().map(token).collect()
}

/// Whether something stands there that a network has hidden.
pub(crate) fn is_one(uri: &Uri<'_>) -> bool {
    uri.param(TOKENIZED_BY).is_some()
}

/// The entries that this network has hidden in a URI; `None`: it has not.
pub(crate) fn open(network: &str, uri: &Uri<'_>, host: &impl Host) -> Option<Vec<String>> {
    let by = uri.param(TOKENIZED_BY)??;
    if !by.eq_ignore_ascii_case(network.as_bytes()) {
        return None;
    }
    let entries = host.unseal(std::str::from_utf8(uri.user()?).ok()?)?;
    Some(entries.split(|byte| *byte == BETWEEN).map(|entry| text(entry).into_owned()).collect())
}

/// A Via that stands for others. Its host is made of what is sealed, as a name must be: letters and digits, and short.
pub(crate) fn via(network: &str, values: &[&[u8]], host: &impl Host) -> String {
    let bytes = values.concat();
    let sealed = host.seal(&bytes[..bytes.len().min(MAX_SEALED)]);
    let label = hash(sealed.as_bytes());
    format!("SIP/2.0/UDP t{label:016x}.{network};branch=z9hG4bK{label:016x};{TOKENIZED_BY}={network}")
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

//! What of a History-Info leaves a network (RFC 7044 §10.1): its order, and of what is private no names.
//!
//! In: the values of a message that leaves, what it says about privacy, and which identities are the network's. Out: the
//! values as others may see them.

use sip::{NameAddr, Scheme, Uri};

use crate::ims::privacy::Privacy;
use crate::text::line;

/// Who nobody is (RFC 7044 §10.1).
const ANONYMOUS: &str = "<sip:anonymous@anonymous.invalid>";

/// The values as they may leave; `None`: as they are. `privacy`: values of the message's Privacy header field; `is_home`:
/// whether a SIP URI is of the network's domains. A telephone number is taken for the network's.
pub fn leaving<'a>(
    entries: impl IntoIterator<Item = &'a [u8]>,
    privacy: impl IntoIterator<Item = &'a [u8]>,
    is_home: impl Fn(&Uri<'_>) -> bool,
) -> Option<Vec<String>> {
    let entries: Vec<&[u8]> = entries.into_iter().collect();
    // One that cannot be read may mean everything.
    let hides_all = Privacy::parse_all(privacy)
        .map_or(true, |privacy| !privacy.none && (privacy.history || privacy.header || privacy.session));
    let is_private = |entry: &[u8]| is_private(entry, hides_all, &is_home);
    if !entries.iter().any(|entry| is_private(entry)) {
        return None;
    }
    let shown = |entry: &[u8]| if is_private(entry) { anonymous(entry) } else { line(entry) };
    Some(entries.into_iter().map(shown).collect())
}

/// Whether an entry is not told: the message says so for all that are of our domains, or the entry for itself.
fn is_private(entry: &[u8], hides_all: bool, is_home: impl Fn(&Uri<'_>) -> bool) -> bool {
    let uri = NameAddr::parse(entry).ok().and_then(|entry| entry.uri().ok());
    // What cannot be read cannot be judged.
    let Some(uri) = uri else { return true };
    let is_own = uri.scheme() == Scheme::Tel || is_home(&uri);
    let says_so = uri
        .header_components()
        .any(|(name, value)| name.eq_ignore_ascii_case(b"privacy") && !value.eq_ignore_ascii_case(b"none"));
    says_so || (hides_all && is_own)
}

/// The entry's place in the history, without its identity.
fn anonymous(entry: &[u8]) -> String {
    let entry = line(entry);
    let parameters = entry.rfind('>').map_or("", |at| &entry[at + 1..]);
    [ANONYMOUS, parameters].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(entries: &[&str], privacy: &[&str]) -> Option<Vec<String>> {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
        let (entries, privacy) = (bytes(entries), bytes(privacy));
        let is_home = |uri: &Uri<'_>| uri.host().to_string() == "ims.test";
        leaving(entries.iter().map(Vec::as_slice), privacy.iter().map(Vec::as_slice), is_home)
    }

    #[test]
    fn what_is_private_keeps_its_place_and_loses_its_name() {
        let (bob, eve) = ("<sip:bob@ims.test>;index=1", "<sip:eve@ims.test?Privacy=history>;index=1.1;mp=1");
        let (dan, number) = ("<sip:dan@else.test>;index=1.2", "<tel:+49>;index=1.3");
        let hidden = "<sip:anonymous@anonymous.invalid>;index=1.1;mp=1".to_owned();
        assert_eq!(seen(&[bob, dan], &[]), None);
        assert_eq!(seen(&[bob, dan], &["id"]), None);
        assert_eq!(seen(&[bob, eve], &[]), Some(vec![bob.into(), hidden.clone()]));
        let anonymous = |index: &str| format!("<sip:anonymous@anonymous.invalid>;index={index}");
        for privacy in ["history", "header", "session", "\""] {
            let wanted = Some(vec![anonymous("1"), hidden.clone(), dan.into(), anonymous("1.3")]);
            assert_eq!(seen(&[bob, eve, dan, number], &[privacy]), wanted, "{privacy}");
        }
        assert_eq!(seen(&["x y <"], &[]), Some(vec!["<sip:anonymous@anonymous.invalid>".into()]));
        assert_eq!(seen(&[], &["history"]), None);
    }
}

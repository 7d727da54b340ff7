//! A split as an operator asks for it, made into terms of a candidate (`plugin::Split`).
//!
//! In: a share, words for a key and for matches. Out: terms, with public identities in canonical form; or what is wrong with
//! them. Nothing is decided about versions here.

use plugin::{MAX_IDENTITIES, Only, Split, SplitKey, TermsError};
use serde::Serialize;

use crate::ims::Ims;
use crate::subscriber;

/// What an operator says of a split. Where nothing but the share is said, a candidate keeps the key and the matches that it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SplitWish {
    /// Tenths of a percent; 0 takes the share back.
    pub share: u16,
    /// `impu`, `call-id`, `source` or `header:NAME`.
    pub key: Option<String>,
    /// Public identities: SIP or tel URIs.
    pub identities: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Hosts of P-CSCFs.
    pub pcscf: Vec<String>,
}

impl From<u16> for SplitWish {
    /// Nothing but a share, in tenths of a percent.
    fn from(share: u16) -> SplitWish {
        SplitWish { share, ..SplitWish::default() }
    }
}

/// Why a wish is no split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// Not terms.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// An identity cannot be read; by its place, for whose it is is nobody's business.
    #[error("identity {0} of the list is neither a SIP nor a tel URI")]
    Identity(usize),
}

impl SplitWish {
    /// The terms. `before`: those that the version has now.
    pub(crate) fn terms(&self, before: Option<&Split>, ims: Option<&Ims>) -> Result<Split, WishError> {
        let nothing_said = self.key.is_none()
            && self.identities.is_empty()
            && self.methods.is_empty()
            && self.pcscf.is_empty();
        let (key, only) = match before.filter(|_| nothing_said) {
            Some(before) => (before.key().clone(), before.only().clone()),
            None => {
                let key = self.key.as_deref().map(str::parse).transpose()?;
                (key.unwrap_or(SplitKey::Impu), self.only(ims)?)
            }
        };
        Ok(Split::new(self.share, key, only)?)
    }

    fn only(&self, ims: Option<&Ims>) -> Result<Only, WishError> {
        if self.identities.len() > MAX_IDENTITIES {
            return Err(TermsError::TooManyIdentities.into());
        }
        let mut identities = Vec::with_capacity(self.identities.len());
        for (place, identity) in self.identities.iter().enumerate() {
            let uri = sip::Uri::parse(identity.as_bytes()).map_err(|_| WishError::Identity(place + 1))?;
            identities.push(subscriber::counts(uri.aor(), ims).into());
        }
        let own = |all: &[String]| all.iter().map(|one| one.as_str().into()).collect();
        Ok(Only::new(identities, own(&self.methods), own(&self.pcscf))?)
    }
}

/// A candidate's terms, without anybody's identity.
#[derive(Debug, Clone, Serialize)]
pub struct SplitStatus {
    /// What is hashed.
    pub key: String,
    /// How many public identities it is for; 0: all.
    pub identities: usize,
    /// Methods it is for; empty: all.
    pub methods: Vec<String>,
    /// P-CSCFs it is for; empty: all.
    pub pcscf: Vec<String>,
}

impl SplitStatus {
    pub(crate) fn of(split: &Split) -> SplitStatus {
        let only = split.only();
        let own = |all: &[Box<str>]| all.iter().map(ToString::to_string).collect();
        SplitStatus {
            key: split.key().to_string(),
            identities: only.identities(),
            methods: own(only.methods()),
            pcscf: own(only.edges()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(share: u16, identities: &[&str]) -> SplitWish {
        let identities = identities.iter().map(ToString::to_string).collect();
        SplitWish { identities, ..share.into() }
    }

    #[test]
    fn identities_are_one_in_all_their_spellings() {
        let split = wish(1000, &["sip:Alice@IMS.test:5060", "sip:Alice@ims.test;user=ip", "tel:+49-30-1"]);
        let terms = split.terms(None, None).unwrap();
        assert_eq!(terms.only().identities(), 2);
        assert_eq!(SplitStatus::of(&terms).identities, 2);
        let unreadable = wish(1000, &["sip:a@ims.test", "alice"]).terms(None, None);
        assert_eq!(unreadable, Err(WishError::Identity(2)));
    }

    #[test]
    fn what_is_not_said_stays_and_what_is_said_is_all() {
        let first = SplitWish { key: Some("call-id".into()), methods: vec!["INVITE".into()], ..10.into() };
        let terms = first.terms(None, None).unwrap();
        let grown = SplitWish::from(1000).terms(Some(&terms), None).unwrap();
        assert_eq!((grown.key(), grown.only()), (terms.key(), terms.only()));
        let other = SplitWish { key: Some("impu".into()), ..50.into() }.terms(Some(&terms), None).unwrap();
        assert_eq!((other.key(), other.only().is_everything()), (&SplitKey::Impu, true));
        let by_edge =
            SplitWish { pcscf: vec!["pcscf1".into()], ..50.into() }.terms(Some(&terms), None).unwrap();
        assert_eq!((by_edge.key(), by_edge.only().methods().len()), (&SplitKey::Impu, 0));
    }

    #[test]
    fn a_list_is_bounded_before_it_is_read() {
        let many = vec!["nonsense"; MAX_IDENTITIES + 1];
        assert_eq!(wish(1, &many).terms(None, None), Err(TermsError::TooManyIdentities.into()));
        assert_eq!(SplitWish::from(1000).terms(None, None), Err(TermsError::Share(1000).into()));
    }
}

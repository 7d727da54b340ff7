//! `Privacy` (RFC 3323 §4.2; `id` of RFC 3325 §9.3; `history` of RFC 7044 §10.2): what a user does not want to be told.
//!
//! In: the values. Out: [`Privacy`], and back. Not here: which header fields go (a table of the host, TS 24.229 §4.4).

use std::fmt;

use sip::{HeaderError, HeaderId};

use crate::bounds::MAX_ELEMENTS;
use crate::parameter::{self, malformed};

const HEADER: HeaderId = HeaderId::PRIVACY;

/// A set of wishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Privacy {
    /// `header`: header fields that tell who he is.
    pub header: bool,
    /// `session`: the media.
    pub session: bool,
    /// `user`: what he himself could have left out.
    pub user: bool,
    /// `id`: the asserted identity.
    pub id: bool,
    /// `history`: how a call was diverted.
    pub history: bool,
    /// `none`: nothing is to be hidden, not even by default.
    pub none: bool,
    /// `critical`: rather no call than one without it.
    pub critical: bool,
    others: Vec<String>,
}

impl Privacy {
    /// Reads every value. Words are told apart by semicolons; commas, which some write, are understood.
    ///
    /// # Errors
    /// A word that is no token, or too many words.
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Privacy, HeaderError> {
        let mut privacy = Privacy::default();
        let mut count = 0;
        for value in values {
            let words = parameter::bounded(HEADER, value)?.split(|byte| matches!(byte, b';' | b','));
            for word in words.map(<[u8]>::trim_ascii).filter(|word| !word.is_empty()) {
                count += 1;
                if count > MAX_ELEMENTS {
                    return Err(malformed(HEADER, 0, "fewer words"));
                }
                let word = std::str::from_utf8(word).ok().filter(|word| sip::is_token(word.as_bytes()));
                privacy.add(word.ok_or(malformed(HEADER, 0, "words that are tokens"))?);
            }
        }
        Ok(privacy)
    }

    fn add(&mut self, word: &str) {
        let known = self.known().iter().position(|(name, _)| name.eq_ignore_ascii_case(word));
        let places = [
            &mut self.header,
            &mut self.session,
            &mut self.user,
            &mut self.id,
            &mut self.history,
            &mut self.none,
            &mut self.critical,
        ];
        match known.and_then(|index| places.into_iter().nth(index)) {
            Some(place) => *place = true,
            None if self.others.iter().any(|other| other.eq_ignore_ascii_case(word)) => {}
            None => self.others.push(word.to_owned()),
        }
    }

    /// In the order of [`Privacy::add`].
    const fn known(&self) -> [(&'static str, bool); 7] {
        [
            ("header", self.header),
            ("session", self.session),
            ("user", self.user),
            ("id", self.id),
            ("history", self.history),
            ("none", self.none),
            ("critical", self.critical),
        ]
    }

    /// Words without a field of their own.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// Whether the asserted identity must not leave the trust domain (RFC 3325 §7): `id`, unless `none` is said as
    /// well, which contradicts every other word (RFC 3323 §4.2).
    #[must_use]
    pub const fn hides_identity(&self) -> bool {
        self.id && !self.none
    }

    /// Whether there is no word: then there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Privacy::default()
    }
}

/// As it stands in a message; empty where there is no word.
impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known().into_iter().filter(|(_, wished)| *wished).map(|(name, _)| name);
        let words: Vec<&str> = known.chain(self.others()).collect();
        f.write_str(&words.join(";"))
    }
}

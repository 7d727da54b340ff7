//! Which AVPs there are: the tables of RFC 6733 §4.5 (`base.rs`) and TS 29.229 §6.3 (`cx.rs`), and what an operator
//! adds.
//!
//! In: an id or a name. Out: a [`Definition`]. A row is also the constant by which code names the AVP. Which AVPs a
//! command has does not belong here; that stands with the command.

pub mod base;
pub mod cx;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::avp::{AvpFlags, AvpId, vendor};
use crate::bounds::MAX_NAMED_AVPS;
use crate::format::Format;

/// How the M bit of an AVP is to be set (RFC 6733 §4.5, TS 29.229 table 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MandatoryBit {
    /// Column "MUST".
    Must,
    /// Column "MAY". We clear it.
    May,
    /// Column "MUST NOT".
    MustNot,
}

/// What is known of an AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Definition<'a> {
    /// What it is.
    pub id: AvpId,
    /// Its name in its standard.
    pub name: &'a str,
    /// The format of its data.
    pub format: Format,
    /// How its M bit is set.
    pub mandatory: MandatoryBit,
}

impl Definition<'_> {
    /// The flags that we send.
    pub const fn flags(&self) -> AvpFlags {
        let vendor = if self.id.vendor == vendor::IETF { AvpFlags::empty() } else { AvpFlags::VENDOR };
        match self.mandatory {
            MandatoryBit::Must => vendor.union(AvpFlags::MANDATORY),
            MandatoryBit::May | MandatoryBit::MustNot => vendor,
        }
    }
}

/// A table: a constant for each row, and the rows in order. A macro, so that a row is written once.
macro_rules! table {
    ($vendor:expr; $($(#[$doc:meta])* $name:ident = $code:literal $text:literal $format:ident $m:ident;)*) => {
        $(
            #[doc = concat!($text, " (AVP code ", $code, ").")]
            $(#[$doc])*
            pub const $name: $crate::dictionary::Definition<'static> = $crate::dictionary::Definition {
                id: $crate::avp::AvpId::new($vendor, $code),
                name: $text,
                format: $crate::format::Format::$format,
                mandatory: $crate::dictionary::MandatoryBit::$m,
            };
        )*

        /// Every row, by code.
        pub const TABLE: &[$crate::dictionary::Definition<'static>] = &[$($name),*];
    };
}
pub(crate) use table;

/// The row of a standard, if one of the tables has it.
pub(crate) fn standard(id: AvpId) -> Option<Definition<'static>> {
    let table = match id.vendor {
        vendor::IETF => base::TABLE,
        vendor::TGPP => cx::TABLE,
        _ => return (id == cx::LINE_IDENTIFIER.id).then_some(cx::LINE_IDENTIFIER),
    };
    table.binary_search_by_key(&id, |row| row.id).ok().and_then(|at| table.get(at).copied())
}

fn standards() -> impl Iterator<Item = Definition<'static>> {
    base::TABLE.iter().chain(cx::TABLE).copied().chain([cx::LINE_IDENTIFIER])
}

/// Why an AVP cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// The id has a definition.
    #[error("the AVP {0:?} is defined already")]
    DefinedId(AvpId),
    /// The name has a definition.
    #[error("an AVP of this name is defined already")]
    DefinedName,
    /// A name is a letter and then letters, digits and hyphens (§4.4).
    #[error("a name that is none: RFC 6733 section 4.4 has letters, digits and hyphens")]
    Name,
    /// [`MAX_NAMED_AVPS`] is reached.
    #[error("too many named AVPs")]
    Full,
}

/// The tables, and what was added to them.
#[derive(Clone, Debug)]
pub struct Dictionary {
    names: BTreeMap<Cow<'static, str>, AvpId>,
    added: BTreeMap<AvpId, (Box<str>, Format, MandatoryBit)>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Dictionary::new()
    }
}

impl Dictionary {
    /// The tables alone.
    pub fn new() -> Dictionary {
        let names = standards().map(|row| (Cow::Borrowed(row.name), row.id)).collect();
        Dictionary { names, added: BTreeMap::new() }
    }

    /// Names another AVP.
    pub fn add(
        &mut self,
        name: &str,
        id: AvpId,
        format: Format,
        mandatory: MandatoryBit,
    ) -> Result<(), DictionaryError> {
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name {
            return Err(DictionaryError::Name);
        }
        if self.by_id(id).is_some() {
            return Err(DictionaryError::DefinedId(id));
        }
        if self.names.contains_key(name) {
            return Err(DictionaryError::DefinedName);
        }
        if self.added.len() >= MAX_NAMED_AVPS {
            return Err(DictionaryError::Full);
        }
        self.names.insert(Cow::Owned(name.to_owned()), id);
        self.added.insert(id, (name.into(), format, mandatory));
        Ok(())
    }

    /// The definition of an id.
    pub fn by_id(&self, id: AvpId) -> Option<Definition<'_>> {
        standard(id).or_else(|| {
            let (name, format, mandatory) = self.added.get(&id)?;
            Some(Definition { id, name, format: *format, mandatory: *mandatory })
        })
    }

    /// The definition of a name, in the standard's spelling.
    pub fn by_name(&self, name: &str) -> Option<Definition<'_>> {
        self.names.get(name).and_then(|id| self.by_id(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_no_name_is_there_twice() {
        for table in [base::TABLE, cx::TABLE] {
            assert!(table.windows(2).all(|two| two[0].id < two[1].id), "binary search needs the order");
        }
        let count = standards().count();
        assert_eq!(Dictionary::new().names.len(), count);
        for row in standards() {
            assert_eq!(standard(row.id), Some(row));
            assert_eq!(Dictionary::new().by_name(row.name), Some(row));
        }
    }

    #[test]
    fn flags_follow_the_column() {
        assert_eq!(base::ORIGIN_HOST.flags(), AvpFlags::MANDATORY);
        assert_eq!(base::PRODUCT_NAME.flags(), AvpFlags::empty());
        assert_eq!(cx::PUBLIC_IDENTITY.flags(), AvpFlags::MANDATORY | AvpFlags::VENDOR);
        assert_eq!(cx::UAR_FLAGS.flags(), AvpFlags::VENDOR);
    }

    #[test]
    fn an_operator_names_avps() {
        let mut dictionary = Dictionary::new();
        let id = AvpId::new(99_999, 1);
        assert_eq!(dictionary.by_id(id), None);
        dictionary.add("Acme-Colour", id, Format::Utf8String, MandatoryBit::May).unwrap();
        let found = dictionary.by_name("Acme-Colour").unwrap();
        assert_eq!((found.id, found.format, found.flags()), (id, Format::Utf8String, AvpFlags::VENDOR));
        assert_eq!(dictionary.by_id(id), Some(found));

        let mut again =
            |name: &str, id| dictionary.add(name, id, Format::OctetString, MandatoryBit::Must).unwrap_err();
        assert_eq!(again("Acme-Size", id), DictionaryError::DefinedId(id));
        assert_eq!(again("Acme-Size", base::USER_NAME.id), DictionaryError::DefinedId(base::USER_NAME.id));
        assert_eq!(again("Acme-Colour", AvpId::new(99_999, 2)), DictionaryError::DefinedName);
        assert_eq!(again("User-Name", AvpId::new(99_999, 2)), DictionaryError::DefinedName);
        for bad in ["", "1st", "a b", "\u{e9}"] {
            assert_eq!(again(bad, AvpId::new(99_999, 2)), DictionaryError::Name);
        }
    }

    #[test]
    fn there_is_an_end_to_them() {
        let mut dictionary = Dictionary::new();
        let mut add = |code: u32| {
            let name = format!("Acme-{code}");
            dictionary.add(&name, AvpId::new(99_999, code), Format::OctetString, MandatoryBit::May)
        };
        for code in 0..MAX_NAMED_AVPS as u32 {
            add(code).unwrap();
        }
        assert_eq!(add(MAX_NAMED_AVPS as u32), Err(DictionaryError::Full));
    }
}

//! Rust values as AVP data and back: RFC 6733 §4.2, §4.3.
//!
//! In: an AVP and how to read it. Out: a value, or the failure that answers it. The other way: a value into a
//! [`Builder`]. Groups implement [`AvpValue`] where they are defined.

use crate::avp::{Avp, AvpFlags};
use crate::builder::Builder;
use crate::dictionary::{Definition, Dictionary, MandatoryBit};
use crate::failure::{Failure, FailureKind};
use crate::format::{Address, DiameterIdentity, DiameterUri, FormatError, NtpTime};
use crate::secret::Secret;

/// What is done with AVP flags that contradict the AVP's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AvpBits {
    /// Nothing: real HSSs set M where a table says they must not, and the other way round.
    #[default]
    Lenient,
    /// DIAMETER_INVALID_AVP_BITS.
    Strict,
}

/// How received AVPs are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'d> {
    /// Which AVPs are known.
    pub dictionary: &'d Dictionary,
    /// How much their flags matter.
    pub bits: AvpBits,
}

impl<'d> Reading<'d> {
    /// With lenient bits.
    pub const fn new(dictionary: &'d Dictionary) -> Reading<'d> {
        Reading { dictionary, bits: AvpBits::Lenient }
    }

    /// Whether an AVP's M bit is as its definition says.
    pub(crate) fn check_bits(&self, avp: &Avp<'_>, definition: Definition<'_>) -> Result<(), Failure> {
        let is_wrong = match definition.mandatory {
            MandatoryBit::Must => !avp.is_mandatory(),
            MandatoryBit::MustNot => avp.is_mandatory(),
            MandatoryBit::May => false,
        };
        match self.bits {
            AvpBits::Strict if is_wrong => Err(Failure::of_avp(FailureKind::InvalidAvpBits, avp)),
            AvpBits::Strict | AvpBits::Lenient => Ok(()),
        }
    }
}

/// A type that is the data of an AVP.
pub trait AvpValue: Sized {
    /// Reads it. Failure: INVALID_AVP_LENGTH, INVALID_AVP_VALUE, and for a group what its grammar says.
    fn read(avp: &Avp<'_>, reading: &Reading<'_>) -> Result<Self, Failure>;

    /// Appends the data.
    fn write(&self, out: &mut Builder);

    /// The flags with which it is sent.
    fn flags(&self, definition: Definition<'_>) -> AvpFlags {
        definition.flags()
    }
}

/// The failure of an AVP whose data does not have its format.
pub(crate) fn refused(avp: &Avp<'_>, error: FormatError) -> Failure {
    let kind = match error {
        FormatError::Length => FailureKind::InvalidAvpLength,
        FormatError::Value => FailureKind::InvalidAvpValue,
    };
    Failure::of_avp(kind, avp)
}

fn array<const N: usize>(avp: &Avp<'_>) -> Result<[u8; N], Failure> {
    avp.data.try_into().map_err(|_| refused(avp, FormatError::Length))
}

impl AvpValue for u32 {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<u32, Failure> {
        array(avp).map(u32::from_be_bytes)
    }

    fn write(&self, out: &mut Builder) {
        out.append(&self.to_be_bytes());
    }
}

impl AvpValue for i32 {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<i32, Failure> {
        array(avp).map(i32::from_be_bytes)
    }

    fn write(&self, out: &mut Builder) {
        out.append(&self.to_be_bytes());
    }
}

impl AvpValue for u64 {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<u64, Failure> {
        array(avp).map(u64::from_be_bytes)
    }

    fn write(&self, out: &mut Builder) {
        out.append(&self.to_be_bytes());
    }
}

impl AvpValue for i64 {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<i64, Failure> {
        array(avp).map(i64::from_be_bytes)
    }

    fn write(&self, out: &mut Builder) {
        out.append(&self.to_be_bytes());
    }
}

/// UTF8String.
impl AvpValue for String {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<String, Failure> {
        let text = std::str::from_utf8(avp.data).map_err(|_| refused(avp, FormatError::Value))?;
        Ok(text.to_owned())
    }

    fn write(&self, out: &mut Builder) {
        out.append(self.as_bytes());
    }
}

/// OctetString.
impl AvpValue for Vec<u8> {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<Vec<u8>, Failure> {
        Ok(avp.data.to_vec())
    }

    fn write(&self, out: &mut Builder) {
        out.append(self);
    }
}

/// OctetString or UTF8String that is nobody's business.
impl AvpValue for Secret {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<Secret, Failure> {
        Ok(Secret::new(avp.data))
    }

    fn write(&self, out: &mut Builder) {
        out.append(self.expose());
    }
}

impl AvpValue for Address {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<Address, Failure> {
        Address::parse(avp.data).map_err(|error| refused(avp, error))
    }

    fn write(&self, out: &mut Builder) {
        let mut data = Vec::new();
        self.print(&mut data);
        out.append(&data);
    }
}

impl AvpValue for NtpTime {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<NtpTime, Failure> {
        array(avp).map(|bytes| NtpTime(u32::from_be_bytes(bytes)))
    }

    fn write(&self, out: &mut Builder) {
        out.append(&self.0.to_be_bytes());
    }
}

impl AvpValue for DiameterIdentity {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<DiameterIdentity, Failure> {
        DiameterIdentity::parse(avp.data).map_err(|error| refused(avp, error))
    }

    fn write(&self, out: &mut Builder) {
        out.append(self.as_str().as_bytes());
    }
}

impl AvpValue for DiameterUri {
    fn read(avp: &Avp<'_>, _: &Reading<'_>) -> Result<DiameterUri, Failure> {
        DiameterUri::parse(avp.data).map_err(|error| refused(avp, error))
    }

    fn write(&self, out: &mut Builder) {
        out.append(self.to_string().as_bytes());
    }
}

/// An Enumerated type: its values, and [`AvpValue`] for them. A macro, because there are twelve, all alike.
macro_rules! enumerated {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value = $number,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &[$name] = &[$($name::$value),*];

            /// The value of a number.
            pub const fn from_number(number: i32) -> Option<$name> {
                match number {
                    $($number => Some($name::$value),)*
                    _ => None,
                }
            }

            /// Its number.
            pub const fn number(self) -> i32 {
                self as i32
            }
        }

        impl $crate::value::AvpValue for $name {
            fn read(
                avp: &$crate::avp::Avp<'_>,
                reading: &$crate::value::Reading<'_>,
            ) -> Result<$name, $crate::failure::Failure> {
                let number = <i32 as $crate::value::AvpValue>::read(avp, reading)?;
                $name::from_number(number)
                    .ok_or_else(|| $crate::value::refused(avp, $crate::format::FormatError::Value))
            }

            fn write(&self, out: &mut $crate::builder::Builder) {
                <i32 as $crate::value::AvpValue>::write(&self.number(), out);
            }
        }
    };
}
pub(crate) use enumerated;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avp::OtherAvp;
    use crate::dictionary::base::{EVENT_TIMESTAMP, ORIGIN_HOST, USER_NAME, VENDOR_ID};

    fn read<T: AvpValue>(definition: Definition<'_>, data: &[u8]) -> Result<T, Failure> {
        let avp = OtherAvp::new(definition.id, true, data).unwrap();
        T::read(&avp.avp().unwrap(), &Reading::new(&Dictionary::new()))
    }

    #[test]
    fn numbers_are_big_endian_and_have_their_length() {
        assert_eq!(read::<u32>(VENDOR_ID, &[0, 0, 0x28, 0xaf]), Ok(10415));
        assert_eq!(read::<i32>(VENDOR_ID, &[0xff; 4]), Ok(-1));
        assert_eq!(read::<u64>(VENDOR_ID, &[0, 0, 0, 0, 0, 0, 1, 0]), Ok(256));
        assert_eq!(read::<i64>(VENDOR_ID, &[0xff; 8]), Ok(-1));
        assert_eq!(read::<NtpTime>(EVENT_TIMESTAMP, &[0x83, 0xaa, 0x7e, 0x80]).map(NtpTime::to_unix), Ok(0));
        let failure = read::<u32>(VENDOR_ID, &[0; 3]).unwrap_err();
        assert_eq!((failure.kind, failure.avp), (FailureKind::InvalidAvpLength, Some(VENDOR_ID.id)));
    }

    #[test]
    fn text_and_names_have_values() {
        assert_eq!(read::<String>(USER_NAME, "Zoë".as_bytes()), Ok("Zoë".to_owned()));
        let failure = read::<String>(USER_NAME, &[0xff]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidAvpValue);
        let failure = read::<DiameterIdentity>(ORIGIN_HOST, b"a b").unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidAvpValue);
        let failure = read::<DiameterIdentity>(ORIGIN_HOST, b"").unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidAvpLength);
    }

    #[test]
    fn bits_matter_where_they_are_to_matter() {
        let dictionary = Dictionary::new();
        let lenient = Reading::new(&dictionary);
        let strict = Reading { bits: AvpBits::Strict, ..lenient };
        let must_not = crate::dictionary::base::PRODUCT_NAME;
        let may = crate::dictionary::cx::SUPPORTED_FEATURES;
        for (definition, m, is_right) in [
            (USER_NAME, true, true),
            (USER_NAME, false, false),
            (must_not, false, true),
            (must_not, true, false),
            (may, true, true),
            (may, false, true),
        ] {
            let avp = OtherAvp::new(definition.id, m, b"x").unwrap();
            let avp = avp.avp().unwrap();
            assert_eq!(lenient.check_bits(&avp, definition), Ok(()));
            let kind = strict.check_bits(&avp, definition).map_err(|failure| failure.kind);
            let expected = if is_right { Ok(()) } else { Err(FailureKind::InvalidAvpBits) };
            assert_eq!(kind, expected, "{definition:?} {m}");
        }
    }
}

//! The AVPs of a command or a group against its grammar: RFC 6733 §3.2, §4.4.
//!
//! ```text
//!   {X} required   [X] optional   *[X] any   1*{X} some   0 forbidden
//! ```
//! In: AVPs, and the rules of their command. Out: [`Fields`], from which typed values are taken one by one; what is
//! left is kept as it came. The first fault that is met is the one that is answered (§7): first what is there, in its
//! order, then what is missing, in the grammar's.

use smallvec::{SmallVec, smallvec};

use crate::avp::{Avp, AvpId, Avps, OtherAvp};
use crate::bounds::MAX_AVPS;
use crate::dictionary::Definition;
use crate::failure::{Failure, FailureKind};
use crate::value::{AvpValue, Reading};

/// How often an AVP may be there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    definition: Definition<'static>,
    min: u16,
    max: u16,
}

/// `{X}`.
pub(crate) const fn required(definition: Definition<'static>) -> Rule {
    Rule { definition, min: 1, max: 1 }
}

/// `[X]`.
pub(crate) const fn optional(definition: Definition<'static>) -> Rule {
    Rule { definition, min: 0, max: 1 }
}

/// `*[X]`.
pub(crate) const fn any(definition: Definition<'static>) -> Rule {
    Rule { definition, min: 0, max: u16::MAX }
}

/// `1*{X}`.
pub(crate) const fn some(definition: Definition<'static>) -> Rule {
    Rule { definition, min: 1, max: u16::MAX }
}

/// "MUST NOT be present".
pub(crate) const fn forbidden(definition: Definition<'static>) -> Rule {
    Rule { definition, min: 0, max: 0 }
}

/// AVPs that follow their grammar.
pub(crate) struct Fields<'a, 'r> {
    /// With whether it was taken.
    avps: SmallVec<[(Avp<'a>, bool); 24]>,
    reading: &'r Reading<'r>,
}

impl<'a, 'r> Fields<'a, 'r> {
    /// Holds AVPs against rules. An AVP without a rule is allowed, as `*[AVP]` says in every grammar; with the M bit it
    /// must at least be known.
    pub(crate) fn read(
        avps: Avps<'a>,
        rules: &[&[Rule]],
        reading: &'r Reading<'r>,
    ) -> Result<Fields<'a, 'r>, Failure> {
        let rules = || rules.iter().flat_map(|rules| rules.iter());
        let mut counts: SmallVec<[u16; 40]> = smallvec![0; rules().count()];
        let mut fields = Fields { avps: SmallVec::new(), reading };
        for avp in avps {
            let avp = avp.map_err(|error| error.failure(reading.dictionary.by_id(error.id())))?;
            if fields.avps.len() == MAX_AVPS {
                return Err(Failure::of_message(FailureKind::BeyondBounds));
            }
            match rules().zip(&mut counts).find(|(rule, _)| rule.definition.id == avp.id) {
                Some((rule, count)) => {
                    *count = count.saturating_add(1);
                    match rule.max {
                        0 => return Err(Failure::of_avp(FailureKind::AvpNotAllowed, &avp)),
                        max if *count > max => {
                            return Err(Failure::of_avp(FailureKind::AvpOccursTooManyTimes, &avp));
                        }
                        _ => reading.check_bits(&avp, rule.definition)?,
                    }
                }
                None => match reading.dictionary.by_id(avp.id) {
                    Some(definition) => reading.check_bits(&avp, definition)?,
                    None if avp.is_mandatory() => {
                        return Err(Failure::of_avp(FailureKind::AvpUnsupported, &avp));
                    }
                    None => {}
                },
            }
            fields.avps.push((avp, false));
        }
        match rules().zip(&counts).find(|(rule, count)| **count < rule.min) {
            Some((rule, _)) => Err(Failure::missing(rule.definition)),
            None => Ok(fields),
        }
    }

    fn take(&mut self, id: AvpId) -> Option<Avp<'a>> {
        let (avp, taken) = self.avps.iter_mut().find(|(avp, taken)| avp.id == id && !taken)?;
        *taken = true;
        Some(*avp)
    }

    /// The value of an AVP that has to be there.
    pub(crate) fn one<T: AvpValue>(&mut self, definition: Definition<'static>) -> Result<T, Failure> {
        match self.take(definition.id) {
            Some(avp) => T::read(&avp, self.reading),
            None => Err(Failure::missing(definition)),
        }
    }

    /// The value of an AVP that may be there. Without the M bit, one "whose value is not supported" is ignored (§4.1),
    /// that is, left among the others.
    pub(crate) fn optional<T: AvpValue>(
        &mut self,
        definition: Definition<'static>,
    ) -> Result<Option<T>, Failure> {
        let reading = self.reading;
        let Some((avp, taken)) = self.avps.iter_mut().find(|(avp, taken)| avp.id == definition.id && !taken)
        else {
            return Ok(None);
        };
        match T::read(avp, reading) {
            Ok(value) => {
                *taken = true;
                Ok(Some(value))
            }
            Err(failure) if failure.kind == FailureKind::InvalidAvpValue && !avp.is_mandatory() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The values of an AVP that may be there many times.
    pub(crate) fn all<T: AvpValue>(&mut self, definition: Definition<'static>) -> Result<Vec<T>, Failure> {
        let mut values = Vec::new();
        while let Some(avp) = self.take(definition.id) {
            values.push(T::read(&avp, self.reading)?);
        }
        Ok(values)
    }

    /// The AVPs of an id, kept as they came.
    pub(crate) fn kept(&mut self, definition: Definition<'static>) -> Vec<OtherAvp> {
        let mut kept = Vec::new();
        while let Some(avp) = self.take(definition.id) {
            kept.push(OtherAvp::copy(&avp));
        }
        kept
    }

    /// What was not taken.
    pub(crate) fn other(&mut self) -> Vec<OtherAvp> {
        let left = self.avps.iter_mut().filter(|(_, taken)| !taken);
        left.map(|(avp, taken)| {
            *taken = true;
            OtherAvp::copy(avp)
        })
        .collect()
    }
}

/// Reads a group: its fields, and where it is at fault the group around the fault.
pub(crate) fn group<T>(
    avp: &Avp<'_>,
    reading: &Reading<'_>,
    rules: &[Rule],
    read: impl FnOnce(&mut Fields<'_, '_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let fields = Fields::read(avp.group(), &[rules], reading);
    fields.and_then(|mut fields| read(&mut fields)).map_err(|failure| failure.within(avp))
}

#[cfg(test)]
mod tests;

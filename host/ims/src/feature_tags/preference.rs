//! Accept-Contact and Reject-Contact (RFC 3841 §9.2, §9.3) and the preference of a binding (§7.2.3, §7.2.4).
//!
//! ```text
//!   binding without feature tags             1000                            §7.2.2: nothing is known, it stays
//!   any Reject-Contact, all of whose tags
//!     the binding has, matches               dropped
//!   for each Accept-Contact of N tags, of which the binding has S:
//!     a tag of both does not match           require: dropped, else 0
//!     S < N, explicit                        require: dropped, else 0
//!     else                                   S / N
//!   average of these                         0 to 1000
//! ```

use std::fmt;

use sip::{HeaderError, HeaderId};

use super::{FeatureSet, value};
use crate::parameter::{self, Parameter, malformed};

/// One element of Accept-Contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcceptContact {
    /// What is wanted.
    pub features: FeatureSet,
    /// Whether a binding must say all of it about itself.
    pub explicit: bool,
    /// Whether a binding that does not match is dropped.
    pub require: bool,
    /// Any other parameters.
    pub others: Vec<Parameter>,
}

/// One element of Reject-Contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RejectContact {
    /// What is not wanted.
    pub features: FeatureSet,
    /// Any other parameters.
    pub others: Vec<Parameter>,
}

impl AcceptContact {
    /// Reads every element of every value.
    ///
    /// # Errors
    /// An element that does not begin with `*`, broken parameters, a feature tag with a value that is none, or too many
    /// elements.
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Self>, HeaderError> {
        parameter::each(HeaderId::ACCEPT_CONTACT, values, |element| {
            let (features, mut others) = parse(HeaderId::ACCEPT_CONTACT, element)?;
            let explicit = parameter::take_any(&mut others, "explicit").is_some();
            let require = parameter::take_any(&mut others, "require").is_some();
            Ok(AcceptContact { features, explicit, require, others })
        })
    }
}

impl RejectContact {
    /// Reads every element of every value.
    ///
    /// # Errors
    /// As [`AcceptContact::parse_all`].
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Self>, HeaderError> {
        parameter::each(HeaderId::REJECT_CONTACT, values, |element| {
            let (features, others) = parse(HeaderId::REJECT_CONTACT, element)?;
            Ok(RejectContact { features, others })
        })
    }
}

/// `"*" *(";" param)`.
fn parse(header: HeaderId, element: &[u8]) -> Result<(FeatureSet, Vec<Parameter>), HeaderError> {
    let rest = element.strip_prefix(b"*").ok_or(malformed(header, 0, "a star"))?;
    let mut parameters = parameter::params(header, rest).map_err(|error| parameter::shifted(error, 1))?;
    let features = FeatureSet::take(header, &mut parameters)?;
    Ok((features, parameters))
}

/// As it stands in a message.
impl fmt::Display for AcceptContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*{}", self.features)?;
        if self.explicit {
            f.write_str(";explicit")?;
        }
        if self.require {
            f.write_str(";require")?;
        }
        parameter::write_all(&self.others, f)
    }
}

/// As it stands in a message.
impl fmt::Display for RejectContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*{}", self.features)?;
        parameter::write_all(&self.others, f)
    }
}

/// The caller's preference for a binding, 0 to 1000; `None`: it is dropped.
#[must_use]
pub fn preference(binding: &FeatureSet, accept: &[AcceptContact], reject: &[RejectContact]) -> Option<u16> {
    if binding.is_empty() {
        return Some(1000);
    }
    let is_rejected = reject.iter().any(|reject| {
        let Match { is_match, wanted, explicit } = compare(binding, &reject.features);
        is_match && wanted == explicit && wanted > 0
    });
    if is_rejected {
        return None;
    }
    if accept.is_empty() {
        return Some(1000);
    }
    let mut sum = 0;
    for accept in accept {
        let Match { is_match, wanted, explicit } = compare(binding, &accept.features);
        let fits = is_match && !(accept.explicit && explicit < wanted);
        if fits {
            // Nothing is wanted: all of it is there.
            sum += (1000 * explicit).checked_div(wanted).unwrap_or(1000);
        } else if accept.require {
            return None;
        }
    }
    u16::try_from(sum / accept.len()).ok()
}

/// How a binding compares with what is wanted.
struct Match {
    /// No tag that both have is told to be something else.
    is_match: bool,
    /// How many tags are wanted.
    wanted: usize,
    /// How many of them the binding has.
    explicit: usize,
}

fn compare(binding: &FeatureSet, wanted: &FeatureSet) -> Match {
    let mut found = Match { is_match: true, wanted: wanted.features.len(), explicit: 0 };
    for feature in wanted.iter() {
        if let Some(own) = binding.get(feature.tag()) {
            found.explicit += 1;
            found.is_match &= value::meet(&own.alternatives, &feature.alternatives);
        }
    }
    found
}

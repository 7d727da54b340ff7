//! What a user's equipment can do, and what a caller wants it to be able to (RFC 3840; RFC 3841 §7.2; TS 24.229 §7.9).
//!
//! ```text
//!   Contact: <sip:…>;+g.3gpp.smsip;audio;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"
//!                     └ FeatureSet of a binding
//!   Accept-Contact: *;+g.3gpp.smsip;explicit;require     ─┐
//!   Reject-Contact: *;automata                           ─┴─▶ preference(): 0 to 1000, or dropped
//! ```
//! In: parameters of Contacts, values of Accept-Contact and Reject-Contact. Out: for each binding its preference (Qa of
//! RFC 3841), or that it is dropped. How values are compared is `feature_tags/value.rs`, how preferences are computed
//! `feature_tags/preference.rs`. Not here: the order of targets, which `q` and this preference make together.

mod preference;
mod value;

use std::fmt;

pub use preference::{AcceptContact, RejectContact, preference};
use sip::{HeaderError, HeaderId, Params};
use value::Alternative;

use crate::parameter::{self, Parameter, Quoted, malformed};

/// SMS over IP (TS 24.341 §5.3.1.2).
pub const SMSIP: &str = "+g.3gpp.smsip";
/// The communication services that an equipment offers (TS 24.229 §7.9.2).
pub const ICSI_REF: &str = "+g.3gpp.icsi-ref";
/// The communication service of telephony, as it stands in [`ICSI_REF`] (TS 24.173 §5.1).
pub const MMTEL: &str = "urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";

/// RFC 3840 §9 `base-tags`: feature tags that are written without a plus.
const BASE_TAGS: [&str; 20] = [
    "audio",
    "automata",
    "class",
    "duplex",
    "data",
    "control",
    "mobility",
    "description",
    "events",
    "priority",
    "methods",
    "schemes",
    "application",
    "video",
    "language",
    "type",
    "isfocus",
    "actor",
    "text",
    "extensions",
];

/// A feature tag and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// In lower case, with its plus.
    tag: String,
    /// The value as it came, without quotes.
    text: Option<String>,
    alternatives: Vec<Alternative>,
}

impl Feature {
    /// A tag that is true; `None` where it is no feature tag.
    #[must_use]
    pub fn flag(tag: &str) -> Option<Feature> {
        Feature::read(tag, None)
    }

    /// A tag with a value as it stands between the quotes: `!a,b`, `#>=5`, `<text>`. `None` where either is none.
    #[must_use]
    pub fn valued(tag: &str, value: &str) -> Option<Feature> {
        Feature::read(tag, Some(value))
    }

    fn read(tag: &str, text: Option<&str>) -> Option<Feature> {
        let alternatives = value::alternatives(text)?;
        is_feature_tag(tag).then(|| Feature {
            tag: tag.to_ascii_lowercase(),
            text: text.map(str::to_owned),
            alternatives,
        })
    }

    /// The tag in lower case, with its plus.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The value as it came, without quotes; `None`: the tag is true.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// As it stands in a message.
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}={}", self.tag, Quoted(text)),
            None => f.write_str(&self.tag),
        }
    }
}

/// The feature tags of one Contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeatureSet {
    features: Vec<Feature>,
}

impl FeatureSet {
    /// These features; of two with the same tag the first counts.
    #[must_use]
    pub fn new(features: impl IntoIterator<Item = Feature>) -> FeatureSet {
        let mut set = FeatureSet::default();
        for feature in features {
            if set.get(&feature.tag).is_none() {
                set.features.push(feature);
            }
        }
        set
    }

    /// Those among the parameters of a Contact.
    ///
    /// # Errors
    /// A feature tag with a value that is none.
    pub fn of(contact: &Params<'_>) -> Result<FeatureSet, HeaderError> {
        let mut parameters = parameter::owned(HeaderId::CONTACT, contact)?;
        FeatureSet::take(HeaderId::CONTACT, &mut parameters)
    }

    /// Takes feature tags out of parameters.
    fn take(header: HeaderId, parameters: &mut Vec<Parameter>) -> Result<FeatureSet, HeaderError> {
        let (tags, others): (Vec<_>, Vec<_>) =
            std::mem::take(parameters).into_iter().partition(|parameter| is_feature_tag(parameter.name()));
        *parameters = others;
        let features: Option<Vec<Feature>> =
            tags.iter().map(|parameter| Feature::read(parameter.name(), parameter.value())).collect();
        features.map(FeatureSet::new).ok_or(malformed(header, 0, "values of feature tags"))
    }

    /// The feature of this tag, in any case.
    #[must_use]
    pub fn get(&self, tag: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.tag.eq_ignore_ascii_case(tag))
    }

    /// Whether it has this tag, and the tag is not false.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        let wanted = [Alternative::flag(true)];
        self.get(tag).is_some_and(|found| {
            !value::is_flag(&found.alternatives) || value::meet(&found.alternatives, &wanted)
        })
    }

    /// Whether it has this tag with this among its values.
    #[must_use]
    pub fn has_value(&self, tag: &str, value: &str) -> bool {
        let wanted = Feature::read(tag, Some(value));
        let found = self.get(tag);
        wanted
            .zip(found)
            .is_some_and(|(wanted, found)| value::meet(&found.alternatives, &wanted.alternatives))
    }

    /// Every feature, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Feature> {
        self.features.iter()
    }

    /// Whether there is none: such a binding says nothing about itself, and RFC 3841 §7.2.2 leaves it alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }
}

/// As it stands in a message, each with a semicolon before it.
impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.features.iter().try_for_each(|feature| write!(f, ";{feature}"))
    }
}

/// Whether a parameter of a Contact is a feature tag: one of the base tags, or one with a single plus.
fn is_feature_tag(name: &str) -> bool {
    match name.strip_prefix('+') {
        Some(rest) => sip::is_token(rest.as_bytes()) && !rest.starts_with('+'),
        None => BASE_TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name)),
    }
}

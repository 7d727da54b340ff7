//! Every bound of this crate, by name. Reaching one is an ordinary error, never a panic.
//!
//! The standards set none of these unless a line says so; they keep the cost of one document or header field in
//! proportion to its size. No bound belongs anywhere else in this crate.

/// Bytes of a public or private user identity.
pub const MAX_IDENTITY: usize = 1_024;

/// Bytes of one value of a header field that this crate reads.
pub const MAX_VALUE: usize = 4_096;

/// Elements of one comma-separated list, and parameters of one element.
pub const MAX_ELEMENTS: usize = 64;

/// Bytes of an XML document: user data, registration information.
pub const MAX_XML: usize = 262_144;
/// Elements of one XML document.
pub const MAX_XML_ELEMENTS: usize = 16_384;
/// Elements within elements.
pub const MAX_XML_DEPTH: usize = 32;
/// Attributes of one element.
pub const MAX_XML_ATTRIBUTES: usize = 32;

/// Service profiles of one subscription.
pub const MAX_SERVICE_PROFILES: usize = 64;
/// Public identities of one service profile.
pub const MAX_PUBLIC_IDENTITIES: usize = 512;
/// Initial filter criteria of one service profile, shared ones among them.
pub const MAX_FILTER_CRITERIA: usize = 256;
/// Shared sets of filter criteria of one S-CSCF.
pub const MAX_SHARED_SETS: usize = 1_024;
/// Service point triggers of one trigger point.
pub const MAX_SERVICE_POINT_TRIGGERS: usize = 128;
/// Groups that one service point trigger belongs to.
pub const MAX_GROUPS: usize = 32;
/// Shared sets of one service profile, service identifiers, priorities of one identity.
pub const MAX_PROFILE_LIST: usize = 64;

/// Bytes of an extended regular expression.
pub const MAX_PATTERN: usize = 1_024;
/// Bytes that a compiled regular expression may take.
pub const MAX_COMPILED_PATTERN: usize = 262_144;
/// Parentheses within parentheses of a regular expression.
pub const MAX_PATTERN_DEPTH: u32 = 32;
/// Repetitions that an interval may name: `RE_DUP_MAX` of IEEE 1003.1.
pub const MAX_REPETITION: u32 = 255;

/// Registrations of one registration information document.
pub const MAX_REGISTRATIONS: usize = 512;
/// Contacts of one registration, and unknown parameters of one contact.
pub const MAX_CONTACTS: usize = 64;

/// Parts of a multipart body that are looked at.
pub const MAX_PARTS: usize = 16;

/// Emergency numbers of one table.
pub const MAX_EMERGENCY_NUMBERS: usize = 64;

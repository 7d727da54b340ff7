//! RFC 5118: every message with its section, what the RFC expects of it, and what is expected here.
//!
//! Length and hash (FNV-1a, 64 bits) are those of the message on the wire, after its text is expanded.

use super::Outcome::*;
use super::{Row, row};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row(5118, "4.1", "ipv6-good", "Valid SIP message with an IPv6 reference",
        "valid", Accepted, "addresses in brackets",
        include_bytes!("rfc5118/ipv6-good.txt"), 303, 0x24ffdb2d0cae47ef),
    row(5118, "4.2", "ipv6-bad", "Invalid SIP message with an IPv6 reference",
        "400", Answered(400), "the Request-URI has an IPv6 address without brackets",
        include_bytes!("rfc5118/ipv6-bad.txt"), 301, 0x0469d59a9784fc27),
    row(5118, "4.3", "port-ambiguous", "Port ambiguous in a SIP URI",
        "valid; 5070 is part of the address", Accepted, "no port outside the brackets",
        include_bytes!("rfc5118/port-ambiguous.txt"), 308, 0xed4bc141456478c5),
    row(5118, "4.4", "port-unambiguous", "Port unambiguous in a SIP URI",
        "valid; 5070 is the port", Accepted, "the port stands behind the bracket",
        include_bytes!("rfc5118/port-unambiguous.txt"), 308, 0x6fb5d13d9261d4bf),
    row(5118, "4.5", "via-received-param-with-delim", "IPv6 reference delimiters in Via header",
        "valid; read with brackets", Accepted, "brackets around received are optional",
        include_bytes!("rfc5118/via-received-param-with-delim.txt"), 283, 0x84dc4c15c5dcf535),
    row(5118, "4.5", "via-received-param-no-delim", "IPv6 reference delimiters in Via header",
        "valid; read without brackets", Accepted, "brackets around received are optional",
        include_bytes!("rfc5118/via-received-param-no-delim.txt"), 317, 0x75c74eb8b4380c14),
    row(5118, "4.6", "ipv6-in-sdp", "SIP request with IPv6 addresses in SDP body",
        "valid", Accepted, "a proxy does not look into bodies",
        include_bytes!("rfc5118/ipv6-in-sdp.txt"), 590, 0x9f09647955b813e6),
    row(5118, "4.7", "mult-ip-in-header", "Multiple IP addresses in SIP headers",
        "valid", Accepted, "IPv4 and IPv6 in one list of Vias",
        include_bytes!("rfc5118/mult-ip-in-header.txt"), 397, 0xb7691fdc6403c8b2),
    row(5118, "4.8", "mult-ip-in-sdp", "Multiple IP addresses in SDP",
        "valid", Accepted, "a proxy does not look into bodies",
        include_bytes!("rfc5118/mult-ip-in-sdp.txt"), 530, 0xcad497d8bac86894),
    row(5118, "4.9", "ipv4-mapped-ipv6", "IPv4-mapped IPv6 addresses",
        "valid", Accepted, "a mapped address equals its IPv4 address",
        include_bytes!("rfc5118/ipv4-mapped-ipv6.txt"), 657, 0x050eda85478bc516),
    row(5118, "4.10", "ipv6-bug-abnf-3-colons", "IPv6 reference bug in RFC 3261 ABNF",
        "tolerate the extra colon", Accepted, "it is skipped before an IPv4 address, and passed on as it came",
        include_bytes!("rfc5118/ipv6-bug-abnf-3-colons.txt"), 282, 0xa3ec14fb1d02dccd),
    row(5118, "4.10", "ipv6-correct-abnf-2-colons", "IPv6 reference bug in RFC 3261 ABNF",
        "valid", Accepted, "the same address, written right",
        include_bytes!("rfc5118/ipv6-correct-abnf-2-colons.txt"), 280, 0xafcf1a31f5f279e1),
];

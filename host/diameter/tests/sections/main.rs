//! Diameter from outside: one file to a section of a standard. Nodes talk over wires of bytes, under a clock that only
//! the test moves.

#![allow(clippy::unwrap_used, reason = "a ladder that cannot go on has failed")]

mod messages;
mod world;

mod rfc3539_3_4;
mod rfc6733_3;
mod rfc6733_4_5;
mod rfc6733_5_3;
mod rfc6733_5_4;
mod rfc6733_5_5_4;
mod rfc6733_5_6;
mod rfc6733_6_1;
mod rfc6733_6_2;
mod rfc6733_7;
mod ts29229_6_1;
mod ts29229_values;

mod bounds;
mod faults;
mod interop;
mod properties;

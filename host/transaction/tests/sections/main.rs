//! The machines and their table from outside, in ladders: A sends, B sees. One file to a section of a standard.

#![allow(clippy::unwrap_used, reason = "a ladder that cannot go on has failed")]

mod bench;

mod rfc3261_17_1_1;
mod rfc3261_17_1_2;
mod rfc3261_17_1_3;
mod rfc3261_17_1_4;
mod rfc3261_17_2_1;
mod rfc3261_17_2_2;
mod rfc3261_17_2_3;
mod rfc3261_17_2_4;
mod rfc3261_9;
mod rfc6026;
mod ts24229_7_7;

mod bounds;
mod loss;
mod memory;

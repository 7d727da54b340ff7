//! The phone as a machine, in virtual time: tests by the section of the standard that they are about; one program,
//! because linking takes longer than the tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[path = "../support/mod.rs"]
mod support;

mod hostile;
mod loss;
mod rfc3261_13;
mod rfc3261_14;
mod rfc3261_18;
mod rfc3261_8_2;
mod rfc3261_9;
mod rfc3262;
mod rfc3312;
mod rfc3428;
mod rfc4028;
mod ts24229_5_1_1_2;
mod ts24229_5_1_1_3;
mod ts24229_5_1_1_4;
mod ts24229_5_1_1_5;
mod ts24229_5_1_1_6;

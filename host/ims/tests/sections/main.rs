//! Tests by the section of the standard that they are about; one program, because linking takes longer than the tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod rfc3310_3;
mod rfc3325_9;
mod rfc3329_2;
mod rfc3680;
mod rfc3841_7_2;
mod rfc7315_5;
mod ts23003_13;
mod ts24229_5_4_1_7;
mod ts29228_annex_b;
mod ts29228_annex_c;
mod ts29228_annex_e;
mod ts33102_6_3;
mod ts35208_4;

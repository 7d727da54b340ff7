//! The P-CSCF against TS 24.229, filed by clause: what comes, what the host answers, what leaves.

mod rfc4028_8;
mod settings;
mod trust_domain;
mod ts24229_4_5;
mod ts24229_5_2_2;
mod ts24229_5_2_3;
mod ts24229_5_2_6_3;
mod ts24229_5_2_6_4;
mod ts24229_7_7;
mod world;

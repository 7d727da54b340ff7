//! The I-CSCF against TS 24.229 and TS 29.228, filed by clause: what comes, what the HSS answers, what leaves.

mod settings;
mod trust_domain;
mod ts24229_4_5;
mod ts24229_5_10_4;
mod ts24229_5_3_1;
mod ts24229_5_3_2;
mod ts29228_6_7;
mod world;

//! The S-CSCF against TS 24.229 and TS 29.228, filed by clause: what comes, what the HSS answers, what leaves.

mod rfc3841_7_2;
mod settings;
mod ts24229_4_5;
mod ts24229_5_4_1_2;
mod ts24229_5_4_1_4;
mod ts24229_5_4_1_5;
mod ts24229_5_4_1_7;
mod ts24229_5_4_2_1;
mod ts24229_5_4_3_2;
mod ts24229_5_4_3_3;
mod ts24229_5_4_3_4;
mod world;

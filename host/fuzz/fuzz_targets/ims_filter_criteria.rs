//! Filter criteria and a request. The body is `ims::fuzzing::filter_criteria`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ims::fuzzing::filter_criteria(bytes));

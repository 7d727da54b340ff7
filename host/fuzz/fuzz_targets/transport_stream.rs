//! A stream in pieces of any length. The body is `transport::fuzzing::stream`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transport::fuzzing::stream(bytes));

//! Recorded calls as tests of a plugin. The body is `recording::fuzzing::case`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recording::fuzzing::case(bytes));

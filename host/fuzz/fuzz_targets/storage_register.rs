//! Any REGISTER. The body is `storage::fuzzing::register`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| storage::fuzzing::register(bytes));

//! Anybody's challenge. The body is `auth::fuzzing::challenge`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auth::fuzzing::challenge(bytes));

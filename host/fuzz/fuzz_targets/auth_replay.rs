//! Nonce counts in any order. The body is `auth::fuzzing::replay`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auth::fuzzing::replay(bytes));

//! Nonces, changed on their way. The body is `auth::fuzzing::nonce`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auth::fuzzing::nonce(bytes));

//! Right credentials, changed on their way. The body is `auth::fuzzing::credentials`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auth::fuzzing::credentials(bytes));

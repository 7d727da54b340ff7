//! User data of Cx. The body is `ims::fuzzing::service_profile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ims::fuzzing::service_profile(bytes));

//! What a guest reads from the host. The body is `strowger_sdk::fuzzing::view`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| strowger_sdk::fuzzing::view(bytes));

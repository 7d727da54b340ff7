//! User data and documents of subscribers. The body is `cscf::fuzzing::subscribers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cscf::fuzzing::subscribers(bytes));

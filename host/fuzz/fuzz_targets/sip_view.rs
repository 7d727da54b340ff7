//! A view out of any bytes. The body is `sip::fuzzing::view`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sip::fuzzing::view(bytes));

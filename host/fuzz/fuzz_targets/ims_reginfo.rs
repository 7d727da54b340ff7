//! Registration information. The body is `ims::fuzzing::reginfo`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ims::fuzzing::reginfo(bytes));

//! REGISTERs against challenges. The body is `cscf::fuzzing::challenges`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cscf::fuzzing::challenges(bytes));

//! One header field value, read as every type. The body is `sip::fuzzing::header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sip::fuzzing::header(bytes));

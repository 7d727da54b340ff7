//! A value, as every header field and identity of IMS. The body is `ims::fuzzing::headers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ims::fuzzing::headers(bytes));

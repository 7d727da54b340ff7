//! A URI: parsed, compared, made canonical. The body is `sip::fuzzing::uri`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sip::fuzzing::uri(bytes));

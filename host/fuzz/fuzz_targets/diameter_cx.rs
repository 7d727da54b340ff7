//! Commands of Cx: printed and read again; and any AVPs, read as each of them. The body is `diameter::fuzzing::cx`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| diameter::fuzzing::cx(bytes));

//! Many REGISTERs, removals and ends, against a model. The body is `storage::fuzzing::registrations`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| storage::fuzzing::registrations(bytes));

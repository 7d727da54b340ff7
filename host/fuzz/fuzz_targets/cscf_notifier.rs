//! SUBSCRIBEs and answers against the notifier of the package `reg`. The body is `cscf::fuzzing::notifier`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cscf::fuzzing::notifier(bytes));

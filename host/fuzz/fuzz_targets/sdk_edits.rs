//! A script's edits, as the script reads them and as the host sends them. The body is `strowger_sdk::fuzzing::edits`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| strowger_sdk::fuzzing::edits(bytes));

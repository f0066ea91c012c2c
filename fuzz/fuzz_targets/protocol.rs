#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stoa::wire::fuzzing::conversation(bytes));

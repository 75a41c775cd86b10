#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| _ = playerdata_hostile::play(input));

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // What the target has to say of an input is of no interest: a fault is a panic.
    let _ = playerdata_hostile::record(input);
});

//! What fuzzing does, for a moment and without its toolchain: inputs of the
//! corpus with some of their bytes changed, cut out, repeated or joined.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{fs, path::Path};

use fastrand::Rng;
use playerdata_hostile::TARGETS;

const INPUTS: usize = 3_000;

/// Longer ones only cost time.
const MAX_BYTES: usize = 4_096;

fn mutated(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = rng.choice(corpus).unwrap().clone();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=input.len());
        let end = rng.usize(at..=input.len().min(at + 32));
        match rng.u8(..5) {
            0 if at < input.len() => input[at] ^= 1 << rng.u8(..8),
            1 => input.truncate(at),
            2 => _ = input.drain(at..end),
            3 => input.extend_from_within(at..end),
            _ => {
                let other = rng.choice(corpus).unwrap();
                input.truncate(at);
                input.extend_from_slice(&other[rng.usize(..=other.len())..]);
            }
        }
    }
    input.truncate(MAX_BYTES);
    input
}

#[test]
fn no_mutation_of_the_corpus_is_more_than_a_target_can_take() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, run) in TARGETS {
        let entries = fs::read_dir(folder.join(target)).unwrap();
        let mut corpus: Vec<_> = entries
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        corpus.sort(); // the order of a folder is nobody's promise
        let mut rng = Rng::with_seed(1);
        for _ in 0..INPUTS {
            _ = run(&mutated(&mut rng, &corpus));
        }
    }
}

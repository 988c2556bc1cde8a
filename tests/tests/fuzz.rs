//! The fuzz targets for a moment, without a fuzzer: what is known to be right, and what a generator makes of it.
//! `MAESTRO_TEST_SEED` repeats a run; `make fuzz` is the real thing.

#![expect(clippy::print_stderr, reason = "an input that breaks something is shown")]

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

// What the targets read with; named here for whoever looks for dependencies that nobody uses.
use maestro_bridge as _;
use maestro_spawner as _;
use maestro_tests::cluster::seed;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// For each target.
const LASTS: Duration = Duration::from_millis(250);
/// What parsers trip over.
const PIECES: [&str; 22] = [
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.1",
    "\"\"",
    "{}",
    "[]",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\u{1F600}",
    "\u{e9}",
    "..",
    "*",
    ">",
    " ",
    "\n",
    "\"\"\"",
    "[[",
    "9999-12-31T23:59:60Z",
];

/// Some changes of one input: bytes flipped, pieces put in, parts taken out, doubled, or taken from another input.
fn mutate(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds.choose(random).cloned().unwrap_or_default();
    for _ in 0..random.random_range(0..6) {
        let at = random.random_range(0..=input.len());
        let to = (at + random.random_range(0..24)).min(input.len());
        match random.random_range(0..6) {
            0 if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
            1 => drop(input.drain(at..to)),
            2 => drop(input.splice(at..at, PIECES.choose(random).unwrap_or(&"").bytes())),
            3 => {
                let part = input[at..to].to_vec();
                drop(input.splice(at..at, part));
            }
            4 => {
                let other = seeds.choose(random).cloned().unwrap_or_default();
                let from = random.random_range(0..=other.len());
                let until = (from + random.random_range(0..64)).min(other.len());
                drop(input.splice(at..to, other[from..until].iter().copied()));
            }
            _ => input.truncate(at),
        }
    }
    input
}

fn run(target: fn(&[u8]), name: &str, input: &[u8]) {
    let ended = catch_unwind(AssertUnwindSafe(|| target(input)));
    if let Err(cause) = ended {
        eprintln!("{name} falls over {:?}", String::from_utf8_lossy(input));
        std::panic::resume_unwind(cause);
    }
}

#[test]
fn nothing_falls_over_what_comes_from_outside() {
    let mut random = StdRng::seed_from_u64(seed());
    for (name, target) in targets::TARGETS {
        let seeds = targets::corpus::seeds(name);
        seeds.iter().for_each(|seed| run(target, name, seed));
        let until = Instant::now() + LASTS;
        let mut tried = 0_u32;
        while Instant::now() < until {
            run(target, name, &mutate(&mut random, &seeds));
            tried += 1;
        }
        assert!(tried > 20, "{name}: only {tried} inputs");
    }
}

//! Processes are killed, frozen, cut off and lied to about the time, while clients work and others follow; then the ledger,
//! the answers and what followers saw are compared. `MAESTRO_CHAOS_SEED` repeats a run. `make chaos` runs ten seeds.

#![expect(clippy::print_stdout, reason = "a run says what was done and how long the recovery took")]

use std::time::Duration;

use maestro_tests::chaos::{Setup, run, seeds};

/// The runs that were asked for; all of them, also when one of them is broken.
async fn storms(count: usize, setup: impl Fn(u64) -> Setup) {
    let mut broken = Vec::new();
    for seed in seeds(count) {
        // Said first: a run that hangs or panics is repeated too.
        println!("MAESTRO_CHAOS_SEED={seed}");
        let verdict = run(seed, setup(seed)).await;
        println!("{}", verdict.report);
        if !verdict.broken.is_empty() {
            broken.push(format!("MAESTRO_CHAOS_SEED={seed}:\n  {}", verdict.broken.join("\n  ")));
        }
    }
    assert!(broken.is_empty(), "promises were broken:\n{}", broken.join("\n"));
}

/// The part that every test run has time for: one broker, some seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_storm() {
    storms(1, |_| Setup::single(Duration::from_secs(8))).await;
}

/// The seed says what the stack is made of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute for each of ten seeds: make chaos"]
async fn ten_storms() {
    storms(10, Setup::of).await;
}

//! What is done to whom and when, from a seed.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::proxy::Cut;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// One, or three that replicate.
    pub brokers: usize,
    pub servers: usize,
    /// How long faults go on.
    pub lasts: Duration,
    pub clients: usize,
    /// The broker's store is a small disk of its own, which is filled up.
    pub small_disk: bool,
}

impl Setup {
    /// One broker, two servers.
    #[must_use]
    pub const fn single(lasts: Duration) -> Self {
        Self { brokers: 1, servers: 2, lasts, clients: 6, small_disk: false }
    }

    /// What a long run is made of: three brokers, one, or one with a disk that fills up.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        let long = Self::single(Duration::from_secs(30));
        match seed % 4 {
            0 | 2 => Self { brokers: 3, ..long },
            1 => long,
            _ => Self { small_disk: true, ..long },
        }
    }
}

/// A program of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    Server(usize),
    Bridge,
    Spawner,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Kill(Victim),
    Freeze(Victim),
    /// Cut off from every broker.
    Cut(Victim, Cut),
    /// These brokers are killed at once.
    KillBrokers(Vec<usize>),
    /// SIGTERM, and started again.
    RestartBroker(usize),
    FreezeBroker(usize),
    /// Cut off from the other brokers, and from nobody else.
    CutBroker(usize, Cut),
    /// A server's clock is so many seconds off.
    Clock(usize, i64),
    FillDisk,
}

/// A fault with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Duration,
    pub lasts: Duration,
    pub fault: Fault,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ms for {} ms: {:?}", self.at.as_millis(), self.lasts.as_millis(), self.fault)
    }
}

/// Faults one after another, some of them overlapping; nobody is hit by two at once.
#[must_use]
pub fn plan(seed: u64, setup: &Setup) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut steps: Vec<Step> = Vec::new();
    let mut at = Duration::from_millis(random.random_range(300..1200));
    while at < setup.lasts {
        let fault = fault(&mut random, setup);
        let longest = match &fault {
            Fault::Kill(_) | Fault::KillBrokers(_) | Fault::RestartBroker(_) => 1500,
            Fault::Clock(..) => 3000,
            Fault::FillDisk => 2500,
            // Long enough, now and then, for heartbeats to be missed.
            Fault::Freeze(_) | Fault::Cut(..) | Fault::FreezeBroker(_) | Fault::CutBroker(..) => 6000,
        };
        let lasts =
            Duration::from_millis(random.random_range(100..longest)).min(setup.lasts - at + Duration::from_secs(1));
        let free = |step: &Step| step.at + step.lasts + Duration::from_millis(200) < at || !meets(&step.fault, &fault);
        if steps.iter().all(free) {
            steps.push(Step { at, lasts, fault });
        }
        let pause = if random.random_bool(0.3) { 100 } else { u64::try_from(lasts.as_millis()).unwrap_or(0) + 400 };
        at += Duration::from_millis(pause + random.random_range(0..900));
    }
    steps
}

fn fault(random: &mut StdRng, setup: &Setup) -> Fault {
    let victim = match random.random_range(0..6) {
        0 => Victim::Bridge,
        1 => Victim::Spawner,
        _ => Victim::Server(random.random_range(0..setup.servers)),
    };
    let broker = random.random_range(0..setup.brokers);
    let how = if random.random_bool(0.5) { Cut::Refuse } else { Cut::Silent };
    match random.random_range(0..100) {
        0..22 => Fault::Kill(victim),
        22..42 => Fault::Freeze(victim),
        42..60 => Fault::Cut(victim, how),
        60..70 if setup.brokers > 1 && random.random_bool(0.5) => {
            // A majority: nothing is acknowledged until one of them is back.
            let spared = random.random_range(0..setup.brokers);
            Fault::KillBrokers((0..setup.brokers).filter(|index| *index != spared).collect())
        }
        60..74 => Fault::KillBrokers(vec![broker]),
        74..80 => Fault::RestartBroker(broker),
        80..90 if setup.small_disk => Fault::FillDisk,
        80..90 if setup.brokers > 1 && random.random_bool(0.6) => Fault::CutBroker(broker, how),
        80..90 => Fault::FreezeBroker(broker),
        _ => {
            let seconds = random.random_range(1..240);
            let server = random.random_range(0..setup.servers);
            Fault::Clock(server, if random.random_bool(0.5) { seconds } else { -seconds })
        }
    }
}

/// Whether both hit the same process, or both the brokers.
fn meets(one: &Fault, other: &Fault) -> bool {
    let hits = |fault: &Fault| match fault {
        Fault::Kill(victim) | Fault::Freeze(victim) | Fault::Cut(victim, _) => Some(*victim),
        Fault::Clock(index, _) => Some(Victim::Server(*index)),
        Fault::KillBrokers(_)
        | Fault::RestartBroker(_)
        | Fault::FreezeBroker(_)
        | Fault::CutBroker(..)
        | Fault::FillDisk => None,
    };
    hits(one) == hits(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_plan_and_another_one_another() {
        let setup = Setup::of(0);
        assert_eq!(plan(7, &setup), plan(7, &setup));
        assert_ne!(plan(7, &setup), plan(8, &setup));
    }

    #[test]
    fn every_kind_comes_and_nobody_is_hit_twice_at_once() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let setup = Setup::of(seed);
            let steps = plan(seed, &setup);
            assert!(!steps.is_empty());
            for (index, step) in steps.iter().enumerate() {
                assert!(step.at < setup.lasts);
                let text = format!("{:?}", step.fault);
                kinds.insert(text.split('(').next().unwrap_or_default().to_owned());
                for other in &steps[index + 1..] {
                    assert!(!meets(&step.fault, &other.fault) || step.at + step.lasts < other.at, "{step}; {other}");
                }
            }
        }
        let all =
            ["Clock", "Cut", "CutBroker", "FillDisk", "Freeze", "FreezeBroker", "Kill", "KillBrokers", "RestartBroker"];
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    }
}

//! Random command sequences against the invariants of the model.
//!
//! Every sequence runs through `decide` and is folded with `State::apply`; after each event the invariants of a state
//! are checked, after each command those of a command.

#![expect(clippy::unwrap_used, reason = "a sequence that cannot be built is a failed test")]

mod generator;
mod invariant;
mod naive;
mod transition;

use std::collections::BTreeSet;

use generator::Step;
use maestro_domain::*;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use transition::Observed;

const STEPS: usize = 100;

/// What a sequence left behind.
#[derive(Default)]
struct Run {
    state: State,
    /// The events since the project's beginning.
    events: Vec<Event>,
    accepted: BTreeSet<(&'static str, &'static str)>,
    kinds: BTreeSet<EventKind>,
    arrows: BTreeSet<(StatusKind, StatusKind)>,
}

fn run(steps: &[Step], check: bool) -> Run {
    let project: ProjectId = "web".parse().unwrap();
    let mut run = Run::default();
    let mut given = BTreeSet::new();
    let mut now = Timestamp::from_millis(1_763_856_000_000);
    for step in steps {
        now = now.plus_millis(step.jump);
        let command = step.settle(&run.state, &project);
        let outcome = decide(&run.state, &command, now);
        let mut after = run.state.clone();
        for event in outcome.iter().flatten() {
            if let Event::Task { id, after: Some(task), .. } = event
                && let Some(before) = after.task(*id)
                && before.status.kind() != task.status.kind()
            {
                run.arrows.insert((before.status.kind(), task.status.kind()));
            }
            apply_accepts_whatever_decide_emits(&mut after, event);
            run.kinds.insert(event.kind());
            if check {
                invariant::OF_A_STATE.iter().for_each(|holds| holds(&after));
            }
        }
        if outcome.as_ref().is_ok_and(|events| !events.is_empty()) {
            run.accepted.insert(command.request.verb());
        }
        if check {
            invariant::OF_A_COMMIT.iter().for_each(|holds| holds(&after));
            let (before, outcome, after, given) = (&run.state, &outcome, &after, &given);
            let observed = Observed { before, command: &command, now, outcome, after, given };
            transition::OF_A_COMMAND.iter().for_each(|holds| holds(&observed));
        }
        run.events.extend(outcome.into_iter().flatten());
        run.state = after;
        if run.state.project().is_none() {
            run.events.clear();
            given.clear();
        }
        given.extend(run.events.iter().map(Event::entity));
    }
    run
}

fn apply_accepts_whatever_decide_emits(state: &mut State, event: &Event) {
    if let Err(illegal) = state.apply(event) {
        panic!("decided {:?}, but {illegal}", event.kind());
    }
}

proptest! {
    #![proptest_config(Config { cases: 700, max_shrink_iters: 2_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_invariant_holds_after_every_command(steps in generator::steps(STEPS)) {
        run(&steps, true);
    }

    #[test]
    fn folding_the_events_onto_an_empty_state_equals_the_running_state(steps in generator::steps(STEPS)) {
        let run = run(&steps, false);
        let mut folded = State::default();
        for event in &run.events {
            folded.apply(event).unwrap();
        }
        prop_assert_eq!(folded, run.state);
    }

    #[test]
    fn apply_refuses_an_event_that_comes_twice_or_too_early(steps in generator::steps(30)) {
        let run = run(&steps, false);
        let grows = |event: &&Event| !matches!(event.kind(), ("task", "ready" | "deleted") | ("project", "purged") | ("effect", _));
        if let Some(last) = run.events.iter().rev().find(grows) {
            prop_assert!(run.state.clone().apply(last).is_err(), "{:?} twice", last.kind());
        }
        let mut gap = State::default();
        for (position, event) in run.events.iter().enumerate() {
            let later = run.events[position + 1..].iter().find(|e| e.entity() == event.entity() && grows(e));
            if let Some(later) = later.filter(|_| grows(&event)) {
                prop_assert!(gap.clone().apply(later).is_err(), "{:?} before its time", later.kind());
            }
            gap.apply(event).unwrap();
        }
    }
}

/// Invariants of what never happens hold of nothing: the sequences have to reach everything.
#[test]
fn the_sequences_reach_every_verb_every_kind_and_every_arrow() {
    let mut runner = TestRunner::deterministic();
    let strategy = generator::steps(STEPS);
    let (mut verbs, mut kinds, mut arrows) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..2_500 {
        let run = run(&strategy.new_tree(&mut runner).unwrap().current(), false);
        verbs.extend(run.accepted);
        kinds.extend(run.kinds);
        arrows.extend(run.arrows);
    }
    let expected: BTreeSet<_> = Request::VERBS.iter().copied().collect();
    assert_eq!(expected.difference(&verbs).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "verbs never accepted");
    let expected: BTreeSet<_> = [
        ("project", ProjectChange::KINDS),
        ("task", TaskChange::KINDS),
        ("session", SessionChange::KINDS),
        ("message", MessageChange::KINDS),
        ("effect", EffectChange::KINDS),
    ]
    .into_iter()
    .flat_map(|(entity, kinds)| kinds.iter().map(move |kind| (entity, *kind)))
    .collect();
    assert_eq!(expected.difference(&kinds).collect::<Vec<_>>(), Vec::<&EventKind>::new(), "kinds never emitted");
    let all = StatusKind::ALL.into_iter().flat_map(|from| StatusKind::ALL.map(|to| (from, to)));
    let expected: BTreeSet<_> = all.filter(|(from, to)| from != to && from.may_become(*to)).collect();
    assert_eq!(
        expected.difference(&arrows).collect::<Vec<_>>(),
        Vec::<&(StatusKind, StatusKind)>::new(),
        "arrows never taken"
    );
}

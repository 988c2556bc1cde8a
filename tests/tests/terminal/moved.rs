//! The stack is started anew with other ports; a session that outlived it is found again.

use maestro_tests::stack::{Place, Stack, is_alive};
use rustix::process::{Pid, Signal, kill_process};

use crate::kit::{Scene, await_that};

/// Everything ends at once, except the holders.
fn killed(mut stack: Stack) -> Place {
    let others: Vec<u32> = stack.pids().into_iter().skip(1).collect();
    stack.end_with(Signal::KILL);
    for pid in &others {
        let _ = kill_process(Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap(), Signal::KILL);
    }
    await_that(|| !others.iter().any(|pid| is_alive(*pid)), || "they do not end".to_owned());
    stack.into_place()
}

#[test]
fn a_holder_finds_the_broker_of_its_home_at_another_port() {
    let scene = Scene::new();
    let go = scene.path("go");
    let script = format!(
        "echo before; while ! test -e {}; do sleep 0.05; done; echo after; \"$MAESTRO_BIN\" task list >/dev/null && exit 5; exit 6",
        go.display()
    );
    let id = scene.session(&script);
    scene.until(&id, &["active"]);
    let before = scene.stack.file().nats_url;
    let place = killed(scene.stack);
    let scene = Scene { stack: Stack::start_in(place, &[]) };
    assert_ne!(scene.stack.file().nats_url, before, "it listens elsewhere");
    let epoch = || scene.maestro(&["session", "info", &id]).data()["epoch"].clone();
    assert_eq!(epoch(), 1);
    // It answers, and its end is told.
    let heard = || scene.maestro(&["session", "logs", &id, "--all"]).stdout;
    await_that(|| heard().contains("before"), heard);
    let answers = || scene.maestro(&["session", "send", &id, "x"]).code == 0;
    await_that(answers, || format!("{:?}", scene.maestro(&["session", "send", &id, "x"])));
    std::fs::write(&go, "").unwrap();
    scene.until(&id, &["exited"]);
    assert_eq!((scene.maestro(&["session", "info", &id]).data()["code"].clone(), epoch()), (5.into(), 1.into()));
    await_that(|| heard().contains("after"), heard);
}

#[test]
fn an_end_while_the_broker_is_away_is_told_to_the_broker_at_another_port() {
    let scene = Scene::new();
    let go = scene.path("go");
    let id = scene.session(&format!("while ! test -e {}; do sleep 0.05; done; exit 5", go.display()));
    scene.until(&id, &["active"]);
    let place = killed(scene.stack);
    std::fs::write(&go, "").unwrap();
    let ending = place.home().join(format!("spawner/sessions/web/{id}-1/ending.json"));
    await_that(|| ending.exists(), || "it does not end".to_owned());
    let scene = Scene { stack: Stack::start_in(place, &[]) };
    scene.until(&id, &["exited"]);
    assert_eq!(scene.maestro(&["session", "info", &id]).data()["code"], 5);
}

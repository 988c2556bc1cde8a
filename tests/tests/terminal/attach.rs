//! `session attach`.

use maestro_tests::stack::{Place, Stack};
use rustix::process::Signal;

use crate::kit::{Scene, await_that};

const PROMPT: &str = "PS1='ready> '; export PS1; exec sh -i";

#[test]
fn somebody_works_in_a_session_and_leaves_it_running() {
    let scene = Scene::new();
    let id = scene.session(PROMPT);
    let mut tty = scene.tty(&["session", "attach", &id], 100, 30);
    tty.until("ready>");
    tty.type_in("echo $((40+2)); stty size\r");
    tty.until("\n42\n");
    tty.until("30 100");
    tty.resize(90, 25);
    tty.type_in("stty size\r");
    tty.until("25 90");
    tty.type_in("sh -c 'trap \"echo cau\"\"ght; exit\" INT; echo ar\"\"med; sleep 60'\r");
    tty.until("armed");
    tty.type_in("\x03");
    tty.until("caught");
    tty.type_in("while :; do stty size; sleep 1; done\r");
    tty.type_in("\x1d");
    assert!(tty.wait().success());
    tty.until(&format!("detached from {id}"));
    assert_eq!(scene.maestro(&["session", "info", &id]).data()["status"], "active");

    // Somebody else, later: the same screen at once.
    let mut late = scene.tty(&["session", "attach", &id, "--detach-keys", "ctrl-a,d"], 80, 40);
    late.until("25 90");
    late.until("caught");
    // The one who typed has gone: the size is whoever's comes next. A message for the prompt changes nothing about it.
    late.until("40 80");
    scene.maestro(&["session", "send", &id, "x"]).data();
    late.resize(70, 50);
    late.until("50 70");
    late.type_in("\x03");
    late.type_in("exit 5\r");
    assert!(late.wait().success());
    late.until(&format!("{id} has exited with code 5"));
    scene.until(&id, &["exited"]);
    let mut gone = scene.tty(&["session", "attach", &id], 90, 25);
    assert_eq!(gone.wait().code(), Some(7));
    gone.until("error[session_state]");
    gone.until(&format!("session logs {id}"));
}

#[test]
fn several_watch_and_the_size_follows_whoever_typed_last() {
    let scene = Scene::new();
    let id = scene.session(PROMPT);
    let first = scene.tty(&["session", "attach", &id], 100, 30);
    first.until("ready>");
    first.type_in("stty size\r");
    first.until("30 100");
    let second = scene.tty(&["session", "attach", &id], 80, 20);
    let watcher = scene.tty(&["session", "attach", &id, "--read-only"], 100, 30);
    second.until("30 100");
    watcher.until("30 100");
    // Whoever only looks changes nothing.
    watcher.type_in("echo never\r");
    first.type_in("stty size; echo first\r");
    for tty in [&first, &second, &watcher] {
        tty.until("\nfirst\n");
        assert!(!tty.text().contains("20 80"), "{}", tty.text());
    }
    second.type_in("stty size\r");
    for tty in [&first, &second, &watcher] {
        tty.until("20 80");
        assert!(!tty.text().contains("never"), "{}", tty.text());
    }
    drop(first);
    second.type_in("echo alone\r");
    second.until("\nalone\n");
}

#[test]
fn a_late_viewer_sees_a_full_screen_program_as_it_is() {
    let scene = Scene::new();
    let draw = r"printf '\033]0;title\007before\n\033[?1049h\033[2J\033[3;5H\033[1;32mgreen\033[0m \
        \346\274\242\345\255\227 \360\237\216\274\033[10;1H\033[7mstatus\033[0m\033[5;7H'; sleep 600";
    let id = scene.session(draw);
    let tty = scene.tty(&["session", "attach", &id, "--read-only"], 120, 40);
    tty.until("status");
    let (_, cursor, alternate) = tty.picture();
    assert_eq!((cursor, alternate), ((4, 6), true));
    let text = tty.text();
    assert!(text.contains("    green") && text.contains("漢字 🎼") && !text.contains("before"), "{text}");
    assert!(tty.picture().0.contains("\x1b[32;1m") || tty.picture().0.contains("\x1b[1;32m"), "{:?}", tty.picture().0);
}

#[test]
fn a_viewer_that_stands_still_holds_nobody_up_and_ends_with_the_right_screen() {
    let scene = Scene::new();
    let go = scene.path("go");
    let done = scene.path("done");
    let megabytes = maestro_tests::cluster::size(40, 1000);
    let script = format!(
        "while ! test -e {go}; do sleep 0.05; done; yes 0123456789012345678901234567890123456789 | head -c {megabytes}000000; \
         echo; echo the end; touch {done}; sleep 600",
        go = go.display(),
        done = done.display(),
    );
    let id = scene.session(&script);
    let tty = scene.tty(&["session", "attach", &id, "--read-only"], 120, 40);
    await_that(|| tty.picture().1 == (0, 0), || "not drawn".to_owned());
    tty.signal(Signal::STOP);
    std::fs::write(&go, "").unwrap();
    let begun = std::time::Instant::now();
    while !done.exists() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(300), "the agent stalls");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    tty.signal(Signal::CONT);
    tty.until("the end");
    let fresh = scene.tty(&["session", "attach", &id, "--read-only"], 120, 40);
    fresh.until("the end");
    await_that(|| fresh.text() == tty.text(), || format!("{}\n---\n{}", fresh.text(), tty.text()));
}

#[test]
fn without_a_terminal_it_says_what_to_do_instead() {
    let scene = Scene::new();
    let id = scene.session("sleep 600");
    let refused = scene.maestro(&["session", "attach", &id]);
    assert_eq!((refused.code, refused.error()), (2, "usage"));
    assert!(refused.json["details"]["commands"][0].as_str().unwrap().contains("session logs"), "{refused:?}");
    assert_eq!(scene.maestro(&["session", "attach", "s99"]).code, 2);
    assert_eq!(scene.maestro(&["session", "logs", "s99"]).error(), "session_not_found");
}

#[test]
fn lines_of_a_session_without_a_terminal_begin_at_the_left() {
    let place = Place::new();
    std::fs::create_dir_all(place.home().join("agents")).unwrap();
    let go = place.path().join("go");
    let script = format!(
        "echo one; echo two; while ! test -e {}; do sleep 0.1; done; echo three; echo four; sleep 600",
        go.display()
    );
    let profile =
        format!("program = \"sh\"\nmode = \"headless\"\nheadless = [[\"-c\", \"{script}\"], [\"{{prompt}}\"]]\n");
    std::fs::write(place.home().join("agents/piped.toml"), profile).unwrap();
    let stack = Stack::start_in(place, &[]);
    stack.maestro(&["project", "create", "web"]).data();
    let scene = Scene { stack };
    let spawned = scene.maestro(&["session", "spawn", "--role", "custom", "--agent", "piped", "--prompt", "work"]);
    let id = spawned.data()["sessionId"].as_str().unwrap().to_owned();
    scene.until(&id, &["active"]);
    let tty = scene.tty(&["session", "attach", &id, "--read-only"], 100, 30);
    tty.until("one\ntwo");
    std::fs::write(&go, "").unwrap();
    tty.until("one\ntwo\nthree\nfour");
}

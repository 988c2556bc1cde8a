//! `session logs`, `send`, `answer` and `replay`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::kit::{Scene, await_that};

fn lines_of(stdout: &str) -> Vec<serde_json::Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text_of(stdout: &str) -> String {
    lines_of(stdout).iter().filter_map(|line| line["text"].as_str()).collect()
}

#[test]
fn what_was_printed_is_shown_also_after_the_end() {
    let scene = Scene::new();
    let script = r"i=1; while test $i -le 500; do echo line $i; i=$((i+1)); done; printf '\033[31mr\303\251d\033[0m\377\n'; exit 3";
    let id = scene.session(script);
    scene.until(&id, &["exited"]);
    let all = scene.maestro(&["session", "logs", &id, "--all"]);
    assert_eq!(all.code, 0);
    let text = text_of(&all.stdout);
    let expected: String = (1..=500).map(|i| format!("line {i}\r\n")).collect();
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains("\u{1b}[31mréd"), "{text}");
    assert_eq!(lines_of(&all.stdout).last().unwrap()["code"], 3);

    let last = scene.maestro(&["session", "logs", &id, "--lines", "2"]);
    assert!(text_of(&last.stdout).starts_with("line 500\r\n"), "{}", last.stdout);
    // For people, into a pipe: no escape sequences.
    let human = scene.command(&["session", "logs", &id, "-n", "1"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&human.stdout), "réd\u{fffd}\r\n");
    assert!(String::from_utf8_lossy(&human.stderr).contains("[exited with code 3]"));

    let cast = scene.path("s.cast");
    let saved = scene.maestro(&["session", "replay", &id, "--output", cast.to_str().unwrap()]);
    assert_eq!(saved.data()["file"], cast.to_str().unwrap());
    let recording = std::fs::read_to_string(&cast).unwrap();
    let header: serde_json::Value = serde_json::from_str(recording.lines().next().unwrap()).unwrap();
    assert_eq!((header["version"].as_u64(), header["width"].as_u64()), (Some(2), Some(120)));
    let events = recording.lines().skip(1).map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap());
    let played: String = events.filter(|event| event.1 == "o").map(|event| event.2).collect();
    assert!(played.starts_with(&expected), "{played}");
    let played = scene.command(&["session", "replay", &id, "--speed", "1000"]).output().unwrap();
    assert!(String::from_utf8_lossy(&played.stdout).contains("line 500"));
    assert_eq!(scene.maestro(&["session", "replay", &id]).error(), "usage", "nothing is played into a document");
    let none = scene.maestro(&["session", "replay", &id, "--epoch", "2", "--output", "x.cast"]);
    assert_eq!(none.error(), "invalid_value");
}

#[test]
fn following_goes_on_until_the_end() {
    let scene = Scene::new();
    let go = scene.path("go");
    let script = format!(
        "echo before; while ! test -e {}; do sleep 0.05; done; for i in 1 2 3; do echo after $i; sleep 0.1; done; exit 4",
        go.display()
    );
    let id = scene.session(&script);
    let mut command = scene.command(&["--json", "session", "logs", &id, "--follow"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("before"), "{first}");
    std::fs::write(&go, "").unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success());
    let text = text_of(&rest.join("\n"));
    assert_eq!(text, "after 1\r\nafter 2\r\nafter 3\r\n");
    let last: serde_json::Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    assert_eq!(last["code"], 4);
}

/// More is written while the broker stands still than the holder keeps.
#[test]
fn following_goes_on_behind_a_hole_and_says_how_much_is_missing() {
    let scene = Scene::new();
    let [go, written, end] = ["go", "written", "end"].map(|name| scene.path(name));
    let wait = |file: &std::path::Path| format!("while ! test -e {}; do sleep 0.05; done", file.display());
    let script = format!(
        "echo first; {}; yes 0123456789012345678901234567890123456789 | head -c 16000000; touch {}; {}; echo; echo last; exit 3",
        wait(&go),
        written.display(),
        wait(&end)
    );
    let id = scene.session(&script);
    let mut command = scene.command(&["--json", "session", "logs", &id, "--follow"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = lines.next().unwrap().unwrap();
    assert!(told.contains("first"), "{told}");
    scene.stack.freeze("nats-server");
    std::fs::write(&go, "").unwrap();
    await_that(|| written.exists(), || "the agent stalls".to_owned());
    scene.stack.thaw("nats-server");
    std::fs::write(&end, "").unwrap();
    for line in lines {
        told.push('\n');
        told.push_str(&line.unwrap());
    }
    assert!(child.wait().unwrap().success());
    let (mut next, mut missing) = (0, 0);
    for line in lines_of(&told) {
        let gap = line["missing"].as_u64().unwrap_or(0);
        assert_eq!(line["offset"].as_u64(), Some(next + gap), "every byte is shown or said to be missing");
        next += gap + line["text"].as_str().map_or(0, |text| text.len() as u64);
        missing += gap;
    }
    assert!(missing > 1_000_000, "{missing} bytes are missing: there was no hole");
    assert!(text_of(&told).ends_with("last\r\n"), "{}", &told[told.len() - 300..]);
    assert_eq!(lines_of(&told).last().unwrap()["code"], 3);
}

#[test]
fn a_prompt_is_pasted_whole_and_then_submitted() {
    let scene = Scene::new();
    // A program that knows pasting, as agents do, and shows byte by byte what it gets.
    let script = r"stty raw -echo; printf '\033[?2004hasks'; cat -v";
    let id = scene.session(script);
    await_that(
        || text_of(&scene.maestro(&["session", "logs", &id]).stdout).contains("asks"),
        || "it does not ask".to_owned(),
    );
    let answer = scene.maestro(&["session", "send", &id, "two\nlines"]);
    assert_eq!(answer.data()["cols"], 120, "{answer:?}");
    let heard = || text_of(&scene.maestro(&["session", "logs", &id]).stdout);
    await_that(|| heard().contains("^M"), heard);
    assert!(heard().contains("^[[200~two\nlines^[[201~^M"), "{:?}", heard());
    scene.maestro(&["session", "send", &id, "abc", "--no-enter"]).data();
    await_that(|| heard().ends_with("^Mabc"), heard);
    let large = "x".repeat(70_000);
    assert_eq!(scene.maestro(&["session", "send", &id, &large]).error(), "too_large");
    assert_eq!(scene.maestro(&["session", "send", &id, " "]).error(), "invalid_text");
    assert_eq!(scene.maestro(&["session", "answer", &id, "yes"]).error(), "session_state");
}

#[test]
fn a_session_that_asks_is_answered() {
    let scene = Scene::new();
    let question = r#"printf 'really? '; read answer; echo "it is $answer"; exit 0"#;
    let id = scene.session(question);
    let needs = serde_json::json!({ "input": "permission", "question": "really?" });
    crate::stream::report(&scene, &id, "session.needs_input", &needs);
    assert_eq!(scene.maestro(&["session", "info", &id]).data()["status"], "needs_input");
    scene.maestro(&["session", "answer", &id, "so"]).data();
    scene.until(&id, &["exited"]);
    assert!(text_of(&scene.maestro(&["session", "logs", &id]).stdout).contains("it is so"));
    assert_eq!(scene.maestro(&["session", "answer", &id, "again"]).error(), "session_state");
}

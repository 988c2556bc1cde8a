//! What an agent prints is not let loose on somebody's terminal, and that terminal can always be taken back.

use crate::kit::{Scene, await_that};

/// Into the clipboard, the title and its report, who are you, where is the cursor, the keyboard protocol, the mouse, pasting.
const HARMFUL: [&str; 9] = [
    "\x1b]52;c;aGFybQ==\x07",
    "\x1b]0;taken\x07",
    "\x1b[21t",
    "\x1b[c",
    "\x1b[6n",
    "\x1b[>1u",
    "\x1b[?1000h",
    "\x1b[?2004h",
    "\x1b]11;?\x1b\\",
];

fn octal(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

fn found(bytes: &[u8]) -> Vec<&'static str> {
    HARMFUL.into_iter().filter(|harm| bytes.windows(harm.len()).any(|w| w == harm.as_bytes())).collect()
}

#[test]
fn an_ended_sessions_output_asks_nothing_and_reaches_no_clipboard() {
    let scene = Scene::new();
    let script = format!("printf 'before \\033[31mred\\033[0m {} after\\n'", octal(&HARMFUL.concat()));
    let id = scene.session(&script);
    scene.until(&id, &["exited"]);
    for words in [&["session", "logs", &id][..], &["session", "replay", &id, "--speed", "1000"]] {
        let mut tty = scene.tty(words, 100, 30);
        assert!(tty.wait().success());
        tty.until("before red  after");
        let bytes = tty.bytes();
        assert_eq!(found(&bytes), [""; 0], "{words:?}: {:?}", String::from_utf8_lossy(&bytes));
        assert!(bytes.windows(5).any(|w| w == b"\x1b[31m"), "colours stay: {:?}", String::from_utf8_lossy(&bytes));
    }
    // Whoever wants it raw says so, or reads it from a pipe.
    let mut tty = scene.tty(&["session", "logs", &id, "--raw"], 100, 30);
    assert!(tty.wait().success());
    await_that(|| found(&tty.bytes()).len() == HARMFUL.len(), || format!("{:?}", found(&tty.bytes())));
    let piped = scene.command(&["session", "logs", &id, "--raw"]).output().unwrap();
    assert_eq!(found(&piped.stdout).len(), HARMFUL.len());
    let piped = scene.command(&["session", "replay", &id, "--speed", "1000"]).output().unwrap();
    assert_eq!(found(&piped.stdout).len(), HARMFUL.len());
    let plain = scene.command(&["session", "logs", &id]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&plain.stdout), "before red  after\r\n");
}

#[test]
fn the_keys_to_leave_are_known_when_the_agent_has_another_keyboard_protocol() {
    let scene = Scene::new();
    let id = scene.session(r"stty raw -echo; printf '\033[>1uready'; cat -v");
    for (keys, typed) in
        [("ctrl-]", "\x1b[93;5u"), ("ctrl-]", "\x1b[27;5;93~"), ("ctrl-a,d", "\x1b[97;5u\x1b[97;5:3ud")]
    {
        let mut tty = scene.tty(&["session", "attach", &id, "--detach-keys", keys], 100, 30);
        tty.until("ready");
        tty.type_in(typed);
        assert!(tty.wait().success());
        tty.until(&format!("detached from {id}"));
    }
    // Of what was not meant nothing is lost.
    let tty = scene.tty(&["session", "attach", &id], 100, 30);
    tty.until("ready");
    tty.type_in("\x1b[93;6u.");
    tty.until("^[[93;6u.");
    assert!(!tty.text().contains("93;5"), "{}", tty.text());
}

#[test]
fn a_terminal_is_plain_again_when_somebody_ends_what_it_plays() {
    let scene = Scene::new();
    let script = r"printf '\033[?1049h\033[?25l\033[?7l\033(0\033[3J\033[31mplaying'; sleep 3; echo on";
    let id = scene.session(script);
    scene.until(&id, &["exited"]);
    let mut tty = scene.tty(&["session", "replay", &id, "--speed", "0.1", "--idle", "60s"], 100, 30);
    await_that(|| tty.picture().2, || format!("the other screen is not shown: {:?}", tty.bytes()));
    tty.type_in("\x03");
    assert_eq!(tty.wait().code(), Some(130));
    let plain = ["\x1b[?1049l", "\x1b[?25h", "\x1b[?7h", "\x1b(B", "\x1b[0m"];
    let lacks = |bytes: &[u8]| -> Vec<&str> {
        plain.into_iter().filter(|word| !bytes.windows(word.len()).any(|w| w == word.as_bytes())).collect()
    };
    await_that(|| lacks(&tty.bytes()).is_empty(), || format!("{:?} is missing", lacks(&tty.bytes())));
    assert!(!tty.picture().2);
    assert!(!tty.bytes().windows(4).any(|w| w == b"\x1b[3J"), "what has scrolled away was deleted");
    // Colours end with the text.
    let mut tty = scene.tty(&["session", "logs", &id], 100, 30);
    assert!(tty.wait().success());
    tty.until("exited with code 0");
    let bytes = tty.bytes();
    let place = |word: &[u8]| bytes.windows(word.len()).rposition(|w| w == word).unwrap();
    assert!(place(b"playing") < place(b"\x1b[0m"), "{:?}", String::from_utf8_lossy(&bytes));
}

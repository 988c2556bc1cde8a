//! What fuzzing begins with: the golden files of the wire, the built-in profiles, and some lines by hand.

use std::fs;
use std::path::{Path, PathBuf};

/// Inputs that a target accepts, or nearly.
///
/// # Panics
/// When the golden files are not where they belong.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        // `command.task.create.json`: the verb stands in the name.
        "command" | "query" | "wait" => with_name(target),
        "commit" | "reply" => golden(target).into_iter().map(|(_, content)| content).collect(),
        "subject" => lines(SUBJECTS),
        "frame" => lines(FRAMES),
        "config" => CONFIGS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "profile" => profiles(),
        other => panic!("there is no target {other}"),
    }
}

fn root() -> PathBuf {
    // Of this crate, or of the tests, which use this file too.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of `shared/wire/tests/golden/v1` whose name begins so, with what stands between that and `.json`.
fn golden(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let directory = root().join("shared/wire/tests/golden/v1");
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(&directory)
        .expect("the golden files are there")
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let rest = name.strip_prefix(prefix)?.strip_prefix('.')?.strip_suffix(".json")?.to_owned();
            Some((rest, fs::read(entry.path()).ok()?))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "there is no {prefix} among the golden files");
    found
}

fn with_name(prefix: &str) -> Vec<Vec<u8>> {
    golden(prefix).into_iter().map(|(name, content)| [name.as_bytes(), b"\n", &content].concat()).collect()
}

fn profiles() -> Vec<Vec<u8>> {
    let directory = root().join("bins/spawner/src/agent/builtin");
    let mut all: Vec<Vec<u8>> = fs::read_dir(directory)
        .expect("the built-in profiles are there")
        .flatten()
        .filter_map(|entry| Some([b"mine\n".as_slice(), &fs::read(entry.path()).ok()?].concat()))
        .collect();
    all.sort();
    all.extend(PROFILES.iter().map(|text| text.as_bytes().to_vec()));
    all
}

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.lines().filter(|line| !line.is_empty()).map(|line| line.as_bytes().to_vec()).collect()
}

const SUBJECTS: &str = "
maestro.v1.cmd.web.ann.task.create
maestro.v1.cmd.web.s3.session.active
maestro.v1.qry.web.ann.task.list
maestro.v1.qry._.ann.project.list
maestro.v1.wait.web.ann.events
maestro.v1.box.web.ann.task.log
maestro.v1.evt.web
maestro.v1.evt._
maestro.v1.spawn.default.claude
maestro.v1.spawn.@n1.shell
maestro.v1.term.web.s1.1.out
maestro.v1.term.web.s1.1.in
maestro.v1.node.n1.ping
maestro.v1.peer.server-1.batch
";

const FRAMES: &str = r#"
{"type":"hello","version":1,"project":"web","ledger":"L","since":7}
{"type":"cmd","id":"01JD0000000000000000000000","entity":"task","verb":"create","data":{"title":"a"}}
{"type":"qry","id":"q1","entity":"task","verb":"get","project":"web","data":{"task":"t1"}}
{"type":"switch","project":"docs","since":3}
{"type":"term.open","term":3,"session":"s1","epoch":2}
{"type":"term.in","term":3,"text":"ls\r"}
{"type":"term.resize","term":3,"cols":80,"rows":24}
{"type":"term.close","term":3}
{"type":"term.screen","id":"x","session":"s1","epoch":1}
{"type":"diff","id":"d","session":"s1"}
{"type":"ping"}
{"type":"pong"}
"#;

const CONFIGS: [&str; 4] = [
    "server = \"nats://127.0.0.1:4222\"\nproject = \"web\"\noutput_mode = \"json\"\n",
    "[projects.web]\npath = \"/home/ann/web\"\n",
    "[notify]\ncommand = \"notify-send Maestro\"\n",
    "project = \"w\u{e9}b\"\n[projects.\"\u{1F600}\"]\npath = 3\n",
];

const PROFILES: [&str; 4] = [
    "quick\nextends = \"claude\"\nmode = \"headless\"\nextra = [\"--max-turns\", \"3\"]\n",
    "mine\nprogram = \"/opt/mine\"\nprompt = \"typed\"\n",
    "files\nprogram = \"x\"\n[files]\n\"a.json\" = \"{{prompt}}\"\n",
    "claude\nmodel = \"opus\"\n",
];

//! Agent profiles: own ones beside the built-in ones, and how prompts, files and arguments reach a program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;

use crate::stack::Stack;

const SOON: Duration = Duration::from_secs(20);

/// A program that writes down what it gets, and then what stands on its stdin.
fn install(stack: &Stack, name: &str) -> String {
    let program = stack.path(name);
    let script = "#!/bin/sh\nd=$OUT\nprintf '%s\\n' \"$@\" >$d.args\nenv >$d.env\nprintf 'ready'\n\
        if [ -t 0 ]; then stty raw -echo; head -c $WANTED >$d.part; else cat >$d.part; fi\nmv $d.part $d.in\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

fn profile(stack: &Stack, name: &str, text: &str) {
    fs::create_dir_all(stack.path("agents")).unwrap();
    fs::write(stack.path("agents").join(format!("{name}.toml")), text).unwrap();
}

#[tokio::test]
async fn own_profiles_say_how_a_program_is_started_and_gets_its_prompt() {
    let stack = Stack::start().await;
    let program = install(&stack, "agent.sh");
    let out = |name: &str| stack.path(name).display().to_string();
    profile(
        &stack,
        "byarg",
        &format!(
            "program = \"{program}\"\nmodel = \"small\"\nextra = [\"--more\", \"x y\"]\n\
             interactive = [[\"--id\", \"{{uuid}}\"], [\"-m\", \"{{model}}\"], [\"-p\", \"{{permissionMode}}\"], [\"{{extra}}\"], \
             [\"--settings\", \"{{files}}/s.json\"], [\"--\", \"{{prompt}}\"]]\n\
             [environment]\nOUT = \"{}\"\nWANTED = \"0\"\n[files]\n\"s.json\" = '{{\"hook\": \"{{maestro}} hook\"}}'\n",
            out("byarg")
        ),
    );
    profile(
        &stack,
        "bystdin",
        &format!(
            "program = \"{program}\"\nmode = \"headless\"\nprompt = \"stdin\"\nremove = [\"HOME\"]\nheadless = [[\"run\"]]\n\
             [environment]\nOUT = \"{}\"\n",
            out("bystdin")
        ),
    );
    profile(
        &stack,
        "typed",
        &format!(
            "program = \"{program}\"\nprompt = \"typed\"\n[environment]\nOUT = \"{}\"\nWANTED = \"40\"\n",
            out("typed")
        ),
    );
    profile(&stack, "wrong", "program = \"x\"\ncolour = \"red\"\n");
    let _spawner = stack.spawner("n1", 4).await;

    let agents = stack.reach("maestro.v1.node.n1.agents").await.unwrap();
    let names: Vec<&str> =
        agents["data"]["agents"].as_array().unwrap().iter().map(|agent| agent["name"].as_str().unwrap()).collect();
    for name in ["byarg", "bystdin", "typed", "shell", "claude"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let mistake = agents["data"]["mistakes"][0].as_str().unwrap();
    assert!(mistake.contains("agents/wrong.toml:2: ") && mistake.contains("colour"), "{mistake}");

    for agent in ["byarg", "bystdin", "typed"] {
        let spawn = json!({ "agent": agent, "prompt": "the special instructions" });
        let id = stack.command("ann", "session.spawn", spawn).await["id"].as_str().unwrap().to_owned();
        stack.until(&id, "exited", SOON).await;
    }
    let arguments = stack.read("byarg.args");
    let lines: Vec<&str> = arguments.lines().collect();
    assert_eq!((lines[0], lines[2], lines[3], lines[4], lines[5]), ("--id", "-m", "small", "--more", "x y"));
    assert_eq!((lines[6], lines[8]), ("--settings", "--"), "no group for a permission mode that nobody set");
    assert!(arguments.contains("the special instructions"), "{arguments}");
    let settings = fs::read_to_string(lines[7]).unwrap();
    assert!(settings.contains("/maestro hook"), "{settings}");

    assert_eq!(stack.read("bystdin.args"), "run\n");
    assert!(stack.read("bystdin.in").contains("\nthe special instructions\n"), "{}", stack.read("bystdin.in"));
    assert!(!stack.read("bystdin.env").lines().any(|line| line.starts_with("HOME=")));
    assert!(stack.read("typed.in").starts_with("You are s3"), "{}", stack.read("typed.in"));

    let unknown = stack.command("ann", "session.spawn", json!({ "agent": "nobody-has-it" })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stack.session(unknown["id"].as_str().unwrap()).await["status"], "requested", "it waits for a host");
}

#[tokio::test]
async fn a_long_prompt_is_run_whole() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let out = stack.path("length");
    let large = "x".repeat(60_000);
    let spawn = json!({ "agent": "shell", "prompt": format!("# {large}\necho ${{#0}} >{}; exit 4", out.display()) });
    let id = stack.command("ann", "session.spawn", spawn).await["id"].as_str().unwrap().to_owned();
    assert_eq!(stack.until(&id, "exited", SOON).await["code"], 4);
}

//! From a profile and a manifest to a program with arguments, files and environment.

use std::collections::BTreeMap;
use std::path::Path;

use maestro_wire::Manifest;
use rand::RngExt;

use super::found::expanded;
use super::profile::{Mode, Profile, PromptBy};
use super::trust::believe;

/// The kernel takes 128 KiB in one argument.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub program: String,
    pub arguments: Vec<String>,
    pub mode: Mode,
    /// What is typed into the terminal, or written to stdin, once it runs.
    pub typed: Option<String>,
    pub stdin: Option<String>,
    /// Variables on top of the session's, and those that are taken away.
    pub environment: BTreeMap<String, String>,
    pub remove: Vec<String>,
    /// The name of the agent's own conversation, when we give it one or it goes on with one.
    pub conversation: Option<String>,
}

/// Where the session works and what belongs to it.
pub struct Place<'a> {
    pub workspace: &'a Path,
    /// The session's own files.
    pub files: &'a Path,
    pub home: &'a Path,
    /// The `maestro` of this stack.
    pub maestro: &'a Path,
    /// The conversation to go on with.
    pub resumes: Option<&'a str>,
}

/// Writes the session's files and says what to run.
///
/// # Errors
/// A sentence on why it cannot be run: nothing that trying again would change.
pub async fn invocation(
    (profile, program): (&Profile, &Path),
    manifest: &Manifest,
    place: &Place<'_>,
    variables: &BTreeMap<String, String>,
) -> Result<Invocation, String> {
    let mut invocation = Invocation {
        program: program.display().to_string(),
        arguments: Vec::new(),
        mode: profile.mode(),
        typed: None,
        stdin: None,
        environment: BTreeMap::new(),
        remove: profile.remove.clone().unwrap_or_default(),
        conversation: None,
    };
    if profile.prompt() == PromptBy::Script {
        script(&mut invocation, manifest, place.files)?;
        invocation.environment.clone_from(&profile.environment);
        return Ok(invocation);
    }
    let prompt = prompt(manifest, place)?;
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| format!("{} is no text", path.display()));
    let mut values = BTreeMap::from([
        // One of the two has a value, and with it the arguments that name it.
        match place.resumes {
            Some(conversation) => ("resume", conversation.to_owned()),
            None => ("uuid", uuid()),
        },
        ("workspace", text(place.workspace)?),
        ("files", text(place.files)?),
        ("home", text(place.home)?),
        ("maestro", text(place.maestro)?),
        ("session", manifest.session.to_string()),
        ("name", manifest.name.clone()),
    ]);
    if let Some(model) = manifest.model.clone().or_else(|| profile.model.clone()) {
        values.insert("model", model);
    }
    if let Some(permissions) = profile.permission_mode.clone() {
        values.insert("permissionMode", permissions);
    }
    for (name, content) in &profile.files {
        let file = place.files.join(name);
        let content = filled(content, &values).unwrap_or_else(|| content.clone());
        maestro_runtime::write_secret(&file, content.as_bytes())
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let environment = profile.environment.iter();
    invocation.environment = environment
        .map(|(name, value)| (name.clone(), filled(value, &values).unwrap_or_else(|| value.clone())))
        .collect();
    if let Some(trust) = &profile.trust {
        let file = expanded(&trust.file, &[&invocation.environment, variables]);
        // Without it the agent asks in its terminal, where it can be answered.
        if let Err(error) = believe(trust, &file, &values).await {
            tracing::warn!(file = %file.display(), cause = %error, "the workspace is not trusted beforehand");
        }
    }
    match profile.prompt() {
        PromptBy::Argument | PromptBy::Script => {
            values.insert("prompt", prompt);
        }
        PromptBy::Stdin => invocation.stdin = Some(prompt),
        PromptBy::Typed => invocation.typed = Some(prompt),
    }
    invocation.conversation = match place.resumes {
        Some(conversation) => Some(conversation.to_owned()),
        None => values.get("uuid").filter(|_| profile.names("{uuid}")).cloned(),
    };
    for group in profile.arguments() {
        if let [only] = group.as_slice()
            && only == "{extra}"
        {
            invocation.arguments.extend(profile.extra.clone().unwrap_or_default());
            continue;
        }
        let filled: Option<Vec<String>> = group.iter().map(|argument| filled(argument, &values)).collect();
        invocation.arguments.extend(filled.unwrap_or_default());
    }
    // A command of one's own comes on top, as in `session spawn --agent claude -- --verbose`.
    invocation.arguments.splice(0..0, manifest.command.iter().cloned());
    Ok(invocation)
}

/// The shell: a command, or a prompt that is a script; after the initial commands, if there are any.
fn script(invocation: &mut Invocation, manifest: &Manifest, files: &Path) -> Result<(), String> {
    alone(invocation, manifest, files)?;
    if !manifest.initial_commands.is_empty() {
        // One that fails ends the session with its code: what needs it could only fail less clearly.
        let mut script = manifest.initial_commands.iter().fold("set -e\n".to_owned(), |mut script, command| {
            script.push_str(command);
            script.push('\n');
            script
        });
        script.push_str("exec \"$@\"\n");
        let program = std::mem::replace(&mut invocation.program, "/bin/sh".to_owned());
        let before = ["-c".to_owned(), script, "maestro".to_owned(), program];
        invocation.arguments.splice(0..0, before);
    }
    Ok(())
}

fn alone(invocation: &mut Invocation, manifest: &Manifest, files: &Path) -> Result<(), String> {
    if let Some((program, arguments)) = manifest.command.split_first() {
        program.clone_into(&mut invocation.program);
        invocation.arguments = arguments.to_vec();
        return Ok(());
    }
    let Some(script) = manifest.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty()) else {
        return Err("a shell session needs a command or a prompt to run".to_owned());
    };
    invocation.arguments = if script.len() <= LONGEST_ARGUMENT {
        vec!["-c".to_owned(), script.to_owned()]
    } else {
        vec![kept(files, "prompt.sh", script)?]
    };
    Ok(())
}

/// What the agent reads first; one that no argument can hold is in a file.
fn prompt(manifest: &Manifest, place: &Place<'_>) -> Result<String, String> {
    let resumed = manifest.resume_prompt.as_ref().filter(|_| place.resumes.is_some());
    let prompt = resumed.unwrap_or(&manifest.initial_prompt);
    if prompt.len() <= LONGEST_ARGUMENT {
        return Ok(prompt.clone());
    }
    let file = kept(place.files, "prompt.md", prompt)?;
    Ok(format!("Your instructions are in the file {file}. Read it first, all of it, then do what it says."))
}

fn kept(files: &Path, name: &str, content: &str) -> Result<String, String> {
    let file = files.join(name);
    maestro_runtime::write_secret(&file, content.as_bytes()).map_err(|error| format!("{}: {error}", file.display()))?;
    file.to_str().map(str::to_owned).ok_or_else(|| "the data directory's path is no Unicode".to_owned())
}

/// With every `{name}` replaced; `None`: one of the known names has no value. Other braces stay as they are.
pub(super) fn filled(text: &str, values: &BTreeMap<&str, String>) -> Option<String> {
    const NAMES: [&str; 11] = [
        "prompt",
        "model",
        "permissionMode",
        "uuid",
        "resume",
        "workspace",
        "files",
        "home",
        "maestro",
        "session",
        "name",
    ];
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, behind) = rest.split_at(start);
        filled.push_str(before);
        let name = behind[1..].split_once('}').map(|(name, _)| name).filter(|name| NAMES.contains(name));
        match name {
            Some(name) => {
                filled.push_str(values.get(name)?);
                rest = &behind[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &behind[1..];
            }
        }
    }
    filled.push_str(rest);
    Some(filled)
}

/// Random, version 4, as agents want their conversations named.
fn uuid() -> String {
    let random: u128 = rand::rng().random();
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::profile::Profiles;

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        let values = BTreeMap::from([("maestro", "/opt/{x} maestro".to_owned())]);
        assert_eq!(
            filled("{\"a\": {\"b\": \"{maestro} x\"}} {", &values).unwrap(),
            "{\"a\": {\"b\": \"/opt/{x} maestro x\"}} {"
        );
        assert_eq!(filled("{model}", &values), None);
        assert_eq!(filled("{modell}", &values).unwrap(), "{modell}");
    }

    /// What a session was given, as its file has it.
    fn manifest() -> Manifest {
        let time = "2026-01-01T00:00:00Z";
        let project = serde_json::json!({"id": "web", "rev": 1, "title": "Web", "createdBy": "ann", "createdAt": time,
            "updatedBy": "ann", "updatedAt": time});
        let manifest = serde_json::json!({"project": project, "projectId": "web", "session": "s1", "epoch": 1,
            "role": "worker", "name": "One", "agent": "codex", "skill": "maestro-worker", "restart": "never", "tasks": [],
            "initialPrompt": "go"});
        serde_json::from_value(manifest).unwrap()
    }

    #[tokio::test]
    async fn nothing_that_says_what_runs_is_open_to_codex_in_its_sandbox() {
        let home = Path::new("/home/ann/.maestro");
        let place = Place {
            workspace: &home.join("spawner/work/web/s1"),
            files: &home.join("spawner/sessions/web/s1-1"),
            home,
            maestro: Path::new("/opt/maestro"),
            resumes: None,
        };
        let mut profile = Profiles::read(Path::new("/nowhere")).known["codex"].profile.clone();
        for mode in [Mode::Interactive, Mode::Headless] {
            profile.mode = Some(mode);
            let made = invocation((&profile, Path::new("codex")), &manifest(), &place, &BTreeMap::new()).await.unwrap();
            let behind = |flag: &str| {
                let pairs = made.arguments.windows(2).filter(|pair| pair[0] == flag);
                pairs.map(|pair| pair[1].clone()).collect::<Vec<_>>()
            };
            assert_eq!(behind("--add-dir"), ["/home/ann/.maestro/outbox", "/home/ann/.maestro/memory"], "{mode:?}");
            assert_eq!(behind("-C"), [place.workspace.display().to_string()]);
            assert!(!behind("-c").iter().any(|setting| setting.contains("writable_roots")), "{made:?}");
        }
    }

    #[test]
    fn conversations_have_names_of_the_right_shape() {
        let name = uuid();
        assert_eq!(name.len(), 36);
        assert_eq!(name.as_bytes()[14], b'4');
        assert!(matches!(name.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{name}");
    }
}

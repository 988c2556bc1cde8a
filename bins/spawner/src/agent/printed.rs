//! What `maestro` itself prints for an agent: its skills, and files of its profile.

use std::collections::BTreeMap;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use maestro_wire::Manifest;
use serde::Deserialize;
use tokio::process::Command;

use super::environment::public;
use super::invocation::Place;
use super::profile::Profile;
use crate::holder::Holders;

/// A command that only prints takes no longer.
const LONGEST: Duration = Duration::from_secs(10);
/// Bytes of skills that stand in a prompt; the rest is read with `maestro skill show`.
const SKILLS: usize = 48 * 1024;
const FILE: usize = 1024 * 1024;

/// Writes the files of a profile that `maestro` prints.
///
/// # Errors
/// A sentence on why one of them is not there: without it the agent would run unheard.
pub async fn printed(
    profile: &Profile,
    place: &Place<'_>,
    variables: &BTreeMap<String, String>,
    holders: &Holders,
) -> Result<(), String> {
    for (name, words) in &profile.printed {
        let failed = |why: String| format!("{name}, which `maestro {}` prints: {why}", words.join(" "));
        let output = run(words, place, variables, holders).await.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() || output.stdout.len() > FILE {
            return Err(failed(format!("{}, {} bytes", output.status, output.stdout.len())));
        }
        let file = place.files.join(name);
        maestro_runtime::write_secret(&file, &output.stdout).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// What the command line prints with `--json`.
#[derive(Deserialize)]
struct Said {
    data: Option<Shown>,
    error: Option<String>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Shown {
    prompt: String,
}

/// The skill that a session works by, with what it stands on, as one text; `None`: this host's `maestro` does not tell.
///
/// # Errors
/// A sentence when there is no such skill on this host, or it cannot be used.
pub async fn skills(
    manifest: &Manifest,
    place: &Place<'_>,
    variables: &BTreeMap<String, String>,
    holders: &Holders,
) -> Result<Option<String>, String> {
    let skill = manifest.skill.to_string();
    let words = ["--json", "skill", "show", &skill].map(str::to_owned);
    let output = match run(&words, place, variables, holders).await {
        Ok(output) => output,
        Err(error) => {
            tracing::warn!(skill, cause = %error, "the skill is not told");
            return Ok(None);
        }
    };
    let said = match serde_json::from_slice::<Said>(&output.stdout) {
        Ok(said) => said,
        Err(error) => {
            tracing::warn!(skill, status = %output.status, cause = %error, "the skill is not told");
            return Ok(None);
        }
    };
    let (Some(Shown { prompt: mut text }), None) = (said.data, &said.error) else {
        let about_it = matches!(said.error.as_deref(), Some("skill_not_found" | "invalid_skill"));
        tracing::warn!(skill, code = said.error, "the skill is not told");
        return if about_it { Err(format!("the skill '{skill}' on this host: {}", said.message)) } else { Ok(None) };
    };
    if text.len() > SKILLS {
        text.truncate(text.floor_char_boundary(SKILLS));
        text.push_str(&format!("\n… (`maestro skill show {skill}` prints all of it)"));
    }
    Ok(Some(format!("\n# Skills\n\n{}\n", text.trim())))
}

async fn run(
    words: &[String],
    place: &Place<'_>,
    variables: &BTreeMap<String, String>,
    holders: &Holders,
) -> io::Result<Output> {
    let mut command = Command::new(place.maestro);
    command
        .args(words)
        .current_dir(place.workspace)
        .env_clear()
        .envs(public(variables))
        .env("MAESTRO_HOME", place.home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let (child, _own) = holders.start(&mut command)?;
    match tokio::time::timeout(LONGEST, child.wait_with_output()).await {
        Ok(output) => output,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", LONGEST.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn maestro(directory: &Path, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let file = directory.join("maestro");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[tokio::test]
    async fn what_maestro_prints_is_a_file_of_the_session() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        let program = maestro(here, "echo \"$@ in $(pwd)\"; exit $CODE");
        let place = Place { workspace: here, files: here, home: here, maestro: &program, resumes: None };
        let profile = Profile {
            printed: BTreeMap::from([("plugin.js".to_owned(), vec!["hook".to_owned(), "x".to_owned()])]),
            ..Profile::default()
        };
        let holders = Holders::new(PathBuf::from("none"), Vec::new(), false);
        let variables = |code: &str| BTreeMap::from([("CODE".to_owned(), code.to_owned())]);
        printed(&profile, &place, &variables("0"), &holders).await.unwrap();
        let written = std::fs::read_to_string(here.join("plugin.js")).unwrap();
        assert_eq!(written, format!("hook x in {}\n", here.display()));
        let failed = printed(&profile, &place, &variables("3"), &holders).await.unwrap_err();
        assert!(failed.contains("`maestro hook x`") && failed.contains("exit status: 3"), "{failed}");
    }
}

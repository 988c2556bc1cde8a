//! The profile `shell`: any command.

use std::path::Path;

use maestro_wire::Manifest;

use super::Invocation;

pub(super) const NAME: &str = "shell";

/// The kernel takes 128 KiB in one argument.
const LONGEST_ARGUMENT: usize = 100 * 1024;

pub(super) fn invocation(manifest: &Manifest, directory: &Path) -> Result<Invocation, String> {
    if let Some((program, arguments)) = manifest.command.split_first() {
        return Ok(Invocation { program: program.clone(), arguments: arguments.to_vec() });
    }
    let Some(script) = manifest.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty()) else {
        return Err("a shell session needs a command or a prompt to run".to_owned());
    };
    if script.len() <= LONGEST_ARGUMENT {
        return Ok(Invocation { program: "sh".to_owned(), arguments: vec!["-c".to_owned(), script.to_owned()] });
    }
    let file = directory.join("prompt.sh");
    maestro_runtime::write_secret(&file, script.as_bytes()).map_err(|error| format!("{}: {error}", file.display()))?;
    let file = file.to_str().ok_or("the data directory's path is no Unicode")?.to_owned();
    Ok(Invocation { program: "sh".to_owned(), arguments: vec![file] })
}

//! Ignored files that each new worktree gets: what git does not carry and the work needs all the same.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::git::Git;
use super::trouble::Trouble;

/// More than this is no set of local files; it would be copied for every session.
const FILES: usize = 20_000;
const BYTES: u64 = 2 << 30;

/// Copies what matches, where the worktree has nothing of that name. Answers how many.
pub(crate) async fn copy(
    git: &Git,
    from: &Path,
    to: &Path,
    patterns: &[String],
    cancel: &CancellationToken,
) -> Result<usize, Trouble> {
    if patterns.is_empty() {
        return Ok(0);
    }
    let specs: Vec<String> = patterns.iter().flat_map(|pattern| specs(pattern)).collect();
    let mut arguments = vec!["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--"];
    arguments.extend(specs.iter().map(String::as_str));
    let listed = git.ask(from, &arguments).await.map_err(Trouble::git(from))?;
    let files: Vec<PathBuf> = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    if files.len() > FILES {
        let said = format!("the patterns match {} files, and at most {FILES} are copied", files.len());
        return Err(Trouble::Copy { file: patterns.join(", "), said });
    }
    let (from, to, cancel) = (from.to_path_buf(), to.to_path_buf(), cancel.clone());
    let copied = tokio::task::spawn_blocking(move || copy_all(&from, &to, &files, &cancel)).await;
    copied.unwrap_or_else(|error| Err(Trouble::Copy { file: String::new(), said: error.to_string() }))
}

/// As in `.gitignore`: without a slash at any depth, with one from the top; a directory with all that is in it.
fn specs(pattern: &str) -> [String; 2] {
    let bare = pattern.trim_start_matches('/').trim_end_matches('/');
    let place = if pattern.trim_end_matches('/').contains('/') { "" } else { "**/" };
    [format!(":(glob){place}{bare}"), format!(":(glob){place}{bare}/**")]
}

fn copy_all(from: &Path, to: &Path, files: &[PathBuf], cancel: &CancellationToken) -> Result<usize, Trouble> {
    let mut bytes = 0;
    let mut copied = 0;
    for file in files {
        if cancel.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::io(to, &error),
            _ => Trouble::Copy { file: file.display().to_string(), said: error.to_string() },
        };
        match copy_one(from, to, file) {
            Ok(Some(length)) => {
                bytes += length;
                copied += 1;
            }
            Ok(None) => {}
            Err(error) => return Err(failed(error)),
        }
        if bytes > BYTES {
            let said = format!("more than {} GiB match the patterns", BYTES >> 30);
            return Err(Trouble::Copy { file: file.display().to_string(), said });
        }
    }
    Ok(copied)
}

/// `None`: there is something of that name, or nothing to copy.
fn copy_one(from: &Path, to: &Path, file: &Path) -> io::Result<Option<u64>> {
    if file.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Ok(None);
    }
    let (source, target) = (from.join(file), to.join(file));
    let kind = match fs::symlink_metadata(&source) {
        Ok(metadata) => metadata,
        // Gone since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if fs::symlink_metadata(&target).is_ok() || !make_room(to, file)? {
        return Ok(None);
    }
    if kind.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        return Ok(Some(0));
    }
    if !kind.is_file() {
        return Ok(None);
    }
    fs::copy(&source, &target).map(Some)
}

/// The directories above it, none of them a link that leads elsewhere; `false`: one is.
fn make_room(to: &Path, file: &Path) -> io::Result<bool> {
    let mut directory = to.to_path_buf();
    for part in file.parent().into_iter().flat_map(Path::components) {
        directory.push(part);
        match fs::symlink_metadata(&directory) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(_) => fs::create_dir(&directory)?,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_as_in_gitignore() {
        assert_eq!(specs(".env*"), [":(glob)**/.env*", ":(glob)**/.env*/**"]);
        assert_eq!(specs("config/local.toml"), [":(glob)config/local.toml", ":(glob)config/local.toml/**"]);
        assert_eq!(specs("/top/"), [":(glob)top", ":(glob)top/**"]);
        assert_eq!(specs("node_modules/"), [":(glob)**/node_modules", ":(glob)**/node_modules/**"]);
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_what_is_there() {
        let room = tempfile::tempdir().unwrap();
        let (from, to, outside) = (room.path().join("from"), room.path().join("to"), room.path().join("outside"));
        for directory in [from.join("a"), from.join("b"), to.clone(), outside.clone()] {
            fs::create_dir_all(directory).unwrap();
        }
        fs::write(from.join("a/x"), "new").unwrap();
        fs::write(from.join("b/y"), "new").unwrap();
        fs::write(from.join("z"), "new").unwrap();
        fs::write(to.join("z"), "old").unwrap();
        std::os::unix::fs::symlink(&outside, to.join("a")).unwrap();
        let files = ["a/x", "b/y", "z", "../outside/w", "gone"].map(PathBuf::from);
        let copied = copy_all(&from, &to, &files, &CancellationToken::new()).unwrap();
        assert_eq!(copied, 1);
        assert_eq!(fs::read_to_string(to.join("b/y")).unwrap(), "new");
        assert_eq!(fs::read_to_string(to.join("z")).unwrap(), "old");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

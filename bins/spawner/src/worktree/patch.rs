//! Changed files as git tells of them, within the bounds of one message.

use std::path::Path;

use maestro_wire::{FileChange, FileStatus};

use crate::workspace::{Git, GitError, LOCAL};

/// More files are not listed.
const FILES: usize = 1_000;
/// Bound of one file's patch in bytes.
const PATCH: usize = 128 * 1024;
/// What there is room for in all, counted as JSON: the rest of a message is names and numbers.
pub(super) const ROOM: usize = 448 * 1024;

/// What is compared, and how much is wanted.
pub(super) struct Wanted<'a> {
    /// One commit: with the directory; two: with each other.
    pub commits: &'a [&'a str],
    pub files: &'a [String],
    pub patches: bool,
}

/// The changes; `room` is what is left for patches. The second: something was left out.
pub(super) async fn changes(
    git: &Git,
    directory: &Path,
    wanted: &Wanted<'_>,
    room: &mut usize,
) -> Result<(Vec<FileChange>, bool), GitError> {
    let specs: Vec<String> = wanted.files.iter().map(|file| format!(":(top,literal){file}")).collect();
    let arguments = |format: &[&'static str]| {
        let mut all: Vec<String> = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames"]
            .into_iter()
            .chain(format.iter().copied())
            .map(ToOwned::to_owned)
            .collect();
        all.extend(wanted.commits.iter().map(|commit| (*commit).to_owned()));
        all.push("--".to_owned());
        all.extend(specs.iter().cloned());
        all
    };
    let run = async |arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        git.try_run(directory, &arguments, LOCAL).await
    };
    let named = run(arguments(&["--raw", "--numstat", "-z"])).await?;
    if named.code != 0 {
        return Err(GitError::Refused("diff".to_owned(), named.complaint));
    }
    let mut files = parse(&named.out);
    let mut cut = named.cut || files.len() > FILES;
    files.truncate(FILES);
    if wanted.patches && !files.is_empty() {
        let patch = run(arguments(&["--patch"])).await?;
        cut |= attach(&mut files, &patch.out, patch.cut, room);
    }
    Ok((files, cut))
}

/// `--raw -z`: `:modes ids S\0path\0`, with two paths after R and C; then `--numstat -z`: `a\tr\tpath\0`, or
/// `a\tr\t\0from\0to\0`.
fn parse(out: &[u8]) -> Vec<FileChange> {
    let mut parts = out.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).peekable();
    let mut files: Vec<FileChange> = Vec::new();
    while let Some(part) = parts.next_if(|part| part.starts_with(':')) {
        let letter = part.rsplit(' ').next().and_then(|status| status.chars().next()).unwrap_or('M');
        let status = match letter {
            'A' => FileStatus::Added,
            'D' => FileStatus::Deleted,
            'R' => FileStatus::Renamed,
            'C' => FileStatus::Copied,
            'T' => FileStatus::TypeChanged,
            'U' => FileStatus::Unmerged,
            _ => FileStatus::Modified,
        };
        let first = parts.next().unwrap_or_default();
        let (from, path) = match status {
            FileStatus::Renamed | FileStatus::Copied => (Some(first), parts.next().unwrap_or_default()),
            _ => (None, first),
        };
        files.push(FileChange {
            path,
            from,
            status,
            added: 0,
            removed: 0,
            binary: false,
            patch: None,
            truncated: false,
        });
    }
    while let Some(part) = parts.next() {
        let mut fields = part.splitn(3, '\t');
        let (Some(added), Some(removed), Some(name)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let name = if name.is_empty() {
            parts.next();
            parts.next().unwrap_or_default()
        } else {
            name.to_owned()
        };
        if let Some(file) = files.iter_mut().find(|file| file.path == name) {
            file.binary = added == "-";
            file.added += added.parse::<u64>().unwrap_or(0);
            file.removed += removed.parse::<u64>().unwrap_or(0);
        }
    }
    files
}

/// Gives each file its part of the patch. Answers whether something had to be left out.
fn attach(files: &mut [FileChange], patch: &[u8], cut: bool, room: &mut usize) -> bool {
    let text = String::from_utf8_lossy(patch);
    let mut sections = sections(&text).into_iter();
    let mut left_out = false;
    for file in files.iter_mut() {
        if file.status == FileStatus::Unmerged {
            continue;
        }
        // What became another kind of thing is told as removed and added.
        let count = if file.status == FileStatus::TypeChanged { 2 } else { 1 };
        let parts: Vec<&str> = sections.by_ref().take(count).collect();
        let last = sections.len() == 0;
        let mut own = parts.concat();
        file.truncated = parts.len() < count || (cut && last);
        if own.len() > PATCH {
            own.truncate(line_end_before(&own, PATCH));
            file.truncated = true;
        }
        let size = serde_json::to_string(&own).map_or(usize::MAX, |json| json.len());
        if size > *room {
            file.truncated = true;
        } else if !own.is_empty() {
            *room -= size;
            file.patch = Some(own);
        }
        left_out |= file.truncated;
    }
    left_out
}

/// One a file: each begins with `diff --git`, which no line of a patch's content does.
fn sections(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = Vec::new();
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("diff --git ") {
            starts.push(place);
        }
        place += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(from, to)| &text[from..to]).collect()
}

fn line_end_before(text: &str, bound: usize) -> usize {
    let mut bound = bound.min(text.len());
    while !text.is_char_boundary(bound) {
        bound -= 1;
    }
    text[..bound].rfind('\n').map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_read_whatever_the_names_are() {
        let raw =
            b":100644 100644 a b M\0src/a b.rs\0:000000 100644 0 c A\0new\tname\0:100644 100644 d e R090\0old\0moved\0\
            :100644 000000 f 0 D\0bin\x003\t1\tsrc/a b.rs\x002\t0\tnew\tname\x001\t1\t\0old\0moved\0-\t-\tbin\0";
        let files = parse(raw);
        let told: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.status, f.added, f.removed, f.binary)).collect();
        assert_eq!(
            told,
            [
                ("src/a b.rs", FileStatus::Modified, 3, 1, false),
                ("new\tname", FileStatus::Added, 2, 0, false),
                ("moved", FileStatus::Renamed, 1, 1, false),
                ("bin", FileStatus::Deleted, 0, 0, true),
            ]
        );
        assert_eq!(files[2].from.as_deref(), Some("old"));
        assert!(parse(b"").is_empty());
    }

    #[test]
    fn patches_go_to_their_files_within_the_bounds() {
        let file = |path: &str| FileChange {
            path: path.to_owned(),
            from: None,
            status: FileStatus::Modified,
            added: 1,
            removed: 0,
            binary: false,
            patch: None,
            truncated: false,
        };
        let long = format!("diff --git a/b b/b\n@@\n{}", "+line\n".repeat(40_000));
        let text = format!("diff --git a/a b/a\n+diff --git is no start\n{long}diff --git a/c b/c\n+c\n");
        let mut files = [file("a"), file("b"), file("c")];
        assert!(attach(&mut files, text.as_bytes(), false, &mut 1_000_000));
        assert_eq!(files[0].patch.as_deref(), Some("diff --git a/a b/a\n+diff --git is no start\n"));
        let second = files[1].patch.as_deref().unwrap();
        assert!(files[1].truncated && second.len() <= PATCH && second.ends_with("+line\n"));
        assert_eq!(files[2].patch.as_deref(), Some("diff --git a/c b/c\n+c\n"));
        let mut files = [file("a"), file("b"), file("c")];
        assert!(attach(&mut files, text.as_bytes(), false, &mut 200));
        assert_eq!(
            files.each_ref().map(|f| (f.patch.is_some(), f.truncated)),
            [(true, false), (false, true), (true, false)]
        );
    }
}

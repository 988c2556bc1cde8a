//! Every code is produced somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use maestro_wire::ErrorCode;

/// Codes that nothing produces yet, each with the reason.
const NOBODY: &[(ErrorCode, &str)] = &[];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !["tests", "examples", "ui", "benches"].iter().any(|skipped| path.ends_with(skipped)) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("wire/src/code.rs") {
            found.push(path);
        }
    }
}

/// The program, less its tests: `mod tests` stands last in a file.
fn program(parts: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for part in parts {
        sources(&root.join(part), &mut files);
    }
    let text = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned() + "\n"
    };
    files.iter().map(text).collect()
}

/// Made there, not only compared or matched.
fn is_made(program: &str, name: &str) -> bool {
    let word = format!("ErrorCode::{name}");
    program.match_indices(&word).any(|(at, _)| {
        let before = program[..at].trim_end();
        let before = before.strip_suffix("maestro_wire::").unwrap_or(before).trim_end();
        let after = program[at + word.len()..].trim_start();
        let whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            || after.len() < program[at + word.len()..].len();
        let compared = before.ends_with("==") || before.ends_with("!=");
        let matched = after.starts_with("=>") || after.starts_with('|') || before.ends_with('|');
        whole && !compared && !matched
    })
}

#[test]
fn every_code_is_produced_somewhere() {
    let domain = program(&["shared/domain"]);
    let all = program(&["shared", "bins"]);
    assert!(domain.len() > 50_000 && all.len() > 4 * domain.len(), "sources were not found");
    for code in ErrorCode::ALL {
        // Below the wire a code is a name in a value that cannot be.
        let named = [format!("\"{code}\""), format!("code: \"{code}\"")];
        let by_name = domain.contains(&named[0]) || all.contains(&named[1]);
        let made = is_made(&all, &format!("{code:?}")) || by_name;
        let excused = NOBODY.iter().find(|(nobody, _)| nobody == code);
        match excused {
            None => assert!(made, "nobody produces {code}: remove it, or say in NOBODY why it stays"),
            Some((_, why)) => assert!(!made, "{code} is produced now, so it needs no excuse ({why})"),
        }
    }
}

#[test]
fn making_is_told_from_matching() {
    assert!(is_made("ErrorBody::new(ErrorCode::Usage, text)", "Usage"));
    assert!(is_made("None => ErrorCode::Usage,\n", "Usage"));
    for only_read in ["e.code == ErrorCode::Usage {", "ErrorCode::Usage => 1,", "ErrorCode::Usage\n | ErrorCode::X"] {
        assert!(!is_made(only_read, "Usage"), "{only_read}");
    }
    assert!(!is_made("new(ErrorCode::UsageOfOther)", "Usage"));
}

//! Whether a line can be typed as it stands: split as a shell does, parsed as this program does.

use crate::narrow;

/// Checks a line that begins with `maestro`; a pipe, a file or the shell itself may feed or take it.
///
/// # Errors
/// What is wrong with it.
pub fn check(line: &str) -> Result<(), String> {
    let line = line.strip_prefix("source <(").and_then(|line| line.strip_suffix(')')).unwrap_or(line);
    let mut own = 0;
    for part in line.split(" | ") {
        let words = shlex::split(part).ok_or("a quote is open")?;
        if words.first().map(String::as_str) != Some("maestro") {
            continue;
        }
        own += 1;
        let end = words.iter().position(|word| matches!(word.as_str(), ">" | "<" | "&&")).unwrap_or(words.len());
        let words: Vec<std::ffi::OsString> = words[..end].iter().map(Into::into).collect();
        let holder = words.iter().find(|word| {
            let word = word.to_string_lossy();
            word.starts_with('<') && word.ends_with('>')
        });
        if let Some(holder) = holder {
            return Err(format!("{} is a placeholder", holder.display()));
        }
        let words = crate::parse::split_hyphenated(words);
        let asks_for_help = words.iter().any(|word| word == "--help" || word == "--version");
        match narrow::parse(&words) {
            Ok(_) => {}
            Err(error) if asks_for_help && !error.use_stderr() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    if own == 0 { Err("it does not call maestro".to_owned()) } else { Ok(()) }
}

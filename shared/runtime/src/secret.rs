//! A setting that holds a password may lie in a file: `NAME_FILE` names it where `NAME` itself is not set, as containers
//! and service managers hand secrets over.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The file of a secret cannot be used.
#[derive(Debug, Error)]
#[error("{variable}_FILE names `{}`: {cause}", .path.display())]
pub struct SecretError {
    /// The setting, without `_FILE`.
    pub variable: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system says, or that there is nothing in it.
    pub cause: io::Error,
}

/// The value of `variable`, or of the first line of the file that `variable` + `_FILE` names. `None` when neither is set;
/// an empty variable counts as not set.
///
/// # Errors
/// When the file cannot be read, or holds nothing.
pub fn secret(variable: &'static str, lookup: impl Fn(&str) -> Option<String>) -> Result<Option<String>, SecretError> {
    let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    if let Some(value) = set(variable) {
        return Ok(Some(value));
    }
    let Some(path) = set(&format!("{variable}_FILE")).map(PathBuf::from) else { return Ok(None) };
    let refused = |cause| SecretError { variable, path: path.clone(), cause };
    let text = std::fs::read_to_string(&path).map_err(refused)?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(Some(line.to_owned())),
        Some(_) | None => Err(refused(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_first_and_files_are_read_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("url");
        let with = |value: Option<&str>| {
            let (value, file) = (value.map(str::to_owned), path.display().to_string());
            secret("X_URL", move |name| match name {
                "X_URL" => value.clone(),
                "X_URL_FILE" => Some(file.clone()),
                _ => None,
            })
        };
        assert!(with(None).unwrap_err().to_string().starts_with("X_URL_FILE names `"));
        std::fs::write(&path, "\n").unwrap();
        assert!(with(None).is_err());
        std::fs::write(&path, "nats://core:p@h\n").unwrap();
        assert_eq!(with(Some(" ")).unwrap().as_deref(), Some("nats://core:p@h"));
        assert_eq!(with(Some("nats://other")).unwrap().as_deref(), Some("nats://other"));
        assert_eq!(secret("X_URL", |_| None).unwrap(), None);
    }
}

//! Trusting a workspace in an agent's own file before the agent starts: it would ask in its terminal, and nobody may be
//! there. The file is the agent's: it is locked as the agent locks it, and what else stands in it stays.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::invocation::filled;
use super::profile::Trust;

/// For how long a lock that is kept alive is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(25);
/// Whoever holds a lock renews it; one that is older was left behind. Claude Code uses the same bound.
const STALE: Duration = Duration::from_secs(10);

/// Merges the trust into the agent's file, if it is not there yet.
///
/// # Errors
/// When the file is not JSON or cannot be written, or somebody keeps it locked; it stays as it is.
pub async fn believe(trust: &Trust, file: &Path, values: &BTreeMap<&str, String>) -> io::Result<()> {
    // Sessions of this process that start together take turns here; others by the lock.
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    // Somebody's link to where they keep such files stays a link.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    if !merge(&mut read(&file)?, &trust.value, values) {
        return Ok(());
    }
    let _lock = Lock::take(&file).await?;
    let mut found = read(&file)?;
    if merge(&mut found, &trust.value, values) {
        maestro_runtime::write_secret(&file, &serde_json::to_vec_pretty(&found)?)?;
    }
    Ok(())
}

fn read(file: &Path) -> io::Result<Value> {
    let found: Value = match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Value::Object(serde_json::Map::new()),
        Err(error) => return Err(error),
    };
    if !found.is_object() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the agent's own file is no object; it stays as it is"));
    }
    Ok(found)
}

/// A directory beside the file, as the library `proper-lockfile` makes it, which Claude Code uses.
struct Lock {
    directory: PathBuf,
}

impl Lock {
    async fn take(file: &Path) -> io::Result<Self> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let directory = PathBuf::from(name);
        let begun = Instant::now();
        loop {
            match fs::create_dir(&directory) {
                Ok(()) => return Ok(Self { directory }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if is_stale(&directory) {
                // Somebody else may have been quicker; then it is taken anew.
                let _ = fs::remove_dir(&directory);
            } else if begun.elapsed() > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "somebody keeps it locked"));
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.directory);
    }
}

fn is_stale(directory: &Path) -> bool {
    let renewed = fs::metadata(directory).and_then(|metadata| metadata.modified());
    renewed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > STALE))
}

/// Whether anything changed. What is no object is replaced.
fn merge(into: &mut Value, from: &Value, values: &BTreeMap<&str, String>) -> bool {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            let mut changed = false;
            for (name, value) in from {
                let name = filled(name, values).unwrap_or_else(|| name.clone());
                let slot = into.entry(name).or_insert(Value::Null);
                if value.is_object() && !slot.is_object() {
                    *slot = Value::Object(serde_json::Map::new());
                }
                changed |= merge(slot, value, values);
            }
            changed
        }
        (into, from) if into == from => false,
        (into, from) => {
            *into = from.clone();
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_merged_and_told_apart_from_what_is_there() {
        let values = BTreeMap::from([("workspace", "/w".to_owned())]);
        let trust = serde_json::json!({ "projects": { "{workspace}": { "trusted": true } } });
        let mut found = serde_json::json!({ "projects": { "/v": { "trusted": false } }, "theme": "dark" });
        assert!(merge(&mut found, &trust, &values));
        assert_eq!(found["projects"]["/w"]["trusted"], true);
        assert_eq!((&found["projects"]["/v"]["trusted"], &found["theme"]), (&false.into(), &"dark".into()));
        assert!(!merge(&mut found, &trust, &values));
    }

    /// What somebody who holds the lock writes meanwhile is not lost, and a lock that was left behind holds nobody up.
    #[tokio::test]
    async fn the_agents_lock_is_respected() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("claude.json");
        let lock = directory.path().join("claude.json.lock");
        fs::write(&file, "{}").unwrap();
        fs::create_dir(&lock).unwrap();
        let trust = Trust { file: String::new(), value: serde_json::json!({ "trusted": true }) };
        let values = BTreeMap::new();
        let holder = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(fs::read_to_string(&file).unwrap(), "{}", "written into a locked file");
            fs::write(&file, "{\"theme\":\"dark\"}").unwrap();
            fs::remove_dir(&lock).unwrap();
        };
        let (believed, ()) = tokio::join!(believe(&trust, &file, &values), holder);
        believed.unwrap();
        let found: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(found, serde_json::json!({ "theme": "dark", "trusted": true }));
        assert!(!lock.exists());

        fs::write(&file, "{}").unwrap();
        fs::create_dir(&lock).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        fs::File::open(&lock).unwrap().set_modified(long_ago).unwrap();
        believe(&trust, &file, &values).await.unwrap();
        assert!(!lock.exists() && fs::read_to_string(&file).unwrap().contains("trusted"));
    }
}
